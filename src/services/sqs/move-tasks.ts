import { AwsError } from '../../core/errors.ts';
import { type HandleContext, operation, type ReadContext } from '../../gateway/operation.ts';
import type { Read } from '../../store/collections.ts';
import { addressOfArn, findQueue, type QueueTarget, queueCheck } from './address.ts';
import { arrivals } from './arrivals.ts';
import { invalidParameter, invalidValue, notSupported } from './errors.ts';
import { isExpired, nextKey } from './message-store.ts';
import { sourcesOf } from './queues.ts';
import { type MessageRecord, type MoveTask, messages, moveTasks, type QueueRecord } from './records.ts';
import { seal, unseal } from './sealing.ts';

const MOST_TASKS = 10;

function sourceGone(parameter: string): AwsError {
  return new AwsError(
    'ResourceNotFoundException',
    `The resource that you specified for the ${parameter} parameter doesn't exist.`,
  );
}

function targetSource({ input, tx }: ReadContext<{ readonly SourceArn: string }>): QueueTarget {
  const address = addressOfArn(input.SourceArn);
  if (address === undefined) throw sourceGone('SourceArn');
  return { address, queue: findQueue(tx, address) };
}

function destinationOf(read: Read, arn: string | undefined): QueueTarget | undefined {
  const address = arn === undefined ? undefined : addressOfArn(arn);
  if (arn !== undefined && address === undefined) throw sourceGone('DestinationArn');
  return address === undefined ? undefined : { address, queue: findQueue(read, address) };
}

export const StartMessageMoveTask = operation('sqs', 'StartMessageMoveTask', {
  resolve: targetSource,
  // Source: SQS Developer Guide, dead-letter queue redrive permissions.
  authorize: (context) => {
    const { input, account, tx, queue } = context;
    const destination = destinationOf(tx, input.DestinationArn);
    const targets =
      destination !== undefined
        ? [destination]
        : queue === undefined
          ? []
          : sourcesOf(tx, queue).map((source): QueueTarget => ({ address: source, queue: source }));
    return [
      ...['StartMessageMoveTask', 'ReceiveMessage', 'DeleteMessage', 'GetQueueAttributes'].map((action) =>
        queueCheck(action, context),
      ),
      ...targets.map((target) => queueCheck('SendMessage', { account, ...target })),
    ];
  },
  handle: (context) => {
    const { input, queue: source, tx, now, ids } = context;
    if (source === undefined) throw sourceGone('SourceArn');
    if (input.MaxNumberOfMessagesPerSecond !== undefined) {
      throw notSupported('MaxNumberOfMessagesPerSecond of StartMessageMoveTask: the messages move at once');
    }
    const destination = destinationOf(tx, input.DestinationArn);
    if (destination !== undefined && destination.queue === undefined) throw sourceGone('DestinationArn');
    if (sourcesOf(tx, source).length === 0) {
      throw invalidParameter('Source queue must be configured as a Dead Letter Queue.');
    }
    const result = moveAll(context, source, destination?.queue);
    const id = ids.uuid();
    tx.put(moveTasks, source.id, `${nextKey(now)}-${id}`, {
      id,
      sourceArn: input.SourceArn,
      ...(input.DestinationArn === undefined ? {} : { destinationArn: input.DestinationArn }),
      startedAt: now,
      ...result,
    });
    return { TaskHandle: handleOf(id, input.SourceArn) };
  },
});

type Result = Pick<MoveTask, 'status' | 'failureReason' | 'moved' | 'toMove'>;

/** Moves what can be received: to the destination, or each message back to the queue that it came from. */
function moveAll(context: HandleContext<unknown>, source: QueueRecord, destination: QueueRecord | undefined): Result {
  const { tx, now } = context;
  const waiting = [...tx.entries(messages, source.id)]
    .map(([, message]) => message)
    .filter((message) => message.visibleAt <= now && !isExpired(source, message, now));
  let moved = 0;
  for (const message of waiting) {
    const target = destination ?? originOf(tx, message);
    if (target === undefined) {
      return { status: 'FAILED', failureReason: 'CouldNotDetermineMessageSource', moved, toMove: waiting.length };
    }
    sendAnew(context, source, target, message);
    moved++;
  }
  return { status: 'COMPLETED', moved, toMove: waiting.length };
}

function originOf(read: Read, { deadLetterSource }: MessageRecord): QueueRecord | undefined {
  const address = deadLetterSource === undefined ? undefined : addressOfArn(deadLetterSource);
  return address === undefined ? undefined : findQueue(read, address);
}

/** Source: SQS Developer Guide: "redriven messages are considered new messages with a new messageID and enqueueTime". */
function sendAnew(context: HandleContext<unknown>, from: QueueRecord, to: QueueRecord, message: MessageRecord): void {
  const { tx, now, ids } = context;
  const [plain] = unseal(context, from.region, [message.content]);
  const [content] = seal(context, to, [plain!]);
  const key = nextKey(now);
  const { traceHeader, senderId, groupId, deduplicationId } = message;
  tx.delete(messages, from.id, message.key);
  tx.put(messages, to.id, key, {
    key,
    id: ids.uuid(),
    content: content!,
    senderId,
    sentAt: now,
    retainedFrom: now,
    visibleAt: now,
    receiveCount: 0,
    ...(traceHeader === undefined ? {} : { traceHeader }),
    ...(groupId === undefined ? {} : { groupId }),
    ...(deduplicationId === undefined ? {} : { deduplicationId, sequenceNumber: key }),
  });
  arrivals.announce(to.id, now);
}

export const ListMessageMoveTasks = operation('sqs', 'ListMessageMoveTasks', {
  resolve: targetSource,
  authorize: (context) => [queueCheck('ListMessageMoveTasks', context)],
  handle: ({ input, queue, tx }) => {
    if (queue === undefined) throw sourceGone('SourceArn');
    const { MaxResults = 1 } = input;
    if (MaxResults < 1 || MaxResults > MOST_TASKS) {
      // unverified: the text.
      throw invalidValue(MaxResults, 'MaxResults', `Must be between 1 and ${MOST_TASKS}, if provided.`);
    }
    const tasks = tx.list(moveTasks, queue.id).slice(-MaxResults).reverse();
    return {
      Results: tasks.map((task) => ({
        Status: task.status,
        SourceArn: task.sourceArn,
        ...(task.destinationArn === undefined ? {} : { DestinationArn: task.destinationArn }),
        ApproximateNumberOfMessagesMoved: task.moved,
        ApproximateNumberOfMessagesToMove: task.toMove,
        ...(task.failureReason === undefined ? {} : { FailureReason: task.failureReason }),
        StartedTimestamp: task.startedAt,
      })),
    };
  },
});

export const CancelMessageMoveTask = operation('sqs', 'CancelMessageMoveTask', {
  resolve: ({ input, tx }) => {
    const { taskId, sourceArn } = readHandle(input.TaskHandle);
    const address = addressOfArn(sourceArn);
    if (address === undefined) throw sourceGone('SourceArn');
    return { address, queue: findQueue(tx, address), taskId };
  },
  authorize: (context) => [queueCheck('CancelMessageMoveTask', context)],
  handle: ({ queue, taskId, tx }) => {
    if (queue === undefined) throw sourceGone('SourceArn');
    const known = queue !== undefined && tx.list(moveTasks, queue.id).some(({ id }) => id === taskId);
    // A task is done when its handle is known. unverified: the text for one that is known.
    throw new AwsError('ResourceNotFoundException', known ? 'Task is not running.' : 'Task does not exist.');
  },
});

function handleOf(taskId: string, sourceArn: string): string {
  return Buffer.from(JSON.stringify({ taskId, sourceArn }), 'utf8').toString('base64');
}

function readHandle(handle: string): { readonly taskId: string; readonly sourceArn: string } {
  try {
    const { taskId, sourceArn } = JSON.parse(Buffer.from(handle, 'base64').toString('utf8')) as Record<string, unknown>;
    if (typeof taskId === 'string' && typeof sourceArn === 'string') return { taskId, sourceArn };
  } catch {
    // Not a handle: refused below.
  }
  throw invalidParameter('Value for parameter TaskHandle is invalid.');
}
