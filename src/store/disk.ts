import { closeSync, mkdirSync, openSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import type Database from 'libsql';
import { UserError } from '../core/errors.ts';
import type { LogEntry, LogRange } from './collections.ts';
import type { Write } from './writes.ts';

const SCHEMA_VERSION = 1;
const SCHEMA = `
  CREATE TABLE IF NOT EXISTS documents (collection TEXT NOT NULL, partition TEXT NOT NULL, key TEXT NOT NULL, json TEXT NOT NULL,
    PRIMARY KEY (collection, partition, key)) WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS entries (log TEXT NOT NULL, partition TEXT NOT NULL, sequence INTEGER NOT NULL, at INTEGER NOT NULL, json TEXT NOT NULL,
    PRIMARY KEY (log, partition, sequence)) WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS counters (name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;
  INSERT OR IGNORE INTO counters (name, value) VALUES ('sequence', 0);
`;

export interface StoredDocument {
  readonly collection: string;
  readonly partition: string;
  readonly key: string;
  readonly json: string;
}

/** Loaded with the first data directory: servers in memory start without it. */
function openDatabase(file: string): Database.Database {
  const Sqlite = createRequire(import.meta.url)('libsql') as typeof Database;
  return new Sqlite(file);
}

/** The one SQLite file of a data directory. The only file that speaks SQL. */
export class Disk {
  readonly #db: Database.Database;
  readonly #lock: Lock;
  readonly #statements: ReturnType<typeof prepareStatements>;

  private constructor(db: Database.Database, lock: Lock) {
    this.#db = db;
    this.#lock = lock;
    this.#statements = prepareStatements(db);
  }

  /**
   * Opens (or makes) the file, readable by the owner only.
   * Throws UserError when the directory cannot be used, another server holds it, or a newer version wrote it.
   */
  static open(directory: string): Disk {
    let lock: Lock | undefined;
    try {
      mkdirSync(directory, { recursive: true, mode: 0o700 });
      const file = join(directory, 'rolecall.db');
      closeSync(openSync(file, 'a', 0o600));
      lock = lockDirectory(directory);
      const db = openDatabase(file);
      db.pragma('journal_mode = WAL');
      db.pragma('synchronous = NORMAL');
      // Checkpoints wait for the disk: not after every few megabytes.
      db.pragma('wal_autocheckpoint = 8000');
      const [version] = db.prepare('PRAGMA user_version').raw().all() as [[number]];
      if (version[0] > SCHEMA_VERSION) {
        throw new UserError(
          'data-too-new',
          `the data in ${directory} was written by a newer version of Rolecall`,
          'Use that version, or another --data directory.',
        );
      }
      db.exec(SCHEMA);
      db.exec(`PRAGMA user_version = ${SCHEMA_VERSION}`);
      return new Disk(db, lock);
    } catch (error) {
      lock?.release();
      throw openError(directory, error);
    }
  }

  documents(): Iterable<StoredDocument> {
    return this.#statements.documents.all() as StoredDocument[];
  }

  lastSequence(): number {
    return (this.#statements.lastSequence.get() as { sequence: number | null } | undefined)?.sequence ?? 0;
  }

  /** Writes all or nothing. */
  write(writes: readonly Write[]): void {
    const { put, remove, append, appendMany, counted, truncate } = this.#statements;
    let sequence: number | undefined;
    this.#db.exec('BEGIN');
    for (let index = 0; index < writes.length; index++) {
      const write = writes[index] as Write;
      switch (write.kind) {
        case 'append': {
          const many = appendsFrom(writes, index);
          (many.length === 1 ? append : appendMany).run(...many.flatMap(columns));
          index += many.length - 1;
          sequence = (many.at(-1) as Append).entry.sequence;
          break;
        }
        case 'put':
          put.run(write.collection, write.partition, write.key, JSON.stringify(write.value));
          break;
        case 'delete':
          remove.run(write.collection, write.partition, write.key);
          break;
        case 'truncate':
          truncate.run(write.log, write.partition, write.before);
      }
    }
    if (sequence !== undefined) counted.run(sequence);
    this.#db.exec('COMMIT');
  }

  read(log: string, partition: string, range: LogRange): LogEntry<unknown>[] {
    const { after, descending = false, order = 'arrival' } = range;
    const rows = this.#statements
      .entries(order, descending)
      .all(
        log,
        partition,
        range.from ?? Number.MIN_SAFE_INTEGER,
        range.to ?? Number.MAX_SAFE_INTEGER,
        after !== undefined && !descending ? after : -1,
        after !== undefined && descending ? after : Number.MAX_SAFE_INTEGER,
        range.limit ?? -1,
      ) as { sequence: number; at: number; json: string }[];
    return rows.map(({ sequence, at, json }) => ({ sequence, at, value: JSON.parse(json) as unknown }));
  }

  clear(): void {
    this.#db.exec('DELETE FROM documents; DELETE FROM entries;');
  }

  close(): void {
    this.#db.close();
    this.#lock.release();
  }
}

type Append = Extract<Write, { kind: 'append' }>;

/** Entries that one statement takes: a call into SQLite costs as much as the row it writes. */
const TOGETHER = 8;

/** The next eight writes, where all of them are entries of a log; else the next one. */
function appendsFrom(writes: readonly Write[], from: number): readonly Append[] {
  const next = writes.slice(from, from + TOGETHER);
  const all = next.length === TOGETHER && next.every((write): write is Append => write.kind === 'append');
  return all ? next : [writes[from] as Append];
}

function columns({ log, partition, entry }: Append): (string | number)[] {
  return [entry.sequence, log, partition, entry.at, JSON.stringify(entry.value)];
}

interface Lock {
  release(): void;
}

/**
 * Makes a second server on the same directory fail at once instead of working on stale copies. An open exclusive
 * transaction on a file of its own: the system ends it with the process, however that dies.
 */
function lockDirectory(directory: string): Lock {
  const lock = openDatabase(join(directory, 'lock'));
  lock.exec('BEGIN EXCLUSIVE');
  return {
    release: () => {
      lock.exec('ROLLBACK');
      lock.close();
    },
  };
}

function openError(directory: string, error: unknown): UserError {
  if (error instanceof UserError) return error;
  const reason = error instanceof Error ? error.message : String(error);
  if (/locked|busy/i.test(reason)) {
    return new UserError(
      'data-in-use',
      `the data directory ${directory} is in use by another server`,
      'Stop that server, or choose another --data directory.',
    );
  }
  return new UserError(
    'data-unusable',
    `the data directory ${directory} cannot be used: ${reason}`,
    'Choose a directory that you can write to.',
  );
}

const INSERT_ENTRIES = 'INSERT INTO entries (sequence, log, partition, at, json) VALUES';
const ENTRY_VALUES = '(?, ?, ?, ?, ?)';

function prepareStatements(db: Database.Database) {
  const select = (columns: string) =>
    db.prepare(
      `SELECT sequence, at, json FROM entries WHERE log = ? AND partition = ? AND at >= ? AND at < ? AND sequence > ? AND sequence < ? ORDER BY ${columns} LIMIT ?`,
    );
  const entries = {
    arrival: [select('sequence ASC'), select('sequence DESC')],
    time: [select('at ASC, sequence ASC'), select('at DESC, sequence DESC')],
  } as const;
  return {
    documents: db.prepare('SELECT collection, partition, key, json FROM documents ORDER BY collection, partition, key'),
    lastSequence: db.prepare("SELECT value AS sequence FROM counters WHERE name = 'sequence'"),
    put: db.prepare('INSERT OR REPLACE INTO documents (collection, partition, key, json) VALUES (?, ?, ?, ?)'),
    remove: db.prepare('DELETE FROM documents WHERE collection = ? AND partition = ? AND key = ?'),
    counted: db.prepare("UPDATE counters SET value = ? WHERE name = 'sequence'"),
    append: db.prepare(`${INSERT_ENTRIES} ${ENTRY_VALUES}`),
    appendMany: db.prepare(`${INSERT_ENTRIES} ${Array(TOGETHER).fill(ENTRY_VALUES).join(', ')}`),
    truncate: db.prepare('DELETE FROM entries WHERE log = ? AND partition = ? AND at < ?'),
    entries: (by: 'arrival' | 'time', descending: boolean) => entries[by][descending ? 1 : 0],
  };
}
