import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { findCgroups } from '../../src/agent/runtimes/namespace/limits/cgroup-place.ts';
import { findEnforcement } from '../../src/agent/runtimes/namespace/limits/limiter.ts';
import { NamespaceRuntime } from '../../src/agent/runtimes/namespace/namespace.ts';
import type { Runtime, TaskPlace } from '../../src/agent/runtimes/runtime.ts';
import { close } from '../../src/core/listening.ts';
import { Store } from '../../src/store/store.ts';
import type { Orders } from './killed-agent.ts';
import { namespaceRuntime } from './subjects.ts';

const { unavailable, node } = namespaceRuntime;
const source = (name: string) => fileURLToPath(new URL(name, import.meta.url));

describe.skipIf(unavailable !== undefined)(
  `an agent that was killed, namespace runtime${unavailable === undefined ? '' : ` (skipped: ${unavailable})`}`,
  () => {
    let directory: string;
    let program: string;
    beforeAll(async () => {
      directory = mkdtempSync(join(tmpdir(), 'rolecall-killed-'));
      // Beside this file, so that it finds the packages that are not bundled.
      program = join(source('../../node_modules/.cache/rolecall'), `killed-agent-${process.pid}.mjs`);
      await build({
        entryPoints: [source('killed-agent.ts')],
        outfile: program,
        bundle: true,
        platform: 'node',
        format: 'esm',
        packages: 'external',
      });
    });
    afterAll(() => {
      rmSync(directory, { recursive: true, force: true });
      rmSync(program, { force: true });
    });

    function newPlace(): TaskPlace {
      const taskId = randomBytes(16).toString('hex');
      const taskArn = `arn:aws:ecs:eu-west-1:000000000000:task/default/${taskId}`;
      return {
        taskArn,
        taskId,
        launchType: 'FARGATE',
        definition: { networkMode: 'awsvpc' },
        directory: join(directory, taskId),
      };
    }

    async function killed(orders: Omit<Orders, 'directory'>): Promise<void> {
      const agent = spawn(process.execPath, [program, JSON.stringify({ directory, ...orders })], {
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      await started(agent);
      agent.kill('SIGKILL');
      await once(agent, 'close');
    }

    function later(store: Store, knows: (taskArn: string) => boolean = () => true): Promise<Runtime> {
      return NamespaceRuntime.open({
        standIns: [{ pattern: '*', program: 'host' }],
        store,
        server: { endpoint: () => 'http://127.0.0.1:4566', accept: (socket) => socket.destroy() },
        keep: true,
        sharedVolumes: join(directory, 'volumes'),
        hidden: [directory],
        knows,
      });
    }

    it('leaves its containers running; the next one goes on with them, and knows how others ended', async () => {
      const place = newPlace();
      await killed({
        place,
        keep: true,
        commands: {
          lasting: ['/bin/sh', '-c', 'while :; do sleep 0.1; done'],
          ended: ['/bin/sh', '-c', 'while :; do [ -e /proc/1/never ]; sleep 0.3; echo over; exit 9; done'],
        },
      });
      while (!readFileSync(join(place.directory, 'ended.stdout'), 'utf8').includes('over')) await delay(20);
      const store = Store.open(join(directory, 'data'));
      const task = await (await later(store)).prepareTask(place);
      const server = createServer((_request, response) => response.end('second agent'));
      await task.listen(server, 'agent');
      const found = new Map((await task.recover()).map((container) => [container.name, container]));
      expect([...found.keys()].sort()).toEqual(['ended', 'lasting']);
      expect(await found.get('ended')?.wait()).toMatchObject({ code: 9 });
      const ask = `fetch('http://169.254.170.2/').then((answer) => answer.text()).then((text) => console.log(text, process.env.SECRET))`;
      const asked = await found.get('lasting')?.execute([node, '-e', ask], 60_000);
      expect(asked).toEqual({ code: 0, output: 'second agent kept by the program alone\n', timedOut: false });
      await close(server);
      await task.remove();
      expect((await found.get('lasting')?.wait())?.code).toBe(137);
      expect(leftOf(place)).toEqual([]);
      store.close();
    });

    it('finds that a container was killed for its memory meanwhile', async () => {
      const place = newPlace();
      const hog = 'const held = []; setInterval(() => held.push(Buffer.alloc(16 * 1024 * 1024, 1)), 100)';
      await killed({
        place,
        keep: true,
        memory: 128,
        commands: { hog: ['/bin/sh', '-c', `sleep 0.3; exec ${node} -e '${hog}'`] },
      });
      if (findEnforcement().by === 'kernel') while (leftOf(place).length > 0) await delay(20);
      const store = Store.open(join(directory, 'data'));
      const task = await (await later(store)).prepareTask(place);
      const [found] = await task.recover();
      expect(await found?.wait()).toEqual({ code: 137, outOfMemory: true });
      await task.remove();
      expect(cgroupsLeft(place)).toEqual([]);
      store.close();
    });

    it('without a data directory takes its tasks along: nothing runs on that nobody would find', async () => {
      const place = newPlace();
      await killed({
        place,
        keep: false,
        commands: { app: ['/bin/sh', '-c', `: ${place.taskId}; while :; do sleep 0.1; done`] },
      });
      while (leftOf(place).length > 0) await delay(20);
      expect(leftOf(place)).toEqual([]);
    });

    it('leaves tasks that nobody asks for again: the next start removes them', async () => {
      const place = newPlace();
      await killed({
        place,
        keep: true,
        commands: { app: ['/bin/sh', '-c', `: ${place.taskId}; while :; do sleep 0.1; done`] },
      });
      expect(leftOf(place).length).toBeGreaterThan(0);
      const store = Store.open(join(directory, 'data'));
      await later(store, (taskArn) => taskArn !== place.taskArn);
      expect(leftOf(place)).toEqual([]);
      expect(cgroupsLeft(place)).toEqual([]);
      expect(readdirSync(place.directory).sort()).toEqual(['app.stderr', 'app.stdout']);
      store.close();
    });
  },
);

/** Directories of cgroups that the task still has. */
function cgroupsLeft({ taskId }: TaskPlace): string[] {
  const place = findCgroups();
  if ('reason' in place) return [];
  const tops = [...new Set(Object.values(place.directories))].map((directory) => join(directory, 'rolecall'));
  const servers = tops.flatMap((top) => (existsSync(top) ? readdirSync(top).map((name) => join(top, name)) : []));
  return servers.map((server) => join(server, taskId)).filter((directory) => existsSync(directory));
}

/** Command lines of processes that belong to the task: its directory or id stands in them. */
function leftOf({ taskId }: TaskPlace): string[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map((pid) => {
      try {
        return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ');
      } catch {
        return '';
      }
    })
    .filter((line) => line.includes(taskId));
}

async function started(agent: ChildProcess): Promise<void> {
  let said = '';
  for await (const chunk of agent.stdout ?? []) {
    said += chunk;
    if (said.includes('started')) return;
  }
  throw new Error('the agent ended before it had started its containers');
}
