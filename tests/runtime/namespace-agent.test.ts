import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import type { Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build } from 'esbuild';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Agent } from '../../src/agent/agent.ts';
import { NamespaceRuntime } from '../../src/agent/runtimes/namespace/namespace.ts';
import { type AgentBench, createAgentBench } from '../../src/agent/testing.ts';
import { close, listen } from '../../src/core/listening.ts';
import { handleHttp } from '../../src/gateway/http.ts';
import { createListener } from '../../src/gateway/listener.ts';
import { ecrService } from '../../src/services/ecr/index.ts';
import { ecsService } from '../../src/services/ecs/index.ts';
import { createIdentities } from '../../src/services/iam/identities.ts';
import { iamService } from '../../src/services/iam/index.ts';
import { stsService } from '../../src/services/sts/index.ts';
import type { RegisterTaskDefinitionRequest } from '../../src/wire/generated/types/ecs.ts';
import { namespaceRuntime } from './subjects.ts';

const { unavailable } = namespaceRuntime;

/** Who am I, asked with an unmodified SDK and its default chain of credentials. */
const WHO = `
import { STS } from '@aws-sdk/client-sts';
new STS({ maxAttempts: 1 }).getCallerIdentity({}).then(({ Arn }) => Arn, ({ name }) => name).then((said) => console.log(said));
`;

describe.skipIf(unavailable !== undefined)(
  `tasks of the agent in namespaces${unavailable === undefined ? '' : ` (skipped: ${unavailable})`}`,
  () => {
    const application = mkdtempSync(join(tmpdir(), 'rolecall-application-'));
    let bench: AgentBench;
    let agent: Agent;
    let runtime: NamespaceRuntime;
    let server: Server;

    beforeAll(async () => {
      await build({
        stdin: { contents: WHO, resolveDir: import.meta.dirname },
        outfile: join(application, 'who.mjs'),
        bundle: true,
        platform: 'node',
        format: 'esm',
        banner: { js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);" },
      });
      bench = await createAgentBench([ecrService, ecsService, iamService, stsService], {
        identities: createIdentities(),
      });
      await bench.agent.stop({ tasks: 'end' });
      bench.clock.advance(Date.now() - bench.clock.now());
      // Tasks reach the AWS APIs alone: the server's own endpoints are none of theirs.
      const forTasks = createListener({
        aws: (request, abandoned) => handleHttp(bench.gateway, request, abandoned),
        admin: async (_request, response) => {
          response.writeHead(404).end();
        },
      });
      server = createListener({
        aws: (request, abandoned) => handleHttp(bench.gateway, request, abandoned),
        admin: async (_request, response) => {
          response.end('admin');
        },
      });
      const port = await listen(server, 0, '127.0.0.1');
      const endpoint = () => `http://127.0.0.1:${port}`;
      runtime = await NamespaceRuntime.open({
        standIns: [
          { pattern: 'who', program: { command: [process.execPath, 'who.mjs'], workingDirectory: application } },
          { pattern: '*', program: 'host' },
        ],
        store: bench.store,
        server: { endpoint, accept: (socket) => forTasks.emit('connection', socket) },
        keep: false,
        sharedVolumes: join(bench.directory, 'volumes'),
        hidden: [bench.directory],
        knows: () => true,
      });
      agent = new Agent({ ...bench.surroundings, runtime, endpoint });
      agent.events.on('output', (line) => bench.output.push(line));
      await agent.start();
      const trust = (service: string) =>
        JSON.stringify({
          Version: '2012-10-17',
          Statement: [{ Effect: 'Allow', Principal: { Service: service }, Action: 'sts:AssumeRole' }],
        });
      await bench.call('iam', 'CreateRole', {
        RoleName: 'task',
        AssumeRolePolicyDocument: trust('ecs-tasks.amazonaws.com'),
      });
      await bench.call('ecs', 'CreateCluster', { clusterName: 'default' });
    });
    afterAll(async () => {
      await agent?.stop({ tasks: 'end' });
      await runtime?.close();
      await bench?.close();
      if (server !== undefined) await close(server);
      rmSync(application, { recursive: true, force: true });
    });

    type Parts = Partial<RegisterTaskDefinitionRequest> & {
      readonly launchType?: 'FARGATE' | 'EC2';
      readonly cluster?: string;
    };

    async function run({ launchType = 'FARGATE', cluster = 'default', ...parts }: Parts) {
      await bench.call('ecs', 'RegisterTaskDefinition', {
        family: 'app',
        requiresCompatibilities: [launchType],
        networkMode: 'awsvpc',
        cpu: '256',
        memory: '512',
        containerDefinitions: [{ name: 'app', image: 'who' }],
        ...parts,
      });
      const awsvpc = (parts.networkMode ?? 'awsvpc') === 'awsvpc';
      const before = bench.output.length;
      const { tasks, failures } = await bench.call('ecs', 'RunTask', {
        cluster,
        taskDefinition: 'app',
        launchType,
        ...(awsvpc ? { networkConfiguration: { awsvpcConfiguration: { subnets: ['subnet-1'] } } } : {}),
      });
      expect(failures).toEqual([]);
      const arn = tasks?.[0]?.taskArn ?? '';
      for (;;) {
        const [event] = (await once(agent.events, 'ended')) as [{ taskArn: string }];
        if (event.taskArn === arn) break;
      }
      const described = await bench.call('ecs', 'DescribeTasks', { cluster, tasks: [arn] });
      return {
        task: described.tasks?.[0],
        lines: bench.output
          .slice(before)
          .filter(({ stream }) => stream === 'stdout')
          .map(({ line }) => line),
      };
    }

    it('an unmodified SDK finds the task role at 169.254.170.2 and the server at AWS_ENDPOINT_URL', async () => {
      const { task, lines } = await run({ taskRoleArn: 'task' });
      expect(task?.stopCode).toBe('EssentialContainerExited');
      expect(lines).toEqual([expect.stringMatching(/^arn:aws:sts::000000000000:assumed-role\/task\/[0-9a-f]{32}$/)]);
    });

    it('without a task role it finds nothing on Fargate', async () => {
      expect((await run({})).lines).toEqual(['CredentialsProviderError']);
    });

    it('without a task role it falls through to the instance role on EC2, unless that is blocked in awsvpc mode', async () => {
      const instance = await agent.addContainerInstance({ cluster: 'default', launchType: 'EC2' });
      const bridge = await run({ launchType: 'EC2', networkMode: 'bridge' });
      expect(bridge.lines).toEqual([
        `arn:aws:sts::000000000000:assumed-role/ecsInstanceRole/${instance.ec2InstanceId}`,
      ]);
      await bench.call('ecs', 'CreateCluster', { clusterName: 'blocked' });
      await agent.addContainerInstance({ cluster: 'blocked', launchType: 'EC2', switches: { awsvpcBlockImds: true } });
      expect((await run({ launchType: 'EC2', cluster: 'blocked' })).lines).toEqual(['CredentialsProviderError']);
    });

    it('containers of a task share localhost and nothing else; the admin endpoints answer none of them', async () => {
      const serve = `require('node:http').createServer((q, r) => r.end('from the other container')).listen(9000, () => require('node:fs').writeFileSync('/tmp/up', ''))`;
      const ask = `
        const get = (url) => fetch(url).then(async (answer) => answer.status + ' ' + await answer.text(), (error) => error.cause?.code);
        const patiently = async (url) => { for (;;) { const said = await get(url); if (said !== 'ECONNREFUSED') return said; await new Promise((resolve) => setTimeout(resolve, 100)); } };
        (async () => console.log(JSON.stringify([await patiently('http://localhost:9000/'), await get(process.env.AWS_ENDPOINT_URL + '/_rolecall/trail'), require('node:fs').existsSync('/tmp/up')])))()`;
      const { lines } = await run({
        containerDefinitions: [
          {
            name: 'server',
            image: 'host',
            command: [process.execPath, '-e', serve],
            essential: false,
            // Node as the first process does not end by SIGTERM.
            stopTimeout: 2,
            healthCheck: { command: ['CMD-SHELL', 'test -e /tmp/up'], interval: 5, retries: 10 },
          },
          {
            name: 'app',
            image: 'host',
            command: [process.execPath, '-e', ask],
            dependsOn: [{ containerName: 'server', condition: 'START' }],
          },
        ],
      });
      expect(JSON.parse(lines[0] ?? '')).toEqual(['200 from the other container', '404 ', false]);
    });

    it('what cannot be done is refused at the start, with the place in the task definition', async () => {
      const { task } = await run({
        containerDefinitions: [
          {
            name: 'app',
            image: 'who',
            linuxParameters: { capabilities: { add: ['SYS_PTRACE'] } },
            systemControls: [{ namespace: 'kernel.msgmax', value: '1' }],
          },
        ],
      });
      expect(task?.stopCode).toBe('TaskFailedToStart');
      expect(task?.stoppedReason).toContain('/containerDefinitions/0/systemControls/0');
    });

    it('a container that takes more memory than it may ends as in ECS', async () => {
      const hog = 'const held = []; setInterval(() => held.push(Buffer.alloc(16 * 1024 * 1024, 1)), 100)';
      const { task } = await run({
        cpu: '1024',
        memory: '2048',
        containerDefinitions: [{ name: 'app', image: 'host', command: [process.execPath, '-e', hog], memory: 192 }],
      });
      expect(task?.stopCode).toBe('EssentialContainerExited');
      expect(task?.containers?.[0]).toMatchObject({
        exitCode: 137,
        reason: 'OutOfMemoryError: Container killed due to memory usage',
      });
    });

    it('fifty tasks at once come and go, and leave nothing', async () => {
      await bench.call('ecs', 'RegisterTaskDefinition', {
        family: 'many',
        requiresCompatibilities: ['FARGATE'],
        networkMode: 'awsvpc',
        cpu: '256',
        memory: '512',
        containerDefinitions: [{ name: 'app', image: 'host', command: ['/bin/sh', '-c', 'exit 3'] }],
      });
      const tasks: string[] = [];
      for (let left = 5; left > 0; left--) {
        const answer = await bench.call('ecs', 'RunTask', {
          taskDefinition: 'many',
          launchType: 'FARGATE',
          count: 10,
          networkConfiguration: { awsvpcConfiguration: { subnets: ['subnet-1'] } },
        });
        tasks.push(...(answer.tasks ?? []).map(({ taskArn = '' }) => taskArn));
      }
      await Promise.all(tasks.map((arn) => agent.settled(arn)));
      const described = await bench.call('ecs', 'DescribeTasks', { tasks });
      expect(described.tasks?.map(({ containers }) => containers?.[0]?.exitCode)).toEqual(tasks.map(() => 3));
      expect(bench.store.partitions({ name: 'agent/namespaces' })).toEqual([]);
      expect(bench.store.partitions({ name: 'agent/namespace-containers' })).toEqual([]);
    });
  },
);
