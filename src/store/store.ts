import type { Collection, Log, LogEntry, LogRange, Read, Tx } from './collections.ts';
import { Disk } from './disk.ts';
import { LogsInMemory, select } from './logs-in-memory.ts';
import { Memory } from './memory.ts';
import { deepFreeze, UnitOfWork } from './unit-of-work.ts';
import type { Write } from './writes.ts';

/** A document that was put or deleted, as watchers learn of it once it is on disk. */
export interface Change {
  readonly collection: string;
  readonly partition: string;
  readonly key: string;
}

/**
 * Durable collections. A unit of work (`transact`) is synchronous: it changes the in-memory copies at once, is undone as
 * a whole when it throws, and reaches the disk together with the other units of the same turn of the event loop.
 * `committed()` resolves when everything done so far is on disk: an answer is sent only after that.
 */
export class Store implements Read {
  /** Undefined: the store lives as long as the process. */
  readonly #disk: Disk | undefined;
  readonly #memory = new Memory();
  readonly #logs = new LogsInMemory();
  readonly #watchers = new Map<string, Set<(change: Change) => void>>();
  #sequence = 0;
  #unit: UnitOfWork | undefined;
  #outbox: Write[] = [];
  /** Whether the outbox will be written at the end of this turn of the event loop. */
  #scheduled = false;
  /** Who waits for that. */
  #waiting: ((failure: Error | undefined) => void)[] = [];
  #broken: Error | undefined;
  #closed = false;

  private constructor(disk?: Disk) {
    this.#disk = disk;
    if (disk === undefined) return;
    for (const { collection, partition, key, json } of disk.documents()) {
      this.#memory.set(collection, partition, key, deepFreeze(JSON.parse(json)));
    }
    this.#sequence = disk.lastSequence();
  }

  /** A store that lives as long as the process. */
  static inMemory(): Store {
    return new Store();
  }

  /** Opens (or makes) a data directory. Throws UserError when it cannot be used or another server holds it. */
  static open(directory: string): Store {
    return new Store(Disk.open(directory));
  }

  get<T>(from: Collection<T>, partition: string, key: string): T | undefined {
    return this.#memory.partition(from.name, partition)?.documents.get(key) as T | undefined;
  }

  list<T>(from: Collection<T>, partition: string): readonly T[] {
    return (this.#memory.partition(from.name, partition)?.list() ?? []) as readonly T[];
  }

  entries<T>(from: Collection<T>, partition: string): IterableIterator<[string, T]> {
    const documents = this.#memory.partition(from.name, partition)?.documents ?? new Map<string, unknown>();
    return documents.entries() as IterableIterator<[string, T]>;
  }

  count(from: Collection<unknown>, partition: string): number {
    return this.#memory.partition(from.name, partition)?.documents.size ?? 0;
  }

  partitions(from: Collection<unknown>): readonly string[] {
    return this.#memory.partitions(from.name);
  }

  read<T>(from: Log<T>, partition: string, range: LogRange = {}): LogEntry<T>[] {
    this.#writeOutbox();
    const source = this.#disk ?? this.#logs;
    const unit = this.#unit;
    const pending = unit?.appended(from.name, partition) ?? [];
    const truncated = unit?.truncatedBefore(from.name, partition);
    if (pending.length === 0 && truncated === undefined)
      return source.read(from.name, partition, range) as LogEntry<T>[];
    // The unit of work in progress is not on disk yet: its entries are added here, and what it truncated is left out.
    const stored = source.read(from.name, partition, {}).filter(({ at }) => truncated === undefined || at >= truncated);
    return select([...stored, ...pending], range) as LogEntry<T>[];
  }

  /** Whether a unit of work is being done at this moment. */
  get inTransaction(): boolean {
    return this.#unit !== undefined;
  }

  /**
   * Runs a synchronous unit of work. When `work` throws, all it changed is undone and the error goes on.
   * Inside another unit it is a part of that one: undone alone when it throws, committed with the outer one.
   */
  transact<R>(work: (tx: Tx) => R): R {
    this.#checkUsable();
    if (this.#unit !== undefined) return this.#unit.nested(work);
    const unit = new UnitOfWork(this, this.#memory, () => ++this.#sequence);
    this.#unit = unit;
    try {
      const result = work(unit);
      this.#take(unit.writes);
      return result;
    } catch (error) {
      unit.undoTo(0, 0);
      throw error;
    } finally {
      this.#unit = undefined;
    }
  }

  /** Resolves when everything done so far is on disk; rejects when it could not be written. */
  committed(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.whenCommitted((failure) => (failure === undefined ? resolve() : reject(failure)));
    });
  }

  /**
   * The same without a promise, for the answers of a busy server: a promise for each would cost as much as a part of the
   * call. The callback must not throw; it is called at once when there is nothing to wait for.
   */
  whenCommitted(callback: (failure: Error | undefined) => void): void {
    if (this.#broken === undefined && this.#scheduled) this.#waiting.push(callback);
    else callback(this.#broken);
  }

  /** Whether something is not on disk yet. */
  get pending(): boolean {
    return this.#scheduled || this.#broken !== undefined;
  }

  /** Calls back for every document of the collection that was put or deleted, once it is on disk. Returns how to stop. */
  watch(from: Collection<unknown>, callback: (change: Change) => void): () => void {
    let watchers = this.#watchers.get(from.name);
    if (watchers === undefined) {
      watchers = new Set();
      this.#watchers.set(from.name, watchers);
    }
    watchers.add(callback);
    return () => watchers.delete(callback);
  }

  /** Forgets everything, on disk too. */
  reset(): void {
    if (this.#unit !== undefined) throw new Error('reset inside a unit of work');
    this.#writeOutbox();
    this.#disk?.clear();
    this.#logs.clear();
    this.#memory.clear();
  }

  close(): void {
    if (this.#closed) return;
    if (this.#broken === undefined) this.#writeOutbox();
    this.#closed = true;
    this.#disk?.close();
  }

  #checkUsable(): void {
    if (this.#broken !== undefined) throw this.#broken;
    if (this.#closed) throw new Error('the store is closed');
  }

  /** Takes over what a unit has done: entries of a store without disk are there at once, the rest waits for the flush. */
  #take(writes: readonly Write[]): void {
    for (const write of writes) {
      if (this.#disk !== undefined || write.kind === 'put' || write.kind === 'delete') this.#outbox.push(write);
      else if (write.kind === 'append') this.#logs.append(write.log, write.partition, write.entry, write.keep);
      else this.#logs.truncate(write.log, write.partition, write.before);
    }
    if (this.#outbox.length > 0) this.#schedule();
  }

  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    setImmediate(() => {
      this.#scheduled = false;
      const waiting = this.#waiting;
      this.#waiting = [];
      let failure: Error | undefined;
      try {
        if (!this.#closed) this.#writeOutbox();
        failure = this.#broken;
      } catch (error) {
        failure = asError(error);
      }
      for (const callback of waiting) callback(failure);
    });
  }

  #writeOutbox(): void {
    const writes = this.#outbox;
    if (writes.length === 0) return;
    this.#outbox = [];
    try {
      this.#disk?.write(writes);
    } catch (error) {
      // What is in memory is now ahead of the disk: nothing more may be acknowledged.
      this.#broken = asError(error);
      throw this.#broken;
    }
    this.#notify(writes);
  }

  #notify(writes: readonly Write[]): void {
    if (this.#watchers.size === 0) return;
    for (const write of writes) {
      if (write.kind !== 'put' && write.kind !== 'delete') continue;
      for (const callback of this.#watchers.get(write.collection) ?? []) {
        callback({ collection: write.collection, partition: write.partition, key: write.key });
      }
    }
  }
}

function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error));
}
