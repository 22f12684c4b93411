import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { TEST_ACCOUNT, TEST_REGION } from '../../../gateway/testing.ts';
import { type Answer, type Asked, digestOf, HOME, refusalOf, startTestRegistry, type TestRegistry } from './testing.ts';

const ARN = `arn:aws:ecr:${TEST_REGION}:${TEST_ACCOUNT}:repository/app`;
const MANIFEST = JSON.stringify({
  schemaVersion: 2,
  mediaType: 'application/vnd.oci.image.manifest.v1+json',
  config: { mediaType: 'application/vnd.oci.image.config.v1+json', digest: digestOf('{}'), size: 2 },
  layers: [],
});
const BLOBS = `/v2/${HOME}/app/blobs`;
const allow = (...actions: string[]) => ({
  Version: '2012-10-17',
  Statement: [{ Effect: 'Allow', Action: ['ecr:GetAuthorizationToken', ...actions], Resource: '*' }],
});

let registry: TestRegistry;
let upload = '';
beforeAll(async () => {
  registry = await startTestRegistry();
  for (const repositoryName of ['app', 'other'])
    await registry.bench.call('ecr', 'CreateRepository', { repositoryName });
  await registry.ask('POST', `${BLOBS}/uploads/?digest=${digestOf('{}')}`, { body: '{}' });
  await putManifest({});
  upload = (await registry.ask('POST', `${BLOBS}/uploads/`)).headers.location ?? '';
});
afterAll(() => registry.stop());

function putManifest(asked: Asked): Promise<Answer> {
  const headers = { 'content-type': 'application/vnd.oci.image.manifest.v1+json' };
  return registry.ask('PUT', `/v2/${HOME}/app/manifests/v1`, { headers, body: MANIFEST, ...asked });
}

/** Every request and the action that it is. */
const cells: readonly (readonly [action: string, request: (as: Asked) => Promise<Answer>, allowed: number])[] = [
  ['ecr:BatchCheckLayerAvailability', (as) => registry.ask('HEAD', `${BLOBS}/${digestOf('{}')}`, as), 200],
  ['ecr:GetDownloadUrlForLayer', (as) => registry.ask('GET', `${BLOBS}/${digestOf('{}')}`, as), 200],
  ['ecr:BatchGetImage', (as) => registry.ask('GET', `/v2/${HOME}/app/manifests/v1`, as), 200],
  ['ecr:BatchGetImage', (as) => registry.ask('HEAD', `/v2/${HOME}/app/manifests/v1`, as), 200],
  ['ecr:InitiateLayerUpload', (as) => registry.ask('POST', `${BLOBS}/uploads/`, as), 202],
  ['ecr:UploadLayerPart', (as) => registry.ask('PATCH', upload, { ...as, body: 'x' }), 202],
  ['ecr:UploadLayerPart', (as) => registry.ask('GET', upload, as), 204],
  ['ecr:CompleteLayerUpload', (as) => registry.ask('PUT', `${upload}?digest=${digestOf('x')}`, as), 201],
  ['ecr:PutImage', (as) => putManifest(as), 201],
  ['ecr:ListImages', (as) => registry.ask('GET', `/v2/${HOME}/app/tags/list`, as), 200],
  ['ecr:ListImageReferrers', (as) => registry.ask('GET', `/v2/${HOME}/app/referrers/${digestOf('x')}`, as), 200],
  ['ecr:BatchDeleteImage', (as) => registry.ask('DELETE', `/v2/${HOME}/app/manifests/v1`, as), 202],
];

describe('each request', () => {
  it.each(cells)('is %s of whoever got the token', async (action, request, allowed) => {
    const other = cells.map(([one]) => one).filter((one) => one !== action);
    const without = registry.bench.roleSession('without', [allow(...other)]);
    const refused = await request({ token: await registry.tokenOf(without) });
    const message = `User: ${without.arn} is not authorized to perform: ${action} on resource: ${ARN} because no identity-based policy allows the ${action} action`;
    expect(refused.status).toBe(403);
    // HEAD has no body to say it in.
    if (refused.body.length > 0) expect(refusalOf(refused)).toEqual({ code: 'DENIED', message });
    expect(registry.bench.trail().at(-1)).toMatchObject({
      operation: action.slice('ecr:'.length),
      outcome: 'denied',
      principalName: 'without',
      error: { message },
      checks: [{ action, resource: ARN, effect: 'ImplicitlyDenied' }],
    });
    const only = registry.bench.roleSession('only', [allow(action)]);
    const answer = await request({
      token: await registry.tokenOf(only),
      headers: { 'user-agent': 'docker/1', 'content-type': 'application/vnd.oci.image.manifest.v1+json' },
    });
    expect([action, answer.status]).toEqual([action, allowed]);
    const record = registry.bench.trail().at(-1);
    expect(record).toMatchObject({
      operation: action.slice('ecr:'.length),
      outcome: 'allowed',
      principalArn: only.arn,
      cloudTrail: { userAgent: 'docker/1', sourceIPAddress: '127.0.0.1', awsRegion: TEST_REGION },
    });
    expect(record?.cloudTrail.requestParameters).toMatchObject({ registryId: TEST_ACCOUNT, repositoryName: 'app' });
  });

  it('on a repository that is not there is refused first, then not found', async () => {
    const nobody = registry.bench.roleSession('nobody', [allow()]);
    const target = `/v2/${HOME}/missing/manifests/v1`;
    expect((await registry.ask('GET', target, { token: await registry.tokenOf(nobody) })).status).toBe(403);
    const missing = await registry.ask('GET', target);
    expect([missing.status, refusalOf(missing)]).toEqual([
      404,
      {
        code: 'NAME_UNKNOWN',
        message: `The repository with name 'missing' does not exist in the registry with id '${TEST_ACCOUNT}'`,
      },
    ]);
  });
});

describe('repository policies', () => {
  it('let another account in, as far as they say', async () => {
    const as = registry.bench.roleSession('puller', [allow('ecr:*')], { account: '111111111111' });
    const token = await registry.tokenOf(as);
    await putManifest({});
    const pull = () => registry.ask('GET', `/v2/${HOME}/app/manifests/v1`, { token });
    const outside = await pull();
    expect([outside.status, refusalOf(outside).message]).toEqual([
      403,
      `User: ${as.arn} is not authorized to perform: ecr:BatchGetImage on resource: ${ARN} because no resource-based policy allows the ecr:BatchGetImage action`,
    ]);
    await setPolicy({ Effect: 'Allow', Principal: { AWS: '111111111111' }, Action: 'ecr:BatchGetImage' });
    expect((await pull()).status).toBe(200);
    const layer = await registry.ask('GET', `${BLOBS}/${digestOf('{}')}`, { token });
    expect([layer.status, refusalOf(layer).message]).toEqual([
      403,
      expect.stringContaining('ecr:GetDownloadUrlForLayer'),
    ]);
    await setPolicy({ Effect: 'Deny', Principal: '*', Action: 'ecr:BatchGetImage' });
    const own = await registry.tokenOf(registry.bench.roleSession('own', [allow('ecr:*')]));
    const denied = await registry.ask('GET', `/v2/${HOME}/app/manifests/v1`, { token: own });
    expect([denied.status, refusalOf(denied).message]).toEqual([
      403,
      expect.stringContaining('with an explicit deny in a resource-based policy'),
    ]);
    await registry.bench.call('ecr', 'DeleteRepositoryPolicy', { repositoryName: 'app' });
  });

  async function setPolicy(statement: object): Promise<void> {
    const policyText = JSON.stringify({ Version: '2012-10-17', Statement: statement });
    await registry.bench.call('ecr', 'SetRepositoryPolicy', { repositoryName: 'app', policyText });
  }
});

describe('mounting', () => {
  const target = `/v2/${HOME}/other/blobs/uploads/?mount=${digestOf('{}')}&from=${HOME}/app`;
  const on = (name: string, ...actions: string[]) => ({
    Version: '2012-10-17',
    Statement: [
      { Effect: 'Allow', Action: 'ecr:GetAuthorizationToken', Resource: '*' },
      { Effect: 'Allow', Action: actions, Resource: `arn:aws:ecr:*:*:repository/${name}` },
    ],
  });
  const pushes = ['ecr:InitiateLayerUpload', 'ecr:UploadLayerPart', 'ecr:CompleteLayerUpload'];

  it('takes no layer from a repository that the principal cannot read', async () => {
    const blind = registry.bench.roleSession('blind', [on('other', ...pushes)]);
    const answer = await registry.ask('POST', target, { token: await registry.tokenOf(blind) });
    expect([answer.status, answer.headers.location]).toEqual([202, expect.stringContaining('/uploads/')]);
    expect((await registry.ask('HEAD', `/v2/${HOME}/other/blobs/${digestOf('{}')}`)).status).toBe(404);
  });

  it('takes as much as an upload would', async () => {
    const read = on('app', 'ecr:GetDownloadUrlForLayer');
    const half = registry.bench.roleSession('half', [read, on('other', ...pushes.slice(0, 2))]);
    const refused = await registry.ask('POST', target, { token: await registry.tokenOf(half) });
    expect([refused.status, refusalOf(refused).message]).toEqual([
      403,
      expect.stringContaining('ecr:CompleteLayerUpload'),
    ]);
    const whole = registry.bench.roleSession('whole', [read, on('other', ...pushes)]);
    expect((await registry.ask('POST', target, { token: await registry.tokenOf(whole) })).status).toBe(201);
  });
});
