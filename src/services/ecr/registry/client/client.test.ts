import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { createServer, type IncomingMessage, type RequestListener, type Server, type ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { close, listen } from '../../../../core/listening.ts';
import { basic, digestOf, HOME, startTestRegistry, type TestRegistry } from '../testing.ts';
import { type Descriptor, Layout } from './layout.ts';
import { pullImage } from './pull-image.ts';
import { type ImageSource, pushImage } from './push-image.ts';
import { basicAuthorization } from './registry-client.ts';

const OCI_MANIFEST = 'application/vnd.oci.image.manifest.v1+json';
const OCI_INDEX = 'application/vnd.oci.image.index.v1+json';

let registry: TestRegistry;
let scratch: string;
beforeAll(async () => {
  registry = await startTestRegistry();
  await registry.bench.call('ecr', 'CreateRepository', { repositoryName: 'app' });
  scratch = mkdtempSync(join(tmpdir(), 'rolecall-client-'));
});
afterAll(async () => {
  await registry.stop();
  rmSync(scratch, { recursive: true, force: true });
});

let servers: Server[] = [];
afterEach(async () => {
  for (const server of servers) await close(server);
  servers = [];
});

async function serve(listener: RequestListener): Promise<string> {
  const server = createServer(listener);
  servers.push(server);
  return `http://127.0.0.1:${await listen(server, 0, '127.0.0.1')}`;
}

/** Parts of images by digest. */
class Parts implements ImageSource {
  readonly #parts = new Map<string, Buffer>();

  add(content: string, mediaType = 'application/octet-stream'): Descriptor {
    const bytes = Buffer.from(content);
    this.#parts.set(digestOf(bytes), bytes);
    return { mediaType, digest: digestOf(bytes), size: bytes.length };
  }

  image(os: string, architecture: string, layers: readonly string[]): Descriptor {
    const config = this.add(JSON.stringify({ os, architecture, layers }));
    const described = layers.map((layer) => this.add(layer));
    const manifest = { schemaVersion: 2, mediaType: OCI_MANIFEST, config, layers: described };
    return { ...this.add(JSON.stringify(manifest), OCI_MANIFEST), platform: { os, architecture } };
  }

  index(manifests: readonly Descriptor[]): Descriptor {
    return this.add(JSON.stringify({ schemaVersion: 2, mediaType: OCI_INDEX, manifests }), OCI_INDEX);
  }

  bytes(digest: string): Buffer | undefined {
    return this.#parts.get(digest);
  }

  blob(digest: string) {
    const bytes = this.#parts.get(digest);
    return bytes === undefined ? undefined : { size: bytes.length, open: () => Readable.from([bytes]) };
  }

  async manifest(digest: string): Promise<Buffer> {
    return this.#parts.get(digest) ?? Promise.reject(new Error('missing'));
  }
}

const at = () => ({
  endpoint: registry.endpoint,
  repository: `${HOME}/app`,
  authorization: basicAuthorization('AWS', registry.rootToken),
});
const fresh = () => mkdtempSync(join(scratch, 'layout-'));

describe('pushImage and pullImage', () => {
  it('take an index there and the image of a platform back', async () => {
    const source = new Parts();
    const amd = source.image('linux', 'amd64', ['shared', 'amd only']);
    const arm = source.image('linux', 'arm64', ['shared', 'arm only']);
    const image = source.index([amd, arm]);
    await pushImage({ ...at(), tag: 'multi', image, source });
    const into = fresh();
    const pulled = await pullImage({
      ...at(),
      reference: 'multi',
      platform: { os: 'linux', architecture: 'arm64' },
      into,
    });
    expect(pulled).toMatchObject({ directory: into, digest: image.digest, image: { digest: arm.digest } });
    expect(JSON.parse(readFileSync(join(into, 'oci-layout'), 'utf8'))).toEqual({ imageLayoutVersion: '1.0.0' });
    const index = JSON.parse(readFileSync(join(into, 'index.json'), 'utf8'));
    expect(index.manifests).toMatchObject([
      { digest: arm.digest, annotations: { 'org.opencontainers.image.ref.name': `${HOME}/app:multi` } },
    ]);
    const files = readdirSync(join(into, 'blobs', 'sha256'));
    for (const name of files)
      expect(digestOf(readFileSync(join(into, 'blobs', 'sha256', name)))).toBe(`sha256:${name}`);
    expect(files).toContain(digestOf('arm only').slice(7));
    expect(files).not.toContain(digestOf('amd only').slice(7));

    // Again: only the manifests are asked for.
    const before = registry.bench.trail().length;
    await pullImage({ ...at(), reference: image.digest, platform: { os: 'linux', architecture: 'arm64' }, into });
    const calls = registry.bench.trail().slice(before);
    expect(calls.map(({ operation }) => operation)).toEqual(['BatchGetImage', 'BatchGetImage']);
    const missing = pullImage({ ...at(), reference: 'multi', platform: { os: 'plan9', architecture: 'mips' }, into });
    await expect(missing).rejects.toThrow('no matching manifest for plan9/mips');
  });

  it('do not push what is there', async () => {
    const source = new Parts();
    const image = source.image('linux', 'amd64', ['pushed once']);
    await pushImage({ ...at(), tag: 'once', image, source });
    const before = registry.bench.trail().length;
    await pushImage({ ...at(), tag: 'twice', image, source });
    const calls = registry.bench.trail().slice(before);
    expect(calls.map(({ operation }) => operation)).toEqual([
      'BatchCheckLayerAvailability',
      'BatchCheckLayerAvailability',
      'PutImage',
    ]);
  });

  it('tell what the registry said', async () => {
    const pull = (more: object) => pullImage({ ...at(), reference: 'none', into: fresh(), ...more });
    await expect(pull({})).rejects.toMatchObject({
      status: 404,
      code: 'MANIFEST_UNKNOWN',
      message: 'Requested image not found',
    });
    await expect(pull({ authorization: undefined })).rejects.toMatchObject({ status: 401, code: 'UNAUTHORIZED' });
    const bearer = await serve((_message, response) =>
      response.writeHead(401, { 'www-authenticate': 'Bearer realm="x"' }).end('no'),
    );
    await expect(pull({ endpoint: bearer })).rejects.toThrow('bearer token');
    const puller = registry.bench.roleSession('puller', [
      { Version: '2012-10-17', Statement: { Effect: 'Allow', Action: 'ecr:GetAuthorizationToken', Resource: '*' } },
    ]);
    const authorization = basicAuthorization('AWS', await registry.tokenOf(puller));
    await expect(pull({ authorization })).rejects.toMatchObject({
      status: 403,
      code: 'DENIED',
      message: expect.stringContaining(`User: ${puller.arn} is not authorized to perform: ecr:BatchGetImage`),
    });
  });
});

describe('pullImage from a registry that fails', () => {
  const parts = new Parts();
  const layer = 'x'.repeat(50_000);
  const image = parts.image('linux', 'amd64', [layer]);

  /** A plain registry of these parts; `blob` answers for the layer. */
  const plain = (blob: (message: IncomingMessage, response: ServerResponse) => void) =>
    serve((message, response) => {
      const reference = decodeURIComponent((message.url ?? '').split('/').at(-1) as string);
      if (reference === digestOf(layer)) return blob(message, response);
      const bytes = parts.bytes(reference === 'v1' ? image.digest : reference);
      if (bytes === undefined) return response.writeHead(404).end();
      response.writeHead(200, { 'content-type': OCI_MANIFEST }).end(bytes);
      return undefined;
    });
  const pull = (endpoint: string, into = fresh(), more: object = {}) =>
    pullImage({
      endpoint,
      repository: 'app',
      reference: 'v1',
      platform: { os: 'linux', architecture: 'amd64' },
      into,
      ...more,
    });
  const nothingPartial = (into: string) =>
    expect(readdirSync(join(into, 'blobs', 'sha256')).filter((name) => name.includes('partial'))).toEqual([]);

  it('goes on where the connection broke', async () => {
    const asked: (string | undefined)[] = [];
    const endpoint = await plain((message, response) => {
      asked.push(message.headers.range);
      const from = Number(/^bytes=(\d+)-$/.exec(message.headers.range ?? '')?.[1] ?? 0);
      response.writeHead(from > 0 ? 206 : 200, { 'content-length': layer.length - from });
      if (asked.length < 3)
        response.write(layer.slice(from, from + 10_000), () => setTimeout(() => response.destroy(), 30));
      else response.end(layer.slice(from));
    });
    const into = fresh();
    await pull(endpoint, into);
    expect(asked).toEqual([undefined, 'bytes=10000-', 'bytes=20000-']);
    expect(readFileSync(join(into, 'blobs', 'sha256', digestOf(layer).slice(7)), 'utf8')).toBe(layer);
    nothingPartial(into);
  });

  it('goes on with a registry that knows no ranges', async () => {
    let asked = 0;
    const endpoint = await plain((_message, response) => {
      asked++;
      response.writeHead(200, { 'content-length': layer.length });
      if (asked === 1) response.write(layer.slice(0, 10_000), () => setTimeout(() => response.destroy(), 30));
      else response.end(layer);
    });
    await pull(endpoint);
    expect(asked).toBe(2);
  });

  it.each<[string, string, string]>([
    ['other bytes', 'y'.repeat(50_000), 'has the digest'],
    ['too many bytes', `${layer}more`, 'more than the 50000 bytes'],
    ['too few bytes', 'x'.repeat(10), 'ended early'],
  ])('takes no %s', async (_what, sent, message) => {
    const into = fresh();
    const endpoint = await plain((_message, response) => response.end(sent));
    await expect(pull(endpoint, into)).rejects.toThrow(message);
    expect(readdirSync(join(into, 'blobs', 'sha256'))).not.toContain(digestOf(layer).slice(7));
    nothingPartial(into);
  });

  it('takes no other manifest than the one that it asked for', async () => {
    const endpoint = await serve((_message, response) => response.end('{"schemaVersion":2,"layers":[]}'));
    await expect(pull(endpoint, fresh(), { reference: image.digest })).rejects.toThrow('has the digest');
    await expect(pull(endpoint)).rejects.toThrow('the config of the manifest has no sha256 digest');
  });

  it('writes no file outside the layout whatever the manifest says', async () => {
    const into = join(fresh(), 'inside');
    mkdirSync(into);
    for (const digest of ['sha256:../../../escape', '../escape', `sha256:${'a'.repeat(63)}/`]) {
      const manifest = { schemaVersion: 2, config: { digest, size: 1 }, layers: [] };
      const endpoint = await serve((_message, response) => response.end(JSON.stringify(manifest)));
      await expect(pull(endpoint, into)).rejects.toThrow('no sha256 digest');
    }
    expect(readdirSync(join(into, '..'))).toEqual(['inside']);
  });

  it('follows where it is led, and shows its password to nobody else', async () => {
    const seen: (string | undefined)[] = [];
    const store = await serve((message, response) => {
      seen.push(message.headers.authorization);
      response.end(layer);
    });
    const endpoint = await plain((_message, response) => {
      response.writeHead(307, { location: `${store}/signed` }).end();
    });
    await pull(endpoint, fresh(), { authorization: basic('me', 'secret') });
    expect(seen).toEqual([undefined]);
    const round = await plain((message, response) => response.writeHead(302, { location: message.url ?? '' }).end());
    await expect(pull(round)).rejects.toThrow('redirects without end');
    const odd = await plain((_message, response) => response.writeHead(302, { location: 'file:///etc/passwd' }).end());
    await expect(pull(odd)).rejects.toThrow('cannot lead to file:');
  });

  it('ends when it is told to', async () => {
    const stop = new AbortController();
    const endpoint = await plain((_message, response) => {
      response.writeHead(200, { 'content-length': layer.length });
      response.write('x', () => stop.abort());
    });
    const into = fresh();
    await expect(pull(endpoint, into, { signal: stop.signal })).rejects.toThrow();
    nothingPartial(into);
  });
});

it('a layout keeps the images that it has', async () => {
  const source = new Parts();
  const into = fresh();
  writeFileSync(join(into, 'oci-layout'), '{"imageLayoutVersion":"1.0.0"}');
  for (const tag of ['first', 'second', 'first']) {
    await pushImage({ ...at(), tag, image: source.image('linux', 'amd64', [tag]), source });
    await pullImage({ ...at(), reference: tag, platform: { os: 'linux', architecture: 'amd64' }, into });
  }
  const { manifests } = JSON.parse(readFileSync(join(into, 'index.json'), 'utf8'));
  expect(manifests).toHaveLength(2);
  const [old, young] = ['old', 'young'].map((name) => join(into, 'blobs', 'sha256', `${name}.partial`)) as [
    string,
    string,
  ];
  for (const file of [old, young]) writeFileSync(file, 'left');
  utimesSync(old, 0, 0);
  new Layout(into);
  expect([existsSync(old), existsSync(young)]).toEqual([false, true]);
});
