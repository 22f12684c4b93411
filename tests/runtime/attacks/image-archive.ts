import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFileSync, realpathSync, writeFileSync } from 'node:fs';
import { Engine } from '../../../src/agent/runtimes/docker/engine.ts';
import { type LayerEntry, layer } from '../../../src/agent/runtimes/namespace/images/testing.ts';
import { importArchive } from '../../../src/services/ecr/registry/client/import-archive.ts';
import { ACCOUNT, type AttackedServer, ECR, REGION } from './server.ts';

/** A shell and its libraries, as this machine has them. */
export function baseLayer(): readonly LayerEntry[] {
  const entries: LayerEntry[] = [
    { path: 'bin/', type: '5' },
    { path: 'tmp/', type: '5', mode: 0o1777 },
  ];
  entries.push({ path: 'etc/', type: '5' }, { path: 'etc/passwd', content: 'root:x:0:0::/:/bin/sh\n' });
  const shell = realpathSync('/bin/sh');
  entries.push({ path: 'bin/sh', content: readFileSync(shell), mode: 0o755 });
  const listed = spawnSync('ldd', [shell], { encoding: 'utf8' }).stdout;
  for (const [, library = ''] of listed.matchAll(/(\/\S+) \(0x/g)) {
    entries.push({ path: library.slice(1), content: readFileSync(realpathSync(library)), mode: 0o755 });
  }
  return entries;
}

/** Puts an image into the server's registry, as `rolecall images import` does; answers its name. `file`: the archive. */
export async function importImage(
  server: AttackedServer,
  file: string,
  repository: string,
  layers: readonly (readonly LayerEntry[])[],
): Promise<string> {
  const parts = layers.map((entries) => {
    const content = layer(entries);
    return { content, digest: createHash('sha256').update(content).digest('hex') };
  });
  const architecture = process.arch === 'x64' ? 'amd64' : process.arch;
  const rootfs = { type: 'layers', diff_ids: parts.map(({ digest }) => `sha256:${digest}`) };
  const config = JSON.stringify({
    architecture,
    os: 'linux',
    config: { Env: ['PATH=/bin'], Cmd: ['/bin/sh'] },
    rootfs,
  });
  const manifest = [
    { Config: 'config.json', RepoTags: [`${repository}:v1`], Layers: parts.map(({ digest }) => `${digest}.tar`) },
  ];
  writeFileSync(
    file,
    layer([
      ...parts.map(({ content, digest }) => ({ path: `${digest}.tar`, content })),
      { path: 'config.json', content: config },
      { path: 'manifest.json', content: JSON.stringify(manifest) },
    ]),
  );
  const { authorizationData } = await server.client.call('ecr', 'GetAuthorizationToken', {});
  await importArchive(file, {
    endpoint: server.endpoint,
    account: ACCOUNT,
    region: REGION,
    authorization: `Basic ${authorizationData?.[0]?.authorizationToken}`,
    prepare: async (repositoryName) => {
      await server.client.call('ecr', 'CreateRepository', { repositoryName });
    },
  });
  return `${ECR}/${repository}:v1`;
}

export async function removeImage(socket: string, image: string): Promise<void> {
  const engine = new Engine(socket);
  try {
    await engine.negotiate();
    await engine.delete(`/images/${image}`, { force: true });
  } catch {
    // It was refused before the Engine had it.
  } finally {
    engine.close();
  }
}
