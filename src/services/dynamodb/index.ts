import { defineService, type Service } from '../../gateway/service.ts';
import { DeleteItem, GetItem, PutItem } from './items.ts';
import { Query, Scan } from './queries.ts';
import { DescribeContinuousBackups, DescribeTimeToLive, UpdateTimeToLive } from './table-settings.ts';
import { CreateTable, DeleteTable, DescribeTable, ListTables } from './tables.ts';
import { ListTagsOfResource, TagResource, UntagResource } from './tags.ts';
import { unservedChecks } from './unserved.ts';
import { UpdateItem } from './update-item.ts';

export const dynamodbService: Service = defineService({
  id: 'dynamodb',
  actionPrefix: 'dynamodb',
  eventSource: 'dynamodb.amazonaws.com',
  operations: {
    CreateTable,
    DeleteItem,
    DeleteTable,
    DescribeContinuousBackups,
    DescribeTable,
    DescribeTimeToLive,
    GetItem,
    ListTables,
    ListTagsOfResource,
    PutItem,
    Query,
    Scan,
    TagResource,
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
  dataEvents: ['DeleteItem', 'GetItem', 'PutItem', 'Query', 'Scan', 'UpdateItem'],
});
