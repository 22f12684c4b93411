import { request } from 'node:http';
import { expect, test } from 'vitest';
import { close, listen } from './core/listening.ts';
import { handleHttp, type Origin } from './gateway/http.ts';
import { createListener, type Handler } from './gateway/listener.ts';
import { createTestBench, TEST_ACCOUNT, TEST_REGION } from './gateway/testing.ts';
import { ecsService } from './services/ecs/index.ts';
import { createRootAccessKey, ensureAccount } from './services/iam/accounts.ts';
import { createIdentities } from './services/iam/identities.ts';
import { iamService } from './services/iam/index.ts';
import { stsService } from './services/sts/index.ts';
import { AwsClient } from './wire/client.ts';

const services = [ecsService, iamService, stsService];
const ROOT = { accessKeyId: 'test', secretAccessKey: 'test' };

/** A server that takes all its connections to come from there. */
async function serve(from: Origin) {
  const bench = createTestBench(services, { identities: createIdentities() });
  bench.clock.advance(Date.now() - bench.clock.now());
  bench.store.transact((tx) => {
    ensureAccount(tx, TEST_ACCOUNT, bench.clock.now());
    createRootAccessKey(tx, TEST_ACCOUNT, ROOT, bench.clock.now());
  });
  const server = createListener({
    aws: (asked, abandoned) => handleHttp(bench.gateway, asked, abandoned, from),
    admin: async (_asked, response) => void response.end(),
  });
  const endpoint = `http://127.0.0.1:${await listen(server, 0, '127.0.0.1')}`;
  const client = new AwsClient({ endpoint, region: TEST_REGION, credentials: ROOT });
  const end = async () => {
    client.close();
    await close(server);
  };
  return { bench, endpoint, client, end };
}

test('the root user’s key pair is a key at this machine, and none in a task', async () => {
  const machine = await serve('machine');
  expect(await machine.client.call('sts', 'GetCallerIdentity', {})).toMatchObject({
    Arn: `arn:aws:iam::${TEST_ACCOUNT}:root`,
  });
  await machine.end();
  const task = await serve('task');
  await expect(task.client.call('sts', 'GetCallerIdentity', {})).rejects.toMatchObject({
    code: 'InvalidClientTokenId',
  });
  await expect(task.client.call('ecs', 'ListClusters', {})).rejects.toMatchObject({
    code: 'UnrecognizedClientException',
  });
  await task.end();
});

test('keys of users and sessions are keys everywhere', async () => {
  const { bench, endpoint, end } = await serve('task');
  await bench.call('iam', 'CreateUser', { UserName: 'somebody' });
  const { AccessKey } = await bench.call('iam', 'CreateAccessKey', { UserName: 'somebody' });
  const credentials = { accessKeyId: AccessKey?.AccessKeyId ?? '', secretAccessKey: AccessKey?.SecretAccessKey ?? '' };
  const client = new AwsClient({ endpoint, region: TEST_REGION, credentials });
  expect(await client.call('sts', 'GetCallerIdentity', {})).toMatchObject({
    Arn: `arn:aws:iam::${TEST_ACCOUNT}:user/somebody`,
  });
  client.close();
  await end();
});

test('a request for credentials that a task’s endpoint refused is in the trail', () => {
  const { gateway, trail } = createTestBench(services);
  const taskArn = `arn:aws:ecs:eu-north-1:111122223333:task/default/${'0'.repeat(32)}`;
  gateway.recordRefusedCredentials(taskArn, 'no authorization token');
  expect(trail()).toEqual([
    expect.objectContaining({
      service: 'ecs',
      operation: 'GetCredentials',
      account: '111122223333',
      region: 'eu-north-1',
      stage: 'running',
      taskArn,
      outcome: 'failed',
      checks: [],
      error: {
        code: 'InvalidIdInRequest',
        message: 'CredentialsV2Request: Credentials not found: no authorization token',
      },
    }),
  ]);
});

test('a listener lets another handler answer the connections that it is told', async () => {
  const saying = (text: string): Handler => ({
    aws: () => ({ status: 200, headers: {}, body: text }),
    admin: async (_asked, response) => void response.end(text),
  });
  const ports = new Set<number | undefined>();
  const server = createListener(saying('one'), ({ remotePort }) =>
    ports.has(remotePort) ? saying('other') : undefined,
  );
  const port = await listen(server, 0, '127.0.0.1');
  const ask = (path: string, known: boolean) =>
    new Promise<string>((resolve, reject) => {
      const asking = request({ port, host: '127.0.0.1', path, agent: false }, (answer) => {
        let text = '';
        answer.on('data', (chunk: Buffer) => {
          text += chunk.toString('utf8');
        });
        answer.on('end', () => resolve(text));
      });
      asking.on('error', reject);
      asking.on('socket', (socket) =>
        socket.on('connect', () => {
          if (known) ports.add(socket.localPort);
          asking.end();
        }),
      );
    });
  expect(await ask('/', false)).toBe('one');
  expect(await ask('/_rolecall/health', false)).toBe('one');
  expect(await ask('/', true)).toBe('other');
  expect(await ask('/_rolecall/health', true)).toBe('other');
  await close(server);
});
