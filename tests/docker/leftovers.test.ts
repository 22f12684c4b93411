import { execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build } from 'esbuild';
import { afterAll, describe, expect, it } from 'vitest';
import { listContainers } from '../../src/agent/runtimes/docker/leftovers.ts';
import { removeNetwork } from '../../src/agent/runtimes/docker/tasks-network.ts';
import { engine, noDocker, openRuntime } from './subject.ts';

async function ofTask(taskId: string): Promise<string[]> {
  const volumes = await engine.get<{ Volumes: { Name: string }[] | null }>('/volumes', {
    filters: JSON.stringify({ label: [`dev.rolecall.task=${taskId}`] }),
  });
  const containers = await listContainers(engine, [`dev.rolecall.task=${taskId}`]);
  return [...containers.map(({ Id }) => Id), ...(volumes.Volumes ?? []).map(({ Name }) => Name)];
}

describe.skipIf(noDocker !== undefined)(
  `what is left behind${noDocker === undefined ? '' : ` (skipped: ${noDocker})`}`,
  () => {
    const directory = mkdtempSync(join(tmpdir(), 'rolecall-killed-'));
    afterAll(() => rmSync(directory, { recursive: true, force: true }));

    it('the network that another server took away is made again', async () => {
      const runtime = await openRuntime(mkdtempSync(join(directory, 'other-')));
      await removeNetwork(engine);
      const task = await runtime.prepareTask({
        taskArn: 'arn:aws:ecs:eu-west-1:000000000000:task/default/cc',
        taskId: 'c'.repeat(32),
        launchType: 'FARGATE',
        definition: { networkMode: 'awsvpc' },
        directory,
      });
      expect(task.address).toMatch(/^\d+\.\d+\.\d+\.\d+$/);
      expect(execFileSync('ip', ['rule'], { encoding: 'utf8' })).toContain('iif rolecall0 blackhole');
      await task.remove();
      await runtime.close();
    });

    it('a server that was killed half-way is cleaned up after; tasks that are still known run on', async () => {
      const home = mkdtempSync(join(directory, 'home-'));
      const program = join(directory, 'program.mjs');
      const source = `
      import { openRuntime, image } from './subject.ts';
      const runtime = await openRuntime(process.argv[2], { ready: 1 });
      await runtime.warmUp();
      for (const taskId of ['a'.repeat(32), 'b'.repeat(32)]) {
        const task = await runtime.prepareTask({
          taskArn: 'arn:aws:ecs:eu-west-1:000000000000:task/default/' + taskId, taskId, launchType: 'FARGATE',
          definition: { networkMode: 'awsvpc', volumes: [{ name: 'v' }] }, directory: process.argv[2] + '/tasks/' + taskId,
        });
        await task.pull(image, undefined);
        const definition = { name: 'app', mountPoints: [{ sourceVolume: 'v', containerPath: '/v' }] };
        const container = await task.create({ name: 'app', runtimeId: 'r', image, command: ['/bin/sh', '-c', 'echo on; exec sleep 1000'], environment: {}, definition });
        await container.start();
      }
      console.log('started');
      setInterval(() => {}, 1000);`;
      await build({
        stdin: { contents: source, resolveDir: import.meta.dirname, loader: 'ts' },
        bundle: true,
        platform: 'node',
        format: 'esm',
        outfile: program,
        logLevel: 'error',
        external: ['esbuild', 'vitest'],
      });
      const child = spawn(process.execPath, [program, home], { stdio: ['ignore', 'pipe', 'inherit'] });
      await new Promise<void>((resolve, reject) => {
        child.stdout.once('data', () => resolve());
        child.once('exit', (code) => reject(new Error(`ended with ${code}`)));
      });
      const [known, unknown] = ['a'.repeat(32), 'b'.repeat(32)];
      expect(await ofTask(known)).not.toEqual([]);
      expect(await ofTask(unknown)).not.toEqual([]);
      child.removeAllListeners('exit');
      const ended = new Promise((resolve) => child.once('exit', resolve));
      child.kill('SIGKILL');
      await ended;

      const runtime = await openRuntime(home, { knows: (taskId) => taskId === known });
      expect(await ofTask(unknown)).toEqual([]);
      const task = await runtime.prepareTask({
        taskArn: `arn:aws:ecs:eu-west-1:000000000000:task/default/${known}`,
        taskId: known,
        launchType: 'FARGATE',
        definition: { networkMode: 'awsvpc', volumes: [{ name: 'v' }] },
        directory: join(home, 'tasks', known),
      });
      const [found] = await task.recover();
      expect(found).toMatchObject({ name: 'app', runtimeId: 'r' });
      expect((await found?.execute(['/bin/echo', 'here'], 10_000))?.output).toBe('here\n');
      await task.remove();
      expect(await ofTask(known)).toEqual([]);
      await runtime.close();
      const all = await listContainers(engine, ['dev.rolecall.home']);
      expect(all.filter(({ Labels }) => Labels['dev.rolecall.home'] === home)).toEqual([]);
    });
  },
);
