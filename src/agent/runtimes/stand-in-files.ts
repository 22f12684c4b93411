import { existsSync, readFileSync, statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { UserError } from '../../core/errors.ts';
import { jsonDocument } from '../../sources/json-document.ts';
import type { Node } from '../../sources/node.ts';
import { SourceError } from '../../sources/origin.ts';
import type { StandIn, StandInProgram, StandIns } from './stand-ins.ts';

/**
 * Reads an `images.json`: `{ "IMAGE": { "command": [...], "workingDirectory": "app", "environment": {...} } | "host" }`.
 * Directories are taken from the file's own. Throws UserError when it cannot be read, SourceError for what is wrong in it.
 */
export function parseImagesFile(file: string, text = readText(file)): StandIns {
  const content = jsonDocument(file, text);
  if (content.kind !== 'map') throw invalid(content, 'an object with an image name for each key');
  return [...content.members].map(([pattern, value]) => {
    if (pattern === '') throw invalid(value, 'an image name as key');
    const host = value.kind === 'scalar' && value.value === 'host';
    return { pattern, program: host ? 'host' : programOf(value, dirname(file)) };
  });
}

/**
 * Reads `--stand-in IMAGE=DIR|host`. A DIR that holds a `stand-in.json` (`{ "command": [...], "environment": {...} }`)
 * plays the image with that command; in any other DIR the container's own command runs. DIR is the working directory
 * either way. Throws UserError, SourceError.
 */
export function parseStandInOption(option: string, cwd: string): StandIn {
  // An image may hold `=` nowhere, a directory anywhere: the first one divides.
  const divider = option.indexOf('=');
  const pattern = divider < 0 ? '' : option.slice(0, divider);
  const target = divider < 0 ? '' : option.slice(divider + 1);
  if (pattern === '' || target === '') {
    throw new UserError(
      'stand-in-invalid',
      `--stand-in ${option}: not of the form IMAGE=DIR or IMAGE=host`,
      'Name an image as the task definition has it (`*` stands for any characters) and a directory, or the word host.',
    );
  }
  if (target === 'host') return { pattern, program: 'host' };
  const directory = resolve(cwd, target);
  if (!existsSync(directory) || !statSync(directory).isDirectory()) {
    throw new UserError(
      'stand-in-invalid',
      `--stand-in ${option}: there is no directory ${directory}`,
      'Name a directory that exists, or write IMAGE=host to run the command of the container on this machine.',
    );
  }
  const file = resolve(directory, 'stand-in.json');
  if (!existsSync(file)) return { pattern, program: { workingDirectory: directory } };
  const program = programOf(jsonDocument(file, readText(file)), directory);
  return { pattern, program: { workingDirectory: directory, ...program } };
}

const MEMBERS = ['command', 'workingDirectory', 'environment'];

function programOf(node: Node, base: string): StandInProgram {
  if (node.kind !== 'map') throw invalid(node, 'an object with a "command", or "host"');
  const { members } = node;
  for (const [name, value] of members)
    if (!MEMBERS.includes(name)) throw invalid(value, `one of ${MEMBERS.join(', ')}`);
  const command = members.get('command');
  const line = command?.kind === 'list' ? command.items.map(stringOf) : [];
  if (line.length === 0 || !line.every(isString))
    throw invalid(command ?? node, 'a list of strings with the program first');
  const directory = members.get('workingDirectory');
  const path = directory === undefined ? undefined : stringOf(directory);
  if (directory !== undefined && path === undefined) throw invalid(directory, 'a string');
  const environment = members.get('environment');
  return {
    command: line,
    ...(path === undefined ? {} : { workingDirectory: resolve(base, path) }),
    ...(environment === undefined ? {} : { environment: variablesOf(environment) }),
  };
}

function variablesOf(node: Node): Record<string, string> {
  const entries = node.kind === 'map' ? [...node.members].map(([name, value]) => [name, stringOf(value)] as const) : [];
  if (node.kind !== 'map' || !entries.every(([, value]) => isString(value)))
    throw invalid(node, 'an object of strings');
  return Object.fromEntries(entries) as Record<string, string>;
}

function stringOf(node: Node): string | undefined {
  return node.kind === 'scalar' && typeof node.value === 'string' ? node.value : undefined;
}

function isString(value: string | undefined): value is string {
  return value !== undefined;
}

function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new UserError(
      'images-unreadable',
      `${file}: cannot be read (${reason})`,
      'Check the path and its permissions.',
    );
  }
}

function invalid({ origin }: Node, expected: string): SourceError {
  return new SourceError(
    'images-invalid',
    origin,
    `expected ${expected}`,
    'An entry is "IMAGE": { "command": ["program", "argument"], "workingDirectory": "app" } or "IMAGE": "host".',
  );
}
