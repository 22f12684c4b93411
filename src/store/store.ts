import { closeSync, mkdirSync, openSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'libsql';
import { UserError } from '../core/errors.ts';
import type { Collection, Log, LogEntry, LogRange, Read, Tx } from './collections.ts';
import { Memory } from './memory.ts';

type Write =
  | {
      readonly kind: 'put';
      readonly collection: string;
      readonly partition: string;
      readonly key: string;
      readonly json: string;
    }
  | { readonly kind: 'delete'; readonly collection: string; readonly partition: string; readonly key: string }
  | {
      readonly kind: 'append';
      readonly log: string;
      readonly partition: string;
      readonly sequence: number;
      readonly at: number;
      readonly json: string;
    }
  | { readonly kind: 'truncate'; readonly log: string; readonly partition: string; readonly before: number };

interface Undo {
  readonly collection: string;
  readonly partition: string;
  readonly key: string;
  readonly before: unknown;
}

/** A document that was put or deleted, as watchers learn of it once it is on disk. */
export interface Change {
  readonly collection: string;
  readonly partition: string;
  readonly key: string;
}

const SCHEMA_VERSION = 1;
const SCHEMA = `
  CREATE TABLE IF NOT EXISTS documents (collection TEXT NOT NULL, partition TEXT NOT NULL, key TEXT NOT NULL, json TEXT NOT NULL,
    PRIMARY KEY (collection, partition, key)) WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS entries (sequence INTEGER PRIMARY KEY, log TEXT NOT NULL, partition TEXT NOT NULL, at INTEGER NOT NULL, json TEXT NOT NULL);
  CREATE INDEX IF NOT EXISTS entries_by_time ON entries (log, partition, at, sequence);
`;

/**
 * Durable collections. A unit of work (`transact`) is synchronous: it changes the in-memory copies at once, is undone as
 * a whole when it throws, and reaches SQLite together with the other units of the same turn of the event loop.
 * `committed()` resolves when everything done so far is on disk: an answer is sent only after that.
 */
export class Store implements Read {
  readonly #db: Database.Database;
  readonly #lock: Lock | undefined;
  readonly #memory = new Memory();
  readonly #statements: ReturnType<typeof prepareStatements>;
  readonly #watchers = new Map<string, Set<(change: Change) => void>>();
  #sequence = 0;
  #unit: UnitOfWork | undefined;
  #outbox: Write[] = [];
  #flush: Promise<void> | undefined;
  #broken: Error | undefined;
  #closed = false;

  private constructor(db: Database.Database, lock?: Lock) {
    this.#db = db;
    this.#lock = lock;
    this.#statements = prepareStatements(db);
    for (const row of this.#statements.documents.iterate() as Iterable<{
      collection: string;
      partition: string;
      key: string;
      json: string;
    }>) {
      this.#memory.set(row.collection, row.partition, row.key, deepFreeze(JSON.parse(row.json)));
    }
    const last = this.#statements.lastSequence.get() as { sequence: number | null } | undefined;
    this.#sequence = last?.sequence ?? 0;
  }

  /** A store that lives as long as the process. */
  static inMemory(): Store {
    const db = new Database(':memory:');
    db.exec(SCHEMA);
    return new Store(db);
  }

  /**
   * Opens (or makes) the data directory's one SQLite file, readable by the owner only.
   * Throws UserError when the directory cannot be used or another server holds it.
   */
  static open(directory: string): Store {
    const file = join(directory, 'rolecall.db');
    try {
      mkdirSync(directory, { recursive: true, mode: 0o700 });
      closeSync(openSync(file, 'a', 0o600));
      const lock = lockDirectory(directory);
      const db = new Database(file);
      db.pragma('journal_mode = WAL');
      db.pragma('synchronous = NORMAL');
      const version = (db.pragma('user_version', { simple: true }) as number | { user_version: number }[]) ?? 0;
      const found = typeof version === 'number' ? version : (version[0]?.user_version ?? 0);
      if (found > SCHEMA_VERSION) {
        db.close();
        lock.release();
        throw new UserError(
          'data-too-new',
          `the data in ${directory} was written by a newer version of Rolecall`,
          'Use that version, or another --data directory.',
        );
      }
      db.exec(SCHEMA);
      db.exec(`PRAGMA user_version = ${SCHEMA_VERSION}`);
      return new Store(db, lock);
    } catch (error) {
      if (error instanceof UserError) throw error;
      const reason = error instanceof Error ? error.message : String(error);
      if (/locked|busy/i.test(reason)) {
        throw new UserError(
          'data-in-use',
          `the data directory ${directory} is in use by another server`,
          'Stop that server, or choose another --data directory.',
        );
      }
      throw new UserError(
        'data-unusable',
        `the data directory ${directory} cannot be used: ${reason}`,
        'Choose a directory that you can write to.',
      );
    }
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
    // Entries of the unit of work in progress are not on disk yet; they are read from the unit itself.
    const pending = this.#unit?.appended(from.name, partition) ?? [];
    const statement = this.#statements.entries(range.order ?? 'arrival', range.descending === true);
    const lower = range.after !== undefined && range.descending !== true ? range.after : -1;
    const upper = range.after !== undefined && range.descending === true ? range.after : Number.MAX_SAFE_INTEGER;
    const limit = range.limit ?? -1;
    const rows = statement.all(
      from.name,
      partition,
      range.from ?? Number.MIN_SAFE_INTEGER,
      range.to ?? Number.MAX_SAFE_INTEGER,
      lower,
      upper,
      limit,
    ) as { sequence: number; at: number; json: string }[];
    const result = rows.map((row) => ({ sequence: row.sequence, at: row.at, value: JSON.parse(row.json) as T }));
    if (pending.length === 0) return result;
    for (const entry of pending) {
      const inTime = entry.at >= (range.from ?? entry.at) && entry.at < (range.to ?? Number.MAX_SAFE_INTEGER);
      if (inTime && entry.sequence > lower && entry.sequence < upper) {
        result.push({ sequence: entry.sequence, at: entry.at, value: JSON.parse(entry.json) as T });
      }
    }
    const sign = range.descending === true ? -1 : 1;
    result.sort((a, b) => sign * ((range.order === 'time' ? a.at - b.at : 0) || a.sequence - b.sequence));
    return limit >= 0 ? result.slice(0, limit) : result;
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
      this.#outbox.push(...unit.writes);
      if (this.#outbox.length > 0) this.#schedule();
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
    if (this.#broken !== undefined) return Promise.reject(this.#broken);
    return this.#flush ?? Promise.resolve();
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
    this.#db.exec('DELETE FROM documents; DELETE FROM entries;');
    this.#memory.clear();
  }

  close(): void {
    if (this.#closed) return;
    if (this.#broken === undefined) this.#writeOutbox();
    this.#closed = true;
    this.#db.close();
    this.#lock?.release();
  }

  #checkUsable(): void {
    if (this.#broken !== undefined) throw this.#broken;
    if (this.#closed) throw new Error('the store is closed');
  }

  #schedule(): void {
    if (this.#flush !== undefined) return;
    this.#flush = new Promise((resolve, reject) => {
      setImmediate(() => {
        this.#flush = undefined;
        try {
          if (!this.#closed) this.#writeOutbox();
          resolve();
        } catch (error) {
          reject(error);
        }
      });
    });
    // A caller that does not wait must not end the process; the next unit of work fails with the same error.
    this.#flush.catch(() => {});
  }

  #writeOutbox(): void {
    const writes = this.#outbox;
    if (writes.length === 0) return;
    this.#outbox = [];
    const { put, remove, append, truncate } = this.#statements;
    try {
      this.#db.exec('BEGIN');
      for (const write of writes) {
        if (write.kind === 'append') append.run(write.sequence, write.log, write.partition, write.at, write.json);
        else if (write.kind === 'put') put.run(write.collection, write.partition, write.key, write.json);
        else if (write.kind === 'delete') remove.run(write.collection, write.partition, write.key);
        else truncate.run(write.log, write.partition, write.before);
      }
      this.#db.exec('COMMIT');
    } catch (error) {
      // What is in memory is now ahead of the disk: nothing more may be acknowledged.
      this.#broken = error instanceof Error ? error : new Error(String(error));
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

class UnitOfWork implements Tx {
  readonly writes: Write[] = [];
  readonly #undo: Undo[] = [];
  readonly #store: Store;
  readonly #memory: Memory;
  readonly #nextSequence: () => number;

  constructor(store: Store, memory: Memory, nextSequence: () => number) {
    this.#store = store;
    this.#memory = memory;
    this.#nextSequence = nextSequence;
  }

  get<T>(from: Collection<T>, partition: string, key: string): T | undefined {
    return this.#store.get(from, partition, key);
  }
  list<T>(from: Collection<T>, partition: string): readonly T[] {
    return this.#store.list(from, partition);
  }
  entries<T>(from: Collection<T>, partition: string): IterableIterator<[string, T]> {
    return this.#store.entries(from, partition);
  }
  count(from: Collection<unknown>, partition: string): number {
    return this.#store.count(from, partition);
  }
  partitions(from: Collection<unknown>): readonly string[] {
    return this.#store.partitions(from);
  }
  read<T>(from: Log<T>, partition: string, range?: LogRange): LogEntry<T>[] {
    return this.#store.read(from, partition, range);
  }

  put<T>(into: Collection<T>, partition: string, key: string, value: T): void {
    const json = JSON.stringify(value);
    const before = this.#memory.set(into.name, partition, key, deepFreeze(value));
    this.#undo.push({ collection: into.name, partition, key, before });
    this.writes.push({ kind: 'put', collection: into.name, partition, key, json });
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
    this.writes.push({ kind: 'append', log: into.name, partition, sequence, at, json: JSON.stringify(value) });
    return sequence;
  }

  truncate(from: Log<unknown>, partition: string, before = Number.MAX_SAFE_INTEGER): void {
    this.writes.push({ kind: 'truncate', log: from.name, partition, before });
  }

  appended(log: string, partition: string): { sequence: number; at: number; json: string }[] {
    return this.writes
      .filter((write) => write.kind === 'append')
      .filter((write) => write.log === log && write.partition === partition);
  }

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

interface Lock {
  release(): void;
}

/**
 * Makes a second server on the same directory fail at once instead of working on stale copies. An open exclusive
 * transaction on a file of its own: the system ends it with the process, however that dies.
 */
function lockDirectory(directory: string): Lock {
  const lock = new Database(join(directory, 'lock'));
  lock.exec('BEGIN EXCLUSIVE');
  return {
    release: () => {
      lock.exec('ROLLBACK');
      lock.close();
    },
  };
}

function prepareStatements(db: Database.Database) {
  const order = { arrival: 'sequence', time: 'at {}, sequence' } as const;
  const select = (by: keyof typeof order, descending: boolean) => {
    const direction = descending ? 'DESC' : 'ASC';
    const columns = order[by].replace('{}', direction);
    return db.prepare(
      `SELECT sequence, at, json FROM entries WHERE log = ? AND partition = ? AND at >= ? AND at < ? AND sequence > ? AND sequence < ? ORDER BY ${columns} ${direction} LIMIT ?`,
    );
  };
  const entries = {
    arrival: [select('arrival', false), select('arrival', true)],
    time: [select('time', false), select('time', true)],
  } as const;
  return {
    documents: db.prepare('SELECT collection, partition, key, json FROM documents ORDER BY collection, partition, key'),
    lastSequence: db.prepare('SELECT max(sequence) AS sequence FROM entries'),
    put: db.prepare('INSERT OR REPLACE INTO documents (collection, partition, key, json) VALUES (?, ?, ?, ?)'),
    remove: db.prepare('DELETE FROM documents WHERE collection = ? AND partition = ? AND key = ?'),
    append: db.prepare('INSERT INTO entries (sequence, log, partition, at, json) VALUES (?, ?, ?, ?, ?)'),
    truncate: db.prepare('DELETE FROM entries WHERE log = ? AND partition = ? AND at < ?'),
    entries: (by: keyof typeof order, descending: boolean) => entries[by][descending ? 1 : 0],
  };
}

function deepFreeze<T>(value: T): T {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return value;
  for (const member of Object.values(value)) deepFreeze(member);
  return Object.freeze(value);
}
