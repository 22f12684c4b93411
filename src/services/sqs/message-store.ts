import type { Read, Tx } from '../../store/collections.ts';
import { findQueueByArn } from './address.ts';
import { arrivals } from './arrivals.ts';
import { settings } from './attributes.ts';
import {
  deduplications,
  type MessageRecord,
  messages,
  moveTasks,
  type QueueRecord,
  queueArn,
  receiveAttempts,
} from './records.ts';

/** Keys that sort by arrival, across restarts too as long as the clock does not go back. */
let lastMilliseconds = 0;
let counter = 0;
export function nextKey(now: number): string {
  lastMilliseconds = Math.max(lastMilliseconds, now);
  counter = (counter + 1) % 10_000_000;
  return String(lastMilliseconds).padStart(13, '0') + String(counter).padStart(7, '0');
}

export interface Counts {
  readonly visible: number;
  readonly inFlight: number;
  readonly delayed: number;
}

export function counts(read: Read, queue: QueueRecord, now: number): Counts {
  let visible = 0;
  let inFlight = 0;
  let delayed = 0;
  for (const [, message] of read.entries(messages, queue.id)) {
    if (isExpired(queue, message, now)) continue;
    if (message.visibleAt <= now) visible++;
    else if (message.receipt === undefined) delayed++;
    else inFlight++;
  }
  return { visible, inFlight, delayed };
}

export function isExpired(queue: QueueRecord, message: MessageRecord, now: number): boolean {
  return now - message.retainedFrom >= settings(queue).messageRetentionPeriod * 1000;
}

export function isInFlight(message: MessageRecord, now: number): boolean {
  return message.receipt !== undefined && message.visibleAt > now;
}

/** Empties a queue: for good, or (PurgeQueue) so that only the messages go. */
export function dropMessages(tx: Tx, queue: QueueRecord, { purge = false } = {}): void {
  tx.clear(messages, queue.id);
  tx.clear(receiveAttempts, queue.id);
  if (purge) return;
  tx.clear(deduplications, queue.id);
  tx.clear(moveTasks, queue.id);
}

export interface Taking {
  readonly now: number;
  readonly most: number;
  /** Milliseconds. */
  readonly hiddenFor: number;
  readonly newReceipt: () => string;
}

export interface Taken {
  readonly messages: readonly MessageRecord[];
  /** When the next hidden message appears, if nothing else happens: epoch milliseconds. */
  readonly nextAt: number | undefined;
}

/**
 * Receives up to `most` messages: they go in flight. On the way it drops those past their retention and moves those that
 * were received too often to the dead-letter queue.
 */
export function takeMessages(tx: Tx, queue: QueueRecord, taking: Taking): Taken {
  const { now, most } = taking;
  const blocked = queue.fifo ? groupsInFlight(tx, queue, now) : undefined;
  const gone: string[] = [];
  const dead: MessageRecord[] = [];
  const chosen: MessageRecord[] = [];
  let nextAt: number | undefined;
  for (const [key, message] of tx.entries(messages, queue.id)) {
    if (chosen.length === most) break;
    if (isExpired(queue, message, now)) {
      gone.push(key);
      continue;
    }
    if (message.visibleAt > now) {
      nextAt = Math.min(nextAt ?? message.visibleAt, message.visibleAt);
      if (message.groupId !== undefined) blocked?.add(message.groupId);
      continue;
    }
    if (message.groupId !== undefined && blocked?.has(message.groupId) === true) continue;
    if (isDeadLetter(tx, queue, message)) dead.push(message);
    else chosen.push(message);
  }
  for (const key of gone) tx.delete(messages, queue.id, key);
  for (const message of dead) moveToDeadLetters(tx, queue, message, now);
  return { messages: chosen.map((message) => receive(tx, queue, message, taking)), nextAt };
}

/** Marks a message as received once more. */
export function receive(
  tx: Tx,
  queue: QueueRecord,
  message: MessageRecord,
  { now, hiddenFor, newReceipt }: Pick<Taking, 'now' | 'hiddenFor' | 'newReceipt'>,
): MessageRecord {
  const received: MessageRecord = {
    ...message,
    visibleAt: now + hiddenFor,
    receiveCount: message.receiveCount + 1,
    firstReceivedAt: message.firstReceivedAt ?? now,
    receivedAt: now,
    receipt: newReceipt(),
  };
  tx.put(messages, queue.id, message.key, received);
  return received;
}

/** Message groups of which a message is in flight: nobody receives more of them until it is deleted or visible again. */
function groupsInFlight(read: Read, queue: QueueRecord, now: number): Set<string> {
  const groups = new Set<string>();
  for (const [, message] of read.entries(messages, queue.id)) {
    if (message.groupId === undefined || isExpired(queue, message, now)) continue;
    if (isInFlight(message, now)) groups.add(message.groupId);
  }
  return groups;
}

/** Received as often as the redrive policy allows. A dead-letter queue that is gone receives nothing: the message stays. */
function isDeadLetter(read: Read, queue: QueueRecord, message: MessageRecord): boolean {
  const { redrive } = settings(queue);
  if (redrive === undefined || message.receiveCount < redrive.maxReceiveCount) return false;
  return findQueueByArn(read, redrive.deadLetterTargetArn) !== undefined;
}

function moveToDeadLetters(tx: Tx, queue: QueueRecord, message: MessageRecord, now: number): void {
  const target = findQueueByArn(tx, settings(queue).redrive?.deadLetterTargetArn ?? '');
  if (target === undefined) return;
  // Source: SQS Developer Guide, dead-letter queues: on a standard queue the retention goes on from the first enqueueing,
  // on a FIFO queue it begins anew.
  moveMessage(
    tx,
    queue,
    target,
    { ...message, deadLetterSource: queueArn(queue), ...(target.fifo ? { retainedFrom: now } : {}) },
    now,
  );
}

/** Puts a message at the end of another queue, visible at once, with what it was. Receipts of the old queue end. */
export function moveMessage(tx: Tx, from: QueueRecord, to: QueueRecord, message: MessageRecord, now: number): void {
  const { receipt: _receipt, receivedAt: _receivedAt, ...kept } = message;
  const key = nextKey(now);
  tx.delete(messages, from.id, message.key);
  tx.put(messages, to.id, key, { ...kept, key, visibleAt: now });
  arrivals.announce(to.id, now);
}
