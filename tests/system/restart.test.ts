import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ECS, type Task } from '@aws-sdk/client-ecs';
import { IAM } from '@aws-sdk/client-iam';
import { SQS } from '@aws-sdk/client-sqs';
import { SSM } from '@aws-sdk/client-ssm';
import { afterEach, describe, expect, it } from 'vitest';
import { type Served, up } from './program.ts';

const served: Served[] = [];
const directories: string[] = [];
afterEach(async () => {
  for (const server of served.splice(0)) await server.end('SIGKILL');
  for (const directory of directories.splice(0)) rmSync(directory, { recursive: true, force: true });
});

function directory(): string {
  const made = mkdtempSync(join(tmpdir(), 'rolecall-restart-'));
  directories.push(made);
  return made;
}

async function start(data: string, more: readonly string[] = []): Promise<Served> {
  const server = await up(['--data', data, ...more]);
  served.push(server);
  return server;
}

const config = (endpoint: string) => ({
  endpoint,
  region: 'eu-west-1',
  credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
  maxAttempts: 1,
});

describe('a server that is killed in the middle of writes', () => {
  it('has everything that it acknowledged when it is started again', async () => {
    const data = directory();
    const acknowledged: string[] = [];
    for (let round = 0; round < 3; round++) {
      const server = await start(data);
      const ssm = new SSM(config(server.endpoint));
      let stop = false;
      const writers = Array.from({ length: 8 }, async (_, writer) => {
        for (let n = 0; !stop; n++) {
          const Name = `/kill/${round}/${writer}/${n}`;
          try {
            await ssm.putParameter({ Name, Value: 'v', Type: 'String' });
          } catch {
            return;
          }
          acknowledged.push(Name);
        }
      });
      const enough = acknowledged.length + 100;
      while (acknowledged.length < enough) await new Promise((resolve) => setTimeout(resolve, 5));
      await server.end('SIGKILL');
      stop = true;
      await Promise.all(writers);
    }
    const server = await start(data);
    const ssm = new SSM(config(server.endpoint));
    const found = new Set<string>();
    let NextToken: string | undefined;
    do {
      const page = await ssm.getParametersByPath({ Path: '/kill', Recursive: true, NextToken });
      for (const { Name } of page.Parameters ?? []) found.add(Name!);
      NextToken = page.NextToken;
    } while (NextToken !== undefined);
    expect(acknowledged.filter((name) => !found.has(name))).toEqual([]);
  });

  it('goes on with messages, queues and roles where it stood', async () => {
    const data = directory();
    const first = await start(data);
    const { QueueUrl } = await new SQS(config(first.endpoint)).createQueue({ QueueName: 'kept' });
    await new SQS(config(first.endpoint)).sendMessage({ QueueUrl: QueueUrl!, MessageBody: 'hello' });
    await first.end('SIGKILL');
    const second = await start(data);
    const sqs = new SQS(config(second.endpoint));
    const { Messages } = await sqs.receiveMessage({ QueueUrl: `${second.endpoint}/000000000000/kept` });
    expect(Messages?.map(({ Body }) => Body)).toEqual(['hello']);
  });
});

describe('tasks over a restart', () => {
  it('run on with the same credentials id, and end with their own exit code', async () => {
    const data = directory();
    const server = await start(data, ['--stand-in', 'program=host']);
    const ecs = new ECS(config(server.endpoint));
    const iam = new IAM(config(server.endpoint));
    const trust = {
      Version: '2012-10-17',
      Statement: [{ Effect: 'Allow', Principal: { Service: 'ecs-tasks.amazonaws.com' }, Action: 'sts:AssumeRole' }],
    };
    await iam.createRole({ RoleName: 'task', AssumeRolePolicyDocument: JSON.stringify(trust) });
    await ecs.createCluster({ clusterName: 'default' });
    // Prints its credentials' access key at the start and again after the restart, from the same URI.
    const script = `
      const { AWS_CONTAINER_CREDENTIALS_FULL_URI: uri, AWS_CONTAINER_AUTHORIZATION_TOKEN: token } = process.env;
      const ask = () => fetch(uri, { headers: { authorization: token }, signal: AbortSignal.timeout(10000) }).then((a) => a.json()).then((a) => a.AccessKeyId);
      const { writeFileSync } = await import('node:fs');
      // Node does not always wait for a request whose connection is cut.
      setInterval(() => {}, 1000);
      const first = await ask();
      writeFileSync(process.env.HAS_CREDENTIALS, '');
      for (;;) {
        await new Promise((r) => setTimeout(r, 200));
        const again = await ask().catch(() => undefined);
        if (again === undefined) { globalThis.down = true; writeFileSync(process.env.HAS_NONE, ''); continue; }
        if (globalThis.down) process.exit(again === first ? 21 : 22);
      }`;
    const said = { HAS_CREDENTIALS: join(data, 'has-credentials'), HAS_NONE: join(data, 'has-none') };
    await ecs.registerTaskDefinition({
      family: 'survivor',
      requiresCompatibilities: ['FARGATE'],
      networkMode: 'awsvpc',
      cpu: '256',
      memory: '512',
      taskRoleArn: 'task',
      containerDefinitions: [
        {
          name: 'app',
          image: 'program',
          command: [process.execPath, '--input-type=module', '-e', script],
          environment: Object.entries(said).map(([name, value]) => ({ name, value })),
        },
      ],
    });
    const { tasks } = await ecs.runTask({
      taskDefinition: 'survivor',
      launchType: 'FARGATE',
      networkConfiguration: { awsvpcConfiguration: { subnets: ['subnet-1'] } },
    });
    const taskArn = tasks![0]!.taskArn!;
    await until(ecs, taskArn, ({ lastStatus }) => lastStatus === 'RUNNING');
    await expect.poll(() => existsSync(said.HAS_CREDENTIALS)).toBe(true);
    await server.end('SIGKILL');
    await expect.poll(() => existsSync(said.HAS_NONE)).toBe(true);
    const again = new ECS(config((await start(data, ['--stand-in', 'program=host'])).endpoint));
    const task = await until(again, taskArn, ({ lastStatus }) => lastStatus === 'STOPPED');
    expect(task).toMatchObject({
      stopCode: 'EssentialContainerExited',
      containers: [{ name: 'app', lastStatus: 'STOPPED' }],
    });
    // The new server is not the parent of the process: its exit code is known only if it was kept for us.
    expect([21, undefined]).toContain(task.containers![0]!.exitCode);
    expect(task.containers![0]!.exitCode).not.toBe(22);
  });
});

async function until(ecs: ECS, taskArn: string, ready: (task: Task) => boolean): Promise<Task> {
  for (;;) {
    const { tasks } = await ecs.describeTasks({ tasks: [taskArn] });
    if (tasks?.[0] !== undefined && ready(tasks[0])) return tasks[0];
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
