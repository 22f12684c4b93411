import { closeSync, openSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import type Database from 'libsql';
import { UserError } from '../core/errors.ts';
import { makeDirectory } from '../core/make-directory.ts';
import type { LogEntry, LogRange } from './collections.ts';
import { LOG_MIGRATION, LOG_SCHEMA, LogBlocks } from './log-blocks.ts';
import type { Write } from './writes.ts';

const SCHEMA_VERSION = 2;
const SCHEMA = `
  CREATE TABLE IF NOT EXISTS documents (collection TEXT NOT NULL, partition TEXT NOT NULL, key TEXT NOT NULL, json TEXT NOT NULL,
    PRIMARY KEY (collection, partition, key)) WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS counters (name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;
  INSERT OR IGNORE INTO counters (name, value) VALUES ('sequence', 0);
  ${LOG_SCHEMA}
`;

/** Sequence numbers are set aside by the thousand, so that not every commit must write how far they have come. */
const SET_ASIDE = 1000;

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

/** The one SQLite file of a data directory. */
export class Disk {
  readonly #db: Database.Database;
  readonly #lock: Lock;
  readonly #statements: ReturnType<typeof prepareStatements>;
  readonly #logs: LogBlocks;
  /** No sequence number beyond this one may be in use: it is what a start after a crash goes on from. */
  #setAside: number;

  private constructor(db: Database.Database, lock: Lock) {
    this.#db = db;
    this.#lock = lock;
    this.#statements = prepareStatements(db);
    this.#logs = new LogBlocks(db);
    this.#setAside = this.lastSequence();
  }

  /**
   * Opens (or makes) the file, readable by the owner only.
   * Throws UserError when the directory cannot be used, another server holds it, or a newer version wrote it.
   */
  static open(directory: string): Disk {
    let lock: Lock | undefined;
    try {
      makeDirectory(directory, 0o700);
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
      const migration = version[0] === 1 ? LOG_MIGRATION : '';
      db.exec(`BEGIN; ${SCHEMA} ${migration} PRAGMA user_version = ${SCHEMA_VERSION}; COMMIT;`);
      return new Disk(db, lock);
    } catch (error) {
      lock?.release();
      throw openError(directory, error);
    }
  }

  documents(): Iterable<StoredDocument> {
    return this.#statements.documents.all() as StoredDocument[];
  }

  /** No entry has a greater sequence number; there may be a gap behind the last one. */
  lastSequence(): number {
    return (this.#statements.lastSequence.get() as { sequence: number }).sequence;
  }

  /**
   * Writes all or nothing. A transaction is opened only where more than one statement is needed: most commits are one
   * row of the trail, and a single statement commits itself.
   */
  write(writes: readonly Write[]): void {
    const { begin, commit, put, remove, counted } = this.#statements;
    const logs = this.#logs;
    let sequence = 0;
    let begun = false;
    const together = () => {
      if (!begun) begin.run();
      begun = true;
    };
    for (const write of writes) {
      if (write.kind === 'append') {
        logs.append(write.log, write.partition, write.entry);
        sequence = write.entry.sequence;
        continue;
      }
      together();
      if (write.kind === 'put') put.run(write.collection, write.partition, write.key, JSON.stringify(write.value));
      else if (write.kind === 'delete') remove.run(write.collection, write.partition, write.key);
      else logs.truncate(write.log, write.partition, write.before);
    }
    if (logs.unwritten > 1) together();
    if (sequence > this.#setAside) {
      together();
      this.#setAside = sequence + SET_ASIDE;
      counted.run(this.#setAside);
    }
    logs.flush();
    if (begun) commit.run();
  }

  read(log: string, partition: string, range: LogRange): LogEntry<unknown>[] {
    return this.#logs.read(log, partition, range);
  }

  clear(): void {
    this.#db.exec('DELETE FROM documents; DELETE FROM blocks;');
  }

  close(): void {
    this.#db.close();
    this.#lock.release();
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

function prepareStatements(db: Database.Database) {
  return {
    begin: db.prepare('BEGIN'),
    commit: db.prepare('COMMIT'),
    documents: db.prepare('SELECT collection, partition, key, json FROM documents ORDER BY collection, partition, key'),
    lastSequence: db.prepare("SELECT value AS sequence FROM counters WHERE name = 'sequence'"),
    put: db.prepare('INSERT OR REPLACE INTO documents (collection, partition, key, json) VALUES (?, ?, ?, ?)'),
    remove: db.prepare('DELETE FROM documents WHERE collection = ? AND partition = ? AND key = ?'),
    counted: db.prepare("UPDATE counters SET value = ? WHERE name = 'sequence'"),
  };
}
