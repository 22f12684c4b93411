import { expect, test } from 'vitest';
import type { ContainerDefinition } from '../wire/generated/types/ecs.ts';
import { type ContainerState, readiness, stoppableNow } from './container-order.ts';

const RUNNING: ContainerState = {
  name: 'db',
  status: 'RUNNING',
  exitCode: undefined,
  health: 'UNKNOWN',
  startedAt: 1000,
  startTimeout: undefined,
};

function ready(condition: 'START' | 'COMPLETE' | 'SUCCESS' | 'HEALTHY', state: Partial<ContainerState>, now = 2000) {
  const container: ContainerDefinition = { name: 'app', dependsOn: [{ containerName: 'db', condition }] };
  return readiness(container, new Map([['db', { ...RUNNING, ...state }]]), now);
}

const pending = { status: 'PENDING', startedAt: undefined } as const;
const ended = (exitCode: number) => ({ status: 'STOPPED', exitCode }) as const;

test.each([
  ['START', pending, 'waiting'],
  ['START', {}, 'ready'],
  ['START', ended(1), 'ready'],
  ['COMPLETE', {}, 'waiting'],
  ['COMPLETE', ended(1), 'ready'],
  ['SUCCESS', {}, 'waiting'],
  ['SUCCESS', ended(0), 'ready'],
  ['SUCCESS', ended(1), 'never'],
  ['HEALTHY', {}, 'waiting'],
  ['HEALTHY', { health: 'UNHEALTHY' }, 'waiting'],
  ['HEALTHY', { health: 'HEALTHY' }, 'ready'],
  ['HEALTHY', ended(0), 'never'],
  ['START', { status: 'STOPPED', startedAt: undefined }, 'never'],
] as const)('%s on %j is %s', (condition, state, expected) => {
  expect(ready(condition, state).state).toBe(expected);
});

test('startTimeout of the dependency ends the waiting', () => {
  expect(ready('HEALTHY', { startTimeout: 5 }, 5999)).toEqual({ state: 'waiting', until: 6000 });
  expect(ready('HEALTHY', { startTimeout: 5 }, 6000)).toEqual({
    state: 'never',
    reason: 'dependency graph: container ordering dependency [db] for target [app] has timed out.',
  });
});

test('a container that others depend on is stopped after them', () => {
  const containers: ContainerDefinition[] = [
    { name: 'app', dependsOn: [{ containerName: 'proxy', condition: 'START' }] },
    { name: 'proxy', dependsOn: [{ containerName: 'db', condition: 'HEALTHY' }] },
    { name: 'db' },
    { name: 'lonely' },
  ];
  expect(stoppableNow(new Set(['app', 'proxy', 'db', 'lonely']), containers)).toEqual(['app', 'lonely']);
  expect(stoppableNow(new Set(['proxy', 'db']), containers)).toEqual(['proxy']);
  expect(stoppableNow(new Set(['db']), containers)).toEqual(['db']);
});
