import { afterEach, expect, test } from 'vitest';
import type { LaunchType } from '../roles/duty.ts';
import { taskPlan } from '../roles/plan.ts';
import { ecrService } from '../services/ecr/index.ts';
import { describeForAgent } from '../services/ecs/agent-view.ts';
import { ecsService } from '../services/ecs/index.ts';
import { createIdentities } from '../services/iam/identities.ts';
import { iamService } from '../services/iam/index.ts';
import { kmsService } from '../services/kms/index.ts';
import { logsService } from '../services/logs/index.ts';
import { s3Service } from '../services/s3/index.ts';
import { secretsmanagerService } from '../services/secretsmanager/index.ts';
import { ssmService } from '../services/ssm/index.ts';
import { stsService } from '../services/sts/index.ts';
import type { ContainerDefinition } from '../wire/generated/types/ecs.ts';
import { type AgentBench, createAgentBench } from './testing.ts';

const services = [
  ecrService,
  ecsService,
  iamService,
  kmsService,
  logsService,
  s3Service,
  secretsmanagerService,
  ssmService,
  stsService,
];
const ALL = [{ Version: '2012-10-17', Statement: [{ Effect: 'Allow', Action: '*', Resource: '*' }] }];
const REGISTRY = '000000000000.dkr.ecr.eu-west-1.amazonaws.com';

let bench: AgentBench;
afterEach(() => bench.close());

async function containers(): Promise<readonly ContainerDefinition[]> {
  const secret = async (Name: string, SecretString: string) =>
    (await bench.call('secretsmanager', 'CreateSecret', { Name, SecretString })).ARN ?? '';
  const database = await secret('db', '{"user":"me"}');
  const registry = await secret('registry', '{"username":"me","password":"x"}');
  await bench.call('ssm', 'PutParameter', { Name: '/a', Type: 'SecureString', Value: 'a' });
  await bench.call('ssm', 'PutParameter', { Name: '/b', Type: 'String', Value: 'b' });
  await bench.call('s3', 'CreateBucket', {
    Bucket: 'config',
    CreateBucketConfiguration: { LocationConstraint: 'eu-west-1' },
  });
  await bench.call('s3', 'PutObject', { Bucket: 'config', Key: 'app.env', Body: Buffer.from('A=1') });
  const logConfiguration = (group: string) => ({
    logDriver: 'awslogs' as const,
    options: {
      'awslogs-group': group,
      'awslogs-region': 'eu-west-1',
      'awslogs-stream-prefix': 'x',
      'awslogs-create-group': 'true',
    },
  });
  return [
    {
      name: 'app',
      image: `${REGISTRY}/app:1`,
      memory: 64,
      command: [process.execPath, '-e', 'console.log("app"); setTimeout(() => {}, 300)'],
      secrets: [
        { name: 'USER', valueFrom: `${database}:user::` },
        { name: 'A', valueFrom: '/a' },
        { name: 'B', valueFrom: '/b' },
      ],
      environmentFiles: [{ type: 's3', value: 'arn:aws:s3:::config/app.env' }],
      logConfiguration: logConfiguration('/app'),
    },
    {
      name: 'sidecar',
      image: `${REGISTRY}/sidecar`,
      memory: 64,
      essential: false,
      command: [process.execPath, '-e', 'console.log("sidecar")'],
      logConfiguration: logConfiguration('/sidecar'),
    },
    {
      name: 'private',
      image: 'registry.example/private:1',
      memory: 64,
      essential: false,
      command: ['/bin/true'],
      repositoryCredentials: { credentialsParameter: registry },
    },
  ];
}

/** Without repetitions: of calls that the plan says are repeated, one counts. */
function once(calls: readonly string[]): string[] {
  return [...new Set(calls)];
}

test.each<{ launchType: LaunchType; switches?: Record<string, boolean> }>([
  { launchType: 'FARGATE' },
  { launchType: 'EC2' },
  { launchType: 'EC2', switches: { logsWithExecutionRole: false, pullsWithExecutionRole: false } },
  { launchType: 'EXTERNAL' },
])(
  'the calls of the trail are those of the plan, in its order: $launchType $switches',
  async ({ launchType, switches = {} }) => {
    bench = await createAgentBench(services, { identities: createIdentities() });
    bench.clock.advance(Date.now() - bench.clock.now());
    await bench.call('ecs', 'CreateCluster', { clusterName: 'default' });
    const instance =
      launchType === 'FARGATE'
        ? {}
        : await bench.agent.addContainerInstance({ cluster: 'default', launchType, switches });
    if (launchType !== 'FARGATE') {
      // The managed policy of container instances does not let them make log groups.
      const RoleName = launchType === 'EC2' ? 'ecsInstanceRole' : 'ecsExternalInstanceRole';
      await bench.call('iam', 'PutRolePolicy', { RoleName, PolicyName: 'all', PolicyDocument: JSON.stringify(ALL[0]) });
    }
    const task = bench.addTask({ launchType, containers: await containers(), execution: ALL, ...instance });
    const stopped = await bench.stopped(task.arn);
    expect(stopped.containers.map((container) => container.exitCode)).toEqual([0, 0, 0]);

    const definition = describeForAgent(bench.store, task.arn)?.definition ?? {};
    const options = {
      launchType,
      region: task.region,
      account: task.account,
      cluster: 'default',
      taskId: task.id,
      ...switches,
    };
    const planned = taskPlan(definition, options)
      .filter((call) => call.via === undefined)
      .map(
        (call) => `${call.stage} ${call.role} ${call.operation} ${call.checks.map((check) => check.resource).join()}`,
      );
    const role = (name: string) => (name === 'app-execution' ? 'task-execution' : 'container-instance');
    const made = bench
      .trail()
      .filter((entry) => entry.taskArn === task.arn && entry.stage !== 'instance' && entry.parentEventId === undefined)
      .map(
        (entry) =>
          `${entry.stage} ${role(entry.principalName)} ${entry.operation} ${entry.checks.map((check) => check.resource).join()}`,
      );

    // Batches of events come when there is something to send; everything else in the order of the plan.
    const inOrder = (calls: readonly string[]) => once(calls).filter((call) => !call.includes('PutLogEvents'));
    expect(inOrder(made)).toEqual(inOrder(planned));
    expect(once(made).sort()).toEqual(once(planned).sort());
  },
);
