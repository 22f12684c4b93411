import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type AdminPorts, handleAdmin, type InstanceRequest } from './admin.ts';
import { close, listen } from './core/listening.ts';
import { createListener } from './gateway/listener.ts';
import { createTestBench, TEST_ACCOUNT, TEST_REGION } from './gateway/testing.ts';
import { createRootAccessKey, ensureAccount } from './services/iam/accounts.ts';
import { createIdentities } from './services/iam/identities.ts';
import { iamService } from './services/iam/index.ts';
import { stsService } from './services/sts/index.ts';
import { AwsClient } from './wire/client.ts';

const ROOT = { accessKeyId: 'test', secretAccessKey: 'test' };
const bench = createTestBench([iamService, stsService], { identities: createIdentities() });
const added: InstanceRequest[] = [];
const ports: AdminPorts = {
  gateway: bench.gateway,
  version: '1.2.3',
  resettable: false,
  reset: async () => {},
  addInstance: async (request) => {
    added.push(request);
    return { containerInstanceArn: 'arn', ec2InstanceId: 'i-1' };
  },
  addStandIns: () => {},
  output: async function* () {},
};
const server = createListener({
  aws: () => ({ status: 404, headers: {}, body: '' }),
  admin: (asked, response) => handleAdmin(ports, asked, response),
});
let client: AwsClient;

beforeAll(async () => {
  bench.clock.advance(Date.now() - bench.clock.now());
  bench.store.transact((tx) => {
    ensureAccount(tx, TEST_ACCOUNT, bench.clock.now());
    createRootAccessKey(tx, TEST_ACCOUNT, ROOT, bench.clock.now());
  });
  const endpoint = `http://127.0.0.1:${await listen(server, 0, '127.0.0.1')}`;
  client = new AwsClient({ endpoint, region: TEST_REGION, credentials: ROOT });
  for (const UserName of ['one', 'two', 'three']) await bench.call('iam', 'CreateUser', { UserName });
});
afterAll(async () => {
  client.close();
  await close(server);
});

async function ask(method: string, target: string, body?: object) {
  const answer = await client.fetchSigned(method, target, body === undefined ? '' : JSON.stringify(body));
  return { status: answer.status, text: answer.body.toString('utf8') };
}

const sequences = (text: string) =>
  text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => (JSON.parse(line) as { sequence: number }).sequence);

describe('GET /_rolecall/trail', () => {
  it('gives the records after one, and the last ones', async () => {
    const all = sequences((await ask('GET', '/_rolecall/trail')).text);
    expect(all).toHaveLength(3);
    expect(sequences((await ask('GET', `/_rolecall/trail?after=${all[0]}`)).text)).toEqual(all.slice(1));
    expect(sequences((await ask('GET', '/_rolecall/trail?last=1')).text)).toEqual(all.slice(2));
    expect(sequences((await ask('GET', '/_rolecall/trail?denied=1')).text)).toEqual([]);
  });

  it.each([
    ['after=x', 'after does not take `x`'],
    ['after=', 'after does not take ``'],
    ['last=-1', 'last does not take `-1`'],
    ['denied=true', 'denied does not take `true`'],
    ['since=1', 'there is no query member since; there are task, denied, after, last, follow'],
    ['after=1&after=2', 'after is given twice'],
    ['after=1&last=2', '`after` and `last` exclude each other'],
  ])('with %s is refused', async (query, error) => {
    const { status, text } = await ask('GET', `/_rolecall/trail?${query}`);
    expect(status).toBe(400);
    expect(JSON.parse(text)).toMatchObject({ code: 'server-refused', error, help: expect.stringMatching(/\S/) });
  });
});

it('GET /_rolecall/output refuses a query member that there is not', async () => {
  const { status, text } = await ask('GET', '/_rolecall/output?task=arn&tail=1');
  expect([status, JSON.parse(text).error]).toEqual([400, 'there is no query member tail; there are task, follow']);
});

describe('POST /_rolecall/instances', () => {
  it('hands on what is asked for', async () => {
    const request = { cluster: 'a', attributes: { stack: 'blue' }, switches: { awsvpcBlockImds: true } };
    expect((await ask('POST', '/_rolecall/instances', request)).status).toBe(200);
    expect(added).toEqual([{ ...request, launchType: 'EC2' }]);
  });

  it.each([
    [{ attributes: [] }, '/attributes is not an object of texts'],
    [{ attributes: { stack: 1 } }, '/attributes is not an object of texts'],
    [{ metadataOptions: [] }, '/metadataOptions is not an object'],
    [{ switches: [] }, '/switches is not an object'],
  ])('refuses %j', async (part, error) => {
    const { status, text } = await ask('POST', '/_rolecall/instances', { cluster: 'a', ...part });
    expect([status, JSON.parse(text)]).toEqual([
      400,
      expect.objectContaining({ code: 'instance-request-invalid', error }),
    ]);
  });

  it('refuses a list', async () => {
    const { status, text } = await ask('POST', '/_rolecall/instances', []);
    expect([status, JSON.parse(text).error]).toEqual([400, 'the request is not an object']);
  });
});
