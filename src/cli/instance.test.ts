import { PassThrough } from 'node:stream';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { close, listen } from '../core/listening.ts';
import { createListener } from '../gateway/listener.ts';
import { instanceCommand } from './instance.ts';
import type { Io } from './io.ts';

const asked: string[] = [];
const server = createListener({
  aws: () => ({ status: 404, headers: {}, body: '' }),
  admin: async ({ method, path }, response) => {
    asked.push(`${method} ${path}`);
    const instance = { containerInstanceArn: 'arn', ec2InstanceId: 'i-1' };
    response.end(JSON.stringify(path.endsWith('/health') ? { status: 'ok', region: 'eu-central-1' } : instance));
  },
});
let endpoint: string;
beforeAll(async () => {
  endpoint = `http://127.0.0.1:${await listen(server, 0, '127.0.0.1')}`;
});
afterAll(() => close(server));

async function add(...args: string[]): Promise<string> {
  const stdout = new PassThrough();
  const io = { stdout, stderr: new PassThrough(), env: { AWS_REGION: 'us-east-1' }, version: '1' } as unknown as Io;
  await instanceCommand.run(['add', '--endpoint', endpoint, ...args], io);
  return String(stdout.read());
}

it('adds an instance in the Region of the server, named or not', async () => {
  expect(await add()).toBe('arn  i-1\n');
  expect(await add('--region', 'eu-central-1')).toBe('arn  i-1\n');
});

it('refuses a Region that is not the server’s, and adds nothing', async () => {
  asked.length = 0;
  await expect(add('--region', 'eu-west-1')).rejects.toMatchObject({
    code: 'flag-value',
    message: '--region eu-west-1 is not the Region of the server, eu-central-1, which its container instances are in',
  });
  expect(asked.filter((each) => each.startsWith('POST'))).toEqual([]);
});
