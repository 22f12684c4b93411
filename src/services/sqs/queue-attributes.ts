import { operation } from '../../gateway/operation.ts';
import type { Read } from '../../store/collections.ts';
import { existing, onQueue, targetQueue } from './address.ts';
import { changedAttributes } from './attributes.ts';
import { unknownAttribute } from './errors.ts';
import { counts } from './message-store.ts';
import { type QueueRecord, queueArn, queues, regional } from './records.ts';

/** In the order in which AWS shows them. */
const NAMES = [
  'QueueArn',
  'ApproximateNumberOfMessages',
  'ApproximateNumberOfMessagesNotVisible',
  'ApproximateNumberOfMessagesDelayed',
  'CreatedTimestamp',
  'LastModifiedTimestamp',
  'VisibilityTimeout',
  'MaximumMessageSize',
  'MessageRetentionPeriod',
  'DelaySeconds',
  'ReceiveMessageWaitTimeSeconds',
  'Policy',
  'RedrivePolicy',
  'RedriveAllowPolicy',
  'KmsMasterKeyId',
  'KmsDataKeyReusePeriodSeconds',
  'SqsManagedSseEnabled',
  'FifoQueue',
  'ContentBasedDeduplication',
  'DeduplicationScope',
  'FifoThroughputLimit',
] as const;

export const GetQueueAttributes = operation('sqs', 'GetQueueAttributes', {
  resolve: targetQueue,
  authorize: onQueue('GetQueueAttributes'),
  handle: (context) => {
    const queue = existing(context);
    const wanted = new Set<string>(context.input.AttributeNames ?? []);
    for (const name of wanted) {
      if (name !== 'All' && !(NAMES as readonly string[]).includes(name)) throw unknownAttribute(name);
    }
    const all = shown(context.tx, queue, context.now);
    const Attributes: Record<string, string> = {};
    for (const name of NAMES) {
      const value = all[name];
      if (value !== undefined && (wanted.has('All') || wanted.has(name))) Attributes[name] = value;
    }
    return Object.keys(Attributes).length === 0 ? {} : { Attributes };
  },
});

function shown(read: Read, queue: QueueRecord, now: number): Readonly<Record<string, string>> {
  const { visible, inFlight, delayed } = counts(read, queue, now);
  return {
    ...queue.attributes,
    QueueArn: queueArn(queue),
    ApproximateNumberOfMessages: String(visible),
    ApproximateNumberOfMessagesNotVisible: String(inFlight),
    ApproximateNumberOfMessagesDelayed: String(delayed),
    CreatedTimestamp: String(Math.floor(queue.createdAt / 1000)),
    LastModifiedTimestamp: String(Math.floor(queue.modifiedAt / 1000)),
  };
}

export const SetQueueAttributes = operation('sqs', 'SetQueueAttributes', {
  resolve: targetQueue,
  authorize: onQueue('SetQueueAttributes'),
  handle: (context) => {
    const queue = existing(context);
    const changes = context.input.Attributes;
    // A queue cannot change its type. Observed: the attribute is unknown to a queue that exists, of either type.
    if (changes.FifoQueue !== undefined && !(queue.fifo && changes.FifoQueue === 'true'))
      throw unknownAttribute('FifoQueue');
    const attributes = changedAttributes(context.tx, queue, queue.attributes, changes);
    context.tx.put(queues, regional(queue.account, queue.region), queue.name, {
      ...queue,
      attributes,
      modifiedAt: context.now,
    });
    return {};
  },
});
