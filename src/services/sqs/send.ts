import { createHash } from 'node:crypto';
import { AwsError } from '../../core/errors.ts';
import type { Ids } from '../../core/ids.ts';
import { operation } from '../../gateway/operation.ts';
import { type Principal, userIdOf } from '../../gateway/principals.ts';
import type { Tx } from '../../store/collections.ts';
import { existing, onQueue, targetQueue } from './address.ts';
import { arrivals } from './arrivals.ts';
import { settings } from './attributes.ts';
import { checkBatch, eachEntry } from './batches.ts';
import { deduplicationKey, knownDuplicate, remember } from './deduplication.ts';
import { invalidParameter, invalidValue, missingParameter, notForThisQueueType } from './errors.ts';
import {
  type AttributeValue,
  forbiddenCharacter,
  md5,
  md5OfAttributes,
  readAttributes,
  sizeOf,
} from './message-attributes.ts';
import { nextKey } from './message-store.ts';
import { type MessageContent, type MessageRecord, messages, type QueueRecord, type SealedContent } from './records.ts';
import { seal } from './sealing.ts';

/** The members that SendMessage and an entry of SendMessageBatch share. */
interface Sending {
  readonly MessageBody: string;
  readonly DelaySeconds?: number | undefined;
  readonly MessageAttributes?: Readonly<Record<string, AttributeValue>> | undefined;
  readonly MessageSystemAttributes?: Readonly<Record<string, AttributeValue>> | undefined;
  readonly MessageDeduplicationId?: string | undefined;
  readonly MessageGroupId?: string | undefined;
}

/** A message that was checked and may be put into the queue. */
interface Checked {
  readonly content: MessageContent;
  readonly size: number;
  readonly delaySeconds: number;
  readonly traceHeader: string | undefined;
  readonly traceDigest: string | undefined;
  readonly groupId: string | undefined;
  readonly deduplicationId: string | undefined;
}

const MOST_BYTES_OF_A_BATCH = 1_048_576;

export const SendMessage = operation('sqs', 'SendMessage', {
  resolve: targetQueue,
  authorize: onQueue('SendMessage'),
  handle: (context) => {
    const queue = existing(context);
    checkFifo(queue, context.input, () => missingParameter('MessageGroupId'));
    const message = checkMessage(queue, context.input);
    const most = settings(queue).maximumMessageSize;
    if (message.size > most) throw tooLong(most);
    const [content] = seal(context, queue, [message.content]);
    return enqueue(context, queue, message, content!);
  },
});

export const SendMessageBatch = operation('sqs', 'SendMessageBatch', {
  resolve: targetQueue,
  // A batch needs the permission of the single action. Source: SQS Developer Guide, API permissions reference.
  authorize: onQueue('SendMessage'),
  handle: (context) => {
    const queue = existing(context);
    const { Entries } = context.input;
    checkBatch(Entries, 'SendMessageBatchRequestEntry');
    for (const entry of Entries) checkFifo(queue, entry, invalidParameter);
    const { done, Failed } = eachEntry(Entries, (entry) => checkMessage(queue, entry));
    const total = done.reduce((sum, [, { size }]) => sum + size, 0);
    if (total > MOST_BYTES_OF_A_BATCH) {
      throw new AwsError(
        'BatchRequestTooLong',
        `Batch requests cannot be longer than ${MOST_BYTES_OF_A_BATCH} bytes. You have sent ${total} bytes.`,
      );
    }
    const most = settings(queue).maximumMessageSize;
    const fitting = eachEntry(
      done.map(([{ Id }, message]) => ({ Id, message })),
      ({ message }) => {
        if (message.size > most) throw tooLong(most);
      },
    );
    const sealed = seal(
      context,
      queue,
      fitting.done.map(([{ message }]) => message.content),
    );
    const Successful = fitting.done.map(([{ Id, message }], index) => {
      const { MessageId, MD5OfMessageBody, ...rest } = enqueue(context, queue, message, sealed[index]!);
      return { Id, MessageId, MD5OfMessageBody, ...rest };
    });
    return { Successful, Failed: [...Failed, ...fitting.Failed] };
  },
});

function tooLong(most: number): AwsError {
  return invalidParameter(`One or more parameters are invalid. Reason: Message must be shorter than ${most} bytes.`);
}

/** What the queue's type asks for. In a batch these refuse the whole request (observed). */
function checkFifo(queue: QueueRecord, sending: Sending, noGroup: (text: string) => AwsError): void {
  const { MessageGroupId: groupId, MessageDeduplicationId: deduplicationId, DelaySeconds: delay } = sending;
  if (!queue.fifo) {
    if (deduplicationId !== undefined) throw notForThisQueueType(deduplicationId, 'MessageDeduplicationId');
    // Standard queues take a MessageGroupId: fair queues.
    if (groupId !== undefined) checkToken(groupId, 'MessageGroupId');
    return;
  }
  // Observed: the code is InvalidParameterValue in a batch, MissingParameter alone.
  if (groupId === undefined) throw noGroup('The request must contain the parameter MessageGroupId.');
  checkToken(groupId, 'MessageGroupId');
  if (deduplicationId !== undefined) checkToken(deduplicationId, 'MessageDeduplicationId');
  else if (!settings(queue).contentBasedDeduplication) {
    throw invalidParameter(
      'The queue should either have ContentBasedDeduplication enabled or MessageDeduplicationId provided explicitly',
    );
  }
  if (delay !== undefined && delay !== 0) throw notForThisQueueType(delay, 'DelaySeconds');
}

function checkToken(value: string, parameter: string): void {
  if (!/^[A-Za-z0-9!"#$%&'()*+,\-./:;<=>?@[\\\]^_`{|}~]{1,128}$/.test(value)) {
    throw invalidValue(
      value,
      parameter,
      `${parameter} can only include alphanumeric and punctuation characters. 1 to 128 in length.`,
    );
  }
}

function checkMessage(queue: QueueRecord, sending: Sending): Checked {
  const { MessageBody: body, DelaySeconds: delay } = sending;
  if (body === '') throw missingParameter('MessageBody');
  const forbidden = forbiddenCharacter(body);
  if (forbidden !== undefined) {
    throw new AwsError(
      'InvalidMessageContents',
      `Invalid binary character '${forbidden}' was found in the message body, the set of allowed characters is #x9 | #xA | #xD | #x20 to #xD7FF | #xE000 to #xFFFD | #x10000 to #x10FFFF`,
    );
  }
  if (delay !== undefined && (delay < 0 || delay > 900)) {
    throw invalidValue(delay, 'DelaySeconds', 'DelaySeconds must be >= 0 and <= 900.');
  }
  const attributes = readAttributes(sending.MessageAttributes);
  const trace = readTraceHeader(sending.MessageSystemAttributes);
  return {
    content: { body, attributes },
    size: Buffer.byteLength(body) + sizeOf(attributes),
    delaySeconds: delay ?? settings(queue).delaySeconds,
    ...trace,
    groupId: sending.MessageGroupId,
    deduplicationId: queue.fifo
      ? (sending.MessageDeduplicationId ?? createHash('sha256').update(body, 'utf8').digest('hex'))
      : undefined,
  };
}

/** AWSTraceHeader, a string, is the only system attribute that can be sent. */
function readTraceHeader(
  values: Sending['MessageSystemAttributes'] = {},
): Pick<Checked, 'traceHeader' | 'traceDigest'> {
  for (const [name, value] of Object.entries(values)) {
    if (name !== 'AWSTraceHeader') throw invalidParameter(`Message system attribute name '${name}' is invalid.`);
    if (value.DataType !== 'String') {
      throw invalidParameter(
        `The message system attribute '${name}' has an invalid message system attribute type, the set of supported type prefixes is String.`,
      );
    }
  }
  const attributes = readAttributes(values);
  return { traceHeader: attributes.AWSTraceHeader?.string, traceDigest: md5OfAttributes(attributes) };
}

interface Sender {
  readonly tx: Tx;
  readonly now: number;
  readonly ids: Ids;
  readonly principal: Principal;
}

interface Sent {
  readonly MessageId: string;
  readonly MD5OfMessageBody: string;
  readonly MD5OfMessageAttributes?: string;
  readonly MD5OfMessageSystemAttributes?: string;
  readonly SequenceNumber?: string;
}

function enqueue(sender: Sender, queue: QueueRecord, message: Checked, content: MessageContent | SealedContent): Sent {
  const { tx, now, ids, principal } = sender;
  const digest = md5OfAttributes(message.content.attributes);
  const answer = {
    MD5OfMessageBody: md5(message.content.body),
    ...(digest === undefined ? {} : { MD5OfMessageAttributes: digest }),
    ...(message.traceDigest === undefined ? {} : { MD5OfMessageSystemAttributes: message.traceDigest }),
  };
  const { deduplicationId, groupId } = message;
  const once = deduplicationId === undefined ? undefined : deduplicationKey(queue, groupId, deduplicationId);
  if (once !== undefined) {
    const known = knownDuplicate(tx, queue, once, now);
    if (known !== undefined) return { ...answer, MessageId: known.messageId, SequenceNumber: known.sequenceNumber };
  }
  const key = nextKey(now);
  const record: MessageRecord = {
    key,
    id: ids.uuid(),
    content,
    senderId: userIdOf(principal) ?? principal.account,
    sentAt: now,
    retainedFrom: now,
    visibleAt: now + message.delaySeconds * 1000,
    receiveCount: 0,
    ...(message.traceHeader === undefined ? {} : { traceHeader: message.traceHeader }),
    ...(groupId === undefined ? {} : { groupId }),
    ...(deduplicationId === undefined ? {} : { deduplicationId, sequenceNumber: key }),
  };
  tx.put(messages, queue.id, key, record);
  if (once !== undefined) remember(tx, queue, once, { messageId: record.id, sequenceNumber: key, at: now });
  arrivals.announce(queue.id, now);
  return { ...answer, MessageId: record.id, ...(queue.fifo ? { SequenceNumber: key } : {}) };
}
