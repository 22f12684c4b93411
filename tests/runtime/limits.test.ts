import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, describe, expect, it } from 'vitest';
import { findCgroups, TaskCgroups } from '../../src/agent/runtimes/namespace/limits/cgroup-place.ts';
import { findEnforcement, Limits } from '../../src/agent/runtimes/namespace/limits/limiter.ts';
import { NamespaceRuntime } from '../../src/agent/runtimes/namespace/namespace.ts';
import { ContractBench, type ContractRuntime } from './contract.ts';
import { namespaceRuntime } from './subjects.ts';

const { unavailable, node } = namespaceRuntime;
const enforcement = findEnforcement();
const MEBIBYTE = 1024 * 1024;

/** Takes memory, 8 MiB at a time, and says how much it has. */
const HOG = `
const held = [];
(async () => {
  for (;;) {
    held.push(Buffer.alloc(8 * 1024 * 1024, held.length + 1));
    console.log(held.length * 8);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
})();`;

/** The namespace runtime with limits that are kept in one way. */
function limitedBy(name: string, limits: () => Promise<Limits>): ContractRuntime {
  return {
    ...namespaceRuntime,
    name,
    create: async (store, directory) =>
      NamespaceRuntime.open({
        standIns: [{ pattern: '*', program: 'host' as const }],
        store,
        server: { endpoint: () => 'http://127.0.0.1:4566', accept: (socket) => socket.destroy() },
        keep: true,
        sharedVolumes: join(directory, 'volumes'),
        hidden: [directory],
        knows: () => true,
        limits: limits(),
      }),
  };
}

const ways = [
  {
    name: 'by the kernel',
    skipped: enforcement.by === 'kernel' ? undefined : enforcement.reason,
    subject: limitedBy('namespace', () => Limits.open()),
  },
  {
    name: 'by looking',
    skipped: undefined,
    subject: limitedBy('namespace', () => Limits.open({ reason: 'it is tried without' })),
  },
];

for (const { name, skipped, subject } of ways) {
  const why = unavailable ?? skipped;
  describe.skipIf(why !== undefined)(
    `limits of memory, kept ${name}${why === undefined ? '' : ` (skipped: ${why})`}`,
    () => {
      const bench = new ContractBench(subject);
      afterAll(() => bench.close());

      it('a container that takes more than its hard limit is killed, and that is its reason', async () => {
        const task = await bench.task();
        const hog = await task.start([node, '-e', HOG], { memory: 128 });
        expect(await hog.container.wait()).toMatchObject({ code: 137, outOfMemory: true });
        await hog.drained;
        const reached = Number(hog.lines('stdout').at(-1));
        // Node takes some itself; how much more may be had between two looks depends on how busy the machine is.
        expect(reached).toBeGreaterThan(8);
        expect(reached).toBeLessThan(1500);
      });

      it('all containers of a task have the task’s memory together', async () => {
        const task = await bench.task({ memory: '192' });
        const quiet = await task.start(['/bin/sh', '-c', 'echo ready; while :; do sleep 0.1; done'], { name: 'quiet' });
        await quiet.says('ready');
        const hog = await task.start([node, '-e', HOG], { name: 'hog' });
        expect(await hog.container.wait()).toMatchObject({ code: 137, outOfMemory: true });
        expect(await quiet.container.usage()).toBeDefined();
        await quiet.container.stop(0);
        expect(await quiet.container.wait()).toEqual({ code: 137 });
      });

      it('a process that was killed below the program leaves the container running', async () => {
        const task = await bench.task();
        const container = await task.start(
          ['/bin/sh', '-c', '"$0" -e "$1" >/dev/null; echo "ended $?"; while :; do sleep 0.1; done', node, HOG],
          { memory: 128 },
        );
        await container.says('ended 137');
        expect(await container.container.usage()).toBeDefined();
        await container.container.stop(0);
        expect(await container.container.wait()).toMatchObject({ outOfMemory: true });
      });

      it('what stays within its limit is left alone', async () => {
        const task = await bench.task({ memory: '512' });
        const { code, out } = await task.script(
          'const held = Buffer.alloc(64 * 1024 * 1024, 1); await new Promise((done) => setTimeout(done, 500)); console.log(held.length)',
          { memory: 512, memoryReservation: 64 },
        );
        expect({ code, out }).toEqual({ code: 0, out: [String(64 * MEBIBYTE)] });
      });
    },
  );
}

const noKernel = unavailable ?? (enforcement.by === 'kernel' ? undefined : enforcement.reason);

describe.skipIf(noKernel !== undefined)(
  `cgroups of tasks${noKernel === undefined ? '' : ` (skipped: ${noKernel})`}`,
  () => {
    const bench = new ContractBench(limitedBy('namespace', () => Limits.open()));
    afterAll(() => bench.close());

    it('hold every process of a container, health checks too, with the limits of the task definition', async () => {
      const task = await bench.task({
        cpu: '0.5 vCPU',
        memory: '1 GB',
        containerDefinitions: [{ name: 'app', cpu: 128, memory: 256 }],
      });
      const definition = { cpu: 128, memory: 256, memoryReservation: 64 };
      const container = await task.start(
        ['/bin/sh', '-c', 'sleep 1000 & echo ready; while :; do sleep 0.1; done'],
        definition,
      );
      await container.says('ready');
      const place = findCgroups();
      if ('reason' in place) throw new Error(place.reason);
      const { directories, version } = place;
      const below = (controller: string, ...rest: string[]) => {
        const all = join(directories[controller] ?? '', 'rolecall');
        const own = serverOf(all, task.place.taskId);
        return join(all, own, task.place.taskId, ...rest);
      };
      const read = (controller: string, ...path: string[]) => readFileSync(below(controller, ...path), 'utf8').trim();
      if (version.number === 1) {
        expect(read('memory', 'memory.limit_in_bytes')).toBe(String(1024 * MEBIBYTE));
        expect(read('memory', 'app.0', 'memory.limit_in_bytes')).toBe(String(256 * MEBIBYTE));
        expect(read('memory', 'app.0', 'memory.soft_limit_in_bytes')).toBe(String(64 * MEBIBYTE));
        expect(read('cpu', 'cpu.cfs_quota_us')).toBe('50000');
        expect(read('cpu', 'app.0', 'cpu.shares')).toBe('128');
      } else {
        expect(read('memory', 'memory.max')).toBe(String(1024 * MEBIBYTE));
        expect(read('memory', 'app.0', 'memory.max')).toBe(String(256 * MEBIBYTE));
        expect(read('memory', 'app.0', 'memory.low')).toBe(String(64 * MEBIBYTE));
        expect(read('cpu', 'cpu.max')).toBe('50000 100000');
      }
      const inside = read('memory', 'app.0', 'cgroup.procs').split('\n').map(commandOf).join('\n');
      expect(inside).toContain('sleep 1000');
      const checking = container.container.execute(['/bin/sh', '-c', ': the check; sleep 0.5'], 60_000);
      while (!read('memory', 'app.0', 'cgroup.procs').split('\n').map(commandOf).join('\n').includes('the check'))
        await delay(10);
      expect((await checking).code).toBe(0);
      const usage = await container.container.usage();
      expect(usage?.cpu).toBeGreaterThan(0);
      expect(usage?.memory).toBeGreaterThan(0);
      const top = below('memory');
      await task.runtime.remove();
      expect(existsSync(top)).toBe(false);
    });

    it('of a server that was killed are removed by the next start', async () => {
      const place = findCgroups();
      if ('reason' in place) throw new Error(place.reason);
      // A server that has ended: its number and start belong to nobody.
      const other = spawn('sleep', ['1000'], { stdio: 'ignore' });
      const stat = readFileSync(`/proc/${other.pid}/stat`, 'utf8').split(' ');
      const server = `${other.pid}-${stat[21]}`;
      const left = await TaskCgroups.open(place, server, () => false);
      const task = left.directoriesOf(randomBytes(16).toString('hex'));
      for (const directory of Object.values(task)) mkdirSync(join(directory, 'app.0'), { recursive: true });
      await Limits.open();
      expect(existsSync(task.memory ?? '')).toBe(true);
      other.kill('SIGKILL');
      await once(other, 'exit');
      await Limits.open();
      for (const directory of Object.values(task)) expect(existsSync(join(directory, '..'))).toBe(false);
    });
  },
);

/** The directory of the server that has the task. */
function serverOf(all: string, taskId: string): string {
  const own = `${process.pid}-${readFileSync('/proc/self/stat', 'utf8').split(' ')[21]}`;
  expect(existsSync(join(all, own, taskId))).toBe(true);
  return own;
}

function commandOf(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ');
  } catch {
    return '';
  }
}
