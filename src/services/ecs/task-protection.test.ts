import { beforeEach, expect, it } from 'vitest';
import type { TestBench } from '../../gateway/testing.ts';
import { ARN, ecsBench, FARGATE_DEFINITION, NETWORK } from './testing.ts';

let bench: TestBench;
let task: string;

beforeEach(async () => {
  bench = await ecsBench();
  await bench.call('ecs', 'RegisterTaskDefinition', FARGATE_DEFINITION);
  const { tasks } = await bench.call('ecs', 'RunTask', {
    taskDefinition: 'web',
    launchType: 'FARGATE',
    networkConfiguration: NETWORK,
  });
  task = tasks?.[0]?.taskArn ?? '';
});

it('a task that no service runs cannot be protected', async () => {
  const missing = ARN(`task/default/${'0'.repeat(32)}`);
  const failures = [
    { arn: task, reason: 'TASK_NOT_VALID', detail: 'The specified task is not part of an Amazon ECS service.' },
    { arn: missing, reason: 'MISSING' },
  ];
  expect(await bench.call('ecs', 'GetTaskProtection', { cluster: 'default', tasks: [task, missing] })).toEqual({
    protectedTasks: [],
    failures,
  });
  expect(
    await bench.call('ecs', 'UpdateTaskProtection', {
      cluster: 'default',
      tasks: [task, missing],
      protectionEnabled: true,
      expiresInMinutes: 60,
    }),
  ).toEqual({ protectedTasks: [], failures });
});

it('is authorized on the task, and checks its limits', async () => {
  const update = (input: object) =>
    bench.call('ecs', 'UpdateTaskProtection', {
      cluster: 'default',
      tasks: [task],
      protectionEnabled: true,
      ...input,
    });
  expect((await bench.refused(update({ expiresInMinutes: 2881 }))).code).toBe('InvalidParameterException');
  expect((await bench.refused(update({ tasks: [] }))).message).toBe('Tasks cannot be empty.');
  const nobody = bench.roleSession('task-role', []);
  const refused = await bench.refused(
    bench.call('ecs', 'GetTaskProtection', { cluster: 'default', tasks: [task] }, { as: nobody }),
  );
  expect(refused.message).toContain(`ecs:GetTaskProtection on resource: ${task}`);
});
