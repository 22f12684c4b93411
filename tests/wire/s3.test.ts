import { createHash, randomBytes } from 'node:crypto';
import { Readable } from 'node:stream';
import {
  CreateBucketCommand,
  GetObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  paginateListObjectsV2,
  S3Client,
} from '@aws-sdk/client-s3';
import { getSignedUrl } from '@aws-sdk/s3-request-presigner';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { RunningServer } from '../../src/server.ts';
import { startTestServer } from './server.ts';

let server: RunningServer;
let s3: S3Client;
const Bucket = 'objects';

beforeAll(async () => {
  server = await startTestServer();
  s3 = new S3Client({
    endpoint: server.endpoint,
    region: 'eu-west-1',
    credentials: server.credentials,
    forcePathStyle: true,
  });
  await s3.send(new CreateBucketCommand({ Bucket, CreateBucketConfiguration: { LocationConstraint: 'eu-west-1' } }));
});

afterAll(async () => {
  s3.destroy();
  await server.stop();
});

describe('objects over a socket', () => {
  it('of a megabyte come back byte for byte, checksums compared by the client', async () => {
    const bytes = randomBytes(1024 * 1024);
    const ETag = `"${createHash('md5').update(bytes).digest('hex')}"`;
    for (const ChecksumAlgorithm of ['CRC32', 'CRC32C', 'SHA1', 'SHA256', 'CRC64NVME'] as const) {
      const put = await s3.send(new PutObjectCommand({ Bucket, Key: 'big', Body: bytes, ChecksumAlgorithm }));
      expect(put.ETag).toBe(ETag);
      const { Body } = await s3.send(new GetObjectCommand({ Bucket, Key: 'big', ChecksumMode: 'ENABLED' }));
      expect(Buffer.from((await Body?.transformToByteArray()) ?? '').equals(bytes)).toBe(true);
    }
  });

  it('can be put as a stream', async () => {
    const bytes = randomBytes(200_000);
    const Body = Readable.from([bytes.subarray(0, 100_000), bytes.subarray(100_000)]);
    await s3.send(new PutObjectCommand({ Bucket, Key: 'stream', Body, ContentLength: bytes.length }));
    const got = await s3.send(new GetObjectCommand({ Bucket, Key: 'stream' }));
    expect(Buffer.from((await got.Body?.transformToByteArray()) ?? '').equals(bytes)).toBe(true);
  });

  it('give a range', async () => {
    await s3.send(new PutObjectCommand({ Bucket, Key: 'digits', Body: '0123456789' }));
    const part = await s3.send(new GetObjectCommand({ Bucket, Key: 'digits', Range: 'bytes=2-4' }));
    expect(part.ContentRange).toBe('bytes 2-4/10');
    expect(await part.Body?.transformToString()).toBe('234');
  });

  it('are reached by presigned URLs', async () => {
    const Key = 'a b/ü?.txt';
    const put = await getSignedUrl(s3, new PutObjectCommand({ Bucket, Key }), { expiresIn: 60 });
    expect((await fetch(put, { method: 'PUT', body: 'shared' })).status).toBe(200);
    const get = await getSignedUrl(s3, new GetObjectCommand({ Bucket, Key }), { expiresIn: 60 });
    expect(await (await fetch(get)).text()).toBe('shared');
    expect((await fetch(`${get}0`)).status).toBe(403);
    const { Contents } = await s3.send(new ListObjectsV2Command({ Bucket, Prefix: 'a b/' }));
    expect(Contents).toMatchObject([{ Key }]);
  });

  it('are listed page by page', async () => {
    for (const Key of ['p/1', 'p/2', 'p/3']) await s3.send(new PutObjectCommand({ Bucket, Key, Body: Key }));
    const keys: (string | undefined)[] = [];
    for await (const { Contents = [] } of paginateListObjectsV2(
      { client: s3, pageSize: 1 },
      { Bucket, Prefix: 'p/' },
    )) {
      keys.push(...Contents.map(({ Key }) => Key));
    }
    expect(keys).toEqual(['p/1', 'p/2', 'p/3']);
  });
});
