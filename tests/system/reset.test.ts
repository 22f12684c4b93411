import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SQS } from '@aws-sdk/client-sqs';
import { STS } from '@aws-sdk/client-sts';
import { afterEach, describe, expect, it } from 'vitest';
import type { RunningServer } from '../../src/server.ts';
import { startTestServer } from '../wire/server.ts';

const running: RunningServer[] = [];
const directories: string[] = [];
afterEach(async () => {
  for (const server of running.splice(0)) await server.stop();
  for (const directory of directories.splice(0)) rmSync(directory, { recursive: true, force: true });
});

async function start(options: Parameters<typeof startTestServer>[0] = {}): Promise<RunningServer> {
  const server = await startTestServer(options);
  running.push(server);
  return server;
}

function directory(): string {
  const made = mkdtempSync(join(tmpdir(), 'rolecall-reset-'));
  directories.push(made);
  return made;
}

const config = ({ endpoint, credentials }: RunningServer) => ({
  endpoint,
  credentials,
  region: 'eu-west-1',
  maxAttempts: 1,
});
const reset = ({ endpoint }: RunningServer, headers: Record<string, string> = {}) =>
  fetch(`${endpoint}/_rolecall/reset`, { method: 'POST', headers });

describe('POST /_rolecall/reset', () => {
  it('puts an ephemeral server back to its start, as often as asked', async () => {
    const server = await start();
    const sqs = new SQS(config(server));
    for (let round = 0; round < 3; round++) {
      expect((await sqs.listQueues({})).QueueUrls ?? []).toEqual([]);
      await sqs.createQueue({ QueueName: `queue-${round}` });
      expect((await reset(server)).status).toBe(200);
    }
    expect((await new STS(config(server)).getCallerIdentity({})).Account).toBe('000000000000');
  });

  it('is refused by a server that keeps its data', async () => {
    const server = await start({ data: directory() });
    await new SQS(config(server)).createQueue({ QueueName: 'kept' });
    expect((await reset(server)).status).toBe(403);
    expect((await new SQS(config(server)).listQueues({})).QueueUrls).toHaveLength(1);
  });

  it('is refused to a web page', async () => {
    const server = await start();
    expect((await reset(server, { origin: 'https://example.com' })).status).toBe(403);
  });
});

describe('the rest below /_rolecall/', () => {
  it.each([
    ['GET', '/_rolecall/trail'],
    ['GET', '/_rolecall/output?task=x'],
    ['POST', '/_rolecall/stand-ins'],
    ['POST', '/_rolecall/instances'],
  ])('%s %s is for the root user, signed', async (method, path) => {
    const { endpoint } = await start();
    const answer = await fetch(`${endpoint}${path}`, { method });
    expect(answer.status).toBeGreaterThanOrEqual(400);
    expect(await answer.text()).toMatch(/Token|credentials|signature/i);
  });

  it('health is open, and anything else is not there', async () => {
    const { endpoint } = await start();
    expect(await (await fetch(`${endpoint}/_rolecall/health`)).json()).toMatchObject({ status: 'ok' });
    expect((await fetch(`${endpoint}/_rolecall/anything`)).status).toBe(404);
  });
});

describe('a server beyond loopback', () => {
  it('has keys of its own, in a file that only the owner reads, and not the well-known pair', async () => {
    const { statSync } = await import('node:fs');
    const server = await start({ host: '0.0.0.0', data: directory() });
    expect(server.credentials.accessKeyId).toMatch(/^AKIA[A-Z2-7]{16}$/);
    expect(statSync(server.credentialsFile!).mode & 0o077).toBe(0);
    const port = new URL(server.endpoint).port;
    const endpoint = `http://127.0.0.1:${port}`;
    const own = new STS({ ...config(server), endpoint });
    expect((await own.getCallerIdentity({})).Arn).toBe('arn:aws:iam::000000000000:root');
    const known = new STS({
      ...config(server),
      endpoint,
      credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
    });
    await expect(known.getCallerIdentity({})).rejects.toMatchObject({ name: 'InvalidClientTokenId' });
  });
});
