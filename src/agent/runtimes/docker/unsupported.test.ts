import { describe, expect, test } from 'vitest';
import type * as Ecs from '../../../wire/generated/types/ecs.ts';
import { splitName } from './images.ts';
import { startReason } from './start-reason.ts';
import { type Machine, unsupportedByDocker } from './unsupported.ts';

const machine: Machine = {
  architecture: 'x86_64',
  closed: ['/var/lib/data'],
  engineSocket: '/none/docker.sock',
  withoutTaskLimits: undefined,
  swappiness: true,
  swapLimit: true,
};

const of = (definition: Ecs.TaskDefinition, more: Partial<Machine> = {}) =>
  unsupportedByDocker(definition, { ...machine, ...more }).map(({ field, effect }) => `${effect} ${field}`);

describe('what Docker does not do', () => {
  test('is nothing for an ordinary task', () => {
    const container: Ecs.ContainerDefinition = {
      name: 'app',
      user: '1000',
      readonlyRootFilesystem: true,
      linuxParameters: { capabilities: { add: ['SYS_PTRACE', 'NET_ADMIN'], drop: ['ALL'] }, initProcessEnabled: true },
      ulimits: [{ name: 'nofile', softLimit: 1, hardLimit: 2 }],
      dockerSecurityOptions: ['no-new-privileges'],
    };
    const runtimePlatform = { cpuArchitecture: 'X86_64', operatingSystemFamily: 'LINUX' } as const;
    expect(
      of({ networkMode: 'awsvpc', volumes: [{ name: 'v' }], runtimePlatform, containerDefinitions: [container] }),
    ).toEqual([]);
  });

  test('is refused where the application needs it', () => {
    expect(
      of({
        runtimePlatform: { operatingSystemFamily: 'WINDOWS_SERVER_2022_CORE' },
        volumes: [
          { name: 'a', efsVolumeConfiguration: { fileSystemId: 'fs-1' } },
          { name: 'b', configuredAtLaunch: true },
          { name: 'c', host: { sourcePath: '/var/lib' } },
          { name: 'd', host: { sourcePath: '/var/lib/data/tasks' } },
          { name: 'e', host: { sourcePath: '/var/lib/../lib/data' } },
        ],
        containerDefinitions: [
          { firelensConfiguration: { type: 'fluentbit' } },
          { resourceRequirements: [{ type: 'GPU', value: '1' }] },
          { credentialSpecs: ['x'] },
        ],
      }),
    ).toEqual([
      'refused /runtimePlatform/operatingSystemFamily',
      'refused /volumes/0/efsVolumeConfiguration',
      'refused /volumes/1/configuredAtLaunch',
      'refused /volumes/2/host/sourcePath',
      'refused /volumes/3/host/sourcePath',
      'refused /volumes/4/host/sourcePath',
      'refused /containerDefinitions/0/firelensConfiguration',
      'refused /containerDefinitions/1/resourceRequirements',
      'refused /containerDefinitions/2/credentialSpecs',
    ]);
  });

  test('is announced where walls fall', () => {
    expect(
      of({
        pidMode: 'host',
        networkMode: 'host',
        runtimePlatform: { cpuArchitecture: 'ARM64' },
        volumes: [{ name: 'a', host: { sourcePath: '/var/lib/database' } }],
        containerDefinitions: [
          { privileged: true },
          { linuxParameters: { capabilities: { add: ['SYS_ADMIN'] } } },
          { dockerSecurityOptions: ['seccomp=unconfined'] },
        ],
      }),
    ).toEqual([
      'announced /runtimePlatform/cpuArchitecture',
      'warned /pidMode',
      'warned /networkMode',
      'warned /volumes/0/host/sourcePath',
      'warned /containerDefinitions/0/privileged',
      'warned /containerDefinitions/1/linuxParameters/capabilities/add',
      'warned /containerDefinitions/2/dockerSecurityOptions',
    ]);
  });
});

test('who gives the Engine away is told so', () => {
  const [told] = unsupportedByDocker({ volumes: [{ name: 'a', host: { sourcePath: '/none/docker.sock' } }] }, machine);
  expect(told?.reason).toContain('and with it the Docker Engine: the walls');
});

test('settings and limits that are not a task’s own, or that this machine does not have', () => {
  const systemControls = [
    { namespace: 'net.core.somaxconn', value: '1' },
    { namespace: 'kernel.msgmax', value: '2' },
  ];
  const linuxParameters = { sharedMemorySize: 64, maxSwap: 10, swappiness: 10 };
  expect(of({ networkMode: 'host', containerDefinitions: [{ systemControls }] })).toEqual([
    'warned /networkMode',
    'refused /containerDefinitions/0/systemControls/0',
  ]);
  expect(of({ ipcMode: 'host', containerDefinitions: [{ systemControls, linuxParameters }] })).toEqual([
    'warned /ipcMode',
    'announced /containerDefinitions/0/linuxParameters/sharedMemorySize',
    'refused /containerDefinitions/0/systemControls/1',
  ]);
  const poor = { withoutTaskLimits: 'read-only file system', swappiness: false, swapLimit: false };
  expect(of({ cpu: '256', memory: '512', containerDefinitions: [{ linuxParameters }] }, poor)).toEqual([
    'warned /cpu',
    'warned /memory',
    'announced /containerDefinitions/0/linuxParameters/maxSwap',
    'announced /containerDefinitions/0/linuxParameters/swappiness',
  ]);
  expect(of({ containerDefinitions: [{ linuxParameters: { swappiness: 10 } }] })).toEqual([
    'announced /containerDefinitions/0/linuxParameters/swappiness',
  ]);
  expect(of({ containerDefinitions: [{ linuxParameters: { capabilities: { add: ['CAP_SYS_ADMIN'] } } }] })).toEqual([
    'warned /containerDefinitions/0/linuxParameters/capabilities/add',
  ]);
});

describe('names and reasons', () => {
  test.each([
    ['app', 'app', 'latest'],
    ['app:1', 'app', '1'],
    ['localhost:5000/app', 'localhost:5000/app', 'latest'],
    ['localhost:5000/team/app:1', 'localhost:5000/team/app', '1'],
    ['app:1@sha256:ab', 'app', 'sha256:ab'],
  ])('%s', (image, repository, reference) => {
    expect(splitName(image)).toEqual({ repository, reference });
  });

  test('the words of runc are taken out of what stands around them', () => {
    const message = 'failed to create task for container: failed to create shim task: OCI runtime create failed: x';
    expect(startReason(new Error(message), true)).toBe('OCI runtime create failed: x');
    expect(startReason(new Error('port is already allocated'), false)).toBe(
      'Error response from daemon: port is already allocated',
    );
  });
});
