import { operation } from '../../gateway/operation.ts';
import type { Tx } from '../../store/collections.ts';
import { existing, onQueue, queueCheck, targetQueue } from './address.ts';
import { invalidParameter } from './errors.ts';
import { type QueueRecord, queues, regional } from './records.ts';

const MOST_TAGS = 50;

/** Source: SQS Developer Guide, quotas of queues: keys of 1–128, values of 0–256 characters. unverified: the texts. */
export function checkTags(tags: Readonly<Record<string, string>>): void {
  for (const [key, value] of Object.entries(tags)) {
    if (key.length < 1 || key.length > 128)
      throw invalidParameter('Tag keys must be between 1 and 128 characters in length.');
    if (value.length > 256) throw invalidParameter('Tag values must be between 0 and 256 characters in length.');
    if (/^aws:/i.test(key)) throw invalidParameter('Tag keys must not begin with the reserved prefix aws:.');
    if (!/^[\p{L}\p{Z}\p{N}_.:/=+\-@]*$/u.test(key + value)) {
      throw invalidParameter(
        'Tag keys and values can contain letters, white space, numbers and the characters _.:/=+-@.',
      );
    }
  }
}

function putTags(tx: Tx, queue: QueueRecord, tags: Readonly<Record<string, string>>): void {
  tx.put(queues, regional(queue.account, queue.region), queue.name, { ...queue, tags });
}

export const TagQueue = operation('sqs', 'TagQueue', {
  resolve: targetQueue,
  authorize: (context) => [{ ...queueCheck('TagQueue', context), requestTags: context.input.Tags }],
  handle: (context) => {
    const queue = existing(context);
    checkTags(context.input.Tags);
    const tags = { ...queue.tags, ...context.input.Tags };
    // unverified: the text.
    if (Object.keys(tags).length > MOST_TAGS) throw invalidParameter(`Too many tags added for queue ${queue.name}.`);
    putTags(context.tx, queue, tags);
    return {};
  },
});

export const UntagQueue = operation('sqs', 'UntagQueue', {
  resolve: targetQueue,
  authorize: (context) => [{ ...queueCheck('UntagQueue', context), context: { 'aws:TagKeys': context.input.TagKeys } }],
  handle: (context) => {
    const queue = existing(context);
    const gone = new Set(context.input.TagKeys);
    putTags(context.tx, queue, Object.fromEntries(Object.entries(queue.tags).filter(([key]) => !gone.has(key))));
    return {};
  },
});

export const ListQueueTags = operation('sqs', 'ListQueueTags', {
  resolve: targetQueue,
  authorize: onQueue('ListQueueTags'),
  handle: (context) => {
    const { tags } = existing(context);
    return Object.keys(tags).length === 0 ? {} : { Tags: tags };
  },
});
