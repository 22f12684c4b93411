import { createHash, randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { CreateRepositoryCommand, ECRClient, GetAuthorizationTokenCommand } from '@aws-sdk/client-ecr';
import { CreateBucketCommand, GetObjectCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { getSignedUrl } from '@aws-sdk/s3-request-presigner';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { RunningServer } from '../../src/server.ts';
import { pullImage } from '../../src/services/ecr/registry/client/pull-image.ts';
import { digestOf, pushImage } from '../../src/services/ecr/registry/client/push-image.ts';
import { startTestServer } from '../wire/server.ts';

const REPOSITORY = '000000000000/eu-west-1/app';
/** More than the AWS side of the listener takes as a body. */
const LAYER = randomBytes(40 * 1024 * 1024);

let scratch: string;
let server: RunningServer;
beforeAll(async () => {
  scratch = mkdtempSync(join(tmpdir(), 'rolecall-server-'));
  server = await startTestServer({ data: join(scratch, 'data') });
});
afterAll(async () => {
  await server?.stop();
  rmSync(scratch, { recursive: true, force: true });
});

const ecr = () => new ECRClient({ endpoint: server.endpoint, region: server.region, credentials: server.credentials });

async function authorization(): Promise<string> {
  const { authorizationData } = await ecr().send(new GetAuthorizationTokenCommand({}));
  return `Basic ${authorizationData?.[0]?.authorizationToken}`;
}

function ask(method: string, target: string, headers: object, body?: Buffer) {
  return new Promise<{ status: number; headers: Record<string, unknown>; body: string }>((resolve, reject) => {
    const asked = request(`${server.endpoint}${target}`, { method, headers: { ...headers } }, async (answer) => {
      const pieces: Buffer[] = [];
      for await (const piece of answer) pieces.push(piece as Buffer);
      resolve({ status: answer.statusCode ?? 0, headers: answer.headers, body: Buffer.concat(pieces).toString() });
    });
    asked.on('error', reject);
    asked.end(body);
  });
}

describe('the registry of a server', () => {
  it('keeps images and halves of layers over a restart', async () => {
    await ecr().send(new CreateRepositoryCommand({ repositoryName: 'app' }));
    const config = Buffer.from('{"os":"linux","architecture":"amd64"}');
    const mediaType = 'application/vnd.oci.image.manifest.v1+json';
    const part = (bytes: Buffer, type: string) => ({ mediaType: type, digest: digestOf(bytes), size: bytes.length });
    const manifest = Buffer.from(
      JSON.stringify({
        schemaVersion: 2,
        mediaType,
        config: part(config, 'application/vnd.oci.image.config.v1+json'),
        layers: [part(LAYER, 'application/vnd.oci.image.layer.v1.tar')],
      }),
    );
    const blobs = new Map([config, LAYER].map((bytes) => [digestOf(bytes), bytes]));
    await pushImage({
      endpoint: server.endpoint,
      authorization: await authorization(),
      repository: REPOSITORY,
      tag: 'v1',
      image: part(manifest, mediaType),
      source: {
        manifest: async () => manifest,
        blob: (digest) => {
          const bytes = blobs.get(digest);
          return bytes === undefined ? undefined : { size: bytes.length, open: () => Readable.from([bytes]) };
        },
      },
    });
    const headers = { authorization: await authorization() };
    const started = await ask('POST', `/v2/${REPOSITORY}/blobs/uploads/`, headers);
    const location = String(started.headers.location);
    await ask('PATCH', location, headers, Buffer.from('first half, '));

    await server.stop();
    server = await startTestServer({ data: join(scratch, 'data') });

    expect((await ask('GET', location, headers)).headers.range).toBe('0-11');
    const digest = `sha256:${createHash('sha256').update('first half, second half').digest('hex')}`;
    const done = await ask('PUT', `${location}?digest=${digest}`, headers, Buffer.from('second half'));
    expect(done.status).toBe(201);
    const pulled = await pullImage({
      endpoint: server.endpoint,
      authorization: headers.authorization,
      repository: REPOSITORY,
      reference: 'v1',
      platform: { os: 'linux', architecture: 'amd64' },
      into: join(scratch, 'layout'),
    });
    expect(pulled.digest).toBe(digestOf(manifest));
  });

  it('is found by the name that ECR gives it', async () => {
    const headers = { authorization: await authorization() };
    for (const domain of ['amazonaws.com', 'localhost:4566']) {
      const host = `000000000000.dkr.ecr.eu-west-1.${domain}`;
      const { status, body } = await ask('GET', '/v2/app/tags/list', { ...headers, host });
      expect([status, body]).toEqual([200, '{"name":"app","tags":["v1"]}\n']);
    }
  });

  it('leaves objects of buckets alone whose keys look like its paths', async () => {
    const { region, credentials } = server;
    const object = { Bucket: 'keys', Key: 'v2/app/tags/list' };
    const s3 = new S3Client({ endpoint: server.endpoint, region, credentials, forcePathStyle: true });
    await s3.send(new CreateBucketCommand({ Bucket: 'keys' }));
    await s3.send(new PutObjectCommand({ ...object, Body: 'an object' }));
    const endpoint = `http://localhost:${new URL(server.endpoint).port}`;
    const inHost = new S3Client({ endpoint, region, credentials, forcePathStyle: false });
    const { host, pathname, search } = new URL(await getSignedUrl(inHost, new GetObjectCommand(object)));
    expect([host.startsWith('keys.localhost:'), pathname]).toEqual([true, '/v2/app/tags/list']);
    const { status, body } = await ask('GET', `${pathname}${search}`, { host });
    expect([status, body]).toEqual([200, 'an object']);
  });
});
