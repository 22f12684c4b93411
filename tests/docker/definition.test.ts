import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import type { ContainerInspection } from '../../src/agent/runtimes/docker/engine-types.ts';
import { ContractBench } from '../runtime/contract.ts';
import { dockerRuntime, engine, noDocker } from './subject.ts';

const sh = (script: string) => ['/bin/sh', '-c', script];

describe.skipIf(noDocker !== undefined)(
  `task definitions${noDocker === undefined ? '' : ` (skipped: ${noDocker})`}`,
  () => {
    const bench = new ContractBench(dockerRuntime);
    afterAll(() => bench.close());

    it('user, working directory, entry point and a read-only file system with room in tmpfs', async () => {
      const task = await bench.task();
      const { runtime } = task;
      await runtime.pull(dockerRuntime.image, undefined);
      const { out } = await task.run(
        sh(
          'id -u; pwd; touch /x 2>&1 | grep -c Read-only; touch /scratch/x && df -k /scratch | tail -1 | awk "{print \\$2}"',
        ),
        {
          user: '1000:1000',
          readonlyRootFilesystem: true,
          linuxParameters: { tmpfs: [{ containerPath: '/scratch', size: 8, mountOptions: ['mode=1777'] }] },
        },
      );
      expect(out).toEqual(['1000', '/', '1', '8192']);
      const container = await runtime.create({
        name: 'entry',
        runtimeId: 'r1',
        image: dockerRuntime.image,
        entryPoint: ['/bin/echo', 'entry'],
        command: ['command'],
        workingDirectory: '/tmp',
        environment: {},
        definition: { name: 'entry' },
      });
      await container.start();
      const lines: string[] = [];
      for await (const some of container.output(undefined, new AbortController().signal)) {
        lines.push(...some.map(({ line }) => line));
      }
      expect(lines).toEqual(['entry command']);
    });

    it('limits and rights, as the kernel of the container sees them', async () => {
      const task = await bench.task({ cpu: '512', memory: '256' });
      const { out } = await task.run(
        sh(`ulimit -n; cat /proc/sys/kernel/msgmax /proc/sys/net/core/somaxconn; df -k /dev/shm | tail -1 | awk '{print $2}'
        grep CapEff /proc/self/status | cut -f 2`),
        {
          ulimits: [{ name: 'nofile', softLimit: 123, hardLimit: 456 }],
          systemControls: [{ namespace: 'kernel.msgmax', value: '4096' }],
          linuxParameters: { sharedMemorySize: 16, capabilities: { drop: ['ALL'], add: ['SYS_PTRACE'] } },
        },
      );
      expect(out).toEqual(['123', '4096', expect.any(String), '16384', '0000000000080000']);
      const own = await bench.task({
        networkMode: 'awsvpc',
        containerDefinitions: [{ name: 'app', systemControls: [{ namespace: 'net.core.somaxconn', value: '77' }] }],
      });
      expect((await own.run(sh('cat /proc/sys/net/core/somaxconn'))).out).toEqual(['77']);
    });

    it('a container that takes more memory than it may is ended with 137, for that reason', async () => {
      const task = await bench.task({ memory: '512' });
      const container = await task.start(
        [dockerRuntime.node, '-e', 'const all = []; for (;;) all.push(Buffer.alloc(1 << 20, 1));'],
        { memory: 48 },
      );
      expect(await container.container.wait()).toEqual({ code: 137, outOfMemory: true });
    });

    it('volumes of the task begin with what the image has there, and end with the task', async () => {
      const task = await bench.task({
        volumes: [{ name: 'data' }, { name: 'made', dockerVolumeConfiguration: { scope: 'task' } }],
      });
      const mountPoints = [
        { sourceVolume: 'data', containerPath: '/data' },
        { sourceVolume: 'made', containerPath: '/made' },
      ];
      const one = await task.run(sh('cat /data/from-image; echo one > /data/written; echo made > /made/file'), {
        name: 'one',
        mountPoints,
      });
      expect(one.out).toEqual(['from the image']);
      const two = await task.run(sh('cat /data/written /made/file; touch /data/x 2>&1 | grep -c Read-only'), {
        name: 'two',
        mountPoints: [{ ...mountPoints[0], readOnly: true }, { ...mountPoints[1] }],
      });
      expect(two.out).toEqual(['one', 'made', '1']);
      const three = await task.run(sh('cat /data/written'), {
        name: 'three',
        volumesFrom: [{ sourceContainer: 'one', readOnly: true }],
      });
      expect(three.out).toEqual(['one']);
      const names = async () =>
        ((await engine.get<{ Volumes: { Name: string }[] | null }>('/volumes')).Volumes ?? []).map(({ Name }) => Name);
      expect((await names()).filter((name) => name.includes(task.place.taskId))).toHaveLength(2);
      await task.runtime.remove();
      expect((await names()).filter((name) => name.includes(task.place.taskId))).toEqual([]);
    });

    it('paths of the host and shared volumes stay', async () => {
      const directory = mkdtempSync(join(tmpdir(), 'rolecall-host-'));
      writeFileSync(join(directory, 'in'), 'from the host\n');
      const shared = `rolecall-test-${process.pid}`;
      try {
        const task = await bench.task(
          {
            volumes: [
              { name: 'host', host: { sourcePath: directory } },
              {
                name: shared,
                dockerVolumeConfiguration: { scope: 'shared', autoprovision: true, labels: { of: 'test' } },
              },
            ],
          },
          'EC2',
        );
        const { out } = await task.run(sh('cat /host/in; echo out > /host/out; echo kept > /shared/file'), {
          mountPoints: [
            { sourceVolume: 'host', containerPath: '/host' },
            { sourceVolume: shared, containerPath: '/shared' },
          ],
        });
        expect(out).toEqual(['from the host']);
        expect(readFileSync(join(directory, 'out'), 'utf8')).toBe('out\n');
        await task.runtime.remove();
        expect(await engine.get(`/volumes/${shared}`)).toMatchObject({ Labels: { of: 'test' } });
        const missing = await bench.task(
          { volumes: [{ name: 'not-there', dockerVolumeConfiguration: { scope: 'shared' } }] },
          'EC2',
        );
        await expect(missing.container(sh('true'))).rejects.toThrow(/no such volume/);
      } finally {
        await engine.delete(`/volumes/${shared}`, { force: true });
        rmSync(directory, { recursive: true });
      }
    });

    it('pidMode task: containers see each other, orphans are cleared away', async () => {
      const task = await bench.task({ pidMode: 'task' });
      const one = await task.start(sh('echo ready; (sleep 0.01 &) ; exec sleep 1000'), { name: 'one' });
      await one.says('ready');
      const { out } = await task.run(sh("sleep 0.2; ps -o args | grep -c '[s]leep 1000'; ps -o stat | grep -c '^Z'"), {
        name: 'two',
      });
      expect(out).toEqual(['1', '0']);
    });

    it('a terminal, standard input that stays open, and labels', async () => {
      const task = await bench.task();
      const container = await task.start(sh('test -t 1 && echo terminal; read line'), {
        pseudoTerminal: true,
        interactive: true,
        dockerLabels: { team: 'orders', 'dev.rolecall.task': 'forged' },
      });
      await container.says('terminal');
      const [{ Id } = { Id: '' }] = await engine.get<{ Id: string }[]>('/containers/json', {
        filters: JSON.stringify({ label: [`dev.rolecall.task=${task.place.taskId}`, 'team=orders'] }),
      });
      const { Config, HostConfig } = await engine.get<ContainerInspection>(`/containers/${Id}/json`);
      expect(Config.Labels).toMatchObject({
        'com.amazonaws.ecs.cluster': 'default',
        'com.amazonaws.ecs.container-name': 'app',
        'com.amazonaws.ecs.task-arn': task.place.taskArn,
      });
      expect(HostConfig.LogConfig?.Type).toBe('json-file');
      await container.container.stop(0);
      await container.drained;
      expect(container.lines('stdout')).toEqual(['terminal']);
    });

    it('a container that is started again takes the place of its first run', async () => {
      const task = await bench.task({ networkMode: 'bridge' }, 'EC2');
      const ports = { portMappings: [{ containerPort: 80 }] };
      const first = await task.start(sh('echo first'), ports);
      await first.container.wait();
      await first.drained;
      const second = await task.start(sh('echo second'), ports);
      await second.drained;
      expect([first.lines('stdout'), second.lines('stdout')]).toEqual([['first'], ['second']]);
      expect(second.container.networkBindings).toEqual(first.container.networkBindings);
      const left = await engine.get<unknown[]>('/containers/json', {
        all: true,
        filters: JSON.stringify({ label: [`dev.rolecall.task=${task.place.taskId}`, 'dev.rolecall.role=container'] }),
      });
      expect(left).toHaveLength(1);
    });
  },
);
