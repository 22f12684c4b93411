import { createHash } from 'node:crypto';
import { type Input, operation, type ReadContext } from '../../gateway/operation.ts';
import type { AttributeValue } from '../../wire/generated/types/dynamodb.ts';
import { consumed, readUnits } from './capacity.ts';
import { refuseMembers, validation } from './errors.ts';
import { type Condition, holds, pathsOf, readCondition } from './expressions/conditions.ts';
import { type Path, project } from './expressions/paths.ts';
import { Placeholders } from './expressions/placeholders.ts';
import { TokenReader } from './expressions/tokens.ts';
import { itemContext, mentioned } from './item-context.ts';
import { LEGACY, projectionOf } from './items.ts';
import { readKeyCondition } from './key-conditions.ts';
import { type KeyNames, keyNames, keyOf, keyTypeOf, leadingKey, storeKey } from './keys.ts';
import { type IndexRecord, items, type TableRecord } from './records.ts';
import { type TableTarget, tableCheck, tableOfItems, targetTable } from './target.ts';
import { compare, equal, type Item, readItem, sizeOfItem, typeOf, writeItem, writeValue } from './values.ts';

/** Bytes that one Query or Scan reads. Source: API Reference, Query. */
const LARGEST_PAGE = 1024 * 1024;

type QueryInput = Input<'dynamodb', 'Query'>;
type ScanInput = Input<'dynamodb', 'Scan'>;

/** What Query and Scan go over: a table or one of its indexes. */
interface Source {
  readonly table: TableRecord;
  readonly index: IndexRecord | undefined;
  readonly keys: KeyNames;
}

function sourceOf(target: TableTarget, input: QueryInput | ScanInput): Source {
  const table = tableOfItems(target);
  if (input.IndexName === undefined) return { table, index: undefined, keys: keyNames(table.keySchema) };
  const index = table.indexes.find(({ name }) => name === input.IndexName);
  if (index === undefined) throw validation(`The table does not have the specified index: ${input.IndexName}`);
  if (index.global && input.ConsistentRead === true) {
    throw validation('Consistent reads are not supported on global secondary indexes');
  }
  return { table, index, keys: keyNames(index.keySchema) };
}

type Reading<In> = ReadContext<In> & TableTarget;

/** `dynamodb:Select` is what the request says, or what it means where it says nothing. */
function selectOf(input: QueryInput | ScanInput): string {
  if (input.Select !== undefined) return input.Select;
  if (input.ProjectionExpression !== undefined) return 'SPECIFIC_ATTRIBUTES';
  return input.IndexName === undefined ? 'ALL_ATTRIBUTES' : 'ALL_PROJECTED_ATTRIBUTES';
}

function check(action: 'Query' | 'Scan', context: Reading<QueryInput | ScanInput>, keyCondition: string | undefined) {
  const { input, table } = context;
  const names = input.ExpressionAttributeNames;
  const attributes = mentioned(names, keyCondition, input.FilterExpression, input.ProjectionExpression);
  const leading =
    keyCondition === undefined || table === undefined ? undefined : hashIn(keyCondition, input as QueryInput, table);
  const keys = {
    ...itemContext(input, context, [], attributes),
    'dynamodb:Select': selectOf(input),
    ...(leading === undefined ? {} : { 'dynamodb:LeadingKeys': [leading] }),
  };
  return [tableCheck(action, context, keys, input.IndexName)];
}

/** The hash key that a Query asks for; undefined where its condition cannot be read: then the call fails on that. */
function hashIn(expression: string, input: QueryInput, table: TableRecord): string | undefined {
  const index = table.indexes.find(({ name }) => name === input.IndexName);
  try {
    const placeholders = new Placeholders(input, { KeyConditionExpression: expression });
    const condition = readCondition(new TokenReader('KeyConditionExpression', expression), placeholders);
    const names = keyNames((index ?? table).keySchema);
    const { hash } = readKeyCondition(condition, names, (name) => keyTypeOf(table, name));
    return leadingKey(writeValue(hash));
  } catch {
    return undefined;
  }
}

export const Query = operation('dynamodb', 'Query', {
  resolve: targetTable,
  authorize: (context) => check('Query', context, context.input.KeyConditionExpression),
  handle: (context) => {
    const { input, tx } = context;
    const source = sourceOf(context, input);
    refuseMembers('Query', input, [...LEGACY, 'KeyConditions', 'QueryFilter']);
    const { KeyConditionExpression, FilterExpression, ProjectionExpression } = input;
    if (KeyConditionExpression === undefined) {
      throw validation(
        'Either the KeyConditions or KeyConditionExpression parameter must be specified in the request.',
      );
    }
    const placeholders = new Placeholders(input, { KeyConditionExpression, FilterExpression, ProjectionExpression });
    const key = readKeyCondition(
      readCondition(new TokenReader('KeyConditionExpression', KeyConditionExpression), placeholders),
      source.keys,
      (name) => keyTypeOf(source.table, name),
    );
    const rules = readRules(input, source, placeholders);
    refuseKeysInFilter(rules.filter, source.keys);
    const { hash, range } = source.keys;
    const sign = input.ScanIndexForward === false ? -1 : 1;
    const found = tx
      .list(items, source.table.id)
      .filter((item) => {
        const own = item[hash];
        return (
          own !== undefined &&
          equal(own, key.hash) &&
          inIndex(item, source) &&
          key.matches(range === undefined ? undefined : item[range])
        );
      })
      .sort((a, b) => sign * order(a, b, source));
    const after = startKey(input.ExclusiveStartKey, source);
    const rest = after === undefined ? found : found.filter((item) => sign * order(item, after, source) > 0);
    return page(rest, input, source, rules);
  },
});

export const Scan = operation('dynamodb', 'Scan', {
  resolve: targetTable,
  authorize: (context) => check('Scan', context, undefined),
  handle: (context) => {
    const { input, tx } = context;
    const source = sourceOf(context, input);
    refuseMembers('Scan', input, [...LEGACY, 'ScanFilter']);
    const { FilterExpression, ProjectionExpression, Segment, TotalSegments } = input;
    checkSegments(Segment, TotalSegments);
    const placeholders = new Placeholders(input, { FilterExpression, ProjectionExpression });
    const rules = readRules(input, source, placeholders);
    const after = startKey(input.ExclusiveStartKey, source);
    const last = after === undefined ? undefined : storeKey(source.table, after);
    const found = tx.list(items, source.table.id).filter((item) => {
      if (!inIndex(item, source)) return false;
      if (last !== undefined && storeKey(source.table, item) <= last) return false;
      return TotalSegments === undefined || segmentOf(item, source, TotalSegments) === Segment;
    });
    return page(found, input, source, rules);
  },
});

function checkSegments(segment: number | undefined, total: number | undefined): void {
  if ((segment === undefined) !== (total === undefined)) {
    throw validation(
      segment === undefined
        ? 'The Segment parameter is required but was not present in the request when parameter TotalSegments is present'
        : 'The TotalSegments parameter is required but was not present in the request when Segment parameter is present',
    );
  }
  if (segment !== undefined && total !== undefined && segment >= total) {
    throw validation(
      `The Segment parameter is zero-based and must be less than parameter TotalSegments: Segment: ${segment} is not less than TotalSegments: ${total}`,
    );
  }
}

function segmentOf(item: Item, { keys }: Source, total: number): number {
  return createHash('md5').update(JSON.stringify(item[keys.hash])).digest().readUInt32BE() % total;
}

/** An item is in an index when it has the index's keys. */
function inIndex(item: Item, { index, keys }: Source): boolean {
  if (index === undefined) return true;
  return item[keys.hash] !== undefined && (keys.range === undefined || item[keys.range] !== undefined);
}

/** By the range key, then by the primary key. */
function order(a: Item, b: Item, { table, keys }: Source): number {
  const byRange = keys.range === undefined ? 0 : (compare(a[keys.range]!, b[keys.range]!) ?? 0);
  if (byRange !== 0) return byRange;
  const [one, other] = [storeKey(table, a), storeKey(table, b)];
  return one < other ? -1 : one > other ? 1 : 0;
}

/** Reads ExclusiveStartKey: the keys of the table, and of the index. Text observed. */
function startKey(key: { readonly [name: string]: AttributeValue } | undefined, source: Source): Item | undefined {
  if (key === undefined) return undefined;
  const read = readItem(key);
  const names = new Set(
    [...source.table.keySchema, ...(source.index?.keySchema ?? [])].map(({ AttributeName }) => AttributeName),
  );
  const fits = [...names].every(
    (name) => read[name] !== undefined && typeOf(read[name]) === keyTypeOf(source.table, name),
  );
  if (!fits || Object.keys(read).length !== names.size) {
    throw validation('The provided starting key is invalid: The provided key element does not match the schema');
  }
  return read;
}

interface Rules {
  readonly filter: Condition | undefined;
  readonly paths: readonly Path[] | undefined;
  readonly countOnly: boolean;
}

function readRules(input: QueryInput | ScanInput, source: Source, placeholders: Placeholders): Rules {
  const { FilterExpression, ProjectionExpression, Select } = input;
  const filter =
    FilterExpression === undefined
      ? undefined
      : readCondition(new TokenReader('FilterExpression', FilterExpression), placeholders);
  const paths = projectionOf(ProjectionExpression, placeholders);
  placeholders.refuseUnused();
  if (paths !== undefined && Select !== undefined && Select !== 'SPECIFIC_ATTRIBUTES') {
    throw validation(
      `Cannot specify the ProjectionExpression when choosing to get ${Select === 'COUNT' ? 'only the Count' : Select}`,
    );
  }
  if (Select === 'SPECIFIC_ATTRIBUTES' && paths === undefined) {
    throw validation(
      'Must specify the AttributesToGet or ProjectionExpression when choosing to get SPECIFIC_ATTRIBUTES',
    );
  }
  if (Select === 'ALL_PROJECTED_ATTRIBUTES' && source.index === undefined) {
    throw validation('ALL_PROJECTED_ATTRIBUTES can be used only when Querying using an IndexName');
  }
  const all = source.index?.projection.ProjectionType === 'ALL';
  if (Select === 'ALL_ATTRIBUTES' && source.index?.global === true && !all) {
    throw validation(
      `One or more parameter values were invalid: Select type ALL_ATTRIBUTES is not supported for global secondary index ${source.index.name} because its projection type is not ALL`,
    );
  }
  return { filter, paths, countOnly: Select === 'COUNT' };
}

function refuseKeysInFilter(filter: Condition | undefined, { hash, range }: KeyNames): void {
  const key = filter === undefined ? undefined : pathsOf(filter).find(([name]) => name === hash || name === range);
  if (key !== undefined) {
    throw validation(`Filter Expression can only contain non-primary key attributes: Primary key attribute: ${key[0]}`);
  }
}

/** What of an item an index holds. A local index fetches the rest from the table when it is asked for. */
function projected(item: Item, { table, index }: Source, input: QueryInput | ScanInput): Item {
  if (index === undefined || index.projection.ProjectionType === 'ALL') return item;
  if (!index.global && (input.Select === 'ALL_ATTRIBUTES' || input.ProjectionExpression !== undefined)) return item;
  const names = [
    ...[...table.keySchema, ...index.keySchema].map(({ AttributeName }) => AttributeName),
    ...(index.projection.NonKeyAttributes ?? []),
  ];
  return project(
    item,
    [...new Set(names)].map((name): Path => [name]),
  );
}

function page(rest: readonly Item[], input: QueryInput | ScanInput, source: Source, rules: Rules) {
  if (input.Limit !== undefined && input.Limit < 1) throw validation('Limit must be greater than or equal to 1');
  const found: Item[] = [];
  let scanned = 0;
  let bytes = 0;
  let last: Item | undefined;
  for (const item of rest) {
    if (scanned === input.Limit || bytes >= LARGEST_PAGE) break;
    scanned++;
    last = item;
    bytes += sizeOfItem(item);
    const seen = projected(item, source, input);
    if (rules.filter !== undefined && !holds(rules.filter, seen)) continue;
    found.push(rules.paths === undefined ? seen : project(seen, rules.paths));
  }
  // Observed: a page that Limit ends has a LastEvaluatedKey, also when nothing follows it.
  const more = scanned < rest.length || (input.Limit !== undefined && scanned === input.Limit);
  const { table, index, keys } = source;
  return {
    ...(rules.countOnly ? {} : { Items: found.map(writeItem) }),
    Count: found.length,
    ScannedCount: scanned,
    ...(more && last !== undefined
      ? { LastEvaluatedKey: writeItem({ ...keyOf(table, last), ...indexKey(last, keys, index) }) }
      : {}),
    ...consumed(input.ReturnConsumedCapacity, table, readUnits(bytes, input.ConsistentRead), index),
  };
}

function indexKey(item: Item, { hash, range }: KeyNames, index: IndexRecord | undefined): Item {
  if (index === undefined) return {};
  return { [hash]: item[hash]!, ...(range === undefined ? {} : { [range]: item[range]! }) };
}
