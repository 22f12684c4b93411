import { beforeEach, describe, expect, it } from 'vitest';
import { createTestBench, TEST_ACCOUNT, type TestBench } from '../../gateway/testing.ts';
import { createIdentities } from '../iam/identities.ts';
import { iamService } from '../iam/index.ts';
import { stsService } from '../sts/index.ts';
import { ecsService } from './index.ts';
import { ARN, BRIDGE_DEFINITION, ecsBench, FARGATE_DEFINITION, NETWORK, registerInstance } from './testing.ts';

let bench: TestBench;

beforeEach(async () => {
  bench = await ecsBench();
});

const policy = (...statements: object[]) => ({ Version: '2012-10-17', Statement: statements });
const allow = (Action: string | string[], Resource: string | string[] = '*', Condition?: object) => ({
  Effect: 'Allow',
  Action,
  Resource,
  ...(Condition === undefined ? {} : { Condition }),
});

describe('CreateCluster', () => {
  it('answers the cluster', async () => {
    const { cluster } = await bench.call('ecs', 'CreateCluster', {
      clusterName: 'shop',
      tags: [{ key: 'team', value: 'blue' }],
      settings: [{ name: 'containerInsights', value: 'enabled' }],
    });
    expect(cluster).toEqual({
      clusterArn: ARN('cluster/shop'),
      clusterName: 'shop',
      status: 'ACTIVE',
      registeredContainerInstancesCount: 0,
      runningTasksCount: 0,
      pendingTasksCount: 0,
      activeServicesCount: 0,
      statistics: [],
      tags: [{ key: 'team', value: 'blue' }],
      settings: [{ name: 'containerInsights', value: 'enabled' }],
      capacityProviders: [],
      defaultCapacityProviderStrategy: [],
    });
  });

  it('is idempotent, but not for another request', async () => {
    const again = await bench.call('ecs', 'CreateCluster', { clusterName: 'default' });
    expect(again.cluster?.clusterArn).toBe(ARN('cluster/default'));
    const error = await bench.refused(
      bench.call('ecs', 'CreateCluster', { settings: [{ name: 'containerInsights', value: 'enabled' }] }),
    );
    expect(error).toMatchObject({
      code: 'InvalidParameterException',
      message: 'Arguments on this idempotent request are inconsistent with arguments used in previous request(s).',
    });
  });

  it('makes the service-linked role as the caller', async () => {
    const { Role: role } = await bench.call('iam', 'GetRole', { RoleName: 'AWSServiceRoleForECS' });
    expect(role?.Path).toBe('/aws-service-role/ecs.amazonaws.com/');
    const made = bench.trail().filter((entry) => entry.operation === 'CreateServiceLinkedRole');
    expect(made).toHaveLength(1);
    expect(made[0]?.checks[0]?.action).toBe('iam:CreateServiceLinkedRole');
  });

  it('without iam:CreateServiceLinkedRole makes the cluster all the same, as the agent does; what needs the role fails', async () => {
    const fresh = createTestBench([ecsService, iamService, stsService], { identities: createIdentities() });
    const agent = fresh.roleSession('ecsInstanceRole', [policy(allow('ecs:CreateCluster'))]);
    const { cluster } = await fresh.call('ecs', 'CreateCluster', {}, { as: agent });
    expect(cluster?.status).toBe('ACTIVE');
    expect(fresh.trail().find((entry) => entry.operation === 'CreateServiceLinkedRole')).toMatchObject({
      outcome: 'denied',
    });
    const text = 'Unable to assume the service linked role. Please verify that the ECS service linked role exists.';
    const withProviders = fresh.call(
      'ecs',
      'CreateCluster',
      { clusterName: 'two', capacityProviders: ['FARGATE'] },
      { as: agent },
    );
    expect(await fresh.refused(withProviders)).toMatchObject({ code: 'InvalidParameterException', message: text });
    const { taskRoleArn: _, executionRoleArn: __, ...definition } = FARGATE_DEFINITION;
    await fresh.call('ecs', 'RegisterTaskDefinition', definition);
    const run = fresh.call('ecs', 'RunTask', {
      taskDefinition: 'web',
      launchType: 'FARGATE',
      networkConfiguration: NETWORK,
    });
    expect((await fresh.refused(run)).message).toBe(text);
  });

  it('checks tags at creation', async () => {
    const create = (...statements: object[]) =>
      bench.call(
        'ecs',
        'CreateCluster',
        { clusterName: 'shop', tags: [{ key: 'team', value: 'blue' }] },
        { as: bench.roleSession('ops', [policy(...statements)]) },
      );
    const refused = await bench.refused(create(allow('ecs:CreateCluster')));
    expect(refused.message).toContain(`ecs:TagResource on resource: ${ARN('cluster/shop')}`);
    const wrong = { StringEquals: { 'aws:RequestTag/team': 'red' } };
    expect((await bench.refused(create(allow('ecs:CreateCluster', '*', wrong)))).code).toBe('AccessDeniedException');
    await create(
      allow('ecs:CreateCluster', ARN('cluster/shop')),
      allow('ecs:TagResource', '*', { StringEquals: { 'ecs:CreateAction': 'CreateCluster' } }),
    );
  });

  it.each<[string, object, string]>([
    ['a name', { clusterName: 'a b' }, 'Cluster must match ^[a-zA-Z0-9\\-_]{1,255}$, but was a b'],
    ['a setting', { settings: [{ name: 'containerInsights', value: 'x' }] }, 'Invalid cluster setting value: x'],
    [
      'service connect',
      { serviceConnectDefaults: { namespace: 'n' } },
      'Rolecall does not support serviceConnectDefaults (AWS Cloud Map is not served).',
    ],
    [
      'another capacity provider',
      { capacityProviders: ['mine'] },
      'Rolecall does not support the capacity provider mine: only FARGATE and FARGATE_SPOT.',
    ],
    [
      'a log configuration that is missing',
      { configuration: { executeCommandConfiguration: { logging: 'OVERRIDE' } } },
      'A CloudWatch log group name or S3 bucket name must be specified when overriding the default log configuration',
    ],
    ['reserved tags', { tags: [{ key: 'aws:x', value: '' }] }, 'Tag keys cannot start with the reserved prefix aws:.'],
  ])('refuses %s', async (_what, input, message) => {
    const error = await bench.refused(bench.call('ecs', 'CreateCluster', { clusterName: 'shop', ...input }));
    expect(error).toMatchObject({ code: 'InvalidParameterException', message });
  });
});

describe('DescribeClusters', () => {
  it('answers default when none is named, and what is missing', async () => {
    expect((await bench.call('ecs', 'DescribeClusters', {})).clusters).toMatchObject([{ clusterName: 'default' }]);
    const result = await bench.call('ecs', 'DescribeClusters', { clusters: ['default', 'nope'] });
    expect(result.clusters).toHaveLength(1);
    expect(result.failures).toEqual([{ arn: ARN('cluster/nope'), reason: 'MISSING' }]);
  });

  it('answers settings, tags and statistics where they are asked for', async () => {
    await bench.call('ecs', 'CreateCluster', { clusterName: 'shop', tags: [{ key: 'a', value: 'b' }] });
    await bench.call('ecs', 'RegisterTaskDefinition', BRIDGE_DEFINITION);
    await registerInstance(bench, { cluster: 'shop' });
    await bench.call('ecs', 'RunTask', { cluster: 'shop', taskDefinition: 'batch' });
    const plain = await bench.call('ecs', 'DescribeClusters', { clusters: ['shop'] });
    expect(plain.clusters).toMatchObject([
      { settings: [], tags: [], statistics: [], pendingTasksCount: 1, registeredContainerInstancesCount: 1 },
    ]);
    const all = await bench.call('ecs', 'DescribeClusters', {
      clusters: [ARN('cluster/shop')],
      include: ['SETTINGS', 'TAGS', 'STATISTICS'],
    });
    expect(all.clusters).toMatchObject([
      { settings: [{ name: 'containerInsights', value: 'disabled' }], tags: [{ key: 'a', value: 'b' }] },
    ]);
    expect(all.clusters?.[0]?.statistics).toContainEqual({ name: 'pendingEC2TasksCount', value: '1' });
  });

  it("another account's cluster is denied", async () => {
    const error = await bench.refused(
      bench.call('ecs', 'DescribeClusters', { clusters: ['arn:aws:ecs:eu-west-1:111111111111:cluster/default'] }),
    );
    expect(error.code).toBe('AccessDeniedException');
  });

  it('sees the tags of the cluster', async () => {
    await bench.call('ecs', 'TagResource', {
      resourceArn: ARN('cluster/default'),
      tags: [{ key: 'team', value: 'blue' }],
    });
    const describe = (condition: object) =>
      bench.call(
        'ecs',
        'DescribeClusters',
        {},
        {
          as: bench.roleSession('ops', [policy(allow('ecs:DescribeClusters', '*', condition))]),
        },
      );
    await describe({ StringEquals: { 'aws:ResourceTag/team': 'blue' } });
    await describe({ StringEquals: { 'ecs:ResourceTag/team': 'blue' } });
    expect((await bench.refused(describe({ StringEquals: { 'aws:ResourceTag/team': 'red' } }))).code).toBe(
      'AccessDeniedException',
    );
  });
});

describe('changes', () => {
  it('updates settings and configuration', async () => {
    const { cluster } = await bench.call('ecs', 'UpdateCluster', {
      cluster: 'default',
      settings: [{ name: 'containerInsights', value: 'enhanced' }],
      configuration: { executeCommandConfiguration: { logging: 'DEFAULT' } },
    });
    expect(cluster).toMatchObject({
      settings: [{ name: 'containerInsights', value: 'enhanced' }],
      configuration: { executeCommandConfiguration: { logging: 'DEFAULT' } },
    });
    const settings = await bench.call('ecs', 'UpdateClusterSettings', {
      cluster: ARN('cluster/default'),
      settings: [{ name: 'containerInsights', value: 'disabled' }],
    });
    expect(settings.cluster).toMatchObject({ settings: [{ name: 'containerInsights', value: 'disabled' }] });
  });

  it('associates capacity providers; one in use stays', async () => {
    const put = (
      capacityProviders: string[],
      defaultCapacityProviderStrategy: { capacityProvider: string; weight?: number }[],
    ) =>
      bench.call('ecs', 'PutClusterCapacityProviders', {
        cluster: 'default',
        capacityProviders,
        defaultCapacityProviderStrategy,
      });
    const { cluster } = await put(['FARGATE', 'FARGATE_SPOT'], [{ capacityProvider: 'FARGATE_SPOT', weight: 1 }]);
    expect(cluster?.capacityProviders).toEqual(['FARGATE', 'FARGATE_SPOT']);
    await bench.call('ecs', 'RegisterTaskDefinition', FARGATE_DEFINITION);
    await bench.call('ecs', 'RunTask', { taskDefinition: 'web', networkConfiguration: NETWORK });
    expect(await bench.refused(put(['FARGATE'], []))).toMatchObject({
      code: 'ResourceInUseException',
      message: 'The specified capacity provider is in use and cannot be removed.',
    });
    expect(
      (await bench.refused(put(['FARGATE_SPOT'], [{ capacityProvider: 'FARGATE', weight: 1 }]))).message,
    ).toContain('not associated with the cluster');
  });

  it('deletes an empty cluster, which is then inactive, and can be made again', async () => {
    const instance = await registerInstance(bench);
    expect(await bench.refused(bench.call('ecs', 'DeleteCluster', { cluster: 'default' }))).toMatchObject({
      code: 'ClusterContainsContainerInstancesException',
      message: 'The Cluster cannot be deleted while Container Instances are active or draining.',
    });
    await bench.call('ecs', 'DeregisterContainerInstance', { containerInstance: instance });
    await bench.call('ecs', 'RegisterTaskDefinition', FARGATE_DEFINITION);
    const { tasks } = await bench.call('ecs', 'RunTask', {
      taskDefinition: 'web',
      launchType: 'FARGATE',
      networkConfiguration: NETWORK,
    });
    expect(await bench.refused(bench.call('ecs', 'DeleteCluster', { cluster: 'default' }))).toMatchObject({
      code: 'ClusterContainsTasksException',
      message: 'The Cluster cannot be deleted while Tasks are active.',
    });
    await bench.call('ecs', 'SubmitTaskStateChange', { task: tasks?.[0]?.taskArn, status: 'STOPPED' });
    const { cluster } = await bench.call('ecs', 'DeleteCluster', { cluster: 'default' });
    expect(cluster?.status).toBe('INACTIVE');
    expect((await bench.call('ecs', 'ListClusters', {})).clusterArns).toEqual([]);
    expect((await bench.call('ecs', 'DescribeClusters', {})).clusters).toMatchObject([{ status: 'INACTIVE' }]);
    expect((await bench.refused(bench.call('ecs', 'ListTasks', {}))).code).toBe('ClusterNotFoundException');
    expect((await bench.call('ecs', 'CreateCluster', {})).cluster?.status).toBe('ACTIVE');
  });

  it('lists by pages', async () => {
    for (const clusterName of ['b', 'a', 'c']) await bench.call('ecs', 'CreateCluster', { clusterName });
    const names: string[] = [];
    let nextToken: string | undefined;
    do {
      const result = await bench.call('ecs', 'ListClusters', { maxResults: 2, nextToken });
      names.push(...(result.clusterArns ?? []).map((arn) => arn.split('/')[1] as string));
      nextToken = result.nextToken;
    } while (nextToken !== undefined);
    expect(names).toEqual(['a', 'b', 'c', 'default']);
    expect((await bench.refused(bench.call('ecs', 'ListClusters', { maxResults: 101 }))).code).toBe(
      'InvalidParameterException',
    );
  });

  it('each operation is authorized on the cluster', async () => {
    const nobody = bench.roleSession('nobody', []);
    const cluster = 'default';
    const calls = {
      'ecs:UpdateCluster': () => bench.call('ecs', 'UpdateCluster', { cluster }, { as: nobody }),
      'ecs:UpdateClusterSettings': () =>
        bench.call('ecs', 'UpdateClusterSettings', { cluster, settings: [] }, { as: nobody }),
      'ecs:PutClusterCapacityProviders': () =>
        bench.call(
          'ecs',
          'PutClusterCapacityProviders',
          { cluster, capacityProviders: [], defaultCapacityProviderStrategy: [] },
          { as: nobody },
        ),
      'ecs:DeleteCluster': () => bench.call('ecs', 'DeleteCluster', { cluster }, { as: nobody }),
      'ecs:DescribeClusters': () => bench.call('ecs', 'DescribeClusters', {}, { as: nobody }),
    };
    for (const [action, call] of Object.entries(calls)) {
      expect((await bench.refused(call())).message).toBe(
        `User: arn:aws:sts::${TEST_ACCOUNT}:assumed-role/nobody/session is not authorized to perform: ${action} on resource: ${ARN('cluster/default')} because no identity-based policy allows the ${action} action`,
      );
    }
  });
});
