import { beforeEach, expect, it } from 'vitest';
import type { TestBench } from '../../gateway/testing.ts';
import { ARN, BRIDGE_DEFINITION, ecsBench, FARGATE_DEFINITION, NETWORK, registerInstance } from './testing.ts';

let bench: TestBench;
let task: string;

beforeEach(async () => {
  bench = await ecsBench();
  await bench.call('ecs', 'RegisterTaskDefinition', BRIDGE_DEFINITION);
  await registerInstance(bench);
  const { tasks } = await bench.call('ecs', 'RunTask', { taskDefinition: 'batch' });
  task = tasks?.[0]?.taskArn ?? '';
});

const describeTask = async () => (await bench.call('ecs', 'DescribeTasks', { tasks: [task] })).tasks?.[0];

it('the agent reports a task from start to end', async () => {
  const now = bench.clock.now();
  await bench.call('ecs', 'SubmitTaskStateChange', {
    cluster: 'default',
    task,
    status: 'RUNNING',
    pullStartedAt: now - 2000,
    pullStoppedAt: now - 1000,
    containers: [
      {
        containerName: 'app',
        status: 'RUNNING',
        runtimeId: 'abc',
        imageDigest: 'sha256:1',
        networkBindings: [{ bindIP: '0.0.0.0', containerPort: 80, hostPort: 32768, protocol: 'tcp' }],
      },
    ],
  });
  expect(await describeTask()).toMatchObject({
    lastStatus: 'RUNNING',
    startedAt: now,
    pullStartedAt: now - 2000,
    pullStoppedAt: now - 1000,
    connectivity: 'CONNECTED',
    containers: [{ lastStatus: 'RUNNING', runtimeId: 'abc', networkBindings: [{ hostPort: 32768 }] }],
  });
  await bench.call('ecs', 'SubmitContainerStateChange', {
    task,
    containerName: 'app',
    status: 'STOPPED',
    exitCode: 137,
    reason: 'OutOfMemoryError: Container killed due to memory usage',
  });
  expect(await describeTask()).toMatchObject({ desiredStatus: 'STOPPED', stopCode: 'EssentialContainerExited' });
  const answer = await bench.call('ecs', 'SubmitTaskStateChange', { task, status: 'STOPPED' });
  expect(answer).toEqual({ acknowledgment: 'ACK' });
  expect(await describeTask()).toMatchObject({
    lastStatus: 'STOPPED',
    stoppedReason: 'Essential container in task exited',
    containers: [{ exitCode: 137, reason: 'OutOfMemoryError: Container killed due to memory usage' }],
  });
});

it('is authorized on the cluster', async () => {
  const nobody = bench.roleSession('ecsInstanceRole', []);
  const as = { as: nobody };
  for (const [action, call] of [
    ['SubmitTaskStateChange', bench.call('ecs', 'SubmitTaskStateChange', { task, status: 'STOPPED' }, as)],
    ['SubmitContainerStateChange', bench.call('ecs', 'SubmitContainerStateChange', { task, containerName: 'app' }, as)],
    ['SubmitAttachmentStateChanges', bench.call('ecs', 'SubmitAttachmentStateChanges', { attachments: [] }, as)],
  ] as const) {
    expect((await bench.refused(call)).message).toContain(`ecs:${action} on resource: ${ARN('cluster/default')}`);
  }
  expect((await describeTask())?.lastStatus).toBe('PENDING');
});

it('knows attachments by their ARN', async () => {
  await bench.call('ecs', 'RegisterTaskDefinition', FARGATE_DEFINITION);
  const { tasks } = await bench.call('ecs', 'RunTask', {
    taskDefinition: 'web',
    launchType: 'FARGATE',
    networkConfiguration: NETWORK,
  });
  task = tasks?.[0]?.taskArn ?? '';
  const id = tasks?.[0]?.attachments?.[0]?.id ?? '';
  await bench.call('ecs', 'SubmitAttachmentStateChanges', {
    attachments: [{ attachmentArn: ARN(`attachment/${id}`), status: 'ATTACHED' }],
  });
  expect((await describeTask())?.attachments).toMatchObject([{ id, status: 'ATTACHED' }]);
  const unknown = bench.call('ecs', 'SubmitAttachmentStateChanges', {
    attachments: [{ attachmentArn: ARN('attachment/none'), status: 'ATTACHED' }],
  });
  expect((await bench.refused(unknown)).code).toBe('InvalidParameterException');
});

it('refuses a task that is not known', async () => {
  const unknown = bench.call('ecs', 'SubmitTaskStateChange', { task: '0'.repeat(32), status: 'RUNNING' });
  expect((await bench.refused(unknown)).message).toBe('The referenced task was not found.');
});
