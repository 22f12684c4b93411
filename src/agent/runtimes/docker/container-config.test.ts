import { describe, expect, test } from 'vitest';
import type * as Ecs from '../../../wire/generated/types/ecs.ts';
import { containerConfig, taskCpu, taskMemory } from './container-config.ts';

function configOf(container: Ecs.ContainerDefinition, definition: Ecs.TaskDefinition = {}, around = {}) {
  const taskArn = 'arn:aws:ecs:eu-west-1:000000000000:task/blue/0123';
  return containerConfig(
    { name: 'app', runtimeId: 'r', image: 'app:1', environment: { A: 'b=c' }, definition: container },
    { taskArn, taskId: '0123', launchType: 'EC2', definition, directory: '/nowhere' },
    {
      networkMode: 'container:pause',
      cgroupParent: undefined,
      sharedPid: undefined,
      sharedIpc: undefined,
      volumes: new Map([['data', 'volume-1']]),
      containers: new Map([['first', 'id-1']]),
      labels: { 'dev.rolecall.task': '0123' },
      image: 'sha256:1',
      environment: { A: 'link', DB: 'x' },
      cpus: 2,
      ...around,
    },
  );
}

describe('what the Engine is asked for', () => {
  test('a plain container', () => {
    expect(configOf({ name: 'app' })).toEqual({
      Image: 'sha256:1',
      Env: ['A=b=c', 'DB=x'],
      Tty: false,
      OpenStdin: false,
      Labels: {
        'com.amazonaws.ecs.cluster': 'blue',
        'com.amazonaws.ecs.container-name': 'app',
        'com.amazonaws.ecs.task-arn': 'arn:aws:ecs:eu-west-1:000000000000:task/blue/0123',
        'com.amazonaws.ecs.task-definition-family': '',
        'com.amazonaws.ecs.task-definition-version': '',
        'dev.rolecall.task': '0123',
      },
      HostConfig: {
        NetworkMode: 'container:pause',
        LogConfig: { Type: 'json-file', Config: { 'max-size': '1000p', 'max-file': '1' } },
        CpuShares: 2,
        Binds: [],
        VolumesFrom: [],
      },
    });
  });

  test.each<[string, Ecs.ContainerDefinition, Ecs.TaskDefinition, object]>([
    [
      'memory of the container',
      { memory: 128, memoryReservation: 64 },
      { memory: '512' },
      { Memory: 134_217_728, MemoryReservation: 67_108_864 },
    ],
    ['no less memory than the agent gives', { memory: 4 }, {}, { Memory: 6_291_456 }],
    ['memory of the task', {}, { memory: '1 GB' }, { Memory: 1_073_741_824 }],
    ['shares and vCPUs, no more than there are', { cpu: 256 }, { cpu: '4 vCPU' }, { CpuShares: 256, NanoCpus: 2e9 }],
    [
      'swap',
      { memory: 128, linuxParameters: { maxSwap: 128, swappiness: 10 } },
      {},
      { MemorySwap: 268_435_456, MemorySwappiness: 10 },
    ],
    ['privileged', { privileged: true }, {}, { Privileged: true }],
    ['security options', { dockerSecurityOptions: ['no-new-privileges'] }, {}, { SecurityOpt: ['no-new-privileges'] }],
    ['an init process', { linuxParameters: { initProcessEnabled: true } }, {}, { Init: true }],
    [
      'devices',
      {
        linuxParameters: {
          devices: [
            { hostPath: '/dev/a' },
            { hostPath: '/dev/b', containerPath: '/dev/c', permissions: ['read', 'write'] },
          ],
        },
      },
      {},
      {
        Devices: [
          { PathOnHost: '/dev/a', PathInContainer: '/dev/a', CgroupPermissions: 'rwm' },
          { PathOnHost: '/dev/b', PathInContainer: '/dev/c', CgroupPermissions: 'rw' },
        ],
      },
    ],
    [
      'mount points',
      { mountPoints: [{ sourceVolume: 'data', containerPath: '/d', readOnly: true }] },
      {},
      { Binds: ['volume-1:/d:ro'] },
    ],
    ['volumes from', { volumesFrom: [{ sourceContainer: 'first', readOnly: true }] }, {}, { VolumesFrom: ['id-1:ro'] }],
    ['processes of the host', {}, { pidMode: 'host', ipcMode: 'none' }, { PidMode: 'host', IpcMode: 'none' }],
  ])('%s', (_what, container, definition, expected) => {
    expect(configOf(container, definition).HostConfig).toMatchObject(expected);
  });

  test('names belong to the network: they are the container’s own only where its network is', () => {
    const container = {
      hostname: 'web',
      dnsServers: ['10.0.0.2'],
      extraHosts: [{ hostname: 'db', ipAddress: '10.0.0.3' }],
    };
    expect(configOf(container)).not.toHaveProperty('Hostname');
    expect(configOf(container).HostConfig).not.toHaveProperty('Dns');
    const host = configOf(container, {}, { networkMode: 'host' });
    expect(host).toMatchObject({ Hostname: 'web', HostConfig: { Dns: ['10.0.0.2'], ExtraHosts: ['db:10.0.0.3'] } });
  });

  test('settings of the network and of shared IPC are their holder’s', () => {
    const systemControls = [
      { namespace: 'net.core.somaxconn', value: '1' },
      { namespace: 'kernel.msgmax', value: '2' },
    ];
    expect(configOf({ systemControls }).HostConfig.Sysctls).toEqual({ 'kernel.msgmax': '2' });
    expect(configOf({ systemControls }, {}, { sharedIpc: 'container:x' }).HostConfig).not.toHaveProperty('Sysctls');
  });

  test('swappiness without maxSwap is ignored', () => {
    const { HostConfig } = configOf({ memory: 128, linuxParameters: { swappiness: 10 } });
    expect(HostConfig).not.toHaveProperty('MemorySwappiness');
  });

  test('the group that limits all containers of the task', () => {
    expect(configOf({}, {}, { cgroupParent: '/rolecall/a/b' }).HostConfig.CgroupParent).toBe('/rolecall/a/b');
  });

  test('what is not there is named', () => {
    expect(() => configOf({ mountPoints: [{ sourceVolume: 'none', containerPath: '/d' }] })).toThrow(
      'there is no volume none',
    );
    expect(() => configOf({ volumesFrom: [{ sourceContainer: 'late' }] })).toThrow(
      'container late has not been created',
    );
  });

  test('sizes of tasks, as numbers or with units', () => {
    expect([taskCpu({ cpu: '512' }), taskCpu({ cpu: '.5 vCPU' }), taskCpu({})]).toEqual([0.5, 0.5, undefined]);
    expect([taskMemory({ memory: '512' }), taskMemory({ memory: '0.5GB' }), taskMemory({})]).toEqual([
      512,
      512,
      undefined,
    ]);
  });
});
