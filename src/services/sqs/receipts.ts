import { AwsError } from '../../core/errors.ts';
import { operation } from '../../gateway/operation.ts';
import type { Tx } from '../../store/collections.ts';
import { existing, onQueue, targetQueue } from './address.ts';
import { arrivals } from './arrivals.ts';
import { checkBatch, eachEntry } from './batches.ts';
import { invalidValue, messageNotAvailable, notAReceiptHandle, receiptHandleExpired } from './errors.ts';
import { isInFlight } from './message-store.ts';
import { type MessageRecord, messages, type QueueRecord } from './records.ts';

const LONGEST = 43_200;

/** The handle of a message's last receipt: it names the queue, the message and a random receipt id that nobody can guess. */
export function receiptHandle(queue: QueueRecord, message: MessageRecord): string {
  return Buffer.from(`${queue.id}.${message.key}.${message.receipt}`, 'ascii').toString('base64');
}

interface Receipt {
  readonly key: string;
  readonly receipt: string;
}

function readHandle(queue: QueueRecord, handle: string): Receipt {
  const match = /^([0-9a-f]{32})\.(\d{20})\.([0-9a-f]+)$/.exec(Buffer.from(handle, 'base64').toString('latin1'));
  if (match === null || match[1] !== queue.id) throw notAReceiptHandle(handle);
  return { key: match[2]!, receipt: match[3]! };
}

/**
 * Deletes the message of a receipt. A message that is gone already, or that was received again since, makes no error on a
 * standard queue, and stays in the second case. Source: API Reference, DeleteMessage. A FIFO queue refuses a receipt whose
 * visibility timeout is over (observed).
 */
function deleteMessage(tx: Tx, queue: QueueRecord, handle: string, now: number): void {
  const { key, receipt } = readHandle(queue, handle);
  const message = tx.get(messages, queue.id, key);
  if (message === undefined) return;
  const latest = message.receipt === receipt;
  if (queue.fifo && (!latest || message.visibleAt <= now)) throw receiptHandleExpired(handle);
  if (!latest) return;
  tx.delete(messages, queue.id, key);
  // The next message of its group can be received.
  if (queue.fifo) arrivals.announce(queue.id, now);
}

export const DeleteMessage = operation('sqs', 'DeleteMessage', {
  resolve: targetQueue,
  authorize: onQueue('DeleteMessage'),
  handle: (context) => {
    deleteMessage(context.tx, existing(context), context.input.ReceiptHandle, context.now);
    return {};
  },
});

export const DeleteMessageBatch = operation('sqs', 'DeleteMessageBatch', {
  resolve: targetQueue,
  authorize: onQueue('DeleteMessage'),
  handle: (context) => {
    const queue = existing(context);
    checkBatch(context.input.Entries, 'DeleteMessageBatchRequestEntry');
    const { done, Failed } = eachEntry(context.input.Entries, ({ ReceiptHandle }) =>
      deleteMessage(context.tx, queue, ReceiptHandle, context.now),
    );
    return { Successful: done.map(([{ Id }]) => ({ Id })), Failed };
  },
});

function changeVisibility(tx: Tx, queue: QueueRecord, handle: string, seconds: number, now: number): void {
  if (!(seconds >= 0 && seconds <= LONGEST)) {
    throw invalidValue(seconds, 'VisibilityTimeout', `VisibilityTimeout must be an integer between 0 and ${LONGEST}.`);
  }
  const { key, receipt } = readHandle(queue, handle);
  const message = tx.get(messages, queue.id, key);
  if (message === undefined || message.receipt !== receipt) throw messageNotAvailable(handle);
  // unverified: the text; the code is the API Reference's.
  if (!isInFlight(message, now)) throw new AwsError('MessageNotInflight', "The specified message isn't in flight.");
  if (now - (message.receivedAt ?? now) + seconds * 1000 > LONGEST * 1000) {
    throw invalidValue(
      seconds,
      'VisibilityTimeout',
      `Total VisibilityTimeout for the message is beyond the limit [${LONGEST} seconds]`,
    );
  }
  tx.put(messages, queue.id, key, { ...message, visibleAt: now + seconds * 1000 });
  arrivals.announce(queue.id, now);
}

export const ChangeMessageVisibility = operation('sqs', 'ChangeMessageVisibility', {
  resolve: targetQueue,
  authorize: onQueue('ChangeMessageVisibility'),
  handle: (context) => {
    const { ReceiptHandle, VisibilityTimeout } = context.input;
    changeVisibility(context.tx, existing(context), ReceiptHandle, VisibilityTimeout, context.now);
    return {};
  },
});

export const ChangeMessageVisibilityBatch = operation('sqs', 'ChangeMessageVisibilityBatch', {
  resolve: targetQueue,
  authorize: onQueue('ChangeMessageVisibility'),
  handle: (context) => {
    const queue = existing(context);
    checkBatch(context.input.Entries, 'ChangeMessageVisibilityBatchRequestEntry');
    const { done, Failed } = eachEntry(context.input.Entries, ({ ReceiptHandle, VisibilityTimeout }) => {
      // unverified: that an entry without a timeout means zero.
      changeVisibility(context.tx, queue, ReceiptHandle, VisibilityTimeout ?? 0, context.now);
    });
    return { Successful: done.map(([{ Id }]) => ({ Id })), Failed };
  },
});
