import { expect, test } from 'vitest';
import type { ContainerDefinition, TaskDefinition } from '../../wire/generated/types/ecs.ts';
import { unsupportedByProcesses } from './process-unsupported.ts';

function found(container: ContainerDefinition, definition: TaskDefinition = {}): string[] {
  return unsupportedByProcesses({ ...definition, containerDefinitions: [{ name: 'app' }, container] }).map(
    ({ field, effect }) => `${effect} ${field}`,
  );
}

test('what a plain container asks for is all there', () => {
  expect(
    found({
      name: 'app',
      image: 'app',
      command: ['x'],
      essential: true,
      mountPoints: [],
      volumesFrom: [],
      readonlyRootFilesystem: false,
      privileged: false,
      portMappings: [{ containerPort: 80, hostPort: 80 }, { containerPort: 81 }],
      linuxParameters: { initProcessEnabled: false },
      ulimits: [],
    }),
  ).toEqual([]);
});

test.each([
  [{ mountPoints: [{ sourceVolume: 'v', containerPath: '/v' }] }, 'refused /containerDefinitions/1/mountPoints'],
  [{ volumesFrom: [{ sourceContainer: 'x' }] }, 'refused /containerDefinitions/1/volumesFrom'],
  [{ links: ['db'] }, 'refused /containerDefinitions/1/links'],
  [{ extraHosts: [{ hostname: 'a', ipAddress: '1.1.1.1' }] }, 'refused /containerDefinitions/1/extraHosts'],
  [
    { linuxParameters: { capabilities: { add: ['NET_ADMIN'] } } },
    'refused /containerDefinitions/1/linuxParameters/capabilities/add',
  ],
  [
    { linuxParameters: { tmpfs: [{ containerPath: '/t', size: 1 }] } },
    'refused /containerDefinitions/1/linuxParameters/tmpfs',
  ],
  [
    { resourceRequirements: [{ type: 'GPU' as const, value: '1' }] },
    'refused /containerDefinitions/1/resourceRequirements',
  ],
  [{ user: '1000' }, 'announced /containerDefinitions/1/user'],
  [{ readonlyRootFilesystem: true }, 'announced /containerDefinitions/1/readonlyRootFilesystem'],
  [
    { linuxParameters: { initProcessEnabled: true } },
    'announced /containerDefinitions/1/linuxParameters/initProcessEnabled',
  ],
  [
    { portMappings: [{ containerPort: 80, hostPort: 8080 }] },
    'announced /containerDefinitions/1/portMappings/0/hostPort',
  ],
] as const)('%j is %s', (container, expected) => {
  expect(found(container as ContainerDefinition)).toEqual([expected]);
});

test('fields of the task', () => {
  expect(
    found({}, { pidMode: 'task', runtimePlatform: { operatingSystemFamily: 'WINDOWS_SERVER_2022_CORE' } }),
  ).toEqual(['refused /runtimePlatform/operatingSystemFamily', 'announced /pidMode']);
});
