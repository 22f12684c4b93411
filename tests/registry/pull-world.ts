import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ECR } from '@aws-sdk/client-ecr';
import { ECS, type Task, type TaskDefinition } from '@aws-sdk/client-ecs';
import { IAM } from '@aws-sdk/client-iam';
import { STS } from '@aws-sdk/client-sts';
import type { AgentNote } from '../../src/agent/ports.ts';
import type { RuntimeName } from '../../src/agent/runtimes/runtime.ts';
import type { TrailEntry } from '../../src/gateway/trail.ts';
import type { RunningServer } from '../../src/server.ts';
import { AwsClient } from '../../src/wire/client.ts';
import { addInstance, makeRole, runTask, stopped } from '../matrix/world.ts';
import { startTestServer } from '../wire/server.ts';
import { type BuiltImage, push } from './built-image.ts';

export const HOME = '000000000000';
/** The account that shares repositories. */
export const OTHER = '111122223333';
export const REGION = 'eu-west-1';

/** Whose role pulls, by launch type and by what decides it on container instances. */
export interface Place {
  readonly name: string;
  readonly launchType: 'FARGATE' | 'EC2' | 'EXTERNAL';
  readonly executionRole: boolean;
  /** The switch of the container instance turned to the instance role. */
  readonly pullsWithExecutionRole?: false;
  readonly puller: 'execution' | 'instance';
}

export const PLACES: readonly Place[] = [
  { name: 'Fargate', launchType: 'FARGATE', executionRole: true, puller: 'execution' },
  { name: 'EC2 with an execution role', launchType: 'EC2', executionRole: true, puller: 'execution' },
  { name: 'EC2 without one', launchType: 'EC2', executionRole: false, puller: 'instance' },
  {
    name: 'EC2 with one, the switch turned to the instance role',
    launchType: 'EC2',
    executionRole: true,
    pullsWithExecutionRole: false,
    puller: 'instance',
  },
  { name: 'external with an execution role', launchType: 'EXTERNAL', executionRole: true, puller: 'execution' },
  { name: 'external without one', launchType: 'EXTERNAL', executionRole: false, puller: 'instance' },
];

/** What a task came to, and everything that ECR was asked in the name of whoever pulls. */
export interface Pulled {
  readonly task: Task;
  readonly definition: TaskDefinition;
  readonly cluster: string;
  readonly calls: readonly TrailEntry[];
  /** ARN of the session that pulls, and its role. */
  readonly user: string;
  readonly role: string;
}

type Granted = readonly { readonly action: string; readonly resource: string }[];

/** A server with a runtime, whose account has repositories with a real image, as another account has. */
export interface PullWorld {
  readonly server: RunningServer;
  /** What the agent has said to whoever runs the server. */
  readonly notes: readonly AgentNote[];
  /** Runs a task of one container in a place. `granted`: what the role may do that pulls there, and the other one. */
  pull(place: Place, image: string, granted: { readonly puller: Granted; readonly other?: Granted }): Promise<Pulled>;
  /** The password that the session of a pull would get from ECR. */
  passwordOf(pulled: Pulled): Promise<string>;
  close(): Promise<void>;
}

const AGENT = ['RegisterContainerInstance', 'DiscoverPollEndpoint', 'Poll', 'StartTelemetrySession']
  .concat('SubmitTaskStateChange', 'SubmitContainerStateChange')
  .map((name) => ({ action: `ecs:${name}`, resource: '*' }));
const SOMETHING_ELSE = { action: 'sqs:SendMessage', resource: '*' };

let number = 0;

export async function openPullWorld(
  runtime: RuntimeName,
  fill: {
    readonly home: (server: RunningServer) => Promise<void>;
    readonly other: (server: RunningServer) => Promise<void>;
  },
): Promise<PullWorld> {
  const directory = mkdtempSync(join(tmpdir(), 'rolecall-pulls-'));
  const data = join(directory, 'data');
  // A server's account is that of its root user; the other account is in the data that an earlier server left.
  const earlier = await startTestServer({ data, account: OTHER });
  await fill.other(earlier);
  await earlier.stop();
  const notes: AgentNote[] = [];
  const server = await startTestServer({ data, account: HOME, runtime, onNote: (note) => notes.push(note) });
  await fill.home(server);
  const config = { endpoint: server.endpoint, region: REGION, credentials: server.credentials, maxAttempts: 1 };
  const world = { ecs: new ECS(config), iam: new IAM(config), client: new AwsClient(config) };
  const somebody = new STS({ ...config, credentials: await makeUser(world.iam, 'somebody') });
  return {
    server,
    notes,
    pull: async (place, image, { puller, other = [] }) => {
      number += 1;
      const cluster = `pulls${number}`;
      const { launchType, executionRole, pullsWithExecutionRole } = place;
      const roles = { execution: `${cluster}-execution`, instance: `${cluster}-instance` };
      const granted = place.puller === 'execution' ? [puller, other] : [other, puller];
      await makeRole(world, roles.execution, 'execution', [SOMETHING_ELSE, ...granted[0]!]);
      const service = launchType === 'EXTERNAL' ? 'ssm.amazonaws.com' : 'ec2.amazonaws.com';
      await makeRole(world, roles.instance, 'instance', [...AGENT, ...granted[1]!], service);
      await world.ecs.createCluster({ clusterName: cluster });
      const switches = pullsWithExecutionRole === undefined ? {} : { pullsWithExecutionRole };
      if (launchType !== 'FARGATE') await addInstance(world, { launchType }, cluster, roles.instance, switches);
      const { taskDefinition } = await world.ecs.registerTaskDefinition({
        family: cluster,
        requiresCompatibilities: [launchType],
        networkMode: launchType === 'FARGATE' ? 'awsvpc' : 'bridge',
        cpu: '256',
        memory: '512',
        ...(executionRole ? { executionRoleArn: `arn:aws:iam::${HOME}:role/${roles.execution}` } : {}),
        containerDefinitions: [{ name: 'app', image, essential: true, memory: 64 }],
      });
      const definition = taskDefinition!;
      const { tasks, failures } = await runTask(world, { launchType }, cluster, definition.taskDefinitionArn!);
      if (tasks?.[0]?.taskArn === undefined) throw new Error(JSON.stringify(failures));
      const task = await stopped(world, cluster, tasks[0].taskArn);
      const session =
        place.puller === 'execution' ? task.taskArn!.split('/').at(-1) : await instanceId(world, cluster, task);
      const role = roles[place.puller];
      const user = `arn:aws:sts::${HOME}:assumed-role/${role}/${session}`;
      const calls = (await wholeTrail(world)).filter(({ service, principalName }) => {
        return service === 'ecr' && Object.values(roles).includes(principalName);
      });
      return { task, definition, cluster, calls, user, role };
    },
    passwordOf: async ({ user, role }) => {
      const RoleArn = `arn:aws:iam::${HOME}:role/${role}`;
      const PolicyDocument = policy({ Principal: { AWS: `arn:aws:iam::${HOME}:root` }, Action: 'sts:AssumeRole' });
      await world.iam.updateAssumeRolePolicy({ RoleName: role, PolicyDocument });
      const { Credentials } = await somebody.assumeRole({ RoleArn, RoleSessionName: user.split('/').at(-1)! });
      const { AccessKeyId, SecretAccessKey, SessionToken } = Credentials!;
      const credentials = {
        accessKeyId: AccessKeyId!,
        secretAccessKey: SecretAccessKey!,
        sessionToken: SessionToken!,
      };
      const { authorizationData } = await new ECR({ ...config, credentials }).getAuthorizationToken({});
      const token = Buffer.from(authorizationData?.[0]?.authorizationToken ?? '', 'base64').toString('utf8');
      return token.slice('AWS:'.length);
    },
    close: async () => {
      world.client.close();
      await server.stop();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

function policy(statement: object): string {
  return JSON.stringify({ Version: '2012-10-17', Statement: [{ Effect: 'Allow', ...statement }] });
}

/** A user that may take on any role that lets it: a root user may take on none. */
async function makeUser(iam: IAM, UserName: string) {
  await iam.createUser({ UserName });
  const PolicyDocument = policy({ Action: 'sts:AssumeRole', Resource: '*' });
  await iam.putUserPolicy({ UserName, PolicyName: 'roles', PolicyDocument });
  const { AccessKey } = await iam.createAccessKey({ UserName });
  return { accessKeyId: AccessKey!.AccessKeyId!, secretAccessKey: AccessKey!.SecretAccessKey! };
}

/** Makes a repository with an image under the tag `1`. */
export async function makeRepository(
  server: RunningServer,
  repositoryName: string,
  image: BuiltImage | undefined,
  statements?: readonly object[],
): Promise<void> {
  const ecr = new ECR({ endpoint: server.endpoint, region: REGION, credentials: server.credentials });
  await ecr.createRepository({ repositoryName });
  if (image !== undefined) await push(server, repositoryName, '1', image);
  const policyText = JSON.stringify({ Version: '2012-10-17', Statement: statements });
  if (statements !== undefined) await ecr.setRepositoryPolicy({ repositoryName, policyText });
}

/** Of all tasks: what a container engine asks the registry for belongs to none. */
export async function wholeTrail({ client }: { client: AwsClient }): Promise<TrailEntry[]> {
  const { body } = await client.fetchSigned('GET', '/_rolecall/trail');
  const lines = body.toString().split('\n');
  return lines.filter((line) => line !== '').map((line) => (JSON.parse(line) as { value: TrailEntry }).value);
}

/** The name of the instance role's session. */
async function instanceId({ ecs }: { ecs: ECS }, cluster: string, task: Task): Promise<string | undefined> {
  const { containerInstances } = await ecs.describeContainerInstances({
    cluster,
    containerInstances: [task.containerInstanceArn!],
  });
  return containerInstances?.[0]?.ec2InstanceId;
}
