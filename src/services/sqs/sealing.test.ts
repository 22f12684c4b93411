import { beforeEach, describe, expect, it } from 'vitest';
import { createTestBench, type TestBench } from '../../gateway/testing.ts';
import { kmsService } from '../kms/index.ts';
import { sqsService } from './index.ts';
import { messages } from './records.ts';

let bench: TestBench;
let key: string;
let QueueUrl: string;

beforeEach(async () => {
  bench = createTestBench([kmsService, sqsService]);
  const { KeyMetadata } = await bench.call('kms', 'CreateKey', {});
  key = KeyMetadata?.Arn ?? '';
  const Attributes = { KmsMasterKeyId: KeyMetadata?.KeyId ?? '' };
  QueueUrl = (await bench.call('sqs', 'CreateQueue', { QueueName: 'q', Attributes })).QueueUrl ?? '';
});

const allow = (Action: string | string[], Resource = '*') => ({
  Version: '2012-10-17',
  Statement: { Effect: 'Allow', Action, Resource },
});

describe('a queue with a KMS key', () => {
  it('keeps messages sealed and opens them', async () => {
    const MessageAttributes = { kind: { DataType: 'String', StringValue: 'hushed' } };
    await bench.call('sqs', 'SendMessage', { QueueUrl, MessageBody: 'secret', MessageAttributes });
    const [queueId = ''] = bench.store.partitions(messages);
    const stored = JSON.stringify(bench.store.list(messages, queueId));
    expect(stored).not.toMatch(/secret|hushed/);
    const { Messages } = await bench.call('sqs', 'ReceiveMessage', { QueueUrl, MessageAttributeNames: ['All'] });
    expect(Messages).toMatchObject([{ Body: 'secret', MessageAttributes }]);
  });

  it('calls KMS as the sender and the receiver, through SQS', async () => {
    const as = bench.roleSession('app', [allow(['sqs:*', 'kms:GenerateDataKey', 'kms:Decrypt'])]);
    const Entries = ['a', 'b'].map((Id) => ({ Id, MessageBody: Id }));
    await bench.call('sqs', 'SendMessageBatch', { QueueUrl, Entries }, { as });
    await bench.call('sqs', 'ReceiveMessage', { QueueUrl, MaxNumberOfMessages: 10 }, { as });
    const calls = bench.trail().filter(({ service, principalName }) => service === 'kms' && principalName === 'app');
    expect(calls.map(({ operation, checks }) => [operation, checks[0]?.resource])).toEqual([
      ['GenerateDataKey', key],
      ['Decrypt', key],
      ['Decrypt', key],
    ]);
    expect(calls[0]?.cloudTrail).toMatchObject({
      userIdentity: { invokedBy: 'sqs.amazonaws.com' },
      requestParameters: { encryptionContext: { 'aws:sqs:arn': 'arn:aws:sqs:eu-west-1:000000000000:q' } },
    });
  });

  it('refuses who may not use the key, and keeps the message for others', async () => {
    const as = bench.roleSession('app', [allow('sqs:*')]);
    const error = await bench.refused(bench.call('sqs', 'SendMessage', { QueueUrl, MessageBody: 'x' }, { as }));
    expect(error.code).toBe('KmsAccessDenied');
    expect(error.message).toMatch(
      /^User: arn:aws:sts::000000000000:assumed-role\/app\/session is not authorized to perform: kms:GenerateDataKey on resource: .*\(Service: AWSKMS; Status Code: 400; Error Code: AccessDeniedException; Request ID: .*; Proxy: null\)$/,
    );
    await bench.call('sqs', 'SendMessage', { QueueUrl, MessageBody: 'x' });
    expect((await bench.refused(bench.call('sqs', 'ReceiveMessage', { QueueUrl }, { as }))).code).toBe(
      'KmsAccessDenied',
    );
    expect((await bench.call('sqs', 'ReceiveMessage', { QueueUrl })).Messages).toMatchObject([{ Body: 'x' }]);
  });

  it('refuses while waiting, too', async () => {
    const as = bench.roleSession('app', [allow('sqs:*')]);
    const waiting = bench.refused(bench.call('sqs', 'ReceiveMessage', { QueueUrl, WaitTimeSeconds: 20 }, { as }));
    await bench.call('sqs', 'SendMessage', { QueueUrl, MessageBody: 'x' });
    expect((await waiting).code).toBe('KmsAccessDenied');
    expect((await bench.call('sqs', 'ReceiveMessage', { QueueUrl })).Messages).toMatchObject([{ Body: 'x' }]);
  });

  it('says when the key is gone or disabled', async () => {
    await bench.call('kms', 'DisableKey', { KeyId: key });
    const disabled = await bench.refused(bench.call('sqs', 'SendMessage', { QueueUrl, MessageBody: 'x' }));
    expect(disabled.code).toBe('KmsDisabled');
    const Attributes = { KmsMasterKeyId: 'alias/none' };
    await bench.call('sqs', 'SetQueueAttributes', { QueueUrl, Attributes });
    const gone = await bench.refused(bench.call('sqs', 'SendMessage', { QueueUrl, MessageBody: 'x' }));
    expect(gone.code).toBe('KmsNotFound');
  });

  it('may use the key that AWS manages', async () => {
    await bench.call('sqs', 'SetQueueAttributes', { QueueUrl, Attributes: { KmsMasterKeyId: 'alias/aws/sqs' } });
    const as = bench.roleSession('app', [allow('sqs:*')]);
    await bench.call('sqs', 'SendMessage', { QueueUrl, MessageBody: 'x' }, { as });
    expect((await bench.call('sqs', 'ReceiveMessage', { QueueUrl }, { as })).Messages).toMatchObject([{ Body: 'x' }]);
  });
});
