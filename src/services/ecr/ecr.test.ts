import { createHash } from 'node:crypto';
import { gunzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { createTestBench, TEST_ACCOUNT, TEST_REGION, type TestBench } from '../../gateway/testing.ts';
import { ecrService, findAuthorizationToken, findLayerContent, LAYER_PATH, putStandInImage } from './index.ts';

const ARN = `arn:aws:ecr:${TEST_REGION}:${TEST_ACCOUNT}:repository/app`;
const repositoryName = 'app';

async function withRepository(): Promise<TestBench> {
  const bench = createTestBench([ecrService]);
  await bench.call('ecr', 'CreateRepository', { repositoryName });
  return bench;
}

function standIn(bench: TestBench, image: { tag?: string; digest?: string; repository?: string }): void {
  bench.store.transact((tx) =>
    putStandInImage(
      tx,
      { account: TEST_ACCOUNT, region: TEST_REGION, repository: repositoryName, ...image },
      bench.clock.now(),
    ),
  );
}

const digestOf = (text: string): string => `sha256:${createHash('sha256').update(text).digest('hex')}`;

describe('repositories', () => {
  it('are made, described and deleted', async () => {
    const bench = createTestBench([ecrService]);
    const { repository } = await bench.call('ecr', 'CreateRepository', { repositoryName });
    expect(repository).toEqual({
      repositoryArn: ARN,
      registryId: TEST_ACCOUNT,
      repositoryName,
      repositoryUri: `${TEST_ACCOUNT}.dkr.ecr.${TEST_REGION}.amazonaws.com/app`,
      createdAt: bench.clock.now(),
      imageTagMutability: 'MUTABLE',
      imageScanningConfiguration: { scanOnPush: false },
      encryptionConfiguration: { encryptionType: 'AES256' },
    });
    expect((await bench.refused(bench.call('ecr', 'CreateRepository', { repositoryName }))).message).toBe(
      `The repository with name 'app' already exists in the registry with id '${TEST_ACCOUNT}'`,
    );
    expect(await bench.call('ecr', 'DescribeRepositories', { repositoryNames: ['app'] })).toEqual({
      repositories: [repository],
    });
    await bench.call('ecr', 'DeleteRepository', { repositoryName });
    const error = await bench.refused(bench.call('ecr', 'DescribeRepositories', { repositoryNames: ['app'] }));
    expect(error).toMatchObject({
      code: 'RepositoryNotFoundException',
      message: `The repository with name 'app' does not exist in the registry with id '${TEST_ACCOUNT}'`,
    });
  });

  it('with images are deleted by force only', async () => {
    const bench = await withRepository();
    standIn(bench, { tag: '1' });
    const error = await bench.refused(bench.call('ecr', 'DeleteRepository', { repositoryName }));
    expect(error).toMatchObject({
      code: 'RepositoryNotEmptyException',
      message: `The repository with name 'app' in registry with id '${TEST_ACCOUNT}' cannot be deleted because it still contains images`,
    });
    await bench.call('ecr', 'DeleteRepository', { repositoryName, force: true });
    await bench.call('ecr', 'CreateRepository', { repositoryName });
    expect(await bench.call('ecr', 'ListImages', { repositoryName })).toEqual({ imageIds: [] });
  });

  it('are described in pages, against the ARN of them all', async () => {
    const bench = createTestBench([ecrService]);
    for (const name of ['a', 'b', 'c']) await bench.call('ecr', 'CreateRepository', { repositoryName: name });
    const first = await bench.call('ecr', 'DescribeRepositories', { maxResults: 2 });
    const second = await bench.call('ecr', 'DescribeRepositories', { maxResults: 2, nextToken: first.nextToken });
    expect([first, second].map(({ repositories = [] }) => repositories.map((one) => one.repositoryName))).toEqual([
      ['a', 'b'],
      ['c'],
    ]);
    expect(second.nextToken).toBeUndefined();
    await bench.refused(bench.call('ecr', 'DescribeRepositories', {}, { as: bench.roleSession('none', []) }));
    expect(bench.trail().at(-1)?.checks[0]?.resource).toBe(`arn:aws:ecr:${TEST_REGION}:${TEST_ACCOUNT}:repository/*`);
    const bad = await bench.refused(bench.call('ecr', 'DescribeRepositories', { nextToken: 'x' }));
    expect(bad.code).toBe('InvalidParameterException');
  });

  it('keep settings and tags', async () => {
    const bench = await withRepository();
    await bench.call('ecr', 'PutImageTagMutability', { repositoryName, imageTagMutability: 'IMMUTABLE' });
    await bench.call('ecr', 'PutImageScanningConfiguration', {
      repositoryName,
      imageScanningConfiguration: { scanOnPush: true },
    });
    const { repositories } = await bench.call('ecr', 'DescribeRepositories', {});
    expect(repositories?.[0]).toMatchObject({
      imageTagMutability: 'IMMUTABLE',
      imageScanningConfiguration: { scanOnPush: true },
    });
    await bench.call('ecr', 'TagResource', { resourceArn: ARN, tags: [{ Key: 'team', Value: 'orders' }] });
    expect(await bench.call('ecr', 'ListTagsForResource', { resourceArn: ARN })).toEqual({
      tags: [{ Key: 'team', Value: 'orders' }],
    });
    await bench.call('ecr', 'UntagResource', { resourceArn: ARN, tagKeys: ['team'] });
    expect(await bench.call('ecr', 'ListTagsForResource', { resourceArn: ARN })).toEqual({ tags: [] });
    const half = await bench.refused(
      bench.call('ecr', 'PutImageTagMutability', { repositoryName, imageTagMutability: 'IMMUTABLE_WITH_EXCLUSION' }),
    );
    expect(half.code).toBe('InvalidParameterException');
  });
});

describe('policies', () => {
  const policy = (statement: object): string => JSON.stringify({ Version: '2012-10-17', Statement: [statement] });

  it('let another account pull', async () => {
    const bench = await withRepository();
    standIn(bench, { tag: '1' });
    const all = { Version: '2012-10-17', Statement: { Effect: 'Allow', Action: 'ecr:*', Resource: '*' } };
    const as = bench.roleSession('puller', [all], { account: '111111111111' });
    const input = { registryId: TEST_ACCOUNT, repositoryName, imageIds: [{ imageTag: '1' }] };
    expect((await bench.refused(bench.call('ecr', 'BatchGetImage', input, { as }))).code).toBe('AccessDeniedException');
    await bench.call('ecr', 'SetRepositoryPolicy', {
      repositoryName,
      policyText: policy({
        Effect: 'Allow',
        Principal: { AWS: '111111111111' },
        Action: ['ecr:BatchGetImage', 'ecr:GetDownloadUrlForLayer'],
      }),
    });
    const { images, failures } = await bench.call('ecr', 'BatchGetImage', input, { as });
    expect(failures).toEqual([]);
    expect(images).toHaveLength(1);
    const push = { ...input, imageManifest: '{}' };
    expect((await bench.refused(bench.call('ecr', 'PutImage', push, { as }))).code).toBe('AccessDeniedException');
  });

  it('are kept, given back and deleted', async () => {
    const bench = await withRepository();
    const none = await bench.refused(bench.call('ecr', 'GetRepositoryPolicy', { repositoryName }));
    expect(none.message).toBe(
      `Repository policy does not exist for the repository with name 'app' in the registry with id '${TEST_ACCOUNT}'`,
    );
    const policyText = policy({ Effect: 'Allow', Principal: '*', Action: 'ecr:BatchGetImage' });
    await bench.call('ecr', 'SetRepositoryPolicy', { repositoryName, policyText });
    const kept = { registryId: TEST_ACCOUNT, repositoryName, policyText };
    expect(await bench.call('ecr', 'GetRepositoryPolicy', { repositoryName })).toEqual(kept);
    expect(await bench.call('ecr', 'DeleteRepositoryPolicy', { repositoryName })).toEqual(kept);
    expect((await bench.refused(bench.call('ecr', 'DeleteRepositoryPolicy', { repositoryName }))).code).toBe(
      'RepositoryPolicyNotFoundException',
    );
    // A repository policy is about its repository alone.
    const aboutAll = policy({ Effect: 'Allow', Principal: '*', Action: 'ecr:BatchGetImage', Resource: '*' });
    for (const text of ['{}', aboutAll]) {
      const bad = await bench.refused(bench.call('ecr', 'SetRepositoryPolicy', { repositoryName, policyText: text }));
      expect(bad).toMatchObject({
        code: 'InvalidParameterException',
        message: "Invalid parameter at 'PolicyText' failed to satisfy constraint: 'Invalid repository policy provided'",
      });
    }
  });

  it('that lock their author out need force', async () => {
    const bench = await withRepository();
    const as = bench.roleSession('author', [
      { Version: '2012-10-17', Statement: { Effect: 'Allow', Action: 'ecr:*', Resource: '*' } },
    ]);
    const policyText = policy({ Effect: 'Deny', Principal: '*', Action: 'ecr:SetRepositoryPolicy' });
    const input = { repositoryName, policyText };
    expect((await bench.refused(bench.call('ecr', 'SetRepositoryPolicy', input, { as }))).code).toBe(
      'InvalidParameterException',
    );
    await bench.call('ecr', 'SetRepositoryPolicy', { ...input, force: true }, { as });
  });

  it('of the life cycle are checked', async () => {
    const bench = await withRepository();
    const rule = {
      rulePriority: 1,
      selection: { tagStatus: 'untagged', countType: 'sinceImagePushed', countUnit: 'days', countNumber: 14 },
      action: { type: 'expire' },
    };
    const lifecyclePolicyText = JSON.stringify({ rules: [rule] });
    await bench.call('ecr', 'PutLifecyclePolicy', { repositoryName, lifecyclePolicyText });
    expect(await bench.call('ecr', 'GetLifecyclePolicy', { repositoryName })).toMatchObject({ lifecyclePolicyText });
    await bench.call('ecr', 'DeleteLifecyclePolicy', { repositoryName });
    expect((await bench.refused(bench.call('ecr', 'GetLifecyclePolicy', { repositoryName }))).code).toBe(
      'LifecyclePolicyNotFoundException',
    );
    for (const text of ['[', '{}', JSON.stringify({ rules: [rule, rule] }), '{"rules":[{"rulePriority":1}]}']) {
      const bad = bench.call('ecr', 'PutLifecyclePolicy', { repositoryName, lifecyclePolicyText: text });
      expect((await bench.refused(bad)).message).toContain('Lifecycle policy validation failure');
    }
  });

  it('of the registry are kept', async () => {
    const bench = createTestBench([ecrService]);
    expect((await bench.refused(bench.call('ecr', 'GetRegistryPolicy', {}))).message).toBe(
      `Registry policy does not exist in the registry with id '${TEST_ACCOUNT}'`,
    );
    const policyText = policy({
      Sid: 'r',
      Effect: 'Allow',
      Principal: { AWS: 'arn:aws:iam::111111111111:root' },
      Action: 'ecr:ReplicateImage',
      Resource: `arn:aws:ecr:${TEST_REGION}:${TEST_ACCOUNT}:repository/*`,
    });
    await bench.call('ecr', 'PutRegistryPolicy', { policyText });
    expect(await bench.call('ecr', 'GetRegistryPolicy', {})).toEqual({ registryId: TEST_ACCOUNT, policyText });
    await bench.call('ecr', 'DeleteRegistryPolicy', {});
    expect(await bench.call('ecr', 'DescribeRegistry', {})).toEqual({
      registryId: TEST_ACCOUNT,
      replicationConfiguration: { rules: [] },
    });
  });
});

describe('GetAuthorizationToken', () => {
  it('gives a password for twelve hours, bound to who asked', async () => {
    const bench = createTestBench([ecrService]);
    const as = bench.roleSession('puller', [
      { Version: '2012-10-17', Statement: { Effect: 'Allow', Action: 'ecr:GetAuthorizationToken', Resource: '*' } },
    ]);
    const { authorizationData } = await bench.call('ecr', 'GetAuthorizationToken', {}, { as });
    expect(authorizationData).toMatchObject([
      {
        expiresAt: bench.clock.now() + 12 * 3_600_000,
        proxyEndpoint: `https://${TEST_ACCOUNT}.dkr.ecr.${TEST_REGION}.amazonaws.com`,
      },
    ]);
    const [user, password = ''] = Buffer.from(authorizationData?.[0]?.authorizationToken ?? '', 'base64')
      .toString()
      .split(':');
    expect(user).toBe('AWS');
    expect(findAuthorizationToken(bench.store, password, bench.clock.now())?.principal).toEqual(as);
    expect(findAuthorizationToken(bench.store, `${password}x`, bench.clock.now())).toBeUndefined();
    expect(JSON.stringify(bench.trail())).not.toContain(password);
    bench.clock.advance(12 * 3_600_000);
    expect(findAuthorizationToken(bench.store, password, bench.clock.now())).toBeUndefined();
  });

  it('answers for other registries', async () => {
    const bench = createTestBench([ecrService]);
    const registryIds = ['111111111111', '222222222222'];
    const { authorizationData = [] } = await bench.call('ecr', 'GetAuthorizationToken', { registryIds });
    expect(authorizationData.map(({ proxyEndpoint }) => proxyEndpoint)).toEqual(
      registryIds.map((id) => `https://${id}.dkr.ecr.${TEST_REGION}.amazonaws.com`),
    );
  });
});

describe('images', () => {
  it('that are stood in for can be pulled call by call', async () => {
    const bench = createTestBench([ecrService]);
    standIn(bench, { tag: 'v1', repository: 'made/for-it' });
    const name = 'made/for-it';
    const { images } = await bench.call('ecr', 'BatchGetImage', {
      repositoryName: name,
      imageIds: [{ imageTag: 'v1' }],
    });
    const manifest = images?.[0]?.imageManifest ?? '';
    expect(images?.[0]?.imageId).toEqual({ imageTag: 'v1', imageDigest: digestOf(manifest) });
    const { config, layers, annotations } = JSON.parse(manifest);
    expect(annotations).toEqual({ 'rolecall.stand-in': 'made/for-it:v1' });
    const digests = [config.digest, ...layers.map((layer: { digest: string }) => layer.digest)];
    const available = await bench.call('ecr', 'BatchCheckLayerAvailability', {
      repositoryName: name,
      layerDigests: digests,
    });
    expect(available.layers?.map((layer) => layer.layerAvailability)).toEqual(['AVAILABLE', 'AVAILABLE']);
    for (const [index, layerDigest] of digests.entries()) {
      const { downloadUrl = '' } = await bench.call('ecr', 'GetDownloadUrlForLayer', {
        repositoryName: name,
        layerDigest,
      });
      const secret = downloadUrl.slice(downloadUrl.indexOf(LAYER_PATH) + LAYER_PATH.length);
      const found = findLayerContent(bench.store, secret, bench.clock.now());
      expect(
        `sha256:${createHash('sha256')
          .update(found?.content ?? '')
          .digest('hex')}`,
      ).toBe(layerDigest);
      expect(findLayerContent(bench.store, secret, bench.clock.now() + 3_600_000)).toBeUndefined();
      if (index === 1) expect(gunzipSync(found?.content ?? '')).toEqual(Buffer.alloc(1024));
    }
  });

  it('are left alone by stand-ins', async () => {
    const bench = await withRepository();
    standIn(bench, { tag: 'v1' });
    const before = await bench.call('ecr', 'ListImages', { repositoryName });
    bench.clock.advance(1000);
    standIn(bench, { tag: 'v1' });
    expect(await bench.call('ecr', 'ListImages', { repositoryName })).toEqual(before);
    const digest = digestOf('anything');
    standIn(bench, { tag: 'v1', digest });
    const imageIds = [{ imageDigest: digest }];
    expect((await bench.call('ecr', 'BatchGetImage', { repositoryName, imageIds })).failures).toEqual([]);
    const { imageIds: after } = await bench.call('ecr', 'ListImages', { repositoryName });
    expect(after).toEqual(expect.arrayContaining([...(before.imageIds ?? []), { imageDigest: digest }]));
  });

  it('that are missing are told as AWS tells it', async () => {
    const bench = await withRepository();
    standIn(bench, { tag: 'v1' });
    const { images, failures } = await bench.call('ecr', 'BatchGetImage', {
      repositoryName,
      imageIds: [{ imageTag: 'none' }, {}, { imageDigest: 'x' }],
    });
    expect(images).toEqual([]);
    expect(failures).toMatchObject([
      { imageId: { imageTag: 'none' }, failureCode: 'ImageNotFound', failureReason: 'Requested image not found' },
      { failureCode: 'MissingDigestAndTag' },
      { failureCode: 'InvalidImageDigest' },
    ]);
    const other = await bench.call('ecr', 'BatchGetImage', {
      repositoryName,
      imageIds: [{ imageTag: 'v1' }],
      acceptedMediaTypes: ['application/vnd.docker.distribution.manifest.v2+json'],
    });
    expect(other.failures).toMatchObject([{ failureCode: 'ImageNotFound' }]);
    const described = await bench.refused(
      bench.call('ecr', 'DescribeImages', { repositoryName, imageIds: [{ imageTag: 'none' }] }),
    );
    expect(described).toMatchObject({
      code: 'ImageNotFoundException',
      message: `The image with imageId {imageDigest:'null', imageTag:'none'} does not exist within the repository with name 'app' in the registry with id '${TEST_ACCOUNT}'`,
    });
    const layer = bench.call('ecr', 'GetDownloadUrlForLayer', { repositoryName, layerDigest: digestOf('no') });
    expect((await bench.refused(layer)).code).toBe('LayersNotFoundException');
    const nowhere = bench.call('ecr', 'BatchGetImage', { repositoryName: 'none', imageIds: [{ imageTag: 'v1' }] });
    expect((await bench.refused(nowhere)).code).toBe('RepositoryNotFoundException');
  });

  it('are tagged anew by PutImage, and immutable tags stay', async () => {
    const bench = await withRepository();
    standIn(bench, { tag: 'v1' });
    standIn(bench, { tag: 'v2' });
    const manifestOf = async (imageTag: string) =>
      (await bench.call('ecr', 'BatchGetImage', { repositoryName, imageIds: [{ imageTag }] })).images?.[0]
        ?.imageManifest ?? '';
    const imageManifest = await manifestOf('v1');
    const put = (imageTag: string, text = imageManifest) =>
      bench.call('ecr', 'PutImage', { repositoryName, imageManifest: text, imageTag });
    await put('latest');
    expect((await bench.refused(put('latest'))).message).toBe(
      `Image with digest '${digestOf(imageManifest)}' and tag 'latest' already exists in the repository with name 'app' in registry with id '${TEST_ACCOUNT}'`,
    );
    await put('latest', await manifestOf('v2'));
    await bench.call('ecr', 'PutImageTagMutability', {
      repositoryName,
      imageTagMutability: 'IMMUTABLE_WITH_EXCLUSION',
      imageTagMutabilityExclusionFilters: [{ filterType: 'WILDCARD', filter: 'lat*' }],
    });
    await put('latest');
    expect((await bench.refused(put('v2'))).message).toBe(
      "The image tag 'v2' already exists in the 'app' repository and cannot be overwritten because the tag is immutable.",
    );
    const lost = imageManifest.replaceAll(/sha256:[0-9a-f]{64}/g, digestOf('lost'));
    expect((await bench.refused(put('v3', lost))).code).toBe('LayersNotFoundException');
    expect((await bench.refused(put('v3', 'nonsense'))).code).toBe('InvalidParameterException');
  });

  it('are listed, described and deleted', async () => {
    const bench = await withRepository();
    for (const tag of ['a', 'b', 'c']) standIn(bench, { tag });
    const page = await bench.call('ecr', 'ListImages', { repositoryName, maxResults: 2 });
    const rest = await bench.call('ecr', 'ListImages', { repositoryName, maxResults: 2, nextToken: page.nextToken });
    const tags = [...(page.imageIds ?? []), ...(rest.imageIds ?? [])].map(({ imageTag }) => imageTag);
    expect([...tags].sort()).toEqual(['a', 'b', 'c']);
    await bench.call('ecr', 'BatchGetImage', { repositoryName, imageIds: [{ imageTag: 'a' }] });
    const { imageDetails } = await bench.call('ecr', 'DescribeImages', {
      repositoryName,
      imageIds: [{ imageTag: 'a' }],
    });
    expect(imageDetails).toMatchObject([
      {
        registryId: TEST_ACCOUNT,
        repositoryName,
        imageTags: ['a'],
        imagePushedAt: bench.clock.now(),
        lastRecordedPullTime: bench.clock.now(),
        imageManifestMediaType: 'application/vnd.oci.image.manifest.v1+json',
      },
    ]);
    const imageDigest = imageDetails?.[0]?.imageDigest ?? '';
    const deleted = await bench.call('ecr', 'BatchDeleteImage', {
      repositoryName,
      imageIds: [{ imageTag: 'a' }, { imageTag: 'a' }, { imageTag: 'b', imageDigest }],
    });
    expect(deleted.imageIds).toEqual([{ imageTag: 'a', imageDigest }]);
    expect(deleted.failures).toMatchObject([{ failureCode: 'ImageNotFound' }, { failureCode: 'ImageNotFound' }]);
    expect((await bench.call('ecr', 'DescribeImages', { repositoryName })).imageDetails).toHaveLength(2);
    const untagged = { repositoryName, filter: { tagStatus: 'UNTAGGED' } } as const;
    expect((await bench.call('ecr', 'DescribeImages', untagged)).imageDetails).toEqual([]);
  });
});
