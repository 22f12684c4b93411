import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { identify } from '../process-table.ts';
import { sliceProperties, type TaskGroups, taskGroups } from './task-limits.ts';

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'rolecall-groups-'));
});
afterEach(() => rmSync(root, { recursive: true }));

const start = identify(process.pid)?.started.split('/').at(-1);
const own = `rolecall-docker/server-${process.pid}-${start}`;

const cgroupfs = (version: '1' | '2') => ({ CgroupDriver: 'cgroupfs', CgroupVersion: version });
const read = (...path: string[]) => readFileSync(join(root, ...path), 'utf8');

/** The file system of control groups of version 2, as far as files in it appear by themselves. */
function unified(...groups: string[]): void {
  for (const group of ['', ...groups]) {
    mkdirSync(join(root, group), { recursive: true });
    writeFileSync(join(root, group, 'cgroup.controllers'), 'cpuset cpu io memory pids\n');
  }
}

test('version 1: one group for each controller, removed from all of them', async () => {
  for (const name of ['cpu', 'memory', 'pids']) mkdirSync(join(root, name));
  writeFileSync(join(root, 'memory', 'cgroup.procs'), '');
  const groups = taskGroups(cgroupfs('1'), 'server', root) as TaskGroups;
  expect(await groups.make('task', { cpu: 0.5, memory: 256 })).toBe(`/${own}/task`);
  const at = (controller: string, file = '') => join(controller, own, 'task', file);
  expect(read(at('cpu', 'cpu.cfs_quota_us'))).toBe('50000');
  expect(read(at('cpu', 'cpu.cfs_period_us'))).toBe('100000');
  expect(read(at('memory', 'memory.limit_in_bytes'))).toBe('268435456');
  // Unlike here, files of a group go with it.
  for (const file of ['cpu.cfs_quota_us', 'cpu.cfs_period_us']) rmSync(join(root, at('cpu', file)));
  rmSync(join(root, at('memory', 'memory.limit_in_bytes')));
  mkdirSync(join(root, at('pids', 'container')), { recursive: true });
  await groups.remove('task');
  expect(['cpu', 'memory', 'pids'].filter((name) => existsSync(join(root, at(name))))).toEqual([]);
});

test('version 2: controllers are passed on from the root', async () => {
  const path = `${own}/task`;
  unified('rolecall-docker', own, path);
  const groups = taskGroups(cgroupfs('2'), 'server', root) as TaskGroups;
  expect(await groups.make('task', { cpu: undefined, memory: 1 })).toBe(`/${path}`);
  for (const above of ['', 'rolecall-docker', own]) {
    expect(read(above, 'cgroup.subtree_control')).toBe('+cpu +memory');
  }
  expect(read(path, 'memory.max')).toBe('1048576');
  expect(existsSync(join(root, path, 'cpu.max'))).toBe(false);
  await groups.make('task', { cpu: 2, memory: undefined });
  expect(read(path, 'cpu.max')).toBe('200000 100000');
});

test('groups of tasks that are not known any more, and of servers that are gone, are cleared away', async () => {
  const alive = own.replace('server', 'other');
  // Process numbers do not go so far.
  const dead = 'rolecall-docker/killed-4194305-1';
  const earlier = 'rolecall-docker/server-4194305-1';
  for (const name of ['cpu', 'memory']) {
    for (const path of [`${earlier}/known`, `${earlier}/unknown`, `${alive}/task`, `${dead}/task`])
      mkdirSync(join(root, name, path), { recursive: true });
  }
  writeFileSync(join(root, 'memory', 'cgroup.procs'), '');
  const groups = taskGroups(cgroupfs('1'), 'server', root) as TaskGroups;
  await groups.clear((taskId) => taskId === 'known');
  const left = (path: string) => ['cpu', 'memory'].filter((name) => existsSync(join(root, name, path)));
  expect(left(`${earlier}/known`)).toEqual(['cpu', 'memory']);
  expect(left(`${earlier}/unknown`)).toEqual([]);
  expect(left(`${alive}/task`)).toEqual(['cpu', 'memory']);
  expect(left(dead)).toEqual([]);
  await groups.remove('known');
  expect(left(`${earlier}/known`)).toEqual([]);
});

test('where groups cannot be made it is said why', () => {
  expect(taskGroups(cgroupfs('1'), 'server', root)).toEqual({
    unavailable: `there are no control groups in ${root}`,
  });
  expect(taskGroups({ CgroupDriver: 'none' }, 'server', root)).toEqual({
    unavailable: "the Engine's control group driver is none",
  });
});

test('properties of a slice', () => {
  expect(sliceProperties({ cpu: 0.25, memory: 512 })).toEqual(['CPUQuota=25%', 'MemoryMax=536870912']);
  expect(sliceProperties({ cpu: undefined, memory: undefined })).toEqual([]);
});
