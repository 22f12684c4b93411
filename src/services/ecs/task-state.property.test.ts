import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { TestBench } from '../../gateway/testing.ts';
import { changedBy } from './instance-resources.ts';
import { type TaskRecord, type TaskStatus, tasks } from './records.ts';
import { findContainerInstance } from './task-lookup.ts';
import { applyTaskState, requestStop } from './task-state.ts';
import { ARN, BRIDGE_DEFINITION, ecsBench, registerInstance } from './testing.ts';

const STATUSES: readonly TaskStatus[] = [
  'PROVISIONING',
  'PENDING',
  'ACTIVATING',
  'RUNNING',
  'DEACTIVATING',
  'STOPPING',
  'DEPROVISIONING',
  'STOPPED',
];

const step = fc.oneof(
  fc.record({ kind: fc.constant('run' as const), which: fc.constantFrom('batch', 'ported') }),
  fc.record({ kind: fc.constant('stop' as const), which: fc.nat(5) }),
  fc.record({
    kind: fc.constant('report' as const),
    which: fc.nat(5),
    status: fc.option(fc.constantFrom(...STATUSES), { nil: undefined }),
    container: fc.option(fc.constantFrom('PENDING', 'RUNNING', 'STOPPED'), { nil: undefined }),
    exitCode: fc.option(fc.nat(255), { nil: undefined }),
  }),
);
type Step = typeof step extends fc.Arbitrary<infer S> ? S : never;

async function world(): Promise<{ bench: TestBench; instance: string }> {
  const bench = await ecsBench();
  await bench.call('ecs', 'RegisterTaskDefinition', BRIDGE_DEFINITION);
  await bench.call('ecs', 'RegisterTaskDefinition', {
    family: 'ported',
    containerDefinitions: [
      { name: 'app', image: 'i', memory: 64, portMappings: [{ containerPort: 80, hostPort: 8080 }] },
    ],
  });
  return { bench, instance: await registerInstance(bench, { cpu: 1024, memory: 1200 }) };
}

async function take(bench: TestBench, one: Step): Promise<void> {
  if (one.kind === 'run') {
    await bench.call('ecs', 'RunTask', { taskDefinition: one.which });
    return;
  }
  const all = bench.store.list(tasks, ARN('cluster/default'));
  const task = all[one.which % Math.max(all.length, 1)];
  if (task === undefined) return;
  bench.store.transact((tx) => {
    if (one.kind === 'stop') requestStop(tx, bench.clock.now(), task.arn, 'UserInitiated', 'enough');
    else {
      applyTaskState(tx, bench.clock.now(), task.arn, {
        status: one.status,
        containers: [{ containerName: 'app', status: one.container, exitCode: one.exitCode }],
      });
    }
  });
}

/** What must hold between a task before and after any step. */
function checkStep(before: TaskRecord, after: TaskRecord): void {
  expect(STATUSES.indexOf(after.lastStatus)).toBeGreaterThanOrEqual(STATUSES.indexOf(before.lastStatus));
  if (before.desiredStatus === 'STOPPED') {
    expect(after.desiredStatus).toBe('STOPPED');
    expect([after.stopCode, after.stoppedReason]).toEqual([before.stopCode, before.stoppedReason]);
  }
  expect(after.version).toBe(after === before ? before.version : before.version + 1);
  if (after.lastStatus === 'STOPPED') {
    expect(after.stopCode).toBeDefined();
    expect(after.stoppedAt).toBeDefined();
    expect(after.containers.every((container) => container.lastStatus === 'STOPPED')).toBe(true);
  }
}

it('whatever is reported in whatever order, tasks go forward and instances lose nothing', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 25 }), async (steps) => {
      const { bench, instance } = await world();
      for (const one of steps) {
        const before = new Map(bench.store.list(tasks, ARN('cluster/default')).map((task) => [task.arn, task]));
        await take(bench, one);
        const after = bench.store.list(tasks, ARN('cluster/default'));
        for (const task of after) {
          const known = before.get(task.arn);
          if (known !== undefined) checkStep(known, task);
        }
        const record = findContainerInstance(bench.store, instance);
        const expected = after
          .filter((task) => task.lastStatus !== 'STOPPED')
          .reduce<readonly object[]>(
            (left, task) => (task.reservation === undefined ? left : changedBy(left, task.reservation, 'take')),
            record?.registeredResources ?? [],
          );
        const sorted = (resources: readonly { stringSetValue?: readonly string[] | undefined }[]) =>
          resources.map((one) => ({ ...one, stringSetValue: one.stringSetValue?.toSorted() }));
        expect(sorted(record?.remainingResources ?? [])).toEqual(sorted(expected));
        for (const { name, integerValue } of record?.remainingResources ?? []) {
          if (name === 'CPU' || name === 'MEMORY') expect(integerValue).toBeGreaterThanOrEqual(0);
        }
      }
    }),
    { numRuns: 40 },
  );
}, 30_000);
