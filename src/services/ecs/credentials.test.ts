import { beforeEach, expect, it } from 'vitest';
import type { TestBench } from '../../gateway/testing.ts';
import { refreshTaskCredentials } from './credentials.ts';
import type { TaskRecord } from './records.ts';
import { findTask } from './task-lookup.ts';
import { ecsBench, FARGATE_DEFINITION, NETWORK, trusting } from './testing.ts';

const HOUR = 60 * 60 * 1000;
let bench: TestBench;
let task: TaskRecord;
let id: string;

beforeEach(async () => {
  bench = await ecsBench();
  await bench.call('ecs', 'RegisterTaskDefinition', FARGATE_DEFINITION);
  const { tasks } = await bench.call('ecs', 'RunTask', {
    taskDefinition: 'web',
    launchType: 'FARGATE',
    networkConfiguration: NETWORK,
  });
  task = findTask(bench.store, tasks?.[0]?.taskArn ?? '') as TaskRecord;
  id = task.taskCredentialsId as string;
});

const refresh = () => bench.gateway.work((context) => refreshTaskCredentials(context, task, id));
const assumed = () => bench.trail().filter((entry) => entry.operation === 'AssumeRole').length;

it('keeps credentials that have more than half of their life before them', async () => {
  const before = assumed();
  bench.clock.advance(3 * HOUR);
  const kept = await refresh();
  expect(kept?.issuedAt).toBe(task.createdAt);
  expect(assumed()).toBe(before);
});

it('assumes the role again after that, under the same id and session name', async () => {
  const old = await refresh();
  bench.clock.advance(3 * HOUR + 1000);
  const fresh = await refresh();
  expect(fresh?.credentialsId).toBe(id);
  expect(fresh?.accessKeyId).not.toBe(old?.accessKeyId);
  expect(fresh?.expiresAt).toBe(bench.clock.now() + 6 * HOUR);
  expect(bench.gateway.principalOf(fresh?.accessKeyId ?? '')).toMatchObject({
    sessionName: task.id,
    origin: { role: 'task', taskArn: task.arn },
  });
  expect(bench.trail().at(-1)).toMatchObject({ operation: 'AssumeRole', stage: 'launch', taskArn: task.arn });
});

it('keeps the old credentials when the role can no longer be assumed', async () => {
  const old = await refresh();
  await bench.call('iam', 'UpdateAssumeRolePolicy', {
    RoleName: 'task-role',
    PolicyDocument: trusting('ec2.amazonaws.com'),
  });
  bench.clock.advance(4 * HOUR);
  expect(await refresh()).toEqual(old);
  expect(bench.trail().at(-1)).toMatchObject({ operation: 'AssumeRole', outcome: 'denied' });
});

it('knows no other id', async () => {
  expect(
    await bench.gateway.work((context) =>
      refreshTaskCredentials(context, task, 'a5f0d1d0-0000-4000-8000-000000000000'),
    ),
  ).toBeUndefined();
});
