import { readFileSync } from 'node:fs';
import { UserError } from '../core/errors.ts';
import { jsonDocument } from './json-document.ts';
import type { Node, ScalarNode } from './node.ts';
import { type Origin, SourceError } from './origin.ts';
import { yamlDocument } from './yaml-document.ts';

/** Larger files are not templates or task definitions. */
const MAX_BYTES = 16 * 1024 * 1024;

/** Reads a JSON or YAML file; every value keeps its place. @throws UserError, SourceError */
export function readDocument(file: string): Node {
  return parseDocument(file, readText(file));
}

/** Text as JSON when the file is named so or begins like JSON, else as YAML. @throws SourceError */
export function parseDocument(file: string, text: string): Node {
  const clean = text.startsWith('\uFEFF') ? text.slice(1) : text;
  const json = file.endsWith('.json') || (!/\.ya?ml$/.test(file) && /^\s*[{[]/.test(clean));
  return json ? jsonDocument(file, clean) : yamlDocument(file, clean);
}

/**
 * JSON written as text inside another document: places are below that of the text. @throws SourceError at the text's place
 */
export function embeddedDocument(node: ScalarNode): Node {
  const { origin } = node;
  const below = (inner: Origin): Origin => ({ ...origin, path: `${origin.path}${inner.path}` });
  try {
    return moved(jsonDocument(origin.file, String(node.value)), below);
  } catch (error) {
    if (!(error instanceof SourceError)) throw error;
    throw new SourceError(error.code, below(error.origin), `the text here: ${error.message}`, error.help);
  }
}

function moved(node: Node, place: (origin: Origin) => Origin): Node {
  const origin = place(node.origin);
  switch (node.kind) {
    case 'scalar':
    case 'unknown':
      return { ...node, origin };
    case 'list':
      return { ...node, origin, items: node.items.map((item) => moved(item, place)) };
    case 'map':
      return {
        ...node,
        origin,
        members: new Map([...node.members].map(([name, member]) => [name, moved(member, place)])),
      };
  }
}

/** The file's text. @throws UserError */
export function readText(file: string): string {
  let bytes: Buffer;
  try {
    bytes = readFileSync(file);
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code === 'ENOENT') throw new UserError('file-not-found', `${file} does not exist`, 'Check the path.');
    throw new UserError('file-not-readable', `${file} cannot be read (${code})`, 'Check the path and its permissions.');
  }
  if (bytes.length > MAX_BYTES)
    throw new UserError('file-too-large', `${file} is larger than 16 MiB`, 'Give a template or a task definition.');
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw new UserError('file-not-text', `${file} is not UTF-8 text`, 'Save it as UTF-8.');
  }
}
