import {
  type ContainerDefinition,
  CreateClusterCommand,
  DeleteAccountSettingCommand,
  DeleteAttributesCommand,
  DeleteClusterCommand,
  DeleteTaskDefinitionsCommand,
  DeregisterContainerInstanceCommand,
  DeregisterTaskDefinitionCommand,
  DescribeClustersCommand,
  DescribeContainerInstancesCommand,
  DescribeTaskDefinitionCommand,
  DescribeTasksCommand,
  DiscoverPollEndpointCommand,
  ECSClient,
  GetTaskProtectionCommand,
  ListAccountSettingsCommand,
  ListAttributesCommand,
  ListClustersCommand,
  ListContainerInstancesCommand,
  ListServicesCommand,
  ListTagsForResourceCommand,
  ListTaskDefinitionFamiliesCommand,
  ListTaskDefinitionsCommand,
  ListTasksCommand,
  PutAccountSettingCommand,
  PutAccountSettingDefaultCommand,
  PutAttributesCommand,
  PutClusterCapacityProvidersCommand,
  paginateListTaskDefinitions,
  RegisterContainerInstanceCommand,
  RegisterTaskDefinitionCommand,
  type RegisterTaskDefinitionCommandInput,
  RunTaskCommand,
  StartTaskCommand,
  StopTaskCommand,
  SubmitAttachmentStateChangesCommand,
  SubmitContainerStateChangeCommand,
  SubmitTaskStateChangeCommand,
  TagResourceCommand,
  UntagResourceCommand,
  UpdateClusterCommand,
  UpdateClusterSettingsCommand,
  UpdateContainerAgentCommand,
  UpdateContainerInstancesStateCommand,
  UpdateTaskProtectionCommand,
  waitUntilTasksStopped,
} from '@aws-sdk/client-ecs';
import { CreateRoleCommand, IAMClient, PutRolePolicyCommand } from '@aws-sdk/client-iam';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { RunningServer } from '../../src/server.ts';
import { startTestServer } from './server.ts';

let server: RunningServer;
let ecs: ECSClient;
let iam: IAMClient;

const ARN = (rest: string) => `arn:aws:ecs:eu-west-1:000000000000:${rest}`;
const trust = (service: string) =>
  JSON.stringify({
    Version: '2012-10-17',
    Statement: [{ Effect: 'Allow', Principal: { Service: service }, Action: 'sts:AssumeRole' }],
  });
const app: ContainerDefinition = { name: 'app', image: 'example/app:1', memory: 64 };
const fargate: Pick<RegisterTaskDefinitionCommandInput, 'networkMode' | 'requiresCompatibilities' | 'cpu' | 'memory'> =
  {
    networkMode: 'awsvpc',
    requiresCompatibilities: ['FARGATE'],
    cpu: '0.25 vCPU',
    memory: '0.5 GB',
  };
const network = { awsvpcConfiguration: { subnets: ['subnet-0a1b2c3d'] } };

beforeAll(async () => {
  server = await startTestServer();
  const options = { endpoint: server.endpoint, region: 'eu-west-1', credentials: server.credentials, maxAttempts: 1 };
  ecs = new ECSClient(options);
  iam = new IAMClient(options);
  for (const name of ['task', 'execution']) {
    await iam.send(
      new CreateRoleCommand({ RoleName: name, AssumeRolePolicyDocument: trust('ecs-tasks.amazonaws.com') }),
    );
  }
  await iam.send(
    new CreateRoleCommand({ RoleName: 'untrusting', AssumeRolePolicyDocument: trust('ec2.amazonaws.com') }),
  );
  await iam.send(
    new PutRolePolicyCommand({
      RoleName: 'task',
      PolicyName: 'none',
      PolicyDocument: JSON.stringify({
        Version: '2012-10-17',
        Statement: [{ Effect: 'Deny', Action: 'sqs:*', Resource: '*' }],
      }),
    }),
  );
});

afterAll(async () => {
  ecs.destroy();
  iam.destroy();
  await server.stop();
});

/** The name and message of the error that a call ends with. */
async function refusal(call: Promise<unknown>): Promise<{ name: string; message: string; status: number | undefined }> {
  try {
    await call;
  } catch (error) {
    const { name, message, $metadata } = error as Error & { $metadata?: { httpStatusCode?: number } };
    return { name, message, status: $metadata?.httpStatusCode };
  }
  throw new Error('the call was not refused');
}

describe('clusters', () => {
  it('CreateCluster, DescribeClusters, ListClusters, UpdateCluster, UpdateClusterSettings, PutClusterCapacityProviders, DeleteCluster', async () => {
    const { cluster } = await ecs.send(
      new CreateClusterCommand({ clusterName: 'shop', tags: [{ key: 'team', value: 'blue' }] }),
    );
    expect(cluster).toMatchObject({ clusterArn: ARN('cluster/shop'), status: 'ACTIVE' });
    const described = await ecs.send(
      new DescribeClustersCommand({ clusters: ['shop', 'nope'], include: ['TAGS', 'SETTINGS', 'CONFIGURATIONS'] }),
    );
    expect(described.clusters).toMatchObject([{ tags: [{ key: 'team', value: 'blue' }] }]);
    expect(described.failures).toEqual([{ arn: ARN('cluster/nope'), reason: 'MISSING' }]);
    expect((await ecs.send(new ListClustersCommand({}))).clusterArns).toContain(ARN('cluster/shop'));
    const updated = await ecs.send(
      new UpdateClusterCommand({
        cluster: 'shop',
        configuration: { executeCommandConfiguration: { logging: 'DEFAULT' } },
      }),
    );
    expect(updated.cluster?.configuration?.executeCommandConfiguration?.logging).toBe('DEFAULT');
    const settings = await ecs.send(
      new UpdateClusterSettingsCommand({
        cluster: 'shop',
        settings: [{ name: 'containerInsights', value: 'enabled' }],
      }),
    );
    expect(settings.cluster?.settings).toEqual([{ name: 'containerInsights', value: 'enabled' }]);
    const providers = await ecs.send(
      new PutClusterCapacityProvidersCommand({
        cluster: 'shop',
        capacityProviders: ['FARGATE', 'FARGATE_SPOT'],
        defaultCapacityProviderStrategy: [{ capacityProvider: 'FARGATE', weight: 1 }],
      }),
    );
    expect(providers.cluster?.capacityProviders).toEqual(['FARGATE', 'FARGATE_SPOT']);
    const deleted = await ecs.send(new DeleteClusterCommand({ cluster: 'shop' }));
    expect(deleted.cluster?.status).toBe('INACTIVE');
    expect(await refusal(ecs.send(new DeleteClusterCommand({ cluster: 'nope' })))).toEqual({
      name: 'ClusterNotFoundException',
      message: 'Cluster not found.',
      status: 400,
    });
  });
});

describe('task definitions', () => {
  it('RegisterTaskDefinition, DescribeTaskDefinition, ListTaskDefinitions, ListTaskDefinitionFamilies, DeregisterTaskDefinition, DeleteTaskDefinitions', async () => {
    const registered = await ecs.send(
      new RegisterTaskDefinitionCommand({
        family: 'web',
        ...fargate,
        taskRoleArn: 'task',
        executionRoleArn: 'arn:aws:iam::000000000000:role/execution',
        containerDefinitions: [app],
        tags: [{ key: 'a', value: 'b' }],
      }),
    );
    expect(registered.taskDefinition).toMatchObject({
      taskDefinitionArn: ARN('task-definition/web:1'),
      taskRoleArn: 'arn:aws:iam::000000000000:role/task',
      cpu: '256',
      memory: '512',
      registeredBy: 'arn:aws:iam::000000000000:root',
    });
    expect(registered.taskDefinition?.registeredAt).toBeInstanceOf(Date);
    expect(registered.tags).toEqual([{ key: 'a', value: 'b' }]);
    for (let index = 0; index < 3; index += 1) {
      await ecs.send(new RegisterTaskDefinitionCommand({ family: 'many', containerDefinitions: [app] }));
    }
    const described = await ecs.send(new DescribeTaskDefinitionCommand({ taskDefinition: 'web', include: ['TAGS'] }));
    expect(described.taskDefinition).toEqual(registered.taskDefinition);
    const arns: string[] = [];
    for await (const page of paginateListTaskDefinitions({ client: ecs, pageSize: 2 }, { familyPrefix: 'many' })) {
      arns.push(...(page.taskDefinitionArns ?? []));
    }
    expect(arns).toEqual([1, 2, 3].map((revision) => ARN(`task-definition/many:${revision}`)));
    expect((await ecs.send(new ListTaskDefinitionsCommand({ sort: 'DESC' }))).taskDefinitionArns?.[0]).toBe(
      ARN('task-definition/web:1'),
    );
    const families = await ecs.send(new ListTaskDefinitionFamiliesCommand({ status: 'ACTIVE' }));
    expect(families.families).toEqual(expect.arrayContaining(['many', 'web']));
    const deregistered = await ecs.send(new DeregisterTaskDefinitionCommand({ taskDefinition: 'many:2' }));
    expect(deregistered.taskDefinition?.status).toBe('INACTIVE');
    const deleted = await ecs.send(new DeleteTaskDefinitionsCommand({ taskDefinitions: ['many:2'] }));
    expect(deleted.taskDefinitions).toMatchObject([{ status: 'DELETE_IN_PROGRESS' }]);
  });

  it.each([
    ['a role that is none', { taskRoleArn: '' }, 'ClientException', 'Role is not valid'],
    [
      'bridge on Fargate',
      { networkMode: 'bridge' as const },
      'ClientException',
      'Fargate only supports network mode ‘awsvpc’.',
    ],
    ['no size at all', { cpu: 'much' }, 'InvalidParameterException', "Invalid 'cpu' setting for task."],
  ])('RegisterTaskDefinition refuses %s', async (_what, more, name, message) => {
    const call = ecs.send(
      new RegisterTaskDefinitionCommand({ family: 'bad', ...fargate, containerDefinitions: [app], ...more }),
    );
    expect(await refusal(call)).toEqual({ name, message, status: 400 });
  });
});

describe('tasks', () => {
  const run = (more: object = {}) =>
    ecs.send(
      new RunTaskCommand({
        cluster: 'tasks',
        taskDefinition: 'job',
        launchType: 'FARGATE',
        networkConfiguration: network,
        ...more,
      }),
    );

  beforeAll(async () => {
    await ecs.send(new CreateClusterCommand({ clusterName: 'tasks' }));
    await ecs.send(
      new RegisterTaskDefinitionCommand({
        family: 'job',
        ...fargate,
        taskRoleArn: 'task',
        executionRoleArn: 'execution',
        containerDefinitions: [app],
      }),
    );
  });

  it('RunTask, DescribeTasks, ListTasks, StopTask, and what the agent submits', async () => {
    const { tasks, failures } = await run({ startedBy: 'test', tags: [{ key: 'a', value: 'b' }] });
    expect(failures).toEqual([]);
    const taskArn = tasks?.[0]?.taskArn ?? '';
    expect(tasks?.[0]).toMatchObject({ launchType: 'FARGATE', desiredStatus: 'RUNNING', startedBy: 'test' });
    expect(tasks?.[0]?.createdAt).toBeInstanceOf(Date);
    const target = { cluster: 'tasks', tasks: [taskArn] };
    const protection = await ecs.send(new GetTaskProtectionCommand(target));
    expect(protection.failures).toMatchObject([{ arn: taskArn, reason: 'TASK_NOT_VALID' }]);
    const update = await ecs.send(new UpdateTaskProtectionCommand({ ...target, protectionEnabled: true }));
    expect(update.failures).toMatchObject([{ arn: taskArn, reason: 'TASK_NOT_VALID' }]);
    const stopped = await ecs.send(new StopTaskCommand({ cluster: 'tasks', task: taskArn, reason: 'enough' }));
    expect(stopped.task?.desiredStatus).toBe('STOPPED');
    await waitUntilTasksStopped(
      { client: ecs, maxWaitTime: 30, minDelay: 1, maxDelay: 1 },
      { cluster: 'tasks', tasks: [taskArn] },
    );
    const described = await ecs.send(
      new DescribeTasksCommand({ cluster: 'tasks', tasks: [taskArn], include: ['TAGS'] }),
    );
    expect(described.tasks).toMatchObject([{ lastStatus: 'STOPPED', tags: [{ key: 'a', value: 'b' }] }]);
    const listed = await ecs.send(new ListTasksCommand({ cluster: 'tasks', desiredStatus: 'STOPPED' }));
    expect(listed.taskArns).toContain(taskArn);
    // Late reports of a stopped task are acknowledged and change nothing.
    const late = await ecs.send(
      new SubmitTaskStateChangeCommand({
        cluster: 'tasks',
        task: taskArn,
        status: 'RUNNING',
        pullStartedAt: new Date(),
        containers: [{ containerName: 'app', status: 'RUNNING' }],
      }),
    );
    expect(late.acknowledgment).toBe('ACK');
    await ecs.send(
      new SubmitContainerStateChangeCommand({
        cluster: 'tasks',
        task: taskArn,
        containerName: 'app',
        status: 'STOPPED',
        exitCode: 9,
      }),
    );
    await ecs.send(
      new SubmitAttachmentStateChangesCommand({
        cluster: 'tasks',
        attachments: [
          { attachmentArn: ARN(`attachment/${described.tasks?.[0]?.attachments?.[0]?.id}`), status: 'DETACHED' },
        ],
      }),
    );
    const after = await ecs.send(new DescribeTasksCommand({ cluster: 'tasks', tasks: [taskArn] }));
    expect(after.tasks).toMatchObject([{ lastStatus: 'STOPPED' }]);
  });

  it('RunTask with a role that does not trust ECS makes no task', async () => {
    const call = run({ overrides: { taskRoleArn: 'arn:aws:iam::000000000000:role/untrusting' }, startedBy: 'nobody' });
    expect(await refusal(call)).toEqual({
      name: 'ClientException',
      message:
        "ECS was unable to assume the role 'arn:aws:iam::000000000000:role/untrusting' that was provided for this task. Please verify that the role being passed has the proper trust relationship and permissions and that your IAM user has permissions to pass this role.",
      status: 400,
    });
    for (const desiredStatus of ['RUNNING', 'STOPPED'] as const) {
      const listed = await ecs.send(new ListTasksCommand({ cluster: 'tasks', startedBy: 'nobody', desiredStatus }));
      expect(listed.taskArns).toEqual([]);
    }
  });

  it('RunTask answers a token with the same task', async () => {
    const first = await run({ clientToken: 'token-1' });
    const second = await run({ clientToken: 'token-1' });
    expect(second.tasks?.[0]?.taskArn).toBe(first.tasks?.[0]?.taskArn);
    expect((await refusal(run({ clientToken: 'token-1', startedBy: 'x' }))).name).toBe('ConflictException');
  });
});

describe('container instances', () => {
  it('every operation of theirs', async () => {
    await ecs.send(new CreateClusterCommand({ clusterName: 'instances' }));
    const cluster = 'instances';
    const { containerInstance } = await ecs.send(
      new RegisterContainerInstanceCommand({
        cluster,
        instanceIdentityDocument: JSON.stringify({ instanceId: 'i-0abc', instanceType: 't3.small' }),
        totalResources: [
          { name: 'CPU', type: 'INTEGER', integerValue: 1024 },
          { name: 'MEMORY', type: 'INTEGER', integerValue: 1024 },
          { name: 'PORTS', type: 'STRINGSET', stringSetValue: ['22'] },
        ],
        attributes: [{ name: 'stack', value: 'dev' }],
        tags: [{ key: 'a', value: 'b' }],
      }),
    );
    const instance = containerInstance?.containerInstanceArn ?? '';
    expect(containerInstance?.attributes).toContainEqual({ name: 'stack', value: 'dev' });
    const described = await ecs.send(
      new DescribeContainerInstancesCommand({ cluster, containerInstances: [instance], include: ['TAGS'] }),
    );
    expect(described.containerInstances).toMatchObject([
      { ec2InstanceId: 'i-0abc', agentConnected: false, tags: [{ key: 'a', value: 'b' }] },
    ]);
    const listed = await ecs.send(
      new ListContainerInstancesCommand({ cluster, filter: 'attribute:ecs.instance-type == t3.small' }),
    );
    expect(listed.containerInstanceArns).toEqual([instance]);
    await ecs.send(
      new PutAttributesCommand({ cluster, attributes: [{ name: 'ssd', value: 'yes', targetId: instance }] }),
    );
    const attributes = await ecs.send(
      new ListAttributesCommand({ cluster, targetType: 'container-instance', attributeName: 'ssd' }),
    );
    expect(attributes.attributes).toMatchObject([{ name: 'ssd', value: 'yes' }]);
    await ecs.send(new DeleteAttributesCommand({ cluster, attributes: [{ name: 'ssd', targetId: instance }] }));
    await ecs.send(new RegisterTaskDefinitionCommand({ family: 'batch', containerDefinitions: [app] }));
    // No agent polls for this instance.
    const ran = await ecs.send(new RunTaskCommand({ cluster, taskDefinition: 'batch' }));
    expect(ran.failures).toEqual([{ arn: instance, reason: 'AGENT' }]);
    const started = await ecs.send(
      new StartTaskCommand({ cluster, taskDefinition: 'batch', containerInstances: [instance] }),
    );
    expect(started.failures).toEqual([{ arn: instance, reason: 'AGENT' }]);
    const drained = await ecs.send(
      new UpdateContainerInstancesStateCommand({ cluster, containerInstances: [instance], status: 'DRAINING' }),
    );
    expect(drained.containerInstances).toMatchObject([{ status: 'DRAINING' }]);
    expect(
      (await refusal(ecs.send(new UpdateContainerAgentCommand({ cluster, containerInstance: instance })))).name,
    ).toBe('NoUpdateAvailableException');
    const poll = await ecs.send(new DiscoverPollEndpointCommand({ cluster, containerInstance: instance }));
    expect(poll.endpoint).toBe(`${server.endpoint}/`);
    const gone = await ecs.send(
      new DeregisterContainerInstanceCommand({ cluster, containerInstance: instance, force: true }),
    );
    expect(gone.containerInstance?.status).toBe('INACTIVE');
  });
});

describe('tags and settings', () => {
  it('TagResource, ListTagsForResource, UntagResource', async () => {
    await ecs.send(new CreateClusterCommand({ clusterName: 'tagged' }));
    const resourceArn = ARN('cluster/tagged');
    await ecs.send(
      new TagResourceCommand({
        resourceArn,
        tags: [
          { key: 'a', value: '1' },
          { key: 'b', value: '2' },
        ],
      }),
    );
    await ecs.send(new UntagResourceCommand({ resourceArn, tagKeys: ['a'] }));
    expect((await ecs.send(new ListTagsForResourceCommand({ resourceArn }))).tags).toEqual([{ key: 'b', value: '2' }]);
  });

  it('PutAccountSetting, PutAccountSettingDefault, ListAccountSettings, DeleteAccountSetting', async () => {
    await ecs.send(new PutAccountSettingDefaultCommand({ name: 'awsvpcTrunking', value: 'enabled' }));
    await ecs.send(new PutAccountSettingCommand({ name: 'containerInsights', value: 'enabled' }));
    const listed = await ecs.send(new ListAccountSettingsCommand({}));
    expect(listed.settings?.map((setting) => setting.name)).toEqual(['awsvpcTrunking', 'containerInsights']);
    await ecs.send(new DeleteAccountSettingCommand({ name: 'containerInsights' }));
    const effective = await ecs.send(
      new ListAccountSettingsCommand({ name: 'containerInsights', effectiveSettings: true }),
    );
    expect(effective.settings).toMatchObject([{ value: 'disabled' }]);
  });
});

it('what is not served says so', async () => {
  const { message } = await refusal(ecs.send(new ListServicesCommand({})));
  expect(message).toContain('Rolecall does not serve ecs:ListServices');
});
