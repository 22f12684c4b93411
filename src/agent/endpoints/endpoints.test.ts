import { createRequire } from 'node:module';
import { afterEach, expect, test } from 'vitest';
import { ecsService } from '../../services/ecs/index.ts';
import { createIdentities } from '../../services/iam/identities.ts';
import { iamService } from '../../services/iam/index.ts';
import { stsService } from '../../services/sts/index.ts';
import { type AgentBench, createAgentBench } from '../testing.ts';
import { answerCredentials } from './credentials.ts';

let bench: AgentBench;
afterEach(() => bench?.close());

const services = [ecsService, iamService, stsService];

/** Runs a script in a container; it prints JSON, one value a line. */
async function run(
  script: string,
  task: Omit<Parameters<AgentBench['addTask']>[0], 'containers'> = {},
): Promise<unknown[]> {
  const added = bench.addTask({
    ...task,
    containers: [
      {
        name: 'app',
        image: 'app',
        memory: 64,
        command: [process.execPath, '--input-type=module', '-e', PRELUDE + script],
      },
    ],
  });
  const stopped = await bench.stopped(added.arn);
  const lines = bench.output.filter((line) => line.taskArn === added.arn);
  if (stopped.containers[0]?.exitCode !== 0) throw new Error(lines.map((line) => line.line).join('\n'));
  return lines.filter((line) => line.stream === 'stdout').map((line) => JSON.parse(line.line));
}

const PRELUDE = `
const env = process.env;
const uri = env.AWS_CONTAINER_CREDENTIALS_FULL_URI ?? '';
const authorization = env.AWS_CONTAINER_AUTHORIZATION_TOKEN ?? '';
const print = (value) => console.log(JSON.stringify(value));
const get = async (url, headers = {}, method = 'GET', body) => {
  const answer = await fetch(url, { headers, method, body });
  const text = await answer.text();
  try { return [answer.status, JSON.parse(text)]; } catch { return [answer.status, text]; }
};
`;

const NOT_FOUND = [
  400,
  { code: 'InvalidIdInRequest', message: 'CredentialsV2Request: Credentials not found', HTTPErrorCode: 400 },
];

test('a task gets its own credentials, in the form of ECS', async () => {
  bench = await createAgentBench(services);
  const [answer] = await run('print(await get(uri, { authorization }));', { application: [] });
  const [status, document] = answer as [number, Record<string, string>];
  expect(status).toBe(200);
  expect(Object.keys(document)).toEqual(['RoleArn', 'AccessKeyId', 'SecretAccessKey', 'Token', 'Expiration']);
  expect(document).toMatchObject({
    RoleArn: 'arn:aws:iam::000000000000:role/app-task',
    SecretAccessKey: 'secret-of-app-task',
    Token: 'token-of-app-task',
    Expiration: '2026-01-01T06:00:00Z',
  });
});

test('an unmodified SDK finds them in its default chain; without a task role it finds nothing', async () => {
  bench = await createAgentBench(services);
  const provider = createRequire(import.meta.url).resolve('@aws-sdk/credential-provider-node');
  const script = `
    const { defaultProvider } = (await import(${JSON.stringify(provider)})).default;
    print(await defaultProvider()().then((c) => c.secretAccessKey, (e) => e.name));`;
  expect(await run(script, { application: [] })).toEqual(['secret-of-app-task']);
  expect(await run(script)).toEqual(['CredentialsProviderError']);
});

test('whoever asks for more gets the answer for an unknown id, and the attempt is told', async () => {
  bench = await createAgentBench(services);
  const answers = await run(
    `
    print(await get(uri));
    print(await get(uri, { authorization: 'guess' }));
    print(await get(uri.replace(/[^/]+$/, 'another-id'), { authorization }));
    print(await get(uri.replace(/[^/]+$/, ''), { authorization }));
    print(await get(uri.replace('/v2/credentials/', '/v1/credentials?id=x'), { authorization }));
    print(await get(new URL('/v2/credentials', uri), { authorization }));`,
    { application: [], execution: [] },
  );
  expect(answers).toEqual([
    NOT_FOUND,
    NOT_FOUND,
    NOT_FOUND,
    [
      400,
      { code: 'NoIdInRequest', message: 'CredentialsV2Request: No Credential ID in the request', HTTPErrorCode: 400 },
    ],
    [400, { code: 'InvalidIdInRequest', message: 'CredentialsV1Request: Credentials not found', HTTPErrorCode: 400 }],
    [404, '404 page not found\n'],
  ]);
  expect(bench.attempts.map((attempt) => attempt.why)).toEqual([
    'no authorization token',
    'a wrong authorization token',
    "a credentials id that is not the task's own",
    "a credentials id that is not the task's own",
  ]);
});

/** A task that waits, and what its environment says. */
async function waiting(task: Omit<Parameters<AgentBench['addTask']>[0], 'containers'> = {}) {
  const script = 'console.log(JSON.stringify(process.env)); setInterval(() => {}, 1000)';
  const added = bench.addTask({
    ...task,
    containers: [{ name: 'app', image: 'app', memory: 64, command: [process.execPath, '-e', script] }],
  });
  let line: string | undefined;
  while (line === undefined) {
    await new Promise((resolve) => setTimeout(resolve, 10));
    line = bench.output.find((each) => each.taskArn === added.arn)?.line;
  }
  return { task: added, environment: JSON.parse(line) as Record<string, string> };
}

test('the execution role’s credentials are not to be had, even with its id and the task’s token', async () => {
  bench = await createAgentBench(services);
  const { task, environment } = await waiting({ application: [], execution: [] });
  const uri = (environment.AWS_CONTAINER_CREDENTIALS_FULL_URI ?? '').replace(
    /[^/]+$/,
    task.executionCredentialsId ?? '',
  );
  const answer = await fetch(uri, { headers: { authorization: environment.AWS_CONTAINER_AUTHORIZATION_TOKEN ?? '' } });
  expect([answer.status, await answer.json()]).toEqual(NOT_FOUND);
});

test.runIf(process.platform === 'linux')(
  'a process that is not of the task gets nothing with all that the task knows',
  async () => {
    bench = await createAgentBench(services);
    const { task, environment } = await waiting({ application: [] });
    const uri = environment.AWS_CONTAINER_CREDENTIALS_FULL_URI ?? '';
    const token = environment.AWS_CONTAINER_AUTHORIZATION_TOKEN ?? '';
    const own = await fetch(uri, { headers: { authorization: token } });
    expect([own.status, await own.json()]).toEqual(NOT_FOUND);
    const [thief] = await run(`print(await get(${JSON.stringify(uri)}, { authorization: ${JSON.stringify(token)} }));`);
    expect(thief).toEqual(NOT_FOUND);
    expect(bench.attempts).toHaveLength(2);
    expect(
      bench.attempts.every(
        (attempt) =>
          attempt.taskArn === task.arn && /^a caller that is not of the task \(process \d+\)$/.test(attempt.why),
      ),
    ).toBe(true);
  },
);

test.runIf(process.platform === 'linux')('what a container starts belongs to the task', async () => {
  bench = await createAgentBench(services);
  const child = `fetch(process.env.AWS_CONTAINER_CREDENTIALS_FULL_URI, { headers: { authorization: process.env.AWS_CONTAINER_AUTHORIZATION_TOKEN } }).then((a) => console.log(a.status))`;
  const quoted = child.replaceAll('"', '\\"');
  const answers = await run(
    `
    const { execFileSync } = await import('node:child_process');
    print(Number(execFileSync('/bin/sh', ['-c', 'exec "$0" -e "$1" | cat', process.execPath, ${JSON.stringify(quoted)}], { encoding: 'utf8' })));`,
    { application: [] },
  );
  expect(answers).toEqual([200]);
});

test('40 requests a second with bursts of 60, then 429', async () => {
  bench = await createAgentBench(services);
  const [statuses] = await run(
    `
    const all = await Promise.all(Array.from({ length: 120 }, () => fetch(new URL('/v2/credentials/x', env.ECS_AGENT_URI))));
    print(all.map((answer) => answer.status));
    for (const answer of all) await answer.text();`,
  );
  const refused = (statuses as number[]).filter((status) => status === 429).length;
  expect(refused).toBeGreaterThan(0);
  expect((statuses as number[]).filter((status) => status === 400).length).toBeGreaterThanOrEqual(60);
});

test('guesses of ids count together, and leave the task’s own allowance alone', async () => {
  bench = await createAgentBench(services);
  const [guessed, own] = await run(
    `
    const guess = () => fetch(new URL('/v2/credentials/' + crypto.randomUUID(), uri), { headers: { authorization } });
    const all = await Promise.all(Array.from({ length: 200 }, guess));
    print(all.map((answer) => answer.status));
    print((await get(uri, { authorization }))[0]);
    for (const answer of all) await answer.text();`,
    { application: [] },
  );
  expect((guessed as number[]).filter((status) => status === 429).length).toBeGreaterThan(0);
  expect(new Set(guessed as number[])).toEqual(new Set([400, 429]));
  expect(own).toBe(200);
});

test('known credentials that were not delivered yet are 503', async () => {
  const answer = await answerCredentials(
    { version: 'V2', id: 'id', authorization: 'token', caller: async () => ({ belongs: true }) },
    { id: 'id', token: 'token', read: async () => undefined, refused: () => {} },
  );
  expect([answer.status, JSON.parse(answer.body)]).toEqual([
    503,
    {
      code: 'CredentialsUninitialized',
      message: 'CredentialsV2Request: Credentials uninitialized for ID',
      HTTPErrorCode: 503,
    },
  ]);
});

test('task metadata version 4', async () => {
  bench = await createAgentBench(services);
  const answers = await run(
    `
    const v4 = env.ECS_CONTAINER_METADATA_URI_V4;
    print(await get(v4));
    print(await get(v4 + '/task'));
    print(await get(v4 + '/stats'));
    print(await get(v4 + '/task/stats'));
    print(await get(v4.replace(/[^/]+$/, 'unknown') + '/task'));
    print(await get(env.ECS_CONTAINER_METADATA_URI + '/task'));`,
  );
  const [container, task, stats, taskStats, unknown, v3] = answers as [number, never][];
  const record = bench.output[0]?.taskArn ?? '';
  expect(container?.[0]).toBe(200);
  expect(container?.[1]).toMatchObject({
    Name: 'app',
    Image: 'app',
    DesiredStatus: 'RUNNING',
    KnownStatus: 'RUNNING',
    Type: 'NORMAL',
    Limits: { CPU: 0, Memory: 64 },
    Labels: { 'com.amazonaws.ecs.task-arn': record, 'com.amazonaws.ecs.task-definition-family': 'app' },
    Networks: [{ NetworkMode: 'awsvpc', IPv4Addresses: ['127.0.0.1'] }],
  });
  expect(task?.[1]).toMatchObject({
    TaskARN: record,
    Family: 'app',
    LaunchType: 'FARGATE',
    DesiredStatus: 'RUNNING',
    Limits: { CPU: 0.25, Memory: 512 },
  });
  expect((task?.[1] as { Containers: unknown[] } | undefined)?.Containers).toHaveLength(1);
  if (process.platform === 'linux') {
    expect((stats?.[1] as { memory_stats: { usage: number } } | undefined)?.memory_stats.usage).toBeGreaterThan(
      1_000_000,
    );
    expect(Object.keys(taskStats?.[1] ?? {})).toHaveLength(1);
  }
  expect(unknown).toEqual([
    404,
    'V4 task metadata handler: unable to get task ID from request: unable to get docker ID from v3 endpoint ID: unknown',
  ]);
  expect(Object.keys(v3?.[1] ?? {})).not.toContain('LaunchType');
});

test.runIf(process.platform === 'linux')('metadata is not there for a process that is not of the task', async () => {
  bench = await createAgentBench(services);
  const { environment } = await waiting({ application: [] });
  for (const url of [environment.ECS_CONTAINER_METADATA_URI_V4, environment.ECS_CONTAINER_METADATA_URI]) {
    for (const path of ['', '/task', '/taskWithTags', '/stats', '/task/stats']) {
      expect((await fetch(`${url}${path}`)).status).toBe(404);
    }
  }
});

test('task protection is asked for with the task role', async () => {
  bench = await createAgentBench(services);
  const allowed = { Version: '2012-10-17', Statement: [{ Effect: 'Allow', Action: 'ecs:*', Resource: '*' }] };
  const script = `
    const url = env.ECS_AGENT_URI + '/task-protection/v1/state';
    print(await get(url));
    print(await get(url, {}, 'PUT', '{"ProtectionEnabled":true,"More":1}'));
    print(await get(url, {}, 'PUT', '{}'));`;
  const none = (await run(script)) as [number, { error: { Code: string; Message: string } }][];
  expect(none[0]?.[0]).toBe(403);
  expect(none[0]?.[1].error).toMatchObject({
    Code: 'AccessDeniedException',
    Message: 'Invalid Request: no task IAM role credentials available for task',
  });
  expect(none[1]?.[1].error.Message).toBe('UpdateTaskProtection: failed to decode request');
  expect(none[2]?.[1].error.Message).toBe("Invalid request: does not contain 'ProtectionEnabled' field");
  const denied = (await run(script, { application: [] })) as [number, { error: { Code: string } }][];
  expect(denied[0]?.[1].error.Code).toBe('AccessDeniedException');
  expect(bench.trail().at(-1)).toMatchObject({
    operation: 'GetTaskProtection',
    outcome: 'denied',
    principalName: 'app-task',
  });
  await run(script, { application: [allowed] });
  expect(bench.trail().at(-1)).toMatchObject({ operation: 'GetTaskProtection', principalName: 'app-task' });
});

test('EC2: an application without a task role falls through to the instance role; on Fargate there is none', async () => {
  bench = await createAgentBench(services, { identities: createIdentities() });
  await bench.call('ecs', 'CreateCluster', { clusterName: 'default' });
  const { containerInstanceArn, ec2InstanceId } = await bench.agent.addContainerInstance({
    cluster: 'default',
    launchType: 'EC2',
  });
  const provider = createRequire(import.meta.url).resolve('@aws-sdk/credential-provider-node');
  const script = `
    const base = env.AWS_EC2_METADATA_SERVICE_ENDPOINT;
    const { defaultProvider } = (await import(${JSON.stringify(provider)})).default;
    print(await defaultProvider()().then((c) => c.accessKeyId, (e) => e.name));
    const token = await (await fetch(base + '/latest/api/token', { method: 'PUT', headers: { 'x-aws-ec2-metadata-token-ttl-seconds': '60' } })).text();
    const headers = { 'x-aws-ec2-metadata-token': token };
    const at = (path, given = headers, method = 'GET') => get(base + '/latest/' + path, given, method);
    print((await at('meta-data/instance-id', {}))[0]);
    print(await at('meta-data/instance-id'));
    print(await at('meta-data/iam/security-credentials/'));
    print(Object.keys((await at('meta-data/iam/security-credentials/ecsInstanceRole'))[1]));
    print(await at('meta-data/placement'));
    print((await at('nothing'))[0]);
    print((await at('api/token', {}, 'PUT'))[0]);
    print((await at('api/token', { 'x-aws-ec2-metadata-token-ttl-seconds': '60', 'x-forwarded-for': '1.2.3.4' }, 'PUT'))[0]);
    print((await at('dynamic/instance-identity/document'))[1].instanceId);`;
  const answers = await run(script, { launchType: 'EC2', containerInstanceArn });
  expect(answers[0]).toMatch(/^ASIA/);
  expect(bench.gateway.principalOf(String(answers[0]))).toMatchObject({
    roleName: 'ecsInstanceRole',
    sessionName: ec2InstanceId,
    ec2RoleDelivery: '2.0',
  });
  expect(answers.slice(1)).toEqual([
    401,
    [200, ec2InstanceId],
    [200, 'ecsInstanceRole'],
    ['Code', 'LastUpdated', 'Type', 'AccessKeyId', 'SecretAccessKey', 'Token', 'Expiration'],
    [200, 'availability-zone\nregion'],
    404,
    400,
    403,
    ec2InstanceId,
  ]);
  expect(await run('print([env.AWS_EC2_METADATA_SERVICE_ENDPOINT ?? null, env.AWS_EC2_METADATA_DISABLED])')).toEqual([
    [null, 'true'],
  ]);
});

test('ECS_AWSVPC_BLOCK_IMDS keeps awsvpc tasks from the instance role', async () => {
  bench = await createAgentBench(services, { identities: createIdentities() });
  await bench.call('ecs', 'CreateCluster', { clusterName: 'default' });
  const { containerInstanceArn } = await bench.agent.addContainerInstance({
    cluster: 'default',
    launchType: 'EC2',
    switches: { awsvpcBlockImds: true },
  });
  const script = 'print(env.AWS_EC2_METADATA_DISABLED ?? null)';
  const on = { launchType: 'EC2', containerInstanceArn } as const;
  expect(await run(script, { ...on, networkMode: 'awsvpc' })).toEqual(['true']);
  expect(await run(script, { ...on, networkMode: 'bridge' })).toEqual([null]);
});

test.each([
  [{ HttpPutResponseHopLimit: 1 }, 'bridge', null],
  [{ HttpPutResponseHopLimit: 1 }, 'host', '2.0'],
  [{ HttpPutResponseHopLimit: 1 }, 'awsvpc', '2.0'],
  [{ HttpPutResponseHopLimit: 1, HttpTokens: 'optional' }, 'bridge', '1.0'],
  [{ HttpEndpoint: 'disabled' }, 'host', null],
] as const)(
  'instance metadata with %o: what an SDK finds in mode %s',
  async (metadataOptions, networkMode, version) => {
    bench = await createAgentBench(services, { identities: createIdentities() });
    await bench.call('ecs', 'CreateCluster', { clusterName: 'default' });
    const { containerInstanceArn } = await bench.agent.addContainerInstance({
      cluster: 'default',
      launchType: 'EC2',
      metadataOptions,
    });
    const require = createRequire(import.meta.url);
    const chain = require.resolve('@aws-sdk/credential-provider-node');
    const imds = createRequire(chain).resolve('@smithy/credential-provider-imds');
    const script = `
    const { defaultProvider } = (await import(${JSON.stringify(chain)})).default;
    const { fromInstanceMetadata } = (await import(${JSON.stringify(imds)})).default;
    print(await fromInstanceMetadata({ timeout: 2000, maxRetries: 0 })().then((c) => c.accessKeyId, () => null));
    print(await defaultProvider({ timeout: 2000, maxRetries: 0 })().then((c) => c.accessKeyId, (e) => e.name));`;
    const on = { launchType: 'EC2', containerInstanceArn, networkMode } as const;
    const [own, chained] = await run(script, on);
    if (version === null) {
      expect([own, chained]).toEqual([null, 'CredentialsProviderError']);
      return;
    }
    expect(chained).toBe(own);
    const found = bench.gateway.principalOf(String(own));
    expect(found).toMatchObject({ roleName: 'ecsInstanceRole', ec2RoleDelivery: version });
  },
);

test.each([
  ['EC2', { HttpTokens: 'maybe' }, '/metadataOptions/HttpTokens: HttpTokens does not take `maybe`'],
  [
    'EC2',
    { HttpPutResponseHopLimit: 65 },
    '/metadataOptions/HttpPutResponseHopLimit: HttpPutResponseHopLimit does not take `65`',
  ],
  [
    'EC2',
    { InstanceMetadataTags: 'enabled' },
    '/metadataOptions/InstanceMetadataTags: there is no metadata option `InstanceMetadataTags` here',
  ],
  ['EXTERNAL', { HttpTokens: 'required' }, '/metadataOptions: an external instance has no metadata service'],
] as const)('%s instances with %o are refused', async (launchType, metadataOptions, message) => {
  bench = await createAgentBench(services, { identities: createIdentities() });
  const adding = bench.agent.addContainerInstance({ cluster: 'default', launchType, metadataOptions });
  await expect(adding).rejects.toMatchObject({ code: 'metadata-options-invalid', message });
});
