import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createTestBench, TEST_ACCOUNT, type TestBench } from '../../gateway/testing.ts';
import type { AttributeValue } from '../../wire/generated/types/dynamodb.ts';
import { dynamodbService } from './index.ts';
import { addNumbers, canonicalNumber, compareNumbers } from './numbers.ts';

const TableName = 'orders';
type Attributes = Record<string, AttributeValue>;

/** A table with customer (hash), number (range), and an index by state. */
async function withTable(): Promise<TestBench> {
  const bench = createTestBench([dynamodbService]);
  await bench.call('dynamodb', 'CreateTable', {
    TableName,
    AttributeDefinitions: [
      { AttributeName: 'customer', AttributeType: 'S' },
      { AttributeName: 'num', AttributeType: 'N' },
      { AttributeName: 'phase', AttributeType: 'S' },
    ],
    KeySchema: [
      { AttributeName: 'customer', KeyType: 'HASH' },
      { AttributeName: 'num', KeyType: 'RANGE' },
    ],
    GlobalSecondaryIndexes: [
      {
        IndexName: 'by-phase',
        KeySchema: [
          { AttributeName: 'phase', KeyType: 'HASH' },
          { AttributeName: 'num', KeyType: 'RANGE' },
        ],
        Projection: { ProjectionType: 'KEYS_ONLY' },
      },
    ],
    BillingMode: 'PAY_PER_REQUEST',
  });
  return bench;
}

const key = (customer: string, num: number) => ({ customer: { S: customer }, num: { N: String(num) } });
const put = (bench: TestBench, item: Attributes, more: object = {}) =>
  bench.call('dynamodb', 'PutItem', { TableName, Item: item, ...more });
const get = async (bench: TestBench, Key: Attributes, more: object = {}) =>
  (await bench.call('dynamodb', 'GetItem', { TableName, Key, ...more })).Item;

describe('numbers', () => {
  it.each([
    ['1', '1'],
    ['+1.50', '1.5'],
    ['-0', '0'],
    ['1E3', '1000'],
    ['12.5e-3', '0.0125'],
    ['.5', '0.5'],
    ['100', '100'],
  ])('%s is kept as %s', (label, expected) => {
    expect(canonicalNumber(label)).toBe(expected);
  });

  it.each(['', 'x', '1e', '1e126', '1e-131', '1'.repeat(39), '--1', '.'])('%s is none', (label) => {
    expect(() => canonicalNumber(label)).toThrow();
  });

  it('are ordered and added as numbers', () => {
    const number = fc.integer({ min: -1_000_000, max: 1_000_000 });
    fc.assert(
      fc.property(number, number, (a, b) => {
        expect(compareNumbers(String(a), `${b}.0`)).toBe(Math.sign(a - b));
        expect(addNumbers(`${a}e-2`, `${b}e-2`, 1)).toBe(canonicalNumber(`${a + b}e-2`));
        expect(addNumbers(String(a), String(b), -1)).toBe(canonicalNumber(String(a - b)));
      }),
    );
    expect(addNumbers('0.1', '0.2', 1)).toBe('0.3');
  });
});

describe('items', () => {
  it('come back as they were put', async () => {
    const bench = await withTable();
    const item: Attributes = {
      ...key('ann', 1),
      label: { S: '' },
      amount: { N: '12.50' },
      bytes: { B: Buffer.from([0, 255]) },
      yes: { BOOL: false },
      nothing: { NULL: true },
      words: { SS: ['a', 'b'] },
      blobs: { BS: [Buffer.from('x')] },
      deep: { M: { list: { L: [{ N: '1' }, { M: { x: { S: 'y' } } }] } } },
    };
    expect(await put(bench, item)).toEqual({});
    expect(await get(bench, key('ann', 1))).toEqual({ ...item, amount: { N: '12.5' } });
    expect(
      await get(bench, key('ann', 1), {
        ProjectionExpression: 'deep.#l[1].x, yes',
        ExpressionAttributeNames: { '#l': 'list' },
      }),
    ).toEqual({
      deep: { M: { list: { L: [{ M: { x: { S: 'y' } } }] } } },
      yes: { BOOL: false },
    });
    expect(await get(bench, key('ann', 2))).toBeUndefined();
    // 1 and 1.0 are the same key.
    expect(await get(bench, { customer: { S: 'ann' }, num: { N: '1.0' } })).toBeDefined();
  });

  it('give their old values and what they cost', async () => {
    const bench = await withTable();
    await put(bench, { ...key('ann', 1), a: { S: 'old' } });
    const more = { ReturnValues: 'ALL_OLD', ReturnConsumedCapacity: 'TOTAL' };
    expect(await put(bench, { ...key('ann', 1), a: { S: 'new' } }, more)).toEqual({
      Attributes: { ...key('ann', 1), a: { S: 'old' } },
      ConsumedCapacity: { TableName, CapacityUnits: 1 },
    });
    const deleted = await bench.call('dynamodb', 'DeleteItem', {
      TableName,
      Key: key('ann', 1),
      ReturnValues: 'ALL_OLD',
    });
    expect(deleted.Attributes?.a).toEqual({ S: 'new' });
    expect(
      await bench.call('dynamodb', 'DeleteItem', { TableName, Key: key('ann', 1), ReturnValues: 'ALL_OLD' }),
    ).toEqual({});
    const bad = bench.call('dynamodb', 'DeleteItem', { TableName, Key: key('ann', 1), ReturnValues: 'ALL_NEW' });
    expect((await bench.refused(bad)).message).toBe('ReturnValues can only be ALL_OLD or NONE');
  });

  it.each([
    [{ num: { N: '1' } }, 'One or more parameter values were invalid: Missing the key customer in the item'],
    [
      { customer: { N: '1' }, num: { N: '1' } },
      'One or more parameter values were invalid: Type mismatch for key customer expected: S actual: N',
    ],
    [
      { customer: { S: '' }, num: { N: '1' } },
      'One or more parameter values are not valid. The AttributeValue for a key attribute cannot contain an empty string value. Key: customer',
    ],
    [
      { ...key('a', 1), x: {} },
      'Supplied AttributeValue is empty, must contain exactly one of the supported datatypes',
    ],
    [
      { ...key('a', 1), x: { S: 'a', N: '1' } },
      'Supplied AttributeValue has more than one datatypes set, must contain exactly one of the supported datatypes',
    ],
    [
      { ...key('a', 1), x: { SS: ['a', 'a'] } },
      'One or more parameter values were invalid: Input collection [a, a] contains duplicates.',
    ],
    [{ ...key('a', 1), x: { N: 'one' } }, 'The parameter cannot be converted to a numeric value: one'],
    [{ ...key('a', 1), x: { S: 'x'.repeat(400 * 1024) } }, 'Item size has exceeded the maximum allowed size'],
  ])('are refused (%#)', async (item, message) => {
    const bench = await withTable();
    expect(await bench.refused(put(bench, item as Attributes))).toMatchObject({ code: 'ValidationException', message });
  });

  it('are refused with a wrong key, without a table, with old parameters', async () => {
    const bench = await withTable();
    const wrong = await bench.refused(get(bench, { customer: { S: 'ann' } }));
    expect(wrong.message).toBe('The provided key element does not match the schema');
    const nowhere = bench.call('dynamodb', 'GetItem', { TableName: 'none', Key: key('a', 1) });
    expect(await bench.refused(nowhere)).toMatchObject({
      code: 'ResourceNotFoundException',
      message: 'Requested resource not found',
    });
    const old = await bench.refused(put(bench, key('a', 1), { Expected: {} }));
    expect(old.message).toBe('Rolecall does not support Expected of PutItem.');
  });
});

describe('conditions', () => {
  const item = {
    ...key('ann', 1),
    amount: { N: '10' },
    label: { S: 'hello' },
    words: { SS: ['a', 'b'] },
    deep: { M: { list: { L: [{ S: 'x' }] } } },
  };
  const values = {
    ':ten': { N: '10.0' },
    ':nine': { N: '9' },
    ':he': { S: 'he' },
    ':a': { S: 'a' },
    ':x': { S: 'x' },
    ':n': { S: 'N' },
    ':five': { N: '5' },
  };

  it.each([
    ['amount = :ten', true],
    ['amount <> :ten', false],
    ['amount > :nine AND amount <= :ten', true],
    ['amount < :nine OR label = :he', false],
    ['NOT amount < :nine', true],
    ['amount BETWEEN :nine AND :ten', true],
    ['label IN (:he, :a)', false],
    ['begins_with(label, :he)', true],
    ['contains(words, :a)', true],
    ['contains(deep.#l, :x)', true],
    ['deep.#l[0] = :x', true],
    ['attribute_exists(deep.#l[1])', false],
    ['attribute_not_exists(nothing)', true],
    ['attribute_type(amount, :n)', true],
    ['size(label) = :five', true],
    ['nothing = :a', false],
    ['nothing <> :a', true],
    ['amount = label', false],
    ['(amount = :nine OR amount = :ten) AND label <> :a', true],
    ['amount = :nine AND label = :a OR label <> :a', true],
  ])('%s is %s', async (ConditionExpression, expected) => {
    const bench = await withTable();
    await put(bench, item);
    const used = Object.fromEntries(
      Object.entries(values).filter(([name]) => new RegExp(`${name}\\b`).test(ConditionExpression)),
    );
    const call = put(bench, item, {
      ConditionExpression,
      ...(Object.keys(used).length === 0 ? {} : { ExpressionAttributeValues: used }),
      ...(ConditionExpression.includes('#l') ? { ExpressionAttributeNames: { '#l': 'list' } } : {}),
    });
    if (expected) await call;
    else {
      expect(await bench.refused(call)).toMatchObject({
        code: 'ConditionalCheckFailedException',
        message: 'The conditional request failed',
      });
    }
  });

  it('show the item that failed when asked', async () => {
    const bench = await withTable();
    await put(bench, item);
    const call = put(bench, key('ann', 1), {
      ConditionExpression: 'attribute_not_exists(customer)',
      ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
    });
    expect((await bench.refused(call)).members).toEqual({ Item: item });
  });

  it.each([
    ['amount = ', {}, 'Invalid ConditionExpression: Syntax error; token: "<EOF>", near: "= "'],
    ['amount = = :v', {}, 'Invalid ConditionExpression: Syntax error; token: "=", near: "= = :v"'],
    [
      'amount = :w',
      {},
      'Invalid ConditionExpression: An expression attribute value used in expression is not defined; attribute value: :w',
    ],
    [
      '#n = :v',
      {},
      'Invalid ConditionExpression: An expression attribute name used in the document path is not defined; attribute name: #n',
    ],
    ['status = :v', {}, 'Invalid ConditionExpression: Attribute name is a reserved keyword; reserved keyword: status'],
    ['attribute_exists(amount)', {}, 'Value provided in ExpressionAttributeValues unused in expressions: keys: {:v}'],
    ['size_of(amount) = :v', {}, 'Invalid ConditionExpression: Invalid function name; function: size_of'],
    ['  ', {}, 'Invalid ConditionExpression: The expression can not be empty;'],
    [
      undefined,
      {},
      'ExpressionAttributeValues can only be specified when using expressions: ConditionExpression is null',
    ],
  ])('%s is refused', async (ConditionExpression, more, message) => {
    const bench = await withTable();
    const call = put(bench, item, { ConditionExpression, ExpressionAttributeValues: { ':v': { N: '1' } }, ...more });
    expect(await bench.refused(call)).toMatchObject({ code: 'ValidationException', message });
  });
});

describe('UpdateItem', () => {
  const update = (bench: TestBench, UpdateExpression: string, more: object = {}) =>
    bench.call('dynamodb', 'UpdateItem', { TableName, Key: key('ann', 1), UpdateExpression, ...more });

  it('sets, adds, removes and deletes, all from the item as it was', async () => {
    const bench = await withTable();
    await put(bench, {
      ...key('ann', 1),
      a: { N: '1' },
      b: { N: '5' },
      list: { L: [{ S: '0' }, { S: '1' }, { S: '2' }] },
      words: { SS: ['x', 'y'] },
      deep: { M: { old: { S: 'o' } } },
      gone: { S: 'g' },
    });
    const answer = await update(
      bench,
      'SET a = b + :one, b = a, c = if_not_exists(c, :one), #l[7] = :s, deep.fresh = :s, longer = list_append(#l, :l) REMOVE gone ADD summa :one, words :w DELETE tags :w',
      {
        ExpressionAttributeNames: { '#l': 'list' },
        ExpressionAttributeValues: {
          ':one': { N: '1' },
          ':s': { S: 's' },
          ':l': { L: [{ S: '3' }] },
          ':w': { SS: ['y', 'z'] },
        },
        ReturnValues: 'ALL_NEW',
      },
    );
    expect(answer.Attributes).toEqual({
      ...key('ann', 1),
      a: { N: '6' },
      b: { N: '1' },
      c: { N: '1' },
      list: { L: [{ S: '0' }, { S: '1' }, { S: '2' }, { S: 's' }] },
      longer: { L: [{ S: '0' }, { S: '1' }, { S: '2' }, { S: '3' }] },
      words: { SS: ['x', 'y', 'z'] },
      deep: { M: { old: { S: 'o' }, fresh: { S: 's' } } },
      summa: { N: '1' },
    });
    const rest = await update(bench, 'REMOVE #l[0], #l[2] DELETE words :all', {
      ExpressionAttributeNames: { '#l': 'list' },
      ExpressionAttributeValues: { ':all': { SS: ['x', 'y', 'z'] } },
      ReturnValues: 'ALL_NEW',
    });
    expect(rest.Attributes?.list).toEqual({ L: [{ S: '1' }, { S: 's' }] });
    expect(rest.Attributes).not.toHaveProperty('words');
  });

  it('makes the item and returns what changed', async () => {
    const bench = await withTable();
    const more = { ExpressionAttributeValues: { ':v': { N: '1' } }, ReturnValues: 'UPDATED_NEW' };
    expect((await update(bench, 'ADD visits :v', more)).Attributes).toEqual({ visits: { N: '1' } });
    expect((await update(bench, 'ADD visits :v', { ...more, ReturnValues: 'UPDATED_OLD' })).Attributes).toEqual({
      visits: { N: '1' },
    });
    expect(await get(bench, key('ann', 1))).toEqual({ ...key('ann', 1), visits: { N: '2' } });
  });

  it.each([
    [
      'SET customer = :v',
      'One or more parameter values were invalid: Cannot update attribute customer. This attribute is part of the key',
    ],
    [
      'SET a = :v, a = :v',
      'Invalid UpdateExpression: Two document paths overlap with each other; must remove or rewrite one of these paths; path one: [a], path two: [a]',
    ],
    ['SET a = absent, b = :v', 'The provided expression refers to an attribute that does not exist in the item'],
    ['SET a.b = :v', 'The document path provided in the update expression is invalid for update'],
    [
      'SET a = :v SET b = :v',
      'Invalid UpdateExpression: The "SET" section can only be used once in an update expression;',
    ],
    ['SET a = label + :v', 'An operand in the update expression has an incorrect data type'],
    ['CHANGE a = :v', 'Invalid UpdateExpression: Syntax error; token: "CHANGE", near: "CHANGE a"'],
  ])('refuses %s', async (expression, message) => {
    const bench = await withTable();
    await put(bench, { ...key('ann', 1), label: { S: 't' } });
    const call = update(bench, expression, {
      ExpressionAttributeValues: { ':v': { N: '1' } },
      ...(expression.includes('label')
        ? { UpdateExpression: expression.replace('label', '#t'), ExpressionAttributeNames: { '#t': 'label' } }
        : {}),
    });
    expect(await bench.refused(call)).toMatchObject({ code: 'ValidationException', message });
  });
});

describe('Query and Scan', () => {
  async function filled(): Promise<TestBench> {
    const bench = await withTable();
    for (const num of [10, 9, 2, 1]) {
      await put(bench, { ...key('ann', num), phase: { S: num > 5 ? 'open' : 'done' }, even: { BOOL: num % 2 === 0 } });
    }
    await put(bench, { ...key('bob', 5), phase: { S: 'open' } });
    await put(bench, key('bob', 6));
    return bench;
  }
  const query = (bench: TestBench, KeyConditionExpression: string, values: object, more: object = {}) =>
    bench.call('dynamodb', 'Query', {
      TableName,
      KeyConditionExpression,
      ExpressionAttributeValues: values as Attributes,
      ...more,
    });
  const numbers = ({ Items = [] }: { Items?: readonly Attributes[] | undefined }) => Items.map(({ num }) => num?.N);

  it('finds by hash key in order of the range key', async () => {
    const bench = await filled();
    const ann = { ':c': { S: 'ann' } };
    expect(numbers(await query(bench, 'customer = :c', ann))).toEqual(['1', '2', '9', '10']);
    expect(numbers(await query(bench, 'customer = :c', ann, { ScanIndexForward: false }))).toEqual([
      '10',
      '9',
      '2',
      '1',
    ]);
    const between = { ...ann, ':a': { N: '2' }, ':b': { N: '9' } };
    expect(numbers(await query(bench, 'customer = :c AND num BETWEEN :a AND :b', between))).toEqual(['2', '9']);
    expect(numbers(await query(bench, ':b < num AND customer = :c', { ...ann, ':b': { N: '9' } }))).toEqual(['10']);
  });

  it('pages, filters, projects and counts', async () => {
    const bench = await filled();
    const ann = { ':c': { S: 'ann' } };
    const first = await query(bench, 'customer = :c', ann, { Limit: 3 });
    expect(first).toMatchObject({ Count: 3, ScannedCount: 3, LastEvaluatedKey: key('ann', 9) });
    const second = await query(bench, 'customer = :c', ann, { Limit: 3, ExclusiveStartKey: first.LastEvaluatedKey });
    expect(numbers(second)).toEqual(['10']);
    expect(second.LastEvaluatedKey).toBeUndefined();
    const filter = {
      FilterExpression: 'even = :yes',
      ProjectionExpression: '#n',
      ExpressionAttributeNames: { '#n': 'num' },
    };
    const found = await query(bench, 'customer = :c', { ...ann, ':yes': { BOOL: true } }, filter);
    expect(found).toEqual({ Items: [{ num: { N: '2' } }, { num: { N: '10' } }], Count: 2, ScannedCount: 4 });
    expect(await query(bench, 'customer = :c', ann, { Select: 'COUNT' })).toEqual({ Count: 4, ScannedCount: 4 });
  });

  it('goes over an index', async () => {
    const bench = await filled();
    const open = { ':p': { S: 'open' } };
    const more = { IndexName: 'by-phase' };
    const found = await query(bench, 'phase = :p', open, more);
    expect(found.Items).toEqual(
      [key('bob', 5), key('ann', 9), key('ann', 10)].map((one) => ({ ...one, phase: { S: 'open' } })),
    );
    const page = await query(bench, 'phase = :p', open, { ...more, Limit: 1 });
    expect(page.LastEvaluatedKey).toEqual({ ...key('bob', 5), phase: { S: 'open' } });
    const rest = await query(bench, 'phase = :p', open, { ...more, ExclusiveStartKey: page.LastEvaluatedKey });
    expect(numbers(rest)).toEqual(['9', '10']);
    const all = await bench.call('dynamodb', 'Scan', { TableName, ...more });
    expect(all.Count).toBe(5);
    expect((await bench.refused(query(bench, 'phase = :p', open, { ...more, ConsistentRead: true }))).message).toBe(
      'Consistent reads are not supported on global secondary indexes',
    );
    expect((await bench.refused(query(bench, 'phase = :p', open, { IndexName: 'none' }))).message).toBe(
      'The table does not have the specified index: none',
    );
  });

  it.each([
    ['num = :c', 'Query condition missed key schema element: customer'],
    ['customer > :c', 'Query key condition not supported'],
    ['customer = :c OR num = :c', 'Invalid operator used in KeyConditionExpression: OR'],
    ['customer = :c AND phase = :c', 'Query condition missed key schema element: num'],
  ])('refuses %s', async (expression, message) => {
    const bench = await filled();
    const call = query(bench, expression, { ':c': expression.startsWith('num') ? { N: '1' } : { S: 'ann' } });
    expect((await bench.refused(call)).message).toBe(message);
  });

  it('refuses keys in a filter', async () => {
    const bench = await filled();
    const call = query(
      bench,
      'customer = :c',
      { ':c': { S: 'a' }, ':n': { N: '1' } },
      { FilterExpression: 'num = :n' },
    );
    expect((await bench.refused(call)).message).toBe(
      'Filter Expression can only contain non-primary key attributes: Primary key attribute: num',
    );
  });

  it('scans every item once, in pages and in segments', async () => {
    const bench = await filled();
    const seen: (string | undefined)[] = [];
    let ExclusiveStartKey: Attributes | undefined;
    do {
      const page = await bench.call('dynamodb', 'Scan', { TableName, Limit: 2, ExclusiveStartKey });
      seen.push(...numbers(page));
      ExclusiveStartKey = page.LastEvaluatedKey;
    } while (ExclusiveStartKey !== undefined);
    expect(seen.map(Number).sort((a, b) => a - b)).toEqual([1, 2, 5, 6, 9, 10]);
    const segments = await Promise.all(
      [0, 1, 2].map((Segment) => bench.call('dynamodb', 'Scan', { TableName, Segment, TotalSegments: 3 })),
    );
    expect(segments.reduce((sum, { Count = 0 }) => sum + Count, 0)).toBe(6);
    const half = bench.call('dynamodb', 'Scan', { TableName, Segment: 1 });
    expect((await bench.refused(half)).code).toBe('ValidationException');
  });
});

describe('fine-grained access', () => {
  const own = {
    Version: '2012-10-17',
    Statement: {
      Effect: 'Allow',
      Action: ['dynamodb:GetItem', 'dynamodb:Query', 'dynamodb:PutItem', 'dynamodb:Scan'],
      Resource: `arn:aws:dynamodb:eu-west-1:${TEST_ACCOUNT}:table/orders`,
      Condition: {
        'ForAllValues:StringEquals': { 'dynamodb:LeadingKeys': ['ann'] },
        Null: { 'dynamodb:LeadingKeys': 'false' },
      },
    },
  };

  it('by leading key', async () => {
    const bench = await withTable();
    const as = bench.roleSession('ann', [own]);
    const call = (customer: string) => bench.call('dynamodb', 'GetItem', { TableName, Key: key(customer, 1) }, { as });
    await call('ann');
    expect((await bench.refused(call('bob'))).code).toBe('AccessDeniedException');
    const query = (customer: string, names: Record<string, string>) =>
      bench.call(
        'dynamodb',
        'Query',
        {
          TableName,
          KeyConditionExpression: `${Object.keys(names)[0]} = :0`,
          ExpressionAttributeNames: names,
          ExpressionAttributeValues: { ':0': { S: customer } },
        },
        { as },
      );
    await query('ann', { '#0': 'customer' });
    expect((await bench.refused(query('bob', { '#0': 'customer' }))).code).toBe('AccessDeniedException');
    expect((await bench.refused(bench.call('dynamodb', 'Scan', { TableName }, { as }))).code).toBe(
      'AccessDeniedException',
    );
  });

  it('by attribute, whatever placeholder hides it', async () => {
    const bench = await withTable();
    const as = bench.roleSession('reader', [
      {
        Version: '2012-10-17',
        Statement: {
          Effect: 'Allow',
          Action: 'dynamodb:GetItem',
          Resource: '*',
          Condition: { 'ForAllValues:StringEquals': { 'dynamodb:Attributes': ['customer', 'num', 'phase'] } },
        },
      },
    ]);
    const read = (ProjectionExpression: string, ExpressionAttributeNames?: Record<string, string>) =>
      bench.call(
        'dynamodb',
        'GetItem',
        { TableName, Key: key('a', 1), ProjectionExpression, ExpressionAttributeNames },
        { as },
      );
    await read('phase');
    for (const [expression, names] of [
      ['secret', undefined],
      ['#0', { '#0': 'secret' }],
      ['secret.phase', undefined],
      ['phase,secret[0]', undefined],
    ] as const) {
      expect((await bench.refused(read(expression, names))).code).toBe('AccessDeniedException');
    }
  });
});
