import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { TEST_ACCOUNT, TEST_REGION } from '../../../gateway/testing.ts';
import { type Answer, basic, digestOf, HOME, refusalOf, startTestRegistry, type TestRegistry } from './testing.ts';

const OCI_MANIFEST = 'application/vnd.oci.image.manifest.v1+json';
const OCI_INDEX = 'application/vnd.oci.image.index.v1+json';
const OCI_LAYER = 'application/vnd.oci.image.layer.v1.tar+gzip';
const OCI_CONFIG = 'application/vnd.oci.image.config.v1+json';

let registry: TestRegistry;
beforeAll(async () => {
  registry = await startTestRegistry();
  for (const repositoryName of ['app', 'other', 'team/deep/app']) {
    await registry.bench.call('ecr', 'CreateRepository', { repositoryName });
  }
});
afterAll(() => registry.stop());

type As = { token?: string };

async function upload(content: string, name = `${HOME}/app`, as: As = {}): Promise<Answer> {
  const started = await registry.ask('POST', `/v2/${name}/blobs/uploads/`, as);
  if (started.status !== 202) return started;
  return registry.ask('PUT', `${started.headers.location}?digest=${digestOf(content)}`, { ...as, body: content });
}

function manifestOf(config: string, layers: readonly string[], more: object = {}): string {
  const descriptor = (content: string, mediaType: string) => ({
    mediaType,
    digest: digestOf(content),
    size: Buffer.byteLength(content),
  });
  return JSON.stringify({
    schemaVersion: 2,
    mediaType: OCI_MANIFEST,
    config: descriptor(config, OCI_CONFIG),
    layers: layers.map((layer) => descriptor(layer, OCI_LAYER)),
    ...more,
  });
}

function put(reference: string, manifest: string, name = `${HOME}/app`, as: As = {}): Promise<Answer> {
  return registry.ask('PUT', `/v2/${name}/manifests/${reference}`, {
    ...as,
    headers: { 'content-type': (JSON.parse(manifest) as { mediaType: string }).mediaType },
    body: manifest,
  });
}

async function push(tag: string, layers: readonly string[], name = `${HOME}/app`, more: object = {}): Promise<string> {
  const config = JSON.stringify({ os: 'linux', architecture: 'amd64', layers });
  for (const blob of [config, ...layers]) expect((await upload(blob, name)).status).toBe(201);
  const manifest = manifestOf(config, layers, more);
  const answer = await put(tag, manifest, name);
  expect([answer.status, answer.body.toString()]).toEqual([201, '']);
  return manifest;
}

describe('who may come in', () => {
  it('nobody without a password, and the challenge says what kind is wanted', async () => {
    const answer = await registry.ask('GET', '/v2/', { token: null });
    expect(answer.status).toBe(401);
    expect(answer.headers['www-authenticate']).toMatch(/^Basic realm="http:\/\/.+\/",service="ecr\.amazonaws\.com"$/);
    expect(answer.headers['docker-distribution-api-version']).toBe('registry/2.0');
    expect(refusalOf(answer)).toEqual({ code: 'UNAUTHORIZED', message: 'Not Authorized' });
  });

  it('whoever has a token of GetAuthorizationToken, for twelve hours, in its Region', async () => {
    const own = await startTestRegistry();
    try {
      expect((await own.ask('GET', '/v2/')).status).toBe(200);
      const wrong = await own.ask('GET', '/v2/', { token: `${own.rootToken}x` });
      expect([wrong.status, refusalOf(wrong).message]).toEqual([403, 'Your Authorization Token is invalid.']);
      const user = await own.ask('GET', '/v2/', {
        token: null,
        headers: { authorization: basic('root', own.rootToken) },
      });
      expect(user.status).toBe(401);
      const elsewhere = await own.ask('GET', `/v2/${TEST_ACCOUNT}/us-east-1/app/tags/list`);
      expect(refusalOf(elsewhere).message).toBe('Your Authorization Token is invalid.');
      own.bench.clock.advance(12 * 3_600_000);
      const late = await own.ask('GET', '/v2/');
      expect([late.status, refusalOf(late).message]).toEqual([
        403,
        'Your authorization token has expired. Reauthenticate and try again.',
      ]);
      expect(JSON.stringify(own.bench.trail())).not.toContain(own.rootToken);
    } finally {
      await own.stop();
    }
  });
});

describe('images', () => {
  it('are pushed, and are ECR’s images', async () => {
    const manifest = await push('v1', ['layer one', 'layer two']);
    const digest = digestOf(manifest);
    for (const reference of ['v1', digest]) {
      const answer = await registry.ask('GET', `/v2/${HOME}/app/manifests/${reference}`, {
        headers: { accept: OCI_MANIFEST },
      });
      expect(answer.status).toBe(200);
      expect(answer.body.toString()).toBe(manifest);
      expect(answer.headers).toMatchObject({ 'content-type': OCI_MANIFEST, 'docker-content-digest': digest });
    }
    const head = await registry.ask('HEAD', `/v2/${HOME}/app/manifests/v1`);
    expect([head.status, head.headers['content-length'], head.body.length]).toEqual([200, `${manifest.length}`, 0]);
    const { imageDetails } = await registry.bench.call('ecr', 'DescribeImages', {
      repositoryName: 'app',
      imageIds: [{ imageTag: 'v1' }],
    });
    expect(imageDetails).toMatchObject([{ imageDigest: digest, imageTags: ['v1'], artifactMediaType: OCI_CONFIG }]);
    const { images } = await registry.bench.call('ecr', 'BatchGetImage', {
      repositoryName: 'app',
      imageIds: [{ imageTag: 'v1' }],
    });
    expect(images?.[0]?.imageManifest).toBe(manifest);
    const { layers } = await registry.bench.call('ecr', 'BatchCheckLayerAvailability', {
      repositoryName: 'app',
      layerDigests: [digestOf('layer one')],
    });
    expect(layers).toMatchObject([{ layerAvailability: 'AVAILABLE', layerSize: 9, mediaType: OCI_LAYER }]);
  });

  it('put by the API are pulled', async () => {
    const manifest = manifestOf('{"by":"api"}', ['of the api']);
    for (const blob of ['{"by":"api"}', 'of the api']) await upload(blob);
    await registry.bench.call('ecr', 'PutImage', {
      repositoryName: 'app',
      imageManifest: manifest,
      imageTag: 'by-api',
    });
    expect((await registry.ask('GET', `/v2/${HOME}/app/manifests/by-api`)).body.toString()).toBe(manifest);
    const blob = await registry.ask('GET', `/v2/${HOME}/app/blobs/${digestOf('of the api')}`);
    expect(blob.body.toString()).toBe('of the api');
  });

  it('are the same under every way to name the repository', async () => {
    const manifest = await push('named', ['x'], `${HOME}/team/deep/app`);
    for (const suffix of ['localhost:4566', 'localhost', 'amazonaws.com']) {
      const host = `${TEST_ACCOUNT}.dkr.ecr.${TEST_REGION}.${suffix}`;
      const answer = await registry.ask('GET', '/v2/team/deep/app/manifests/named', { headers: { host } });
      expect(answer.body.toString()).toBe(manifest);
    }
  });

  it('are pushed again without complaint, but never under an immutable tag', async () => {
    const manifest = await push('again', ['again']);
    expect((await put('again', manifest)).status).toBe(201);
    expect((await put(digestOf(manifest), manifest)).status).toBe(201);
    await registry.bench.call('ecr', 'CreateRepository', {
      repositoryName: 'fixed',
      imageTagMutability: 'IMMUTABLE',
    });
    const first = await push('v1', ['fixed'], `${HOME}/fixed`);
    const other = manifestOf('{"other":1}', ['fixed']);
    await upload('{"other":1}', `${HOME}/fixed`);
    for (const again of [first, other]) {
      const answer = await put('v1', again, `${HOME}/fixed`);
      expect([answer.status, refusalOf(answer)]).toEqual([
        400,
        {
          code: 'TAG_INVALID',
          message:
            "The image tag 'v1' already exists in the 'fixed' repository and cannot be overwritten because the tag is immutable.",
        },
      ]);
    }
    expect((await put('v2', other, `${HOME}/fixed`)).status).toBe(201);
  });

  it('of several platforms are indexes over their images', async () => {
    const arm = await push('arm', ['arm']);
    const index = (digests: readonly string[]) =>
      JSON.stringify({
        schemaVersion: 2,
        mediaType: OCI_INDEX,
        manifests: digests.map((digest) => ({ mediaType: OCI_MANIFEST, digest, size: arm.length })),
      });
    const refused = await put('multi', index([digestOf(arm), digestOf('missing')]));
    expect([refused.status, refusalOf(refused).code]).toEqual([400, 'MANIFEST_BLOB_UNKNOWN']);
    expect((await put('multi', index([digestOf(arm)]))).status).toBe(201);
    const wanted = await registry.ask('GET', `/v2/${HOME}/app/manifests/multi`, { headers: { accept: OCI_MANIFEST } });
    expect([wanted.status, refusalOf(wanted).code]).toEqual([404, 'MANIFEST_UNKNOWN']);
    const found = await registry.ask('GET', `/v2/${HOME}/app/manifests/multi`, {
      headers: { accept: `${OCI_MANIFEST}, ${OCI_INDEX};q=0.5` },
    });
    expect(found.headers['content-type']).toBe(OCI_INDEX);
    const child = await registry.ask('DELETE', `/v2/${HOME}/app/manifests/${digestOf(arm)}`);
    expect([child.status, refusalOf(child).message]).toEqual([405, 'Requested image referenced by manifest list']);
  });

  it('that lack a layer or are no manifests are refused', async () => {
    const lacking = await put('lacking', manifestOf('{}', ['never pushed']));
    expect([lacking.status, refusalOf(lacking).code]).toEqual([400, 'MANIFEST_BLOB_UNKNOWN']);
    const send = (body: string | Buffer) =>
      registry.ask('PUT', `/v2/${HOME}/app/manifests/bad`, { headers: { 'content-type': OCI_MANIFEST }, body });
    for (const body of ['{', '[]', '{"schemaVersion":1}', Buffer.from([0x7b, 0xff, 0x7d])]) {
      const answer = await send(body);
      expect([answer.status, refusalOf(answer).code]).toEqual([400, 'MANIFEST_INVALID']);
    }
    const long = await send(Buffer.alloc(5 * 1024 * 1024, 0x20));
    expect([long.status, refusalOf(long).code]).toEqual([413, 'SIZE_INVALID']);
    const manifest = await push('right', ['right']);
    const wrong = await put(digestOf('another'), manifest);
    expect([wrong.status, refusalOf(wrong).code]).toEqual([400, 'DIGEST_INVALID']);
  });

  it('are listed by tag in pages', async () => {
    for (const tag of ['c', 'a', 'b', 'B']) await push(tag, ['tags'], `${HOME}/team/deep/app`);
    await registry.ask('DELETE', `/v2/${HOME}/team/deep/app/manifests/named`);
    const all = await registry.ask('GET', `/v2/${HOME}/team/deep/app/tags/list`);
    expect(JSON.parse(all.body.toString())).toEqual({ name: `${HOME}/team/deep/app`, tags: ['B', 'a', 'b', 'c'] });
    const first = await registry.ask('GET', `/v2/${HOME}/team/deep/app/tags/list?n=3`);
    expect(JSON.parse(first.body.toString()).tags).toEqual(['B', 'a', 'b']);
    const next = /^<(.+)>; rel="next"$/.exec(String(first.headers.link))?.[1] ?? '';
    const second = await registry.ask('GET', next);
    expect([JSON.parse(second.body.toString()).tags, second.headers.link]).toEqual([['c'], undefined]);
  });

  it('are deleted as ECR deletes them', async () => {
    const manifest = await push('one', ['delete me']);
    await put('two', manifest);
    expect((await registry.ask('DELETE', `/v2/${HOME}/app/manifests/one`)).status).toBe(202);
    expect((await registry.ask('GET', `/v2/${HOME}/app/manifests/two`)).status).toBe(200);
    expect((await registry.ask('DELETE', `/v2/${HOME}/app/manifests/${digestOf(manifest)}`)).status).toBe(202);
    const gone = await registry.ask('DELETE', `/v2/${HOME}/app/manifests/two`);
    expect([gone.status, refusalOf(gone)]).toEqual([
      404,
      { code: 'MANIFEST_UNKNOWN', message: 'Requested image not found' },
    ]);
  });

  it('lead to the images that refer to them', async () => {
    const subject = await push('subject', ['subject']);
    const of = { mediaType: OCI_MANIFEST, digest: digestOf(subject), size: subject.length };
    const signature = manifestOf('{"signed":1}', [], {
      subject: of,
      artifactType: 'x/signature',
      annotations: { a: 'b' },
    });
    const bill = manifestOf('{"bill":1}', [], { subject: of });
    for (const [config, manifest] of [
      ['{"signed":1}', signature],
      ['{"bill":1}', bill],
    ] as const) {
      await upload(config);
      const answer = await put(digestOf(manifest), manifest);
      expect([answer.status, answer.headers['oci-subject']]).toEqual([201, of.digest]);
    }
    const all = await registry.ask('GET', `/v2/${HOME}/app/referrers/${of.digest}`);
    expect(all.headers['content-type']).toBe(OCI_INDEX);
    const types = (answer: Answer) =>
      (JSON.parse(answer.body.toString()).manifests as { artifactType: string }[])
        .map((one) => one.artifactType)
        .sort();
    expect(types(all)).toEqual([OCI_CONFIG, 'x/signature'].sort());
    const some = await registry.ask('GET', `/v2/${HOME}/app/referrers/${of.digest}?artifactType=x/signature`);
    expect(JSON.parse(some.body.toString()).manifests).toEqual([
      {
        mediaType: OCI_MANIFEST,
        digest: digestOf(signature),
        size: signature.length,
        artifactType: 'x/signature',
        annotations: { a: 'b' },
      },
    ]);
    expect(some.headers['oci-filters-applied']).toBe('artifactType');
    const none = await registry.ask('GET', `/v2/${HOME}/app/referrers/${digestOf('nothing')}`);
    expect([none.status, JSON.parse(none.body.toString()).manifests]).toEqual([200, []]);
  });
});

describe('layers', () => {
  const base = `/v2/${HOME}/app/blobs`;
  const start = async () => (await registry.ask('POST', `${base}/uploads/`)).headers.location as string;

  it('are uploaded in chunks, and go on where they stopped', async () => {
    const location = await start();
    const content = 'a chunk, and another, and the last';
    const chunk = (from: number, to: number) =>
      registry.ask('PATCH', location, {
        headers: { 'content-range': `${from}-${to - 1}` },
        body: content.slice(from, to),
      });
    expect((await registry.ask('GET', location)).headers.range).toBe('0-0');
    const first = await chunk(0, 8);
    expect([first.status, first.headers.range, first.headers.location]).toEqual([202, '0-7', location]);
    const hole = await chunk(10, 20);
    expect([hole.status, hole.headers.range]).toEqual([416, '0-7']);
    expect((await chunk(8, 21)).headers.range).toBe('0-20');
    const status = await registry.ask('GET', location);
    expect([status.status, status.headers.range, status.headers['content-length']]).toEqual([204, '0-20', undefined]);
    const done = await registry.ask('PUT', `${location}?digest=${digestOf(content)}`, { body: content.slice(21) });
    expect([done.status, done.headers.location]).toEqual([201, `${base}/${digestOf(content)}`]);
    expect((await registry.ask('GET', `${base}/${digestOf(content)}`)).body.toString()).toBe(content);
    expect((await registry.ask('GET', location)).status).toBe(404);
  });

  it('whose connection breaks keep what has come', async () => {
    const location = await start();
    const content = Buffer.alloc(300_000, 7);
    await new Promise<void>((resolve) => {
      const cut = request(`${registry.endpoint}${location}`, {
        method: 'PATCH',
        headers: { authorization: basic('AWS', registry.rootToken), 'content-length': content.length },
      });
      cut.on('error', () => resolve());
      cut.write(content.subarray(0, 100_000), () => setTimeout(() => cut.destroy(), 50));
      cut.on('close', () => resolve());
    });
    const { headers } = await registry.ask('GET', location);
    const received = Number(/^0-(\d+)$/.exec(String(headers.range))?.[1]) + 1;
    expect(received).toBeLessThanOrEqual(100_000);
    const rest = received === 1 ? content : content.subarray(received);
    const done = await registry.ask('PUT', `${location}?digest=${digestOf(content)}`, { body: rest });
    expect(done.status).toBe(201);
  });

  it('come in one request', async () => {
    const content = 'all at once';
    const answer = await registry.ask('POST', `${base}/uploads/?digest=${digestOf(content)}`, { body: content });
    expect(answer.status).toBe(201);
    const head = await registry.ask('HEAD', `${base}/${digestOf(content)}`);
    expect([head.status, head.headers['content-length']]).toEqual([200, `${content.length}`]);
  });

  it('that are not what they say are refused, and nothing of them stays', async () => {
    const location = await start();
    const answer = await registry.ask('PUT', `${location}?digest=${digestOf('as promised')}`, {
      body: 'something else',
    });
    expect([answer.status, refusalOf(answer).code]).toEqual([400, 'DIGEST_INVALID']);
    expect((await registry.ask('GET', location)).status).toBe(404);
    expect((await registry.ask('HEAD', `${base}/${digestOf('as promised')}`)).status).toBe(404);
    expect(readdirSync(join(registry.directory, 'blobs', 'sha256'))).not.toContain(digestOf('something else').slice(7));
    const odd = await registry.ask('PUT', `${await start()}?digest=sha512:abc`, { body: 'x' });
    expect([odd.status, refusalOf(odd).code]).toEqual([400, 'DIGEST_INVALID']);
  });

  it('are given in ranges', async () => {
    const content = '0123456789';
    await upload(content);
    const get = (range: string) => registry.ask('GET', `${base}/${digestOf(content)}`, { headers: { range } });
    for (const [range, body, stated] of [
      ['bytes=2-4', '234', 'bytes 2-4/10'],
      ['bytes=7-', '789', 'bytes 7-9/10'],
      ['bytes=-3', '789', 'bytes 7-9/10'],
      ['bytes=5-99', '56789', 'bytes 5-9/10'],
    ] as const) {
      const answer = await get(range);
      expect([answer.status, answer.body.toString(), answer.headers['content-range']]).toEqual([206, body, stated]);
    }
    const beyond = await get('bytes=10-');
    expect([beyond.status, beyond.headers['content-range']]).toEqual([416, 'bytes */10']);
    expect((await get('bytes=1-2,4-5')).status).toBe(200);
  });

  it('are given up by DELETE, and cannot be deleted once they are there', async () => {
    const location = await start();
    await registry.ask('PATCH', location, { body: 'some' });
    expect((await registry.ask('DELETE', location)).status).toBe(204);
    expect((await registry.ask('PATCH', location, { body: 'more' })).status).toBe(404);
    await upload('stays');
    const answer = await registry.ask('DELETE', `${base}/${digestOf('stays')}`);
    expect([answer.status, refusalOf(answer).code, answer.headers.allow]).toEqual([405, 'UNSUPPORTED', 'GET, HEAD']);
  });

  it('are mounted from another repository of the registry', async () => {
    await upload('shared');
    const mount = (digest: string, from: string) =>
      registry.ask('POST', `/v2/${HOME}/other/blobs/uploads/?mount=${digest}&from=${encodeURIComponent(from)}`);
    const answer = await mount(digestOf('shared'), `${HOME}/app`);
    expect([answer.status, answer.headers['docker-content-digest']]).toEqual([201, digestOf('shared')]);
    const got = await registry.ask('GET', `/v2/${HOME}/other/blobs/${digestOf('shared')}`);
    expect(got.body.toString()).toBe('shared');
    for (const [digest, from] of [
      [digestOf('unknown'), `${HOME}/app`],
      [digestOf('shared'), `${HOME}/none`],
      [digestOf('shared'), `111111111111/${TEST_REGION}/app`],
      [digestOf('shared'), '../app'],
    ] as const) {
      expect((await mount(digest, from)).status).toBe(202);
    }
  });

  it('have URLs that need no password for an hour', async () => {
    const own = await startTestRegistry();
    try {
      await own.bench.call('ecr', 'CreateRepository', { repositoryName: 'app' });
      const body = 'by its URL';
      await own.ask('POST', `${base}/uploads/?digest=${digestOf(body)}`, { body });
      const { downloadUrl = '' } = await own.bench.call('ecr', 'GetDownloadUrlForLayer', {
        repositoryName: 'app',
        layerDigest: digestOf(body),
      });
      const { pathname } = new URL(downloadUrl);
      expect((await own.ask('GET', pathname, { token: null })).body.toString()).toBe(body);
      const part = await own.ask('GET', pathname, { token: null, headers: { range: 'bytes=0-1' } });
      expect([part.status, part.body.toString()]).toEqual([206, 'by']);
      expect((await own.ask('PUT', pathname, { token: null, body: 'x' })).status).toBe(405);
      expect((await own.ask('GET', `${pathname}x`, { token: null })).status).toBe(403);
      own.bench.clock.advance(3_600_000);
      expect((await own.ask('GET', pathname, { token: null })).status).toBe(403);
    } finally {
      await own.stop();
    }
  });

  it('that nobody needs go after a day', async () => {
    const own = await startTestRegistry();
    try {
      await own.bench.call('ecr', 'CreateRepository', { repositoryName: 'app' });
      const single = (body: string) =>
        own.ask('POST', `${base}/uploads/?digest=${digestOf(body)}`, { body, token: own.rootToken });
      for (const blob of ['{"kept":1}', 'kept', 'unused']) await single(blob);
      const manifest = manifestOf('{"kept":1}', ['kept']);
      await own.ask('PUT', `/v2/${HOME}/app/manifests/kept`, {
        headers: { 'content-type': OCI_MANIFEST },
        body: manifest,
      });
      const { location = '' } = (await own.ask('POST', `${base}/uploads/`)).headers;
      await own.ask('PATCH', location, { body: 'half' });
      const strange = join(own.directory, 'uploads', 'not-an-upload');
      writeFileSync(strange, 'left alone');
      own.bench.clock.advance(23 * 3_600_000);
      const token = await own.tokenOf(own.bench.root);
      expect((await own.ask('GET', location, { token })).status).toBe(204);
      expect((await own.ask('HEAD', `${base}/${digestOf('unused')}`, { token })).status).toBe(200);
      own.bench.clock.advance(2 * 3_600_000);
      const files = (folder: string) => readdirSync(join(own.directory, folder));
      expect((await own.ask('HEAD', `${base}/${digestOf('unused')}`, { token })).status).toBe(404);
      expect((await own.ask('HEAD', `${base}/${digestOf('kept')}`, { token })).status).toBe(200);
      expect((await own.ask('GET', location, { token })).status).toBe(404);
      expect(files('uploads')).toEqual(['not-an-upload']);
      expect(files('blobs/sha256').sort()).toEqual(['{"kept":1}', 'kept'].map((one) => digestOf(one).slice(7)).sort());
    } finally {
      await own.stop();
    }
  });

  it('go on after a restart', async () => {
    const location = await start();
    await registry.ask('PATCH', location, { body: 'before ' });
    const id = location.split('/').at(-1) as string;
    const { BlobStore } = await import('./blob-store.ts');
    const later = new BlobStore({ directory: registry.directory });
    expect(await later.received(id)).toBe(7);
    await later.append(id, Buffer.from('after'), 7);
    expect(await later.finish(id, digestOf('before after'))).toEqual({ size: 12 });
  });
});

describe('paths', () => {
  it('lead nowhere else', async () => {
    mkdirSync(join(registry.directory, 'secret'), { recursive: true });
    for (const path of [
      `/v2/${HOME}/app/blobs/..%2f..%2f..%2fetc%2fpasswd`,
      `/v2/${HOME}/app/blobs/sha256:${'../'.repeat(21)}a`,
      `/v2/${HOME}/app/blobs/uploads/..%2f..%2fsecret`,
      `/v2/${HOME}/app/blobs/uploads/%00`,
      `/v2/${HOME}/app/manifests/..%2f..`,
      `/v2/${HOME}/../../app/tags/list`,
      `/v2/${HOME}/app%2f..%2f../tags/list`,
      `/v2/${HOME}/%e0%a4%a/tags/list`,
      '/v2/app/tags/list',
      '/v2/A/B/app/tags/list',
      `/v2/${HOME}/app/manifests/%zz`,
      '/v2//tags/list',
      `/v2/${HOME}/app/unknown/x`,
    ]) {
      for (const method of ['GET', 'PUT', 'PATCH', 'DELETE']) {
        const answer = await registry.ask(method, path, method === 'GET' ? {} : { body: 'x' });
        expect([path, method, answer.status >= 400 && answer.status < 500]).toEqual([path, method, true]);
        expect(refusalOf(answer).code).not.toBe('');
      }
    }
    expect(readdirSync(registry.directory).sort()).toEqual(['blobs', 'secret', 'uploads']);
  });

  it('without a catalog', async () => {
    const answer = await registry.ask('GET', '/v2/_catalog');
    expect([answer.status, refusalOf(answer).code]).toEqual([405, 'UNSUPPORTED']);
  });
});
