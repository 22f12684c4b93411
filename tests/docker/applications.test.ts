import { CloudWatchLogs } from '@aws-sdk/client-cloudwatch-logs';
import { ECS, type NetworkMode, type Task } from '@aws-sdk/client-ecs';
import { IAM } from '@aws-sdk/client-iam';
import { SQS } from '@aws-sdk/client-sqs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { RunningServer } from '../../src/server.ts';
import { AwsClient } from '../../src/wire/client.ts';
import { ACCOUNT, addInstance, makeRole, REGION, runTask, stopped, trailOf } from '../matrix/world.ts';
import { push } from '../registry/built-image.ts';
import { makeRepository, wholeTrail } from '../registry/pull-world.ts';
import { namespaceRuntime } from '../runtime/subjects.ts';
import { startTestServer } from '../wire/server.ts';
import { nodeImage, noPython, pythonImage } from './applications/images.ts';
import { noImages, removeImages } from './images.ts';
import { engine, noDocker } from './subject.ts';

/** Repositories of this test alone: what it leaves in the Docker Engine can be found by them. */
const OURS = 'unmodified-applications';
const QUEUE = `arn:aws:sqs:${REGION}:${ACCOUNT}:${OURS}`;

/** Where an application runs, and whose credentials its SDK finds there. */
interface Place {
  readonly name: string;
  readonly launchType: 'FARGATE' | 'EC2';
  readonly networkMode: NetworkMode;
  readonly taskRole: boolean;
  readonly finds: 'task' | 'instance' | 'nothing';
  readonly cluster: string;
}

const PLACES: readonly Place[] = [
  { name: 'Fargate', launchType: 'FARGATE', networkMode: 'awsvpc', taskRole: true, finds: 'task', cluster: 'place-1' },
  { name: 'EC2, awsvpc', launchType: 'EC2', networkMode: 'awsvpc', taskRole: true, finds: 'task', cluster: 'place-2' },
  { name: 'EC2, bridge', launchType: 'EC2', networkMode: 'bridge', taskRole: true, finds: 'task', cluster: 'place-3' },
  {
    name: 'EC2, awsvpc, without a task role: the instance role, from instance metadata',
    launchType: 'EC2',
    networkMode: 'awsvpc',
    taskRole: false,
    finds: 'instance',
    cluster: 'place-4',
  },
  {
    name: 'EC2, bridge, without a task role: the instance role, from instance metadata',
    launchType: 'EC2',
    networkMode: 'bridge',
    taskRole: false,
    finds: 'instance',
    cluster: 'place-5',
  },
  {
    name: 'Fargate, without a task role: no credentials',
    launchType: 'FARGATE',
    networkMode: 'awsvpc',
    taskRole: false,
    finds: 'nothing',
    cluster: 'place-6',
  },
];

const APPLICATIONS = [
  { application: 'boto3', image: pythonImage, lacking: noPython, without: 'NoCredentialsError' },
  { application: 'Node, SDK v3', image: nodeImage, lacking: undefined, without: 'CredentialsProviderError' },
];

const RUNTIMES = [
  { runtime: 'docker' as const, unavailable: noDocker },
  { runtime: 'namespace' as const, unavailable: namespaceRuntime.unavailable ?? noImages },
];

const CASES = RUNTIMES.flatMap(({ runtime, unavailable }) =>
  APPLICATIONS.map(({ lacking, ...rest }) => ({ runtime, ...rest, unavailable: unavailable ?? lacking })),
);

describe.each(CASES)('$application, unmodified, $runtime runtime', ({ runtime, image, without, unavailable }) => {
  describe.skipIf(unavailable !== undefined)(
    unavailable === undefined ? 'in a container' : `skipped: ${unavailable}`,
    () => {
      let server: RunningServer;
      let world: { ecs: ECS; iam: IAM; logs: CloudWatchLogs; client: AwsClient };

      beforeAll(async () => {
        server = await startTestServer({ runtime });
        const config = { endpoint: server.endpoint, region: REGION, credentials: server.credentials, maxAttempts: 1 };
        world = {
          ecs: new ECS(config),
          iam: new IAM(config),
          logs: new CloudWatchLogs(config),
          client: new AwsClient(config),
        };
        await makeRepository(server, OURS, undefined);
        await push(server, OURS, '1', image());
        await new SQS(config).createQueue({ QueueName: OURS });
        await world.logs.createLogGroup({ logGroupName: OURS });
        const everywhere = (...actions: string[]) => actions.map((action) => ({ action, resource: '*' }));
        const allowed = ['sqs:GetQueueUrl', 'sqs:SendMessage'].map((action) => ({ action, resource: QUEUE }));
        const agent = ['RegisterContainerInstance', 'DiscoverPollEndpoint', 'Poll', 'StartTelemetrySession']
          .concat('SubmitTaskStateChange', 'SubmitContainerStateChange')
          .map((name) => `ecs:${name}`);
        const pullAndLog = ['ecr:GetAuthorizationToken', 'ecr:BatchGetImage', 'ecr:GetDownloadUrlForLayer'].concat(
          'logs:CreateLogStream',
          'logs:PutLogEvents',
        );
        await makeRole(world, 'application', 'task', allowed);
        await makeRole(world, 'execution', 'execution', everywhere(...pullAndLog));
        // A place has a cluster of its own, and its instance a role: what it calls belongs to no task.
        for (const { cluster, launchType } of PLACES) {
          await world.ecs.createCluster({ clusterName: cluster });
          if (launchType !== 'EC2') continue;
          await makeRole(world, cluster, 'instance', [...everywhere(...agent), ...allowed]);
          await addInstance(world, { launchType }, cluster, cluster);
        }
      });
      afterAll(async () => {
        world?.client.close();
        await server?.stop();
        if (runtime === 'docker') await removeImages(engine, (name) => name.includes(`/${OURS}`));
      });

      /** Runs the application to its end. Answers the task and what it printed. */
      async function run(place: Place): Promise<{ task: Task; said: Record<string, unknown>[] }> {
        const { launchType, networkMode, taskRole, cluster } = place;
        const { taskDefinition } = await world.ecs.registerTaskDefinition({
          family: OURS,
          requiresCompatibilities: [launchType],
          networkMode,
          cpu: '256',
          memory: '512',
          executionRoleArn: 'execution',
          ...(taskRole ? { taskRoleArn: 'application' } : {}),
          containerDefinitions: [
            {
              name: 'app',
              image: `${ACCOUNT}.dkr.ecr.${REGION}.amazonaws.com/${OURS}:1`,
              essential: true,
              memory: 256,
              environment: [{ name: 'QUEUE_NAME', value: OURS }],
              logConfiguration: {
                logDriver: 'awslogs',
                options: { 'awslogs-group': OURS, 'awslogs-region': REGION, 'awslogs-stream-prefix': 'x' },
              },
            },
          ],
        });
        const definition = taskDefinition!.taskDefinitionArn!;
        const subnets = networkMode === 'awsvpc' ? 'FARGATE' : 'EC2';
        const { tasks, failures } =
          subnets === 'FARGATE'
            ? await world.ecs.runTask({
                cluster,
                taskDefinition: definition,
                launchType,
                networkConfiguration: { awsvpcConfiguration: { subnets: ['subnet-00000000'] } },
              })
            : await runTask(world, { launchType }, cluster, definition);
        expect(failures).toEqual([]);
        const task = await stopped(world, cluster, tasks![0]!.taskArn!);
        const logStreamName = `x/app/${task.taskArn!.split('/').at(-1)}`;
        const { events = [] } = await world.logs
          .getLogEvents({ logGroupName: OURS, logStreamName, startFromHead: true })
          .catch(() => ({ events: [] }));
        const said = events.map(({ message = '' }) => (message.startsWith('{') ? JSON.parse(message) : { message }));
        return { task, said };
      }

      it.concurrent.each(PLACES)('$name', async (place) => {
        const { task, said } = await run(place);
        const why = JSON.stringify([task.stoppedReason, task.containers?.[0]?.reason, said]);
        const ofTask = await trailOf(world, task.taskArn!);
        if (place.finds === 'nothing') {
          expect(said, why).toEqual([{ without }]);
          expect(task.containers?.[0]?.exitCode).toBe(7);
          expect(ofTask.filter(({ stage }) => stage === 'running')).toEqual([]);
          return;
        }
        const role = place.finds === 'task' ? 'application' : place.cluster;
        const { containerInstances } =
          place.launchType === 'EC2'
            ? await world.ecs.describeContainerInstances({
                cluster: place.cluster,
                containerInstances: [task.containerInstanceArn!],
              })
            : { containerInstances: [] };
        const session =
          place.finds === 'task' ? task.taskArn!.split('/').at(-1) : containerInstances?.[0]?.ec2InstanceId;
        const identity = `arn:aws:sts::${ACCOUNT}:assumed-role/${role}/${session}`;
        expect(said, why).toEqual([
          { identity },
          { sent: true },
          {
            refused: expect.stringMatching(/AccessDenied/),
            message: expect.stringContaining(
              `${identity} is not authorized to perform: sqs:deletequeue on resource: ${QUEUE} because no identity-based policy allows the sqs:deletequeue action`,
            ),
          },
        ]);
        expect(task.containers?.[0]?.exitCode).toBe(0);
        const trail = (await wholeTrail(world)).filter(
          ({ principalArn, service }) => principalArn === identity && ['sqs', 'sts'].includes(service),
        );
        expect(trail.map(({ operation, outcome }) => `${operation} ${outcome}`)).toEqual([
          'GetCallerIdentity allowed',
          'GetQueueUrl allowed',
          'SendMessage allowed',
          'DeleteQueue denied',
        ]);
        for (const call of trail) {
          expect(call).toMatchObject({
            role: place.finds === 'task' ? 'task' : 'container-instance',
            principalArn: identity,
          });
        }
      });
    },
  );
});
