import { expect, test } from 'vitest';
import { type MemoryTable, MemoryWatch } from './memory-watch.ts';

/** Processes: number → pid namespace, memory as it is seen quickly, and exactly. */
type Processes = Record<number, { readonly namespace: string; readonly roughly: number; readonly exactly?: number }>;

function bench(processes: Processes) {
  const killed: number[] = [];
  const measured: number[] = [];
  const table: MemoryTable = {
    pids: () => Object.keys(processes).map(Number),
    namespaceOf: (pid) => processes[pid]?.namespace,
    roughly: (pid) => processes[pid]?.roughly ?? 0,
    exactly: (pid) => {
      measured.push(pid);
      return processes[pid]?.exactly ?? processes[pid]?.roughly ?? 0;
    },
    kill: (pid) => killed.push(pid),
  };
  const watch = new MemoryWatch(table);
  const exceeded: string[] = [];
  const add = (first: number, limit: number | undefined, taskLimit?: number, taskArn = `task-${first}`) =>
    watch.add({
      taskArn,
      first: { pid: first, started: '' },
      limit,
      taskLimit,
      exceeded: () => exceeded.push(String(first)),
    });
  return { watch, add, killed, measured, exceeded };
}

test('the largest process of a container that uses too much is killed', () => {
  const { watch, add, killed, exceeded } = bench({
    1: { namespace: 'a', roughly: 10 },
    2: { namespace: 'a', roughly: 70 },
    3: { namespace: 'a', roughly: 30 },
    4: { namespace: 'b', roughly: 90 },
    5: { namespace: 'host', roughly: 1000 },
  });
  add(1, 100);
  add(4, 100);
  watch.look();
  expect({ killed, exceeded }).toEqual({ killed: [2], exceeded: ['1'] });
});

test('pages that processes share count once: only then a container is measured exactly', () => {
  const { watch, add, killed, measured } = bench({
    1: { namespace: 'a', roughly: 80, exactly: 45 },
    2: { namespace: 'a', roughly: 80, exactly: 45 },
    3: { namespace: 'b', roughly: 50 },
  });
  add(1, 100);
  add(3, 100);
  watch.look();
  expect({ killed, measured }).toEqual({ killed: [], measured: [1, 2] });
});

test('containers of a task have its memory together: the one that uses most gives way', () => {
  const { watch, add, killed, exceeded } = bench({
    1: { namespace: 'a', roughly: 40 },
    2: { namespace: 'b', roughly: 70 },
    3: { namespace: 'c', roughly: 70 },
  });
  add(1, undefined, 100, 'one');
  add(2, 80, 100, 'one');
  add(3, undefined, 100, 'other');
  watch.look();
  expect({ killed, exceeded }).toEqual({ killed: [2], exceeded: ['2'] });
});

test('a container that exceeds both limits is killed once', () => {
  const { watch, add, killed } = bench({ 1: { namespace: 'a', roughly: 200 } });
  add(1, 100, 150);
  watch.look();
  expect(killed).toEqual([1]);
});

test('containers that have ended, or have no limit, are not looked at', () => {
  const { watch, add, killed } = bench({ 1: { namespace: 'a', roughly: 200 }, 2: { namespace: 'b', roughly: 200 } });
  const stop = add(1, 100);
  add(2, undefined);
  stop();
  watch.look();
  expect(killed).toEqual([]);
});
