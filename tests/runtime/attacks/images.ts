import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { LayerEntry } from '../../../src/agent/runtimes/namespace/images/testing.ts';
import { type Attack, type Attempt, holds, none } from './attack.ts';
import type { World } from './world.ts';

const NO_IMAGES = none('there are no images: programs of this machine stand in for them');

/** What a layer may hold that is meant to leave the image. `target`: a directory of this machine, without its first slash. */
const HOSTILE: Readonly<Record<string, (target: string) => readonly LayerEntry[]>> = {
  'a file through an absolute link': (target) => [
    { path: 'way', type: '2', link: '/' },
    { path: `way/${target}/written`, content: 'x' },
  ],
  'a file through a relative link': (target) => [
    { path: 'way', type: '2', link: '../../../../../../../../../../../..' },
    { path: `way/${target}/written`, content: 'x' },
  ],
  'a file through a link to a link': (target) => [
    { path: 'first', type: '2', link: `/${target}` },
    { path: 'second', type: '2', link: 'first' },
    { path: 'second/written', content: 'x' },
  ],
  'a name with dots': (target) => [{ path: `../../../../../../../../../../${target}/written`, content: 'x' }],
  'an absolute name': (target) => [{ path: `/${target}/written`, content: 'x' }],
  'a hard link to a file of the machine': (target) => [{ path: 'got', type: '1', link: `/${target}/secret` }],
  'a hard link with dots': (target) => [
    { path: 'got', type: '1', link: `../../../../../../../../../../${target}/secret` },
  ],
  'a hard link through a link': (target) => [
    { path: 'way', type: '2', link: `/${target}` },
    { path: 'got', type: '1', link: 'way/secret' },
  ],
  'a symbolic link to a file of the machine': (target) => [{ path: 'got', type: '2', link: `/${target}/secret` }],
  'a whiteout through a link': (target) => [
    { path: 'way', type: '2', link: `/${target}` },
    { path: 'way/.wh.secret' },
    { path: 'way/.wh..wh..opq' },
  ],
  'a link in place of a directory that the runtime writes into': (target) => [
    { path: 'etc', type: '2', link: `/${target}` },
    { path: 'dev', type: '2', link: `/${target}` },
    { path: 'proc', type: '2', link: `/${target}` },
  ],
  'device nodes and set-user-id programs': () => [
    { path: 'disk', type: '4', mode: 0o666 },
    { path: 'memory', type: '3', mode: 0o666 },
    { path: 'got', type: '6' },
  ],
};

async function run(world: World, image: string, script: string) {
  const { lines, errors, reason } = await world.run({
    mode: 'bridge',
    situation: 'instance',
    command: ['/bin/sh', '-c', script],
    definition: { container: { image } },
  });
  return { lines, reason: [reason, ...errors].join('\n') };
}

function filesIn(directory: string): string {
  return readdirSync(directory, { recursive: true }).map(String).sort().join();
}

export const images: readonly Attack[] = [
  {
    id: 'hostile-layers',
    title: 'Layers of an image that write, link, delete or read outside of it',
    ecs: 'Container engines unpack layers in a root of their own.',
    from: 'own',
    outcomes: {
      process: NO_IMAGES,
      namespace: holds('every name and link of a layer is read as if the image were the root'),
      docker: holds('the Engine unpacks layers in a root of their own'),
    },
    attempt: async (world) => {
      const base = world.baseLayer();
      const before = filesIn(world.directory);
      const target = world.directory.slice(1);
      const script =
        'if [ -f /got ]; then read line < /got; echo "$line"; fi; if read line < /disk; then echo read; fi 2>/dev/null; echo ran';
      const tries: Attempt[] = await Promise.all(
        Object.entries(HOSTILE).map(async ([what, entries], index) => {
          const image = await world.importImage(`hostile-${index}`, [base, entries(target)]);
          const { lines, reason } = await run(world, image, script);
          return lines.length > 1 ? { what, got: lines.join() } : { what, refused: lines[0] ?? reason };
        }),
      );
      const after = filesIn(world.directory);
      tries.push(after === before ? { what: 'files', refused: 'ran' } : { what: 'files', got: after });
      readFileSync(join(world.directory, 'secret'));
      return tries;
    },
    refusal: /^ran$|CannotPullContainerError|CannotCreateContainerError|CannotStartContainerError/,
  },
  {
    id: 'image-of-others',
    title: 'An image changed by a container, for the next one to run',
    ecs: 'Every container has a layer of its own above the image.',
    from: 'own',
    outcomes: {
      process: NO_IMAGES,
      namespace: holds('a container writes into a layer of its own, and the image is not to be reached otherwise'),
      docker: holds('a container writes into a layer of its own'),
    },
    attempt: async (world) => {
      const image = await world.importImage('shared', [world.baseLayer()]);
      const first = await run(
        world,
        image,
        'echo changed > /bin/changed && echo changed > /etc/passwd && read line < /bin/changed && echo "$line"',
      );
      if (first.lines[0] !== 'changed') return [{ what: 'change', got: `nothing was changed: ${first.reason}` }];
      const second = await run(
        world,
        image,
        'if [ -e /bin/changed ]; then echo changed; fi; read line < /etc/passwd; echo "$line"',
      );
      return [
        second.lines.join().includes('changed')
          ? { what: 'next', got: second.lines.join() }
          : { what: 'next', refused: second.lines.join() || second.reason },
      ];
    },
    refusal: /^root:x:0:0/,
  },
];
