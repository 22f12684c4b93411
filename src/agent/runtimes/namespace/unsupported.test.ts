import { expect, test } from 'vitest';
import type * as Ecs from '../../../wire/generated/types/ecs.ts';
import type { Enforcement } from './limits/limiter.ts';
import { unsupportedByNamespaces } from './unsupported.ts';

const kernel: Enforcement = { by: 'kernel', version: 1, swap: true, swappiness: true };
const agent: Enforcement = { by: 'agent', reason: 'none here' };

const of = (
  container: Ecs.ContainerDefinition,
  definition: Ecs.TaskDefinition = {},
  enforcement: Enforcement = kernel,
) =>
  unsupportedByNamespaces(
    { networkMode: 'awsvpc', containerDefinitions: [{ name: 'app', ...container }], ...definition },
    enforcement,
  ).map(({ field, effect }) => `${effect} ${field.replace('/containerDefinitions/0', '')}`);

test('what is done is not mentioned', () => {
  expect(
    of({
      user: '1000',
      readonlyRootFilesystem: true,
      ulimits: [{ name: 'nofile', softLimit: 1, hardLimit: 2 }],
      hostname: 'web',
      extraHosts: [{ hostname: 'db', ipAddress: '10.0.0.1' }],
      dockerSecurityOptions: ['no-new-privileges'],
      systemControls: [{ namespace: 'net.core.somaxconn', value: '1024' }],
      mountPoints: [{ sourceVolume: 'v', containerPath: '/v' }],
      linuxParameters: {
        initProcessEnabled: true,
        sharedMemorySize: 128,
        tmpfs: [{ containerPath: '/t', size: 1, mountOptions: ['ro'] }],
        capabilities: { add: ['SYS_PTRACE'], drop: ['ALL'] },
      },
    }),
  ).toEqual([]);
});

test.each<[Ecs.ContainerDefinition, string]>([
  [{ privileged: true }, 'refused /privileged'],
  [{ firelensConfiguration: { type: 'fluentbit' } }, 'refused /firelensConfiguration'],
  [{ resourceRequirements: [{ type: 'GPU', value: '1' }] }, 'refused /resourceRequirements'],
  [{ dockerSecurityOptions: ['apparmor:x'] }, 'refused /dockerSecurityOptions/0'],
  [{ systemControls: [{ namespace: 'kernel.msgmax', value: '1' }] }, 'refused /systemControls/0'],
  [{ systemControls: [{ namespace: 'net.core.x; reboot', value: '1' }] }, 'refused /systemControls/0'],
  [{ systemControls: [{ namespace: 'net.core.somaxconn', value: "1'; reboot" }] }, 'refused /systemControls/0'],
  [{ systemControls: [{ namespace: 'net.core../../kernel/x', value: '1' }] }, 'refused /systemControls/0'],
  [{ linuxParameters: { devices: [{ hostPath: '/dev/fuse' }] } }, 'refused /linuxParameters/devices'],
  [{ linuxParameters: { capabilities: { add: ['cap_net_admin'] } } }, 'refused /linuxParameters/capabilities/add/0'],
  [
    { linuxParameters: { tmpfs: [{ containerPath: '/t', size: 1, mountOptions: ['noexec'] }] } },
    'refused /linuxParameters/tmpfs/0/mountOptions',
  ],
  [{ linuxParameters: { swappiness: 1 } }, 'announced /linuxParameters/swappiness'],
  [{ memory: 4, linuxParameters: { maxSwap: 0 } }, ''],
  [{ interactive: true }, 'announced /interactive'],
  [{ pseudoTerminal: true }, 'announced /pseudoTerminal'],
  [{ portMappings: [{ containerPort: 53, protocol: 'udp' }] }, 'announced /portMappings/0'],
])('%j is %s', (container, expected) => expect(of(container).join()).toEqual(expected));

test('limits are kept by cgroups, as far as the kernel can', () => {
  const linuxParameters = { maxSwap: 64, swappiness: 10 };
  const limited = { cpu: 100, memory: 128, memoryReservation: 64, linuxParameters };
  const task = { cpu: '256', memory: '512' };
  expect(of(limited, task)).toEqual([]);
  expect(of(limited, task, { by: 'kernel', version: 2, swap: true, swappiness: false })).toEqual([
    'refused /linuxParameters/swappiness',
  ]);
  expect(of(limited, task, { by: 'kernel', version: 1, swap: false, swappiness: true })).toEqual([
    'refused /linuxParameters/maxSwap',
  ]);
});

test('without cgroups memory is kept, and what is not is said', () => {
  const linuxParameters = { maxSwap: 64, swappiness: 10 };
  expect(of({ memory: 128 }, { memory: '512' }, agent)).toEqual([]);
  expect(of({ cpu: 100, memoryReservation: 64, linuxParameters }, { cpu: '256', memory: '512' }, agent)).toEqual([
    'announced /cpu',
    'announced /cpu',
    'announced /memoryReservation',
    'refused /linuxParameters/maxSwap',
    'refused /linuxParameters/swappiness',
  ]);
  expect(of({ linuxParameters: { maxSwap: 0 } }, {}, agent)).toEqual([]);
});

test.each<[Ecs.TaskDefinition, string]>([
  [{ networkMode: 'host' }, 'refused /networkMode'],
  [{ pidMode: 'host' }, 'refused /pidMode'],
  [{ pidMode: 'task' }, 'refused /pidMode'],
  [{ ipcMode: 'host' }, 'refused /ipcMode'],
  [
    { volumes: [{ name: 'v', efsVolumeConfiguration: { fileSystemId: 'fs-1' } }] },
    'refused /volumes/0/efsVolumeConfiguration',
  ],
  [
    { volumes: [{ name: 'v', dockerVolumeConfiguration: { driver: 'rexray' } }] },
    'refused /volumes/0/dockerVolumeConfiguration/driver',
  ],
  [
    { runtimePlatform: { operatingSystemFamily: 'WINDOWS_SERVER_2022_CORE' } },
    'refused /runtimePlatform/operatingSystemFamily',
  ],
])('%j is %s', (definition, expected) => expect(of({}, definition)).toEqual([expected]));
