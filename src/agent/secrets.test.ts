import { afterEach, expect, test } from 'vitest';
import { ecsService } from '../services/ecs/index.ts';
import { createIdentities } from '../services/iam/identities.ts';
import { iamService } from '../services/iam/index.ts';
import { kmsService } from '../services/kms/index.ts';
import { s3Service } from '../services/s3/index.ts';
import { secretsmanagerService } from '../services/secretsmanager/index.ts';
import { stsService } from '../services/sts/index.ts';
import type { ContainerDefinition } from '../wire/generated/types/ecs.ts';
import { type AgentBench, createAgentBench } from './testing.ts';

const services = [ecsService, iamService, kmsService, secretsmanagerService, stsService];
const FARGATE =
  'ResourceInitializationError: unable to pull secrets or registry auth: execution resource retrieval failed: ';
const RETRIED = 'service call has been retried 1 time(s): ';
const EC2 = 'Fetching secret data from AWS Secrets Manager in region eu-west-1: ';
const MISSING = 'arn:aws:secretsmanager:eu-west-1:000000000000:secret:none-AbCdEf';

let bench: AgentBench;
afterEach(() => bench.close());

const ALL = [{ Version: '2012-10-17', Statement: [{ Effect: 'Allow', Action: '*', Resource: '*' }] }];

interface Instance {
  readonly launchType: 'EC2';
  readonly containerInstanceArn: string;
}

async function start(): Promise<{ secret: string; instance: Instance }> {
  bench = await createAgentBench(services, { identities: createIdentities() });
  await bench.call('ecs', 'CreateCluster', { clusterName: 'default' });
  const { ARN = '' } = await bench.call('secretsmanager', 'CreateSecret', {
    Name: 'db',
    SecretString: '{"user":"me","nested":{"b":1}}',
  });
  const { containerInstanceArn } = await bench.agent.addContainerInstance({ cluster: 'default', launchType: 'EC2' });
  return { secret: ARN, instance: { launchType: 'EC2', containerInstanceArn } };
}

/** Stopped reason of a task whose container has this secret, with the request id made plain. */
async function reason(
  container: ContainerDefinition,
  instance: Instance | undefined,
  execution: readonly object[] = ALL,
) {
  const task = bench.addTask({ containers: [container], execution, ...instance });
  const stopped = await bench.stopped(task.arn);
  expect(stopped.stopCode).toBe('TaskFailedToStart');
  expect(stopped.containers[0]?.reason).toBeUndefined();
  return (stopped.stoppedReason ?? '')
    .replaceAll(/RequestID: [0-9a-f-]{36}/g, 'RequestID: ID')
    .replaceAll(stopped.id, 'TASK');
}

function withSecret(valueFrom: string): ContainerDefinition {
  return { name: 'app', image: 'app', memory: 64, command: ['true'], secrets: [{ name: 'S', valueFrom }] };
}

test('the whole value, a JSON key, a version', async () => {
  const { secret } = await start();
  await bench.call('secretsmanager', 'PutSecretValue', { SecretId: secret, SecretString: '{"user":"new"}' });
  const container: ContainerDefinition = {
    name: 'app',
    image: 'app',
    command: [
      process.execPath,
      '-e',
      'console.log(process.env.ALL); console.log(process.env.OLD); console.log(process.env.NESTED)',
    ],
    secrets: [
      { name: 'ALL', valueFrom: secret },
      { name: 'OLD', valueFrom: `${secret}:user:AWSPREVIOUS:` },
      { name: 'NESTED', valueFrom: `${secret}:nested:AWSPREVIOUS:` },
    ],
  };
  await bench.stopped(bench.addTask({ containers: [container], execution: ALL }).arn);
  expect(bench.lines('app')).toEqual(['{"user":"new"}', 'me', 'map[b:1]']);
});

test('a JSON key that is not there', async () => {
  const { secret, instance } = await start();
  const container = withSecret(`${secret}:password::`);
  const text = 'retrieved secret from Secrets Manager did not contain json key password';
  expect(await reason(container, undefined)).toBe(`${FARGATE}unable to retrieve secret from asm: ${RETRIED}${text}`);
  expect(await reason(container, instance)).toBe(`${EC2}${text}`);
});

test('a JSON key of a secret that is no JSON object', async () => {
  const { instance } = await start();
  const { ARN = '' } = await bench.call('secretsmanager', 'CreateSecret', { Name: 'plain', SecretString: 'hunter2' });
  expect(await reason(withSecret(`${ARN}:password::`), instance)).toBe(
    `${EC2}invalid character 'h' looking for beginning of value`,
  );
});

test('a secret that does not exist', async () => {
  const { instance } = await start();
  const sdk =
    "operation error Secrets Manager: GetSecretValue, https response error StatusCode: 400, RequestID: ID, ResourceNotFoundException: Secrets Manager can't find the specified secret.";
  const text = `ResourceNotFoundException: The task can't retrieve the secret with ARN '${MISSING}' from AWS Secrets Manager. Check whether the secret exists in the specified Region: ${sdk}`;
  expect(await reason(withSecret(MISSING), undefined)).toBe(`${FARGATE}unable to retrieve secret from asm: ${text}`);
  expect(await reason(withSecret(MISSING), instance)).toBe(`${EC2}${text}`);
});

test('a secret that the execution role may not read', async () => {
  const { secret, instance } = await start();
  const sdk = `operation error Secrets Manager: GetSecretValue, https response error StatusCode: 400, RequestID: ID, api error AccessDeniedException: User: arn:aws:sts::000000000000:assumed-role/app-execution/TASK is not authorized to perform: secretsmanager:GetSecretValue on resource: ${secret} because no identity-based policy allows the secretsmanager:GetSecretValue action`;
  expect(await reason(withSecret(secret), undefined, [])).toBe(
    `${FARGATE}unable to retrieve secret from asm: ${RETRIED}failed to fetch secret ${secret} from secrets manager: ${sdk}`,
  );
  // The agent cuts reasons at 1024 characters.
  const cut = await reason(withSecret(secret), instance, []);
  expect(`${EC2}secret ${secret}: ${sdk}: ${sdk}`.startsWith(cut)).toBe(true);
  expect(cut.startsWith(`${EC2}secret ${secret}: ${sdk}: `)).toBe(true);
});

test('an ARN with a wrong number of parts fails before any call', async () => {
  const { secret } = await start();
  const before = bench.trail().length;
  expect(await reason(withSecret(`${secret}:user`), undefined)).toContain(
    `trying to retrieve secret with value ${secret}:user resulted in error: an invalid ARN format for the AWS Secrets Manager secret was specified. Specify a valid ARN and try again.`,
  );
  expect(bench.trail()).toHaveLength(before);
});

test('repositoryCredentials: user name and password in any case, else the texts of the agent', async () => {
  const { instance } = await start();
  const put = async (name: string, SecretString: string) =>
    (await bench.call('secretsmanager', 'CreateSecret', { Name: name, SecretString })).ARN ?? '';
  const container = (credentialsParameter: string): ContainerDefinition => ({
    name: 'app',
    image: 'registry.example/app',
    memory: 64,
    command: ['true'],
    repositoryCredentials: { credentialsParameter },
  });
  const good = await put('good', '{"Username":"me","PASSWORD":"secret","more":1}');
  const ran = await bench.stopped(bench.addTask({ containers: [container(good)], execution: ALL }).arn);
  expect(ran.containers[0]?.exitCode).toBe(0);
  const empty = await put('empty', '{"username":"me"}');
  const prefix = `${FARGATE}unable to get registry auth from asm: ${RETRIED}`;
  const malformed = 'asm fetching password: AuthorizationData is malformed, empty field';
  expect(await reason(container(empty), undefined)).toBe(`${prefix}${malformed}`);
  expect(await reason(container(empty), instance)).toBe(malformed);
  const text = await put('text', 'me:secret');
  expect(await reason(container(text), instance)).toBe(
    'asm fetching authorization data: unable to unmarshal secret value, invalid schema',
  );
  expect(await reason(container(good), undefined, [])).toMatch(
    new RegExp(
      `^${prefix.replaceAll(/[()]/g, '\\$&')}asm fetching secret from the service for ${good}: operation error Secrets Manager: GetSecretValue, .*AccessDeniedException`,
    ),
  );
});

test('environment files: read with the execution role; `environment` wins over them', async () => {
  bench = await createAgentBench([...services, s3Service], { identities: createIdentities() });
  await bench.call('s3', 'CreateBucket', {
    Bucket: 'config',
    CreateBucketConfiguration: { LocationConstraint: 'eu-west-1' },
  });
  for (const Key of ['first.env', 'second.env']) {
    await bench.call('s3', 'PutObject', { Bucket: 'config', Key, Body: Buffer.from(`FILE=${Key}\nA=file\n`) });
  }
  const container: ContainerDefinition = {
    name: 'app',
    image: 'app',
    command: [process.execPath, '-e', 'console.log(process.env.FILE, process.env.A)'],
    environment: [{ name: 'A', value: 'definition' }],
    environmentFiles: [
      { type: 's3', value: 'arn:aws:s3:::config/first.env' },
      { type: 's3', value: 'arn:aws:s3:::config/second.env' },
    ],
  };
  const task = bench.addTask({ containers: [container], execution: ALL });
  await bench.stopped(task.arn);
  expect(bench.lines('app')).toEqual(['first.env definition']);
  const denied = await bench.stopped(bench.addTask({ containers: [container], execution: [] }).arn);
  expect(denied.stopCode).toBe('TaskFailedToStart');
  expect(denied.stoppedReason).toContain('failed to download env files');
  expect(denied.stoppedReason).toContain('s3:GetBucketLocation');
});
