import { beforeEach, describe, expect, it } from 'vitest';
import type { TestBench } from '../../gateway/testing.ts';
import type * as Ecs from '../../wire/generated/types/ecs.ts';
import { type TaskRecord, taskCredentials, tasks } from './records.ts';
import { findTask } from './task-lookup.ts';
import {
  applyAttachmentState,
  applyContainerState,
  applyTaskState,
  requestStop,
  type TaskChange,
} from './task-state.ts';
import { ARN, BRIDGE_DEFINITION, ecsBench, FARGATE_DEFINITION, NETWORK, registerInstance } from './testing.ts';

let bench: TestBench;

beforeEach(async () => {
  bench = await ecsBench();
});

async function fargateTask(definition: Partial<Ecs.RegisterTaskDefinitionRequest> = {}): Promise<string> {
  await bench.call('ecs', 'RegisterTaskDefinition', { ...FARGATE_DEFINITION, ...definition });
  const { tasks: started } = await bench.call('ecs', 'RunTask', {
    taskDefinition: 'web',
    launchType: 'FARGATE',
    networkConfiguration: NETWORK,
  });
  return started?.[0]?.taskArn ?? '';
}

async function bridgeTask(definition: Partial<Ecs.RegisterTaskDefinitionRequest> = {}): Promise<string> {
  await bench.call('ecs', 'RegisterTaskDefinition', { ...BRIDGE_DEFINITION, ...definition });
  const { tasks: started } = await bench.call('ecs', 'RunTask', { taskDefinition: 'batch' });
  return started?.[0]?.taskArn ?? '';
}

const apply = (arn: string, change: TaskChange): TaskRecord => {
  bench.clock.advance(1000);
  const now = bench.clock.now();
  return bench.store.transact((tx) => applyTaskState(tx, now, arn, change)) as TaskRecord;
};

describe('a task on its way', () => {
  it('goes forward only, and each change has a version and its time', async () => {
    const arn = await fargateTask();
    const pending = apply(arn, { status: 'PENDING' });
    expect(pending).toMatchObject({ lastStatus: 'PENDING', version: 2, connectivity: 'CONNECTED' });
    expect(pending.connectivityAt).toBe(bench.clock.now());
    const running = apply(arn, {
      status: 'RUNNING',
      containers: [{ containerName: 'app', status: 'RUNNING', runtimeId: 'r1', imageDigest: 'sha256:1' }],
    });
    expect(running).toMatchObject({ lastStatus: 'RUNNING', version: 3, startedAt: bench.clock.now() });
    expect(running.containers).toMatchObject([{ lastStatus: 'RUNNING', runtimeId: 'r1', imageDigest: 'sha256:1' }]);
    const late = apply(arn, { status: 'PENDING', containers: [{ containerName: 'app', status: 'PENDING' }] });
    expect(late).toMatchObject({ lastStatus: 'RUNNING', version: 3 });
    expect(late.containers[0]?.lastStatus).toBe('RUNNING');
  });

  it('is not known: nothing happens', () => {
    expect(apply(ARN(`task/default/${'0'.repeat(32)}`), { status: 'RUNNING' })).toBeUndefined();
  });

  it('takes its health from the essential containers that have a health check', async () => {
    const check = { command: ['CMD-SHELL', 'true'] };
    const arn = await fargateTask({
      containerDefinitions: [
        { name: 'a', image: 'i', healthCheck: check },
        { name: 'b', image: 'i', healthCheck: check },
        { name: 'sidecar', image: 'i', essential: false, healthCheck: check },
        { name: 'unchecked', image: 'i' },
      ],
    });
    const health = (containerName: string, healthStatus: 'HEALTHY' | 'UNHEALTHY') =>
      apply(arn, { containers: [{ containerName, healthStatus }] }).healthStatus;
    expect(health('a', 'HEALTHY')).toBe('UNKNOWN');
    expect(health('sidecar', 'UNHEALTHY')).toBe('UNKNOWN');
    expect(health('b', 'HEALTHY')).toBe('HEALTHY');
    expect(health('b', 'UNHEALTHY')).toBe('UNHEALTHY');
  });
});

describe('the end of a task', () => {
  it('an essential container exits: EssentialContainerExited', async () => {
    const arn = await fargateTask();
    apply(arn, { status: 'RUNNING', containers: [{ containerName: 'app', status: 'RUNNING' }] });
    const wanted = apply(arn, { containers: [{ containerName: 'app', status: 'STOPPED', exitCode: 3 }] });
    expect(wanted).toMatchObject({
      lastStatus: 'RUNNING',
      desiredStatus: 'STOPPED',
      stopCode: 'EssentialContainerExited',
      stoppedReason: 'Essential container in task exited',
      stoppingAt: bench.clock.now(),
    });
    expect(bench.store.count(taskCredentials, arn)).toBe(2);
    const stopped = apply(arn, { status: 'STOPPED', executionStoppedAt: bench.clock.now() });
    expect(stopped).toMatchObject({ lastStatus: 'STOPPED', stopCode: 'EssentialContainerExited' });
    expect(stopped.stoppedAt).toBe(bench.clock.now());
    expect(stopped.containers).toMatchObject([{ lastStatus: 'STOPPED', exitCode: 3 }]);
    expect(stopped.attachments).toMatchObject([{ status: 'DELETED' }]);
    expect(bench.store.count(taskCredentials, arn)).toBe(0);
    expect(apply(arn, { status: 'STOPPED', reason: 'again' })).toEqual(stopped);
  });

  it('a container that is not essential exits: the task goes on', async () => {
    const arn = await fargateTask({
      containerDefinitions: [
        { name: 'app', image: 'i' },
        { name: 'init', image: 'i', essential: false },
      ],
    });
    const task = apply(arn, { containers: [{ containerName: 'init', status: 'STOPPED', exitCode: 0 }] });
    expect(task.desiredStatus).toBe('RUNNING');
    expect(task.stopCode).toBeUndefined();
  });

  it('on Fargate the task carries the text of a container that could not start', async () => {
    const arn = await fargateTask();
    const reason = 'CannotPullContainerError: pull image manifest has been retried 1 time(s): not found';
    const task = apply(arn, { containers: [{ containerName: 'app', status: 'STOPPED', reason }] });
    expect(task).toMatchObject({ stopCode: 'TaskFailedToStart', stoppedReason: reason });
    expect(task.containers[0]?.reason).toBe(reason);
  });

  it('on EC2 the text stays with the container', async () => {
    await registerInstance(bench);
    const arn = await bridgeTask();
    const reason = 'CannotPullContainerError: Error response from daemon: pull access denied';
    const task = apply(arn, { status: 'STOPPED', containers: [{ containerName: 'app', status: 'STOPPED', reason }] });
    expect(task).toMatchObject({ stopCode: 'TaskFailedToStart', stoppedReason: 'Task failed to start' });
    expect(task.containers[0]?.reason).toBe(reason);
  });

  it("a resource that fails gives the task's reason", async () => {
    await registerInstance(bench);
    const arn = await bridgeTask();
    const reason = 'Fetching secret data from SSM Parameter Store in eu-west-1: invalid parameters: a';
    const task = apply(arn, {
      status: 'STOPPED',
      reason,
      containers: [{ containerName: 'app', status: 'STOPPED' }],
    });
    expect(task).toMatchObject({ stopCode: 'TaskFailedToStart', stoppedReason: reason, lastStatus: 'STOPPED' });
  });

  it('the user stops it: the first reason stays', async () => {
    const arn = await fargateTask();
    apply(arn, { status: 'RUNNING' });
    const stop = (reason: string) =>
      bench.store.transact((tx) => requestStop(tx, bench.clock.now(), arn, 'UserInitiated', reason));
    expect(stop('enough')).toMatchObject({ desiredStatus: 'STOPPED', stoppedReason: 'enough', lastStatus: 'RUNNING' });
    stop('again');
    const stopped = apply(arn, {
      status: 'STOPPED',
      containers: [{ containerName: 'app', status: 'STOPPED', exitCode: 143 }],
    });
    expect(stopped).toMatchObject({ stopCode: 'UserInitiated', stoppedReason: 'enough' });
  });

  it('gives the instance its resources back', async () => {
    const instance = await registerInstance(bench);
    const before = await bench.call('ecs', 'DescribeContainerInstances', { containerInstances: [instance] });
    const arn = await bridgeTask({
      containerDefinitions: [
        { name: 'app', image: 'i', memory: 128, portMappings: [{ containerPort: 80, hostPort: 8080 }] },
      ],
    });
    apply(arn, { status: 'STOPPED' });
    const after = await bench.call('ecs', 'DescribeContainerInstances', { containerInstances: [instance] });
    expect(after.containerInstances?.[0]?.remainingResources).toEqual(
      before.containerInstances?.[0]?.remainingResources,
    );
  });

  it('is described for an hour, then forgotten', async () => {
    const arn = await fargateTask();
    apply(arn, { status: 'STOPPED' });
    const describe = () => bench.call('ecs', 'DescribeTasks', { tasks: [arn] });
    bench.clock.advance(60 * 60 * 1000);
    expect((await describe()).tasks).toHaveLength(1);
    bench.clock.advance(1);
    expect(await describe()).toEqual({ tasks: [], failures: [{ arn, reason: 'MISSING' }] });
    expect(bench.store.partitions(tasks)).toEqual([]);
  });
});

describe('single reports', () => {
  it('a container by itself', async () => {
    const arn = await fargateTask();
    bench.store.transact((tx) => applyContainerState(tx, 5, arn, { containerName: 'app', status: 'RUNNING' }));
    expect(findTask(bench.store, arn)?.containers[0]?.lastStatus).toBe('RUNNING');
  });

  it('an attachment with its address', async () => {
    const arn = await fargateTask();
    const id = findTask(bench.store, arn)?.attachments[0]?.id ?? '';
    bench.store.transact((tx) =>
      applyAttachmentState(tx, arn, id, 'ATTACHED', [{ name: 'privateIPv4Address', value: '127.0.0.1' }]),
    );
    expect(findTask(bench.store, arn)?.attachments).toEqual([
      {
        id,
        type: 'ElasticNetworkInterface',
        status: 'ATTACHED',
        details: [
          { name: 'subnetId', value: 'subnet-0a1b2c3d' },
          { name: 'privateIPv4Address', value: '127.0.0.1' },
        ],
      },
    ]);
  });
});
