import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ECS, type Task } from '@aws-sdk/client-ecs';
import { IAM } from '@aws-sdk/client-iam';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { RunningServer } from '../../src/server.ts';
import { startTestServer } from '../wire/server.ts';

let server: RunningServer;
let ecs: ECS;
let directory: string;

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'rolecall-isolation-'));
  server = await startTestServer({ standIns: [{ pattern: 'program', program: 'host' }] });
  const config = { endpoint: server.endpoint, credentials: server.credentials, region: 'eu-west-1', maxAttempts: 1 };
  ecs = new ECS(config);
  const iam = new IAM(config);
  const trust = {
    Version: '2012-10-17',
    Statement: [{ Effect: 'Allow', Principal: { Service: 'ecs-tasks.amazonaws.com' }, Action: 'sts:AssumeRole' }],
  };
  for (const RoleName of ['victim', 'thief', 'execution'])
    await iam.createRole({ RoleName, AssumeRolePolicyDocument: JSON.stringify(trust) });
  await ecs.createCluster({ clusterName: 'default' });
});

afterAll(async () => {
  await server.stop();
  rmSync(directory, { recursive: true, force: true });
});

/** Runs a script as a task of one container; the environment carries what the test tells it. */
async function run(
  role: string | undefined,
  script: string,
  environment: Record<string, string> = {},
): Promise<string> {
  const file = join(directory, `${Math.random().toString(36).slice(2)}.mjs`);
  writeFileSync(file, script);
  const family = `family-${Math.random().toString(36).slice(2)}`;
  await ecs.registerTaskDefinition({
    family,
    requiresCompatibilities: ['FARGATE'],
    networkMode: 'awsvpc',
    cpu: '256',
    memory: '512',
    ...(role === undefined ? {} : { taskRoleArn: role }),
    executionRoleArn: 'execution',
    containerDefinitions: [
      {
        name: 'app',
        image: 'program',
        command: [process.execPath, file],
        environment: Object.entries(environment).map(([name, value]) => ({ name, value })),
      },
    ],
  });
  const { tasks } = await ecs.runTask({
    taskDefinition: family,
    launchType: 'FARGATE',
    networkConfiguration: { awsvpcConfiguration: { subnets: ['subnet-1'] } },
  });
  return tasks![0]!.taskArn!;
}

async function ended(taskArn: string): Promise<Task> {
  for (;;) {
    const { tasks } = await ecs.describeTasks({ tasks: [taskArn] });
    if (tasks?.[0]?.lastStatus === 'STOPPED') return tasks[0];
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

async function fileOf(path: string): Promise<string> {
  for (;;) {
    try {
      const text = readFileSync(path, 'utf8');
      if (text.endsWith('\n')) return text.trim();
    } catch {
      // not written yet
    }
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** Writes what the endpoint answers to `OUT`, given URL and token. */
const ASK = `
  import { writeFileSync } from 'node:fs';
  const ask = (url, token) => fetch(url, { headers: token === undefined ? {} : { authorization: token } }).then(async (a) => ({ status: a.status, body: await a.json().catch(() => null) }), (e) => ({ status: 0, body: String(e) }));
`;

/** A victim that tells its own address and token, and stays until it is stopped. */
async function victim() {
  const out = join(directory, `victim-${Math.random()}`);
  const arn = await run(
    'victim',
    `import { writeFileSync } from 'node:fs';
     writeFileSync(process.env.OUT, JSON.stringify({ uri: process.env.AWS_CONTAINER_CREDENTIALS_FULL_URI, token: process.env.AWS_CONTAINER_AUTHORIZATION_TOKEN }) + '\\n');
     setInterval(() => {}, 1000);`,
    { OUT: out },
  );
  return { arn, ...(JSON.parse(await fileOf(out)) as { uri: string; token: string }) };
}

describe('the credentials endpoint', () => {
  it('gives a task its own credentials, in the exact shape, and not without its token', async () => {
    const out = join(directory, 'own');
    const arn = await run(
      'thief',
      `${ASK}
       const { AWS_CONTAINER_CREDENTIALS_FULL_URI: uri, AWS_CONTAINER_AUTHORIZATION_TOKEN: token } = process.env;
       const [own, without, wrong] = [await ask(uri, token), await ask(uri), await ask(uri, 'guess')];
       writeFileSync(process.env.OUT, JSON.stringify({ own: { status: own.status, keys: Object.keys(own.body), role: own.body.RoleArn }, without, wrong }) + '\\n');`,
      { OUT: out },
    );
    await ended(arn);
    const seen = JSON.parse(await fileOf(out));
    expect(seen.own).toEqual({
      status: 200,
      keys: ['RoleArn', 'AccessKeyId', 'SecretAccessKey', 'Token', 'Expiration'],
      role: 'arn:aws:iam::000000000000:role/thief',
    });
    expect(seen.without.status).toBeGreaterThanOrEqual(400);
    expect(seen.wrong.status).toBeGreaterThanOrEqual(400);
  });

  it('gives nothing for the id of another task, neither on its own listener nor on the other one', async () => {
    const other = await victim();
    const out = join(directory, 'theft');
    const arn = await run(
      'thief',
      `${ASK}
       const { AWS_CONTAINER_CREDENTIALS_FULL_URI: own, AWS_CONTAINER_AUTHORIZATION_TOKEN: token, OTHER_URI, OTHER_TOKEN } = process.env;
       const id = OTHER_URI.slice(OTHER_URI.lastIndexOf('/'));
       const mine = own.slice(0, own.lastIndexOf('/')) + id;
       writeFileSync(process.env.OUT, JSON.stringify([await ask(mine, token), await ask(mine, OTHER_TOKEN), await ask(OTHER_URI, token), await ask(OTHER_URI, OTHER_TOKEN)]) + '\\n');`,
      { OUT: out, OTHER_URI: other.uri, OTHER_TOKEN: other.token },
    );
    await ended(arn);
    await ecs.stopTask({ task: other.arn });
    const answers = JSON.parse(await fileOf(out)) as { status: number; body: Record<string, unknown> }[];
    expect(answers[0]).toEqual({
      status: 400,
      body: { code: 'InvalidIdInRequest', message: 'CredentialsV2Request: Credentials not found', HTTPErrorCode: 400 },
    });
    // The last one has the victim's address, id and token: only the look at the calling process refuses it (Linux).
    const told = process.platform === 'linux' ? answers : answers.slice(0, 3);
    for (const { status, body } of told) {
      expect(status).toBeGreaterThanOrEqual(400);
      expect(JSON.stringify(body)).not.toContain('SecretAccessKey');
    }
  });

  it("never shows the execution role's: no id of it is in the task's environment, and none is guessable from there", async () => {
    const out = join(directory, 'environment');
    const arn = await run(
      'thief',
      `import { writeFileSync } from 'node:fs'; writeFileSync(process.env.OUT, JSON.stringify(process.env) + '\\n');`,
      { OUT: out },
    );
    await ended(arn);
    const environment = JSON.parse(await fileOf(out)) as Record<string, string>;
    const ids = Object.values(environment).flatMap((value) => value.match(/\/v2\/credentials\/[0-9a-f-]+/g) ?? []);
    expect(ids).toHaveLength(1);
    expect(
      Object.keys(environment).filter((name) =>
        /^AWS_(ACCESS_KEY_ID|SECRET_ACCESS_KEY|SESSION_TOKEN|PROFILE)$/.test(name),
      ),
    ).toEqual([]);
  });

  it('gives an application without a task role nothing on Fargate, and no way to the metadata of this machine', async () => {
    const out = join(directory, 'nothing');
    const arn = await run(
      undefined,
      `import { writeFileSync } from 'node:fs'; writeFileSync(process.env.OUT, JSON.stringify(process.env) + '\\n');`,
      { OUT: out },
    );
    await ended(arn);
    const environment = JSON.parse(await fileOf(out)) as Record<string, string>;
    expect(environment.AWS_CONTAINER_CREDENTIALS_FULL_URI).toBeUndefined();
    expect(environment.AWS_CONTAINER_CREDENTIALS_RELATIVE_URI).toBeUndefined();
    expect(environment.AWS_EC2_METADATA_DISABLED).toBe('true');
  });
});
