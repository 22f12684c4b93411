import type Database from 'libsql';
import { Block, entriesOf } from './block.ts';
import type { LogEntry, LogRange } from './collections.ts';
import { select } from './logs-in-memory.ts';

/**
 * The logs of a store with a disk. What is appended to a log in one commit becomes one row, a block, rather than a row
 * for each entry: a row costs SQLite more than the entry in it. Sequence numbers are unique over all logs, so the last
 * one of a block is the row's own number, and every new row goes to the end of the table, which touches the fewest pages.
 */
export const LOG_SCHEMA = `
  CREATE TABLE IF NOT EXISTS blocks (last INTEGER PRIMARY KEY, log TEXT NOT NULL, partition TEXT NOT NULL, first INTEGER NOT NULL,
    earliest INTEGER NOT NULL, latest INTEGER NOT NULL, json TEXT NOT NULL);
  CREATE INDEX IF NOT EXISTS blocks_of_log ON blocks (log, partition);
`;

/** Makes the blocks of one entry each out of the rows of schema version 1. */
export const LOG_MIGRATION = `
  INSERT INTO blocks (last, log, partition, first, earliest, latest, json)
    SELECT sequence, log, partition, sequence, at, at, '[[' || sequence || ',' || at || ',' || json || ']]' FROM entries ORDER BY sequence;
  DROP TABLE entries;
`;

const AT_A_TIME = 20;

export class LogBlocks {
  readonly #statements: ReturnType<typeof prepareStatements>;
  /** Blocks of the commit in hand that take further entries, by log and partition. */
  readonly #open = new Map<string, Block>();
  #full: Block[] = [];

  constructor(db: Database.Database) {
    this.#statements = prepareStatements(db);
  }

  /** Adds to the commit in hand. Nothing is written before `flush`. */
  append(log: string, partition: string, entry: LogEntry<unknown>): void {
    const name = `${log}\n${partition}`;
    const block = this.#open.get(name);
    if (block === undefined) {
      this.#open.set(name, new Block(log, partition, entry));
      return;
    }
    block.add(entry);
    if (!block.full) return;
    this.#open.delete(name);
    this.#full.push(block);
  }

  /** How many rows `flush` will write. */
  get unwritten(): number {
    return this.#full.length + this.#open.size;
  }

  /** Writes what was appended, each row with a statement of its own. Must be called before the commit. */
  flush(): void {
    for (const block of this.#full) this.#write(block);
    for (const block of this.#open.values()) this.#write(block);
    this.#full = [];
    this.#open.clear();
  }

  /** Removes the entries before a time (epoch milliseconds). */
  truncate(log: string, partition: string, before: number): void {
    this.flush();
    const { remove, removeBefore, straddling } = this.#statements;
    removeBefore.run(log, partition, before);
    // What is left of a block that holds both takes its place.
    for (const { last, json } of straddling.all(log, partition, before) as { last: number; json: string }[]) {
      remove.run(last);
      for (const entry of entriesOf(json)) if (entry.at >= before) this.append(log, partition, entry);
      this.flush();
    }
  }

  read(log: string, partition: string, range: LogRange): LogEntry<unknown>[] {
    return (range.order ?? 'arrival') === 'arrival'
      ? this.#readByArrival(log, partition, range)
      : this.#readByTime(log, partition, range);
  }

  #readByArrival(log: string, partition: string, range: LogRange): LogEntry<unknown>[] {
    const { limit = Number.POSITIVE_INFINITY, ...rest } = range;
    const found: LogEntry<unknown>[] = [];
    for (const { json } of this.#blocks(log, partition, range)) {
      if (found.length >= limit) break;
      for (const entry of select(entriesOf(json), { ...rest, limit: limit - found.length })) found.push(entry);
    }
    return found;
  }

  #readByTime(log: string, partition: string, range: LogRange): LogEntry<unknown>[] {
    const { limit = Number.POSITIVE_INFINITY, order: _, ...rest } = range;
    const { descending = false } = range;
    let found: LogEntry<unknown>[] = [];
    for (const { earliest, latest, json } of this.#blocks(log, partition, range)) {
      // Blocks come in order of their first entry to be read: what stands before it can no longer be overtaken.
      const sure = (entry: LogEntry<unknown>) => (descending ? entry.at > latest : entry.at < earliest);
      const nth = found[limit - 1];
      if (nth !== undefined && sure(nth)) break;
      const entries = [...found, ...select(entriesOf(json), rest)].sort((a, b) => a.sequence - b.sequence);
      found = select(entries, { order: 'time', descending, ...(Number.isFinite(limit) ? { limit } : {}) });
    }
    return found;
  }

  /**
   * The blocks that may hold entries of the range, in its order. Read some at a time and each time to the end: a
   * statement that is left half-way would hold on to the state of the file that it began with.
   */
  *#blocks(log: string, partition: string, range: LogRange): Generator<StoredBlock> {
    const { after, from, to, descending = false, order = 'arrival' } = range;
    const statement = this.#statements.blocks(order, descending);
    for (let offset = 0; ; offset += AT_A_TIME) {
      const blocks = statement.all(
        log,
        partition,
        from ?? Number.MIN_SAFE_INTEGER,
        to ?? Number.MAX_SAFE_INTEGER,
        after !== undefined && !descending ? after : -1,
        after !== undefined && descending ? after : Number.MAX_SAFE_INTEGER,
        offset,
      ) as StoredBlock[];
      yield* blocks;
      if (blocks.length < AT_A_TIME) return;
    }
  }

  #write({ last, log, partition, first, earliest, latest, json }: Block): void {
    this.#statements.put.run([last, log, partition, first, earliest, latest, json]);
  }
}

interface StoredBlock {
  readonly earliest: number;
  readonly latest: number;
  readonly json: string;
}

function prepareStatements(db: Database.Database) {
  const ofPartition = 'log = ? AND partition = ?';
  const select = (order: string) =>
    db.prepare(
      `SELECT earliest, latest, json FROM blocks WHERE ${ofPartition} AND latest >= ? AND earliest < ? AND last > ? AND first < ? ORDER BY ${order} LIMIT ${AT_A_TIME} OFFSET ?`,
    );
  const blocks = {
    arrival: [select('last ASC'), select('last DESC')],
    time: [select('earliest ASC'), select('latest DESC')],
  } as const;
  return {
    put: db.prepare(
      'INSERT INTO blocks (last, log, partition, first, earliest, latest, json) VALUES (?, ?, ?, ?, ?, ?, ?)',
    ),
    remove: db.prepare('DELETE FROM blocks WHERE last = ?'),
    removeBefore: db.prepare(`DELETE FROM blocks WHERE ${ofPartition} AND latest < ?`),
    straddling: db.prepare(`SELECT last, json FROM blocks WHERE ${ofPartition} AND earliest < ?`),
    blocks: (by: 'arrival' | 'time', descending: boolean) => blocks[by][descending ? 1 : 0],
  };
}
