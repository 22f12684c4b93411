import { operation } from '../../gateway/operation.ts';
import { consumed, readUnits } from './capacity.ts';
import { notSupported, refuseMembers, validation } from './errors.ts';
import { type Path, project, readProjection } from './expressions/paths.ts';
import { Placeholders } from './expressions/placeholders.ts';
import { TokenReader } from './expressions/tokens.ts';
import { itemContext, mentioned } from './item-context.ts';
import { readKey, storeKey } from './keys.ts';
import { items } from './records.ts';
import { tableCheck, tableOfItems, targetTable } from './target.ts';
import { type Item, sizeOfItem, writeItem } from './values.ts';
import { planDelete, planPut, planUpdate, writeOne } from './writes.ts';

/** Parameters of the time before expressions. */
export const LEGACY = ['Expected', 'ConditionalOperator', 'AttributesToGet'];

export function refuseCollectionMetrics(operationName: string, wanted: string | undefined): void {
  if (wanted === 'SIZE') throw notSupported('ReturnItemCollectionMetrics', operationName);
}

export function projectionOf(expression: string | undefined, placeholders: Placeholders): readonly Path[] | undefined {
  if (expression === undefined) return undefined;
  return readProjection(new TokenReader('ProjectionExpression', expression), placeholders);
}

function returnsOld(wanted: string | undefined): boolean {
  if (wanted === undefined || wanted === 'NONE') return false;
  if (wanted === 'ALL_OLD') return true;
  throw validation('ReturnValues can only be ALL_OLD or NONE');
}

function shown(item: Item | undefined) {
  return item === undefined || Object.keys(item).length === 0 ? {} : { Attributes: writeItem(item) };
}

export const PutItem = operation('dynamodb', 'PutItem', {
  resolve: targetTable,
  authorize: (context) => {
    const { input } = context;
    const names = mentioned(input.ExpressionAttributeNames, input.ConditionExpression);
    const attributes = [...Object.keys(input.Item), ...names];
    return [tableCheck('PutItem', context, itemContext(input, context, [input.Item], attributes))];
  },
  handle: (context) => {
    const table = tableOfItems(context);
    const { input, tx } = context;
    refuseMembers('PutItem', input, LEGACY);
    refuseCollectionMetrics('PutItem', input.ReturnItemCollectionMetrics);
    const wantsOld = returnsOld(input.ReturnValues);
    const { before, units } = writeOne(tx, planPut(table, input));
    return { ...(wantsOld ? shown(before) : {}), ...consumed(input.ReturnConsumedCapacity, table, units) };
  },
});

export const DeleteItem = operation('dynamodb', 'DeleteItem', {
  resolve: targetTable,
  authorize: (context) => {
    const { input } = context;
    const names = mentioned(input.ExpressionAttributeNames, input.ConditionExpression);
    const attributes = [...Object.keys(input.Key), ...names];
    return [tableCheck('DeleteItem', context, itemContext(input, context, [input.Key], attributes))];
  },
  handle: (context) => {
    const table = tableOfItems(context);
    const { input, tx } = context;
    refuseMembers('DeleteItem', input, LEGACY);
    refuseCollectionMetrics('DeleteItem', input.ReturnItemCollectionMetrics);
    const wantsOld = returnsOld(input.ReturnValues);
    const { before, units } = writeOne(tx, planDelete(table, input));
    return { ...(wantsOld ? shown(before) : {}), ...consumed(input.ReturnConsumedCapacity, table, units) };
  },
});

export const UpdateItem = operation('dynamodb', 'UpdateItem', {
  resolve: targetTable,
  authorize: (context) => {
    const { input } = context;
    const names = mentioned(input.ExpressionAttributeNames, input.UpdateExpression, input.ConditionExpression);
    const attributes = [...Object.keys(input.Key), ...names];
    return [tableCheck('UpdateItem', context, itemContext(input, context, [input.Key], attributes))];
  },
  handle: (context) => {
    const table = tableOfItems(context);
    const { input, tx } = context;
    refuseMembers('UpdateItem', input, [...LEGACY, 'AttributeUpdates']);
    refuseCollectionMetrics('UpdateItem', input.ReturnItemCollectionMetrics);
    const planned = planUpdate(table, input);
    const { before, after, units } = writeOne(tx, planned);
    const { ReturnValues: wanted = 'NONE' } = input;
    const item = wanted.endsWith('_OLD') ? before : after;
    const part = item !== undefined && wanted.startsWith('UPDATED') ? project(item, planned.paths) : item;
    return { ...(wanted === 'NONE' ? {} : shown(part)), ...consumed(input.ReturnConsumedCapacity, table, units) };
  },
});

export const GetItem = operation('dynamodb', 'GetItem', {
  resolve: targetTable,
  authorize: (context) => {
    const { input } = context;
    const names = mentioned(input.ExpressionAttributeNames, input.ProjectionExpression);
    const attributes = [...Object.keys(input.Key), ...names];
    return [tableCheck('GetItem', context, itemContext(input, context, [input.Key], attributes))];
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
