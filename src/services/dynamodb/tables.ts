import { operation } from '../../gateway/operation.ts';
import type { Read } from '../../store/collections.ts';
import type { TableDescription, TableStatus } from '../../wire/generated/types/dynamodb.ts';
import { notSupported, refuseMembers, tableInUse, validation } from './errors.ts';
import { items, regional, type TableRecord, type Throughput, tableArn, tables } from './records.ts';
import { readSchema } from './table-schema.ts';
import { tagsOf } from './tags.ts';
import { existingTable, onTable, tableCheck, targetTable } from './target.ts';
import { sizeOfItem } from './values.ts';

export function describeTable(read: Read, table: TableRecord, status: TableStatus): TableDescription {
  const count = read.count(items, table.id);
  const size = read.list(items, table.id).reduce((sum, item) => sum + sizeOfItem(item), 0);
  const shownIndex = (index: TableRecord['indexes'][number]) => ({
    IndexName: index.name,
    KeySchema: index.keySchema,
    Projection: index.projection,
    IndexArn: `${tableArn(table)}/index/${index.name}`,
    IndexSizeBytes: 0,
    ItemCount: 0,
  });
  const local = table.indexes.filter(({ global }) => !global).map(shownIndex);
  const global = table.indexes
    .filter((index) => index.global)
    .map((index) => ({
      ...shownIndex(index),
      IndexStatus:
        status === 'DELETING'
          ? ('DELETING' as const)
          : status === 'CREATING'
            ? ('CREATING' as const)
            : ('ACTIVE' as const),
      ProvisionedThroughput: shownThroughput(index.throughput),
    }));
  return {
    AttributeDefinitions: table.attributes,
    TableName: table.name,
    KeySchema: table.keySchema,
    TableStatus: status,
    CreationDateTime: table.createdAt,
    ProvisionedThroughput: shownThroughput(table.throughput),
    TableSizeBytes: size,
    ItemCount: count,
    TableArn: tableArn(table),
    TableId: table.id,
    ...(table.billingMode === 'PROVISIONED'
      ? {}
      : { BillingModeSummary: { BillingMode: table.billingMode, LastUpdateToPayPerRequestDateTime: table.createdAt } }),
    ...(local.length === 0 ? {} : { LocalSecondaryIndexes: local }),
    ...(global.length === 0 ? {} : { GlobalSecondaryIndexes: global }),
    ...(table.tableClass === undefined ? {} : { TableClassSummary: { TableClass: table.tableClass } }),
    DeletionProtectionEnabled: false,
  };
}

function shownThroughput(
  { ReadCapacityUnits, WriteCapacityUnits }: Throughput = { ReadCapacityUnits: 0, WriteCapacityUnits: 0 },
) {
  return { NumberOfDecreasesToday: 0, ReadCapacityUnits, WriteCapacityUnits };
}

export const CreateTable = operation('dynamodb', 'CreateTable', {
  resolve: targetTable,
  authorize: (context) => {
    const requestTags = tagsOf(context.input.Tags ?? []);
    const check = { ...tableCheck('CreateTable', context), requestTags };
    // Source: DynamoDB Developer Guide, tagging: tags at creation need dynamodb:TagResource too.
    return Object.keys(requestTags).length === 0 ? [check] : [check, { ...check, action: 'dynamodb:TagResource' }];
  },
  handle: ({ input, address, table: found, tx, now, ids }) => {
    refuseMembers('CreateTable', input, [
      'WarmThroughput',
      'OnDemandThroughput',
      'ResourcePolicy',
      'GlobalTableSourceArn',
      'GlobalTableSettingsReplicationMode',
      'VectorIndexes',
    ]);
    if (input.StreamSpecification?.StreamEnabled === true) throw notSupported('StreamSpecification', 'CreateTable');
    if (input.SSESpecification?.Enabled === true) throw notSupported('SSESpecification', 'CreateTable');
    if (input.DeletionProtectionEnabled === true) throw notSupported('DeletionProtectionEnabled', 'CreateTable');
    const schema = readSchema(input);
    if (found !== undefined) throw tableInUse(address.name);
    const table: TableRecord = {
      ...address,
      id: ids.uuid(),
      createdAt: now,
      ...schema,
      ...(input.TableClass === undefined ? {} : { tableClass: input.TableClass }),
      tags: tagsOf(input.Tags ?? []),
    };
    tx.put(tables, regional(table.account, table.region), table.name, table);
    // The table is there at once; the answer says what AWS's says, and clients wait for ACTIVE.
    return { TableDescription: describeTable(tx, table, 'CREATING') };
  },
});

export const DescribeTable = operation('dynamodb', 'DescribeTable', {
  resolve: targetTable,
  authorize: onTable('DescribeTable'),
  handle: (context) => ({ Table: describeTable(context.tx, existingTable(context), 'ACTIVE') }),
});

export const DeleteTable = operation('dynamodb', 'DeleteTable', {
  resolve: targetTable,
  authorize: onTable('DeleteTable'),
  handle: (context) => {
    const table = existingTable(context);
    const TableDescription = describeTable(context.tx, table, 'DELETING');
    context.tx.clear(items, table.id);
    context.tx.delete(tables, regional(table.account, table.region), table.name);
    return { TableDescription };
  },
});

const MOST_NAMES = 100;

export const ListTables = operation('dynamodb', 'ListTables', {
  authorize: () => [{ action: 'dynamodb:ListTables', resource: '*' }],
  handle: ({ input, account, region, tx }) => {
    const { ExclusiveStartTableName: after, Limit = MOST_NAMES } = input;
    if (Limit < 1 || Limit > MOST_NAMES) throw validation(`Limit must be between 1 and ${MOST_NAMES}`);
    const names = tx
      .list(tables, regional(account, region))
      .map(({ name }) => name)
      .filter((name) => after === undefined || name > after);
    const page = names.slice(0, Limit);
    const last = page.at(-1);
    return {
      TableNames: page,
      ...(names.length > Limit && last !== undefined ? { LastEvaluatedTableName: last } : {}),
    };
  },
});
