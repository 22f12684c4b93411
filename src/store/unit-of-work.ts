import type { Collection, Log, LogEntry, LogRange, Read, Tx } from './collections.ts';
import type { Memory } from './memory.ts';
import type { Write } from './writes.ts';

interface Undo {
  readonly collection: string;
  readonly partition: string;
  readonly key: string;
  readonly before: unknown;
}

/** Changes the in-memory copies at once and remembers how to undo them, and what to write. */
export class UnitOfWork implements Tx {
  readonly writes: Write[] = [];
  readonly #undo: Undo[] = [];
  readonly #read: Read;
  readonly #memory: Memory;
  readonly #nextSequence: () => number;

  constructor(read: Read, memory: Memory, nextSequence: () => number) {
    this.#read = read;
    this.#memory = memory;
    this.#nextSequence = nextSequence;
  }

  get<T>(from: Collection<T>, partition: string, key: string): T | undefined {
    return this.#read.get(from, partition, key);
  }
  list<T>(from: Collection<T>, partition: string): readonly T[] {
    return this.#read.list(from, partition);
  }
  entries<T>(from: Collection<T>, partition: string): IterableIterator<[string, T]> {
    return this.#read.entries(from, partition);
  }
  count(from: Collection<unknown>, partition: string): number {
    return this.#read.count(from, partition);
  }
  partitions(from: Collection<unknown>): readonly string[] {
    return this.#read.partitions(from);
  }
  read<T>(from: Log<T>, partition: string, range?: LogRange): LogEntry<T>[] {
    return this.#read.read(from, partition, range);
  }

  put<T>(into: Collection<T>, partition: string, key: string, value: T): void {
    const before = this.#memory.set(into.name, partition, key, deepFreeze(value));
    this.#undo.push({ collection: into.name, partition, key, before });
    this.writes.push({ kind: 'put', collection: into.name, partition, key, value });
  }

  delete(from: Collection<unknown>, partition: string, key: string): boolean {
    if (this.#memory.partition(from.name, partition)?.documents.has(key) !== true) return false;
    const before = this.#memory.set(from.name, partition, key, undefined);
    this.#undo.push({ collection: from.name, partition, key, before });
    this.writes.push({ kind: 'delete', collection: from.name, partition, key });
    return true;
  }

  clear(from: Collection<unknown>, partition: string): void {
    for (const [key] of [...this.entries(from, partition)]) this.delete(from, partition, key);
  }

  append<T>(into: Log<T>, partition: string, at: number, value: T): number {
    const sequence = this.#nextSequence();
    const keep = into.keepInMemory ?? Number.POSITIVE_INFINITY;
    this.writes.push({ kind: 'append', log: into.name, partition, entry: { sequence, at, value }, keep });
    return sequence;
  }

  truncate(from: Log<unknown>, partition: string, before = Number.MAX_SAFE_INTEGER): void {
    this.writes.push({ kind: 'truncate', log: from.name, partition, before });
  }

  /** Entries that this unit has appended so far, less those it truncated. */
  appended(log: string, partition: string): LogEntry<unknown>[] {
    let found: LogEntry<unknown>[] = [];
    for (const write of this.writes) {
      if ((write.kind !== 'append' && write.kind !== 'truncate') || write.log !== log || write.partition !== partition)
        continue;
      if (write.kind === 'append') found.push(write.entry);
      else found = found.filter(({ at }) => at >= write.before);
    }
    return found;
  }

  /** The time before which this unit has truncated the log; undefined when it has not. */
  truncatedBefore(log: string, partition: string): number | undefined {
    let before: number | undefined;
    for (const write of this.writes) {
      if (write.kind === 'truncate' && write.log === log && write.partition === partition)
        before = Math.max(before ?? 0, write.before);
    }
    return before;
  }

  /** Runs a part that is undone alone when it throws. */
  nested<R>(work: (tx: Tx) => R): R {
    const undoMark = this.#undo.length;
    const writeMark = this.writes.length;
    try {
      return work(this);
    } catch (error) {
      this.undoTo(undoMark, writeMark);
      throw error;
    }
  }

  undoTo(undoMark: number, writeMark: number): void {
    for (let index = this.#undo.length - 1; index >= undoMark; index--) {
      const { collection, partition, key, before } = this.#undo[index] as Undo;
      this.#memory.set(collection, partition, key, before);
    }
    this.#undo.length = undoMark;
    this.writes.length = writeMark;
  }
}

/** Documents are shared between all who read them: a change in place would be seen by all and reach no disk. */
export function deepFreeze<T>(value: T): T {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return value;
  for (const member of Object.values(value)) deepFreeze(member);
  return Object.freeze(value);
}
