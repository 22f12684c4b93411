import { ECS, type RegisterTaskDefinitionCommandInput, type Task } from '@aws-sdk/client-ecs';
import { IAM } from '@aws-sdk/client-iam';
import { S3 } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ContainerInspection } from '../../src/agent/runtimes/docker/engine-types.ts';
import { AwsClient } from '../../src/wire/client.ts';
import { rolecall, type Served, up } from '../system/program.ts';
import { engine, image, noDocker } from './subject.ts';

type Containers = NonNullable<RegisterTaskDefinitionCommandInput['containerDefinitions']>;

const sh = (script: string) => ['/bin/sh', '-c', script];

/** What the agent does with containers of the Engine, seen through the API. */
describe.skipIf(noDocker !== undefined)(
  `a task's life${noDocker === undefined ? '' : ` (skipped: ${noDocker})`}`,
  () => {
    let server: Served;
    let ecs: ECS;
    let config: { endpoint: string; region: string; credentials: { accessKeyId: string; secretAccessKey: string } };
    beforeAll(async () => {
      server = await up(['--ephemeral', '--runtime', 'docker']);
      config = {
        endpoint: server.endpoint,
        region: 'eu-west-1',
        credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
      };
      ecs = new ECS({ ...config, maxAttempts: 1 });
      await ecs.createCluster({ clusterName: 'default' });
      await rolecall(['instance', 'add', '--endpoint', server.endpoint]);
    });
    afterAll(async () => {
      ecs?.destroy();
      await server?.end('SIGTERM');
    });

    async function start(
      containerDefinitions: Containers,
      more: Partial<RegisterTaskDefinitionCommandInput> = {},
    ): Promise<string> {
      const family = `life-${Math.random().toString(36).slice(2)}`;
      await ecs.registerTaskDefinition({
        family,
        networkMode: 'bridge',
        containerDefinitions: containerDefinitions.map((each) => ({ image, memory: 128, stopTimeout: 2, ...each })),
        ...more,
      });
      const { tasks, failures } = await ecs.runTask({ taskDefinition: family, launchType: 'EC2' });
      expect(failures).toEqual([]);
      return tasks?.[0]?.taskArn ?? '';
    }

    async function until(task: string, status: string): Promise<Task> {
      for (;;) {
        const { tasks = [] } = await ecs.describeTasks({ tasks: [task] });
        if (tasks[0]?.lastStatus === status || tasks[0]?.lastStatus === 'STOPPED') return tasks[0];
        await new Promise((resolve) => setTimeout(resolve, 100));
      }
    }

    async function outputOf(task: string): Promise<string[]> {
      const client = new AwsClient(config);
      const { body } = await client.fetchSigned('GET', `/_rolecall/output?task=${encodeURIComponent(task)}`);
      client.close();
      return body
        .toString()
        .trim()
        .split('\n')
        .map((line) => (JSON.parse(line) as { line: string }).line);
    }

    const ends = ({ containers = [] }: Task) =>
      Object.fromEntries(containers.map(({ name = '', exitCode, reason }) => [name, [exitCode, reason]]));

    it('the metadata names the container as Docker does', async () => {
      const task = await start([
        { name: 'a_b', command: sh('wget -q -O - $ECS_CONTAINER_METADATA_URI_V4; echo; exec sleep 1000') },
      ]);
      const { containers = [] } = await until(task, 'RUNNING');
      let said: string[] = [];
      while (said.length === 0 || said[0] === '') said = await outputOf(task).catch(() => ['']);
      const { DockerName, DockerId } = JSON.parse(said[0] ?? '{}') as { DockerName: string; DockerId: string };
      expect(DockerName).toMatch(/^ecs-life-\w+-1-ab-[0-9a-f]{20}$/);
      const inspected = await engine.get<ContainerInspection>(`/containers/${DockerName}/json`);
      expect(inspected.Id).toBe(DockerId);
      expect(containers[0]?.runtimeId).toBe(DockerId);
      await ecs.stopTask({ task });
      await until(task, 'STOPPED');
    });

    it('dependsOn: after the start, the end, the success and the health of another', async () => {
      const task = await start([
        { name: 'setup', essential: false, command: sh('sleep 0.3; echo setup') },
        { name: 'failing', essential: false, command: sh('sleep 0.2; echo failing; exit 3') },
        {
          name: 'db',
          essential: false,
          command: sh('echo db; sleep 1; touch /tmp/ready; exec sleep 1000'),
          healthCheck: { command: ['CMD-SHELL', 'test -e /tmp/ready'], interval: 5, retries: 10, timeout: 30 },
          dependsOn: [{ containerName: 'setup', condition: 'SUCCESS' }],
        },
        {
          name: 'app',
          command: sh('echo app'),
          dependsOn: [
            { containerName: 'db', condition: 'HEALTHY' },
            { containerName: 'failing', condition: 'COMPLETE' },
            { containerName: 'setup', condition: 'COMPLETE' },
          ],
        },
      ]);
      const stopped = await until(task, 'STOPPED');
      expect(stopped.stopCode).toBe('EssentialContainerExited');
      expect(ends(stopped)).toMatchObject({ setup: [0, undefined], failing: [3, undefined], app: [0, undefined] });
      const said = await outputOf(task);
      expect(said.indexOf('db')).toBeGreaterThan(said.indexOf('setup'));
      expect(said.at(-1)).toBe('app');
    });

    it('what waits in vain does not start: success that does not come, health that takes too long', async () => {
      const failed = await start([
        { name: 'setup', essential: false, command: sh('exit 1') },
        { name: 'app', command: sh('echo app'), dependsOn: [{ containerName: 'setup', condition: 'SUCCESS' }] },
      ]);
      expect(ends(await until(failed, 'STOPPED')).app?.[1]).toContain('dependency did not exit successfully');
      const late = await start([
        {
          name: 'db',
          essential: false,
          startTimeout: 2,
          command: ['sleep', '1000'],
          healthCheck: { command: ['CMD', 'false'], interval: 5, retries: 10 },
        },
        { name: 'app', command: sh('echo app'), dependsOn: [{ containerName: 'db', condition: 'HEALTHY' }] },
      ]);
      expect(ends(await until(late, 'STOPPED')).app?.[1]).toContain('has timed out');
    });

    it('too much memory: OutOfMemoryError and 137; no heed of SIGTERM: 137 after stopTimeout', async () => {
      // A small program: a large one that hardly fits reads its own pages from the disk for minutes before it is ended.
      const task = await start([{ name: 'app', memory: 64, command: sh('exec tail /dev/zero') }]);
      const stopped = await until(task, 'STOPPED');
      expect(stopped).toMatchObject({
        stopCode: 'EssentialContainerExited',
        stoppedReason: 'Essential container in task exited',
      });
      expect(ends(stopped)).toEqual({ app: [137, 'OutOfMemoryError: Container killed due to memory usage'] });
      const deaf = await start([
        { name: 'app', stopTimeout: 2, command: sh('trap "" TERM; while :; do sleep 1; done') },
      ]);
      await until(deaf, 'RUNNING');
      await ecs.stopTask({ task: deaf });
      expect(ends(await until(deaf, 'STOPPED'))).toEqual({ app: [137, undefined] });
    });

    it('environment files come from S3, with the execution role', async () => {
      const iam = new IAM(config);
      const trust = {
        Version: '2012-10-17',
        Statement: [{ Effect: 'Allow', Principal: { Service: 'ecs-tasks.amazonaws.com' }, Action: 'sts:AssumeRole' }],
      };
      await iam.createRole({ RoleName: 'execution', AssumeRolePolicyDocument: JSON.stringify(trust) });
      const policy = {
        Version: '2012-10-17',
        Statement: [{ Effect: 'Allow', Action: ['s3:GetObject', 's3:GetBucketLocation'], Resource: '*' }],
      };
      await iam.putRolePolicy({
        RoleName: 'execution',
        PolicyName: 'files',
        PolicyDocument: JSON.stringify(policy),
      });
      const s3 = new S3({ ...config, forcePathStyle: true });
      await s3.createBucket({ Bucket: 'settings' });
      await s3.putObject({ Bucket: 'settings', Key: 'app.env', Body: 'FROM_FILE=file\nBOTH=file\n' });
      const task = await start(
        [
          {
            name: 'app',
            command: sh('echo $FROM_FILE $BOTH'),
            environment: [{ name: 'BOTH', value: 'definition' }],
            environmentFiles: [{ type: 's3', value: 'arn:aws:s3:::settings/app.env' }],
          },
        ],
        { executionRoleArn: 'execution' },
      );
      const stopped = await until(task, 'STOPPED');
      expect(ends(stopped), stopped.stoppedReason).toEqual({ app: [0, undefined] });
      expect(await outputOf(task)).toEqual(['file definition']);
    });

    it('what cannot be done is refused by name', async () => {
      const task = await start([{ name: 'router', firelensConfiguration: { type: 'fluentbit' } }]);
      const stopped = await until(task, 'STOPPED');
      expect(stopped.stopCode).toBe('TaskFailedToStart');
      expect(stopped.stoppedReason).toContain('firelensConfiguration');
      expect(stopped.stoppedReason).toContain('there is no log router');
    });

    it('ports and their ranges are reported as network bindings', async () => {
      const task = await start([
        {
          name: 'app',
          command: ['sleep', '1000'],
          portMappings: [{ containerPort: 80 }, { containerPortRange: '9000-9002' }],
        },
      ]);
      const { containers = [] } = await until(task, 'RUNNING');
      const [single, range] = containers[0]?.networkBindings ?? [];
      expect(single).toMatchObject({ containerPort: 80, hostPort: expect.any(Number), protocol: 'tcp' });
      expect(range).toMatchObject({
        containerPortRange: '9000-9002',
        hostPortRange: expect.stringMatching(/^\d+-\d+$/),
      });
      await ecs.stopTask({ task });
      await until(task, 'STOPPED');
    });
  },
);
