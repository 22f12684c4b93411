import type Database from 'libsql';
import type { LogEntry, LogRange } from './collections.ts';
import { select } from './logs-in-memory.ts';

/**
 * The logs of a store with a disk. What is appended to a log in one commit becomes one row, a block, rather than a row
 * for each entry: a row costs SQLite more than the entry in it. A block knows the range of its entries' sequence
 * numbers and times.
 */
export const LOG_SCHEMA = `
  CREATE TABLE IF NOT EXISTS blocks (log TEXT NOT NULL, partition TEXT NOT NULL, last INTEGER NOT NULL, first INTEGER NOT NULL,
    earliest INTEGER NOT NULL, latest INTEGER NOT NULL, json TEXT NOT NULL,
    PRIMARY KEY (log, partition, last)) WITHOUT ROWID;
`;

/** Makes the blocks of one entry each out of the rows of schema version 1. */
export const LOG_MIGRATION = `
  INSERT INTO blocks SELECT log, partition, sequence, sequence, at, at, '[[' || sequence || ',' || at || ',' || json || ']]' FROM entries;
  DROP TABLE entries;
`;

/** Limits of a block: a reader that wants one entry reads the whole block. */
const MOST_ENTRIES = 256;
const MOST_CHARACTERS = 256 * 1024;

const AT_A_TIME = 20;

/** A block that is being filled. */
interface Block {
  readonly log: string;
  readonly partition: string;
  readonly first: number;
  last: number;
  earliest: number;
  latest: number;
  count: number;
  /** The entries as `[sequence,at,value],[…`, without the outer brackets. */
  json: string;
}

type StoredEntry = readonly [sequence: number, at: number, value: unknown];

export class LogBlocks {
  readonly #statements: ReturnType<typeof prepareStatements>;
  /** Blocks of the commit in hand, by log and partition. */
  readonly #open = new Map<string, Block>();

  constructor(db: Database.Database) {
    this.#statements = prepareStatements(db);
  }

  append(log: string, partition: string, { sequence, at, value }: LogEntry<unknown>): void {
    const name = `${log}\n${partition}`;
    const json = `[${sequence},${at},${JSON.stringify(value)}]`;
    const block = this.#open.get(name);
    if (block === undefined) {
      this.#open.set(name, {
        log,
        partition,
        first: sequence,
        last: sequence,
        earliest: at,
        latest: at,
        count: 1,
        json,
      });
      return;
    }
    block.last = sequence;
    if (at < block.earliest) block.earliest = at;
    if (at > block.latest) block.latest = at;
    block.count += 1;
    block.json += `,${json}`;
    if (block.count < MOST_ENTRIES && block.json.length < MOST_CHARACTERS) return;
    this.#open.delete(name);
    this.#write(block);
  }

  /** Writes the blocks that are being filled. Must be called before the commit. */
  flush(): void {
    for (const block of this.#open.values()) this.#write(block);
    this.#open.clear();
  }

  /** Removes the entries before a time (epoch milliseconds). */
  truncate(log: string, partition: string, before: number): void {
    this.flush();
    const { remove, removeBefore, straddling } = this.#statements;
    removeBefore.run(log, partition, before);
    // What is left of a block that holds both takes its place.
    for (const { last, json } of straddling.all(log, partition, before) as { last: number; json: string }[]) {
      remove.run(log, partition, last);
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

  #write({ log, partition, first, last, earliest, latest, json }: Block): void {
    this.#statements.put.run(log, partition, last, first, earliest, latest, `[${json}]`);
  }
}

interface StoredBlock {
  readonly earliest: number;
  readonly latest: number;
  readonly json: string;
}

function entriesOf(json: string): LogEntry<unknown>[] {
  return (JSON.parse(json) as StoredEntry[]).map(([sequence, at, value]) => ({ sequence, at, value }));
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
      'INSERT INTO blocks (log, partition, last, first, earliest, latest, json) VALUES (?, ?, ?, ?, ?, ?, ?)',
    ),
    remove: db.prepare(`DELETE FROM blocks WHERE ${ofPartition} AND last = ?`),
    removeBefore: db.prepare(`DELETE FROM blocks WHERE ${ofPartition} AND latest < ?`),
    straddling: db.prepare(`SELECT last, json FROM blocks WHERE ${ofPartition} AND earliest < ?`),
    blocks: (by: 'arrival' | 'time', descending: boolean) => blocks[by][descending ? 1 : 0],
  };
}
