import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { createTestBench } from '../../../gateway/testing.ts';
import { createEcrService } from '../index.ts';
import { BlobStore } from './blob-store.ts';
import { digestOf } from './testing.ts';

const directory = mkdtempSync(join(tmpdir(), 'rolecall-layers-'));
afterAll(() => rmSync(directory, { recursive: true, force: true }));

const repositoryName = 'app';
const MIB = 1024 * 1024;

async function started() {
  const bench = createTestBench([createEcrService(new BlobStore({ directory }))]);
  await bench.call('ecr', 'CreateRepository', { repositoryName });
  const { uploadId = '', partSize } = await bench.call('ecr', 'InitiateLayerUpload', { repositoryName });
  expect(partSize).toBe(10 * MIB);
  const part = (
    partFirstByte: number,
    layerPartBlob: Uint8Array,
    partLastByte = partFirstByte + layerPartBlob.length - 1,
  ) => bench.call('ecr', 'UploadLayerPart', { repositoryName, uploadId, partFirstByte, partLastByte, layerPartBlob });
  const complete = (digest: string) =>
    bench.call('ecr', 'CompleteLayerUpload', { repositoryName, uploadId, layerDigests: [digest] });
  return { bench, uploadId, part, complete };
}

describe('layers by the API', () => {
  it('are uploaded in parts', async () => {
    const { bench, uploadId, part, complete } = await started();
    const content = Buffer.concat([Buffer.alloc(5 * MIB, 1), Buffer.from('end')]);
    expect(await part(0, content.subarray(0, 5 * MIB))).toMatchObject({ uploadId, lastByteReceived: 5 * MIB - 1 });
    expect(await part(5 * MIB, content.subarray(5 * MIB))).toMatchObject({ lastByteReceived: content.length - 1 });
    const layerDigest = digestOf(content);
    expect(await complete(layerDigest)).toEqual({
      registryId: bench.root.account,
      repositoryName,
      uploadId,
      layerDigest,
    });
    const { layers } = await bench.call('ecr', 'BatchCheckLayerAvailability', {
      repositoryName,
      layerDigests: [layerDigest],
    });
    expect(layers).toMatchObject([{ layerAvailability: 'AVAILABLE', layerSize: content.length }]);
    expect(JSON.stringify(bench.trail())).not.toContain(content.subarray(0, 12).toString('base64'));
    expect((await bench.refused(complete(layerDigest))).code).toBe('UploadNotFoundException');
  });

  it('go on where they stopped, and nowhere else', async () => {
    const { bench, uploadId, part } = await started();
    await part(0, Buffer.from('abc'));
    for (const call of [part(2, Buffer.from('d')), part(3, Buffer.from('d'), 5), part(3, Buffer.alloc(0))]) {
      expect(await bench.refused(call)).toMatchObject({
        code: 'InvalidLayerPartException',
        members: { uploadId, lastValidByteReceived: 2 },
      });
    }
  });

  it('are refused when they are empty, too small, wrong, or there', async () => {
    const empty = await started();
    expect((await empty.bench.refused(empty.complete(digestOf('')))).code).toBe('EmptyUploadException');

    const small = await started();
    await small.part(0, Buffer.from('ab'));
    await small.part(2, Buffer.from('c'));
    expect(await small.bench.refused(small.complete(digestOf('abc')))).toMatchObject({
      code: 'LayerPartTooSmallException',
      message: 'Layer parts must be at least 5 MiB in size.',
    });

    const wrong = await started();
    await wrong.part(0, Buffer.from('abc'));
    expect((await wrong.bench.refused(wrong.complete(digestOf('abd')))).code).toBe('InvalidLayerException');
    expect((await wrong.bench.refused(wrong.part(3, Buffer.from('d')))).code).toBe('UploadNotFoundException');

    const there = await started();
    await there.part(0, Buffer.from('abc'));
    await there.complete(digestOf('abc'));
    const { uploadId = '' } = await there.bench.call('ecr', 'InitiateLayerUpload', { repositoryName });
    await there.bench.call('ecr', 'UploadLayerPart', {
      repositoryName,
      uploadId,
      partFirstByte: 0,
      partLastByte: 2,
      layerPartBlob: Buffer.from('abc'),
    });
    const again = there.bench.call('ecr', 'CompleteLayerUpload', {
      repositoryName,
      uploadId,
      layerDigests: [digestOf('abc')],
    });
    expect((await there.bench.refused(again)).code).toBe('LayerAlreadyExistsException');
  });

  it('belong to no repository that went meanwhile', async () => {
    const { bench, part, complete } = await started();
    await part(0, Buffer.from('abc'));
    const ending = bench.refused(complete(digestOf('abc')));
    await bench.call('ecr', 'DeleteRepository', { repositoryName });
    expect((await ending).code).toBe('RepositoryNotFoundException');
  });
});
