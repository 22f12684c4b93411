import { AwsError } from '../../core/errors.ts';
import type { Tx } from '../../store/collections.ts';
import type { AttributeValue } from '../../wire/generated/types/dynamodb.ts';
import { writeUnits } from './capacity.ts';
import { invalidValues, validation } from './errors.ts';
import { type Condition, holds, readCondition } from './expressions/conditions.ts';
import type { Path } from './expressions/paths.ts';
import { Placeholders } from './expressions/placeholders.ts';
import { TokenReader } from './expressions/tokens.ts';
import { readUpdate, type Update, updated } from './expressions/updates.ts';
import { checkItemKeys, readKey, storeKey } from './keys.ts';
import { items, type TableRecord } from './records.ts';
import { type Item, LARGEST_ITEM, readItem, sizeOfItem, writeItem } from './values.ts';

/** Parameters that every write shares, alone or in a transaction. */
interface Conditional {
  readonly ConditionExpression?: string | undefined;
  readonly ExpressionAttributeNames?: Readonly<Record<string, string>> | undefined;
  readonly ExpressionAttributeValues?: { readonly [key: string]: AttributeValue } | undefined;
  readonly ReturnValuesOnConditionCheckFailure?: string | undefined;
}

type Attributes = { readonly [name: string]: AttributeValue };

/** A write whose request was read and checked. */
export interface PlannedWrite {
  readonly table: TableRecord;
  readonly key: string;
  readonly condition: Condition | undefined;
  /** Show the item when the condition does not hold. */
  readonly showsItem: boolean;
  /** The item as it will be, from the one that is there; undefined: none. Absent where nothing is written. */
  readonly change?: (before: Item | undefined) => Item | undefined;
  /** What an update touches. */
  readonly paths: readonly Path[];
}

function plan(
  table: TableRecord,
  key: string,
  input: Conditional,
  condition: Condition | undefined,
): Omit<PlannedWrite, 'change'> {
  return { table, key, condition, showsItem: input.ReturnValuesOnConditionCheckFailure === 'ALL_OLD', paths: [] };
}

function readOnlyCondition(input: Conditional): Condition | undefined {
  const placeholders = new Placeholders(input, { ConditionExpression: input.ConditionExpression });
  const condition = conditionOf(input.ConditionExpression, placeholders);
  placeholders.refuseUnused();
  return condition;
}

function conditionOf(expression: string | undefined, placeholders: Placeholders): Condition | undefined {
  if (expression === undefined) return undefined;
  return readCondition(new TokenReader('ConditionExpression', expression), placeholders);
}

export function planPut(table: TableRecord, input: Conditional & { readonly Item: Attributes }): PlannedWrite {
  const condition = readOnlyCondition(input);
  const item = readItem(input.Item);
  checkItemKeys(table, item);
  refuseSize(item);
  return { ...plan(table, storeKey(table, item), input, condition), change: () => item };
}

export function planDelete(table: TableRecord, input: Conditional & { readonly Key: Attributes }): PlannedWrite {
  const condition = readOnlyCondition(input);
  const key = storeKey(table, readKey(table, input.Key));
  return { ...plan(table, key, input, condition), change: () => undefined };
}

/** A ConditionCheck of a transaction: writes nothing. */
export function planCheck(table: TableRecord, input: Conditional & { readonly Key: Attributes }): PlannedWrite {
  const condition = readOnlyCondition(input);
  return plan(table, storeKey(table, readKey(table, input.Key)), input, condition);
}

const NO_UPDATE: Update = { actions: [], paths: [] };

export function planUpdate(
  table: TableRecord,
  input: Conditional & { readonly Key: Attributes; readonly UpdateExpression?: string | undefined },
): PlannedWrite {
  const { UpdateExpression, ConditionExpression } = input;
  const placeholders = new Placeholders(input, { UpdateExpression, ConditionExpression });
  const update =
    UpdateExpression === undefined
      ? NO_UPDATE
      : readUpdate(new TokenReader('UpdateExpression', UpdateExpression), placeholders);
  const condition = conditionOf(ConditionExpression, placeholders);
  placeholders.refuseUnused();
  refuseKeyChange(table, update.paths);
  const primary = readKey(table, input.Key);
  return {
    ...plan(table, storeKey(table, primary), input, condition),
    paths: update.paths,
    // An item that is not there begins as its key.
    change: (before) => {
      const after = updated(before ?? primary, update);
      checkItemKeys(table, after);
      refuseSize(after);
      return after;
    },
  };
}

function refuseSize(item: Item): void {
  if (sizeOfItem(item) > LARGEST_ITEM) throw validation('Item size has exceeded the maximum allowed size');
}

/** Key attributes of the table that an update would change. Text observed. */
function refuseKeyChange(table: TableRecord, paths: readonly Path[]): void {
  for (const { AttributeName } of table.keySchema) {
    if (paths.some(([name]) => name === AttributeName)) {
      throw invalidValues(`Cannot update attribute ${AttributeName}. This attribute is part of the key`);
    }
  }
}

export interface Written {
  readonly before: Item | undefined;
  readonly after: Item | undefined;
  readonly units: number;
}

/** Whether the condition of the write holds now. */
export function mayWrite(tx: Tx, { table, key, condition }: PlannedWrite): boolean {
  return condition === undefined || holds(condition, tx.get(items, table.id, key) ?? {});
}

/** Writes. Whether it may is to be asked before. */
export function write(tx: Tx, { table, key, change }: PlannedWrite): Written {
  const before = tx.get(items, table.id, key);
  const after = change === undefined ? before : change(before);
  if (after === undefined) tx.delete(items, table.id, key);
  else if (change !== undefined) tx.put(items, table.id, key, after);
  const bytes = Math.max(...[before, after].map((item) => (item === undefined ? 0 : sizeOfItem(item))));
  return { before, after, units: writeUnits(bytes) };
}

/** One write by itself. */
export function writeOne(tx: Tx, planned: PlannedWrite): Written {
  if (mayWrite(tx, planned)) return write(tx, planned);
  throw new AwsError('ConditionalCheckFailedException', 'The conditional request failed', {
    members: { ...shownOnFailure(tx, planned) },
  });
}

export function shownOnFailure(tx: Tx, { table, key, showsItem }: PlannedWrite): { Item?: Attributes } {
  const item = showsItem ? tx.get(items, table.id, key) : undefined;
  return item === undefined ? {} : { Item: writeItem(item) };
}
