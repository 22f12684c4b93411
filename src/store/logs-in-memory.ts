import type { LogEntry, LogRange } from './collections.ts';

/** The entries of one partition. */
interface Entries {
  list: LogEntry<unknown>[];
  /** Whether they are in order of their times as well, as most logs are: a page of them is found without looking at all. */
  inTimeOrder: boolean;
}

/** The logs of a store without a disk. Each keeps its newest entries only, as many as it says. */
export class LogsInMemory {
  readonly #logs = new Map<string, Map<string, Entries>>();

  append(log: string, partition: string, entry: LogEntry<unknown>, keep: number): void {
    let partitions = this.#logs.get(log);
    if (partitions === undefined) {
      partitions = new Map();
      this.#logs.set(log, partitions);
    }
    const entries = partitions.get(partition);
    if (entries === undefined) {
      partitions.set(partition, { list: [entry], inTimeOrder: true });
      return;
    }
    const { list } = entries;
    entries.inTimeOrder &&= (list.at(-1) as LogEntry<unknown>).at <= entry.at;
    list.push(entry);
    // Not at every entry: moving a long array costs more than holding a tenth too many.
    if (list.length > keep * 1.1) list.splice(0, list.length - keep);
  }

  truncate(log: string, partition: string, before: number): void {
    const partitions = this.#logs.get(log);
    const entries = partitions?.get(partition);
    if (entries === undefined) return;
    entries.list = entries.list.filter(({ at }) => at >= before);
    if (entries.list.length === 0) partitions?.delete(partition);
  }

  read(log: string, partition: string, range: LogRange): LogEntry<unknown>[] {
    const entries = this.#logs.get(log)?.get(partition);
    if (entries === undefined) return [];
    return entries.inTimeOrder ? selectInTimeOrder(entries.list, range) : select(entries.list, range);
  }

  clear(): void {
    this.#logs.clear();
  }
}

/** The entries of a range, out of entries in order of arrival. */
export function select<T>(entries: readonly LogEntry<T>[], range: LogRange): LogEntry<T>[] {
  const { after, from, to, limit, descending = false, order = 'arrival' } = range;
  const first = after === undefined || descending ? 0 : firstAfter(entries, after);
  const end = after === undefined || !descending ? entries.length : firstAfter(entries, after - 1);
  const inTime = (at: number) => (from === undefined || at >= from) && (to === undefined || at < to);
  const found: LogEntry<T>[] = [];
  // In order of arrival the reading ends with the limit; in order of time only after all have been seen.
  const enough = order === 'arrival' && limit !== undefined ? limit : Number.POSITIVE_INFINITY;
  for (let step = 0; step < end - first && found.length < enough; step++) {
    const entry = entries[descending ? end - 1 - step : first + step] as LogEntry<T>;
    if (inTime(entry.at)) found.push(entry);
  }
  if (order === 'arrival') return found;
  const sign = descending ? -1 : 1;
  found.sort((a, b) => sign * (a.at - b.at || a.sequence - b.sequence));
  return limit === undefined ? found : found.slice(0, limit);
}

/** The same for entries whose times never fall: both orders are one, and times are found as quickly as numbers. */
function selectInTimeOrder<T>(
  entries: readonly LogEntry<T>[],
  { order: _, from, to, ...rest }: LogRange,
): LogEntry<T>[] {
  if (from === undefined && to === undefined) return select(entries, rest);
  const first = from === undefined ? 0 : firstAt(entries, from);
  const end = to === undefined ? entries.length : firstAt(entries, to);
  return select(entries.slice(first, Math.max(first, end)), rest);
}

/** Index of the first entry at a time or later. */
function firstAt(entries: readonly LogEntry<unknown>[], time: number): number {
  let low = 0;
  let high = entries.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((entries[middle] as LogEntry<unknown>).at < time) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Index of the first entry with a greater sequence number. */
function firstAfter(entries: readonly LogEntry<unknown>[], sequence: number): number {
  let low = 0;
  let high = entries.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((entries[middle] as LogEntry<unknown>).sequence <= sequence) low = middle + 1;
    else high = middle;
  }
  return low;
}
