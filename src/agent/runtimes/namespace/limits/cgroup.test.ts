import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { Cgroup, type CgroupVersion, VERSION_1, VERSION_2 } from './cgroup.ts';

const MEBIBYTE = 1024 * 1024;
let top: string;
beforeEach(() => {
  top = mkdtempSync(join(tmpdir(), 'rolecall-cgroup-'));
});
afterEach(() => rmSync(top, { recursive: true }));

/** A directory in the place of the kernel's: what is written there is read back. */
function directories({ number, controllers }: CgroupVersion): Record<string, string> {
  return Object.fromEntries(
    controllers.map((name) => [name, number === 1 ? join(top, name, 'task') : join(top, 'task')]),
  );
}

const task = { memory: 512 * MEBIBYTE, swap: 0, cpus: 0.25, shares: 2 };
const container = {
  memory: 64 * MEBIBYTE,
  reservation: 32 * MEBIBYTE,
  swap: 8 * MEBIBYTE,
  swappiness: 10,
  shares: 1024,
};

test('version 1: limits of a task and of a container', () => {
  const cgroup = Cgroup.make(VERSION_1, directories(VERSION_1), VERSION_1.task(task));
  const inner = Cgroup.make(VERSION_1, cgroup.below('app'), VERSION_1.container(container));
  const read = (controller: string, file: string) =>
    readFileSync(join(inner.directories[controller] ?? '', file), 'utf8');
  expect(readFileSync(join(top, 'memory/task/memory.limit_in_bytes'), 'utf8')).toBe(String(512 * MEBIBYTE));
  expect(readFileSync(join(top, 'memory/task/memory.memsw.limit_in_bytes'), 'utf8')).toBe(String(512 * MEBIBYTE));
  expect(readFileSync(join(top, 'cpu/task/cpu.cfs_period_us'), 'utf8')).toBe('100000');
  expect(readFileSync(join(top, 'cpu/task/cpu.cfs_quota_us'), 'utf8')).toBe('25000');
  expect(read('memory', 'memory.limit_in_bytes')).toBe(String(64 * MEBIBYTE));
  expect(read('memory', 'memory.memsw.limit_in_bytes')).toBe(String(72 * MEBIBYTE));
  expect(read('memory', 'memory.soft_limit_in_bytes')).toBe(String(32 * MEBIBYTE));
  expect(read('memory', 'memory.swappiness')).toBe('10');
  expect(read('cpu', 'cpu.shares')).toBe('1024');
  expect(inner.entrances).toEqual(['memory', 'cpu', 'cpuacct'].map((name) => join(top, name, 'task/app/tasks')));
});

test('version 2: limits of a task and of a container', () => {
  const cgroup = Cgroup.make(VERSION_2, directories(VERSION_2), VERSION_2.task(task));
  const inner = Cgroup.make(VERSION_2, cgroup.below('app'), VERSION_2.container(container));
  const read = (file: string) => readFileSync(join(top, 'task', file), 'utf8');
  expect(read('memory.max')).toBe(String(512 * MEBIBYTE));
  expect(read('memory.swap.max')).toBe('0');
  expect(read('cpu.max')).toBe('25000 100000');
  expect(read('app/memory.max')).toBe(String(64 * MEBIBYTE));
  expect(read('app/memory.swap.max')).toBe(String(8 * MEBIBYTE));
  expect(read('app/memory.low')).toBe(String(32 * MEBIBYTE));
  expect(read('app/cpu.weight')).toBe('39');
  expect(inner.entrances).toEqual([join(top, 'task/app/cgroup.procs')]);
});

test.each([
  [2, '1'],
  [1024, '39'],
  [262_144, '10000'],
])('%i shares are the weight %s', (shares, weight) => {
  const settings = VERSION_2.container({ ...container, shares });
  expect(settings.find(({ file }) => file === 'cpu.weight')?.value).toBe(weight);
});

test('without a limit nothing is written', () => {
  const none = { memory: undefined, swap: 0, cpus: undefined, shares: 100 };
  expect(VERSION_1.task(none).map(({ file }) => file)).toEqual(['memory.use_hierarchy', 'cpu.shares']);
  expect(VERSION_2.task(none).map(({ file }) => file)).toEqual(['cpu.weight']);
});

test('a task asks for no less CPU than the kernel gives', () => {
  expect(VERSION_2.task({ ...task, cpus: 0.001 })).toContainEqual(expect.objectContaining({ value: '1000 100000' }));
});

test('counts what the kernel has killed, and what is used', () => {
  const one = Cgroup.make(VERSION_1, directories(VERSION_1), []);
  expect(one.oomKills).toBe(0);
  expect(one.usage).toBeUndefined();
  writeFileSync(join(top, 'memory/task/memory.oom_control'), 'oom_kill_disable 0\nunder_oom 0\noom_kill 2\n');
  writeFileSync(join(top, 'memory/task/memory.usage_in_bytes'), '5000\n');
  writeFileSync(join(top, 'memory/task/memory.stat'), 'inactive_file 1\ntotal_inactive_file 2000\n');
  writeFileSync(join(top, 'cpuacct/task/cpuacct.usage'), '123456789\n');
  expect(one.oomKills).toBe(2);
  expect(one.usage).toEqual({ cpu: 123_456_789, memory: 3000 });

  const two = Cgroup.make(VERSION_2, directories(VERSION_2), []);
  writeFileSync(join(top, 'task/memory.events'), 'low 0\noom 3\noom_kill 1\noom_group_kill 0\n');
  writeFileSync(join(top, 'task/memory.current'), '5000\n');
  writeFileSync(join(top, 'task/memory.stat'), 'anon 1\ninactive_file 1000\n');
  writeFileSync(join(top, 'task/cpu.stat'), 'usage_usec 77\nuser_usec 70\n');
  expect(two.oomKills).toBe(1);
  expect(two.usage).toEqual({ cpu: 77_000, memory: 4000 });
});

test('a setting that cannot be made fails the container, unless there is nothing to be limited', () => {
  mkdirSync(join(top, 'memory/task/memory.limit_in_bytes'), { recursive: true });
  expect(() => Cgroup.make(VERSION_1, directories(VERSION_1), VERSION_1.task(task))).toThrow('EISDIR');
});
