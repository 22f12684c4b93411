import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, expect, it } from 'vitest';
import { type LogRange, log } from './collections.ts';
import { Store } from './store.ts';

const events = log<number>('test/events');

const directories: string[] = [];
function directory(): string {
  const made = mkdtempSync(join(tmpdir(), 'rolecall-blocks-'));
  directories.push(made);
  return made;
}
afterEach(() => {
  for (const made of directories.splice(0)) rmSync(made, { recursive: true, force: true });
});

/** Commits of entries (their times), and truncations between them. */
const steps = fc.array(
  fc.oneof(
    { weight: 4, arbitrary: fc.record({ append: fc.array(fc.integer({ min: 0, max: 40 }), { maxLength: 300 }) }) },
    { weight: 1, arbitrary: fc.record({ truncate: fc.integer({ min: 0, max: 40 }) }) },
  ),
  { maxLength: 8 },
);

const ranges = fc.record(
  {
    after: fc.integer({ min: 0, max: 1500 }),
    from: fc.integer({ min: 0, max: 120 }),
    to: fc.integer({ min: 0, max: 120 }),
    limit: fc.integer({ min: 1, max: 600 }),
    descending: fc.boolean(),
    order: fc.constantFrom('arrival' as const, 'time' as const),
  },
  { requiredKeys: [] },
);

it('reads what a store in memory reads, whatever the range', async () => {
  await fc.assert(
    fc.asyncProperty(steps, fc.boolean(), fc.array(ranges, { maxLength: 12 }), async (commits, rising, asked) => {
      const path = directory();
      const stores = [Store.inMemory(), Store.open(path)] as const;
      for (const [number, step] of commits.entries()) {
        for (const store of stores) {
          store.transact((tx) => {
            if ('truncate' in step) tx.truncate(events, 'p', step.truncate);
            else {
              // Most logs come in order of their times.
              const times = rising ? step.append.sort((a, b) => a - b).map((at) => at + 40 * number) : step.append;
              for (const at of times) {
                tx.append(events, 'p', at, at * 1000 + number);
                tx.append(events, 'other', at, -1);
              }
            }
          });
          await store.committed();
        }
      }
      for (const range of [{}, ...(asked as LogRange[])]) {
        expect(stores[1].read(events, 'p', range)).toEqual(stores[0].read(events, 'p', range));
      }
      for (const store of stores) store.close();
    }),
    { numRuns: 40 },
  );
});

it('never gives a sequence number twice, however the server ended', async () => {
  const path = directory();
  const store = Store.open(path);
  for (let number = 0; number < 2100; number++) store.transact((tx) => tx.append(events, 'p', 0, number));
  await store.committed();
  const last = store.read(events, 'p', { descending: true, limit: 1 })[0]?.sequence as number;
  const copy = directory();
  execFileSync('cp', ['-r', `${path}/.`, copy]);
  const again = Store.open(copy);
  again.transact((tx) => expect(tx.append(events, 'p', 0, 0)).toBeGreaterThan(last));
  await again.committed();
  expect(again.read(events, 'p')).toHaveLength(2101);
  again.close();
  store.close();
});

it('takes over a data directory of the first version', () => {
  const path = directory();
  // The schema as it was, written by SQLite itself.
  const script = `
    import Database from 'libsql';
    const db = new Database(process.argv[1]);
    db.exec(\`
      CREATE TABLE documents (collection TEXT NOT NULL, partition TEXT NOT NULL, key TEXT NOT NULL, json TEXT NOT NULL,
        PRIMARY KEY (collection, partition, key)) WITHOUT ROWID;
      CREATE TABLE entries (log TEXT NOT NULL, partition TEXT NOT NULL, sequence INTEGER NOT NULL, at INTEGER NOT NULL, json TEXT NOT NULL,
        PRIMARY KEY (log, partition, sequence)) WITHOUT ROWID;
      CREATE TABLE counters (name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;
      INSERT INTO counters VALUES ('sequence', 7);
      INSERT INTO entries VALUES ('test/events', 'p', 3, 10, '41'), ('test/events', 'p', 7, 5, '42');
      PRAGMA user_version = 1;
    \`);
    db.close();`;
  execFileSync(process.execPath, ['--input-type=module', '-e', script, join(path, 'rolecall.db')]);
  const store = Store.open(path);
  expect(store.read(events, 'p', { order: 'time' })).toEqual([
    { sequence: 7, at: 5, value: 42 },
    { sequence: 3, at: 10, value: 41 },
  ]);
  store.transact((tx) => expect(tx.append(events, 'p', 0, 0)).toBeGreaterThan(7));
  store.close();
});
