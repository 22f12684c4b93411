import { execFileSync } from 'node:child_process';
import { readFileSync, realpathSync } from 'node:fs';
import type { LayerEntry } from '../../src/agent/runtimes/namespace/images/testing.ts';

const USUAL = ['sh', 'cat', 'ls', 'id', 'touch', 'sleep', 'env', 'readlink'];

/** A small Linux of this machine's own shell and tools, under other names than the machine's. */
export function baseLayer(more: readonly string[] = []): LayerEntry[] {
  const entries = new Map<string, LayerEntry>();
  const add = (path: string, file: string) =>
    entries.set(path, { path, content: readFileSync(realpathSync(file)), mode: 0o755 });
  for (const name of [...USUAL, ...more]) {
    const path = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';
    const options = { encoding: 'utf8', env: { PATH: path } } as const;
    const file = execFileSync('/bin/sh', ['-c', `command -v ${name}`], options).trim();
    add(`bin/${name}`, file);
    for (const library of execFileSync('ldd', [realpathSync(file)], { encoding: 'utf8' }).matchAll(/(\/\S+) \(0x/g)) {
      add((library[1] as string).slice(1), library[1] as string);
    }
  }
  return [
    ...entries.values(),
    { path: 'etc/passwd', content: 'root:x:0:0::/root:/bin/sh\napp:x:1234:1235::/home/app:/bin/sh\n' },
    { path: 'etc/group', content: 'root:x:0:\nstaff:x:50:\nlogs:x:60:app\n' },
    { path: 'etc/secret-of-the-image', content: 'image' },
    { path: 'etc/link', type: '2', link: '/etc/secret-of-the-image' },
    { path: 'app/', type: '5' },
    { path: 'app/gone', content: 'lower' },
    { path: 'tmp/', type: '5', mode: 0o1777 },
    // Volumes begin with what the image has at their place: these are the user's.
    { path: 'data/', type: '5', uid: 1234, gid: 50 },
    { path: 'shared/', type: '5', uid: 1234, gid: 50 },
  ];
}
