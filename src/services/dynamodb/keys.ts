import type { AttributeValue, KeySchemaElement } from '../../wire/generated/types/dynamodb.ts';
import { invalidValues, validation } from './errors.ts';
import type { TableRecord } from './records.ts';
import { contentOf, type Item, readItem, typeOf, type Value } from './values.ts';

export interface KeyNames {
  readonly hash: string;
  readonly range: string | undefined;
}

export function keyNames(schema: readonly KeySchemaElement[]): KeyNames {
  return { hash: schema[0]!.AttributeName, range: schema[1]?.AttributeName };
}

export function keyTypeOf(table: TableRecord, name: string): string | undefined {
  return table.attributes.find(({ AttributeName }) => AttributeName === name)?.AttributeType;
}

/** The primary key of an item, as the key of its document. */
export function storeKey(table: TableRecord, item: Item): string {
  const { hash, range } = keyNames(table.keySchema);
  return JSON.stringify([item[hash], ...(range === undefined ? [] : [item[range]])]);
}

export function keyOf(table: TableRecord, item: Item): Item {
  const { hash, range } = keyNames(table.keySchema);
  return { [hash]: item[hash]!, ...(range === undefined ? {} : { [range]: item[range]! }) };
}

/** Checks the key attributes of an item that is put. Texts observed. */
export function checkItemKeys(table: TableRecord, item: Item): void {
  const { hash, range } = keyNames(table.keySchema);
  for (const name of range === undefined ? [hash] : [hash, range]) {
    const value = item[name];
    if (value === undefined) throw invalidValues(`Missing the key ${name} in the item`);
    const expected = keyTypeOf(table, name);
    if (typeOf(value) !== expected) {
      throw invalidValues(`Type mismatch for key ${name} expected: ${expected} actual: ${typeOf(value)}`);
    }
    refuseEmpty(name, value);
  }
  for (const index of table.indexes) {
    for (const { AttributeName: name } of index.keySchema) {
      const value = item[name];
      const expected = keyTypeOf(table, name);
      if (value !== undefined && typeOf(value) !== expected) {
        throw invalidValues(
          `Type mismatch for Index Key ${name} Expected: ${expected} Actual: ${typeOf(value)} IndexName: ${index.name}`,
        );
      }
    }
  }
}

function refuseEmpty(name: string, value: Value): void {
  if (contentOf(value) !== '') return;
  const kind = typeOf(value) === 'S' ? 'string' : 'binary';
  throw validation(
    `One or more parameter values are not valid. The AttributeValue for a key attribute cannot contain an empty ${kind} value. Key: ${name}`,
  );
}

/** Reads the Key of a request: exactly the primary key, of the right types. Texts observed. */
export function readKey(table: TableRecord, key: { readonly [name: string]: AttributeValue }): Item {
  const read = readItem(key);
  const { hash, range } = keyNames(table.keySchema);
  const names = range === undefined ? [hash] : [hash, range];
  const fits = Object.keys(read).length === names.length && names.every((name) => Object.hasOwn(read, name));
  if (!fits || names.some((name) => typeOf(read[name]!) !== keyTypeOf(table, name))) {
    throw validation('The provided key element does not match the schema');
  }
  for (const name of names) refuseEmpty(name, read[name]!);
  return read;
}

/** A key value as `dynamodb:LeadingKeys` shows it. */
export function leadingKey(value: AttributeValue | undefined): string | undefined {
  if (value?.S !== undefined) return value.S;
  if (value?.N !== undefined) return value.N;
  return value?.B === undefined ? undefined : Buffer.from(value.B).toString('base64');
}
