import { operation } from '../../gateway/operation.ts';
import { consumed, writeUnits } from './capacity.ts';
import { refuseMembers } from './errors.ts';
import { project } from './expressions/paths.ts';
import { Placeholders } from './expressions/placeholders.ts';
import { TokenReader } from './expressions/tokens.ts';
import { readUpdate, type Update, updated } from './expressions/updates.ts';
import {
  checkCondition,
  conditionOf,
  itemContext,
  LEGACY,
  mentioned,
  refuseCollectionMetrics,
  refuseKeyChange,
  refuseSize,
} from './items.ts';
import { checkItemKeys, readKey, storeKey } from './keys.ts';
import { items } from './records.ts';
import { tableCheck, tableOfItems, targetTable } from './target.ts';
import { type Item, sizeOfItem, writeItem } from './values.ts';

const NO_UPDATE: Update = { actions: [], paths: [] };

export const UpdateItem = operation('dynamodb', 'UpdateItem', {
  resolve: targetTable,
  authorize: (context) => {
    const { input } = context;
    const attributes = [
      ...Object.keys(input.Key),
      ...mentioned(input.ExpressionAttributeNames, input.UpdateExpression, input.ConditionExpression),
    ];
    return [tableCheck('UpdateItem', context, itemContext(input, context, input.Key, attributes))];
  },
  handle: (context) => {
    const table = tableOfItems(context);
    const { input, tx } = context;
    refuseMembers('UpdateItem', input, [...LEGACY, 'AttributeUpdates']);
    refuseCollectionMetrics('UpdateItem', input.ReturnItemCollectionMetrics);
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
    const key = storeKey(table, primary);
    const before = tx.get(items, table.id, key);
    checkCondition(condition, before, input);
    // An item that is not there begins as its key.
    const after = updated(before ?? primary, update);
    checkItemKeys(table, after);
    refuseSize(after);
    tx.put(items, table.id, key, after);
    const units = writeUnits(Math.max(sizeOfItem(after), before === undefined ? 0 : sizeOfItem(before)));
    return {
      ...returned(input.ReturnValues, update, before, after),
      ...consumed(input.ReturnConsumedCapacity, table, units),
    };
  },
});

function returned(wanted: string | undefined, { paths }: Update, before: Item | undefined, after: Item) {
  const item = wanted?.endsWith('_OLD') ? before : after;
  if (wanted === undefined || wanted === 'NONE' || item === undefined) return {};
  const shown = wanted.startsWith('UPDATED') ? project(item, paths) : item;
  return Object.keys(shown).length === 0 ? {} : { Attributes: writeItem(shown) };
}
