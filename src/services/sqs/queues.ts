import { operation } from '../../gateway/operation.ts';
import type { Read } from '../../store/collections.ts';
import { existing, findQueue, onQueue, type QueueTarget, queueCheck, targetQueue } from './address.ts';
import { arrivals } from './arrivals.ts';
import { changedAttributes, defaultAttributes } from './attributes.ts';
import { invalidParameter, queueDoesNotExist, queueNameExists } from './errors.ts';
import { dropMessages } from './message-store.ts';
import { pageOf } from './pages.ts';
import { type QueueRecord, queueArn, queues, queueUrl, regional } from './records.ts';
import { checkTags } from './tags.ts';

/** Source: the text as AWS answers it for names of standard queues. */
function checkName(name: string, fifo: boolean): void {
  if (fifo) {
    if (/^[A-Za-z0-9_-]{1,75}\.fifo$/.test(name)) return;
    throw invalidParameter(
      'The name of a FIFO queue can only include alphanumeric characters, hyphens, or underscores, must end with .fifo suffix and be 1 to 80 in length',
    );
  }
  if (!/^[A-Za-z0-9_-]{1,80}$/.test(name)) {
    throw invalidParameter('Can only include alphanumeric characters, hyphens, or underscores. 1 to 80 in length');
  }
}

export const CreateQueue = operation('sqs', 'CreateQueue', {
  authorize: ({ input, account, region, tx }) => {
    const address = { account, region, name: input.QueueName };
    const requestTags = input.tags ?? {};
    const check = queueCheck('CreateQueue', { account, address, queue: findQueue(tx, address) });
    if (Object.keys(requestTags).length === 0) return [check];
    // Source: API Reference, CreateQueue: "you must have the sqs:CreateQueue and sqs:TagQueue permissions".
    return [
      { ...check, requestTags },
      { ...check, action: 'sqs:TagQueue', requestTags },
    ];
  },
  handle: ({ input, account, region, tx, now, ids, endpoint }) => {
    const { QueueName: name, Attributes: wanted = {}, tags = {} } = input;
    const fifo = wanted.FifoQueue?.toLowerCase() === 'true';
    checkName(name, fifo);
    const owner = { account, region, name, fifo };
    checkTags(tags);
    const found = findQueue(tx, owner);
    const attributes = changedAttributes(tx, owner, defaultAttributes(fifo), wanted);
    if (found !== undefined) {
      refuseDifferent(found, attributes, Object.keys(wanted));
      return { QueueUrl: queueUrl(endpoint, found) };
    }
    const queue: QueueRecord = { ...owner, id: ids.hex(32), attributes, tags, createdAt: now, modifiedAt: now };
    tx.put(queues, regional(account, region), name, queue);
    return { QueueUrl: queueUrl(endpoint, queue) };
  },
});

/** Only the attributes that the request names count. Observed: CreateQueue without attributes finds any queue of the name. */
function refuseDifferent(found: QueueRecord, wanted: Readonly<Record<string, string>>, named: readonly string[]): void {
  const different = named.find((name) => found.attributes[name] !== wanted[name]);
  if (different !== undefined) throw queueNameExists(different);
}

export const DeleteQueue = operation('sqs', 'DeleteQueue', {
  resolve: targetQueue,
  authorize: onQueue('DeleteQueue'),
  handle: (context) => {
    const queue = existing(context);
    dropMessages(context.tx, queue);
    context.tx.delete(queues, regional(queue.account, queue.region), queue.name);
    arrivals.announce(queue.id, context.now);
    return {};
  },
});

export const GetQueueUrl = operation('sqs', 'GetQueueUrl', {
  resolve: ({ input, account, region, tx }): QueueTarget => {
    const address = { account: input.QueueOwnerAWSAccountId ?? account, region, name: input.QueueName };
    return { address, queue: findQueue(tx, address) };
  },
  authorize: onQueue('GetQueueUrl'),
  handle: ({ queue, endpoint }) => {
    if (queue === undefined) throw queueDoesNotExist();
    return { QueueUrl: queueUrl(endpoint, queue) };
  },
});

export const ListQueues = operation('sqs', 'ListQueues', {
  authorize: () => [{ action: 'sqs:ListQueues', resource: '*' }],
  handle: ({ input, account, region, tx, endpoint }) => {
    const prefix = input.QueueNamePrefix ?? '';
    const all = tx.list(queues, regional(account, region)).filter((queue) => queue.name.startsWith(prefix));
    const { items, nextToken } = pageOf(all, (queue) => queue.name, input);
    return {
      ...(items.length === 0 ? {} : { QueueUrls: items.map((queue) => queueUrl(endpoint, queue)) }),
      ...(nextToken === undefined ? {} : { NextToken: nextToken }),
    };
  },
});

export const PurgeQueue = operation('sqs', 'PurgeQueue', {
  resolve: targetQueue,
  authorize: onQueue('PurgeQueue'),
  // A purge here is done at once, so there is never another one in progress (AWS: at most one in 60 seconds).
  handle: (context) => {
    dropMessages(context.tx, existing(context), { purge: true });
    return {};
  },
});

export const ListDeadLetterSourceQueues = operation('sqs', 'ListDeadLetterSourceQueues', {
  resolve: targetQueue,
  authorize: onQueue('ListDeadLetterSourceQueues'),
  handle: (context) => {
    const queue = existing(context);
    const { items, nextToken } = pageOf(sourcesOf(context.tx, queue), (source) => source.name, context.input);
    return {
      queueUrls: items.map((source) => queueUrl(context.endpoint, source)),
      ...(nextToken === undefined ? {} : { NextToken: nextToken }),
    };
  },
});

/** The queues whose dead-letter queue this one is. */
export function sourcesOf(read: Read, queue: QueueRecord): QueueRecord[] {
  const arn = JSON.stringify(queueArn(queue));
  return read
    .list(queues, regional(queue.account, queue.region))
    .filter((source) => source.attributes.RedrivePolicy?.includes(`"deadLetterTargetArn":${arn}`) === true);
}
