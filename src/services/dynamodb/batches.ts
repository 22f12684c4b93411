import { operation } from '../../gateway/operation.ts';
import type { Read } from '../../store/collections.ts';
import type { AttributeValue, KeysAndAttributes, WriteRequest } from '../../wire/generated/types/dynamodb.ts';
import { consumed, readUnits } from './capacity.ts';
import { refuseMembers, validation } from './errors.ts';
import { project } from './expressions/paths.ts';
import { Placeholders } from './expressions/placeholders.ts';
import { itemContext, mentioned } from './item-context.ts';
import { projectionOf, refuseCollectionMetrics } from './items.ts';
import { readKey, storeKey } from './keys.ts';
import { items } from './records.ts';
import { addressOf, findTable, type TableTarget, tableCheck, tableOfItems } from './target.ts';
import { sizeOfItem, writeItem } from './values.ts';
import { type PlannedWrite, planDelete, planPut, write } from './writes.ts';

const MOST_WRITES = 25;
const MOST_READS = 100;
/** Bytes of one answer. Source: API Reference, BatchGetItem. */
const LARGEST_ANSWER = 16 * 1024 * 1024;

type Attributes = { readonly [name: string]: AttributeValue };

function targetOf(table: string, { account, region, tx }: { account: string; region: string; tx: Read }): TableTarget {
  const address = addressOf(table, account, region);
  return { address, table: findTable(tx, address) };
}

function tooMany(operationName: string): Error {
  return validation(`Too many items requested for the ${operationName} call`);
}

function refuseDuplicates(keys: readonly string[]): void {
  if (new Set(keys).size < keys.length) throw validation('Provided list of item keys contains duplicates');
}

function keyIn(request: WriteRequest): Attributes {
  return request.PutRequest?.Item ?? request.DeleteRequest?.Key ?? {};
}

export const BatchWriteItem = operation('dynamodb', 'BatchWriteItem', {
  authorize: (context) =>
    Object.entries(context.input.RequestItems).map(([table, requests]) => {
      const target = targetOf(table, context);
      const keys = requests.map(keyIn);
      const attributes = keys.flatMap((key) => Object.keys(key));
      return tableCheck('BatchWriteItem', target, itemContext(context.input, target, keys, attributes));
    }),
  handle: (context) => {
    const { input, tx } = context;
    refuseCollectionMetrics('BatchWriteItem', input.ReturnItemCollectionMetrics);
    const all = Object.entries(input.RequestItems);
    const count = all.reduce((sum, [, requests]) => sum + requests.length, 0);
    if (count > MOST_WRITES) throw tooMany('BatchWriteItem');
    // Every request is read before the first one is written.
    const planned = all.map(([name, requests]) => {
      const table = tableOfItems(targetOf(name, context));
      const writes = requests.map(({ PutRequest, DeleteRequest }): PlannedWrite => {
        if ((PutRequest === undefined) === (DeleteRequest === undefined)) {
          throw validation(
            'Supplied AttributeValue has more than one datatypes set, must contain exactly one of the supported datatypes',
          );
        }
        return PutRequest === undefined ? planDelete(table, DeleteRequest!) : planPut(table, PutRequest);
      });
      refuseDuplicates(writes.map(({ key }) => key));
      return { table, writes };
    });
    const capacity = planned.flatMap(({ table, writes }) => {
      const units = writes.reduce((sum, one) => sum + write(tx, one).units, 0);
      return consumed(input.ReturnConsumedCapacity, table, units).ConsumedCapacity ?? [];
    });
    return { UnprocessedItems: {}, ...(capacity.length === 0 ? {} : { ConsumedCapacity: capacity }) };
  },
});

export const BatchGetItem = operation('dynamodb', 'BatchGetItem', {
  authorize: (context) =>
    Object.entries(context.input.RequestItems).map(([table, request]) => {
      const target = targetOf(table, context);
      const attributes = [
        ...request.Keys.flatMap((key) => Object.keys(key)),
        ...mentioned(request.ExpressionAttributeNames, request.ProjectionExpression),
      ];
      return tableCheck('BatchGetItem', target, itemContext(context.input, target, request.Keys, attributes));
    }),
  handle: (context) => {
    const { input, tx } = context;
    const all = Object.entries(input.RequestItems);
    const count = all.reduce((sum, [, { Keys }]) => sum + Keys.length, 0);
    if (count > MOST_READS) throw tooMany('BatchGetItem');
    const Responses: Record<string, Attributes[]> = {};
    const UnprocessedKeys: Record<string, KeysAndAttributes> = {};
    let left = LARGEST_ANSWER;
    const capacity = all.flatMap(([name, request]) => {
      const table = tableOfItems(targetOf(name, context));
      refuseMembers('BatchGetItem', request, ['AttributesToGet']);
      const placeholders = new Placeholders(request, { ProjectionExpression: request.ProjectionExpression });
      const paths = projectionOf(request.ProjectionExpression, placeholders);
      placeholders.refuseUnused();
      const keys = request.Keys.map((key) => storeKey(table, readKey(table, key)));
      refuseDuplicates(keys);
      const found: Attributes[] = [];
      let units = 0;
      for (const [index, key] of keys.entries()) {
        const item = tx.get(items, table.id, key);
        const bytes = item === undefined ? 0 : sizeOfItem(item);
        if (bytes > left) {
          UnprocessedKeys[name] = { ...request, Keys: request.Keys.slice(index) };
          left = 0;
          break;
        }
        left -= bytes;
        units += readUnits(bytes, request.ConsistentRead);
        if (item !== undefined) found.push(writeItem(paths === undefined ? item : project(item, paths)));
      }
      Responses[name] = found;
      return consumed(input.ReturnConsumedCapacity, table, units).ConsumedCapacity ?? [];
    });
    return { Responses, UnprocessedKeys, ...(capacity.length === 0 ? {} : { ConsumedCapacity: capacity }) };
  },
});
