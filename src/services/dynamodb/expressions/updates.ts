import { validation } from '../errors.ts';
import { addNumbers } from '../numbers.ts';
import { contentOf, type Item, typeOf, type Value } from '../values.ts';
import { type Path, readPath, refuseOverlaps, valueAt } from './paths.ts';
import type { Placeholders } from './placeholders.ts';
import type { TokenReader } from './tokens.ts';

/** What a SET clause computes. */
type Term =
  | { readonly kind: 'path'; readonly path: Path }
  | { readonly kind: 'value'; readonly value: Value }
  | { readonly kind: 'if_not_exists'; readonly path: Path; readonly otherwise: Term }
  | { readonly kind: 'list_append'; readonly first: Term; readonly second: Term }
  | { readonly kind: 'sum'; readonly left: Term; readonly right: Term; readonly sign: 1 | -1 };

type Action =
  | { readonly kind: 'set'; readonly path: Path; readonly term: Term }
  | { readonly kind: 'remove'; readonly path: Path }
  | { readonly kind: 'add' | 'delete'; readonly path: Path; readonly value: Value };

export interface Update {
  readonly actions: readonly Action[];
  readonly paths: readonly Path[];
}

const SECTIONS = ['SET', 'REMOVE', 'ADD', 'DELETE'] as const;

/** Reads an UpdateExpression. Texts observed. */
export function readUpdate(reader: TokenReader, placeholders: Placeholders): Update {
  const actions: Action[] = [];
  const seen = new Set<string>();
  while (reader.peek().kind !== 'end') {
    const section = SECTIONS.find((name) => reader.sees(name));
    if (section === undefined) throw reader.syntaxError();
    reader.take();
    if (seen.has(section)) {
      throw validation(
        `Invalid UpdateExpression: The "${section}" section can only be used once in an update expression;`,
      );
    }
    seen.add(section);
    do actions.push(readAction(section, reader, placeholders));
    while (reader.skip(','));
  }
  const paths = actions.map(({ path }) => path);
  refuseOverlaps(reader.label, paths);
  return { actions, paths };
}

function readAction(section: (typeof SECTIONS)[number], reader: TokenReader, placeholders: Placeholders): Action {
  const path = readPath(reader, placeholders);
  if (section === 'REMOVE') return { kind: 'remove', path };
  if (section === 'SET') {
    reader.expect('=');
    return { kind: 'set', path, term: readSum(reader, placeholders) };
  }
  if (reader.peek().kind !== 'placeholder-value') throw reader.syntaxError();
  const value = placeholders.value(reader.take().text, reader.label);
  const types = section === 'ADD' ? ['N', 'SS', 'NS', 'BS'] : ['SS', 'NS', 'BS'];
  if (!types.includes(typeOf(value))) {
    throw validation(
      `Invalid UpdateExpression: Incorrect operand type for operator or function; operator: ${section}, operand type: ${LONG_NAMES[typeOf(value)]}`,
    );
  }
  return { kind: section === 'ADD' ? 'add' : 'delete', path, value };
}

const LONG_NAMES: Readonly<Record<string, string>> = {
  S: 'STRING',
  N: 'NUMBER',
  B: 'BINARY',
  L: 'LIST',
  M: 'MAP',
  BOOL: 'BOOLEAN',
  NULL: 'NULL',
};

function readSum(reader: TokenReader, placeholders: Placeholders): Term {
  const left = readTerm(reader, placeholders);
  const sign = reader.skip('+') ? 1 : reader.skip('-') ? -1 : undefined;
  return sign === undefined ? left : { kind: 'sum', left, right: readTerm(reader, placeholders), sign };
}

function readTerm(reader: TokenReader, placeholders: Placeholders): Term {
  if (reader.skip('(')) {
    const inner = readSum(reader, placeholders);
    reader.expect(')');
    return inner;
  }
  const token = reader.peek();
  if (token.kind === 'placeholder-value') {
    return { kind: 'value', value: placeholders.value(reader.take().text, reader.label) };
  }
  if (token.kind === 'name' && reader.peek(1).text === '(') {
    if (token.text !== 'if_not_exists' && token.text !== 'list_append') {
      throw validation(`Invalid UpdateExpression: Invalid function name; function: ${token.text}`);
    }
    reader.take();
    reader.expect('(');
    if (token.text === 'if_not_exists') {
      const path = readPath(reader, placeholders);
      reader.expect(',');
      const otherwise = readTerm(reader, placeholders);
      reader.expect(')');
      return { kind: 'if_not_exists', path, otherwise };
    }
    const first = readTerm(reader, placeholders);
    reader.expect(',');
    const second = readTerm(reader, placeholders);
    reader.expect(')');
    return { kind: 'list_append', first, second };
  }
  return { kind: 'path', path: readPath(reader, placeholders) };
}

/** The item after the update. Every clause reads the item as it was before. */
export function updated(item: Item, { actions }: Update): Item {
  let after = item;
  for (const action of actions) {
    if (action.kind === 'set') after = placed(after, action.path, compute(action.term, item));
    else if (action.kind === 'add') after = placed(after, action.path, added(valueAt(item, action.path), action.value));
    else if (action.kind === 'delete') {
      const rest = without(valueAt(item, action.path), action.value);
      if (rest === 'nothing') after = removed(after, action.path);
      else if (rest !== undefined) after = placed(after, action.path, rest);
    }
  }
  // Positions in a list move when one before them goes: the last goes first.
  const removals = actions.filter(({ kind }) => kind === 'remove').map(({ path }) => path);
  for (const path of removals.sort((a, b) => Number(b.at(-1)) - Number(a.at(-1)) || 0)) after = removed(after, path);
  return after;
}

function wrongType(): Error {
  return validation('An operand in the update expression has an incorrect data type');
}

function compute(term: Term, item: Item): Value {
  switch (term.kind) {
    case 'value':
      return term.value;
    case 'path': {
      const value = valueAt(item, term.path);
      if (value === undefined) {
        throw validation('The provided expression refers to an attribute that does not exist in the item');
      }
      return value;
    }
    case 'if_not_exists':
      return valueAt(item, term.path) ?? compute(term.otherwise, item);
    case 'list_append': {
      const [first, second] = [compute(term.first, item), compute(term.second, item)];
      if (!('L' in first && 'L' in second)) throw wrongType();
      return { L: [...first.L, ...second.L] };
    }
    case 'sum': {
      const [left, right] = [compute(term.left, item), compute(term.right, item)];
      if (!('N' in left && 'N' in right)) throw wrongType();
      return { N: addNumbers(left.N, right.N, term.sign) };
    }
  }
}

/** ADD: a number to a number, members to a set of the same kind, or the value where there was none. */
function added(before: Value | undefined, value: Value): Value {
  if (before === undefined) return value;
  if ('N' in before && 'N' in value) return { N: addNumbers(before.N, value.N, 1) };
  if (typeOf(before) !== typeOf(value) || !Array.isArray(contentOf(value))) throw wrongType();
  const members = new Set([...(contentOf(before) as string[]), ...(contentOf(value) as string[])]);
  return { [typeOf(value)]: [...members] } as unknown as Value;
}

/** DELETE: takes members out of a set. The last one takes the attribute with it. */
function without(before: Value | undefined, value: Value): Value | 'nothing' | undefined {
  if (before === undefined) return undefined;
  if (typeOf(before) !== typeOf(value)) throw wrongType();
  const going = contentOf(value) as string[];
  const rest = (contentOf(before) as string[]).filter((member) => !going.includes(member));
  return rest.length === 0 ? 'nothing' : ({ [typeOf(before)]: rest } as unknown as Value);
}

function invalidPath(): Error {
  return validation('The document path provided in the update expression is invalid for update');
}

function placed(item: Item, path: Path, value: Value): Item {
  return (put({ M: item }, path, value) as { readonly M: Item }).M;
}

function put(target: Value | undefined, path: readonly (string | number)[], value: Value): Value {
  const [step, ...rest] = path;
  if (step === undefined) return value;
  if (target === undefined) throw invalidPath();
  if (typeof step === 'string') {
    if (!('M' in target)) throw invalidPath();
    return { M: { ...target.M, [step]: put(own(target.M, step), rest, value) } };
  }
  if (!('L' in target)) throw invalidPath();
  const list = [...target.L];
  // A position past the end appends.
  if (step >= list.length) {
    if (rest.length > 0) throw invalidPath();
    list.push(value);
  } else list[step] = put(list[step], rest, value);
  return { L: list };
}

function removed(item: Item, path: Path): Item {
  return (cut({ M: item }, path) as { readonly M: Item }).M;
}

function cut(target: Value | undefined, [step, ...rest]: readonly (string | number)[]): Value {
  if (target === undefined || step === undefined) throw invalidPath();
  if (typeof step === 'string') {
    if (!('M' in target)) throw invalidPath();
    const { [step]: member, ...others } = target.M;
    return { M: rest.length === 0 ? others : { ...target.M, [step]: cut(member, rest) } };
  }
  if (!('L' in target)) throw invalidPath();
  if (rest.length === 0) return { L: target.L.filter((_, position) => position !== step) };
  return { L: target.L.map((element, position) => (position === step ? cut(element, rest) : element)) };
}

function own(map: Item, name: string): Value | undefined {
  return Object.hasOwn(map, name) ? map[name] : undefined;
}
