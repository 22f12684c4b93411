import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ECS } from '@aws-sdk/client-ecs';
import { IAM } from '@aws-sdk/client-iam';
import { build } from 'esbuild';
import { describe, expect, it } from 'vitest';
import { namespaceSupport } from '../../src/agent/runtimes/namespace/support.ts';
import { startTestServer } from '../wire/server.ts';

const { reason } = namespaceSupport();

/** Asks on and on who it is, by HTTPS and with an endpoint of AWS in its code. */
const ASK = `
import { STS } from '@aws-sdk/client-sts';
const sts = new STS({ region: 'eu-west-1', maxAttempts: 1, endpoint: 'https://sts.eu-west-1.amazonaws.com' });
setInterval(() => sts.getCallerIdentity({}).catch(() => {}), 200);
`;

describe.skipIf(reason !== undefined)(
  `transparent mode over a restart${reason === undefined ? '' : ` (skipped: ${reason})`}`,
  () => {
    it('containers that run on trust the server that is started again on its data', async () => {
      const directory = mkdtempSync(join(tmpdir(), 'rolecall-transparent-restart-'));
      const data = join(directory, 'data');
      const application = join(directory, 'application');
      await build({
        stdin: { contents: ASK, resolveDir: import.meta.dirname },
        outfile: join(application, 'ask.mjs'),
        bundle: true,
        platform: 'node',
        format: 'esm',
        banner: { js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);" },
      });
      writeFileSync(join(application, 'package.json'), '{"type":"module"}');
      let heard: () => void = () => {};
      const start = () =>
        startTestServer({
          data,
          runtime: 'namespace',
          transparent: true,
          standIns: [
            { pattern: '*', program: { command: [process.execPath, 'ask.mjs'], workingDirectory: application } },
          ],
          onCall: ({ value }) => {
            if (value.operation === 'GetCallerIdentity' && value.taskArn !== undefined) heard();
          },
        });
      const next = () => new Promise<void>((resolve) => (heard = resolve));
      const authority = () => readFileSync(join(data, 'transparent', 'authority.json'), 'utf8');
      try {
        const first = await start();
        const config = { endpoint: first.endpoint, credentials: first.credentials, region: 'eu-west-1' };
        const trust = {
          Version: '2012-10-17',
          Statement: [{ Effect: 'Allow', Principal: { Service: 'ecs-tasks.amazonaws.com' }, Action: 'sts:AssumeRole' }],
        };
        await new IAM(config).createRole({ RoleName: 'task', AssumeRolePolicyDocument: JSON.stringify(trust) });
        const ecs = new ECS(config);
        await ecs.createCluster({ clusterName: 'default' });
        await ecs.registerTaskDefinition({
          family: 'app',
          requiresCompatibilities: ['FARGATE'],
          networkMode: 'awsvpc',
          cpu: '256',
          memory: '512',
          taskRoleArn: 'task',
          // Node as the first process does not end by SIGTERM.
          containerDefinitions: [{ name: 'app', image: 'app', stopTimeout: 2 }],
        });
        await ecs.runTask({
          taskDefinition: 'app',
          launchType: 'FARGATE',
          networkConfiguration: { awsvpcConfiguration: { subnets: ['subnet-1'] } },
        });
        await next();
        const before = authority();
        expect(statSync(join(data, 'transparent', 'authority.json')).mode & 0o777).toBe(0o600);
        await first.stop();
        const second = await start();
        await next();
        expect(authority()).toBe(before);
        const later = new ECS({ ...config, endpoint: second.endpoint });
        const { taskArns: tasks = [] } = await later.listTasks({});
        expect(tasks).toHaveLength(1);
        await later.stopTask({ task: tasks[0] });
        const status = async () => (await later.describeTasks({ tasks })).tasks?.[0]?.lastStatus;
        await expect.poll(status, { timeout: 60_000 }).toBe('STOPPED');
        await second.stop();
      } finally {
        rmSync(directory, { recursive: true, force: true });
      }
    });
  },
);
