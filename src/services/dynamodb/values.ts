import type { AttributeValue } from '../../wire/generated/types/dynamodb.ts';
import { invalidValues, validation } from './errors.ts';
import { canonicalNumber, compareNumbers } from './numbers.ts';

/** An attribute value as it is kept: like the API's, with bytes as base64 and numbers in their canonical form. */
export type Value =
  | { readonly S: string }
  | { readonly N: string }
  | { readonly B: string }
  | { readonly SS: readonly string[] }
  | { readonly NS: readonly string[] }
  | { readonly BS: readonly string[] }
  | { readonly M: Readonly<Record<string, Value>> }
  | { readonly L: readonly Value[] }
  | { readonly NULL: true }
  | { readonly BOOL: boolean };

export type Item = Readonly<Record<string, Value>>;
export type ValueType = 'S' | 'N' | 'B' | 'SS' | 'NS' | 'BS' | 'M' | 'L' | 'NULL' | 'BOOL';

const DEEPEST = 32;
/** Bytes. Source: DynamoDB Developer Guide, quotas. */
export const LARGEST_ITEM = 400 * 1024;

export function typeOf(value: Value): ValueType {
  return Object.keys(value)[0] as ValueType;
}

/** The content of a value, whatever its type. */
export function contentOf(value: Value): unknown {
  return Object.values(value)[0];
}

/** Checks a value of a request and brings it into the form that is kept. Texts observed. */
export function readValue(value: AttributeValue, depth = 0): Value {
  const types = Object.keys(value).filter((type) => value[type as ValueType] !== undefined) as ValueType[];
  const [type] = types;
  if (type === undefined) {
    throw validation('Supplied AttributeValue is empty, must contain exactly one of the supported datatypes');
  }
  if (types.length > 1) {
    throw validation(
      'Supplied AttributeValue has more than one datatypes set, must contain exactly one of the supported datatypes',
    );
  }
  if (depth > DEEPEST)
    throw validation(
      'Nesting Levels have exceeded supported limits: Attributes in the item have nested levels beyond supported limit',
    );
  switch (type) {
    case 'S':
      return { S: value.S! };
    case 'N':
      return { N: canonicalNumber(value.N!) };
    case 'B':
      return { B: base64(value.B!) };
    case 'BOOL':
      return { BOOL: value.BOOL! };
    case 'NULL':
      if (value.NULL !== true) throw invalidValues('Null attribute value types must have the value of true');
      return { NULL: true };
    case 'SS':
      return { SS: set(value.SS!, 'string') };
    case 'NS':
      return { NS: set(value.NS!.map(canonicalNumber), 'number') };
    case 'BS':
      return { BS: set(value.BS!.map(base64), 'binary') };
    case 'L':
      return { L: value.L!.map((element) => readValue(element, depth + 1)) };
    case 'M':
      return { M: readMap(value.M!, depth + 1) };
  }
}

export function readItem(item: { readonly [key: string]: AttributeValue }): Item {
  return readMap(item, 0);
}

function readMap(map: { readonly [key: string]: AttributeValue }, depth: number): Record<string, Value> {
  const out: Record<string, Value> = {};
  for (const [name, value] of Object.entries(map)) out[name] = readValue(value, depth);
  return out;
}

function set(members: readonly string[], kind: string): readonly string[] {
  if (members.length === 0) throw invalidValues(`An ${kind} set  may not be empty`);
  if (new Set(members).size < members.length) {
    throw invalidValues(`Input collection [${members.join(', ')}] contains duplicates.`);
  }
  return members;
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('base64');
}

/** The value in the API's form. */
export function writeValue(value: Value): AttributeValue {
  if ('B' in value) return { B: Buffer.from(value.B, 'base64') };
  if ('BS' in value) return { BS: value.BS.map((one) => Buffer.from(one, 'base64')) };
  if ('L' in value) return { L: value.L.map(writeValue) };
  if ('M' in value) return { M: writeItem(value.M) };
  return value;
}

export function writeItem(item: Item): { readonly [key: string]: AttributeValue } {
  return Object.fromEntries(Object.entries(item).map(([name, value]) => [name, writeValue(value)]));
}

export function equal(one: Value, other: Value): boolean {
  const type = typeOf(one);
  if (type !== typeOf(other)) return false;
  const [a, b] = [contentOf(one), contentOf(other)];
  if ('L' in one && 'L' in other) {
    return one.L.length === other.L.length && one.L.every((element, index) => equal(element, other.L[index]!));
  }
  if ('M' in one && 'M' in other) {
    const names = Object.keys(one.M);
    if (names.length !== Object.keys(other.M).length) return false;
    return names.every((name) => Object.hasOwn(other.M, name) && equal(one.M[name]!, other.M[name]!));
  }
  if (Array.isArray(a) && Array.isArray(b)) return a.length === b.length && a.every((member) => b.includes(member));
  return a === b;
}

/** Order of two values of the same ordered type; undefined where there is none. Strings and bytes: by their (UTF-8) bytes. */
export function compare(one: Value, other: Value): number | undefined {
  if ('N' in one && 'N' in other) return compareNumbers(one.N, other.N);
  if ('S' in one && 'S' in other) return Buffer.compare(Buffer.from(one.S, 'utf8'), Buffer.from(other.S, 'utf8'));
  if ('B' in one && 'B' in other) return Buffer.compare(Buffer.from(one.B, 'base64'), Buffer.from(other.B, 'base64'));
  return undefined;
}

/** Bytes of an item. Source: DynamoDB Developer Guide, item sizes and formats (numbers: about half a byte a digit). */
export function sizeOfItem(item: Item): number {
  return Object.entries(item).reduce((sum, [name, value]) => sum + Buffer.byteLength(name) + sizeOf(value), 0);
}

function sizeOf(value: Value): number {
  if ('S' in value) return Buffer.byteLength(value.S);
  if ('N' in value) return sizeOfNumber(value.N);
  if ('B' in value) return Buffer.byteLength(value.B, 'base64');
  if ('SS' in value) return value.SS.reduce((sum, one) => sum + Buffer.byteLength(one), 0);
  if ('NS' in value) return value.NS.reduce((sum, one) => sum + sizeOfNumber(one), 0);
  if ('BS' in value) return value.BS.reduce((sum, one) => sum + Buffer.byteLength(one, 'base64'), 0);
  if ('L' in value) return 3 + value.L.reduce((sum, one) => sum + 1 + sizeOf(one), 0);
  if ('M' in value) return 3 + sizeOfItem(value.M) + Object.keys(value.M).length;
  return 1;
}

function sizeOfNumber(text: string): number {
  return Math.ceil(text.replace(/[-.]/g, '').replace(/^0+|0+$/g, '').length / 2) + 1 + (text.startsWith('-') ? 1 : 0);
}
