import type { LogEntry, Read } from '../../store/collections.ts';
import { events, type StoredEvent } from './records.ts';

/** A place between the events of a stream: events are ordered by time, and by arrival within a millisecond. */
export interface Cursor {
  readonly at: number;
  readonly sequence: number;
}

export type Entry = LogEntry<StoredEvent>;

/** Epoch milliseconds; `from` inclusive, `to` exclusive. */
export interface TimeRange {
  readonly from: number;
  readonly to: number;
}

/** Entries read at once: enough to be quick, few enough to open many streams side by side. */
const CHUNK = 250;
const TIME_DIGITS = 20;
const SEQUENCE_DIGITS = 36;

/** Events after a cursor (or from the start of the range), oldest first. */
export function* forward(read: Read, partition: string, range: TimeRange, after?: Cursor): Generator<Entry> {
  let from = range.from;
  if (after !== undefined && after.at >= range.from) {
    const to = Math.min(after.at + 1, range.to);
    yield* read.read(events, partition, { from: after.at, to, after: after.sequence });
    from = after.at + 1;
  }
  while (from < range.to) {
    const chunk = read.read(events, partition, { from, to: range.to, order: 'time', limit: CHUNK });
    yield* chunk;
    const last = chunk.at(-1);
    if (last === undefined || chunk.length < CHUNK) return;
    yield* read.read(events, partition, { from: last.at, to: last.at + 1, after: last.sequence });
    from = last.at + 1;
  }
}

/** Events before a cursor (or from the end of the range), newest first. */
export function* backward(read: Read, partition: string, range: TimeRange, before?: Cursor): Generator<Entry> {
  let to = range.to;
  if (before !== undefined && before.at < range.to) {
    if (before.at >= range.from) {
      const same = { from: before.at, to: before.at + 1, after: before.sequence, descending: true };
      yield* read.read(events, partition, same);
    }
    to = before.at;
  }
  while (to > range.from) {
    const chunk = read.read(events, partition, { from: range.from, to, order: 'time', descending: true, limit: CHUNK });
    yield* chunk;
    const last = chunk.at(-1);
    if (last === undefined || chunk.length < CHUNK) return;
    yield* read.read(events, partition, {
      from: last.at,
      to: last.at + 1,
      after: last.sequence,
      descending: true,
    });
    to = last.at;
  }
}

/** A cursor as 56 digits: the form of CloudWatch Logs' event ids and tokens. */
export function writeCursor({ at, sequence }: Cursor): string {
  return String(at).padStart(TIME_DIGITS, '0') + String(sequence).padStart(SEQUENCE_DIGITS, '0');
}

export function readCursor(digits: string): Cursor | undefined {
  if (!/^\d{56}$/.test(digits)) return undefined;
  const [at, sequence] = [Number(digits.slice(0, TIME_DIGITS)), Number(digits.slice(TIME_DIGITS))];
  return Number.isSafeInteger(at) && Number.isSafeInteger(sequence) ? { at, sequence } : undefined;
}
