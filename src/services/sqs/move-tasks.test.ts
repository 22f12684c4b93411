import { beforeEach, describe, expect, it } from 'vitest';
import { createTestBench, TEST_ACCOUNT, type TestBench } from '../../gateway/testing.ts';
import { sqsService } from './index.ts';

let bench: TestBench;
const url = (name: string): string => `http://127.0.0.1:4566/${TEST_ACCOUNT}/${name}`;
const arn = (name: string): string => `arn:aws:sqs:eu-west-1:${TEST_ACCOUNT}:${name}`;

/** `orders` with a dead letter in `dead`. */
beforeEach(async () => {
  bench = createTestBench([sqsService]);
  await bench.call('sqs', 'CreateQueue', { QueueName: 'dead' });
  await bench.call('sqs', 'CreateQueue', { QueueName: 'other' });
  const RedrivePolicy = JSON.stringify({ deadLetterTargetArn: arn('dead'), maxReceiveCount: 1 });
  await bench.call('sqs', 'CreateQueue', {
    QueueName: 'orders',
    Attributes: { RedrivePolicy, VisibilityTimeout: '0' },
  });
  await bench.call('sqs', 'SendMessage', { QueueUrl: url('orders'), MessageBody: 'poison' });
  await bench.call('sqs', 'ReceiveMessage', { QueueUrl: url('orders') });
  await bench.call('sqs', 'ReceiveMessage', { QueueUrl: url('orders') });
});

const start = (input: { SourceArn: string; DestinationArn?: string; MaxNumberOfMessagesPerSecond?: number }) =>
  bench.call('sqs', 'StartMessageMoveTask', input);
const received = async (name: string) =>
  (
    await bench.call('sqs', 'ReceiveMessage', {
      QueueUrl: url(name),
      MessageSystemAttributeNames: ['ApproximateReceiveCount'],
    })
  ).Messages?.map(({ Body, Attributes }) => [Body, Attributes?.ApproximateReceiveCount]);
const listed = () => bench.call('sqs', 'ListMessageMoveTasks', { SourceArn: arn('dead'), MaxResults: 10 });

describe('StartMessageMoveTask', () => {
  it('sends dead letters back to where they came from', async () => {
    await start({ SourceArn: arn('dead') });
    expect(await received('orders')).toEqual([['poison', '1']]);
    expect((await listed()).Results).toEqual([
      {
        Status: 'COMPLETED',
        SourceArn: arn('dead'),
        ApproximateNumberOfMessagesMoved: 1,
        ApproximateNumberOfMessagesToMove: 1,
        StartedTimestamp: bench.clock.now(),
      },
    ]);
  });

  it('sends them to another queue', async () => {
    await start({ SourceArn: arn('dead'), DestinationArn: arn('other') });
    expect(await received('other')).toEqual([['poison', '1']]);
    expect((await listed()).Results).toMatchObject([{ DestinationArn: arn('other') }]);
  });

  it('fails on a message that came from nowhere', async () => {
    await bench.call('sqs', 'SendMessage', { QueueUrl: url('dead'), MessageBody: 'direct' });
    await start({ SourceArn: arn('dead') });
    expect((await listed()).Results).toMatchObject([
      { Status: 'FAILED', FailureReason: 'CouldNotDetermineMessageSource', ApproximateNumberOfMessagesMoved: 1 },
    ]);
    expect(await received('dead')).toEqual([['direct', '1']]);
  });

  it.each([
    [{ SourceArn: arn('none') }, 'ResourceNotFoundException'],
    [{ SourceArn: 'nonsense' }, 'ResourceNotFoundException'],
    [{ SourceArn: arn('other') }, 'InvalidParameterValue'],
    [{ SourceArn: arn('dead'), DestinationArn: arn('none') }, 'ResourceNotFoundException'],
    [{ SourceArn: arn('dead'), MaxNumberOfMessagesPerSecond: 5 }, 'UnsupportedOperation'],
  ])('refuses %j', async (input, code) => {
    expect((await bench.refused(start(input))).code).toBe(code);
  });

  it('needs to receive, delete and send', async () => {
    const as = bench.roleSession('mover', [
      {
        Version: '2012-10-17',
        Statement: [
          { Effect: 'Allow', Action: 'sqs:*', Resource: arn('dead') },
          { Effect: 'Allow', Action: 'sqs:SendMessage', Resource: arn('other') },
        ],
      },
    ]);
    const call = (input: object) =>
      bench.call('sqs', 'StartMessageMoveTask', { SourceArn: arn('dead'), ...input }, { as });
    expect((await bench.refused(call({}))).code).toBe('AccessDenied');
    await call({ DestinationArn: arn('other') });
    expect(
      bench
        .trail()
        .at(-1)
        ?.checks.map(({ action }) => action),
    ).toEqual([
      'sqs:StartMessageMoveTask',
      'sqs:ReceiveMessage',
      'sqs:DeleteMessage',
      'sqs:GetQueueAttributes',
      'sqs:SendMessage',
    ]);
  });
});

describe('CancelMessageMoveTask', () => {
  it('knows handles, and finds none running', async () => {
    const { TaskHandle = '' } = await start({ SourceArn: arn('dead') });
    const cancel = (handle: string) =>
      bench.refused(bench.call('sqs', 'CancelMessageMoveTask', { TaskHandle: handle }));
    expect((await cancel(TaskHandle)).code).toBe('ResourceNotFoundException');
    expect(await cancel('nonsense')).toMatchObject({
      code: 'InvalidParameterValue',
      message: 'Value for parameter TaskHandle is invalid.',
    });
    const unknown = Buffer.from(JSON.stringify({ taskId: 'x', sourceArn: arn('dead') })).toString('base64');
    expect((await cancel(unknown)).message).toBe('Task does not exist.');
    const gone = Buffer.from(JSON.stringify({ taskId: 'x', sourceArn: arn('none') })).toString('base64');
    expect((await cancel(gone)).message).toBe(
      "The resource that you specified for the SourceArn parameter doesn't exist.",
    );
  });
});
