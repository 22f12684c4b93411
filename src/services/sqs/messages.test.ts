import { describe, expect, it } from 'vitest';
import { createTestBench, TEST_ACCOUNT, type TestBench } from '../../gateway/testing.ts';
import { sqsService } from './index.ts';

async function withQueue(Attributes: Record<string, string> = {}, QueueName = 'q') {
  const bench = createTestBench([sqsService]);
  const { QueueUrl = '' } = await bench.call('sqs', 'CreateQueue', { QueueName, Attributes });
  return { bench, QueueUrl };
}

async function bodies(bench: TestBench, QueueUrl: string, most = 10): Promise<(string | undefined)[]> {
  const { Messages = [] } = await bench.call('sqs', 'ReceiveMessage', { QueueUrl, MaxNumberOfMessages: most });
  return Messages.map(({ Body }) => Body);
}

describe('SendMessage', () => {
  it('answers the digests that SDKs compare', async () => {
    const { bench, QueueUrl } = await withQueue();
    // Digests recorded from AWS for this body and these attributes.
    const sent = await bench.call('sqs', 'SendMessage', {
      QueueUrl,
      MessageBody: 'msg',
      MessageAttributes: {
        'Help.Me': { DataType: 'String', StringValue: 'Me' },
        Hello: { DataType: 'String', StringValue: 'There' },
        General: { DataType: 'String', StringValue: 'Kenobi' },
      },
    });
    expect(sent).toMatchObject({
      MD5OfMessageBody: '6e2baaf3b97dbeef01c0043275f9a0e7',
      MD5OfMessageAttributes: '4c360f3fdafd970e05fae2f149d997f5',
    });
    const receive = async (MessageAttributeNames: string[]) => {
      const { Messages } = await bench.call('sqs', 'ReceiveMessage', {
        QueueUrl,
        VisibilityTimeout: 0,
        MessageAttributeNames,
      });
      const { MD5OfMessageAttributes, MessageAttributes = {} } = Messages?.[0] ?? {};
      return [MD5OfMessageAttributes, Object.keys(MessageAttributes).sort()];
    };
    expect(await receive([])).toEqual([undefined, []]);
    expect(await receive(['All'])).toEqual(['4c360f3fdafd970e05fae2f149d997f5', ['General', 'Hello', 'Help.Me']]);
    expect(await receive(['Hello', 'General'])).toEqual(['fca026605781cb4126a1e9044df24232', ['General', 'Hello']]);
    expect(await receive(['Hello', 'none'])).toEqual(['a311262e065454b75da111d535b8dacd', ['Hello']]);
    expect(await receive(['Hel.*'])).toEqual(['83fee93c1bcd8b9a5a923ffacdc636c7', ['Hello', 'Help.Me']]);
  });

  it('keeps binary attributes', async () => {
    const { bench, QueueUrl } = await withQueue();
    const BinaryValue = Buffer.from('traceparent\x1e00-774062d6c37081a5a0b9b5b88e30627c-2d2482211f6489da-01');
    await bench.call('sqs', 'SendMessage', {
      QueueUrl,
      MessageBody: 'test',
      MessageAttributes: { attr1: { DataType: 'Binary', BinaryValue } },
    });
    const { Messages } = await bench.call('sqs', 'ReceiveMessage', { QueueUrl, MessageAttributeNames: ['All'] });
    expect(Messages?.[0]).toMatchObject({
      MD5OfMessageAttributes: '8cbe4db156db8a94db8b801b7addb984',
      MessageAttributes: { attr1: { DataType: 'Binary', BinaryValue } },
    });
  });

  it.each([
    [{ MessageBody: '' }, 'MissingParameter', 'The request must contain the parameter MessageBody.'],
    [
      { MessageBody: 'a\0' },
      'InvalidMessageContents',
      "Invalid binary character '#x0' was found in the message body, the set of allowed characters is #x9 | #xA | #xD | #x20 to #xD7FF | #xE000 to #xFFFD | #x10000 to #x10FFFF",
    ],
    [
      { MessageBody: 'a', DelaySeconds: 901 },
      'InvalidParameterValue',
      'Value 901 for parameter DelaySeconds is invalid. Reason: DelaySeconds must be >= 0 and <= 900.',
    ],
    [
      { MessageBody: 'a'.repeat(1025) },
      'InvalidParameterValue',
      'One or more parameters are invalid. Reason: Message must be shorter than 1024 bytes.',
    ],
    [
      { MessageBody: 'a', MessageAttributes: { n: { DataType: 'Number', StringValue: 'x' } } },
      'InvalidParameterValue',
      "Can't cast the value of message (user) attribute 'n' to a number.",
    ],
    [
      { MessageBody: 'a', MessageAttributes: { n: { DataType: 'Object', StringValue: 'x' } } },
      'InvalidParameterValue',
      "The message attribute 'n' has an invalid message attribute type, the set of supported type prefixes is Binary, Number, and String.",
    ],
    [
      { MessageBody: 'a', MessageDeduplicationId: 'x' },
      'InvalidParameterValue',
      'Value x for parameter MessageDeduplicationId is invalid. Reason: The request include parameter that is not valid for this queue type.',
    ],
  ])('refuses %j', async (sending, code, message) => {
    const { bench, QueueUrl } = await withQueue({ MaximumMessageSize: '1024' });
    const error = await bench.refused(bench.call('sqs', 'SendMessage', { QueueUrl, ...sending }));
    expect(error).toMatchObject({ code, message });
    expect(await bodies(bench, QueueUrl)).toEqual([]);
  });

  it('reports each entry of a batch', async () => {
    const { bench, QueueUrl } = await withQueue();
    const answer = await bench.call('sqs', 'SendMessageBatch', {
      QueueUrl,
      Entries: [
        { Id: 'a', MessageBody: 'one' },
        { Id: 'b', MessageBody: '\0' },
        { Id: 'c', MessageBody: 'three' },
      ],
    });
    expect(answer.Successful.map(({ Id }) => Id)).toEqual(['a', 'c']);
    expect(answer.Failed).toMatchObject([{ Id: 'b', SenderFault: true, Code: 'InvalidMessageContents' }]);
    expect(await bodies(bench, QueueUrl)).toEqual(['one', 'three']);
  });

  it.each([
    [[], 'EmptyBatchRequest', 'There should be at least one SendMessageBatchRequestEntry in the request.'],
    [
      Array.from({ length: 11 }, (_, i) => ({ Id: `i${i}`, MessageBody: 'a' })),
      'TooManyEntriesInBatchRequest',
      'Maximum number of entries per request are 10. You have sent 11.',
    ],
    [
      [
        { Id: 'x', MessageBody: 'a' },
        { Id: 'x', MessageBody: 'a' },
      ],
      'BatchEntryIdsNotDistinct',
      'Id x repeated.',
    ],
    [
      [{ Id: 'x:y', MessageBody: 'a' }],
      'InvalidBatchEntryId',
      'A batch entry id can only contain alphanumeric characters, hyphens and underscores. It can be at most 80 letters long.',
    ],
    [
      [
        { Id: 'x', MessageBody: 'a'.repeat(1_048_576) },
        { Id: 'y', MessageBody: 'b' },
      ],
      'BatchRequestTooLong',
      'Batch requests cannot be longer than 1048576 bytes. You have sent 1048577 bytes.',
    ],
  ])('refuses a batch', async (Entries, code, message) => {
    const { bench, QueueUrl } = await withQueue();
    const error = await bench.refused(bench.call('sqs', 'SendMessageBatch', { QueueUrl, Entries }));
    expect(error).toMatchObject({ code, message });
  });

  it('asks for the single action, also in batches', async () => {
    const { bench, QueueUrl } = await withQueue();
    const as = bench.roleSession('sender', [
      {
        Version: '2012-10-17',
        Statement: { Effect: 'Allow', Action: 'sqs:SendMessage', Resource: 'arn:aws:sqs:*:*:q' },
      },
    ]);
    const Entries = [{ Id: 'a', MessageBody: 'one' }];
    await bench.call('sqs', 'SendMessageBatch', { QueueUrl, Entries }, { as });
    expect(bench.trail().at(-1)?.checks).toMatchObject([{ action: 'sqs:SendMessage', effect: 'Allowed' }]);
    expect((await bench.refused(bench.call('sqs', 'ReceiveMessage', { QueueUrl }, { as }))).code).toBe('AccessDenied');
  });
});

describe('ReceiveMessage', () => {
  it('hides what it gives until the visibility timeout', async () => {
    const { bench, QueueUrl } = await withQueue({ VisibilityTimeout: '10' });
    await bench.call('sqs', 'SendMessage', { QueueUrl, MessageBody: 'a' });
    expect(await bodies(bench, QueueUrl)).toEqual(['a']);
    expect(await bodies(bench, QueueUrl)).toEqual([]);
    bench.clock.advance(10_000);
    expect(await bodies(bench, QueueUrl)).toEqual(['a']);
  });

  it('gives the system attributes that are asked for', async () => {
    const { bench, QueueUrl } = await withQueue();
    const as = bench.roleSession('sender', [
      { Version: '2012-10-17', Statement: { Effect: 'Allow', Action: 'sqs:*', Resource: '*' } },
    ]);
    const sentAt = bench.clock.now();
    await bench.call(
      'sqs',
      'SendMessage',
      {
        QueueUrl,
        MessageBody: 'a',
        MessageGroupId: 'tenant-1',
        MessageSystemAttributes: { AWSTraceHeader: { DataType: 'String', StringValue: 'Root=1-5' } },
      },
      { as },
    );
    bench.clock.advance(1000);
    const receive = async (MessageSystemAttributeNames: ('All' | 'SenderId' | 'SentTimestamp')[]) =>
      (await bench.call('sqs', 'ReceiveMessage', { QueueUrl, VisibilityTimeout: 0, MessageSystemAttributeNames }))
        .Messages?.[0]?.Attributes;
    expect(await receive(['SenderId', 'SentTimestamp'])).toEqual({
      SenderId: `${as.roleId}:session`,
      SentTimestamp: String(sentAt),
    });
    expect(await receive(['All'])).toEqual({
      SenderId: `${as.roleId}:session`,
      SentTimestamp: String(sentAt),
      ApproximateReceiveCount: '2',
      ApproximateFirstReceiveTimestamp: String(sentAt + 1000),
      MessageGroupId: 'tenant-1',
      AWSTraceHeader: 'Root=1-5',
    });
  });

  it('forgets messages past their retention', async () => {
    const { bench, QueueUrl } = await withQueue({ MessageRetentionPeriod: '60' });
    await bench.call('sqs', 'SendMessage', { QueueUrl, MessageBody: 'a' });
    bench.clock.advance(59_999);
    expect(await bodies(bench, QueueUrl)).toEqual(['a']);
    bench.clock.advance(60_000);
    expect(await bodies(bench, QueueUrl)).toEqual([]);
  });

  it('waits for a message and is woken by it', async () => {
    const { bench, QueueUrl } = await withQueue({ ReceiveMessageWaitTimeSeconds: '20' });
    const waiting = bench.call('sqs', 'ReceiveMessage', { QueueUrl });
    await bench.call('sqs', 'SendMessage', { QueueUrl, MessageBody: 'at last' });
    expect((await waiting).Messages).toMatchObject([{ Body: 'at last' }]);
  });

  it('gives one message to one of those who wait', async () => {
    const { bench, QueueUrl } = await withQueue();
    const gone = new AbortController();
    const waiting = [1, 2].map(() =>
      bench.call('sqs', 'ReceiveMessage', { QueueUrl, WaitTimeSeconds: 20 }, { abandoned: gone.signal }),
    );
    await bench.call('sqs', 'SendMessage', { QueueUrl, MessageBody: 'once' });
    await Promise.race(waiting);
    gone.abort();
    const answers = await Promise.all(waiting);
    expect(answers.flatMap(({ Messages = [] }) => Messages.map(({ Body }) => Body))).toEqual(['once']);
  });

  it('is told when the queue goes', async () => {
    const { bench, QueueUrl } = await withQueue();
    const waiting = bench.call('sqs', 'ReceiveMessage', { QueueUrl, WaitTimeSeconds: 20 });
    const refused = bench.refused(waiting);
    await bench.call('sqs', 'DeleteQueue', { QueueUrl });
    expect((await refused).code).toBe('QueueDoesNotExist');
  });

  it('takes nothing for a client that has gone', async () => {
    const { bench, QueueUrl } = await withQueue();
    const gone = new AbortController();
    const waiting = bench.call('sqs', 'ReceiveMessage', { QueueUrl, WaitTimeSeconds: 20 }, { abandoned: gone.signal });
    gone.abort();
    expect(await waiting).toEqual({});
    await bench.call('sqs', 'SendMessage', { QueueUrl, MessageBody: 'a' });
    expect(await bodies(bench, QueueUrl)).toEqual(['a']);
  });

  it('moves what was received too often to the dead-letter queue', async () => {
    const { bench, QueueUrl } = await withQueue();
    const dead = await bench.call('sqs', 'CreateQueue', { QueueName: 'dead' });
    const deadLetterTargetArn = `arn:aws:sqs:eu-west-1:${TEST_ACCOUNT}:dead`;
    const RedrivePolicy = JSON.stringify({ deadLetterTargetArn, maxReceiveCount: 2 });
    await bench.call('sqs', 'SetQueueAttributes', { QueueUrl, Attributes: { RedrivePolicy, VisibilityTimeout: '0' } });
    const { MessageId } = await bench.call('sqs', 'SendMessage', { QueueUrl, MessageBody: 'poison' });
    expect(await bodies(bench, QueueUrl)).toEqual(['poison']);
    expect(await bodies(bench, QueueUrl)).toEqual(['poison']);
    expect(await bodies(bench, QueueUrl)).toEqual([]);
    const { Messages } = await bench.call('sqs', 'ReceiveMessage', {
      QueueUrl: dead.QueueUrl ?? '',
      MessageSystemAttributeNames: ['DeadLetterQueueSourceArn', 'ApproximateReceiveCount'],
    });
    expect(Messages).toMatchObject([
      {
        MessageId,
        Body: 'poison',
        Attributes: {
          DeadLetterQueueSourceArn: `arn:aws:sqs:eu-west-1:${TEST_ACCOUNT}:q`,
          ApproximateReceiveCount: '3',
        },
      },
    ]);
  });

  it.each([
    [
      { MaxNumberOfMessages: 11 },
      'Value 11 for parameter MaxNumberOfMessages is invalid. Reason: Must be between 1 and 10, if provided.',
    ],
    [
      { WaitTimeSeconds: 21 },
      'Value 21 for parameter WaitTimeSeconds is invalid. Reason: Must be >= 0 and <= 20, if provided.',
    ],
  ])('refuses %j', async (input, message) => {
    const { bench, QueueUrl } = await withQueue();
    const error = await bench.refused(bench.call('sqs', 'ReceiveMessage', { QueueUrl, ...input }));
    expect(error).toMatchObject({ code: 'InvalidParameterValue', message });
  });
});

describe('receipts', () => {
  const receive = async (bench: TestBench, QueueUrl: string) =>
    (await bench.call('sqs', 'ReceiveMessage', { QueueUrl })).Messages?.[0]?.ReceiptHandle ?? '';

  it('delete their message, also after the timeout, but not once it was received again', async () => {
    const { bench, QueueUrl } = await withQueue({ VisibilityTimeout: '5' });
    await bench.call('sqs', 'SendMessage', { QueueUrl, MessageBody: 'a' });
    const first = await receive(bench, QueueUrl);
    bench.clock.advance(5000);
    const second = await receive(bench, QueueUrl);
    expect(second).not.toBe(first);
    await bench.call('sqs', 'DeleteMessage', { QueueUrl, ReceiptHandle: first });
    bench.clock.advance(5000);
    expect(await receive(bench, QueueUrl)).not.toBe('');
    bench.clock.advance(5000);
    const third = await receive(bench, QueueUrl);
    bench.clock.advance(6000);
    await bench.call('sqs', 'DeleteMessage', { QueueUrl, ReceiptHandle: third });
    expect(await receive(bench, QueueUrl)).toBe('');
    await bench.call('sqs', 'DeleteMessage', { QueueUrl, ReceiptHandle: third });
  });

  it('are refused when they are none, or of another queue', async () => {
    const { bench, QueueUrl } = await withQueue();
    const other = await bench.call('sqs', 'CreateQueue', { QueueName: 'other' });
    await bench.call('sqs', 'SendMessage', { QueueUrl, MessageBody: 'a' });
    const handle = await receive(bench, QueueUrl);
    for (const [target, ReceiptHandle] of [
      [QueueUrl, 'nonsense'],
      [other.QueueUrl ?? '', handle],
    ] as const) {
      const error = await bench.refused(bench.call('sqs', 'DeleteMessage', { QueueUrl: target, ReceiptHandle }));
      expect(error).toMatchObject({
        code: 'ReceiptHandleIsInvalid',
        message: `The input receipt handle "${ReceiptHandle}" is not a valid receipt handle.`,
      });
    }
    const batch = await bench.call('sqs', 'DeleteMessageBatch', {
      QueueUrl,
      Entries: [
        { Id: 'good', ReceiptHandle: handle },
        { Id: 'bad', ReceiptHandle: 'x' },
      ],
    });
    expect(batch).toMatchObject({
      Successful: [{ Id: 'good' }],
      Failed: [{ Id: 'bad', Code: 'ReceiptHandleIsInvalid' }],
    });
  });

  it('change the visibility of a message in flight', async () => {
    const { bench, QueueUrl } = await withQueue();
    await bench.call('sqs', 'SendMessage', { QueueUrl, MessageBody: 'a' });
    const handle = await receive(bench, QueueUrl);
    const change = (VisibilityTimeout: number, ReceiptHandle = handle) =>
      bench.call('sqs', 'ChangeMessageVisibility', { QueueUrl, ReceiptHandle, VisibilityTimeout });
    await change(100);
    bench.clock.advance(50_000);
    expect(await receive(bench, QueueUrl)).toBe('');
    expect((await bench.refused(change(43_200))).message).toBe(
      'Value 43200 for parameter VisibilityTimeout is invalid. Reason: Total VisibilityTimeout for the message is beyond the limit [43200 seconds]',
    );
    await change(0);
    expect((await bench.refused(change(10))).code).toBe('MessageNotInflight');
    const again = await receive(bench, QueueUrl);
    expect(again).not.toBe('');
    expect((await bench.refused(change(10))).code).toBe('InvalidParameterValue');
    const batch = await bench.call('sqs', 'ChangeMessageVisibilityBatch', {
      QueueUrl,
      Entries: [
        { Id: 'new', ReceiptHandle: again, VisibilityTimeout: 0 },
        { Id: 'old', ReceiptHandle: handle, VisibilityTimeout: 0 },
      ],
    });
    expect(batch).toMatchObject({ Successful: [{ Id: 'new' }], Failed: [{ Id: 'old' }] });
    expect(await receive(bench, QueueUrl)).not.toBe('');
  });

  it('wake who waits when they make a message visible', async () => {
    const { bench, QueueUrl } = await withQueue();
    await bench.call('sqs', 'SendMessage', { QueueUrl, MessageBody: 'a' });
    const ReceiptHandle = await receive(bench, QueueUrl);
    const waiting = bench.call('sqs', 'ReceiveMessage', { QueueUrl, WaitTimeSeconds: 20 });
    await bench.call('sqs', 'ChangeMessageVisibility', { QueueUrl, ReceiptHandle, VisibilityTimeout: 0 });
    expect((await waiting).Messages).toHaveLength(1);
  });
});

describe('PurgeQueue', () => {
  it('empties the queue', async () => {
    const { bench, QueueUrl } = await withQueue();
    await bench.call('sqs', 'SendMessage', { QueueUrl, MessageBody: 'a' });
    await bench.call('sqs', 'PurgeQueue', { QueueUrl });
    expect(await bodies(bench, QueueUrl)).toEqual([]);
  });
});

describe('a FIFO queue', () => {
  const fifo = (more: Record<string, string> = {}) => withQueue({ FifoQueue: 'true', ...more }, 'q.fifo');
  const send = (bench: TestBench, QueueUrl: string, MessageBody: string, MessageGroupId: string, id = MessageBody) =>
    bench.call('sqs', 'SendMessage', { QueueUrl, MessageBody, MessageGroupId, MessageDeduplicationId: id });

  it('asks for a group and a deduplication id', async () => {
    const { bench, QueueUrl } = await fifo();
    const none = await bench.refused(bench.call('sqs', 'SendMessage', { QueueUrl, MessageBody: 'a' }));
    expect(none.message).toBe('The request must contain the parameter MessageGroupId.');
    const noId = await bench.refused(
      bench.call('sqs', 'SendMessage', { QueueUrl, MessageBody: 'a', MessageGroupId: 'g' }),
    );
    expect(noId.message).toBe(
      'The queue should either have ContentBasedDeduplication enabled or MessageDeduplicationId provided explicitly',
    );
    const delayed = await bench.refused(
      bench.call('sqs', 'SendMessage', {
        QueueUrl,
        MessageBody: 'a',
        MessageGroupId: 'g',
        MessageDeduplicationId: 'd',
        DelaySeconds: 2,
      }),
    );
    expect(delayed.message).toBe(
      'Value 2 for parameter DelaySeconds is invalid. Reason: The request include parameter that is not valid for this queue type.',
    );
  });

  it('keeps the order within a group and blocks it while a message is in flight', async () => {
    const { bench, QueueUrl } = await fifo();
    for (const [body, group] of ['a1', 'b1', 'a2', 'b2'].map((name) => [name, name.charAt(0)] as const)) {
      await send(bench, QueueUrl, body, group);
    }
    expect(await bodies(bench, QueueUrl, 1)).toEqual(['a1']);
    expect(await bodies(bench, QueueUrl)).toEqual(['b1', 'b2']);
    expect(await bodies(bench, QueueUrl)).toEqual([]);
    bench.clock.advance(30_000);
    expect(await bodies(bench, QueueUrl)).toEqual(['a1', 'b1', 'a2', 'b2']);
  });

  it('accepts a duplicate once in five minutes, whatever became of the first', async () => {
    const { bench, QueueUrl } = await fifo();
    const first = await send(bench, QueueUrl, 'a', 'g', 'same');
    const { Messages } = await bench.call('sqs', 'ReceiveMessage', { QueueUrl });
    await bench.call('sqs', 'DeleteMessage', { QueueUrl, ReceiptHandle: Messages?.[0]?.ReceiptHandle ?? '' });
    const second = await send(bench, QueueUrl, 'b', 'other-group', 'same');
    expect(second.MessageId).toBe(first.MessageId);
    expect(second.SequenceNumber).toBe(first.SequenceNumber);
    expect(await bodies(bench, QueueUrl)).toEqual([]);
    bench.clock.advance(5 * 60_000);
    const third = await send(bench, QueueUrl, 'c', 'g', 'same');
    expect(BigInt(third.SequenceNumber ?? 0)).toBeGreaterThan(BigInt(first.SequenceNumber ?? 0));
    expect(await bodies(bench, QueueUrl)).toEqual(['c']);
  });

  it('tells duplicates by content, and by group, where it is told to', async () => {
    const { bench, QueueUrl } = await fifo({ ContentBasedDeduplication: 'true', DeduplicationScope: 'messageGroup' });
    const sendPlain = (MessageBody: string, MessageGroupId: string) =>
      bench.call('sqs', 'SendMessage', { QueueUrl, MessageBody, MessageGroupId });
    await sendPlain('x', 'a');
    await sendPlain('x', 'a');
    await sendPlain('x', 'b');
    expect(await bodies(bench, QueueUrl)).toEqual(['x', 'x']);
  });

  it('gives the same again for the same ReceiveRequestAttemptId', async () => {
    const { bench, QueueUrl } = await fifo();
    await send(bench, QueueUrl, 'a', 'g');
    const input = { QueueUrl, ReceiveRequestAttemptId: 'attempt' };
    const first = await bench.call('sqs', 'ReceiveMessage', input);
    bench.clock.advance(20_000);
    expect(await bench.call('sqs', 'ReceiveMessage', input)).toEqual(first);
    bench.clock.advance(20_000);
    // The second call began the visibility timeout anew.
    expect(await bodies(bench, QueueUrl)).toEqual([]);
    const ReceiptHandle = first.Messages?.[0]?.ReceiptHandle ?? '';
    await bench.call('sqs', 'DeleteMessage', { QueueUrl, ReceiptHandle });
    expect(await bench.call('sqs', 'ReceiveMessage', input)).toEqual({});
  });

  it('refuses a receipt whose visibility timeout is over', async () => {
    const { bench, QueueUrl } = await fifo({ VisibilityTimeout: '1' });
    await send(bench, QueueUrl, 'a', 'g');
    const { Messages } = await bench.call('sqs', 'ReceiveMessage', { QueueUrl });
    const ReceiptHandle = Messages?.[0]?.ReceiptHandle ?? '';
    bench.clock.advance(1000);
    const error = await bench.refused(bench.call('sqs', 'DeleteMessage', { QueueUrl, ReceiptHandle }));
    expect(error).toMatchObject({
      code: 'InvalidParameterValue',
      message: `Value ${ReceiptHandle} for parameter ReceiptHandle is invalid. Reason: The receipt handle has expired.`,
    });
  });
});
