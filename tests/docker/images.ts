import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, realpathSync } from 'node:fs';
import { type Engine, isStatus } from '../../src/agent/runtimes/docker/engine.ts';
import { importImage } from '../../src/agent/runtimes/docker/pause-image.ts';
import type { TarFile } from '../../src/agent/runtimes/docker/tar.ts';

/** Debian and Ubuntu: package busybox-static. */
const BUSYBOX = ['/bin/busybox', '/usr/bin/busybox', '/bin/busybox.static'].find((file) => existsSync(file));

/** Why no image can be made here; undefined when it can. */
export const noImages: string | undefined =
  BUSYBOX === undefined ? 'there is no static busybox (package busybox-static)' : undefined;

/** Node's path in the test image. */
export const IMAGE_NODE = '/usr/bin/node';

/**
 * Makes, without any registry, an image with a shell, the usual small programs and this machine's Node. Its tag is the
 * digest of what is in it. `changes`: further lines of a Dockerfile.
 */
export async function testImage(engine: Engine, changes: readonly string[] = []): Promise<string> {
  const files = nodeFiles();
  const hash = createHash('sha256').update(JSON.stringify(changes));
  for (const { name, mode, link, content } of files) hash.update(`${name} ${mode} ${link} ${content?.length}\n`);
  const repository = 'rolecall-test/node';
  const tag = hash.digest('hex').slice(0, 12);
  const image = `${repository}:${tag}`;
  try {
    await engine.get(`/images/${image}/json`);
  } catch (error) {
    if (!isStatus(error, 404)) throw error;
    const settings = ['ENV PATH=/usr/bin:/bin', ...changes];
    await importImage(engine, { repository, tag, changes: settings }, files);
  }
  return image;
}

/** What the test image holds: a shell, the usual small programs and Node. */
export function nodeFiles(): TarFile[] {
  if (BUSYBOX === undefined) throw new Error(noImages);
  return [...shell(BUSYBOX), ...node()];
}

/** The shell alone. */
export function shellFiles(): TarFile[] {
  if (BUSYBOX === undefined) throw new Error(noImages);
  return shell(BUSYBOX);
}

function shell(busybox: string): TarFile[] {
  const applets = spawnSync(busybox, ['--list'], { encoding: 'utf8' }).stdout.trim().split('\n');
  return [
    ...['bin/', 'etc/', 'usr/', 'usr/bin/', 'root/', 'data/'].map((name) => ({ name, mode: 0o755 })),
    { name: 'tmp/', mode: 0o1777 },
    { name: 'bin/busybox', content: readFileSync(busybox), mode: 0o755 },
    ...applets
      .filter((applet) => applet !== 'busybox' && applet !== '')
      .map((applet) => ({ name: `bin/${applet}`, mode: 0o777, link: 'busybox' })),
    {
      name: 'etc/passwd',
      content: Buffer.from('root:x:0:0:root:/root:/bin/sh\napp:x:1000:1000:app:/:/bin/sh\n'),
      mode: 0o644,
    },
    { name: 'etc/group', content: Buffer.from('root:x:0:\napp:x:1000:\n'), mode: 0o644 },
    { name: 'etc/nsswitch.conf', content: Buffer.from('hosts: files dns\n'), mode: 0o644 },
    { name: 'data/from-image', content: Buffer.from('from the image\n'), mode: 0o644 },
  ];
}

/** Node and the libraries that it is linked with, where it looks for them. */
function node(): TarFile[] {
  const listed = spawnSync('ldd', [process.execPath], { encoding: 'utf8' }).stdout;
  const libraries = [...listed.matchAll(/(\/\S+) \(0x/g)].map((match) => match[1] as string);
  // Name look-up loads these when it is first used.
  const extra = libraries.flatMap((library) =>
    library.includes('/libc.so')
      ? ['libnss_files.so.2', 'libnss_dns.so.2', 'libresolv.so.2'].map((name) => library.replace(/[^/]+$/, name))
      : [],
  );
  const files = [...libraries, ...extra.filter((file) => existsSync(file))];
  const directories = new Set<string>();
  for (const file of files) {
    const parts = file.split('/').slice(1, -1);
    for (let length = 1; length <= parts.length; length++) directories.add(`${parts.slice(0, length).join('/')}/`);
  }
  return [
    ...[...directories].sort().map((name) => ({ name, mode: 0o755 })),
    ...files.map((file) => ({ name: file.slice(1), content: readFileSync(realpathSync(file)), mode: 0o755 })),
    { name: IMAGE_NODE.slice(1), content: readFileSync(process.execPath), mode: 0o755 },
  ];
}

/** Takes from the Engine the names that a test gave or left there, and what no name is left for. */
export async function removeImages(engine: Engine, ours: (name: string) => boolean): Promise<void> {
  const all = await engine.get<{ RepoTags: string[] | null; RepoDigests: string[] | null }[]>('/images/json');
  const names = all.flatMap(({ RepoTags, RepoDigests }) => [...(RepoTags ?? []), ...(RepoDigests ?? [])]);
  for (const name of names.filter(ours)) {
    await engine.delete(`/images/${name}`, { force: true }).catch((error: unknown) => {
      // An image that lost its last tag has lost its digests, too.
      if (!isStatus(error, 404)) throw error;
    });
  }
}
