import { defineService, type Service } from '../../gateway/service.ts';
import { BatchGetItem, BatchWriteItem } from './batches.ts';
import { DeleteItem, GetItem, PutItem, UpdateItem } from './items.ts';
import { DescribeLimits } from './limits.ts';
import { Query, Scan } from './queries.ts';
import { DescribeContinuousBackups, DescribeTimeToLive, UpdateTimeToLive } from './table-settings.ts';
import { CreateTable, DeleteTable, DescribeTable, ListTables } from './tables.ts';
import { ListTagsOfResource, TagResource, UntagResource } from './tags.ts';
import { TransactGetItems, TransactWriteItems } from './transactions.ts';
import { unservedChecks } from './unserved.ts';

export const dynamodbService: Service = defineService({
  id: 'dynamodb',
  actionPrefix: 'dynamodb',
  eventSource: 'dynamodb.amazonaws.com',
  operations: {
    BatchGetItem,
    BatchWriteItem,
    CreateTable,
    DeleteItem,
    DeleteTable,
    DescribeContinuousBackups,
    DescribeLimits,
    DescribeTable,
    DescribeTimeToLive,
    GetItem,
    ListTables,
    ListTagsOfResource,
    PutItem,
    Query,
    Scan,
    TagResource,
    TransactGetItems,
    TransactWriteItems,
    UntagResource,
    UpdateItem,
    UpdateTimeToLive,
  },
  authorizeUnserved: unservedChecks,
  hiddenInTrail: [
    'Items',
    'Attributes',
    'LastEvaluatedKey',
    'ExclusiveStartKey',
    'Responses',
    'RequestItems',
    'TransactItems',
    'Parameters',
  ],
  dataEvents: [
    'BatchGetItem',
    'BatchWriteItem',
    'DeleteItem',
    'GetItem',
    'PutItem',
    'Query',
    'Scan',
    'TransactGetItems',
    'TransactWriteItems',
    'UpdateItem',
  ],
});
