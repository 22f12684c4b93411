import { afterAll, beforeAll, expect, it } from 'vitest';
import { TEST_ACCOUNT, TEST_REGION } from '../../../gateway/testing.ts';
import { PullsUnderWay } from './pulls-under-way.ts';
import { digestOf, HOME, startTestRegistry, type TestRegistry } from './testing.ts';

const OCI = 'application/vnd.oci.image.manifest.v1+json';
const config = '{}';
const manifest = (of: string) =>
  JSON.stringify({
    schemaVersion: 2,
    mediaType: OCI,
    config: {
      mediaType: 'application/vnd.oci.image.config.v1+json',
      digest: digestOf(config),
      size: config.length,
    },
    layers: [],
    annotations: { of },
  });
const FIRST = manifest('first');
const SECOND = manifest('second');
const repository = { account: TEST_ACCOUNT, region: TEST_REGION, name: 'app' };

const pulls = new PullsUnderWay();
let registry: TestRegistry;
let token: string;
let end: () => void;

beforeAll(async () => {
  registry = await startTestRegistry(undefined, pulls);
  for (const name of ['app', 'other']) {
    await registry.bench.call('ecr', 'CreateRepository', { repositoryName: name });
    await registry.ask('POST', `/v2/${HOME}/${name}/blobs/uploads/?digest=${digestOf(config)}`, { body: config });
  }
  await put('app', 'v1', FIRST);
  await put('app', 'v2', SECOND);
  await put('other', 'v1', FIRST);
  const puller = registry.bench.roleSession('puller', [
    { Version: '2012-10-17', Statement: [{ Effect: 'Allow', Action: 'ecr:*', Resource: '*' }] },
  ]);
  token = await registry.tokenOf(puller);
  end = pulls.begin({ password: token, repository, digests: [digestOf(FIRST), digestOf(config)] });
});
afterAll(() => registry.stop());

async function put(name: string, tag: string, body: string): Promise<void> {
  const headers = { 'content-type': OCI };
  const { status } = await registry.ask('PUT', `/v2/${HOME}/${name}/manifests/${tag}`, { headers, body });
  expect(status).toBe(201);
}

/** Status, and the operations that were recorded of it. */
async function seen(method: string, path: string, more: object = {}): Promise<[number, ...string[]]> {
  const before = registry.bench.trail().length;
  const { status } = await registry.ask(method, `/v2/${HOME}/${path}`, { token, ...more });
  const calls = registry.bench.trail().slice(before);
  return [status, ...calls.map(({ operation }) => operation)];
}

it('what belongs to a pull under way is given out without another call', async () => {
  for (const reference of ['v1', digestOf(FIRST)]) {
    expect(await seen('HEAD', `app/manifests/${reference}`)).toEqual([200]);
    expect(await seen('GET', `app/manifests/${reference}`, { headers: { accept: OCI } })).toEqual([200]);
  }
  expect(await seen('GET', `app/blobs/${digestOf(config)}`)).toEqual([200]);
});

it('everything else is a call of its own: other images, other repositories, other tokens, other requests', async () => {
  expect(await seen('GET', 'app/manifests/v2')).toEqual([200, 'BatchGetImage']);
  expect(await seen('GET', 'app/manifests/none')).toEqual([404, 'BatchGetImage']);
  expect(await seen('GET', `app/manifests/v1`, { headers: { accept: 'text/plain' } })).toEqual([404, 'BatchGetImage']);
  expect(await seen('GET', 'other/manifests/v1')).toEqual([200, 'BatchGetImage']);
  expect(await seen('GET', `other/blobs/${digestOf(config)}`)).toEqual([200, 'GetDownloadUrlForLayer']);
  expect(await seen('HEAD', `app/blobs/${digestOf(config)}`)).toEqual([200, 'BatchCheckLayerAvailability']);
  expect(await seen('GET', 'app/tags/list')).toEqual([200, 'ListImages']);
  expect(await seen('DELETE', 'app/manifests/v2')).toEqual([202, 'BatchDeleteImage']);
  const mine = registry.rootToken;
  expect(await seen('GET', 'app/manifests/v1', { token: mine })).toEqual([200, 'BatchGetImage']);
  expect(await seen('GET', 'app/manifests/v1', { token: 'wrong' })).toEqual([403]);
});

it('a tag that went to another image meanwhile is asked for anew', async () => {
  await put('app', 'v1', SECOND);
  expect(await seen('GET', 'app/manifests/v1')).toEqual([200, 'BatchGetImage']);
  expect(await seen('GET', `app/manifests/${digestOf(FIRST)}`)).toEqual([200]);
});

it('when the pull is over its token is one like any other', async () => {
  end();
  expect(await seen('GET', `app/manifests/${digestOf(FIRST)}`)).toEqual([200, 'BatchGetImage']);
  expect(await seen('GET', `app/blobs/${digestOf(config)}`)).toEqual([200, 'GetDownloadUrlForLayer']);
});
