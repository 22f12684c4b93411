import { existsSync, readFileSync, statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { UserError } from '../../core/errors.ts';

/** A local program that plays an image. */
export interface StandInProgram {
  /** Plays the image's ENTRYPOINT; absent where only a directory was named: then the container's own command runs in it. */
  readonly command?: readonly string[];
  /** Absolute. Default: the container's `workingDirectory`, else the task's scratch directory. */
  readonly workingDirectory?: string;
  /** Plays the image's ENV: below everything that the task definition sets. */
  readonly environment?: Readonly<Record<string, string>>;
}

/** `host`: the container's own command runs on this machine. */
export interface StandIn {
  /** An image as task definitions name it; `*` stands for any characters. */
  readonly pattern: string;
  readonly program: StandInProgram | 'host';
}

export type StandIns = readonly StandIn[];

/** The stand-in of an image: an exact name before a pattern, a longer pattern before a shorter one, later entries first. */
export function findStandIn(standIns: StandIns, image: string): StandIn | undefined {
  let best: StandIn | undefined;
  for (const candidate of standIns) {
    if (!matches(candidate.pattern, image)) continue;
    if (best === undefined || rank(candidate.pattern) >= rank(best.pattern)) best = candidate;
  }
  return best;
}

function rank(pattern: string): number {
  return pattern.includes('*') ? pattern.length : Number.MAX_SAFE_INTEGER;
}

function matches(pattern: string, image: string): boolean {
  if (!pattern.includes('*')) return pattern === image;
  const expression = pattern
    .split('*')
    .map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'))
    .join('.*');
  return new RegExp(`^${expression}$`, 's').test(image);
}

/**
 * Reads an `images.json`: `{ "IMAGE": { "command": [...], "workingDirectory": "app", "environment": {...} } | "host" }`.
 * Directories are taken from the file's own. Throws UserError that names the file and the place in it.
 */
export function parseImagesFile(file: string, text = readText(file)): StandIns {
  const content = parseJson(file, text);
  if (!isObject(content)) throw invalid(file, '/', 'an object with an image name for each key');
  return Object.entries(content).map(([pattern, value]) => {
    const at = `/${pointer(pattern)}`;
    if (pattern === '') throw invalid(file, at, 'an image name as key');
    return { pattern, program: value === 'host' ? 'host' : parseProgram(file, at, value, dirname(file)) };
  });
}

/**
 * Reads `--stand-in IMAGE=DIR|host`. A DIR that holds a `stand-in.json` (`{ "command": [...], "environment": {...} }`)
 * plays the image with that command; in any other DIR the container's own command runs. DIR is the working directory
 * either way. Throws UserError.
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
  const program = parseProgram(file, '', parseJson(file, readText(file)), directory);
  return { pattern, program: { workingDirectory: directory, ...program } };
}

const MEMBERS = new Set(['command', 'workingDirectory', 'environment']);

function parseProgram(file: string, at: string, value: unknown, base: string): StandInProgram {
  if (!isObject(value)) throw invalid(file, at, 'an object with a "command", or "host"');
  for (const name of Object.keys(value)) {
    if (!MEMBERS.has(name)) throw invalid(file, `${at}/${pointer(name)}`, `one of ${[...MEMBERS].join(', ')}`);
  }
  const { command, workingDirectory, environment } = value;
  if (!isStrings(command) || command.length === 0) {
    throw invalid(file, `${at}/command`, 'a list of strings with the program first');
  }
  if (workingDirectory !== undefined && typeof workingDirectory !== 'string') {
    throw invalid(file, `${at}/workingDirectory`, 'a string');
  }
  if (environment !== undefined && (!isObject(environment) || !isStrings(Object.values(environment)))) {
    throw invalid(file, `${at}/environment`, 'an object of strings');
  }
  return {
    command,
    ...(workingDirectory === undefined ? {} : { workingDirectory: resolve(base, workingDirectory) }),
    ...(environment === undefined ? {} : { environment: environment as Record<string, string> }),
  };
}

/**
 * The argument vector that plays the container, or undefined when nothing says what to run.
 *
 * With a command stand-in, its command is the image's ENTRYPOINT: the container's `command` follows it as CMD, and a
 * container's `entryPoint` replaces it altogether, as in ECS. With `host` (or a bare directory) there is no image to
 * bring anything along: `entryPoint` and `command` of the container are all there is.
 */
export function commandLine(
  standIn: StandIn,
  container: { readonly entryPoint?: readonly string[] | undefined; readonly command?: readonly string[] | undefined },
): readonly string[] | undefined {
  const own = container.command ?? [];
  const replaced = container.entryPoint !== undefined && container.entryPoint.length > 0;
  const program = standIn.program === 'host' ? [] : (standIn.program.command ?? []);
  const line = [...(replaced ? (container.entryPoint as readonly string[]) : program), ...own];
  return line.length === 0 ? undefined : line;
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

function parseJson(file: string, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new UserError('images-invalid', `${file}: not JSON: ${reason}`, 'Correct the file.');
  }
}

function invalid(file: string, at: string, expected: string): UserError {
  return new UserError(
    'images-invalid',
    `${file}: ${at}: expected ${expected}`,
    'An entry is "IMAGE": { "command": ["program", "argument"], "workingDirectory": "app" } or "IMAGE": "host".',
  );
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isStrings(value: unknown): value is string[] {
  return Array.isArray(value) && value.every((element) => typeof element === 'string');
}

/** A key as it stands in a JSON pointer. Source: RFC 6901. */
function pointer(key: string): string {
  return key.replaceAll('~', '~0').replaceAll('/', '~1');
}
