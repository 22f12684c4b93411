import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ECS, type Task } from '@aws-sdk/client-ecs';
import { IAM } from '@aws-sdk/client-iam';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { RunningServer } from '../../src/server.ts';
import { AwsClient } from '../../src/wire/client.ts';
import { startTestServer } from '../wire/server.ts';

let server: RunningServer;
let ecs: ECS;
let directory: string;

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'rolecall-fall-through-'));
  // Who am I, asked with an unmodified SDK and its default chain of credentials.
  writeFileSync(
    join(directory, 'who.cjs'),
    `const { STS } = require(${JSON.stringify(fileURLToPath(import.meta.resolve('@aws-sdk/client-sts')))});
     const { writeFileSync } = require('node:fs');
     new STS({ maxAttempts: 1 }).getCallerIdentity({}).then(({ Arn }) => Arn, ({ name }) => name).then((said) => writeFileSync(process.env.OUT, said + '\\n'));`,
  );
  server = await startTestServer({ standIns: [{ pattern: 'program', program: 'host' }] });
  const config = { endpoint: server.endpoint, credentials: server.credentials, region: 'eu-west-1', maxAttempts: 1 };
  ecs = new ECS(config);
  const trust = {
    Version: '2012-10-17',
    Statement: [{ Effect: 'Allow', Principal: { Service: 'ecs-tasks.amazonaws.com' }, Action: 'sts:AssumeRole' }],
  };
  await new IAM(config).createRole({ RoleName: 'task', AssumeRolePolicyDocument: JSON.stringify(trust) });
});

afterAll(async () => {
  await server.stop();
  rmSync(directory, { recursive: true, force: true });
});

async function addInstance(cluster: string, switches: Record<string, boolean> = {}): Promise<string> {
  await ecs.createCluster({ clusterName: cluster });
  const client = new AwsClient({ endpoint: server.endpoint, region: 'eu-west-1', credentials: server.credentials });
  const answer = await client.fetchSigned(
    'POST',
    '/_rolecall/instances',
    JSON.stringify({ cluster, launchType: 'EC2', switches }),
  );
  expect(answer.status, answer.body.toString()).toBe(200);
  return (JSON.parse(answer.body.toString()) as { ec2InstanceId: string }).ec2InstanceId;
}

/** What the application says of itself. */
async function whoIsIt(
  cluster: string,
  launchType: 'EC2' | 'FARGATE',
  networkMode: 'bridge' | 'host' | 'awsvpc',
  taskRoleArn?: string,
): Promise<string> {
  const out = join(directory, Math.random().toString(36).slice(2));
  const family = `who-${Math.random().toString(36).slice(2)}`;
  await ecs.registerTaskDefinition({
    family,
    networkMode,
    cpu: '256',
    memory: '512',
    requiresCompatibilities: [launchType],
    ...(taskRoleArn === undefined ? {} : { taskRoleArn }),
    containerDefinitions: [
      {
        name: 'app',
        image: 'program',
        command: [process.execPath, join(directory, 'who.cjs')],
        environment: [{ name: 'OUT', value: out }],
      },
    ],
  });
  const { tasks, failures } = await ecs.runTask({
    cluster,
    taskDefinition: family,
    launchType,
    ...(networkMode === 'awsvpc' ? { networkConfiguration: { awsvpcConfiguration: { subnets: ['subnet-1'] } } } : {}),
  });
  expect(failures).toEqual([]);
  let task: Task | undefined = tasks![0];
  while (task?.lastStatus !== 'STOPPED') {
    await new Promise((resolve) => setTimeout(resolve, 20));
    task = (await ecs.describeTasks({ cluster, tasks: [tasks![0]!.taskArn!] })).tasks?.[0];
  }
  return readFileSync(out, 'utf8').trim();
}

describe('an application without a task role', () => {
  it.each(['bridge', 'host'] as const)('falls through to the instance role on EC2 in %s mode', async (networkMode) => {
    const instance = await addInstance(`ec2-${networkMode}`);
    expect(await whoIsIt(`ec2-${networkMode}`, 'EC2', networkMode)).toBe(
      `arn:aws:sts::000000000000:assumed-role/ecsInstanceRole/${instance}`,
    );
  });

  it('finds nothing on EC2 in awsvpc mode when the agent blocks IMDS', async () => {
    await addInstance('ec2-blocked', { awsvpcBlockImds: true });
    expect(await whoIsIt('ec2-blocked', 'EC2', 'awsvpc')).toBe('CredentialsProviderError');
  });

  it('finds nothing on Fargate', async () => {
    await ecs.createCluster({ clusterName: 'fargate' });
    expect(await whoIsIt('fargate', 'FARGATE', 'awsvpc')).toBe('CredentialsProviderError');
  });
});

it('an application with a task role uses it, on EC2 as on Fargate', async () => {
  await addInstance('ec2-role');
  expect(await whoIsIt('ec2-role', 'EC2', 'bridge', 'task')).toMatch(
    /^arn:aws:sts::000000000000:assumed-role\/task\/[0-9a-f]{32}$/,
  );
  expect(await whoIsIt('ec2-role', 'FARGATE', 'awsvpc', 'task')).toMatch(
    /^arn:aws:sts::000000000000:assumed-role\/task\/[0-9a-f]{32}$/,
  );
});
