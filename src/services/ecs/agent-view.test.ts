import { beforeEach, expect, it } from 'vitest';
import type { TestBench } from '../../gateway/testing.ts';
import { describeForAgent } from './agent-view.ts';
import { ARN, BRIDGE_DEFINITION, ecsBench, FARGATE_DEFINITION, NETWORK, ROLE, registerInstance } from './testing.ts';

let bench: TestBench;

beforeEach(async () => {
  bench = await ecsBench();
});

it('gives the definition as the task runs it, and the credentials of both roles', async () => {
  await bench.call('ecs', 'RegisterTaskDefinition', {
    ...FARGATE_DEFINITION,
    containerDefinitions: [
      {
        name: 'app',
        image: 'app:1',
        command: ['serve'],
        environment: [
          { name: 'A', value: '1' },
          { name: 'B', value: '2' },
        ],
        environmentFiles: [{ type: 's3', value: 'arn:aws:s3:::b/old.env' }],
      },
      { name: 'side', image: 'side:1' },
    ],
  });
  const { tasks } = await bench.call('ecs', 'RunTask', {
    taskDefinition: 'web',
    launchType: 'FARGATE',
    networkConfiguration: NETWORK,
    overrides: {
      cpu: '0.5 vCPU',
      memory: '1 GB',
      containerOverrides: [
        {
          name: 'app',
          command: ['migrate'],
          environment: [
            { name: 'B', value: '3' },
            { name: 'C', value: '4' },
          ],
          environmentFiles: [{ type: 's3', value: 'arn:aws:s3:::b/new.env' }],
          memory: 256,
        },
      ],
    },
  });
  const taskArn = tasks?.[0]?.taskArn ?? '';
  const view = describeForAgent(bench.store, taskArn);
  expect(view?.definition).toMatchObject({ cpu: '512', memory: '1024', taskRoleArn: ROLE('task-role') });
  expect(view?.definition.containerDefinitions).toMatchObject([
    {
      name: 'app',
      command: ['migrate'],
      environment: [
        { name: 'A', value: '1' },
        { name: 'B', value: '3' },
        { name: 'C', value: '4' },
      ],
      environmentFiles: [{ value: 'arn:aws:s3:::b/new.env' }],
      memory: 256,
    },
    { name: 'side' },
  ]);
  expect(view?.instance).toBeUndefined();
  expect(view?.taskCredentials).toMatchObject({ roleType: 'TaskApplication', roleArn: ROLE('task-role'), taskArn });
  expect(view?.executionCredentials).toMatchObject({ roleType: 'TaskExecution', roleArn: ROLE('execution-role') });
  expect(view?.taskCredentials?.credentialsId).toBe(view?.task.taskCredentialsId);
});

it('gives the instance, and no credentials where there are no roles', async () => {
  await bench.call('ecs', 'RegisterTaskDefinition', BRIDGE_DEFINITION);
  const instance = await registerInstance(bench);
  const { tasks } = await bench.call('ecs', 'RunTask', { taskDefinition: 'batch' });
  const view = describeForAgent(bench.store, tasks?.[0]?.taskArn ?? '');
  expect(view?.instance?.arn).toBe(instance);
  expect(view?.taskCredentials).toBeUndefined();
  expect(view?.executionCredentials).toBeUndefined();
});

it('knows no other task', () => {
  expect(describeForAgent(bench.store, ARN(`task/default/${'0'.repeat(32)}`))).toBeUndefined();
  expect(describeForAgent(bench.store, 'nonsense')).toBeUndefined();
});
