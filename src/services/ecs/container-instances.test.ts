import { beforeEach, describe, expect, it } from 'vitest';
import { TEST_REGION, type TestBench } from '../../gateway/testing.ts';
import { agentActionChecks } from './agent-actions.ts';
import { setAgentConnected, setAgentSwitches } from './agent-switches.ts';
import { findContainerInstance } from './task-lookup.ts';
import { ARN, BRIDGE_DEFINITION, ecsBench, registerInstance } from './testing.ts';

let bench: TestBench;

beforeEach(async () => {
  bench = await ecsBench();
});

const policy = (Action: string, Resource: string, Condition?: object) => ({
  Version: '2012-10-17',
  Statement: [{ Effect: 'Allow', Action, Resource, ...(Condition === undefined ? {} : { Condition }) }],
});
const describeOne = async (arn: string) =>
  (await bench.call('ecs', 'DescribeContainerInstances', { containerInstances: [arn] })).containerInstances?.[0];

describe('RegisterContainerInstance', () => {
  it('echoes every attribute and adds its own', async () => {
    const attributes = [{ name: 'stack', value: 'dev' }, { name: 'com.amazonaws.ecs.capability.ecr-auth' }];
    const { containerInstance } = await bench.call('ecs', 'RegisterContainerInstance', {
      instanceIdentityDocument: JSON.stringify({
        instanceId: 'i-0a',
        instanceType: 't3.large',
        imageId: 'ami-1',
        availabilityZone: 'eu-west-1b',
        architecture: 'arm64',
      }),
      attributes,
      totalResources: [{ name: 'CPU', type: 'INTEGER', integerValue: 2048 }],
      versionInfo: { agentVersion: '1.105.1' },
      tags: [{ key: 'a', value: 'b' }],
    });
    expect(containerInstance?.containerInstanceArn).toMatch(
      /^arn:aws:ecs:eu-west-1:000000000000:container-instance\/default\/[0-9a-f]{32}$/,
    );
    expect(containerInstance).toMatchObject({
      ec2InstanceId: 'i-0a',
      status: 'ACTIVE',
      agentConnected: false,
      version: 1,
      tags: [{ key: 'a', value: 'b' }],
      registeredResources: [{ name: 'CPU', type: 'INTEGER', integerValue: 2048 }],
      remainingResources: [{ name: 'CPU', type: 'INTEGER', integerValue: 2048 }],
    });
    expect(containerInstance?.attributes).toEqual([
      ...attributes,
      { name: 'ecs.availability-zone', value: 'eu-west-1b' },
      { name: 'ecs.instance-type', value: 't3.large' },
      { name: 'ecs.ami-id', value: 'ami-1' },
      { name: 'ecs.cpu-architecture', value: 'arm64' },
    ]);
  });

  it('the same instance keeps its container instance, its own attributes and what its tasks hold', async () => {
    const first = await registerInstance(bench);
    await bench.call('ecs', 'PutAttributes', { attributes: [{ name: 'stack', value: 'dev', targetId: first }] });
    await bench.call('ecs', 'RegisterTaskDefinition', BRIDGE_DEFINITION);
    await bench.call('ecs', 'RunTask', { taskDefinition: 'batch' });
    const second = await registerInstance(bench, { attributes: [{ name: 'new', value: '1' }] });
    expect(second).toBe(first);
    const instance = await describeOne(first);
    expect(instance?.attributes).toEqual(
      expect.arrayContaining([
        { name: 'stack', value: 'dev' },
        { name: 'new', value: '1' },
      ]),
    );
    expect(instance?.remainingResources?.find((one) => one.name === 'CPU')?.integerValue).toBe(2048 - 256);
  });

  it('by its ARN; another instance type is refused in the words that the agent looks for', async () => {
    const arn = await registerInstance(bench);
    const again = (instanceType: string, containerInstanceArn: string) =>
      bench.call('ecs', 'RegisterContainerInstance', {
        containerInstanceArn,
        instanceIdentityDocument: JSON.stringify({ instanceId: 'i-0123456789abcdef0', instanceType }),
      });
    expect((await again('t3.medium', arn)).containerInstance?.containerInstanceArn).toBe(arn);
    expect((await bench.refused(again('t3.large', arn))).message).toBe(
      'Container instance type changes are not supported.',
    );
    expect((await bench.refused(again('t3.medium', ARN(`container-instance/default/${'0'.repeat(32)}`)))).message).toBe(
      'The referenced container instance was not found.',
    );
  });

  it('an external instance is known by its session', async () => {
    const role = bench.roleSession('ECSAnywhereRole', [policy('ecs:RegisterContainerInstance', '*')], {
      sessionName: 'mi-0123456789abcdef0',
    });
    const attributes = [{ name: 'ecs.capability.external' }];
    const { containerInstance } = await bench.call('ecs', 'RegisterContainerInstance', { attributes }, { as: role });
    expect(containerInstance?.ec2InstanceId).toBe('mi-0123456789abcdef0');
    expect((await bench.refused(bench.call('ecs', 'RegisterContainerInstance', { attributes }))).code).toBe(
      'ClientException',
    );
    await bench.call('ecs', 'RegisterTaskDefinition', BRIDGE_DEFINITION);
    const ec2 = bench.call('ecs', 'RunTask', { taskDefinition: 'batch' });
    expect((await bench.refused(ec2)).message).toBe('No Container Instances were found in your cluster.');
    bench.store.transact((tx) => setAgentConnected(tx, containerInstance?.containerInstanceArn ?? '', true));
    const external = await bench.call('ecs', 'RunTask', { taskDefinition: 'batch', launchType: 'EXTERNAL' });
    expect(external.failures).toMatchObject([{ reason: 'RESOURCE:CPU' }]);
  });

  it("an instance's credentials register that instance and no other", async () => {
    const all = bench.roleSession('ecsInstanceRole', [policy('ecs:RegisterContainerInstance', '*')], {
      sessionName: 'i-0aa',
    });
    const as = { ...all, origin: { role: 'container-instance' as const } };
    const register = (instanceId: string) =>
      bench.call(
        'ecs',
        'RegisterContainerInstance',
        { instanceIdentityDocument: JSON.stringify({ instanceId }) },
        { as },
      );
    expect((await register('i-0aa')).containerInstance?.ec2InstanceId).toBe('i-0aa');
    expect((await bench.refused(register('i-0bb'))).code).toBe('ClientException');
  });

  it('is authorized on the cluster; without a cluster it says what the agent waits for', async () => {
    const nobody = bench.roleSession('ecsInstanceRole', []);
    const refused = await bench.refused(bench.call('ecs', 'RegisterContainerInstance', {}, { as: nobody }));
    expect(refused.message).toContain(`ecs:RegisterContainerInstance on resource: ${ARN('cluster/default')}`);
    const missing = await bench.refused(bench.call('ecs', 'RegisterContainerInstance', { cluster: 'nope' }));
    expect(missing).toMatchObject({ code: 'ClusterNotFoundException', message: 'Cluster not found.' });
  });
});

describe('the switches of an agent', () => {
  it('are read from its attributes, and can be said otherwise', async () => {
    const arn = await registerInstance(bench, {
      switches: { logsWithExecutionRole: false, taskIamRoleNetworkHost: false, awsvpcBlockImds: true },
    });
    expect(findContainerInstance(bench.store, arn)?.switches).toEqual({
      logsWithExecutionRole: false,
      pullsWithExecutionRole: true,
      awsvpcBlockImds: true,
      taskIamRole: true,
      taskIamRoleNetworkHost: false,
    });
    bench.store.transact((tx) => setAgentSwitches(tx, arn, { pullsWithExecutionRole: false }));
    expect(findContainerInstance(bench.store, arn)?.switches.pullsWithExecutionRole).toBe(false);
  });
});

describe('ecs:Poll', () => {
  it('is checked on the container instance with its cluster', async () => {
    const instance = await registerInstance(bench);
    const poll = (condition: object) =>
      bench.gateway.authorizeAction(
        { service: 'ecs', operation: 'Poll', checks: agentActionChecks('Poll', instance) },
        { as: bench.roleSession('ecsInstanceRole', [policy('ecs:Poll', instance, condition)]), stage: 'instance' },
      );
    await poll({ ArnEquals: { 'ecs:cluster': ARN('cluster/default') } });
    expect((await bench.refused(poll({ ArnEquals: { 'ecs:cluster': ARN('cluster/other') } }))).code).toBe(
      'AccessDeniedException',
    );
    expect(bench.trail().at(-1)).toMatchObject({ operation: 'Poll', outcome: 'denied', stage: 'instance' });
  });
});

describe('container instances', () => {
  it('are listed by status and by expression', async () => {
    const small = await registerInstance(bench, { instanceId: 'i-0a', instanceType: 't3.small' });
    const large = await registerInstance(bench, { instanceId: 'i-0b', instanceType: 'm5.large', connected: false });
    const list = async (input: object) =>
      (await bench.call('ecs', 'ListContainerInstances', input)).containerInstanceArns?.toSorted();
    expect(await list({})).toEqual([small, large].toSorted());
    expect(await list({ filter: 'attribute:ecs.instance-type == m5.large' })).toEqual([large]);
    expect(await list({ filter: 'agentConnected == true' })).toEqual([small]);
    expect((await bench.refused(list({ filter: 'size > 3' }))).message).toContain("Invalid expression 'size > 3'");
    const drained = await bench.call('ecs', 'UpdateContainerInstancesState', {
      containerInstances: [small, ARN(`container-instance/default/${'0'.repeat(32)}`)],
      status: 'DRAINING',
    });
    expect(drained.containerInstances).toMatchObject([{ containerInstanceArn: small, status: 'DRAINING' }]);
    expect(drained.failures).toMatchObject([{ reason: 'MISSING' }]);
    expect(await list({ status: 'DRAINING' })).toEqual([small]);
  });

  it('draining ones take no tasks from RunTask', async () => {
    const instance = await registerInstance(bench);
    await bench.call('ecs', 'UpdateContainerInstancesState', { containerInstances: [instance], status: 'DRAINING' });
    await bench.call('ecs', 'RegisterTaskDefinition', BRIDGE_DEFINITION);
    expect(await bench.refused(bench.call('ecs', 'RunTask', { taskDefinition: 'batch' }))).toMatchObject({
      code: 'InvalidParameterException',
      message: 'No Container Instances were found in your cluster.',
    });
    expect(
      (
        await bench.refused(
          bench.call('ecs', 'UpdateContainerInstancesState', { containerInstances: [instance], status: 'REGISTERING' }),
        )
      ).code,
    ).toBe('InvalidParameterException');
  });

  it('with tasks are deregistered by force only, which ends the tasks', async () => {
    const instance = await registerInstance(bench);
    await bench.call('ecs', 'RegisterTaskDefinition', BRIDGE_DEFINITION);
    const { tasks } = await bench.call('ecs', 'RunTask', { taskDefinition: 'batch' });
    const deregister = (force: boolean) =>
      bench.call('ecs', 'DeregisterContainerInstance', { containerInstance: instance, force });
    expect((await bench.refused(deregister(false))).message).toBe('Found running tasks on the instance.');
    bench.store.transact((tx) => setAgentConnected(tx, instance, false));
    const { containerInstance } = await deregister(true);
    expect(containerInstance).toMatchObject({ status: 'INACTIVE', agentConnected: false });
    const described = await bench.call('ecs', 'DescribeTasks', { tasks: [tasks?.[0]?.taskArn ?? ''] });
    expect(described.tasks).toMatchObject([
      { lastStatus: 'STOPPED', stoppedReason: 'Container instance deregistration forced by user' },
    ]);
    expect((await bench.refused(deregister(true))).message).toBe('The referenced container instance was not found.');
    expect((await bench.call('ecs', 'ListContainerInstances', {})).containerInstanceArns).toEqual([]);
    expect((await describeOne(instance))?.status).toBe('INACTIVE');
    bench.clock.advance(2 * 60 * 60 * 1000);
    expect(await registerInstance(bench)).not.toBe(instance);
    expect(await describeOne(instance)).toBeUndefined();
  });

  it('have no newer agent', async () => {
    const instance = await registerInstance(bench);
    const update = bench.call('ecs', 'UpdateContainerAgent', { containerInstance: instance });
    expect((await bench.refused(update)).code).toBe('NoUpdateAvailableException');
  });

  it('health and tags are answered where asked for', async () => {
    const instance = await registerInstance(bench);
    const { containerInstances } = await bench.call('ecs', 'DescribeContainerInstances', {
      containerInstances: [instance],
      include: ['TAGS', 'CONTAINER_INSTANCE_HEALTH'],
    });
    expect(containerInstances).toMatchObject([{ tags: [], healthStatus: { overallStatus: 'INSUFFICIENT_DATA' } }]);
  });

  it('DiscoverPollEndpoint answers this server', async () => {
    expect(await bench.call('ecs', 'DiscoverPollEndpoint', {})).toEqual({
      endpoint: 'http://127.0.0.1:4566/',
      telemetryEndpoint: 'http://127.0.0.1:4566/',
      serviceConnectEndpoint: 'http://127.0.0.1:4566/',
    });
  });
});

describe('attributes', () => {
  it('are put, listed and deleted', async () => {
    const instance = await registerInstance(bench);
    const put = await bench.call('ecs', 'PutAttributes', {
      attributes: [
        { name: 'stack', value: 'dev', targetType: 'container-instance', targetId: instance },
        { name: 'ssd', targetId: instance.split('/').at(-1) },
      ],
    });
    expect(put.attributes).toEqual([
      { name: 'stack', value: 'dev', targetType: 'container-instance', targetId: instance },
      { name: 'ssd', targetType: 'container-instance', targetId: instance },
    ]);
    await bench.call('ecs', 'PutAttributes', { attributes: [{ name: 'stack', value: 'prod', targetId: instance }] });
    const list = async (input: object) =>
      (await bench.call('ecs', 'ListAttributes', { targetType: 'container-instance', ...input })).attributes;
    expect(await list({ attributeName: 'stack' })).toEqual([
      { name: 'stack', value: 'prod', targetType: 'container-instance', targetId: instance },
    ]);
    expect(await list({ attributeName: 'stack', attributeValue: 'dev' })).toEqual([]);
    expect(await list({ attributeName: 'ecs.availability-zone' })).toMatchObject([{ value: `${TEST_REGION}a` }]);
    await bench.call('ecs', 'DeleteAttributes', {
      attributes: [{ name: 'stack', value: 'other', targetId: instance }],
    });
    expect(await list({ attributeName: 'stack' })).toHaveLength(1);
    await bench.call('ecs', 'DeleteAttributes', { attributes: [{ name: 'stack', targetId: instance }] });
    expect(await list({ attributeName: 'stack' })).toEqual([]);
  });

  it('need a target that is there, and the right to it', async () => {
    const gone = ARN(`container-instance/default/${'0'.repeat(32)}`);
    const missing = bench.call('ecs', 'PutAttributes', { attributes: [{ name: 'a', targetId: gone }] });
    expect((await bench.refused(missing)).code).toBe('TargetNotFoundException');
    const nobody = bench.roleSession('nobody', []);
    const refused = await bench.refused(
      bench.call('ecs', 'PutAttributes', { attributes: [{ name: 'a', targetId: gone }] }, { as: nobody }),
    );
    expect(refused.message).toContain(`ecs:PutAttributes on resource: ${gone}`);
    expect((await bench.refused(bench.call('ecs', 'PutAttributes', { attributes: [] }))).code).toBe(
      'InvalidParameterException',
    );
  });
});
