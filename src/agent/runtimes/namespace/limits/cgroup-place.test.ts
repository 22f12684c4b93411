import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type CgroupPlace, findCgroups, TaskCgroups } from './cgroup-place.ts';

let top: string;
beforeEach(() => {
  top = mkdtempSync(join(tmpdir(), 'rolecall-cgroups-'));
});
afterEach(() => rmSync(top, { recursive: true }));

function files(directory: string, content: Readonly<Record<string, string>>): void {
  mkdirSync(join(top, directory), { recursive: true });
  for (const [name, text] of Object.entries(content)) writeFileSync(join(top, directory, name), text);
}

const mount = (place: string, type: string, options: string, root = '/', flags = 'rw,nosuid') =>
  `30 29 0:27 ${root} ${join(top, place)} ${flags} shared:9 - ${type} cgroup rw,${options}\n`;

const legacy = (flags?: string, root?: string) =>
  mount('memory', 'cgroup', 'memory', root, flags) + mount('cpu', 'cgroup', 'cpu,cpuacct', root, flags);
const unified = (flags?: string, root?: string) => mount('.', 'cgroup2', 'nsdelegate', root, flags);
const CONTROLLERS = { 'cgroup.controllers': 'cpuset cpu io memory pids\n', 'cgroup.procs': '' };

const found = (system: Partial<Parameters<typeof findCgroups>[0]>) =>
  findCgroups({ mounts: unified(), own: '0::/\n', pid: 7, root: true, ...system });
const memoryOf = (place: ReturnType<typeof found>) => (place as CgroupPlace).directories.memory;

test('version 1: root makes them at the top', () => {
  files('memory', { 'memory.limit_in_bytes': '9223372036854771712', 'memory.swappiness': '60' });
  files('cpu', { 'cpu.cfs_quota_us': '-1' });
  const own = '4:memory:/user.slice/shell\n1:cpu,cpuacct:/user.slice\n0::/user.slice/shell\n';
  files('memory/user.slice/shell', { 'memory.limit_in_bytes': '9223372036854771712' });
  const place = found({ mounts: legacy(), own });
  expect(place).toMatchObject({
    version: { number: 1 },
    directories: { memory: join(top, 'memory'), cpu: join(top, 'cpu'), cpuacct: join(top, 'cpu') },
    swap: { limit: false, swappiness: true },
    leave: false,
  });
});

test('version 1: a server that is limited itself keeps its tasks below', () => {
  files('memory/system.slice/rolecall.service', { 'memory.limit_in_bytes': '9223372036854771712' });
  files('memory/system.slice', { 'memory.limit_in_bytes': '4294967296' });
  files('cpu/system.slice', { 'cpu.cfs_quota_us': '200000' });
  const own = '4:memory:/system.slice/rolecall.service\n1:cpu,cpuacct:/system.slice\n';
  expect(found({ mounts: legacy(), own })).toMatchObject({
    directories: { memory: join(top, 'memory/system.slice'), cpu: join(top, 'cpu/system.slice') },
  });
});

test('version 1 in a container: the cgroup that is mounted is the top, and may be read-only', () => {
  files('memory', {});
  files('cpu', {});
  const own = '4:memory:/docker/abc\n1:cpu,cpuacct:/docker/abc\n';
  expect(memoryOf(found({ mounts: legacy('rw', '/docker/abc'), own }))).toBe(join(top, 'memory'));
  expect(found({ mounts: legacy('ro,nosuid', '/docker/abc'), own })).toEqual({
    reason: `the cgroups at ${join(top, 'memory')} are read-only`,
  });
});

test('version 1 is root’s alone', () => {
  expect(found({ mounts: legacy(), root: false })).toEqual({ reason: 'cgroups of version 1 are root’s alone' });
});

test('version 2: a cgroup that was given to this process alone is left for one of its own', async () => {
  files('.', CONTROLLERS);
  files('user.slice/run-1.scope', {
    ...CONTROLLERS,
    'cgroup.type': 'domain\n',
    'cgroup.procs': '7\n',
    'memory.swap.max': 'max\n',
  });
  const own = '0::/user.slice/run-1.scope\n';
  const place = found({ own, root: false });
  const scope = join(top, 'user.slice/run-1.scope');
  expect(place).toMatchObject({
    version: { number: 2 },
    directories: { memory: scope, cpu: scope },
    swap: { limit: true, swappiness: false },
    leave: true,
  });
  const cgroups = await TaskCgroups.open(place as CgroupPlace, '7-1', () => false);
  expect(readFileSync(join(scope, 'rolecall-server/cgroup.procs'), 'utf8')).toBe(String(process.pid));
  expect(readFileSync(join(scope, 'cgroup.subtree_control'), 'utf8')).toBe('+memory +cpu');
  const task = cgroups.directoriesOf('abc');
  cgroups.prepare(task);
  expect(task.memory).toBe(join(scope, 'rolecall/7-1/abc'));
  for (const each of ['rolecall', 'rolecall/7-1', 'rolecall/7-1/abc'])
    expect(readFileSync(join(scope, each, 'cgroup.subtree_control'), 'utf8')).toBe('+memory +cpu');
  // Another runtime of the same process finds it where it has gone to.
  const again = found({ own: '0::/user.slice/run-1.scope/rolecall-server\n', root: false });
  expect(again).toMatchObject({ directories: { memory: scope }, leave: false });
});

test('version 2: a shell’s cgroup is not for the taking', () => {
  files('.', CONTROLLERS);
  files('user.slice/shell.scope', { ...CONTROLLERS, 'cgroup.type': 'domain\n', 'cgroup.procs': '5\n7\n' });
  expect(found({ own: '0::/user.slice/shell.scope\n', root: false })).toEqual({
    reason: 'this process was given no cgroup of its own',
    remedy: 'systemd-run --user --scope -p Delegate=yes rolecall …',
  });
});

test('version 2: root makes them at the top of the machine, whatever shell it has', () => {
  files('.', CONTROLLERS);
  files('user.slice/shell.scope', {
    ...CONTROLLERS,
    'cgroup.type': 'domain\n',
    'cgroup.procs': '5\n7\n',
    'memory.max': 'max\n',
  });
  expect(found({ own: '0::/user.slice/shell.scope\n' })).toMatchObject({ directories: { memory: top }, leave: false });
});

test('version 2: what is limited itself does not make them at the top', () => {
  files('.', CONTROLLERS);
  files('a.slice/shell.scope', { ...CONTROLLERS, 'cgroup.type': 'domain\n', 'cgroup.procs': '5\n7\n' });
  files('a.slice', { 'memory.max': '1073741824\n' });
  expect(found({ own: '0::/a.slice/shell.scope\n' })).toHaveProperty('reason');
});

test('version 2 in a container: its top is left when nobody else is in it', () => {
  files('.', { ...CONTROLLERS, 'cgroup.type': 'domain\n', 'cgroup.procs': '7\n' });
  expect(found({})).toMatchObject({ directories: { memory: top }, leave: true });
  files('.', { 'cgroup.procs': '1\n7\n' });
  expect(found({})).toHaveProperty('reason');
});

test('version 2 without the controllers limits nothing', () => {
  files('.', { 'cgroup.controllers': 'cpuset pids\n', 'cgroup.procs': '' });
  expect(found({})).toEqual({ reason: `the cgroups at ${top} have no controller memory, cpu` });
  expect(found({ mounts: unified('ro') })).toEqual({ reason: `the cgroups at ${top} are read-only` });
  expect(found({ mounts: '' })).toEqual({ reason: 'no cgroups are mounted' });
});

test('cgroups of ended servers go, those with processes and those of others stay', async () => {
  files('memory', { 'memory.limit_in_bytes': '9223372036854771712' });
  files('cpu', {});
  for (const controller of ['memory', 'cpu']) {
    mkdirSync(join(top, controller, 'rolecall/1-1/empty/app.0'), { recursive: true });
    mkdirSync(join(top, controller, 'rolecall/2-2/empty'), { recursive: true });
    files(`${controller}/rolecall/3-3/kept/app.0`, { 'cgroup.procs': '99\n' });
  }
  const place = found({ mounts: legacy(), own: '' }) as CgroupPlace;
  const known = ['memory', 'cpu'].map((controller) => join(top, controller, 'rolecall/4-4/known'));
  for (const directory of known) mkdirSync(directory, { recursive: true });
  await TaskCgroups.open(place, '9-9', (server) => server !== '2-2', new Set(known));
  const there = (path: string) =>
    ['memory', 'cpu'].map((controller) => existsSync(join(top, controller, 'rolecall', path)));
  expect(there('1-1')).toEqual([false, false]);
  expect(there('2-2/empty')).toEqual([true, true]);
  expect(there('3-3/kept/app.0')).toEqual([true, true]);
  expect(there('4-4/known')).toEqual([true, true]);
});
