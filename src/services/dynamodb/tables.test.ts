import { describe, expect, it } from 'vitest';
import { createTestBench, TEST_ACCOUNT, TEST_REGION } from '../../gateway/testing.ts';
import { dynamodbService } from './index.ts';

const TableName = 'orders';
const TableArn = `arn:aws:dynamodb:${TEST_REGION}:${TEST_ACCOUNT}:table/orders`;
const simple = {
  TableName,
  AttributeDefinitions: [{ AttributeName: 'id', AttributeType: 'S' }],
  KeySchema: [{ AttributeName: 'id', KeyType: 'HASH' }],
  BillingMode: 'PAY_PER_REQUEST',
} as const;

describe('tables', () => {
  it('are made, described, listed and deleted', async () => {
    const bench = createTestBench([dynamodbService]);
    const { TableDescription } = await bench.call('dynamodb', 'CreateTable', simple);
    expect(TableDescription).toMatchObject({ TableName, TableArn, TableStatus: 'CREATING', ItemCount: 0 });
    const { Table } = await bench.call('dynamodb', 'DescribeTable', { TableName });
    expect(Table).toEqual({ ...TableDescription, TableStatus: 'ACTIVE' });
    expect(await bench.call('dynamodb', 'DescribeTable', { TableName: TableArn })).toEqual({ Table });
    expect(await bench.refused(bench.call('dynamodb', 'CreateTable', simple))).toMatchObject({
      code: 'ResourceInUseException',
      message: 'Table already exists: orders',
    });
    await bench.call('dynamodb', 'CreateTable', { ...simple, TableName: 'zeta' });
    const first = await bench.call('dynamodb', 'ListTables', { Limit: 1 });
    expect(first).toEqual({ TableNames: ['orders'], LastEvaluatedTableName: 'orders' });
    const next = { Limit: 1, ExclusiveStartTableName: first.LastEvaluatedTableName };
    expect(await bench.call('dynamodb', 'ListTables', next)).toEqual({ TableNames: ['zeta'] });
    const deleted = await bench.call('dynamodb', 'DeleteTable', { TableName });
    expect(deleted.TableDescription?.TableStatus).toBe('DELETING');
    expect(await bench.refused(bench.call('dynamodb', 'DescribeTable', { TableName }))).toMatchObject({
      code: 'ResourceNotFoundException',
      message: 'Requested resource not found: Table: orders not found',
    });
  });

  it.each([
    [
      { KeySchema: [{ AttributeName: 'id', KeyType: 'RANGE' }] },
      'Invalid KeySchema: The first KeySchemaElement is not a HASH key type',
    ],
    [
      { KeySchema: [{ AttributeName: 'other', KeyType: 'HASH' }] },
      'One or more parameter values were invalid: Some index key attributes are not defined in AttributeDefinitions. Keys: [other], AttributeDefinitions: [id]',
    ],
    [{ AttributeDefinitions: [] }, 'Invalid KeySchema: Some index key attribute have no definition'],
    [
      {
        AttributeDefinitions: [...simple.AttributeDefinitions, { AttributeName: 'spare', AttributeType: 'S' }],
      },
      'One or more parameter values were invalid: Number of attributes in KeySchema does not exactly match number of attributes defined in AttributeDefinitions',
    ],
    [
      { BillingMode: 'PROVISIONED' },
      'One or more parameter values were invalid: ReadCapacityUnits and WriteCapacityUnits must both be specified when BillingMode is PROVISIONED',
    ],
    [
      { ProvisionedThroughput: { ReadCapacityUnits: 1, WriteCapacityUnits: 1 } },
      'One or more parameter values were invalid: Neither ReadCapacityUnits nor WriteCapacityUnits can be specified when BillingMode is PAY_PER_REQUEST',
    ],
    [{ StreamSpecification: { StreamEnabled: true } }, 'Rolecall does not support StreamSpecification of CreateTable.'],
    [{ ResourcePolicy: '{}' }, 'Rolecall does not support ResourcePolicy of CreateTable.'],
  ])('refuses %j', async (more, message) => {
    const bench = createTestBench([dynamodbService]);
    const call = bench.call('dynamodb', 'CreateTable', { ...simple, ...(more as object) });
    expect(await bench.refused(call)).toMatchObject({ code: 'ValidationException', message });
  });

  it('have tags, which conditions see', async () => {
    const bench = createTestBench([dynamodbService]);
    await bench.call('dynamodb', 'CreateTable', { ...simple, Tags: [{ Key: 'team', Value: 'orders' }] });
    await bench.call('dynamodb', 'TagResource', { ResourceArn: TableArn, Tags: [{ Key: 'a', Value: 'b' }] });
    await bench.call('dynamodb', 'UntagResource', { ResourceArn: TableArn, TagKeys: ['a'] });
    expect(await bench.call('dynamodb', 'ListTagsOfResource', { ResourceArn: TableArn })).toEqual({
      Tags: [{ Key: 'team', Value: 'orders' }],
    });
    const as = (team: string) =>
      bench.roleSession(team, [
        {
          Version: '2012-10-17',
          Statement: {
            Effect: 'Allow',
            Action: 'dynamodb:DescribeTable',
            Resource: '*',
            Condition: { StringEquals: { 'aws:ResourceTag/team': team } },
          },
        },
      ]);
    await bench.call('dynamodb', 'DescribeTable', { TableName }, { as: as('orders') });
    const other = bench.call('dynamodb', 'DescribeTable', { TableName }, { as: as('billing') });
    expect((await bench.refused(other)).code).toBe('AccessDeniedException');
  });

  it('tell what Terraform asks', async () => {
    const bench = createTestBench([dynamodbService]);
    await bench.call('dynamodb', 'CreateTable', simple);
    const { ContinuousBackupsDescription } = await bench.call('dynamodb', 'DescribeContinuousBackups', { TableName });
    expect(ContinuousBackupsDescription?.PointInTimeRecoveryDescription?.PointInTimeRecoveryStatus).toBe('DISABLED');
    const ttl = (Enabled: boolean) =>
      bench.call('dynamodb', 'UpdateTimeToLive', {
        TableName,
        TimeToLiveSpecification: { AttributeName: 'expires', Enabled },
      });
    const describeTtl = async () =>
      (await bench.call('dynamodb', 'DescribeTimeToLive', { TableName })).TimeToLiveDescription;
    expect(await describeTtl()).toEqual({ TimeToLiveStatus: 'DISABLED' });
    expect((await bench.refused(ttl(false))).message).toBe('TimeToLive is already disabled');
    await ttl(true);
    expect(await describeTtl()).toEqual({ TimeToLiveStatus: 'ENABLED', AttributeName: 'expires' });
    expect((await bench.refused(ttl(true))).message).toBe('TimeToLive is already enabled');
    await ttl(false);
    expect(await describeTtl()).toEqual({ TimeToLiveStatus: 'DISABLED' });
  });

  it('are the resources of operations that are not served', async () => {
    const bench = createTestBench([dynamodbService]);
    await bench.call('dynamodb', 'CreateTable', simple);
    const asked = async (operation: string, input: object) => {
      await bench.refused(
        bench.call('dynamodb', operation as 'BatchGetItem', input as never, { as: bench.roleSession('none', []) }),
      );
      return bench
        .trail()
        .at(-1)
        ?.checks.map(({ action, resource }) => `${action} ${resource}`);
    };
    expect(await asked('UpdateTable', { TableName })).toEqual([`dynamodb:UpdateTable ${TableArn}`]);
    expect(await asked('PutResourcePolicy', { ResourceArn: TableArn })).toEqual([
      `dynamodb:PutResourcePolicy ${TableArn}`,
    ]);
    expect(await asked('ExecuteStatement', { Statement: 'SELECT * FROM "orders" WHERE id = ?' })).toEqual([
      `dynamodb:PartiQLSelect ${TableArn}`,
    ]);
    const allowed = bench.call('dynamodb', 'UpdateTable', { TableName });
    expect((await bench.refused(allowed)).code).toBe('UnknownOperationException');
  });
});
