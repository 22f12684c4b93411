import { createHash } from 'node:crypto';
import { AwsError } from '../../core/errors.ts';
import { type Input, operation } from '../../gateway/operation.ts';
import { collection, type Read, type Tx } from '../../store/collections.ts';
import type { AttributeValue, TransactWriteItem } from '../../wire/generated/types/dynamodb.ts';
import { consumed, readUnits } from './capacity.ts';
import { validation } from './errors.ts';
import { project } from './expressions/paths.ts';
import { Placeholders } from './expressions/placeholders.ts';
import { itemContext, mentioned } from './item-context.ts';
import { projectionOf, refuseCollectionMetrics } from './items.ts';
import { readKey, storeKey } from './keys.ts';
import { items, regional, type TableRecord } from './records.ts';
import { addressOf, findTable, type TableTarget, tableCheck, tableOfItems } from './target.ts';
import { sizeOfItem, writeItem } from './values.ts';
import {
  mayWrite,
  type PlannedWrite,
  planCheck,
  planDelete,
  planPut,
  planUpdate,
  shownOnFailure,
  write,
} from './writes.ts';

/** Source: API Reference, TransactWriteItems: a ClientRequestToken is known for ten minutes. */
const TOKEN_KNOWN_FOR = 10 * 60_000;

interface KnownToken {
  readonly question: string;
  readonly at: number;
}

/** Partition: `account/region`; key: the ClientRequestToken. */
const transactionTokens = collection<KnownToken>('dynamodb/transaction-tokens');

type Attributes = { readonly [name: string]: AttributeValue };

/** The one member that a transaction's item has. */
interface Member {
  readonly action: 'PutItem' | 'UpdateItem' | 'DeleteItem' | 'ConditionCheckItem';
  readonly table: string;
  readonly key: Attributes;
  readonly attributes: readonly string[];
  readonly plan: (table: TableRecord) => PlannedWrite;
}

function memberOf({ Put, Update, Delete, ConditionCheck, ...rest }: TransactWriteItem): Member {
  const given = [Put, Update, Delete, ConditionCheck].filter((one) => one !== undefined);
  if (given.length !== 1 || Object.keys(rest).length > 0) {
    throw validation('TransactItems can only contain one of Check, Put, Update or Delete');
  }
  const [one] = given as [NonNullable<(typeof given)[number]>];
  const key = Put?.Item ?? (one as { readonly Key: Attributes }).Key;
  const attributes = [
    ...Object.keys(key),
    ...mentioned(one.ExpressionAttributeNames, one.ConditionExpression, Update?.UpdateExpression),
  ];
  const common = { table: one.TableName, key, attributes };
  if (Put !== undefined) return { ...common, action: 'PutItem', plan: (table) => planPut(table, Put) };
  if (Update !== undefined) return { ...common, action: 'UpdateItem', plan: (table) => planUpdate(table, Update) };
  if (Delete !== undefined) return { ...common, action: 'DeleteItem', plan: (table) => planDelete(table, Delete) };
  return { ...common, action: 'ConditionCheckItem', plan: (table) => planCheck(table, ConditionCheck!) };
}

function targetOf(table: string, { account, region, tx }: { account: string; region: string; tx: Read }): TableTarget {
  const address = addressOf(table, account, region);
  return { address, table: findTable(tx, address) };
}

export const TransactWriteItems = operation('dynamodb', 'TransactWriteItems', {
  // Each item needs the permission of its own action. Source: DynamoDB Developer Guide, transactions and IAM.
  authorize: (context) =>
    context.input.TransactItems.map(memberOf).map(({ action, table, key, attributes }) => {
      const target = targetOf(table, context);
      const keys = itemContext(context.input, target, [key], attributes);
      return tableCheck(action, target, { ...keys, 'dynamodb:EnclosingOperation': 'TransactWriteItems' });
    }),
  handle: (context) => {
    const { input, tx } = context;
    refuseCollectionMetrics('TransactWriteItems', input.ReturnItemCollectionMetrics);
    const planned = input.TransactItems.map(memberOf).map(({ table, plan }) =>
      plan(tableOfItems(targetOf(table, context))),
    );
    const places = planned.map(({ table, key }) => `${table.id} ${key}`);
    if (new Set(places).size < places.length) {
      throw validation('Transaction request cannot include multiple operations on one item');
    }
    const done = alreadyDone(tx, context.account, context.region, input, context.now);
    if (!done) refuseFailed(tx, planned);
    const units = new Map<TableRecord, number>();
    for (const one of planned) {
      const cost = done ? 0 : write(tx, one).units;
      // A transaction writes twice.
      units.set(one.table, (units.get(one.table) ?? 0) + 2 * cost);
    }
    const capacity = [...units].flatMap(
      ([table, cost]) => consumed(input.ReturnConsumedCapacity, table, cost).ConsumedCapacity ?? [],
    );
    return capacity.length === 0 ? {} : { ConsumedCapacity: capacity };
  },
});

/** All conditions hold or nothing is written. Texts observed. */
function refuseFailed(tx: Tx, planned: readonly PlannedWrite[]): void {
  const reasons = planned.map((one) =>
    mayWrite(tx, one)
      ? { Code: 'None' }
      : {
          Code: 'ConditionalCheckFailed',
          Message: 'The conditional request failed',
          ...shownOnFailure(tx, one),
        },
  );
  if (reasons.every(({ Code }) => Code === 'None')) return;
  const codes = reasons.map(({ Code }) => Code).join(', ');
  throw new AwsError(
    'TransactionCanceledException',
    `Transaction cancelled, please refer cancellation reasons for specific reasons [${codes}]`,
    { members: { CancellationReasons: reasons } },
  );
}

/** Whether the same request was carried out under its token before; remembers it when not. */
function alreadyDone(
  tx: Tx,
  account: string,
  region: string,
  { ClientRequestToken: token, TransactItems }: Input<'dynamodb', 'TransactWriteItems'>,
  now: number,
): boolean {
  if (token === undefined) return false;
  const partition = regional(account, region);
  const question = createHash('sha256').update(JSON.stringify(TransactItems), 'utf8').digest('hex');
  const known = tx.get(transactionTokens, partition, token);
  if (known !== undefined && now - known.at < TOKEN_KNOWN_FOR) {
    if (known.question === question) return true;
    // unverified: the text.
    throw new AwsError(
      'IdempotentParameterMismatchException',
      'Request token has been used previously with a different payload.',
    );
  }
  const old: string[] = [];
  for (const [key, { at }] of tx.entries(transactionTokens, partition)) if (now - at >= TOKEN_KNOWN_FOR) old.push(key);
  for (const key of old) tx.delete(transactionTokens, partition, key);
  tx.put(transactionTokens, partition, token, { question, at: now });
  return false;
}

export const TransactGetItems = operation('dynamodb', 'TransactGetItems', {
  authorize: (context) =>
    context.input.TransactItems.map(({ Get }) => {
      const target = targetOf(Get.TableName, context);
      const names = mentioned(Get.ExpressionAttributeNames, Get.ProjectionExpression);
      const keys = itemContext(context.input, target, [Get.Key], [...Object.keys(Get.Key), ...names]);
      return tableCheck('GetItem', target, { ...keys, 'dynamodb:EnclosingOperation': 'TransactGetItems' });
    }),
  handle: (context) => {
    const { input, tx } = context;
    const units = new Map<TableRecord, number>();
    const places = new Set<string>();
    const Responses = input.TransactItems.map(({ Get }) => {
      const table = tableOfItems(targetOf(Get.TableName, context));
      const placeholders = new Placeholders(Get, { ProjectionExpression: Get.ProjectionExpression });
      const paths = projectionOf(Get.ProjectionExpression, placeholders);
      placeholders.refuseUnused();
      const key = storeKey(table, readKey(table, Get.Key));
      if (places.has(`${table.id} ${key}`)) {
        throw validation('Transaction request cannot include multiple operations on one item');
      }
      places.add(`${table.id} ${key}`);
      const item = tx.get(items, table.id, key);
      const cost = 2 * readUnits(item === undefined ? 0 : sizeOfItem(item), true);
      units.set(table, (units.get(table) ?? 0) + cost);
      return item === undefined ? {} : { Item: writeItem(paths === undefined ? item : project(item, paths)) };
    });
    const capacity = [...units].flatMap(
      ([table, cost]) => consumed(input.ReturnConsumedCapacity, table, cost).ConsumedCapacity ?? [],
    );
    return { Responses, ...(capacity.length === 0 ? {} : { ConsumedCapacity: capacity }) };
  },
});
