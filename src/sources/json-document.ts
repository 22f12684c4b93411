import { type JsonNode, JsonSyntaxError, readJson } from '../policy/json.ts';
import type { Node } from './node.ts';
import { type Origin, pointer, SourceError } from './origin.ts';

/** A JSON text as nodes. Refuses what JSON.parse would let pass (a member given twice). @throws SourceError */
export function jsonDocument(file: string, text: string): Node {
  const line = lineFinder(text);
  let root: JsonNode;
  try {
    root = readJson(text);
  } catch (error) {
    if (!(error instanceof JsonSyntaxError)) throw error;
    throw new SourceError(
      'malformed-json',
      { file, path: pointerOf(error.path), line: line(error.at) },
      `this is not JSON: ${error.message}`,
      helpFor(text, error.at),
    );
  }
  const convert = (node: JsonNode, path: string): Node => {
    const origin: Origin = { file, path, line: line(node.at) };
    switch (node.type) {
      case 'null':
        return { kind: 'scalar', value: null, origin };
      case 'string':
      case 'boolean':
        return { kind: 'scalar', value: node.value, origin };
      case 'number':
        return { kind: 'scalar', value: node.value, text: node.text, origin };
      case 'array':
        return { kind: 'list', items: node.items.map((item, index) => convert(item, pointer(path, index))), origin };
      case 'object': {
        const members = new Map<string, Node>();
        for (const member of node.members) members.set(member.name, convert(member.value, pointer(path, member.name)));
        return { kind: 'map', members, origin };
      }
    }
  };
  return convert(root, '');
}

/** Offset → line (from 1), by bisection. */
export function lineFinder(text: string): (offset: number) => number {
  const starts = [0];
  for (let at = text.indexOf('\n'); at !== -1; at = text.indexOf('\n', at + 1)) starts.push(at + 1);
  return (offset) => {
    let low = 0;
    let high = starts.length;
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if (starts[middle]! <= offset) low = middle;
      else high = middle;
    }
    return low + 1;
  };
}

/** `$.a[0]["b c"]` → `/a/0/b c`. */
export function pointerOf(path: string): string {
  let result = '';
  for (const step of path.matchAll(/\.([A-Za-z_]\w*)|\[(\d+)\]|\[("(?:[^"\\]|\\.)*")\]/g))
    result = pointer(result, step[1] ?? step[2] ?? (JSON.parse(step[3]!) as string));
  return result;
}

function helpFor(text: string, at: number): string {
  if (text.startsWith('//', at) || text.startsWith('/*', at)) return 'Remove the comment: JSON has none.';
  if (text[at] === "'") return 'Use double quotes: JSON has no others.';
  if (/[}\]]/.test(text[at] ?? '') && /,\s*$/.test(text.slice(0, at))) return 'Remove the comma before it.';
  if (at >= text.trimEnd().length) return 'The text ends too early: close what was opened.';
  return 'Correct the JSON at this place.';
}
