import { beforeEach, describe, expect, it } from 'vitest';
import { createTestBench, TEST_ACCOUNT, type TestBench } from '../../gateway/testing.ts';
import { dynamodbService } from './index.ts';

let bench: TestBench;
const key = (id: string) => ({ id: { S: id } });
const item = (id: string, amount: number) => ({ ...key(id), amount: { N: String(amount) } });

beforeEach(async () => {
  bench = createTestBench([dynamodbService]);
  for (const TableName of ['orders', 'stock']) {
    await bench.call('dynamodb', 'CreateTable', {
      TableName,
      AttributeDefinitions: [{ AttributeName: 'id', AttributeType: 'S' }],
      KeySchema: [{ AttributeName: 'id', KeyType: 'HASH' }],
      BillingMode: 'PAY_PER_REQUEST',
    });
  }
  for (const id of ['a', 'b']) {
    await bench.call('dynamodb', 'PutItem', { TableName: 'orders', Item: item(id, 1) });
  }
});

const amounts = async (TableName = 'orders') => {
  const { Items = [] } = await bench.call('dynamodb', 'Scan', { TableName });
  return Object.fromEntries(Items.map(({ id, amount }) => [id?.S, amount?.N]));
};
const allow = (Action: string[], Resource: string[], Condition?: object) => ({
  Version: '2012-10-17',
  Statement: { Effect: 'Allow', Action, Resource, ...(Condition === undefined ? {} : { Condition }) },
});
const arn = (table: string): string => `arn:aws:dynamodb:eu-west-1:${TEST_ACCOUNT}:table/${table}`;

describe('batches', () => {
  it('write and read over tables', async () => {
    const RequestItems = {
      orders: [{ PutRequest: { Item: item('c', 3) } }, { DeleteRequest: { Key: key('a') } }],
      stock: [{ PutRequest: { Item: item('s', 9) } }],
    };
    const written = await bench.call('dynamodb', 'BatchWriteItem', { RequestItems, ReturnConsumedCapacity: 'TOTAL' });
    expect(written).toEqual({
      UnprocessedItems: {},
      ConsumedCapacity: [
        { TableName: 'orders', CapacityUnits: 2 },
        { TableName: 'stock', CapacityUnits: 1 },
      ],
    });
    const { Responses, UnprocessedKeys } = await bench.call('dynamodb', 'BatchGetItem', {
      RequestItems: {
        orders: { Keys: [key('a'), key('b'), key('c')], ProjectionExpression: 'amount' },
        stock: { Keys: [key('s')] },
      },
    });
    expect(Responses).toEqual({ orders: [{ amount: { N: '1' } }, { amount: { N: '3' } }], stock: [item('s', 9)] });
    expect(UnprocessedKeys).toEqual({});
  });

  it('are refused whole', async () => {
    const put = (Item: object) => ({ PutRequest: { Item: Item as ReturnType<typeof item> } });
    const write = (requests: ReturnType<typeof put>[], table = 'orders') =>
      bench.refused(bench.call('dynamodb', 'BatchWriteItem', { RequestItems: { [table]: requests } }));
    expect((await write([put(item('x', 1)), put(item('x', 2))])).message).toBe(
      'Provided list of item keys contains duplicates',
    );
    expect((await write(Array.from({ length: 26 }, (_, index) => put(item(`i${index}`, 1))))).message).toBe(
      'Too many items requested for the BatchWriteItem call',
    );
    expect((await write([put(item('x', 1)), put({ amount: { N: '1' } })])).code).toBe('ValidationException');
    expect((await write([put(item('x', 1))], 'none')).code).toBe('ResourceNotFoundException');
    expect(await amounts()).toEqual({ a: '1', b: '1' });
  });

  it('need the permission for every table and every leading key', async () => {
    const as = bench.roleSession('one', [
      allow(['dynamodb:BatchWriteItem', 'dynamodb:BatchGetItem'], [arn('orders')], {
        'ForAllValues:StringEquals': { 'dynamodb:LeadingKeys': ['a', 'c'] },
      }),
    ]);
    const write = (RequestItems: object) =>
      bench.call('dynamodb', 'BatchWriteItem', { RequestItems: RequestItems as Record<string, []> }, { as });
    await write({ orders: [{ PutRequest: { Item: item('c', 3) } }] });
    const foreign = { orders: [{ PutRequest: { Item: item('a', 3) } }, { DeleteRequest: { Key: key('b') } }] };
    expect((await bench.refused(write(foreign))).code).toBe('AccessDeniedException');
    const both = { orders: [{ DeleteRequest: { Key: key('a') } }], stock: [{ DeleteRequest: { Key: key('a') } }] };
    expect((await bench.refused(write(both))).code).toBe('AccessDeniedException');
    const read = bench.call('dynamodb', 'BatchGetItem', { RequestItems: { orders: { Keys: [key('b')] } } }, { as });
    expect((await bench.refused(read)).code).toBe('AccessDeniedException');
  });
});

describe('transactions', () => {
  const values = { ExpressionAttributeValues: { ':n': { N: '1' } } };
  const take = {
    Update: { TableName: 'orders', Key: key('a'), UpdateExpression: 'SET amount = amount - :n', ...values },
  };
  const give = { Put: { TableName: 'stock', Item: item('s', 1) } };
  const check = (amount: string) => ({
    ConditionCheck: {
      TableName: 'orders',
      Key: key('b'),
      ConditionExpression: 'amount = :n',
      ExpressionAttributeValues: { ':n': { N: amount } },
      ReturnValuesOnConditionCheckFailure: 'ALL_OLD' as const,
    },
  });

  it('write all or nothing', async () => {
    const failed = bench.call('dynamodb', 'TransactWriteItems', { TransactItems: [take, give, check('2')] });
    expect(await bench.refused(failed)).toMatchObject({
      code: 'TransactionCanceledException',
      message:
        'Transaction cancelled, please refer cancellation reasons for specific reasons [None, None, ConditionalCheckFailed]',
      members: {
        CancellationReasons: [
          { Code: 'None' },
          { Code: 'None' },
          { Code: 'ConditionalCheckFailed', Message: 'The conditional request failed', Item: item('b', 1) },
        ],
      },
    });
    expect([await amounts(), await amounts('stock')]).toEqual([{ a: '1', b: '1' }, {}]);
    await bench.call('dynamodb', 'TransactWriteItems', { TransactItems: [take, give, check('1')] });
    expect([await amounts(), await amounts('stock')]).toEqual([{ a: '0', b: '1' }, { s: '1' }]);
  });

  it('are done once for a token', async () => {
    const input = { TransactItems: [take], ClientRequestToken: 'once' };
    await bench.call('dynamodb', 'TransactWriteItems', input);
    await bench.call('dynamodb', 'TransactWriteItems', input);
    expect(await amounts()).toEqual({ a: '0', b: '1' });
    const other = bench.call('dynamodb', 'TransactWriteItems', { ...input, TransactItems: [give] });
    expect((await bench.refused(other)).code).toBe('IdempotentParameterMismatchException');
    bench.clock.advance(10 * 60_000);
    await bench.call('dynamodb', 'TransactWriteItems', input);
    expect(await amounts()).toEqual({ a: '-1', b: '1' });
  });

  it('touch an item once, with one action', async () => {
    const twice = bench.call('dynamodb', 'TransactWriteItems', { TransactItems: [take, take] });
    expect((await bench.refused(twice)).message).toBe(
      'Transaction request cannot include multiple operations on one item',
    );
    const both = bench.call('dynamodb', 'TransactWriteItems', { TransactItems: [{ ...take, ...give }] });
    expect((await bench.refused(both)).message).toBe(
      'TransactItems can only contain one of Check, Put, Update or Delete',
    );
  });

  it('read', async () => {
    const get = (id: string) => ({ Get: { TableName: 'orders', Key: key(id) } });
    const { Responses } = await bench.call('dynamodb', 'TransactGetItems', { TransactItems: [get('b'), get('none')] });
    expect(Responses).toEqual([{ Item: item('b', 1) }, {}]);
  });

  it('need the permission of each action', async () => {
    const as = bench.roleSession('mover', [
      allow(['dynamodb:UpdateItem', 'dynamodb:ConditionCheckItem'], [arn('orders')]),
    ]);
    const call = (TransactItems: (typeof take | typeof give | ReturnType<typeof check>)[]) =>
      bench.call('dynamodb', 'TransactWriteItems', { TransactItems }, { as });
    await call([take, check('1')]);
    expect((await bench.refused(call([take, give]))).code).toBe('AccessDeniedException');
    expect(
      bench
        .trail()
        .at(-1)
        ?.checks.map(({ action, resource }) => `${action} ${resource}`),
    ).toEqual([`dynamodb:UpdateItem ${arn('orders')}`, `dynamodb:PutItem ${arn('stock')}`]);
  });
});
