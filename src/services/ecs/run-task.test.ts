import { beforeEach, describe, expect, it } from 'vitest';
import { TEST_ACCOUNT, TEST_REGION, type TestBench } from '../../gateway/testing.ts';
import type * as Ecs from '../../wire/generated/types/ecs.ts';
import { describeForAgent } from './agent-view.ts';
import { taskCredentials, tasks } from './records.ts';
import {
  ARN,
  BRIDGE_DEFINITION,
  ecsBench,
  FARGATE_DEFINITION,
  NETWORK,
  ROLE,
  registerInstance,
  trusting,
} from './testing.ts';

let bench: TestBench;

beforeEach(async () => {
  bench = await ecsBench();
});

const register = (definition: Ecs.RegisterTaskDefinitionRequest = FARGATE_DEFINITION) =>
  bench.call('ecs', 'RegisterTaskDefinition', definition);

const fargate = (more: Partial<Ecs.RunTaskRequest> = {}) =>
  bench.call('ecs', 'RunTask', {
    taskDefinition: 'web',
    launchType: 'FARGATE',
    networkConfiguration: NETWORK,
    ...more,
  });

describe('RunTask on Fargate', () => {
  it('makes a task with both roles assumed, and hands their credentials over under ids of their own', async () => {
    await register();
    const { tasks: started, failures } = await fargate({ startedBy: 'me' });
    expect(failures).toEqual([]);
    const task = started?.[0];
    const id = task?.taskArn?.split('/').at(-1) ?? '';
    expect(id).toMatch(/^[0-9a-f]{32}$/);
    expect(task).toMatchObject({
      taskArn: ARN(`task/default/${id}`),
      clusterArn: ARN('cluster/default'),
      taskDefinitionArn: ARN('task-definition/web:1'),
      lastStatus: 'PROVISIONING',
      desiredStatus: 'RUNNING',
      launchType: 'FARGATE',
      platformVersion: '1.4.0',
      platformFamily: 'Linux',
      cpu: '256',
      memory: '512',
      group: 'family:web',
      startedBy: 'me',
      version: 1,
      availabilityZone: `${TEST_REGION}a`,
      overrides: { containerOverrides: [{ name: 'app' }], inferenceAcceleratorOverrides: [] },
      attributes: [{ name: 'ecs.cpu-architecture', value: 'x86_64' }],
      ephemeralStorage: { sizeInGiB: 20 },
    });
    expect(task?.containers).toMatchObject([{ name: 'app', image: 'app:1', lastStatus: 'PENDING', cpu: '0' }]);
    expect(task?.attachments).toMatchObject([{ type: 'ElasticNetworkInterface', status: 'PRECREATED' }]);

    const record = bench.store.get(tasks, ARN('cluster/default'), id);
    expect(record).toMatchObject({ taskRoleArn: ROLE('task-role'), executionRoleArn: ROLE('execution-role') });
    const credentials = bench.store.list(taskCredentials, ARN(`task/default/${id}`));
    expect(credentials).toHaveLength(2);
    for (const one of credentials) {
      expect(one.credentialsId).toMatch(/^[0-9a-f]{8}-[0-9a-f-]{27}$/);
      expect(one.expiresAt - one.issuedAt).toBe(6 * 60 * 60 * 1000);
      expect(bench.gateway.principalOf(one.accessKeyId)).toMatchObject({
        type: 'role-session',
        sessionName: id,
        origin: { taskArn: ARN(`task/default/${id}`) },
      });
    }
    expect(new Set(credentials.map((one) => one.credentialsId))).toEqual(
      new Set([record?.taskCredentialsId, record?.executionCredentialsId]),
    );
  });

  it('assumes the roles as ecs-tasks.amazonaws.com at stage launch, with aws:SourceArn and aws:SourceAccount', async () => {
    for (const name of ['task-role', 'execution-role']) {
      await bench.call('iam', 'UpdateAssumeRolePolicy', {
        RoleName: name,
        PolicyDocument: JSON.stringify({
          Version: '2012-10-17',
          Statement: [
            {
              Effect: 'Allow',
              Principal: { Service: 'ecs-tasks.amazonaws.com' },
              Action: 'sts:AssumeRole',
              Condition: {
                ArnLike: { 'aws:SourceArn': `arn:aws:ecs:${TEST_REGION}:${TEST_ACCOUNT}:*` },
                StringEquals: { 'aws:SourceAccount': TEST_ACCOUNT },
              },
            },
          ],
        }),
      });
    }
    await register();
    const { tasks: started } = await fargate();
    const assumed = bench.trail().filter((entry) => entry.operation === 'AssumeRole');
    expect(assumed).toHaveLength(2);
    for (const entry of assumed) {
      expect(entry).toMatchObject({
        outcome: 'allowed',
        stage: 'launch',
        taskArn: started?.[0]?.taskArn,
        principalArn: 'ecs-tasks.amazonaws.com',
      });
    }
  });

  it.each([
    [
      'the wrong trust',
      async () =>
        void (await bench.call('iam', 'UpdateAssumeRolePolicy', {
          RoleName: 'execution-role',
          PolicyDocument: trusting('ec2.amazonaws.com'),
        })),
    ],
    ['no such role', async () => void (await bench.call('iam', 'DeleteRole', { RoleName: 'execution-role' }))],
    [
      'a SourceAccount of another account',
      async () => {
        await bench.call('iam', 'UpdateAssumeRolePolicy', {
          RoleName: 'execution-role',
          PolicyDocument: JSON.stringify({
            Version: '2012-10-17',
            Statement: [
              {
                Effect: 'Allow',
                Principal: { Service: 'ecs-tasks.amazonaws.com' },
                Action: 'sts:AssumeRole',
                Condition: { StringEquals: { 'aws:SourceAccount': '111111111111' } },
              },
            ],
          }),
        });
      },
    ],
  ])('makes no task with %s, and the trail shows the refused AssumeRole', async (_what, spoil) => {
    await register();
    await spoil();
    const error = await bench.refused(fargate());
    expect(error).toMatchObject({
      code: 'ClientException',
      message: `ECS was unable to assume the role '${ROLE('execution-role')}' that was provided for this task. Please verify that the role being passed has the proper trust relationship and permissions and that your IAM user has permissions to pass this role.`,
    });
    expect(bench.store.list(tasks, ARN('cluster/default'))).toEqual([]);
    expect(bench.store.partitions(taskCredentials)).toEqual([]);
    const refused = bench.trail().filter((entry) => entry.operation === 'AssumeRole' && entry.outcome === 'denied');
    expect(refused).toHaveLength(1);
    expect(bench.trail().find((entry) => entry.operation === 'RunTask')).toMatchObject({ outcome: 'failed' });
  });

  it('takes the roles of the overrides, and checks PassRole on the effective ones', async () => {
    await register();
    await bench.call('iam', 'CreateRole', {
      RoleName: 'other-role',
      AssumeRolePolicyDocument: trusting('ecs-tasks.amazonaws.com'),
    });
    const allow = (action: string, resource: string) => ({ Effect: 'Allow', Action: action, Resource: resource });
    const policy = (...statements: object[]) => ({ Version: '2012-10-17', Statement: statements });
    const runner = bench.roleSession('runner', [
      policy(
        allow('ecs:RunTask', ARN('task-definition/web:*')),
        allow('iam:PassRole', ROLE('other-role')),
        allow('iam:PassRole', ROLE('execution-role')),
      ),
    ]);
    const input = { taskDefinition: 'web', launchType: 'FARGATE', networkConfiguration: NETWORK } as const;
    const refused = await bench.refused(bench.call('ecs', 'RunTask', input, { as: runner }));
    expect(refused.code).toBe('AccessDeniedException');
    expect(refused.message).toBe(
      `User: ${runner.arn} is not authorized to perform: iam:PassRole on resource: ${ROLE('task-role')} because no identity-based policy allows the iam:PassRole action`,
    );
    const { tasks: started } = await bench.call(
      'ecs',
      'RunTask',
      { ...input, overrides: { taskRoleArn: 'other-role' } },
      { as: runner },
    );
    expect(started?.[0]?.overrides).toMatchObject({ taskRoleArn: ROLE('other-role') });
    const view = describeForAgent(bench.store, started?.[0]?.taskArn ?? '');
    expect(view?.definition.taskRoleArn).toBe(ROLE('other-role'));
    expect(view?.taskCredentials?.roleArn).toBe(ROLE('other-role'));
  });

  it.each<[string, Partial<Ecs.RunTaskRequest>, string, string]>([
    [
      'no network configuration',
      { networkConfiguration: undefined },
      'InvalidParameterException',
      "Network Configuration must be provided when networkMode 'awsvpc' is specified.",
    ],
    [
      'no subnets',
      { networkConfiguration: { awsvpcConfiguration: { subnets: [] } } },
      'InvalidParameterException',
      'subnets can not be empty.',
    ],
    ['an unknown definition', { taskDefinition: 'nope' }, 'ClientException', 'TaskDefinition not found.'],
    ['an unknown revision', { taskDefinition: 'web:7' }, 'ClientException', 'TaskDefinition not found.'],
    ['an unknown cluster', { cluster: 'nope' }, 'ClusterNotFoundException', 'Cluster not found.'],
    [
      'a container that is not there',
      { overrides: { containerOverrides: [{ name: 'django', cpu: 1 }] } },
      'InvalidParameterException',
      'Override for container named django is not a container in the TaskDefinition.',
    ],
    [
      'an override role that is none',
      { overrides: { taskRoleArn: 'arn:aws:s3:::b' } },
      'ClientException',
      'Role is not valid',
    ],
    [
      'launch type and strategy',
      { capacityProviderStrategy: [{ capacityProvider: 'FARGATE' }] },
      'InvalidParameterException',
      'Specify either Launch Type or Capacity Provider Strategy, but not both.',
    ],
    [
      'an unknown platform',
      { platformVersion: '9.9.9' },
      'PlatformUnknownException',
      'The specified platform does not exist.',
    ],
    [
      'a size that Fargate does not have',
      { overrides: { cpu: '512', memory: '512' } },
      'ClientException',
      'No Fargate configuration exists for given values: 512 CPU, 512 memory. See the Amazon ECS documentation for the valid values.',
    ],
    [
      'another Region',
      { cluster: `arn:aws:ecs:us-east-1:${TEST_ACCOUNT}:cluster/default` },
      'InvalidParameterException',
      'Invalid Region in ARN',
    ],
    [
      'volumes at launch',
      { volumeConfigurations: [{ name: 'v' }] },
      'InvalidParameterException',
      'Rolecall does not support volumeConfigurations (Amazon EBS volumes that ECS attaches).',
    ],
    ['no tasks', { count: 0 }, 'InvalidParameterException', 'count should be between 1 and 10'],
    ['too long a starter', { startedBy: 'x'.repeat(129) }, 'InvalidParameterException', 'startedBy longer than 128.'],
  ])('refuses %s', async (_what, more, code, message) => {
    await register();
    expect(await bench.refused(fargate(more))).toMatchObject({ code, message });
    expect(bench.store.list(tasks, ARN('cluster/default'))).toEqual([]);
  });

  it('refuses what the task definition does not support', async () => {
    await register(BRIDGE_DEFINITION);
    const error = await bench.refused(bench.call('ecs', 'RunTask', { taskDefinition: 'batch', launchType: 'FARGATE' }));
    expect(error.message).toBe('Task definition does not support launch_type FARGATE.');
    const network = await bench.refused(
      bench.call('ecs', 'RunTask', { taskDefinition: 'batch', networkConfiguration: NETWORK }),
    );
    expect(network.message).toBe(
      'Network Configuration is not valid for the given networkMode of this task definition.',
    );
  });

  it.each<[string, Partial<Ecs.RegisterTaskDefinitionRequest>, string]>([
    ['a volume configured at launch', { volumes: [{ name: 'v', configuredAtLaunch: true }] }, 'the volume v'],
    ['Windows', { runtimePlatform: { operatingSystemFamily: 'WINDOWS_SERVER_2022_CORE' } }, 'WINDOWS_SERVER_2022_CORE'],
  ])('refuses by name %s', async (_what, more, named) => {
    await register({ ...FARGATE_DEFINITION, ...more });
    const error = await bench.refused(fargate());
    expect(error.code).toBe('InvalidParameterException');
    expect(error.message).toContain(named);
  });

  it('refuses an inactive task definition', async () => {
    await register();
    await bench.call('ecs', 'DeregisterTaskDefinition', { taskDefinition: 'web:1' });
    expect(await bench.refused(fargate({ taskDefinition: 'web:1' }))).toMatchObject({
      code: 'ClientException',
      message: 'TaskDefinition is inactive',
    });
  });

  it('answers a client token with the same tasks, and refuses it with another request', async () => {
    await register();
    const first = await fargate({ clientToken: 't1', count: 2 });
    const again = await fargate({ count: 2, clientToken: 't1' });
    expect(again.tasks?.map((task) => task.taskArn)).toEqual(first.tasks?.map((task) => task.taskArn));
    expect(bench.store.list(tasks, ARN('cluster/default'))).toHaveLength(2);
    const conflict = await bench.refused(fargate({ clientToken: 't1', count: 3 }));
    expect(conflict.code).toBe('ConflictException');
    expect(conflict.members).toEqual({ resourceIds: first.tasks?.map((task) => task.taskArn) });
  });

  it('spreads over the Fargate capacity providers by base and weight', async () => {
    await bench.call('ecs', 'CreateCluster', {
      clusterName: 'mixed',
      capacityProviders: ['FARGATE', 'FARGATE_SPOT'],
      defaultCapacityProviderStrategy: [
        { capacityProvider: 'FARGATE', base: 1, weight: 1 },
        { capacityProvider: 'FARGATE_SPOT', weight: 3 },
      ],
    });
    await register();
    const { tasks: started } = await bench.call('ecs', 'RunTask', {
      cluster: 'mixed',
      taskDefinition: 'web',
      count: 5,
      networkConfiguration: NETWORK,
    });
    const names = started?.map((task) => task.capacityProviderName);
    expect(names?.filter((name) => name === 'FARGATE')).toHaveLength(2);
    expect(names?.filter((name) => name === 'FARGATE_SPOT')).toHaveLength(3);
    const stranger = await bench.refused(
      fargate({ launchType: undefined, capacityProviderStrategy: [{ capacityProvider: 'FARGATE' }] }),
    );
    expect(stranger.message).toContain('not associated with the cluster');
  });

  it('checks ecs:TagResource for tags at creation, and propagates those of the definition', async () => {
    await register({
      ...FARGATE_DEFINITION,
      tags: [
        { key: 'team', value: 'blue' },
        { key: 'stage', value: 'dev' },
      ],
    });
    const { tasks: started } = await fargate({
      propagateTags: 'TASK_DEFINITION',
      enableECSManagedTags: true,
      tags: [{ key: 'team', value: 'red' }],
    });
    expect(started?.[0]?.tags).toEqual([
      { key: 'team', value: 'red' },
      { key: 'stage', value: 'dev' },
      { key: 'aws:ecs:clusterName', value: 'default' },
    ]);
    const all = { Effect: 'Allow', Action: ['ecs:RunTask', 'iam:PassRole'], Resource: '*' };
    const runner = bench.roleSession('runner', [{ Version: '2012-10-17', Statement: [all] }]);
    const input = { taskDefinition: 'web', launchType: 'FARGATE', networkConfiguration: NETWORK } as const;
    const refused = await bench.refused(
      bench.call('ecs', 'RunTask', { ...input, tags: [{ key: 'a', value: 'b' }] }, { as: runner }),
    );
    expect(refused.message).toContain(`ecs:TagResource on resource: ${ARN('task/default/*')}`);
    const tagger = bench.roleSession('tagger', [
      {
        Version: '2012-10-17',
        Statement: [
          all,
          {
            Effect: 'Allow',
            Action: 'ecs:TagResource',
            Resource: '*',
            Condition: { StringEquals: { 'ecs:CreateAction': 'RunTask' } },
          },
        ],
      },
    ]);
    await bench.call('ecs', 'RunTask', { ...input, tags: [{ key: 'a', value: 'b' }] }, { as: tagger });
  });

  it('answers the condition keys of RunTask', async () => {
    await register();
    const session = (condition: object) =>
      bench.roleSession('runner', [
        {
          Version: '2012-10-17',
          Statement: [
            { Effect: 'Allow', Action: 'iam:PassRole', Resource: '*' },
            { Effect: 'Allow', Action: 'ecs:RunTask', Resource: '*', Condition: condition },
          ],
        },
      ]);
    const run = (condition: object, more: Partial<Ecs.RunTaskRequest> = {}) =>
      bench.call(
        'ecs',
        'RunTask',
        { taskDefinition: 'web', launchType: 'FARGATE', networkConfiguration: NETWORK, ...more },
        { as: session(condition) },
      );
    await run({ ArnEquals: { 'ecs:cluster': ARN('cluster/default') } });
    expect((await bench.refused(run({ ArnEquals: { 'ecs:cluster': ARN('cluster/other') } }))).code).toBe(
      'AccessDeniedException',
    );
    await run({ StringEquals: { 'ecs:enable-execute-command': 'false' } });
    const exec = { StringEquals: { 'ecs:enable-execute-command': 'false' } };
    expect((await bench.refused(run(exec, { enableExecuteCommand: true }))).code).toBe('AccessDeniedException');
    await run({ NumericLessThanEquals: { 'ecs:task-cpu': '256' } });
    expect((await bench.refused(run({ NumericLessThan: { 'ecs:task-cpu': '256' } }))).code).toBe(
      'AccessDeniedException',
    );
    const bigger = { overrides: { cpu: '1 vCPU', memory: '2 GB' } };
    await run({ NumericEquals: { 'ecs:task-cpu': '1024', 'ecs:task-memory': '2048' } }, bigger);
  });
});

describe('RunTask on EC2', () => {
  it('refuses a cluster without container instances', async () => {
    await register(BRIDGE_DEFINITION);
    expect(await bench.refused(bench.call('ecs', 'RunTask', { taskDefinition: 'batch' }))).toMatchObject({
      code: 'InvalidParameterException',
      message: 'No Container Instances were found in your cluster.',
    });
  });

  it('fails with AGENT while no agent is connected', async () => {
    await register(BRIDGE_DEFINITION);
    const instance = await registerInstance(bench, { connected: false });
    expect(await bench.call('ecs', 'RunTask', { taskDefinition: 'batch' })).toEqual({
      tasks: [],
      failures: [{ arn: instance, reason: 'AGENT' }],
    });
  });

  it('fails with ATTRIBUTE where the agent cannot do what the task needs', async () => {
    await register({
      ...BRIDGE_DEFINITION,
      executionRoleArn: 'execution-role',
      containerDefinitions: [
        {
          name: 'app',
          image: 'app:1',
          memory: 128,
          logConfiguration: { logDriver: 'awslogs', options: { 'awslogs-group': 'g', 'awslogs-region': TEST_REGION } },
        },
      ],
    });
    const instance = await registerInstance(bench, { switches: { logsWithExecutionRole: false } });
    const { failures } = await bench.call('ecs', 'RunTask', { taskDefinition: 'batch' });
    expect(failures).toEqual([{ arn: instance, reason: 'ATTRIBUTE' }]);
  });

  it('places tasks while resources last, and accounts for them', async () => {
    await register(BRIDGE_DEFINITION);
    const instance = await registerInstance(bench, { cpu: 600, memory: 4096 });
    const result = await bench.call('ecs', 'RunTask', { taskDefinition: 'batch', count: 3 });
    expect(result.tasks).toHaveLength(2);
    expect(result.tasks?.[0]).toMatchObject({
      containerInstanceArn: instance,
      launchType: 'EC2',
      lastStatus: 'PENDING',
      cpu: '256',
      memory: '512',
      attachments: [],
    });
    expect(result.failures).toEqual([{ arn: instance, reason: 'RESOURCE:CPU' }]);
    const { containerInstances } = await bench.call('ecs', 'DescribeContainerInstances', {
      containerInstances: [instance],
    });
    const left = new Map(containerInstances?.[0]?.remainingResources?.map((one) => [one.name, one.integerValue]));
    expect(left.get('CPU')).toBe(600 - 512);
    expect(left.get('MEMORY')).toBe(4096 - 1024);
    expect(containerInstances?.[0]).toMatchObject({ pendingTasksCount: 2, runningTasksCount: 0 });
  });

  it('does not give the same host port twice', async () => {
    await register({
      ...BRIDGE_DEFINITION,
      containerDefinitions: [
        { name: 'app', image: 'app:1', memory: 128, portMappings: [{ containerPort: 80, hostPort: 8080 }] },
      ],
    });
    const instance = await registerInstance(bench);
    const { tasks: started, failures } = await bench.call('ecs', 'RunTask', { taskDefinition: 'batch', count: 2 });
    expect(started).toHaveLength(1);
    expect(failures).toEqual([{ arn: instance, reason: 'RESOURCE:PORTS' }]);
  });

  it('keeps to constraints and strategies', async () => {
    await register(BRIDGE_DEFINITION);
    const small = await registerInstance(bench, { instanceId: 'i-0a', instanceType: 't3.small', memory: 1024 });
    const large = await registerInstance(bench, { instanceId: 'i-0b', instanceType: 'm5.large', memory: 8192 });
    const run = (more: Partial<Ecs.RunTaskRequest>) =>
      bench.call('ecs', 'RunTask', { taskDefinition: 'batch', ...more });
    const onLarge = await run({
      placementConstraints: [{ type: 'memberOf', expression: 'attribute:ecs.instance-type =~ m5.*' }],
    });
    expect(onLarge.tasks?.[0]?.containerInstanceArn).toBe(large);
    const packed = await run({ placementStrategy: [{ type: 'binpack', field: 'memory' }] });
    expect(packed.tasks?.[0]?.containerInstanceArn).toBe(small);
    const none = await run({ placementConstraints: [{ type: 'memberOf', expression: 'attribute:gpu exists' }] });
    expect(none.failures).toEqual(
      expect.arrayContaining([{ arn: small, reason: 'MemberOf placement constraint unsatisfied.' }]),
    );
    const distinct = await run({ group: 'one', count: 3, placementConstraints: [{ type: 'distinctInstance' }] });
    expect(new Set(distinct.tasks?.map((task) => task.containerInstanceArn)).size).toBe(2);
    expect(distinct.failures).toHaveLength(2);
    expect((await bench.refused(run({ placementStrategy: [{ type: 'binpack', field: 'disk' }] }))).message).toBe(
      "binpack field 'disk' is invalid",
    );
    const bad = await bench.refused(run({ placementConstraints: [{ type: 'memberOf', expression: 'colour == red' }] }));
    expect(bad.code).toBe('InvalidParameterException');
  });
});

describe('StartTask', () => {
  it('starts on the instances named and says why not on the others', async () => {
    await register(BRIDGE_DEFINITION);
    const instance = await registerInstance(bench);
    const gone = ARN(`container-instance/default/${'0'.repeat(32)}`);
    const result = await bench.call('ecs', 'StartTask', {
      taskDefinition: 'batch',
      containerInstances: [instance, gone],
    });
    expect(result.tasks).toMatchObject([{ containerInstanceArn: instance, launchType: 'EC2' }]);
    expect(result.failures).toEqual([{ arn: gone, reason: 'MISSING' }]);
  });

  it('is authorized on the definition, with cluster and instances as condition keys', async () => {
    await register(BRIDGE_DEFINITION);
    const instance = await registerInstance(bench);
    const starter = bench.roleSession('starter', [
      {
        Version: '2012-10-17',
        Statement: [
          {
            Effect: 'Allow',
            Action: 'ecs:StartTask',
            Resource: ARN('task-definition/batch:1'),
            Condition: {
              ArnEquals: { 'ecs:cluster': ARN('cluster/default'), 'ecs:container-instances': instance },
            },
          },
        ],
      },
    ]);
    const input = { taskDefinition: 'batch', containerInstances: [instance] };
    await bench.call('ecs', 'StartTask', input, { as: starter });
    const other = await registerInstance(bench, { instanceId: 'i-0b' });
    const refused = await bench.refused(
      bench.call('ecs', 'StartTask', { ...input, containerInstances: [instance, other] }, { as: starter }),
    );
    expect(refused.code).toBe('AccessDeniedException');
  });
});

describe('accounts', () => {
  const everything = { Version: '2012-10-17', Statement: [{ Effect: 'Allow', Action: '*', Resource: '*' }] };

  it("another account's cluster is out of reach, with one's own task definition too", async () => {
    const account = '111111111111';
    const stranger = bench.roleSession('stranger', [everything], { account });
    const { taskRoleArn: _, executionRoleArn: __, ...definition } = FARGATE_DEFINITION;
    await bench.call('ecs', 'RegisterTaskDefinition', definition, { as: stranger });
    const cluster = ARN('cluster/default');
    const input = { cluster, taskDefinition: 'web', launchType: 'FARGATE', networkConfiguration: NETWORK } as const;
    const refused = await bench.refused(bench.call('ecs', 'RunTask', input, { as: stranger }));
    expect(refused.code).toBe('AccessDeniedException');
    expect(bench.store.list(tasks, cluster)).toEqual([]);
  });

  it("another account's tasks are not described by way of one's own ARN", async () => {
    await register();
    const { tasks: started } = await fargate();
    const id = started?.[0]?.taskArn?.split('/').at(-1) ?? '';
    const account = '111111111111';
    const stranger = bench.roleSession('stranger', [everything], { account });
    const disguised = `arn:aws:ecs:${TEST_REGION}:${account}:task/default/${id}`;
    for (const task of [id, disguised, started?.[0]?.taskArn ?? '']) {
      for (const cluster of ['default', ARN('cluster/default')]) {
        const error = await bench.refused(bench.call('ecs', 'StopTask', { cluster, task }, { as: stranger }));
        expect(['AccessDeniedException', 'InvalidParameterException', 'ClusterNotFoundException']).toContain(
          error.code,
        );
        await bench.refused(bench.call('ecs', 'DescribeTasks', { cluster, tasks: [task] }, { as: stranger }));
      }
    }
    expect(bench.store.get(tasks, ARN('cluster/default'), id)?.desiredStatus).toBe('RUNNING');
  });
});
