import { createSocket } from 'node:dgram';
import { mkdtempSync, readFileSync, readlinkSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { decode, encode } from 'dns-packet';
import { afterAll, describe, expect, it } from 'vitest';
import type { ContainerInspection } from '../../src/agent/runtimes/docker/engine-types.ts';
import type * as Ecs from '../../src/wire/generated/types/ecs.ts';
import { ContractBench } from '../runtime/contract.ts';
import { controlGroups } from '../runtime/left-behind.ts';
import { dockerRuntime, engine, noDocker } from './subject.ts';

const sh = (script: string) => ['/bin/sh', '-c', script];

const linux = process.platform === 'linux';

function effective(status: string): bigint {
  return BigInt(`0x${/CapEff:\t(\w+)/.exec(status)?.[1] ?? 0}`);
}

/** All capabilities that the kernel knows. */
function everything(): bigint {
  return (1n << (BigInt(readFileSync('/proc/sys/kernel/cap_last_cap', 'utf8')) + 1n)) - 1n;
}

/**
 * Shell: takes memory without end, by a small program. A large one that hardly fits reads its own pages from the disk
 * again and again, for minutes, before it is ended.
 */
const GREEDY = 'exec tail /dev/zero';

/** What the container's own control group says, of version 1. */
const READ_GROUP = `cd /sys/fs/cgroup; if [ -e cgroup.controllers ]; then echo unified; exit; fi
echo shares $(cat cpu/cpu.shares); echo quota $(cat cpu/cpu.cfs_quota_us); echo limit $(cat memory/memory.limit_in_bytes)
echo soft $(cat memory/memory.soft_limit_in_bytes); echo swap $(cat memory/memory.memsw.limit_in_bytes)
echo swappiness $(cat memory/memory.swappiness)`;

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
      const container = await task.start(sh(GREEDY), { memory: 64 });
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
      const one = await task.start(sh('(sleep 0.01 &) ; echo ready; exec sleep 1000'), { name: 'one' });
      await one.says('ready');
      // Whoever is not cleared away stays in the list for ever.
      const { out } = await task.run(
        sh(
          "while ps -o args | grep -q '[s]leep 0.01' || ps -o stat | grep -q '^Z'; do sleep 0.1; done; ps -o args | grep '[s]leep 1000'",
        ),
        { name: 'two' },
      );
      expect(out).toEqual(['sleep 1000']);
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

    it('the memory of a task is that of all its containers together', async () => {
      const task = await bench.task({ memory: '256', cpu: '256' });
      // The first process has 160 MiB in memory once it writes, and there are two containers.
      const fill = sh(
        'mkfifo /tmp/p; { head -c 1 >/dev/null; echo full; exec sleep 1000; } </tmp/p & exec dd if=/dev/zero of=/tmp/p bs=160M',
      );
      const one = await task.start(fill, { name: 'one' });
      await one.says('full');
      const two = await task.start(fill, { name: 'two' });
      // Which of them the kernel ends, or both, is its own choice.
      expect(await Promise.race([one.container.wait(), two.container.wait()])).toEqual({
        code: 137,
        outOfMemory: true,
      });
      await Promise.all([one.container.stop(0), two.container.stop(0)]);
    });

    it('CPU, memory and swap are in the control groups of the container and of its task', async () => {
      const task = await bench.task({ cpu: '512', memory: '256' });
      const { out } = await task.run(sh(READ_GROUP), {
        cpu: 256,
        memory: 64,
        memoryReservation: 32,
        linuxParameters: { maxSwap: 16, swappiness: 10 },
      });
      const unified = out[0] === 'unified';
      if (!unified)
        expect(out).toEqual([
          'shares 256',
          'quota 50000',
          'limit 67108864',
          'soft 33554432',
          'swap 83886080',
          'swappiness 10',
        ]);
      const taskId = task.place.taskId;
      const groups = () => controlGroups().filter((path) => path.includes(taskId));
      expect(groups().length).toBeGreaterThan(0);
      await task.runtime.remove();
      expect(groups()).toEqual([]);
    });

    it('an init process, devices, and options of the mount that tmpfs has', async () => {
      const task = await bench.task();
      const { out } = await task.run(
        sh(
          'cat /proc/1/comm; head -c 3 /dev/nothing | od -An -tx1; echo x 2>&1 > /dev/nothing | grep -c .; mount | grep -c "/scratch.*noexec"',
        ),
        {
          linuxParameters: {
            initProcessEnabled: true,
            devices: [{ hostPath: '/dev/zero', containerPath: '/dev/nothing', permissions: ['read'] }],
            tmpfs: [{ containerPath: '/scratch', size: 1, mountOptions: ['noexec'] }],
          },
        },
      );
      expect(out.map((line) => line.trim())).toEqual(['docker-init', '00 00 00', '0', '1']);
    });

    it('without new privileges', async () => {
      const task = await bench.task({ networkMode: 'bridge' }, 'EC2');
      const { out } = await task.run(sh('grep NoNewPrivs /proc/self/status | cut -f 2'), {
        dockerSecurityOptions: ['no-new-privileges'],
      });
      expect(out).toEqual(['1']);
    });

    const limited = linux && effective(readFileSync('/proc/self/status', 'utf8')) !== everything();
    it.skipIf(limited)(
      `privileged${limited ? ' (skipped: this machine does not have all capabilities to give)' : ''}`,
      async () => {
        const task = await bench.task({ networkMode: 'bridge' }, 'EC2');
        const { out } = await task.run(sh('grep CapEff /proc/self/status'), { privileged: true });
        expect(effective(out[0] ?? '')).toBe(everything());
      },
    );

    it('names: its own, those of others, and who is asked for them', async () => {
      const task = await bench.task({ networkMode: 'bridge' }, 'EC2');
      const { IPAM } = await engine.get<{ IPAM: { Config: { Gateway: string }[] } }>('/networks/rolecall');
      const gateway = IPAM.Config[0]?.Gateway ?? '';
      const asked: string[] = [];
      const names = createSocket('udp4', (message, from) => {
        const { id, questions = [] } = decode(message);
        const [question] = questions;
        if (question === undefined) return;
        asked.push(question.name);
        const known = question.type === 'A' && question.name === 'orders.example.internal';
        const answers = known ? [{ type: 'A' as const, name: question.name, ttl: 1, data: '10.7.7.7' }] : [];
        // 3: there is no such name.
        const packet = { type: 'response' as const, id: id ?? 0, flags: known ? 0 : 3, questions, answers };
        names.send(encode(packet), from.port, from.address);
      });
      await new Promise<void>((resolve) => names.bind(53, gateway, resolve));
      try {
        const { out } = await task.run(
          sh('hostname; grep db /etc/hosts | head -1; grep ^search /etc/resolv.conf; ping -c 1 -W 1 orders | head -1'),
          {
            hostname: 'web',
            extraHosts: [{ hostname: 'db', ipAddress: '10.1.2.3' }],
            dnsServers: [gateway],
            dnsSearchDomains: ['example.internal'],
          },
        );
        expect(out.slice(0, 3).map((line) => line.replace(/\s+/g, ' '))).toEqual([
          'web',
          '10.1.2.3 db',
          'search example.internal',
        ]);
        expect(out[3]).toContain('10.7.7.7');
        expect(asked).toContain('orders.example.internal');
      } finally {
        names.close();
      }
    });

    it('a range of ports is published as a range', async () => {
      const task = await bench.task({ networkMode: 'bridge' }, 'EC2');
      const serve = `for (const port of [8000, 8001, 8002]) require('node:http').createServer((_q, answer) => answer.end(String(port))).listen(port);
        console.log('ready');`;
      const container = await task.start([dockerRuntime.node, '-e', serve], {
        portMappings: [{ containerPortRange: '8000-8002' }],
      });
      await container.says('ready');
      const [binding, ...more] = container.container.networkBindings ?? [];
      expect(more).toEqual([]);
      expect(binding).toMatchObject({ containerPortRange: '8000-8002', protocol: 'tcp' });
      const [first = 0, last] = (binding?.hostPortRange ?? '').split('-').map(Number);
      expect(last).toBe(first + 2);
      for (const port of [0, 1, 2]) {
        const answer = await fetch(`http://127.0.0.1:${first + port}/`);
        expect(await answer.text()).toBe(String(8000 + port));
      }
      await container.container.stop(0);
    });

    it('volumes of a driver with options; one that is not there is named', async () => {
      const driverOpts = { type: 'tmpfs', device: 'tmpfs', o: 'size=2m' };
      const task = await bench.task(
        { volumes: [{ name: 'small', dockerVolumeConfiguration: { scope: 'task', driver: 'local', driverOpts } }] },
        'EC2',
      );
      const mountPoints = [{ sourceVolume: 'small', containerPath: '/small' }];
      expect((await task.run(sh("df -k /small | tail -1 | awk '{print $2}'"), { mountPoints })).out).toEqual(['2048']);
      const missing = await bench.task(
        { volumes: [{ name: 'v', dockerVolumeConfiguration: { scope: 'task', driver: 'no-such-driver' } }] },
        'EC2',
      );
      await expect(missing.container(sh('true'))).rejects.toThrow(/no-such-driver/);
    });

    it('IPC: none, of the task with its settings, of this machine', async () => {
      const systemControls = [{ namespace: 'kernel.msgmax', value: '4321' }];
      const definition: Ecs.TaskDefinition = {
        ipcMode: 'task',
        containerDefinitions: [{ name: 'one', systemControls }],
      };
      const look = sh('readlink /proc/self/ns/ipc; cat /proc/sys/kernel/msgmax');
      const task = await bench.task(definition);
      const one = await task.run(look, { name: 'one', systemControls });
      const two = await task.run(look, { name: 'two' });
      expect(one.out[1]).toBe('4321');
      expect(two.out).toEqual(one.out);
      const host = await bench.task({ networkMode: 'bridge', ipcMode: 'host' }, 'EC2');
      expect((await host.run(look)).out[0]).toBe(readlinkSync('/proc/self/ns/ipc'));
      const none = await bench.task({ networkMode: 'bridge', ipcMode: 'none' }, 'EC2');
      expect((await none.run(sh('ls -d /dev/shm 2>&1 | grep -c "No such"'))).out).toEqual(['1']);
    });

    it('processes of this machine where they are asked for, and no network where there is to be none', async () => {
      const host = await bench.task({ networkMode: 'bridge', pidMode: 'host' }, 'EC2');
      expect((await host.run(sh('readlink /proc/self/ns/pid'))).out).toEqual([readlinkSync('/proc/self/ns/pid')]);
      const none = await bench.task({ networkMode: 'none' }, 'EC2');
      expect((await none.run(sh('ls /sys/class/net'))).out).toEqual(['lo']);
      const bridge = await bench.task({ networkMode: 'bridge' }, 'EC2');
      expect((await bridge.run(sh('ls /sys/class/net'), { disableNetworking: true })).out).toEqual(['lo']);
    });
  },
);
