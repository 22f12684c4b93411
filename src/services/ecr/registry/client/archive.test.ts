import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { TarError } from '../../../../core/tar.ts';
import { TEST_ACCOUNT, TEST_REGION } from '../../../../gateway/testing.ts';
import { digestOf, startTestRegistry, type TestRegistry } from '../testing.ts';
import { ArchiveError, readArchive } from './archive.ts';
import { importArchive } from './import-archive.ts';
import { basicAuthorization } from './registry-client.ts';

let registry: TestRegistry;
let scratch: string;
beforeAll(async () => {
  registry = await startTestRegistry();
  scratch = mkdtempSync(join(tmpdir(), 'rolecall-archive-'));
});
afterAll(async () => {
  await registry.stop();
  rmSync(scratch, { recursive: true, force: true });
});

let made = 0;
/** Packs files (and `path → target` links) as `tar` does. */
function archive(files: Readonly<Record<string, string>>, links: Readonly<Record<string, string>> = {}): string {
  const root = join(scratch, `root-${++made}`);
  const file = join(scratch, `archive-${made}.tar`);
  mkdirSync(root);
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), content);
  }
  for (const [path, target] of Object.entries(links)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    symlinkSync(target, join(root, path));
  }
  execFileSync('tar', ['-cf', file, '-C', root, '.']);
  return file;
}

const configOf = (...layers: string[]) =>
  JSON.stringify({ os: 'linux', architecture: 'amd64', rootfs: { type: 'layers', diff_ids: layers.map(digestOf) } });

function dockerArchive(): string {
  return archive(
    {
      'manifest.json': JSON.stringify([
        {
          Config: 'config.json',
          RepoTags: ['app:1', 'docker.io/library/same:2'],
          Layers: ['a/layer.tar', 'b/layer.tar'],
        },
      ]),
      'config.json': configOf('layer', 'layer'),
      'a/layer.tar': 'layer',
    },
    // As older versions of Docker write a layer that occurs twice.
    { 'b/layer.tar': '../a/layer.tar' },
  );
}

function ociArchive(options: { without?: string } = {}): string {
  const files: Record<string, string> = { 'oci-layout': '{"imageLayoutVersion":"1.0.0"}' };
  const blob = (content: string, mediaType: string) => {
    if (content !== options.without) files[`blobs/sha256/${digestOf(content).slice(7)}`] = content;
    return { mediaType, digest: digestOf(content), size: content.length };
  };
  const image = (layer: string) => {
    const config = blob(configOf(layer), 'application/vnd.oci.image.config.v1+json');
    const mediaType = 'application/vnd.oci.image.manifest.v1+json';
    const layers = [blob(layer, 'application/vnd.oci.image.layer.v1.tar')];
    const text = JSON.stringify({ schemaVersion: 2, mediaType, config, layers });
    return text === options.without ? { mediaType, digest: digestOf(text), size: text.length } : blob(text, mediaType);
  };
  const mediaType = 'application/vnd.oci.image.index.v1+json';
  const inner = JSON.stringify({ schemaVersion: 2, mediaType, manifests: [image('one'), image('two')] });
  const top = { ...blob(inner, mediaType), annotations: { 'io.containerd.image.name': 'docker.io/team/multi:v3' } };
  files['index.json'] = JSON.stringify({ schemaVersion: 2, manifests: [top] });
  return archive(files);
}

const request = () => ({
  endpoint: registry.endpoint,
  account: TEST_ACCOUNT,
  region: TEST_REGION,
  authorization: basicAuthorization('AWS', registry.rootToken),
  prepare: async (repositoryName: string) => {
    await registry.bench.call('ecr', 'CreateRepository', { repositoryName }).catch(() => {});
  },
});

describe('importArchive', () => {
  it('takes what docker saves', async () => {
    const file = dockerArchive();
    const imported = await importArchive(file, request());
    expect(imported.map(({ repository, tag }) => `${repository}:${tag}`)).toEqual(['app:1', 'same:2']);
    const { images } = await registry.bench.call('ecr', 'BatchGetImage', {
      repositoryName: 'app',
      imageIds: [{ imageTag: '1' }],
    });
    const manifest = JSON.parse(images?.[0]?.imageManifest ?? '');
    expect(manifest.config.digest).toBe(digestOf(configOf('layer', 'layer')));
    expect(manifest.layers.map((layer: { digest: string }) => layer.digest)).toEqual([
      digestOf('layer'),
      digestOf('layer'),
    ]);
    const zipped = `${file}.gz`;
    writeFileSync(zipped, gzipSync(readFileSync(file)));
    expect(await importArchive(zipped, { ...request(), repository: 'renamed', tag: 'x' })).toMatchObject([
      { repository: 'renamed', tag: 'x', digest: imported[0]?.digest },
    ]);
  });

  it('takes OCI archives with all their platforms', async () => {
    const [imported, ...more] = await importArchive(ociArchive(), request());
    expect([imported?.repository, imported?.tag, more]).toEqual(['team/multi', 'v3', []]);
    const { imageDetails } = await registry.bench.call('ecr', 'DescribeImages', { repositoryName: 'team/multi' });
    expect(imageDetails).toHaveLength(3);
  });

  it('says what is wrong with an archive', async () => {
    const text = join(scratch, 'text');
    writeFileSync(text, 'not a tar archive'.repeat(100));
    await expect(importArchive(text, request())).rejects.toThrow(TarError);
    const empty = importArchive(archive({ a: 'b' }), request());
    await expect(empty).rejects.toThrow('neither an index.json with an oci-layout nor a manifest.json');
    const lacking = archive({
      'manifest.json': JSON.stringify([{ Config: 'c', RepoTags: ['a:1'], Layers: ['l'] }]),
      c: configOf('expected'),
      l: 'other',
    });
    await expect(importArchive(lacking, request())).rejects.toThrow(/l has the digest .+, not .+ as its config says/);
    const outside = archive({
      'manifest.json': JSON.stringify([{ Config: '/etc/hostname', RepoTags: ['a:1'], Layers: ['../../l'] }]),
    });
    await expect(importArchive(outside, request())).rejects.toThrow('it has no /etc/hostname');
    const cutOff = join(scratch, 'cut-off.tar.gz');
    writeFileSync(cutOff, gzipSync('x'.repeat(1000)).subarray(0, 20));
    await expect(importArchive(cutOff, request())).rejects.toThrow(ArchiveError);
    await expect(importArchive(cutOff, request())).rejects.toThrow('it is a damaged gzip file: unexpected end of file');
    const linked = archive(
      { 'manifest.json': JSON.stringify([{ Config: 'c', RepoTags: ['a:1'], Layers: [] }]) },
      { c: '/etc/hostname', d: 'c' },
    );
    await expect(importArchive(linked, request())).rejects.toThrow(ArchiveError);
    const half = importArchive(ociArchive({ without: 'one' }), { ...request(), repository: 'half' });
    await expect(half).rejects.toThrow(`the image lacks its blob ${digestOf('one')}`);
    await expect(readArchive(join(scratch, 'missing'), scratch)).rejects.toThrow('ENOENT');
  });
});
