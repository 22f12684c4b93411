import { CloudWatchLogs } from '@aws-sdk/client-cloudwatch-logs';
import { ECR } from '@aws-sdk/client-ecr';
import { ECS, type RunTaskCommandInput, type Task } from '@aws-sdk/client-ecs';
import { IAM } from '@aws-sdk/client-iam';
import { KMS } from '@aws-sdk/client-kms';
import { SecretsManager } from '@aws-sdk/client-secrets-manager';
import { SQS } from '@aws-sdk/client-sqs';
import { SSM } from '@aws-sdk/client-ssm';
import type { TrailEntry } from '../../src/gateway/trail.ts';
import type { RunningServer } from '../../src/server.ts';
import { AwsClient } from '../../src/wire/client.ts';

export const ACCOUNT = '000000000000';
export const REGION = 'eu-west-1';
export const IMAGE = `${ACCOUNT}.dkr.ecr.${REGION}.amazonaws.com/matrix:1`;
const PRIVATE_IMAGE = 'registry.example/matrix:1';
const LOG_GROUP = '/matrix';

/** The three roles, by the short names of this test. */
export type Role = 'instance' | 'execution' | 'task';

/** How a task is run: the launch type, and what decides who pulls and logs on EC2. */
export interface Setting {
  readonly name: string;
  readonly launchType: 'FARGATE' | 'EC2' | 'EXTERNAL';
  readonly executionRole: boolean;
  /** Both switches of the container instance turned to the instance role: the published table. */
  readonly published?: boolean;
}

/** The account in which the tasks of the matrix run: resources once, roles for each cell. */
export interface World {
  readonly server: RunningServer;
  readonly client: AwsClient;
  readonly ecs: ECS;
  readonly iam: IAM;
  readonly arns: {
    readonly key: string;
    readonly secret: string;
    readonly registry: string;
    readonly parameter: string;
    readonly repository: string;
  };
  readonly queueUrl: string;
}

export async function makeWorld(server: RunningServer): Promise<World> {
  const config = { endpoint: server.endpoint, region: REGION, credentials: server.credentials, maxAttempts: 1 };
  const kms = new KMS(config);
  const key = (await kms.createKey({})).KeyMetadata!;
  const secrets = new SecretsManager(config);
  const secret = await secrets.createSecret({ Name: 'matrix/db', SecretString: JSON.stringify({ password: 'p' }) });
  const registry = await secrets.createSecret({
    Name: 'matrix/registry',
    SecretString: JSON.stringify({ username: 'u', password: 'p' }),
  });
  await new SSM(config).putParameter({ Name: '/matrix/key', Value: 'v', Type: 'SecureString', KeyId: key.KeyId! });
  await new CloudWatchLogs(config).createLogGroup({ logGroupName: LOG_GROUP });
  await new ECR(config).createRepository({ repositoryName: 'matrix' });
  const { QueueUrl } = await new SQS(config).createQueue({ QueueName: 'matrix' });
  return {
    server,
    client: new AwsClient({ endpoint: server.endpoint, region: REGION, credentials: server.credentials }),
    ecs: new ECS(config),
    iam: new IAM(config),
    arns: {
      key: key.Arn!,
      secret: secret.ARN!,
      registry: registry.ARN!,
      parameter: `arn:aws:ssm:${REGION}:${ACCOUNT}:parameter/matrix/key`,
      repository: `arn:aws:ecr:${REGION}:${ACCOUNT}:repository/matrix`,
    },
    queueUrl: QueueUrl!,
  };
}

/** What each role is granted, action by action: all that any setting asks of it. A cell takes one away. */
export function grants(world: World, role: Role): { action: string; resource: string }[] {
  const logs = `arn:aws:logs:${REGION}:${ACCOUNT}:log-group:${LOG_GROUP}:*`;
  const pullAndLog = [
    { action: 'ecr:GetAuthorizationToken', resource: '*' },
    { action: 'ecr:BatchGetImage', resource: world.arns.repository },
    { action: 'ecr:GetDownloadUrlForLayer', resource: world.arns.repository },
    { action: 'logs:CreateLogStream', resource: logs },
    { action: 'logs:PutLogEvents', resource: logs },
  ];
  switch (role) {
    case 'execution':
      return [
        ...pullAndLog,
        { action: 'ssm:GetParameters', resource: world.arns.parameter },
        { action: 'kms:Decrypt', resource: world.arns.key },
        { action: 'secretsmanager:GetSecretValue', resource: world.arns.secret },
        { action: 'secretsmanager:GetSecretValue', resource: world.arns.registry },
      ];
    case 'task':
      return [
        { action: 'sqs:GetQueueUrl', resource: `arn:aws:sqs:${REGION}:${ACCOUNT}:matrix` },
        { action: 'sqs:SendMessage', resource: `arn:aws:sqs:${REGION}:${ACCOUNT}:matrix` },
      ];
    case 'instance':
      return [
        ...pullAndLog,
        ...[
          'RegisterContainerInstance',
          'DiscoverPollEndpoint',
          'Poll',
          'StartTelemetrySession',
          'SubmitTaskStateChange',
          'SubmitContainerStateChange',
        ].map((name) => ({ action: `ecs:${name}`, resource: '*' })),
      ];
  }
}

const PRINCIPALS: Readonly<Record<Role, string>> = {
  instance: 'ec2.amazonaws.com',
  execution: 'ecs-tasks.amazonaws.com',
  task: 'ecs-tasks.amazonaws.com',
};

/** Makes a role with these grants. @param principal who may assume it; default: whoever must. */
export async function makeRole(
  world: Pick<World, 'iam'>,
  name: string,
  role: Role,
  granted: readonly { action: string; resource: string }[],
  principal = PRINCIPALS[role],
): Promise<void> {
  const trust = {
    Version: '2012-10-17',
    Statement: [{ Effect: 'Allow', Principal: { Service: principal }, Action: 'sts:AssumeRole' }],
  };
  await world.iam.createRole({ RoleName: name, AssumeRolePolicyDocument: JSON.stringify(trust) });
  const document = {
    Version: '2012-10-17',
    Statement: granted.map(({ action, resource }) => ({ Effect: 'Allow', Action: action, Resource: resource })),
  };
  await world.iam.putRolePolicy({ RoleName: name, PolicyName: 'granted', PolicyDocument: JSON.stringify(document) });
}

/** Registers the task definition of a setting. Its one container asks for everything that the setting allows. */
export async function register(
  world: World,
  setting: Setting,
  family: string,
  roles: { execution: string; task: string },
): Promise<string> {
  const registered = await world.ecs.registerTaskDefinition({
    family,
    requiresCompatibilities: [setting.launchType],
    networkMode: setting.launchType === 'FARGATE' ? 'awsvpc' : 'bridge',
    cpu: '256',
    memory: '512',
    taskRoleArn: roles.task,
    ...(setting.executionRole ? { executionRoleArn: roles.execution } : {}),
    containerDefinitions: [
      {
        name: 'app',
        image: IMAGE,
        essential: true,
        memory: 128,
        environment: [{ name: 'QUEUE_URL', value: world.queueUrl }],
        ...(setting.executionRole
          ? {
              secrets: [
                { name: 'KEY', valueFrom: '/matrix/key' },
                { name: 'PASSWORD', valueFrom: `${world.arns.secret}:password::` },
              ],
            }
          : {}),
        logConfiguration: {
          logDriver: 'awslogs',
          options: { 'awslogs-group': LOG_GROUP, 'awslogs-region': REGION, 'awslogs-stream-prefix': 'matrix' },
        },
      },
      ...(setting.executionRole
        ? [
            {
              name: 'sidecar',
              image: PRIVATE_IMAGE,
              essential: false,
              memory: 128,
              repositoryCredentials: { credentialsParameter: world.arns.registry },
            },
          ]
        : []),
    ],
  });
  return registered.taskDefinition!.taskDefinitionArn!;
}

/** Adds a container instance with the role to a cluster. Throws what the server says when it cannot. */
export async function addInstance(
  world: Pick<World, 'client'>,
  setting: Pick<Setting, 'launchType' | 'published'>,
  cluster: string,
  role: string,
  switches: Readonly<Record<string, boolean>> = setting.published === true
    ? { logsWithExecutionRole: false, pullsWithExecutionRole: false }
    : {},
): Promise<void> {
  const answer = await world.client.fetchSigned(
    'POST',
    '/_rolecall/instances',
    JSON.stringify({ cluster, role, launchType: setting.launchType, switches }),
  );
  if (answer.status !== 200) throw new Error(answer.body.toString());
}

export function runTask(
  world: Pick<World, 'ecs'>,
  setting: Pick<Setting, 'launchType'>,
  cluster: string,
  taskDefinition: string,
) {
  const input: RunTaskCommandInput = {
    cluster,
    taskDefinition,
    launchType: setting.launchType,
    ...(setting.launchType === 'FARGATE'
      ? { networkConfiguration: { awsvpcConfiguration: { subnets: ['subnet-00000000'] } } }
      : {}),
  };
  return world.ecs.runTask(input);
}

/** Waits until the task has stopped. */
export async function stopped(world: Pick<World, 'ecs'>, cluster: string, taskArn: string): Promise<Task> {
  for (;;) {
    const { tasks } = await world.ecs.describeTasks({ cluster, tasks: [taskArn] });
    const task = tasks![0]!;
    if (task.lastStatus === 'STOPPED') return task;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

export async function trailOf(world: Pick<World, 'client'>, taskArn: string): Promise<TrailEntry[]> {
  const { body } = await world.client.fetchSigned('GET', `/_rolecall/trail?task=${encodeURIComponent(taskArn)}`);
  return body
    .toString()
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => (JSON.parse(line) as { value: TrailEntry }).value);
}
