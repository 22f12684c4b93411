import type { Engine } from '../../src/agent/runtimes/docker/engine.ts';
import { removeContainer } from '../../src/agent/runtimes/docker/namespaces.ts';
import { type TarFile, tar } from '../../src/agent/runtimes/docker/tar.ts';

/** Makes an image of another one and some files. Remove it afterwards. */
export async function imageWith(
  engine: Engine,
  base: string,
  name: string,
  files: readonly TarFile[],
  changes: readonly string[] = [],
): Promise<string> {
  const { Id } = await engine.post<{ Id: string }>('/containers/create', {}, { Image: base, Cmd: ['none'] });
  try {
    const archive = await engine.stream(
      'PUT' as 'POST',
      `/containers/${Id}/archive`,
      { path: '/' },
      { upload: tar(files) },
    );
    archive.resume();
    const repo = `rolecall-test/${name}`;
    const query = new URLSearchParams({ container: Id, repo, tag: 'latest' });
    for (const change of changes) query.append('changes', change);
    await engine.post(`/commit?${query}`, {}, {});
    return `${repo}:latest`;
  } finally {
    await removeContainer(engine, Id);
  }
}
