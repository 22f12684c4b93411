import { beforeEach, describe, expect, it } from 'vitest';
import type { TestBench } from '../../gateway/testing.ts';
import { ARN, BRIDGE_DEFINITION, ecsBench, FARGATE_DEFINITION, NETWORK, ROLE } from './testing.ts';

let bench: TestBench;

beforeEach(async () => {
  bench = await ecsBench();
});

const allow = (action: string | string[], resource = '*', condition?: object) => ({
  Version: '2012-10-17',
  Statement: [{ Effect: 'Allow', Action: action, Resource: resource, ...(condition ? { Condition: condition } : {}) }],
});

describe('RegisterTaskDefinition', () => {
  it('answers the task definition as ECS keeps it', async () => {
    const { taskDefinition } = await bench.call('ecs', 'RegisterTaskDefinition', {
      ...FARGATE_DEFINITION,
      requiresCompatibilities: ['FARGATE'],
      cpu: '.25 vCPU',
      memory: '0.5 GB',
      containerDefinitions: [
        {
          name: 'app',
          image: 'app:1',
          portMappings: [{ containerPort: 80 }],
          healthCheck: { command: ['CMD', 'true'] },
        },
      ],
      volumes: [{ name: 'scratch' }],
    });
    expect(taskDefinition).toEqual({
      taskDefinitionArn: ARN('task-definition/web:1'),
      family: 'web',
      revision: 1,
      status: 'ACTIVE',
      networkMode: 'awsvpc',
      requiresCompatibilities: ['FARGATE'],
      compatibilities: ['EC2', 'FARGATE', 'MANAGED_INSTANCES'],
      cpu: '256',
      memory: '512',
      taskRoleArn: ROLE('task-role'),
      executionRoleArn: ROLE('execution-role'),
      containerDefinitions: [
        {
          name: 'app',
          image: 'app:1',
          cpu: 0,
          essential: true,
          portMappings: [{ containerPort: 80, hostPort: 80, protocol: 'tcp' }],
          environment: [],
          mountPoints: [],
          volumesFrom: [],
          systemControls: [],
          healthCheck: { command: ['CMD', 'true'], interval: 30, timeout: 5, retries: 3 },
        },
      ],
      volumes: [{ name: 'scratch', host: {} }],
      placementConstraints: [],
      requiresAttributes: expect.arrayContaining([{ name: 'ecs.capability.task-eni' }]),
      registeredAt: bench.clock.now(),
      registeredBy: 'arn:aws:iam::000000000000:root',
    });
  });

  it('counts revisions on, whatever became of the ones before', async () => {
    await bench.call('ecs', 'RegisterTaskDefinition', BRIDGE_DEFINITION);
    await bench.call('ecs', 'DeregisterTaskDefinition', { taskDefinition: 'batch:1' });
    await bench.call('ecs', 'DeleteTaskDefinitions', { taskDefinitions: ['batch:1'] });
    bench.clock.advance(2 * 60 * 60 * 1000);
    const { taskDefinition } = await bench.call('ecs', 'RegisterTaskDefinition', BRIDGE_DEFINITION);
    expect(taskDefinition?.revision).toBe(2);
    const gone = await bench.refused(bench.call('ecs', 'DescribeTaskDefinition', { taskDefinition: 'batch:1' }));
    expect(gone).toMatchObject({ code: 'ClientException', message: 'Unable to describe task definition.' });
  });

  it('answers the first violation and registers nothing', async () => {
    const error = await bench.refused(
      bench.call('ecs', 'RegisterTaskDefinition', {
        ...FARGATE_DEFINITION,
        requiresCompatibilities: ['FARGATE'],
        networkMode: 'bridge',
      }),
    );
    expect(error).toMatchObject({
      code: 'ClientException',
      message: 'Fargate only supports network mode ‘awsvpc’.',
    });
    expect((await bench.call('ecs', 'ListTaskDefinitions', {})).taskDefinitionArns).toEqual([]);
  });

  it('needs PassRole for both roles, not that they exist', async () => {
    await bench.call('ecs', 'RegisterTaskDefinition', { ...FARGATE_DEFINITION, taskRoleArn: 'not-there' });
    const register = (...policies: object[]) =>
      bench.call('ecs', 'RegisterTaskDefinition', FARGATE_DEFINITION, { as: bench.roleSession('ci', policies) });
    const register1 = allow('ecs:RegisterTaskDefinition', ARN('task-definition/web:*'));
    const none = await bench.refused(register(register1));
    expect(none.message).toContain(`iam:PassRole on resource: ${ROLE('task-role')}`);
    const one = await bench.refused(register(register1, allow('iam:PassRole', ROLE('task-role'))));
    expect(one.message).toContain(`iam:PassRole on resource: ${ROLE('execution-role')}`);
    const toEcs = (service: string) => allow('iam:PassRole', '*', { StringEquals: { 'iam:PassedToService': service } });
    expect((await bench.refused(register(register1, toEcs('ec2.amazonaws.com')))).code).toBe('AccessDeniedException');
    await register(register1, toEcs('ecs-tasks.amazonaws.com'));
    const trail = bench.trail().at(-1);
    expect(trail?.checks.map((check) => check.action)).toEqual([
      'ecs:RegisterTaskDefinition',
      'iam:PassRole',
      'iam:PassRole',
    ]);
  });

  it('says "Role is not valid" before it asks who may', async () => {
    const nobody = bench.roleSession('nobody', []);
    const error = await bench.refused(
      bench.call('ecs', 'RegisterTaskDefinition', { ...BRIDGE_DEFINITION, taskRoleArn: '' }, { as: nobody }),
    );
    expect(error).toMatchObject({ code: 'ClientException', message: 'Role is not valid' });
  });

  it('answers its condition keys', async () => {
    const register = (condition: object, privileged = false) =>
      bench.call(
        'ecs',
        'RegisterTaskDefinition',
        {
          ...BRIDGE_DEFINITION,
          cpu: '1 vCPU',
          requiresCompatibilities: ['EC2'],
          containerDefinitions: [{ name: 'app', image: 'i', memory: 8, privileged }],
        },
        { as: bench.roleSession('ci', [allow('ecs:RegisterTaskDefinition', '*', condition)]) },
      );
    await register({ Bool: { 'ecs:privileged': 'false' } });
    expect((await bench.refused(register({ Bool: { 'ecs:privileged': 'false' } }, true))).code).toBe(
      'AccessDeniedException',
    );
    await register({ NumericEquals: { 'ecs:task-cpu': '1024' } });
    await register({ 'ForAllValues:StringEquals': { 'ecs:compute-compatibility': ['EC2'] } });
    const fargate = { 'ForAnyValue:StringEquals': { 'ecs:compute-compatibility': ['FARGATE'] } };
    expect((await bench.refused(register(fargate))).code).toBe('AccessDeniedException');
  });
});

describe('the life of a task definition', () => {
  beforeEach(async () => {
    await bench.call('ecs', 'RegisterTaskDefinition', { ...BRIDGE_DEFINITION, tags: [{ key: 'a', value: '1' }] });
    await bench.call('ecs', 'RegisterTaskDefinition', BRIDGE_DEFINITION);
  });

  it('a family means its latest active revision', async () => {
    const describe = async (text: string) =>
      (await bench.call('ecs', 'DescribeTaskDefinition', { taskDefinition: text })).taskDefinition?.revision;
    expect(await describe('batch')).toBe(2);
    expect(await describe('batch:1')).toBe(1);
    expect(await describe(ARN('task-definition/batch:1'))).toBe(1);
    expect(await describe(ARN('task-definition/batch'))).toBe(2);
    await bench.call('ecs', 'DeregisterTaskDefinition', { taskDefinition: 'batch:2' });
    expect(await describe('batch')).toBe(1);
    expect(await describe('batch:2')).toBe(2);
  });

  it('answers tags where they are asked for', async () => {
    const plain = await bench.call('ecs', 'DescribeTaskDefinition', { taskDefinition: 'batch:1' });
    expect(plain.tags).toEqual([]);
    const tagged = await bench.call('ecs', 'DescribeTaskDefinition', { taskDefinition: 'batch:1', include: ['TAGS'] });
    expect(tagged.tags).toEqual([{ key: 'a', value: '1' }]);
  });

  it('is deregistered once, then deleted', async () => {
    const active = await bench.call('ecs', 'DeleteTaskDefinitions', { taskDefinitions: ['batch:1'] });
    expect(active.taskDefinitions).toEqual([]);
    expect(active.failures).toHaveLength(1);
    const { taskDefinition } = await bench.call('ecs', 'DeregisterTaskDefinition', { taskDefinition: 'batch:1' });
    expect(taskDefinition).toMatchObject({ status: 'INACTIVE', deregisteredAt: bench.clock.now() });
    await bench.refused(bench.call('ecs', 'DeregisterTaskDefinition', { taskDefinition: 'batch:1' }));
    await bench.refused(bench.call('ecs', 'DeregisterTaskDefinition', { taskDefinition: 'batch' }));
    const deleted = await bench.call('ecs', 'DeleteTaskDefinitions', { taskDefinitions: ['batch:1', 'batch:9'] });
    expect(deleted.taskDefinitions).toMatchObject([{ status: 'DELETE_IN_PROGRESS' }]);
    expect(deleted.failures).toMatchObject([{ arn: ARN('task-definition/batch:9') }]);
  });

  it('lists by status, family, order and page', async () => {
    await bench.call('ecs', 'RegisterTaskDefinition', { ...BRIDGE_DEFINITION, family: 'batch-two' });
    const list = async (input: object) => (await bench.call('ecs', 'ListTaskDefinitions', input)).taskDefinitionArns;
    expect(await list({})).toEqual(['batch:1', 'batch:2', 'batch-two:1'].map((name) => ARN(`task-definition/${name}`)));
    expect(await list({ familyPrefix: 'batch', sort: 'DESC' })).toEqual(
      ['batch:2', 'batch:1'].map((name) => ARN(`task-definition/${name}`)),
    );
    await bench.call('ecs', 'DeregisterTaskDefinition', { taskDefinition: 'batch-two:1' });
    expect(await list({ status: 'INACTIVE' })).toEqual([ARN('task-definition/batch-two:1')]);
    const first = await bench.call('ecs', 'ListTaskDefinitions', { maxResults: 1 });
    expect(first.nextToken).toBeDefined();
    expect(await list({ maxResults: 1, nextToken: first.nextToken })).toEqual([ARN('task-definition/batch:2')]);
    expect((await bench.refused(bench.call('ecs', 'ListTaskDefinitions', { nextToken: '!' }))).code).toBe(
      'InvalidParameterException',
    );
    const families = async (input: object) => (await bench.call('ecs', 'ListTaskDefinitionFamilies', input)).families;
    expect(await families({})).toEqual(['batch', 'batch-two']);
    expect(await families({ status: 'ACTIVE' })).toEqual(['batch']);
    expect(await families({ status: 'INACTIVE' })).toEqual(['batch-two']);
    expect(await families({ familyPrefix: 'batch-' })).toEqual(['batch-two']);
  });

  it('stays while a task refers to it', async () => {
    await bench.call('ecs', 'RegisterTaskDefinition', FARGATE_DEFINITION);
    const { tasks } = await bench.call('ecs', 'RunTask', {
      taskDefinition: 'web',
      launchType: 'FARGATE',
      networkConfiguration: NETWORK,
    });
    expect(tasks).toHaveLength(1);
    await bench.call('ecs', 'DeregisterTaskDefinition', { taskDefinition: 'web:1' });
    await bench.call('ecs', 'DeleteTaskDefinitions', { taskDefinitions: ['web:1'] });
    bench.clock.advance(48 * 60 * 60 * 1000);
    await bench.call('ecs', 'RegisterTaskDefinition', BRIDGE_DEFINITION);
    const { taskDefinition } = await bench.call('ecs', 'DescribeTaskDefinition', { taskDefinition: 'web:1' });
    expect(taskDefinition?.status).toBe('DELETE_IN_PROGRESS');
  });

  it.each(['batch:0', 'batch:x', 'a:1:2', ':1', 'arn:aws:ecs:eu-west-1:000000000000:cluster/c'])(
    'refuses the name %s',
    async (text) => {
      const error = await bench.refused(bench.call('ecs', 'DescribeTaskDefinition', { taskDefinition: text }));
      expect(error.code).toBe('InvalidParameterException');
    },
  );
});
