import { describe, expect, it } from 'vitest';
import { createTestBench, TEST_ACCOUNT } from '../../gateway/testing.ts';
import { sqsService } from './index.ts';

const url = (name: string): string => `http://127.0.0.1:4566/${TEST_ACCOUNT}/${name}`;

describe('CreateQueue', () => {
  it('answers the URL on our own endpoint, again for the same attributes', async () => {
    const bench = createTestBench([sqsService]);
    const first = await bench.call('sqs', 'CreateQueue', { QueueName: 'q', Attributes: { DelaySeconds: '5' } });
    expect(first).toEqual({ QueueUrl: url('q') });
    expect(await bench.call('sqs', 'CreateQueue', { QueueName: 'q' })).toEqual(first);
    expect(await bench.call('sqs', 'CreateQueue', { QueueName: 'q', Attributes: { DelaySeconds: '05' } })).toEqual(
      first,
    );
  });

  it('refuses the same name with another value', async () => {
    const bench = createTestBench([sqsService]);
    await bench.call('sqs', 'CreateQueue', { QueueName: 'q' });
    const error = await bench.refused(
      bench.call('sqs', 'CreateQueue', { QueueName: 'q', Attributes: { VisibilityTimeout: '31' } }),
    );
    expect(error).toMatchObject({
      code: 'QueueNameExists',
      message: 'A queue already exists with the same name and a different value for attribute VisibilityTimeout',
    });
  });

  it.each([
    [{ VisibilityTimeout: '43201' }, 'InvalidAttributeValue', 'Invalid value for the parameter VisibilityTimeout.'],
    [{ DelaySeconds: '-1' }, 'InvalidAttributeValue', 'Invalid value for the parameter DelaySeconds.'],
    [{ MaximumMessageSize: '1023' }, 'InvalidAttributeValue', 'Invalid value for the parameter MaximumMessageSize.'],
    [{ Policy: '{"Statement":1}' }, 'InvalidAttributeValue', 'Invalid value for the parameter Policy.'],
    [{ Colour: 'red' }, 'InvalidAttributeName', 'Unknown Attribute Colour.'],
    [{ ContentBasedDeduplication: 'true' }, 'InvalidAttributeName', 'Unknown Attribute ContentBasedDeduplication.'],
    [{ FifoQueue: 'false' }, 'InvalidAttributeName', 'Unknown Attribute FifoQueue.'],
  ])('refuses %j', async (Attributes, code, message) => {
    const bench = createTestBench([sqsService]);
    const error = await bench.refused(bench.call('sqs', 'CreateQueue', { QueueName: 'q', Attributes }));
    expect(error).toMatchObject({ code, message });
    expect(await bench.call('sqs', 'ListQueues', {})).toEqual({});
  });

  it.each([
    ['a b', {}],
    ['x'.repeat(81), {}],
    ['q.fifo', {}],
    ['q', { FifoQueue: 'true' }],
  ])('refuses the name %s with %j', async (QueueName, Attributes) => {
    const bench = createTestBench([sqsService]);
    const error = await bench.refused(bench.call('sqs', 'CreateQueue', { QueueName, Attributes }));
    expect(error.code).toBe('InvalidParameterValue');
  });

  it('asks for sqs:TagQueue too when it tags', async () => {
    const bench = createTestBench([sqsService]);
    const as = bench.roleSession('maker', [
      { Version: '2012-10-17', Statement: { Effect: 'Allow', Action: 'sqs:CreateQueue', Resource: '*' } },
    ]);
    await bench.call('sqs', 'CreateQueue', { QueueName: 'plain' }, { as });
    const error = await bench.refused(bench.call('sqs', 'CreateQueue', { QueueName: 'q', tags: { a: 'b' } }, { as }));
    expect(error.code).toBe('AccessDenied');
    expect(
      bench
        .trail()
        .at(-1)
        ?.checks.map(({ action, effect }) => [action, effect]),
    ).toEqual([
      ['sqs:CreateQueue', 'Allowed'],
      ['sqs:TagQueue', 'ImplicitlyDenied'],
    ]);
  });
});

describe('attributes', () => {
  it('shows defaults and counts', async () => {
    const bench = createTestBench([sqsService]);
    await bench.call('sqs', 'CreateQueue', { QueueName: 'q' });
    const QueueUrl = url('q');
    await bench.call('sqs', 'SendMessage', { QueueUrl, MessageBody: 'a' });
    await bench.call('sqs', 'SendMessage', { QueueUrl, MessageBody: 'b', DelaySeconds: 10 });
    await bench.call('sqs', 'SendMessage', { QueueUrl, MessageBody: 'c' });
    await bench.call('sqs', 'ReceiveMessage', { QueueUrl });
    const { Attributes } = await bench.call('sqs', 'GetQueueAttributes', { QueueUrl, AttributeNames: ['All'] });
    expect(Attributes).toEqual({
      QueueArn: `arn:aws:sqs:eu-west-1:${TEST_ACCOUNT}:q`,
      ApproximateNumberOfMessages: '1',
      ApproximateNumberOfMessagesNotVisible: '1',
      ApproximateNumberOfMessagesDelayed: '1',
      CreatedTimestamp: String(bench.clock.now() / 1000),
      LastModifiedTimestamp: String(bench.clock.now() / 1000),
      VisibilityTimeout: '30',
      MaximumMessageSize: '1048576',
      MessageRetentionPeriod: '345600',
      DelaySeconds: '0',
      ReceiveMessageWaitTimeSeconds: '0',
      SqsManagedSseEnabled: 'true',
    });
    expect(await bench.call('sqs', 'GetQueueAttributes', { QueueUrl })).toEqual({});
  });

  it('changes and removes them', async () => {
    const bench = createTestBench([sqsService]);
    await bench.call('sqs', 'CreateQueue', { QueueName: 'q', Attributes: { KmsMasterKeyId: 'alias/k' } });
    const QueueUrl = url('q');
    const AttributeNames = ['KmsMasterKeyId', 'KmsDataKeyReusePeriodSeconds', 'SqsManagedSseEnabled'] as const;
    expect((await bench.call('sqs', 'GetQueueAttributes', { QueueUrl, AttributeNames })).Attributes).toEqual({
      KmsMasterKeyId: 'alias/k',
      KmsDataKeyReusePeriodSeconds: '300',
      SqsManagedSseEnabled: 'false',
    });
    const both = await bench.refused(
      bench.call('sqs', 'SetQueueAttributes', { QueueUrl, Attributes: { SqsManagedSseEnabled: 'true' } }),
    );
    expect(both.code).toBe('InvalidAttributeName');
    await bench.call('sqs', 'SetQueueAttributes', { QueueUrl, Attributes: { KmsMasterKeyId: '' } });
    expect((await bench.call('sqs', 'GetQueueAttributes', { QueueUrl, AttributeNames })).Attributes).toEqual({
      SqsManagedSseEnabled: 'false',
    });
  });

  it.each([
    ['not json', 'Redrive policy is not a valid JSON map.'],
    ['{"maxReceiveCount":3}', 'Redrive policy does not contain mandatory attribute: deadLetterTargetArn.'],
    ['{"deadLetterTargetArn": "dummy", "maxReceiveCount": 42}', 'Invalid value for deadLetterTargetArn.'],
    [
      '{"deadLetterTargetArn":"arn:aws:sqs:eu-west-1:000000000000:none","maxReceiveCount":3}',
      'Dead letter target does not exist.',
    ],
    [
      '{"deadLetterTargetArn":"arn:aws:sqs:eu-west-1:000000000000:none","maxReceiveCount":0}',
      'Invalid value for maxReceiveCount: 0, valid values are from 1 to 1000 both inclusive.',
    ],
  ])('refuses the redrive policy %s', async (RedrivePolicy, reason) => {
    const bench = createTestBench([sqsService]);
    const error = await bench.refused(
      bench.call('sqs', 'CreateQueue', { QueueName: 'q', Attributes: { RedrivePolicy } }),
    );
    expect(error.message).toBe(`Value ${RedrivePolicy} for parameter RedrivePolicy is invalid. Reason: ${reason}`);
  });

  it('honours RedriveAllowPolicy and lists the sources', async () => {
    const bench = createTestBench([sqsService]);
    await bench.call('sqs', 'CreateQueue', { QueueName: 'dead' });
    const RedrivePolicy = JSON.stringify({
      deadLetterTargetArn: `arn:aws:sqs:eu-west-1:${TEST_ACCOUNT}:dead`,
      maxReceiveCount: '2',
    });
    const set = (RedriveAllowPolicy: string) =>
      bench.call('sqs', 'SetQueueAttributes', { QueueUrl: url('dead'), Attributes: { RedriveAllowPolicy } });
    await set('{"redrivePermission":"denyAll"}');
    const create = () => bench.call('sqs', 'CreateQueue', { QueueName: 'q', Attributes: { RedrivePolicy } });
    expect((await bench.refused(create())).code).toBe('InvalidParameterValue');
    await set(`{"redrivePermission":"byQueue","sourceQueueArns":["arn:aws:sqs:eu-west-1:${TEST_ACCOUNT}:q"]}`);
    await create();
    const sources = await bench.call('sqs', 'ListDeadLetterSourceQueues', { QueueUrl: url('dead') });
    expect(sources).toEqual({ queueUrls: [url('q')] });
  });
});

describe('queues', () => {
  it('are found by any form of their URL', async () => {
    const bench = createTestBench([sqsService]);
    await bench.call('sqs', 'CreateQueue', { QueueName: 'q' });
    for (const QueueUrl of [
      url('q'),
      `https://sqs.eu-west-1.amazonaws.com/${TEST_ACCOUNT}/q`,
      `https://eu-west-1.queue.amazonaws.com/${TEST_ACCOUNT}/q`,
      `/${TEST_ACCOUNT}/q`,
    ]) {
      expect(await bench.call('sqs', 'ListQueueTags', { QueueUrl })).toEqual({});
    }
    for (const QueueUrl of ['q', `https://sqs.us-east-1.amazonaws.com/${TEST_ACCOUNT}/q`]) {
      const error = await bench.refused(bench.call('sqs', 'ListQueueTags', { QueueUrl }));
      expect(error).toMatchObject({
        code: 'InvalidAddress',
        message: `The address ${QueueUrl} is not valid for this endpoint.`,
      });
    }
  });

  it('are listed in pages', async () => {
    const bench = createTestBench([sqsService]);
    for (const QueueName of ['a1', 'a2', 'a3', 'b1']) await bench.call('sqs', 'CreateQueue', { QueueName });
    const first = await bench.call('sqs', 'ListQueues', { QueueNamePrefix: 'a', MaxResults: 2 });
    expect(first.QueueUrls).toEqual([url('a1'), url('a2')]);
    const second = await bench.call('sqs', 'ListQueues', {
      QueueNamePrefix: 'a',
      MaxResults: 2,
      NextToken: first.NextToken,
    });
    expect(second).toEqual({ QueueUrls: [url('a3')] });
    const error = await bench.refused(bench.call('sqs', 'ListQueues', { MaxResults: 2, NextToken: 'nonsense' }));
    expect(error.code).toBe('InvalidParameterValue');
  });

  it('do not exist after DeleteQueue, and a new one of the name is empty', async () => {
    const bench = createTestBench([sqsService]);
    const { QueueUrl = '' } = await bench.call('sqs', 'CreateQueue', { QueueName: 'q' });
    await bench.call('sqs', 'SendMessage', { QueueUrl, MessageBody: 'a' });
    await bench.call('sqs', 'DeleteQueue', { QueueUrl });
    const error = await bench.refused(bench.call('sqs', 'GetQueueUrl', { QueueName: 'q' }));
    expect(error).toMatchObject({ code: 'QueueDoesNotExist', message: 'The specified queue does not exist.' });
    await bench.call('sqs', 'CreateQueue', { QueueName: 'q' });
    expect(await bench.call('sqs', 'ReceiveMessage', { QueueUrl })).toEqual({});
  });

  it('are refused to strangers before they are looked for', async () => {
    const bench = createTestBench([sqsService]);
    const as = bench.roleSession('nobody', []);
    const error = await bench.refused(
      bench.call('sqs', 'SendMessage', { QueueUrl: url('none'), MessageBody: 'a' }, { as }),
    );
    expect(error.code).toBe('AccessDenied');
  });
});

describe('tags', () => {
  it('are put, shown and taken away', async () => {
    const bench = createTestBench([sqsService]);
    const { QueueUrl = '' } = await bench.call('sqs', 'CreateQueue', { QueueName: 'q', tags: { a: '1' } });
    await bench.call('sqs', 'TagQueue', { QueueUrl, Tags: { b: '2', a: '3' } });
    expect(await bench.call('sqs', 'ListQueueTags', { QueueUrl })).toEqual({ Tags: { a: '3', b: '2' } });
    await bench.call('sqs', 'UntagQueue', { QueueUrl, TagKeys: ['a', 'x'] });
    expect(await bench.call('sqs', 'ListQueueTags', { QueueUrl })).toEqual({ Tags: { b: '2' } });
    const error = await bench.refused(bench.call('sqs', 'TagQueue', { QueueUrl, Tags: { 'aws:x': '2' } }));
    expect(error.code).toBe('InvalidParameterValue');
  });

  it('decide for conditions on aws:ResourceTag', async () => {
    const bench = createTestBench([sqsService]);
    const { QueueUrl = '' } = await bench.call('sqs', 'CreateQueue', { QueueName: 'q', tags: { team: 'orders' } });
    const document = (team: string) => ({
      Version: '2012-10-17',
      Statement: {
        Effect: 'Allow',
        Action: 'sqs:SendMessage',
        Resource: '*',
        Condition: { StringEquals: { 'aws:ResourceTag/team': team } },
      },
    });
    const input = { QueueUrl, MessageBody: 'a' };
    await bench.call('sqs', 'SendMessage', input, { as: bench.roleSession('one', [document('orders')]) });
    const as = bench.roleSession('two', [document('billing')]);
    expect((await bench.refused(bench.call('sqs', 'SendMessage', input, { as }))).code).toBe('AccessDenied');
  });
});

describe('permissions', () => {
  it('grow and shrink the policy', async () => {
    const bench = createTestBench([sqsService]);
    const { QueueUrl = '' } = await bench.call('sqs', 'CreateQueue', { QueueName: 'q' });
    const add = { QueueUrl, Label: 'other', AWSAccountIds: ['111111111111'], Actions: ['ReceiveMessage'] };
    await bench.call('sqs', 'AddPermission', add);
    const { Attributes } = await bench.call('sqs', 'GetQueueAttributes', { QueueUrl, AttributeNames: ['Policy'] });
    const QueueArn = `arn:aws:sqs:eu-west-1:${TEST_ACCOUNT}:q`;
    expect(JSON.parse(Attributes?.Policy ?? '')).toEqual({
      Version: '2008-10-17',
      Id: `${QueueArn}/SQSDefaultPolicy`,
      Statement: [
        {
          Sid: 'other',
          Effect: 'Allow',
          Principal: { AWS: 'arn:aws:iam::111111111111:root' },
          Action: 'SQS:ReceiveMessage',
          Resource: QueueArn,
        },
      ],
    });
    expect((await bench.refused(bench.call('sqs', 'AddPermission', add))).message).toBe(
      'Value other for parameter Label is invalid. Reason: Already exists.',
    );
    await bench.call('sqs', 'RemovePermission', { QueueUrl, Label: 'other' });
    expect(await bench.call('sqs', 'GetQueueAttributes', { QueueUrl, AttributeNames: ['Policy'] })).toEqual({});
    expect((await bench.refused(bench.call('sqs', 'RemovePermission', { QueueUrl, Label: 'other' }))).message).toBe(
      "Value other for parameter Label is invalid. Reason: can't find label.",
    );
  });

  it('let another account in where both sides allow', async () => {
    const bench = createTestBench([sqsService]);
    const { QueueUrl = '' } = await bench.call('sqs', 'CreateQueue', { QueueName: 'q' });
    const all = { Version: '2012-10-17', Statement: { Effect: 'Allow', Action: 'sqs:*', Resource: '*' } };
    const as = bench.roleSession('theirs', [all], { account: '111111111111' });
    const input = { QueueUrl, MessageBody: 'a' };
    expect((await bench.refused(bench.call('sqs', 'SendMessage', input, { as }))).code).toBe('AccessDenied');
    await bench.call('sqs', 'AddPermission', {
      QueueUrl,
      Label: 'l',
      AWSAccountIds: ['111111111111'],
      Actions: ['*'],
    });
    await bench.call('sqs', 'SendMessage', input, { as });
    // Not even `*` gives another account what only the owner may do.
    expect((await bench.refused(bench.call('sqs', 'DeleteQueue', { QueueUrl }, { as }))).code).toBe('AccessDenied');
    const url = await bench.call(
      'sqs',
      'GetQueueUrl',
      { QueueName: 'q', QueueOwnerAWSAccountId: TEST_ACCOUNT },
      { as },
    );
    expect(url).toEqual({ QueueUrl });
  });

  it('has room for seven actions', async () => {
    const bench = createTestBench([sqsService]);
    const { QueueUrl = '' } = await bench.call('sqs', 'CreateQueue', { QueueName: 'q' });
    const Actions = Array.from({ length: 8 }, () => 'SendMessage');
    const call = bench.call('sqs', 'AddPermission', { QueueUrl, Label: 'l', AWSAccountIds: ['111111111111'], Actions });
    expect(await bench.refused(call)).toMatchObject({
      code: 'OverLimit',
      message: '8 Actions were found, maximum allowed is 7.',
    });
  });

  it('refuses what only the owner may do', async () => {
    const bench = createTestBench([sqsService]);
    const { QueueUrl = '' } = await bench.call('sqs', 'CreateQueue', { QueueName: 'q' });
    const error = await bench.refused(
      bench.call('sqs', 'AddPermission', {
        QueueUrl,
        Label: 'l',
        AWSAccountIds: ['111111111111'],
        Actions: ['DeleteQueue'],
      }),
    );
    expect(error.message).toBe(
      'Value SQS:DeleteQueue for parameter ActionName is invalid. Reason: Only the queue owner is allowed to invoke this action.',
    );
  });
});
