import { validation } from '../errors.ts';
import { compare, contentOf, equal, type Item, typeOf, type Value } from '../values.ts';
import { type Path, readPath, valueAt } from './paths.ts';
import type { Placeholders } from './placeholders.ts';
import type { TokenReader } from './tokens.ts';

export type Comparator = '=' | '<>' | '<' | '<=' | '>' | '>=';

export type Operand =
  | { readonly kind: 'path'; readonly path: Path }
  | { readonly kind: 'value'; readonly value: Value }
  | { readonly kind: 'size'; readonly path: Path };

/** A condition, read. Query looks into it for the key; everything else evaluates it. */
export type Condition =
  | { readonly kind: 'and' | 'or'; readonly left: Condition; readonly right: Condition }
  | { readonly kind: 'not'; readonly inner: Condition }
  | { readonly kind: 'compare'; readonly comparator: Comparator; readonly left: Operand; readonly right: Operand }
  | { readonly kind: 'between'; readonly operand: Operand; readonly low: Operand; readonly high: Operand }
  | { readonly kind: 'in'; readonly operand: Operand; readonly members: readonly Operand[] }
  | { readonly kind: 'exists'; readonly path: Path; readonly wanted: boolean }
  | { readonly kind: 'type' | 'begins' | 'contains'; readonly path: Path; readonly operand: Operand };

const COMPARATORS = new Set<string>(['=', '<>', '<', '<=', '>', '>=']);
const TYPE_NAMES = new Set(['S', 'N', 'B', 'SS', 'NS', 'BS', 'M', 'L', 'NULL', 'BOOL']);
const MOST_MEMBERS = 100;

/** Reads a whole condition expression. */
export function readCondition(reader: TokenReader, placeholders: Placeholders): Condition {
  const condition = readOr(reader, placeholders);
  if (reader.peek().kind !== 'end') throw reader.syntaxError();
  return condition;
}

function readOr(reader: TokenReader, placeholders: Placeholders): Condition {
  let left = readAnd(reader, placeholders);
  while (reader.skip('OR')) left = { kind: 'or', left, right: readAnd(reader, placeholders) };
  return left;
}

function readAnd(reader: TokenReader, placeholders: Placeholders): Condition {
  let left = readNot(reader, placeholders);
  while (reader.skip('AND')) left = { kind: 'and', left, right: readNot(reader, placeholders) };
  return left;
}

function readNot(reader: TokenReader, placeholders: Placeholders): Condition {
  if (reader.skip('NOT')) return { kind: 'not', inner: readNot(reader, placeholders) };
  if (reader.skip('(')) {
    const inner = readOr(reader, placeholders);
    reader.expect(')');
    return inner;
  }
  return readFunction(reader, placeholders) ?? readComparison(reader, placeholders);
}

function readFunction(reader: TokenReader, placeholders: Placeholders): Condition | undefined {
  const name = reader.peek();
  if (name.kind !== 'name' || reader.peek(1).text !== '(' || name.text === 'size') return undefined;
  const known = ['attribute_exists', 'attribute_not_exists', 'attribute_type', 'begins_with', 'contains'];
  if (!known.includes(name.text)) {
    throw validation(`Invalid ${reader.label}: Invalid function name; function: ${name.text}`);
  }
  reader.take();
  reader.expect('(');
  const path = readPath(reader, placeholders);
  if (name.text === 'attribute_exists' || name.text === 'attribute_not_exists') {
    reader.expect(')');
    return { kind: 'exists', path, wanted: name.text === 'attribute_exists' };
  }
  reader.expect(',');
  const operand = readOperand(reader, placeholders);
  reader.expect(')');
  if (name.text === 'attribute_type') {
    const type = operand.kind === 'value' && 'S' in operand.value ? operand.value.S : undefined;
    if (type === undefined || !TYPE_NAMES.has(type)) {
      throw validation(
        `Invalid ${reader.label}: Invalid attribute type name found; type: ${type}, valid types: {${[...TYPE_NAMES].join(',')}}`,
      );
    }
    return { kind: 'type', path, operand };
  }
  if (name.text === 'contains') return { kind: 'contains', path, operand };
  refuseType(reader, 'begins_with', operand, ['S', 'B']);
  return { kind: 'begins', path, operand };
}

function readComparison(reader: TokenReader, placeholders: Placeholders): Condition {
  const operand = readOperand(reader, placeholders);
  if (reader.skip('BETWEEN')) {
    const low = readOperand(reader, placeholders);
    reader.expect('AND');
    const high = readOperand(reader, placeholders);
    for (const one of [low, high]) refuseType(reader, 'BETWEEN', one, ['S', 'N', 'B']);
    return { kind: 'between', operand, low, high };
  }
  if (reader.skip('IN')) {
    reader.expect('(');
    const members = [readOperand(reader, placeholders)];
    while (reader.skip(',')) members.push(readOperand(reader, placeholders));
    reader.expect(')');
    if (members.length > MOST_MEMBERS) {
      throw validation(
        `Invalid ${reader.label}: Number of operands supplied to IN operator exceeds the limit of ${MOST_MEMBERS}; number of operands: ${members.length}`,
      );
    }
    return { kind: 'in', operand, members };
  }
  if (!COMPARATORS.has(reader.peek().text)) throw reader.syntaxError();
  const comparator = reader.take().text as Comparator;
  const right = readOperand(reader, placeholders);
  if (comparator !== '=' && comparator !== '<>') {
    for (const one of [operand, right]) refuseType(reader, comparator, one, ['S', 'N', 'B']);
  }
  return { kind: 'compare', comparator, left: operand, right };
}

function readOperand(reader: TokenReader, placeholders: Placeholders): Operand {
  const token = reader.peek();
  if (token.kind === 'placeholder-value') {
    return { kind: 'value', value: placeholders.value(reader.take().text, reader.label) };
  }
  if (token.kind === 'name' && token.text === 'size' && reader.peek(1).text === '(') {
    reader.take();
    reader.expect('(');
    const path = readPath(reader, placeholders);
    reader.expect(')');
    return { kind: 'size', path };
  }
  return { kind: 'path', path: readPath(reader, placeholders) };
}

/** A literal of a type that the operator cannot take. Text observed. */
function refuseType(reader: TokenReader, operator: string, operand: Operand, types: readonly string[]): void {
  if (operand.kind !== 'value' || types.includes(typeOf(operand.value))) return;
  throw validation(
    `Invalid ${reader.label}: Incorrect operand type for operator or function; operator or function: ${operator}, operand type: ${typeOf(operand.value)}`,
  );
}

/** Whether the condition holds for an item. An item that does not exist is one without attributes. */
export function holds(condition: Condition, item: Item): boolean {
  switch (condition.kind) {
    case 'and':
      return holds(condition.left, item) && holds(condition.right, item);
    case 'or':
      return holds(condition.left, item) || holds(condition.right, item);
    case 'not':
      return !holds(condition.inner, item);
    case 'compare':
      return compared(condition.comparator, resolved(condition.left, item), resolved(condition.right, item));
    case 'between': {
      const value = resolved(condition.operand, item);
      return (
        compared('>=', value, resolved(condition.low, item)) && compared('<=', value, resolved(condition.high, item))
      );
    }
    case 'in': {
      const value = resolved(condition.operand, item);
      return condition.members.some((member) => compared('=', value, resolved(member, item)));
    }
    case 'exists':
      return (valueAt(item, condition.path) !== undefined) === condition.wanted;
    case 'type': {
      const value = valueAt(item, condition.path);
      return value !== undefined && typeOf(value) === contentOf(resolved(condition.operand, item)!);
    }
    case 'begins':
      return begins(valueAt(item, condition.path), resolved(condition.operand, item));
    case 'contains':
      return contains(valueAt(item, condition.path), resolved(condition.operand, item));
  }
}

function resolved(operand: Operand, item: Item): Value | undefined {
  if (operand.kind === 'value') return operand.value;
  const value = valueAt(item, operand.path);
  if (operand.kind === 'path' || value === undefined) return value;
  return sizeOf(value);
}

/** Source: DynamoDB Developer Guide, function size. */
function sizeOf(value: Value): Value | undefined {
  if ('S' in value) return { N: String([...value.S].length) };
  if ('B' in value) return { N: String(Buffer.byteLength(value.B, 'base64')) };
  const content = contentOf(value);
  if (Array.isArray(content)) return { N: String(content.length) };
  return 'M' in value ? { N: String(Object.keys(value.M).length) } : undefined;
}

export function compared(comparator: Comparator, left: Value | undefined, right: Value | undefined): boolean {
  if (comparator === '<>') return !(left !== undefined && right !== undefined && equal(left, right));
  if (left === undefined || right === undefined) return false;
  if (comparator === '=') return equal(left, right);
  const order = compare(left, right);
  if (order === undefined) return false;
  if (comparator === '<') return order < 0;
  if (comparator === '<=') return order <= 0;
  return comparator === '>' ? order > 0 : order >= 0;
}

export function begins(value: Value | undefined, prefix: Value | undefined): boolean {
  if (value === undefined || prefix === undefined) return false;
  if ('S' in value && 'S' in prefix) return value.S.startsWith(prefix.S);
  if (!('B' in value && 'B' in prefix)) return false;
  const [bytes, start] = [Buffer.from(value.B, 'base64'), Buffer.from(prefix.B, 'base64')];
  return bytes.subarray(0, start.length).equals(start);
}

function contains(value: Value | undefined, part: Value | undefined): boolean {
  if (value === undefined || part === undefined) return false;
  if ('S' in value && 'S' in part) return value.S.includes(part.S);
  if ('B' in value && 'B' in part) return Buffer.from(value.B, 'base64').includes(Buffer.from(part.B, 'base64'));
  if ('SS' in value && 'S' in part) return value.SS.includes(part.S);
  if ('NS' in value && 'N' in part) return value.NS.includes(part.N);
  if ('BS' in value && 'B' in part) return value.BS.includes(part.B);
  return 'L' in value && value.L.some((element) => equal(element, part));
}

/** Every path that a condition reads. */
export function pathsOf(condition: Condition): Path[] {
  switch (condition.kind) {
    case 'and':
    case 'or':
      return [...pathsOf(condition.left), ...pathsOf(condition.right)];
    case 'not':
      return pathsOf(condition.inner);
    case 'compare':
      return [condition.left, condition.right].flatMap(pathOf);
    case 'between':
      return [condition.operand, condition.low, condition.high].flatMap(pathOf);
    case 'in':
      return [condition.operand, ...condition.members].flatMap(pathOf);
    case 'exists':
      return [condition.path];
    default:
      return [condition.path, ...pathOf(condition.operand)];
  }
}

function pathOf(operand: Operand): Path[] {
  return operand.kind === 'value' ? [] : [operand.path];
}
