import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createTestBench, type TestBench } from '../../gateway/testing.ts';
import { s3Service } from './index.ts';

const Bucket = 'orders-config';
const here = { CreateBucketConfiguration: { LocationConstraint: 'eu-west-1' } } as const;

async function withBucket(): Promise<TestBench> {
  const bench = createTestBench([s3Service]);
  await bench.call('s3', 'CreateBucket', { Bucket, ...here });
  return bench;
}

const put = (bench: TestBench, Key: string, text = 'text') =>
  bench.call('s3', 'PutObject', { Bucket, Key, Body: Buffer.from(text) });

const allow = (Action: string | string[], Resource: string | string[] = '*', Condition?: object) => ({
  Version: '2012-10-17',
  Statement: { Effect: 'Allow', Action, Resource, ...(Condition === undefined ? {} : { Condition }) },
});

describe('CreateBucket', () => {
  it.each([
    ['eu-west-1', undefined, 'IllegalLocationConstraintException'],
    ['eu-west-1', 'eu-west-2', 'IllegalLocationConstraintException'],
    ['us-east-1', 'us-east-1', 'InvalidLocationConstraint'],
  ] as const)('in %s refuses the constraint %s', async (region, constraint, code) => {
    const bench = createTestBench([s3Service]);
    const input = constraint === undefined ? {} : { CreateBucketConfiguration: { LocationConstraint: constraint } };
    const call = bench.call('s3', 'CreateBucket', { Bucket, ...(input as typeof here) }, { region });
    expect((await bench.refused(call)).code).toBe(code);
  });

  it.each([
    ['us-east-1', undefined, undefined],
    ['us-east-1', 'eu-west-2', 'eu-west-2'],
    ['eu-west-1', 'EU', 'eu-west-1'],
  ] as const)('in %s takes the constraint %s', async (region, constraint, location) => {
    const bench = createTestBench([s3Service]);
    const input = constraint === undefined ? {} : { CreateBucketConfiguration: { LocationConstraint: constraint } };
    await bench.call('s3', 'CreateBucket', { Bucket, ...input }, { region });
    const { LocationConstraint } = await bench.call('s3', 'GetBucketLocation', { Bucket });
    expect(LocationConstraint).toBe(location);
  });

  it('knows names that are taken', async () => {
    const bench = await withBucket();
    const again = await bench.refused(bench.call('s3', 'CreateBucket', { Bucket, ...here }));
    expect(again.code).toBe('BucketAlreadyOwnedByYou');
    const as = bench.roleSession('other', [allow('s3:*')], { account: '111111111111' });
    const taken = await bench.refused(bench.call('s3', 'CreateBucket', { Bucket, ...here }, { as }));
    expect(taken).toMatchObject({ code: 'BucketAlreadyExists', status: 409 });
  });

  it.each(['ab', 'UPPER', 'a..b', '1.2.3.4', '-a-b'])('refuses the name %s', async (name) => {
    const bench = createTestBench([s3Service]);
    const error = await bench.refused(bench.call('s3', 'CreateBucket', { Bucket: name, ...here }));
    expect(error).toMatchObject({ code: 'InvalidBucketName', message: 'The specified bucket is not valid.' });
  });
});

describe('buckets', () => {
  it('are listed to their account, and deleted when empty', async () => {
    const bench = await withBucket();
    await bench.call('s3', 'CreateBucket', { Bucket: 'zzz', ...here });
    const first = await bench.call('s3', 'ListBuckets', { MaxBuckets: 1 });
    expect(first.Buckets).toMatchObject([{ Name: Bucket, BucketRegion: 'eu-west-1', CreationDate: bench.clock.now() }]);
    const { ContinuationToken } = first;
    const second = await bench.call('s3', 'ListBuckets', { MaxBuckets: 1, ContinuationToken });
    expect(second.Buckets?.map(({ Name }) => Name)).toEqual(['zzz']);
    const as = bench.roleSession('other', [allow('s3:*')], { account: '111111111111' });
    expect((await bench.call('s3', 'ListBuckets', {}, { as })).Buckets).toEqual([]);
    await put(bench, 'k');
    expect(await bench.refused(bench.call('s3', 'DeleteBucket', { Bucket }))).toMatchObject({
      code: 'BucketNotEmpty',
      message: 'The bucket you tried to delete is not empty',
    });
    await bench.call('s3', 'DeleteObject', { Bucket, Key: 'k' });
    await bench.call('s3', 'DeleteBucket', { Bucket });
    expect((await bench.refused(bench.call('s3', 'HeadBucket', { Bucket }))).code).toBe('NotFound');
    expect(await bench.refused(put(bench, 'k'))).toMatchObject({
      code: 'NoSuchBucket',
      message: 'The specified bucket does not exist',
      members: { BucketName: Bucket },
    });
  });

  it('answer in their own Region only', async () => {
    const bench = await withBucket();
    const error = await bench.refused(bench.call('s3', 'GetObject', { Bucket, Key: 'k' }, { region: 'us-east-1' }));
    expect(error).toMatchObject({
      code: 'AuthorizationHeaderMalformed',
      message: "The authorization header is malformed; the region 'us-east-1' is wrong; expecting 'eu-west-1'",
      members: { Region: 'eu-west-1' },
    });
    expect(await bench.call('s3', 'GetBucketLocation', { Bucket }, { region: 'us-east-1' })).toEqual({
      LocationConstraint: 'eu-west-1',
    });
    const head = await bench.refused(bench.call('s3', 'HeadBucket', { Bucket }, { region: 'us-east-1' }));
    expect(head.status).toBe(301);
  });

  it('have tags', async () => {
    const bench = await withBucket();
    expect((await bench.refused(bench.call('s3', 'GetBucketTagging', { Bucket }))).code).toBe('NoSuchTagSet');
    const TagSet = [{ Key: 'team', Value: 'orders' }];
    await bench.call('s3', 'PutBucketTagging', { Bucket, Tagging: { TagSet } });
    expect(await bench.call('s3', 'GetBucketTagging', { Bucket })).toEqual({ TagSet });
    const twice = bench.call('s3', 'PutBucketTagging', { Bucket, Tagging: { TagSet: [...TagSet, ...TagSet] } });
    expect((await bench.refused(twice)).code).toBe('InvalidTag');
  });

  it('have a policy, of their own resources', async () => {
    const bench = await withBucket();
    expect(await bench.refused(bench.call('s3', 'GetBucketPolicy', { Bucket }))).toMatchObject({
      code: 'NoSuchBucketPolicy',
      message: 'The bucket policy does not exist',
    });
    const policy = (Resource: string): string =>
      JSON.stringify({
        Version: '2012-10-17',
        Statement: [{ Effect: 'Allow', Principal: { AWS: '111111111111' }, Action: 's3:GetObject', Resource }],
      });
    const as = bench.roleSession('other', [allow('s3:GetObject')], { account: '111111111111' });
    await put(bench, 'k');
    const get = () => bench.call('s3', 'GetObject', { Bucket, Key: 'k' }, { as });
    expect((await bench.refused(get())).code).toBe('AccessDenied');
    const Policy = policy(`arn:aws:s3:::${Bucket}/*`);
    await bench.call('s3', 'PutBucketPolicy', { Bucket, Policy });
    expect((await get()).ETag).toBe(`"${createHash('md5').update('text').digest('hex')}"`);
    expect(await bench.call('s3', 'GetBucketPolicy', { Bucket })).toEqual({ Policy });
    const foreign = bench.call('s3', 'PutBucketPolicy', { Bucket, Policy: policy('arn:aws:s3:::another/*') });
    expect(await bench.refused(foreign)).toMatchObject({
      code: 'MalformedPolicy',
      message: 'Policy has invalid resource',
    });
    await bench.call('s3', 'DeleteBucketPolicy', { Bucket });
    expect((await bench.refused(get())).code).toBe('AccessDenied');
  });
});

describe('objects', () => {
  it('come back as they were put', async () => {
    const bench = await withBucket();
    const Body = Buffer.from('KEY=value\n');
    const { ETag } = await bench.call('s3', 'PutObject', {
      Bucket,
      Key: 'env/app.env',
      Body,
      ContentType: 'text/plain',
      CacheControl: 'no-cache',
      Metadata: { owner: 'orders' },
      ContentMD5: createHash('md5').update(Body).digest('base64'),
    });
    const found = await bench.call('s3', 'GetObject', { Bucket, Key: 'env/app.env' });
    expect(found).toEqual({
      Body,
      ETag,
      ContentLength: 10,
      ContentType: 'text/plain',
      CacheControl: 'no-cache',
      Metadata: { owner: 'orders' },
      LastModified: bench.clock.now(),
      AcceptRanges: 'bytes',
      ServerSideEncryption: 'AES256',
    });
    const { Body: _, ...head } = found;
    expect(await bench.call('s3', 'HeadObject', { Bucket, Key: 'env/app.env' })).toEqual(head);
    const renamed = { Bucket, Key: 'env/app.env', ResponseContentType: 'text/html' };
    expect((await bench.call('s3', 'GetObject', renamed)).ContentType).toBe('text/html');
  });

  it('are checked against the checksums of the client', async () => {
    const bench = await withBucket();
    const Body = Buffer.from('123456789');
    // The published check values of each algorithm for this text.
    const sums = {
      ChecksumCRC32: Buffer.from('cbf43926', 'hex').toString('base64'),
      ChecksumCRC32C: Buffer.from('e3069283', 'hex').toString('base64'),
      ChecksumCRC64NVME: Buffer.from('ae8b14860a799888', 'hex').toString('base64'),
      ChecksumSHA1: createHash('sha1').update(Body).digest('base64'),
      ChecksumSHA256: createHash('sha256').update(Body).digest('base64'),
    };
    for (const [member, value] of Object.entries(sums)) {
      await bench.call('s3', 'PutObject', { Bucket, Key: member, Body, [member]: value });
      const found = await bench.call('s3', 'GetObject', { Bucket, Key: member, ChecksumMode: 'ENABLED' });
      expect(found).toMatchObject({ [member]: value, ChecksumType: 'FULL_OBJECT' });
      const wrong = { Bucket, Key: member, Body: Buffer.from('other'), [member]: value };
      expect((await bench.refused(bench.call('s3', 'PutObject', wrong))).code).toBe('BadDigest');
    }
    const md5 = bench.call('s3', 'PutObject', { Bucket, Key: 'k', Body, ContentMD5: 'eA==' });
    expect((await bench.refused(md5)).code).toBe('InvalidDigest');
  });

  it.each([
    ['bytes=2-4', '234', 'bytes 2-4/10'],
    ['bytes=7-', '789', 'bytes 7-9/10'],
    ['bytes=-2', '89', 'bytes 8-9/10'],
    ['bytes=5-100', '56789', 'bytes 5-9/10'],
    ['lines=1-2', '0123456789', undefined],
  ])('give the range %s', async (Range, text, ContentRange) => {
    const bench = await withBucket();
    await put(bench, 'k', '0123456789');
    const found = await bench.call('s3', 'GetObject', { Bucket, Key: 'k', Range });
    expect(Buffer.from(found.Body ?? '').toString()).toBe(text);
    expect(found.ContentLength).toBe(text.length);
    expect(found.ContentRange).toBe(ContentRange);
  });

  it('refuse a range outside', async () => {
    const bench = await withBucket();
    await put(bench, 'k', '0123456789');
    const call = bench.call('s3', 'GetObject', { Bucket, Key: 'k', Range: 'bytes=10-' });
    expect(await bench.refused(call)).toMatchObject({ code: 'InvalidRange', status: 416 });
  });

  it('honour conditions', async () => {
    const bench = await withBucket();
    const { ETag = '' } = await put(bench, 'k');
    const get = (condition: object) => bench.call('s3', 'GetObject', { Bucket, Key: 'k', ...condition });
    await get({ IfMatch: ETag });
    expect((await bench.refused(get({ IfMatch: '"other"' }))).status).toBe(412);
    expect((await bench.refused(get({ IfNoneMatch: ETag }))).status).toBe(304);
    expect((await bench.refused(get({ IfModifiedSince: bench.clock.now() }))).status).toBe(304);
    expect((await bench.refused(get({ IfUnmodifiedSince: bench.clock.now() - 1000 }))).status).toBe(412);
    const Body = Buffer.from('x');
    const write = (condition: object, Key = 'k') => bench.call('s3', 'PutObject', { Bucket, Key, Body, ...condition });
    expect((await bench.refused(write({ IfNoneMatch: '*' }))).code).toBe('PreconditionFailed');
    await write({ IfNoneMatch: '*' }, 'new');
    await write({ IfMatch: ETag });
    expect((await bench.refused(write({ IfMatch: ETag }))).code).toBe('PreconditionFailed');
  });

  it.each([
    [{ ServerSideEncryption: 'aws:kms' }, 'NotImplemented'],
    [{ Tagging: 'a=b' }, 'NotImplemented'],
    [{ StorageClass: 'GLACIER' }, 'NotImplemented'],
    [{ ACL: 'public-read' }, 'AccessControlListNotSupported'],
    [{ ExpectedBucketOwner: '111111111111' }, 'AccessDenied'],
    [{ Body: Buffer.alloc(16 * 1024 * 1024 + 1) }, 'EntityTooLarge'],
  ])('refuse what they do not support', async (more, code) => {
    const bench = await withBucket();
    const input = { Bucket, Key: 'k', ...(more as object) };
    expect((await bench.refused(bench.call('s3', 'PutObject', input))).code).toBe(code);
  });

  it('that are missing are told only to who may list the bucket', async () => {
    const bench = await withBucket();
    const reader = bench.roleSession('reader', [allow('s3:GetObject', `arn:aws:s3:::${Bucket}/*`)]);
    const lister = bench.roleSession('lister', [allow(['s3:GetObject', 's3:ListBucket'])]);
    const input = { Bucket, Key: 'none' };
    expect((await bench.refused(bench.call('s3', 'GetObject', input, { as: reader }))).code).toBe('AccessDenied');
    expect(
      bench
        .trail()
        .at(-1)
        ?.checks.map(({ action }) => action),
    ).toEqual(['s3:GetObject', 's3:ListBucket']);
    expect(await bench.refused(bench.call('s3', 'GetObject', input, { as: lister }))).toMatchObject({
      code: 'NoSuchKey',
      message: 'The specified key does not exist.',
      members: { Key: 'none' },
    });
    expect((await bench.refused(bench.call('s3', 'HeadObject', input, { as: lister }))).code).toBe('NotFound');
    await bench.call('s3', 'DeleteObject', input);
  });
});

describe('ListObjectsV2', () => {
  it('folds keys at the delimiter and pages', async () => {
    const bench = await withBucket();
    for (const key of ['a', 'b/1', 'b/2', 'c/1', 'd e']) await put(bench, key);
    const list = (more: object) => bench.call('s3', 'ListObjectsV2', { Bucket, ...more });
    const all = await list({ Delimiter: '/' });
    expect(all).toMatchObject({ KeyCount: 4, IsTruncated: false, MaxKeys: 1000, Name: Bucket, Prefix: '' });
    expect(all.Contents?.map(({ Key }) => Key)).toEqual(['a', 'd e']);
    expect(all.CommonPrefixes).toEqual([{ Prefix: 'b/' }, { Prefix: 'c/' }]);
    const first = await list({ Delimiter: '/', MaxKeys: 2 });
    expect(first).toMatchObject({ KeyCount: 2, IsTruncated: true, CommonPrefixes: [{ Prefix: 'b/' }] });
    const second = await list({ Delimiter: '/', MaxKeys: 2, ContinuationToken: first.NextContinuationToken });
    expect(second).toMatchObject({ KeyCount: 2, IsTruncated: false, CommonPrefixes: [{ Prefix: 'c/' }] });
    expect((await list({ Prefix: 'b/', StartAfter: 'b/1' })).Contents).toMatchObject([{ Key: 'b/2', Size: 4 }]);
    expect((await list({ Prefix: 'd', EncodingType: 'url' })).Contents).toMatchObject([{ Key: 'd+e' }]);
    expect(await list({ MaxKeys: 0 })).toMatchObject({ KeyCount: 0, IsTruncated: false });
    expect((await bench.refused(list({ ContinuationToken: 'x' }))).code).toBe('InvalidArgument');
  });

  it('gives every key once, whatever the page size', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.uniqueArray(fc.stringMatching(/^[ab/]{1,5}$/), { maxLength: 12 }),
        fc.integer({ min: 1, max: 4 }),
        async (keys, MaxKeys) => {
          const bench = await withBucket();
          for (const key of keys) await put(bench, key);
          const found: (string | undefined)[] = [];
          const prefixes: (string | undefined)[] = [];
          let ContinuationToken: string | undefined;
          do {
            const page = await bench.call('s3', 'ListObjectsV2', {
              Bucket,
              Delimiter: '/',
              MaxKeys,
              ContinuationToken,
            });
            found.push(...(page.Contents ?? []).map(({ Key }) => Key));
            prefixes.push(...(page.CommonPrefixes ?? []).map(({ Prefix }) => Prefix));
            ContinuationToken = page.NextContinuationToken;
          } while (ContinuationToken !== undefined);
          expect(found).toEqual(keys.filter((key) => !key.includes('/')).sort());
          const folded = keys.filter((key) => key.includes('/')).map((key) => key.slice(0, key.indexOf('/') + 1));
          expect(prefixes).toEqual([...new Set(folded)].sort());
        },
      ),
      { numRuns: 50 },
    );
  });

  it('knows the prefix as a condition', async () => {
    const bench = await withBucket();
    const condition = { StringLike: { 's3:prefix': 'home/*' } };
    const as = bench.roleSession('one', [allow('s3:ListBucket', `arn:aws:s3:::${Bucket}`, condition)]);
    await bench.call('s3', 'ListObjectsV2', { Bucket, Prefix: 'home/x' }, { as });
    expect((await bench.refused(bench.call('s3', 'ListObjectsV2', { Bucket }, { as }))).code).toBe('AccessDenied');
  });
});
