import { beforeEach, describe, expect, it } from 'vitest';
import type { TestBench } from '../../gateway/testing.ts';
import { ARN, BRIDGE_DEFINITION, ecsBench, FARGATE_DEFINITION, NETWORK, registerInstance } from './testing.ts';

let bench: TestBench;
let task: string;

beforeEach(async () => {
  bench = await ecsBench();
  await bench.call('ecs', 'RegisterTaskDefinition', FARGATE_DEFINITION);
  task = await run();
});

const run = async (more: object = {}) => {
  const { tasks } = await bench.call('ecs', 'RunTask', {
    taskDefinition: 'web',
    launchType: 'FARGATE',
    networkConfiguration: NETWORK,
    ...more,
  });
  return tasks?.[0]?.taskArn ?? '';
};
const policy = (Action: string, Resource: string, Condition?: object) => ({
  Version: '2012-10-17',
  Statement: [{ Effect: 'Allow', Action, Resource, ...(Condition === undefined ? {} : { Condition }) }],
});

describe('StopTask', () => {
  it('asks for the end, with the reason given or ECS’s own', async () => {
    const stopped = await bench.call('ecs', 'StopTask', { task });
    expect(stopped.task).toMatchObject({
      desiredStatus: 'STOPPED',
      lastStatus: 'PROVISIONING',
      stopCode: 'UserInitiated',
      stoppedReason: 'Task stopped by user',
    });
    const other = await run();
    const id = other.split('/').at(-1) ?? '';
    expect((await bench.call('ecs', 'StopTask', { task: id, reason: 'enough' })).task?.stoppedReason).toBe('enough');
    expect((await bench.call('ecs', 'StopTask', { task: id, reason: 'more' })).task?.stoppedReason).toBe('enough');
  });

  it.each([
    ['another id', '0'.repeat(32), 'The referenced task was not found.'],
    ['a short id', 'abc', 'taskId length should be one of [32,36]'],
    ['another kind', ARN('cluster/default'), 'Task Identifier is invalid'],
    [
      'another cluster',
      ARN(`task/other/${'0'.repeat(32)}`),
      'Invalid identifier: Identifier is for cluster other. Your cluster is default',
    ],
    ['another Region', `arn:aws:ecs:us-east-1:000000000000:task/default/${'0'.repeat(32)}`, 'Invalid Region in ARN'],
  ])('refuses %s', async (_what, text, message) => {
    expect(await bench.refused(bench.call('ecs', 'StopTask', { task: text }))).toMatchObject({
      code: 'InvalidParameterException',
      message,
    });
  });

  it('is authorized on the task, with its cluster and tags', async () => {
    await bench.call('ecs', 'TagResource', { resourceArn: task, tags: [{ key: 'team', value: 'blue' }] });
    const stop = (condition: object) =>
      bench.call(
        'ecs',
        'StopTask',
        { task },
        { as: bench.roleSession('ops', [policy('ecs:StopTask', task, condition)]) },
      );
    expect((await bench.refused(stop({ ArnEquals: { 'ecs:cluster': ARN('cluster/other') } }))).message).toContain(
      `ecs:StopTask on resource: ${task}`,
    );
    await stop({
      ArnEquals: { 'ecs:cluster': ARN('cluster/default') },
      StringEquals: { 'ecs:ResourceTag/team': 'blue', 'aws:ResourceTag/team': 'blue' },
    });
  });
});

describe('DescribeTasks', () => {
  it('answers tasks and what is missing; tags where asked for', async () => {
    await bench.call('ecs', 'TagResource', { resourceArn: task, tags: [{ key: 'a', value: 'b' }] });
    const missing = ARN(`task/default/${'0'.repeat(32)}`);
    const plain = await bench.call('ecs', 'DescribeTasks', { tasks: [task, missing] });
    expect(plain.tasks).toMatchObject([{ taskArn: task, tags: [] }]);
    expect(plain.failures).toEqual([{ arn: missing, reason: 'MISSING' }]);
    const tagged = await bench.call('ecs', 'DescribeTasks', { tasks: [task], include: ['TAGS'] });
    expect(tagged.tasks?.[0]?.tags).toEqual([{ key: 'a', value: 'b' }]);
  });

  it('needs tasks', async () => {
    expect((await bench.refused(bench.call('ecs', 'DescribeTasks', { tasks: [] }))).message).toBe(
      'Tasks cannot be empty.',
    );
  });

  it('is authorized on each task', async () => {
    const other = await run();
    const viewer = bench.roleSession('viewer', [policy('ecs:DescribeTasks', task)]);
    await bench.call('ecs', 'DescribeTasks', { tasks: [task] }, { as: viewer });
    const refused = await bench.refused(bench.call('ecs', 'DescribeTasks', { tasks: [task, other] }, { as: viewer }));
    expect(refused.message).toContain(`ecs:DescribeTasks on resource: ${other}`);
  });

  it('never shows credentials', async () => {
    const text = JSON.stringify(await bench.call('ecs', 'DescribeTasks', { tasks: [task] }));
    expect(text).not.toMatch(/ASIA|secretAccessKey|sessionToken|CredentialsId/);
  });
});

describe('ListTasks', () => {
  it('filters', async () => {
    await bench.call('ecs', 'RegisterTaskDefinition', BRIDGE_DEFINITION);
    const instance = await registerInstance(bench);
    const { tasks } = await bench.call('ecs', 'RunTask', { taskDefinition: 'batch', startedBy: 'cron' });
    const onInstance = tasks?.[0]?.taskArn;
    const list = async (input: object) => (await bench.call('ecs', 'ListTasks', input)).taskArns;
    expect((await list({}))?.toSorted()).toEqual([task, onInstance].toSorted());
    expect(await list({ launchType: 'FARGATE' })).toEqual([task]);
    expect(await list({ family: 'batch' })).toEqual([onInstance]);
    expect(await list({ startedBy: 'cron' })).toEqual([onInstance]);
    expect(await list({ containerInstance: instance })).toEqual([onInstance]);
    expect(await list({ desiredStatus: 'PENDING' })).toEqual([]);
    expect(await list({ desiredStatus: 'STOPPED' })).toEqual([]);
    await bench.call('ecs', 'StopTask', { task });
    expect(await list({ desiredStatus: 'STOPPED' })).toEqual([task]);
    expect(await list({})).toEqual([onInstance]);
    expect((await bench.refused(bench.call('ecs', 'ListTasks', { serviceName: 'web' }))).code).toBe(
      'ServiceNotFoundException',
    );
  });

  it('is authorized on * without an instance, on the instance with one; ecs:cluster narrows both', async () => {
    const instance = await registerInstance(bench);
    const cluster = { ArnEquals: { 'ecs:cluster': ARN('cluster/default') } };
    const all = bench.roleSession('all', [policy('ecs:ListTasks', '*', cluster)]);
    await bench.call('ecs', 'ListTasks', {}, { as: all });
    const one = bench.roleSession('one', [policy('ecs:ListTasks', instance, cluster)]);
    await bench.call('ecs', 'ListTasks', { containerInstance: instance }, { as: one });
    expect((await bench.refused(bench.call('ecs', 'ListTasks', {}, { as: one }))).message).toContain(
      'ecs:ListTasks on resource: *',
    );
  });

  it('pages on when the last task of a page has gone', async () => {
    for (let index = 0; index < 4; index += 1) await run();
    const first = await bench.call('ecs', 'ListTasks', { maxResults: 2 });
    await bench.call('ecs', 'StopTask', { task: first.taskArns?.[1] ?? '' });
    const second = await bench.call('ecs', 'ListTasks', { maxResults: 100, nextToken: first.nextToken });
    expect(second.nextToken).toBeUndefined();
    expect(second.taskArns).toHaveLength(3);
    expect(new Set([...(first.taskArns ?? []), ...(second.taskArns ?? [])]).size).toBe(5);
  });
});
