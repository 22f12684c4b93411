import { createHash } from 'node:crypto';
import type { Tx } from '../../store/collections.ts';
import { settings } from './attributes.ts';
import { type Deduplication, deduplications, type QueueRecord } from './records.ts';

/** Source: SQS Developer Guide, exactly-once processing: a FIFO queue knows a deduplication id for five minutes. */
export const DEDUPLICATION_INTERVAL = 5 * 60_000;

/** The key under which a message is known: in the whole queue, or in its message group (DeduplicationScope). */
export function deduplicationKey(queue: QueueRecord, groupId: string | undefined, deduplicationId: string): string {
  const scope = settings(queue).deduplicationPerGroup ? (groupId ?? '') : '';
  return createHash('sha256').update(`${scope} ${deduplicationId}`, 'utf8').digest('base64');
}

/** The message that was sent with the key in the last five minutes, received and deleted or not. */
export function knownDuplicate(tx: Tx, queue: QueueRecord, key: string, now: number): Deduplication | undefined {
  const known = tx.get(deduplications, queue.id, key);
  return known !== undefined && now - known.at < DEDUPLICATION_INTERVAL ? known : undefined;
}

export function remember(tx: Tx, queue: QueueRecord, key: string, value: Deduplication): void {
  const old: string[] = [];
  for (const [other, { at }] of tx.entries(deduplications, queue.id)) {
    // In order of insertion, so the first young one ends the search.
    if (value.at - at < DEDUPLICATION_INTERVAL) break;
    old.push(other);
  }
  for (const other of old) tx.delete(deduplications, queue.id, other);
  tx.delete(deduplications, queue.id, key);
  tx.put(deduplications, queue.id, key, value);
}
