import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Writes a small docker-archive: a root of some files. Gives its file. */
export function sampleArchive(
  directory: string,
  name: string,
  files: Readonly<Record<string, string | Buffer>>,
): string {
  const root = join(directory, `${name}-root`);
  const parts = join(directory, `${name}-parts`);
  for (const folder of [root, parts]) mkdirSync(folder, { recursive: true });
  for (const [path, content] of Object.entries(files)) writeFileSync(join(root, path), content);
  execFileSync('tar', ['--owner=0', '--group=0', '-cf', join(parts, 'layer.tar'), '-C', root, '.']);
  const layer = createHash('sha256')
    .update(readFileSync(join(parts, 'layer.tar')))
    .digest('hex');
  const config = {
    architecture: process.arch === 'arm64' ? 'arm64' : 'amd64',
    os: 'linux',
    config: { Env: ['SAMPLE=1'], Cmd: ['/none'] },
    rootfs: { type: 'layers', diff_ids: [`sha256:${layer}`] },
  };
  writeFileSync(join(parts, 'config.json'), JSON.stringify(config));
  const manifest = [{ Config: 'config.json', RepoTags: [`${name}:v1`], Layers: ['layer.tar'] }];
  writeFileSync(join(parts, 'manifest.json'), JSON.stringify(manifest));
  const archive = join(directory, `${name}.tar`);
  execFileSync('tar', ['-cf', archive, '-C', parts, 'manifest.json', 'config.json', 'layer.tar']);
  return archive;
}
