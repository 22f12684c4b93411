import { validation } from '../errors.ts';
import type { Item, Value } from '../values.ts';
import type { Placeholders } from './placeholders.ts';
import { isReserved } from './reserved-words.ts';
import type { TokenReader } from './tokens.ts';

/** A document path: attribute names and list positions. */
export type Path = readonly [string, ...(string | number)[]];

export function readPath(reader: TokenReader, placeholders: Placeholders): Path {
  const path: [string, ...(string | number)[]] = [readName(reader, placeholders)];
  for (;;) {
    if (reader.skip('.')) path.push(readName(reader, placeholders));
    else if (reader.skip('[')) {
      if (reader.peek().kind !== 'number') throw reader.syntaxError();
      path.push(Number(reader.take().text));
      reader.expect(']');
    } else return path;
  }
}

function readName(reader: TokenReader, placeholders: Placeholders): string {
  const token = reader.peek();
  if (token.kind === 'placeholder-name') return placeholders.name(reader.take().text, reader.label);
  if (token.kind !== 'name') throw reader.syntaxError();
  if (isReserved(token.text)) {
    throw validation(`Invalid ${reader.label}: Attribute name is a reserved keyword; reserved keyword: ${token.text}`);
  }
  return reader.take().text;
}

/** The value at a path; undefined where there is none. */
export function valueAt(item: Item, path: Path): Value | undefined {
  let value: Value | undefined = { M: item };
  for (const step of path) {
    if (value === undefined) return undefined;
    if (typeof step === 'string') value = 'M' in value && Object.hasOwn(value.M, step) ? value.M[step] : undefined;
    else value = 'L' in value ? value.L[step] : undefined;
  }
  return value;
}

export function shownPath(path: Path): string {
  return `[${path.map((step) => (typeof step === 'number' ? `[${step}]` : step)).join(', ')}]`;
}

/** Refuses paths of which one holds the other. Text observed. */
export function refuseOverlaps(label: string, paths: readonly Path[]): void {
  for (const [index, one] of paths.entries()) {
    for (const other of paths.slice(index + 1)) {
      const shorter = Math.min(one.length, other.length);
      const common = one.slice(0, shorter).every((step, at) => step === other[at]);
      if (common) {
        throw validation(
          `Invalid ${label}: Two document paths overlap with each other; must remove or rewrite one of these paths; path one: ${shownPath(one)}, path two: ${shownPath(other)}`,
        );
      }
    }
  }
}

/** The parts of an item at these paths, in their places. Elements of a list close up. */
export function project(item: Item, paths: readonly Path[]): Item {
  const chosen = part({ M: item }, paths);
  return chosen !== undefined && 'M' in chosen ? chosen.M : {};
}

function part(value: Value, paths: readonly (readonly (string | number)[])[]): Value | undefined {
  if (paths.some((path) => path.length === 0)) return value;
  if ('M' in value) {
    const out: Record<string, Value> = {};
    for (const [name, member] of Object.entries(value.M)) {
      const inner = paths.filter(([first]) => first === name).map(([, ...rest]) => rest);
      const chosen = inner.length === 0 ? undefined : part(member, inner);
      if (chosen !== undefined) out[name] = chosen;
    }
    return Object.keys(out).length === 0 ? undefined : { M: out };
  }
  if ('L' in value) {
    const out: Value[] = [];
    for (const [position, element] of value.L.entries()) {
      const inner = paths.filter(([first]) => first === position).map(([, ...rest]) => rest);
      const chosen = inner.length === 0 ? undefined : part(element, inner);
      if (chosen !== undefined) out.push(chosen);
    }
    return out.length === 0 ? undefined : { L: out };
  }
  return undefined;
}

/** Reads a ProjectionExpression. */
export function readProjection(reader: TokenReader, placeholders: Placeholders): readonly Path[] {
  const paths = [readPath(reader, placeholders)];
  while (reader.skip(',')) paths.push(readPath(reader, placeholders));
  if (reader.peek().kind !== 'end') throw reader.syntaxError();
  refuseOverlaps(reader.label, paths);
  return paths;
}
