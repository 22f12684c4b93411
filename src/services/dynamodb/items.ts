import { AwsError } from '../../core/errors.ts';
import { operation } from '../../gateway/operation.ts';
import type { RequestContext } from '../../policy/types.ts';
import type { AttributeValue } from '../../wire/generated/types/dynamodb.ts';
import { consumed, readUnits, writeUnits } from './capacity.ts';
import { invalidValues, notSupported, refuseMembers, validation } from './errors.ts';
import { type Condition, holds, readCondition } from './expressions/conditions.ts';
import { type Path, project, readProjection } from './expressions/paths.ts';
import { Placeholders } from './expressions/placeholders.ts';
import { type Token, TokenReader } from './expressions/tokens.ts';
import { checkItemKeys, keyNames, leadingKey, readKey, storeKey } from './keys.ts';
import { items, type TableRecord } from './records.ts';
import { type TableTarget, tableCheck, tableOfItems, targetTable } from './target.ts';
import { type Item, LARGEST_ITEM, readItem, sizeOfItem, writeItem } from './values.ts';

/** Parameters of the time before expressions. */
export const LEGACY = ['Expected', 'ConditionalOperator', 'AttributesToGet'];

interface Asked {
  readonly ReturnValues?: string | undefined;
  readonly ReturnConsumedCapacity?: string | undefined;
  readonly ExpressionAttributeNames?: Readonly<Record<string, string>> | undefined;
  readonly ProjectionExpression?: string | undefined;
}

/**
 * Condition keys of a call on items: the hash keys and the top-level attributes that it names.
 * Source: DynamoDB Developer Guide, fine-grained access control.
 */
export function itemContext(
  input: Asked,
  { table }: TableTarget,
  key: { readonly [name: string]: AttributeValue } | undefined,
  attributes: readonly string[],
): RequestContext {
  const leading =
    table === undefined || key === undefined ? undefined : leadingKey(key[keyNames(table.keySchema).hash]);
  return {
    ...(leading === undefined ? {} : { 'dynamodb:LeadingKeys': [leading] }),
    'dynamodb:Attributes': [...new Set(attributes)],
    ...(input.ReturnValues === undefined ? {} : { 'dynamodb:ReturnValues': input.ReturnValues }),
    ...(input.ReturnConsumedCapacity === undefined
      ? {}
      : { 'dynamodb:ReturnConsumedCapacity': input.ReturnConsumedCapacity }),
  };
}

/**
 * Top-level attributes that expressions mention, for `dynamodb:Attributes`. An expression that cannot be read mentions
 * none: the call fails on it.
 */
export function mentioned(
  names: Readonly<Record<string, string>> | undefined,
  ...expressions: (string | undefined)[]
): string[] {
  return expressions.flatMap((expression) => {
    const tokens = expression === undefined ? [] : tokensOf(expression);
    return tokens.flatMap(({ kind, text }, index) => {
      const nested = tokens[index - 1]?.text === '.';
      if (nested || tokens[index + 1]?.text === '(') return [];
      if (kind === 'placeholder-name') return names?.[text] ?? [];
      return kind === 'name' && !KEYWORD.test(text) ? text : [];
    });
  });
}

const KEYWORD = /^(?:AND|OR|NOT|IN|BETWEEN|SET|REMOVE|ADD|DELETE)$/i;

function tokensOf(expression: string): readonly Token[] {
  try {
    return new TokenReader('expression', expression).all();
  } catch {
    return [];
  }
}

/** Parameters of a conditional write. */
export interface Conditional {
  readonly ConditionExpression?: string | undefined;
  readonly ReturnValuesOnConditionCheckFailure?: string | undefined;
}

export function conditionOf(expression: string | undefined, placeholders: Placeholders): Condition | undefined {
  if (expression === undefined) return undefined;
  return readCondition(new TokenReader('ConditionExpression', expression), placeholders);
}

export function checkCondition(condition: Condition | undefined, item: Item | undefined, input: Conditional): void {
  if (condition === undefined || holds(condition, item ?? {})) return;
  const shown = input.ReturnValuesOnConditionCheckFailure === 'ALL_OLD' && item !== undefined;
  throw new AwsError('ConditionalCheckFailedException', 'The conditional request failed', {
    ...(shown ? { members: { Item: writeItem(item) } } : {}),
  });
}

export function refuseSize(item: Item): void {
  if (sizeOfItem(item) > LARGEST_ITEM) throw validation('Item size has exceeded the maximum allowed size');
}

export function refuseCollectionMetrics(operationName: string, wanted: string | undefined): void {
  if (wanted === 'SIZE') throw notSupported('ReturnItemCollectionMetrics', operationName);
}

function returnsOld(wanted: string | undefined): boolean {
  if (wanted === undefined || wanted === 'NONE') return false;
  if (wanted === 'ALL_OLD') return true;
  throw validation('ReturnValues can only be ALL_OLD or NONE');
}

function oldValues(wanted: boolean, before: Item | undefined) {
  return wanted && before !== undefined ? { Attributes: writeItem(before) } : {};
}

export const PutItem = operation('dynamodb', 'PutItem', {
  resolve: targetTable,
  authorize: (context) => {
    const { input } = context;
    const attributes = [
      ...Object.keys(input.Item),
      ...mentioned(input.ExpressionAttributeNames, input.ConditionExpression),
    ];
    return [tableCheck('PutItem', context, itemContext(input, context, input.Item, attributes))];
  },
  handle: (context) => {
    const table = tableOfItems(context);
    const { input, tx } = context;
    refuseMembers('PutItem', input, LEGACY);
    refuseCollectionMetrics('PutItem', input.ReturnItemCollectionMetrics);
    const wantsOld = returnsOld(input.ReturnValues);
    const placeholders = new Placeholders(input, { ConditionExpression: input.ConditionExpression });
    const condition = conditionOf(input.ConditionExpression, placeholders);
    placeholders.refuseUnused();
    const item = readItem(input.Item);
    checkItemKeys(table, item);
    refuseSize(item);
    const key = storeKey(table, item);
    const before = tx.get(items, table.id, key);
    checkCondition(condition, before, input);
    tx.put(items, table.id, key, item);
    const units = writeUnits(Math.max(sizeOfItem(item), before === undefined ? 0 : sizeOfItem(before)));
    return { ...oldValues(wantsOld, before), ...consumed(input.ReturnConsumedCapacity, table, units) };
  },
});

export const DeleteItem = operation('dynamodb', 'DeleteItem', {
  resolve: targetTable,
  authorize: (context) => {
    const { input } = context;
    const attributes = [
      ...Object.keys(input.Key),
      ...mentioned(input.ExpressionAttributeNames, input.ConditionExpression),
    ];
    return [tableCheck('DeleteItem', context, itemContext(input, context, input.Key, attributes))];
  },
  handle: (context) => {
    const table = tableOfItems(context);
    const { input, tx } = context;
    refuseMembers('DeleteItem', input, LEGACY);
    refuseCollectionMetrics('DeleteItem', input.ReturnItemCollectionMetrics);
    const wantsOld = returnsOld(input.ReturnValues);
    const placeholders = new Placeholders(input, { ConditionExpression: input.ConditionExpression });
    const condition = conditionOf(input.ConditionExpression, placeholders);
    placeholders.refuseUnused();
    const key = storeKey(table, readKey(table, input.Key));
    const before = tx.get(items, table.id, key);
    checkCondition(condition, before, input);
    tx.delete(items, table.id, key);
    const units = writeUnits(before === undefined ? 0 : sizeOfItem(before));
    return { ...oldValues(wantsOld, before), ...consumed(input.ReturnConsumedCapacity, table, units) };
  },
});

export const GetItem = operation('dynamodb', 'GetItem', {
  resolve: targetTable,
  authorize: (context) => {
    const { input } = context;
    const attributes = [
      ...Object.keys(input.Key),
      ...mentioned(input.ExpressionAttributeNames, input.ProjectionExpression),
    ];
    return [tableCheck('GetItem', context, itemContext(input, context, input.Key, attributes))];
  },
  handle: (context) => {
    const table = tableOfItems(context);
    const { input, tx } = context;
    refuseMembers('GetItem', input, LEGACY);
    const placeholders = new Placeholders(input, { ProjectionExpression: input.ProjectionExpression });
    const paths = projectionOf(input.ProjectionExpression, placeholders);
    placeholders.refuseUnused();
    const found = tx.get(items, table.id, storeKey(table, readKey(table, input.Key)));
    const units = readUnits(found === undefined ? 0 : sizeOfItem(found), input.ConsistentRead);
    return {
      ...(found === undefined ? {} : { Item: writeItem(paths === undefined ? found : project(found, paths)) }),
      ...consumed(input.ReturnConsumedCapacity, table, units),
    };
  },
});

export function projectionOf(expression: string | undefined, placeholders: Placeholders): readonly Path[] | undefined {
  if (expression === undefined) return undefined;
  return readProjection(new TokenReader('ProjectionExpression', expression), placeholders);
}

/** Key attributes of the table that an update would change. Text observed. */
export function refuseKeyChange(table: TableRecord, paths: readonly Path[]): void {
  for (const { AttributeName } of table.keySchema) {
    if (paths.some(([name]) => name === AttributeName)) {
      throw invalidValues(`Cannot update attribute ${AttributeName}. This attribute is part of the key`);
    }
  }
}
