import {
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type LayerEntry, layer } from './testing.ts';
import { RootUnpacker } from './unpack.ts';

let place: string;
let root: string;
let outside: string;
beforeEach(() => {
  place = mkdtempSync(join(tmpdir(), 'rolecall-unpack-'));
  root = join(place, 'root');
  outside = join(place, 'outside');
  mkdirSync(outside);
  writeFileSync(join(outside, 'secret'), 'secret');
});
afterEach(() => rmSync(place, { recursive: true, force: true }));

async function unpack(...layers: readonly (readonly LayerEntry[])[]): Promise<RootUnpacker> {
  const unpacker = new RootUnpacker(root);
  for (const entries of layers) await unpacker.apply(chunks(layer(entries)));
  unpacker.finish();
  return unpacker;
}

/** In odd pieces, as a network brings them. */
async function* chunks(data: Buffer): AsyncGenerator<Buffer> {
  for (let at = 0; at < data.length; at += 700) yield data.subarray(at, at + 700);
}

const read = (path: string) => readFileSync(join(root, path), 'utf8');
/** All paths below a directory, links not followed. */
function tree(directory = root, prefix = ''): string[] {
  return readdirSync(directory, { withFileTypes: true })
    .flatMap((entry) => [
      prefix + entry.name,
      ...(entry.isDirectory() ? tree(join(directory, entry.name), `${prefix}${entry.name}/`) : []),
    ])
    .sort();
}

test('unpacks files, directories and links, with their permissions but without setuid', async () => {
  await unpack([
    { path: './', type: '5' },
    { path: 'bin/', type: '5', mode: 0o555 },
    { path: 'bin/tool', content: '#!', mode: 0o4755 },
    { path: 'bin/other', type: '1', link: 'bin/tool' },
    { path: 'bin/absolute', type: '2', link: '/bin/tool' },
    { path: '/etc/deep/er/file', content: 'x' },
    { path: 'dev/sda', type: '4' },
    { path: 'dev/null', type: '3' },
    { path: 'run/fifo', type: '6' },
  ]);
  expect(tree()).toEqual([
    'bin',
    'bin/absolute',
    'bin/other',
    'bin/tool',
    'etc',
    'etc/deep',
    'etc/deep/er',
    'etc/deep/er/file',
  ]);
  expect(statSync(join(root, 'bin/tool')).mode & 0o7777).toBe(0o755);
  expect(statSync(join(root, 'bin/tool')).ino).toBe(statSync(join(root, 'bin/other')).ino);
  expect(readlinkSync(join(root, 'bin/absolute'))).toBe('/bin/tool');
  expect(statSync(join(root, 'bin')).mode & 0o777).toBe(0o755);
});

test('whiteouts take away what lower layers had, and nothing of their own layer', async () => {
  await unpack(
    [
      { path: 'a/one', content: '1' },
      { path: 'a/two', content: '2' },
      { path: 'b/old', content: 'old' },
      { path: 'b/sub/old', content: 'old' },
      { path: 'c', content: 'file' },
    ],
    [
      { path: 'a/.wh.one' },
      { path: 'b/new', content: 'new' },
      { path: 'b/.wh..wh..opq' },
      { path: 'b/sub/new', content: 'new' },
      { path: 'c/now-a-directory', content: 'x' },
      { path: '.wh.never-there' },
    ],
  );
  expect(tree()).toEqual(['a', 'a/two', 'b', 'b/new', 'b/sub', 'b/sub/new', 'c', 'c/now-a-directory']);
});

test('an opaque directory keeps what its own layer put there before the mark', async () => {
  await unpack(
    [
      { path: 'd/x/lower', content: '1' },
      { path: 'd/y', content: '1' },
    ],
    [{ path: 'd/x/upper', content: '2' }, { path: 'd/.wh..wh..opq' }],
  );
  expect(tree()).toEqual(['d', 'd/x', 'd/x/upper']);
});

test('a later layer replaces files, links and directories', async () => {
  await unpack(
    [
      { path: 'a', content: '1' },
      { path: 'b', type: '2', link: '/a' },
      { path: 'c/x', content: '1' },
    ],
    [
      { path: 'a/', type: '5' },
      { path: 'b', content: 'file' },
      { path: 'c', content: 'file' },
    ],
  );
  expect(lstatSync(join(root, 'a')).isDirectory()).toBe(true);
  expect([read('b'), read('c')]).toEqual(['file', 'file']);
});

test('no name and no link leads out of the root', async () => {
  await unpack(
    [
      { path: '../../outside/climbed', content: 'x' },
      { path: '/../outside/absolute', content: 'x' },
      { path: 'up', type: '2', link: '../outside' },
      { path: 'up/through-a-link', content: 'x' },
      { path: 'there', type: '2', link: place },
      { path: 'there/outside/secret', content: 'overwritten' },
      { path: 'file', type: '2', link: join(outside, 'secret') },
      { path: 'file', content: 'not through the link' },
      { path: 'there/.wh.outside' },
      { path: 'up/.wh..wh..opq' },
    ],
    [{ path: 'up/.wh.secret' }, { path: 'there/.wh..wh..opq' }],
  );
  expect(readdirSync(outside)).toEqual(['secret']);
  expect(readFileSync(join(outside, 'secret'), 'utf8')).toBe('secret');
  expect(read('outside/climbed')).toBe('x');
  expect(read('file')).toBe('not through the link');
});

test('hard links reach files of the image only', async () => {
  const refused = [join(outside, 'secret'), '../outside/secret', '../../../../../etc/hostname'];
  for (const link of refused)
    await expect(unpack([{ path: 'stolen', type: '1', link }])).rejects.toThrow('which is no file of the image');
  await expect(
    unpack([
      { path: 'l', type: '2', link: place },
      { path: 'stolen', type: '1', link: 'l/outside/secret' },
    ]),
  ).rejects.toThrow('is no file of the image');
  expect(existsSync(join(root, 'stolen'))).toBe(false);
});

test('circles of links are refused', async () => {
  await expect(
    unpack([
      { path: 'a', type: '2', link: 'b' },
      { path: 'b', type: '2', link: 'a' },
      { path: 'a/x', content: '' },
    ]),
  ).rejects.toThrow('circle of links');
});

test('whatever entries a layer has, nothing outside of the root changes', async () => {
  const part = fc.constantFrom(
    'a',
    'b',
    '..',
    '.',
    'outside',
    'secret',
    '.wh.a',
    '.wh.secret',
    '.wh.outside',
    '.wh..wh..opq',
  );
  const path = fc
    .tuple(fc.constantFrom('', '/', './'), fc.array(part, { minLength: 1, maxLength: 5 }))
    .map(([start, parts]) => start + parts.join('/'));
  const entry = fc.record({
    path,
    type: fc.constantFrom('0', '1', '2', '5') as fc.Arbitrary<'0'>,
    link: fc.oneof(path, fc.constant(outside), fc.constant('../outside')),
    content: fc.constant('x'),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(fc.array(entry, { maxLength: 8 }), { maxLength: 3 }), async (layers) => {
      rmSync(root, { recursive: true, force: true });
      await unpack(...layers).catch(() => {});
      expect(readdirSync(place).sort()).toEqual(existsSync(root) ? ['outside', 'root'] : ['outside']);
      expect(readdirSync(outside)).toEqual(['secret']);
      expect(readFileSync(join(outside, 'secret'), 'utf8')).toBe('secret');
      expect(lstatSync(join(outside, 'secret')).nlink).toBe(1);
    }),
    { numRuns: 150 },
  );
});

test('tells whose files are, those of the last layer that has them', async () => {
  const app = { uid: 1000, gid: 50 };
  const unpacker = await unpack(
    [
      { path: './', type: '5', uid: 7, gid: 7 },
      { path: 'app/', type: '5', ...app },
      { path: 'app/file', content: 'x', ...app },
      { path: 'app/link', type: '2', link: '/etc', ...app },
      { path: 'app/again', content: 'x', ...app },
      { path: 'app/gone', content: 'x', ...app },
      { path: 'root-own', content: 'x' },
    ],
    [
      { path: 'app/again', content: 'root', uid: 0, gid: 0 },
      { path: 'app/.wh.gone' },
      { path: 'app/hard', type: '1', link: 'app/file', uid: 5, gid: 5 },
    ],
  );
  const owners = unpacker.owners().map(({ path, uid, gid }) => `${path.slice(root.length)} ${uid}:${gid}`);
  expect(owners.sort()).toEqual([' 7:7', '/app 1000:50', '/app/file 1000:50', '/app/link 1000:50']);
});

test('no owner is told of what lies outside, whatever became of a directory', async () => {
  const owned = { uid: 1000, gid: 1000 };
  const unpacker = await unpack(
    [
      { path: 'a/', type: '5' },
      { path: 'a/secret', content: 'x', ...owned },
      { path: 'b/deep/secret', content: 'x', ...owned },
    ],
    [
      { path: 'a', type: '2', link: outside },
      { path: 'b', type: '2', link: `../../..${outside}` },
    ],
  );
  expect(readFileSync(join(outside, 'secret'), 'utf8')).toBe('secret');
  expect(unpacker.owners()).toEqual([]);
});
