import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { UserError } from '../core/errors.ts';
import { collection, log } from './collections.ts';
import { Store } from './store.ts';

interface Thing {
  readonly size: number;
}
const things = collection<Thing>('test/things');
const events = log<{ readonly text: string }>('test/events');

const directories: string[] = [];
function directory(): string {
  const made = mkdtempSync(join(tmpdir(), 'rolecall-store-'));
  directories.push(made);
  return made;
}
afterEach(() => {
  for (const made of directories.splice(0)) rmSync(made, { recursive: true, force: true });
});

describe('a unit of work', () => {
  it('is seen at once and listed in order of keys', () => {
    const store = Store.inMemory();
    store.transact((tx) => {
      tx.put(things, 'a', 'two', { size: 2 });
      tx.put(things, 'a', 'one', { size: 1 });
      tx.put(things, 'b', 'other', { size: 9 });
    });
    expect(store.get(things, 'a', 'one')).toEqual({ size: 1 });
    expect(store.list(things, 'a')).toEqual([{ size: 1 }, { size: 2 }]);
    expect([...store.partitions(things)].sort()).toEqual(['a', 'b']);
    expect(store.count(things, 'a')).toBe(2);
  });

  it('is undone as a whole when it throws', () => {
    const store = Store.inMemory();
    store.transact((tx) => tx.put(things, 'a', 'kept', { size: 1 }));
    expect(() =>
      store.transact((tx) => {
        tx.put(things, 'a', 'kept', { size: 2 });
        tx.put(things, 'a', 'new', { size: 3 });
        tx.delete(things, 'a', 'kept');
        tx.append(events, '', 5, { text: 'lost' });
        throw new Error('no');
      }),
    ).toThrow('no');
    expect(store.list(things, 'a')).toEqual([{ size: 1 }]);
    expect(store.read(events, '')).toEqual([]);
  });

  it('inside another is undone alone', () => {
    const store = Store.inMemory();
    store.transact((tx) => {
      tx.put(things, 'a', 'outer', { size: 1 });
      expect(() =>
        store.transact((inner) => {
          inner.put(things, 'a', 'inner', { size: 2 });
          throw new Error('no');
        }),
      ).toThrow('no');
    });
    expect([...store.entries(things, 'a')].map(([key]) => key)).toEqual(['outer']);
  });

  it('freezes what it stores', () => {
    const store = Store.inMemory();
    const thing = { size: 1 };
    store.transact((tx) => tx.put(things, 'a', 'x', thing));
    expect(() => {
      thing.size = 2;
    }).toThrow(TypeError);
  });

  it('tells watchers once it is on disk', async () => {
    const store = Store.inMemory();
    const seen: string[] = [];
    store.watch(things, (change) => seen.push(change.key));
    store.transact((tx) => tx.put(things, 'a', 'x', { size: 1 }));
    expect(seen).toEqual([]);
    await store.committed();
    expect(seen).toEqual(['x']);
  });
});

describe('a log', () => {
  it('reads by arrival and by time, forward and backward, with bounds', () => {
    const store = Store.inMemory();
    store.transact((tx) => {
      for (const [at, text] of [
        [30, 'c'],
        [10, 'a'],
        [20, 'b'],
      ] as const)
        tx.append(events, 'p', at, { text });
      tx.append(events, 'q', 15, { text: 'elsewhere' });
    });
    const texts = (range?: Parameters<Store['read']>[2]) =>
      store.read(events, 'p', range).map((entry) => entry.value.text);
    expect(texts()).toEqual(['c', 'a', 'b']);
    expect(texts({ descending: true })).toEqual(['b', 'a', 'c']);
    expect(texts({ order: 'time' })).toEqual(['a', 'b', 'c']);
    expect(texts({ order: 'time', from: 10, to: 30, limit: 1 })).toEqual(['a']);
    const first = store.read(events, 'p')[0]?.sequence as number;
    expect(texts({ after: first })).toEqual(['a', 'b']);
    expect(texts({ after: first + 1, descending: true })).toEqual(['c']);
  });

  it('shows entries of the unit of work in progress, and forgets truncated ones', () => {
    const store = Store.inMemory();
    store.transact((tx) => {
      tx.append(events, 'p', 1, { text: 'a' });
      expect(tx.read(events, 'p').map((entry) => entry.value.text)).toEqual(['a']);
    });
    store.transact((tx) => tx.truncate(events, 'p'));
    expect(store.read(events, 'p')).toEqual([]);
  });
});

describe('a data directory', () => {
  it('is there again after a restart, readable by the owner only', async () => {
    const path = directory();
    const store = Store.open(path);
    store.transact((tx) => {
      tx.put(things, 'a', 'x', { size: 7 });
      tx.append(events, '', 1, { text: 'hello' });
    });
    await store.committed();
    store.close();
    expect(statSync(join(path, 'rolecall.db')).mode & 0o077).toBe(0);
    const again = Store.open(path);
    expect(again.get(things, 'a', 'x')).toEqual({ size: 7 });
    const last = again.read(events, '')[0]?.sequence as number;
    again.transact((tx) => expect(tx.append(events, '', 2, { text: 'next' })).toBeGreaterThan(last));
    again.close();
  });

  it('serves one server at a time', () => {
    const path = directory();
    const store = Store.open(path);
    store.transact((tx) => tx.put(things, 'a', 'x', { size: 1 }));
    // SQLite's lock is held per process on some systems, so the second server is a process of its own.
    const script = `import D from 'libsql'; try { const d = new D(${JSON.stringify(join(path, 'lock'))}); d.exec('BEGIN EXCLUSIVE'); console.log('opened'); } catch (e) { console.log(e.message); }`;
    const said = execFileSync(process.execPath, ['--input-type=module', '-e', script], { encoding: 'utf8' });
    expect(said).toMatch(/locked|busy/i);
    store.close();
  });

  it('that cannot be used is a UserError with a remedy', () => {
    const file = join(directory(), 'file');
    execFileSync('touch', [file]);
    expect(() => Store.open(file)).toThrow(UserError);
  });

  it('tells whoever waits, in order, and at once when there is nothing to wait for', async () => {
    const path = directory();
    const store = Store.open(path);
    const told: unknown[] = [];
    store.transact((tx) => tx.append(events, '', 1, { text: 'a' }));
    store.whenCommitted((failure) => told.push(['first', failure]));
    store.whenCommitted((failure) => told.push(['second', failure]));
    expect(told).toEqual([]);
    await store.committed();
    expect(told).toEqual([
      ['first', undefined],
      ['second', undefined],
    ]);
    store.whenCommitted((failure) => told.push(['third', failure]));
    expect(told).toHaveLength(3);
    store.close();
  });

  it('that fails acknowledges nothing any more', async () => {
    const path = directory();
    const store = Store.open(path);
    // The table is taken away behind the server's back: a write that fails, as on a full disk.
    const script = `import D from 'libsql'; const d = new D(${JSON.stringify(join(path, 'rolecall.db'))}); d.exec('DROP TABLE blocks');`;
    execFileSync(process.execPath, ['--input-type=module', '-e', script]);
    store.transact((tx) => tx.append(events, '', 1, { text: 'lost' }));
    const failures: unknown[] = [];
    store.whenCommitted((failure) => failures.push(failure));
    await expect(store.committed()).rejects.toThrow();
    expect(failures).toEqual([expect.any(Error)]);
    expect(store.pending).toBe(true);
    await expect(store.committed()).rejects.toThrow();
    expect(() => store.transact((tx) => tx.append(events, '', 2, { text: 'next' }))).toThrow();
    store.close();
  });

  it('has on disk what was acknowledged, without being closed', async () => {
    const path = directory();
    const store = Store.open(path);
    store.transact((tx) => tx.put(things, 'a', 'x', { size: 1 }));
    await store.committed();
    const copy = directory();
    execFileSync('cp', ['-r', `${path}/.`, copy]);
    const other = Store.open(copy);
    expect(other.get(things, 'a', 'x')).toEqual({ size: 1 });
    other.close();
    store.close();
  });
});
