import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { ecrService } from '../services/ecr/index.ts';
import { ecsService } from '../services/ecs/index.ts';
import { taskCredentials } from '../services/ecs/records.ts';
import { createIdentities } from '../services/iam/identities.ts';
import { iamService } from '../services/iam/index.ts';
import { kmsService } from '../services/kms/index.ts';
import { secretsmanagerService } from '../services/secretsmanager/index.ts';
import { sqsService } from '../services/sqs/index.ts';
import { ssmService } from '../services/ssm/index.ts';
import { stsService } from '../services/sts/index.ts';
import type { RegisterTaskDefinitionRequest } from '../wire/generated/types/ecs.ts';
import { type AgentBench, createAgentBench } from './testing.ts';

const services = [
  ecrService,
  ecsService,
  iamService,
  kmsService,
  secretsmanagerService,
  sqsService,
  ssmService,
  stsService,
];
const ACCOUNT = '000000000000';
const IMAGE = `${ACCOUNT}.dkr.ecr.eu-west-1.amazonaws.com/orders:1`;
const SECRET_NAME = 'orders/db';

let bench: AgentBench;
afterEach(() => bench.close());

async function start(): Promise<void> {
  bench = await createAgentBench(services, { identities: createIdentities() });
  await bench.call('ecs', 'CreateCluster', { clusterName: 'default' });
}

async function role(name: string, service: string, statements: readonly object[]): Promise<string> {
  const trust = {
    Version: '2012-10-17',
    Statement: [{ Effect: 'Allow', Principal: { Service: service }, Action: 'sts:AssumeRole' }],
  };
  const made = await bench.call('iam', 'CreateRole', {
    RoleName: name,
    AssumeRolePolicyDocument: JSON.stringify(trust),
  });
  if (statements.length > 0) await grant(name, statements);
  return made.Role?.Arn ?? '';
}

async function grant(name: string, statements: readonly object[]): Promise<void> {
  const PolicyDocument = JSON.stringify({ Version: '2012-10-17', Statement: statements });
  await bench.call('iam', 'PutRolePolicy', { RoleName: name, PolicyName: 'own', PolicyDocument });
}

function allow(...actions: readonly string[]): object {
  return { Effect: 'Allow', Action: actions, Resource: '*' };
}

const PULL = allow('ecr:GetAuthorizationToken', 'ecr:BatchGetImage', 'ecr:GetDownloadUrlForLayer');

async function run(
  launchType: 'FARGATE' | 'EC2' | 'EXTERNAL',
  container: Partial<NonNullable<RegisterTaskDefinitionRequest['containerDefinitions']>[number]>,
  roles: { executionRoleArn?: string; taskRoleArn?: string },
) {
  const fargate = launchType === 'FARGATE';
  await bench.call('ecs', 'RegisterTaskDefinition', {
    family: 'orders',
    requiresCompatibilities: [launchType],
    networkMode: fargate ? 'awsvpc' : 'bridge',
    cpu: '256',
    memory: '512',
    containerDefinitions: [{ name: 'app', image: IMAGE, essential: true, ...container }],
    ...roles,
  });
  const answer = await bench.call('ecs', 'RunTask', {
    taskDefinition: 'orders',
    launchType,
    ...(fargate ? { networkConfiguration: { awsvpcConfiguration: { subnets: ['subnet-1'] } } } : {}),
  });
  const arn = answer.tasks?.[0]?.taskArn;
  return { arn, failures: answer.failures ?? [] };
}

/** The calls of a task in the trail: stage, role, call, outcome. */
function calls(taskArn: string): string[] {
  return bench
    .trail()
    .filter((entry) => entry.taskArn === taskArn && entry.parentEventId === undefined)
    .map(
      (entry) =>
        `${entry.stage} ${entry.role ?? entry.principalName} ${entry.service}:${entry.operation} ${entry.outcome}`,
    );
}

function print(script: string): readonly string[] {
  return [process.execPath, '-e', script];
}

test('a Fargate task gets its secrets and its image with the execution role', async () => {
  await start();
  await bench.call('ssm', 'PutParameter', { Name: '/orders/password', Type: 'SecureString', Value: 'hunter2' });
  const secret = await bench.call('secretsmanager', 'CreateSecret', {
    Name: SECRET_NAME,
    SecretString: '{"port":5432,"limit":1000000,"tls":true}',
  });
  const execution = await role('orders-execution', 'ecs-tasks.amazonaws.com', [
    PULL,
    allow('ssm:GetParameters', 'secretsmanager:GetSecretValue'),
  ]);
  const { arn } = await run(
    'FARGATE',
    {
      command: print('console.log(process.env.PASSWORD, process.env.PORT, process.env.LIMIT, process.env.TLS)'),
      secrets: [
        { name: 'PASSWORD', valueFrom: '/orders/password' },
        { name: 'PORT', valueFrom: `${secret.ARN}:port::` },
        { name: 'LIMIT', valueFrom: `${secret.ARN}:limit::` },
        { name: 'TLS', valueFrom: `${secret.ARN}:tls::` },
      ],
    },
    { executionRoleArn: execution },
  );
  const stopped = await bench.stopped(arn ?? '');
  expect(stopped.stoppedReason).toBe('Essential container in task exited');
  expect(bench.lines('app')).toEqual(['hunter2 5432 1e+06 true']);
  expect(stopped.containers[0]?.imageDigest).toMatch(/^sha256:/);
  expect(calls(stopped.arn)).toEqual([
    'pull task-execution ecr:GetAuthorizationToken allowed',
    'secrets task-execution secretsmanager:GetSecretValue allowed',
    'secrets task-execution secretsmanager:GetSecretValue allowed',
    'secrets task-execution secretsmanager:GetSecretValue allowed',
    'secrets task-execution ssm:GetParameters allowed',
    'pull task-execution ecr:BatchGetImage allowed',
    'pull task-execution ecr:GetDownloadUrlForLayer allowed',
    'pull task-execution ecr:GetDownloadUrlForLayer allowed',
  ]);
});

test('Fargate: what the execution role may not do ends the start with Fargate’s texts', async () => {
  await start();
  await bench.call('ssm', 'PutParameter', { Name: '/orders/password', Type: 'String', Value: 'x' });
  const execution = await role('orders-execution', 'ecs-tasks.amazonaws.com', [allow('ssm:GetParameters')]);
  const container = { command: print('1'), secrets: [{ name: 'P', valueFrom: '/orders/password' }] };
  const session = (id: string) => `arn:aws:sts::${ACCOUNT}:assumed-role/orders-execution/${id}`;
  const reason = async () => {
    const { arn } = await run('FARGATE', container, { executionRoleArn: execution });
    const stopped = await bench.stopped(arn ?? '');
    expect(stopped.stopCode).toBe('TaskFailedToStart');
    return { stopped, reason: (stopped.stoppedReason ?? '').replace(/RequestID: [0-9a-f-]{36}/, 'RequestID: ID') };
  };

  const token = await reason();
  expect(token.reason).toBe(
    `ResourceInitializationError: unable to pull secrets or registry auth: execution resource retrieval failed: unable to retrieve ecr registry auth: service call has been retried 1 time(s): operation error ECR: GetAuthorizationToken, https response error StatusCode: 400, RequestID: ID, api error AccessDeniedException: User: ${session(token.stopped.id)} is not authorized to perform: ecr:GetAuthorizationToken on resource: * because no identity-based policy allows the ecr:GetAuthorizationToken action`,
  );
  expect(token.stopped.containers[0]?.reason).toBeUndefined();
  const denied = bench.trail().find((entry) => entry.taskArn === token.stopped.arn && entry.outcome === 'denied');
  expect(token.stopped.stoppedReason).toContain(String(denied?.cloudTrail.requestID));

  await grant('orders-execution', [allow('ecr:GetAuthorizationToken')]);
  const ssm = await reason();
  expect(ssm.reason).toBe(
    `ResourceInitializationError: unable to pull secrets or registry auth: execution resource retrieval failed: unable to retrieve secrets from ssm: service call has been retried 1 time(s): operation error SSM: GetParameters, https response error StatusCode: 400, RequestID: ID, api error AccessDeniedException: User: ${session(ssm.stopped.id)} is not authorized to perform: ssm:GetParameters on resource: arn:aws:ssm:eu-west-1:${ACCOUNT}:parameter/orders/password because no identity-based policy allows the ssm:GetParameters action`,
  );

  await grant('orders-execution', [allow('ecr:GetAuthorizationToken', 'ssm:GetParameters')]);
  const image = await reason();
  expect(image.reason).toBe(
    `CannotPullContainerError: pull image manifest has been retried 1 time(s): failed to resolve ref ${IMAGE}: pulling from host ${ACCOUNT}.dkr.ecr.eu-west-1.amazonaws.com failed with status code [manifests 1]: 403 Forbidden`,
  );
  expect(image.stopped.containers[0]?.reason).toBe(image.stopped.stoppedReason);

  await bench.call('ssm', 'DeleteParameter', { Name: '/orders/password' });
  expect((await reason()).reason).toBe(
    'ResourceInitializationError: unable to pull secrets or registry auth: execution resource retrieval failed: unable to retrieve secrets from ssm: service call has been retried 1 time(s): invalid ssm parameters: /orders/password',
  );
});

test('an EC2 instance registers, polls and reports with its role; the task runs on it', async () => {
  await start();
  const instance = await bench.agent.addContainerInstance({ cluster: 'default', launchType: 'EC2' });
  expect(instance.ec2InstanceId).toMatch(/^i-[0-9a-f]{17}$/);
  const described = await bench.call('ecs', 'DescribeContainerInstances', {
    containerInstances: [instance.containerInstanceArn],
  });
  expect(described.containerInstances?.[0]).toMatchObject({
    agentConnected: true,
    ec2InstanceId: instance.ec2InstanceId,
    status: 'ACTIVE',
  });
  const own = bench.trail().filter((entry) => entry.stage === 'instance');
  expect(own.map((entry) => `${entry.principalName} ${entry.service}:${entry.operation}`)).toEqual([
    'ec2.amazonaws.com sts:AssumeRole',
    'ecsInstanceRole ecs:RegisterContainerInstance',
    'ecsInstanceRole ecs:DiscoverPollEndpoint',
    'ecsInstanceRole ecs:Poll',
    'ecsInstanceRole ecs:StartTelemetrySession',
  ]);
  expect(own[1]?.principalArn).toBe(`arn:aws:sts::${ACCOUNT}:assumed-role/ecsInstanceRole/${instance.ec2InstanceId}`);

  const { arn, failures } = await run('EC2', { command: print('console.log("on EC2")'), memory: 128 }, {});
  expect(failures).toEqual([]);
  const stopped = await bench.stopped(arn ?? '');
  expect(stopped).toMatchObject({ stopCode: 'EssentialContainerExited', startedAt: bench.clock.now() });
  expect(stopped.containers[0]).toMatchObject({ exitCode: 0 });
  expect(stopped.containers[0]?.runtimeId).toMatch(/^[0-9a-f]{64}$/);
  expect(bench.lines('app')).toEqual(['on EC2']);
  expect(calls(stopped.arn)).toEqual([
    'pull container-instance ecr:GetAuthorizationToken allowed',
    'pull container-instance ecr:BatchGetImage allowed',
    'pull container-instance ecr:GetDownloadUrlForLayer allowed',
    'pull container-instance ecr:GetDownloadUrlForLayer allowed',
    'instance container-instance ecs:SubmitTaskStateChange allowed',
    'instance container-instance ecs:SubmitTaskStateChange allowed',
  ]);
});

test('EC2: with an execution role that role pulls, unless the switch of the instance says otherwise', async () => {
  await start();
  const execution = await role('orders-execution', 'ecs-tasks.amazonaws.com', []);
  await bench.agent.addContainerInstance({ cluster: 'default', launchType: 'EC2' });
  const refused = await run('EC2', { command: print('1'), memory: 128 }, { executionRoleArn: execution });
  const stopped = await bench.stopped(refused.arn ?? '');
  expect(stopped).toMatchObject({ stopCode: 'TaskFailedToStart', stoppedReason: 'Task failed to start' });
  expect(stopped.containers[0]?.reason?.replace(/RequestID: [0-9a-f-]{36}/, 'RequestID: ID')).toBe(
    `CannotPullECRContainerError: operation error ECR: GetAuthorizationToken, https response error StatusCode: 400, RequestID: ID, api error AccessDeniedException: User: arn:aws:sts::${ACCOUNT}:assumed-role/orders-execution/${stopped.id} is not authorized to perform: ecr:GetAuthorizationToken on resource: * because no identity-based policy allows the ecr:GetAuthorizationToken action`,
  );
  await grant('orders-execution', [allow('ecr:GetAuthorizationToken')]);
  const manifest = await run('EC2', { command: print('1'), memory: 128 }, { executionRoleArn: execution });
  const second = await bench.stopped(manifest.arn ?? '');
  expect(second.containers[0]?.reason).toBe(
    `CannotPullContainerError: The task can’t pull the image. Check that the role has the permissions to pull images from the registry. Error response from daemon: pull access denied for ${ACCOUNT}.dkr.ecr.eu-west-1.amazonaws.com/orders, repository does not exist or may require 'docker login': denied: User: arn:aws:sts::${ACCOUNT}:assumed-role/orders-execution/${second.id} is not authorized to perform: ecr:BatchGetImage on resource: arn:aws:ecr:eu-west-1:${ACCOUNT}:repository/orders because no identity-based policy allows the ecr:BatchGetImage action`,
  );

  await bench.call('ecs', 'CreateCluster', { clusterName: 'other' });
  await bench.agent.addContainerInstance({
    cluster: 'other',
    launchType: 'EC2',
    switches: { pullsWithExecutionRole: false },
  });
  const answer = await bench.call('ecs', 'RunTask', { cluster: 'other', taskDefinition: 'orders', launchType: 'EC2' });
  const arn = answer.tasks?.[0]?.taskArn ?? '';
  await new Promise<void>((resolve) => bench.agent.events.on('ended', (event) => event.taskArn === arn && resolve()));
  expect(calls(arn).filter((call) => call.startsWith('pull'))).toEqual([
    'pull container-instance ecr:GetAuthorizationToken allowed',
    'pull container-instance ecr:BatchGetImage allowed',
    'pull container-instance ecr:GetDownloadUrlForLayer allowed',
    'pull container-instance ecr:GetDownloadUrlForLayer allowed',
  ]);
});

test('EC2: a secret that is refused is the task’s reason', async () => {
  await start();
  const execution = await role('orders-execution', 'ecs-tasks.amazonaws.com', []);
  await bench.agent.addContainerInstance({ cluster: 'default', launchType: 'EC2' });
  const { arn } = await run(
    'EC2',
    { command: print('1'), memory: 128, secrets: [{ name: 'P', valueFrom: '/orders/password' }] },
    { executionRoleArn: execution },
  );
  const stopped = await bench.stopped(arn ?? '');
  expect(stopped.stopCode).toBe('TaskFailedToStart');
  expect(stopped.stoppedReason?.replace(/RequestID: [0-9a-f-]{36}/, 'RequestID: ID')).toBe(
    `Fetching secret data from SSM Parameter Store in eu-west-1: operation error SSM: GetParameters, https response error StatusCode: 400, RequestID: ID, api error AccessDeniedException: User: arn:aws:sts::${ACCOUNT}:assumed-role/orders-execution/${stopped.id} is not authorized to perform: ssm:GetParameters on resource: arn:aws:ssm:eu-west-1:${ACCOUNT}:parameter/orders/password because no identity-based policy allows the ssm:GetParameters action`,
  );
});

test('an instance whose role may not register is none; one that may not poll has no connected agent', async () => {
  await start();
  await role('mute', 'ec2.amazonaws.com', []);
  await expect(
    bench.agent.addContainerInstance({ cluster: 'default', launchType: 'EC2', role: 'mute' }),
  ).rejects.toMatchObject({
    code: 'container-instance-refused',
    message: expect.stringContaining(
      'is not authorized to perform: ecs:RegisterContainerInstance on resource: arn:aws:ecs:eu-west-1:000000000000:cluster/default',
    ),
  });
  await role('untrusted', 'ecs-tasks.amazonaws.com', []);
  await expect(
    bench.agent.addContainerInstance({ cluster: 'default', launchType: 'EC2', role: 'untrusted' }),
  ).rejects.toMatchObject({
    code: 'container-instance-refused',
    help: expect.stringContaining('ec2.amazonaws.com'),
  });
  await expect(bench.agent.addContainerInstance({ cluster: 'nowhere', launchType: 'EC2' })).rejects.toMatchObject({
    code: 'container-instance-refused',
    help: 'Create it: aws ecs create-cluster --cluster-name nowhere',
  });
  expect((await bench.call('ecs', 'ListContainerInstances', {})).containerInstanceArns).toEqual([]);

  await role('deaf', 'ec2.amazonaws.com', [allow('ecs:RegisterContainerInstance', 'ecs:DiscoverPollEndpoint')]);
  const { containerInstanceArn } = await bench.agent.addContainerInstance({
    cluster: 'default',
    launchType: 'EC2',
    role: 'deaf',
  });
  const described = await bench.call('ecs', 'DescribeContainerInstances', {
    containerInstances: [containerInstanceArn],
  });
  expect(described.containerInstances?.[0]?.agentConnected).toBe(false);
  expect(bench.notes.map((note) => note.message).join()).toContain('may not ecs:Poll');
  const { failures } = await run('EC2', { command: print('1'), memory: 128 }, {});
  expect(failures.map((failure) => failure.reason)).toEqual(['AGENT']);
});

test('what may not be reported is not known to the control plane, until it may', async () => {
  await start();
  await role('shy', 'ec2.amazonaws.com', [
    allow('ecs:RegisterContainerInstance', 'ecs:DiscoverPollEndpoint', 'ecs:Poll'),
    PULL,
  ]);
  await bench.agent.addContainerInstance({ cluster: 'default', launchType: 'EC2', role: 'shy' });
  const { arn = '' } = await run('EC2', { command: print('console.log("ran")'), memory: 128 }, {});
  while (!bench.notes.some((note) => note.message.includes('cannot report the state'))) {
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  expect(bench.task(arn).lastStatus).toBe('PENDING');
  await grant('shy', [allow('ecs:*')]);
  const stopped = await bench.stopped(arn);
  expect(stopped.containers[0]?.exitCode).toBe(0);
});

test('an external instance: mi- id, no metadata service, the same calls', async () => {
  await start();
  const instance = await bench.agent.addContainerInstance({ cluster: 'default', launchType: 'EXTERNAL' });
  expect(instance.ec2InstanceId).toMatch(/^mi-[0-9a-f]{17}$/);
  const { arn } = await run(
    'EXTERNAL',
    {
      command: print('console.log(process.env.AWS_EXECUTION_ENV, process.env.AWS_EC2_METADATA_DISABLED)'),
      memory: 128,
    },
    {},
  );
  await bench.stopped(arn ?? '');
  expect(bench.lines('app')).toEqual(['AWS_ECS_EXTERNAL true']);
});

test('an agent that is started again connects its instances and goes on with their tasks', async () => {
  await start();
  await bench.agent.addContainerInstance({ cluster: 'default', launchType: 'EC2' });
  const { arn = '' } = await run(
    'EC2',
    { command: print('setInterval(() => console.log("tick"), 50)'), memory: 128 },
    {},
  );
  await bench.when(arn, (task) => task.lastStatus === 'RUNNING');
  await bench.agent.stop({ tasks: 'keep' });
  const before = bench.lines('app').length;
  await bench.restart();
  while (bench.lines('app').length <= before) await new Promise((resolve) => setTimeout(resolve, 10));
  await bench.call('ecs', 'StopTask', { task: arn });
  const stopped = await bench.stopped(arn);
  expect(stopped).toMatchObject({ stopCode: 'UserInitiated', stoppedReason: 'Task stopped by user' });
});

test('secrets and tokens are in the environment of the container and nowhere else', async () => {
  await start();
  await bench.call('ssm', 'PutParameter', { Name: '/orders/password', Type: 'SecureString', Value: 'hunter2-hunter2' });
  const execution = await role('orders-execution', 'ecs-tasks.amazonaws.com', [PULL, allow('ssm:GetParameters')]);
  const application = await role('orders-task', 'ecs-tasks.amazonaws.com', []);
  const { arn = '' } = await run(
    'FARGATE',
    {
      command: print(
        'console.log(process.env.AWS_CONTAINER_AUTHORIZATION_TOKEN + " " + process.env.PASSWORD); setInterval(() => {}, 1000)',
      ),
      secrets: [{ name: 'PASSWORD', valueFrom: '/orders/password' }],
    },
    { executionRoleArn: execution, taskRoleArn: application },
  );
  while (bench.lines('app').length === 0) await new Promise((resolve) => setTimeout(resolve, 10));
  const [token = '', password = ''] = bench.lines('app')[0]?.split(' ') ?? [];
  expect(password).toBe('hunter2-hunter2');
  const described = await bench.call('ecs', 'DescribeTasks', { tasks: [arn] });
  const shown = JSON.stringify([bench.trail(), bench.notes, described, bench.task(arn)]);
  expect(token.length).toBeGreaterThan(40);
  expect(shown).not.toContain(token);
  expect(shown).not.toContain(password);
  const credentials = bench.store.list(taskCredentials, arn);
  expect(credentials).toHaveLength(2);
  for (const { secretAccessKey, sessionToken } of credentials) {
    expect(shown).not.toContain(secretAccessKey);
    expect(shown).not.toContain(sessionToken);
  }
  const scratch = bench.agent.directoryOf(bench.task(arn).id);
  expect(statSync(bench.directory).mode & 0o777).toBe(0o700);
  expect(statSync(scratch).mode & 0o777).toBe(0o700);
  expect(
    readdirSync(scratch).map((name) => `${name} ${(statSync(join(scratch, name)).mode & 0o777).toString(8)}`),
  ).toEqual(['app.stderr 600', 'app.stdout 600']);
});

test('a deregistered instance has no agent any more', async () => {
  await start();
  const { containerInstanceArn } = await bench.agent.addContainerInstance({ cluster: 'default', launchType: 'EC2' });
  await bench.agent.removeContainerInstance(containerInstanceArn);
  expect((await bench.call('ecs', 'ListContainerInstances', {})).containerInstanceArns).toEqual([]);
  await expect(bench.agent.removeContainerInstance(containerInstanceArn)).rejects.toMatchObject({
    code: 'container-instance-unknown',
  });
  const other = await bench.agent.addContainerInstance({ cluster: 'default', launchType: 'EC2' });
  await bench.call('ecs', 'DeregisterContainerInstance', {
    containerInstance: other.containerInstanceArn,
    force: true,
  });
  await bench.store.committed();
  await expect(bench.agent.removeContainerInstance(other.containerInstanceArn)).rejects.toMatchObject({
    code: 'container-instance-unknown',
  });
});

test('credentials are refreshed at half of their life, under the same id', async () => {
  await start();
  const application = await role('orders-task', 'ecs-tasks.amazonaws.com', []);
  const script =
    'const get = async () => console.log((await (await fetch(process.env.AWS_CONTAINER_CREDENTIALS_FULL_URI, { headers: { authorization: process.env.AWS_CONTAINER_AUTHORIZATION_TOKEN } })).json()).AccessKeyId); setInterval(get, 50)';
  const execution = await role('orders-execution', 'ecs-tasks.amazonaws.com', [PULL]);
  const { arn = '' } = await run(
    'FARGATE',
    { command: print(script) },
    { taskRoleArn: application, executionRoleArn: execution },
  );
  const before = bench.task(arn).taskCredentialsId;
  while (bench.lines('app').length === 0) await new Promise((resolve) => setTimeout(resolve, 10));
  const first = bench.lines('app')[0];
  bench.clock.advance(4 * 3600 * 1000);
  while (bench.lines('app').at(-1) === first) await new Promise((resolve) => setTimeout(resolve, 10));
  expect(bench.task(arn).taskCredentialsId).toBe(before);
  expect(bench.store.get(taskCredentials, arn, before ?? '')?.accessKeyId).toBe(bench.lines('app').at(-1));
});
