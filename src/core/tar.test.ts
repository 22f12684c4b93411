import { execFileSync } from 'node:child_process';
import { createReadStream, linkSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readTar, type TarEntry, TarError } from './tar.ts';

interface Fields {
  name?: string;
  mode?: string;
  size?: number | Buffer;
  type?: string;
  link?: string;
  magic?: string;
  prefix?: string;
  mtime?: Buffer;
  content?: Buffer | string;
}

/** One header as tar writes it, and its content. */
function block(fields: Fields): Buffer {
  const content = Buffer.from(fields.content ?? '');
  const header = Buffer.alloc(512);
  header.write(fields.name ?? 'file', 0, 100, 'utf8');
  header.write(fields.mode ?? '0000644\0', 100, 'latin1');
  header.write('0001750\0', 108, 'latin1');
  header.write('0000012\0', 116, 'latin1');
  const size = fields.size ?? content.length;
  if (typeof size === 'number') header.write(`${size.toString(8).padStart(11, '0')}\0`, 124, 'latin1');
  else size.copy(header, 124);
  if (fields.mtime === undefined) header.write('00000000144\0', 136, 'latin1');
  else fields.mtime.copy(header, 136);
  header.write('        ', 148, 'latin1');
  header.write(fields.type ?? '0', 156, 'latin1');
  header.write(fields.link ?? '', 157, 100, 'utf8');
  header.write(fields.magic ?? 'ustar\x0000', 257, 'latin1');
  header.write(fields.prefix ?? '', 345, 155, 'utf8');
  return summed(header, content);
}

function summed(header: Buffer, content: Buffer): Buffer {
  const sum = header.reduce((total, byte) => total + byte, 0);
  header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
  return Buffer.concat([header, content, Buffer.alloc((512 - (content.length % 512)) % 512)]);
}

const END = Buffer.alloc(1024);

function pax(records: Record<string, string>, type = 'x'): Buffer {
  const lines = Object.entries(records).map(([key, value]) => {
    const rest = ` ${key}=${value}\n`;
    let length = Buffer.byteLength(rest);
    while (String(length).length + Buffer.byteLength(rest) !== length) length++;
    return `${length}${rest}`;
  });
  return block({ name: 'PaxHeaders/x', type, content: lines.join('') });
}

async function* pieces(bytes: Buffer, length = bytes.length || 1): AsyncGenerator<Buffer> {
  for (let at = 0; at < bytes.length; at += length) yield bytes.subarray(at, at + length);
}

async function read(bytes: Buffer, length?: number): Promise<(Omit<TarEntry, 'content'> & { text: string })[]> {
  const entries = [];
  for await (const { content, ...entry } of readTar(pieces(bytes, length))) {
    const parts: Buffer[] = [];
    for await (const part of content) parts.push(part);
    entries.push({ ...entry, text: Buffer.concat(parts).toString() });
  }
  return entries;
}

const tar = (...blocks: Buffer[]) => Buffer.concat([...blocks, END]);

describe('readTar', () => {
  it('reads every type of entry', async () => {
    const entries = await read(
      tar(
        block({ name: 'dir/', type: '5', mode: '0040755\0' }),
        block({ name: 'dir/file', content: 'hello', mode: '0104755\0' }),
        block({ name: 'soft', type: '2', link: '../else/where' }),
        block({ name: 'hard', type: '1', link: 'dir/file' }),
        block({ name: 'pipe', type: '6' }),
        block({ name: 'null', type: '3' }),
      ),
    );
    expect(entries.map(({ path, type, linkPath, text }) => [path, type, linkPath, text])).toEqual([
      ['dir/', 'directory', '', ''],
      ['dir/file', 'file', '', 'hello'],
      ['soft', 'symlink', '../else/where', ''],
      ['hard', 'hardlink', 'dir/file', ''],
      ['pipe', 'fifo', '', ''],
      ['null', 'character-device', '', ''],
    ]);
    expect(entries[1]).toMatchObject({ mode: 0o4755, uid: 1000, gid: 10, mtime: 100, size: 5, offset: 1024 });
  });

  it('reads what GNU tar and pax write', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'rolecall-tar-'));
    try {
      const long = join('a'.repeat(120), 'b'.repeat(120), 'ünïcode');
      const from = join(directory, 'from');
      mkdirSync(join(from, 'a'.repeat(120), 'b'.repeat(120)), { recursive: true });
      writeFileSync(join(from, long), 'long');
      symlinkSync('x'.repeat(200), join(from, 'link'));
      linkSync(join(from, long), join(from, 'same'));
      for (const format of ['gnu', 'pax', 'posix']) {
        const file = join(directory, `${format}.tar`);
        execFileSync('tar', ['--sort=name', `--format=${format}`, '-cf', file, '-C', from, '.']);
        const entries = new Map<string, TarEntry & { text: string }>();
        for await (const entry of readTar(createReadStream(file))) {
          let text = '';
          for await (const part of entry.content) text += part.toString();
          entries.set(entry.path, { ...entry, text });
        }
        expect(entries.get(`./${long}`)).toMatchObject({ type: 'file', text: 'long' });
        expect(entries.get('./link')).toMatchObject({ type: 'symlink', linkPath: 'x'.repeat(200) });
        expect(entries.get('./same')).toMatchObject({ type: 'hardlink', linkPath: `./${long}` });
      }
    } finally {
      rmSync(directory, { recursive: true, force: true });
    }
  });

  it('reads pax headers, their own before those for all', async () => {
    const entries = await read(
      tar(
        pax({ uid: '5000000', mtime: '1.5', 'SCHILY.xattr.user.a': 'global' }, 'g'),
        pax({ path: 'näme/ü', uid: '7', linkpath: 'x', 'SCHILY.xattr.security.capability': 'cap' }),
        block({ content: 'one' }),
        block({ name: 'two', content: '' }),
      ),
    );
    expect(entries.map(({ path, uid, mtime, linkPath }) => [path, uid, mtime, linkPath])).toEqual([
      ['näme/ü', 7, 1.5, ''],
      ['two', 5000000, 1.5, ''],
    ]);
    expect([...(entries[0]?.xattrs ?? [])].map(([key, value]) => [key, value.toString()])).toEqual([
      ['user.a', 'global'],
      ['security.capability', 'cap'],
    ]);
  });

  it('reads sizes beyond octal, prefixes, and V7 directories', async () => {
    const size = Buffer.alloc(12);
    size[0] = 0x80;
    size[11] = 3;
    const entries = await read(
      tar(
        block({ name: 'base256', size, content: 'abc' }),
        block({ name: 'name', prefix: 'some/prefix' }),
        block({ name: 'old/', type: '\0', magic: '\0\0\0\0\0\0\0\0' }),
        block({ name: 'before', mtime: Buffer.from('ffffffffffffffffffffffff', 'hex') }),
      ),
    );
    expect(entries.map(({ path, type, text, mtime }) => [path, type, text, mtime])).toEqual([
      ['base256', 'file', 'abc', 100],
      ['some/prefix/name', 'file', '', 100],
      ['old/', 'directory', '', 100],
      ['before', 'file', '', -1],
    ]);
  });

  it('gives the same however the bytes arrive', async () => {
    const archive = tar(
      pax({ path: 'p'.repeat(300) }),
      block({ content: 'x'.repeat(1300) }),
      block({ name: 'empty' }),
      block({ name: 'b', content: 'y'.repeat(512) }),
    );
    const whole = await read(archive);
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 1500 }), async (length) => {
        expect(await read(archive, length)).toEqual(whole);
      }),
      { numRuns: 40 },
    );
  });

  it('skips what nobody reads', async () => {
    const archive = tar(block({ name: 'a', content: 'x'.repeat(5000) }), block({ name: 'b', content: 'yes' }));
    const found: string[] = [];
    let left: AsyncIterable<Buffer> | undefined;
    for await (const entry of readTar(pieces(archive, 700))) {
      found.push(entry.path);
      if (entry.path === 'a') left = entry.content;
      else for await (const _ of left as AsyncIterable<Buffer>) found.push('content of an entry that is over');
    }
    expect(found).toEqual(['a', 'b']);
  });

  it('ends at zero blocks, or where the bytes end', async () => {
    expect(await read(Buffer.alloc(0))).toEqual([]);
    expect(await read(block({}))).toHaveLength(1);
    expect(await read(Buffer.concat([block({}), Buffer.alloc(512)]))).toHaveLength(1);
    expect(await read(Buffer.concat([tar(block({})), Buffer.from('anything')]))).toHaveLength(1);
  });
});

describe('archives that are damaged or made to harm', () => {
  const huge = Buffer.alloc(12, 0xff);
  huge[0] = 0x80;
  const negative = Buffer.alloc(12, 0xff);
  const badSum = block({});
  badSum[0] = 0x41;
  it.each<[string, Buffer, string]>([
    ['no tar at all', Buffer.alloc(512, 'x'), 'is no number'],
    ['a wrong checksum', badSum, 'checksum'],
    ['cut off in a header', block({}).subarray(0, 300), 'cut off in a header'],
    ['cut off in a file', block({ content: 'x'.repeat(600) }).subarray(0, 900), 'cut off in a file'],
    ['cut off after a file', block({ content: 'x' }).subarray(0, 600), 'cut off after a file'],
    ['a size that no number holds', block({ size: huge }), 'out of range'],
    ['a negative size', block({ size: negative }), 'negative'],
    ['a size beyond the end', tar(block({ size: 8 ** 11 - 1 })), 'cut off'],
    ['a huge extended header', tar(block({ type: 'x', size: 2 ** 30 })), 'an extended header has 1073741824 bytes'],
    ['a huge long name', tar(block({ type: 'L', size: 2 ** 30 })), 'an extended header has 1073741824 bytes'],
    ['a record with a wrong length', tar(block({ type: 'x', content: '999 path=a\n' })), 'wrong length'],
    ['a record with a length of nothing', tar(block({ type: 'x', content: '0 a=b\n' })), 'wrong length'],
    ['a record without a key', tar(block({ type: 'x', content: '6 =ab\n' })), 'without key'],
    ['a NUL in a name', tar(pax({ path: 'a\0b' }), block({})), 'NUL'],
    ['an overlong name', tar(pax({ path: 'a'.repeat(5000) }), block({})), 'overlong'],
    ['an empty name', tar(block({ name: '' })), 'empty name'],
    ['a link to nothing', tar(block({ type: '2', link: '' })), 'empty link target'],
    ['a size of words', tar(pax({ size: '-1' }), block({})), 'is no number'],
    ['a sparse file', tar(block({ type: 'S' })), 'sparse'],
    ['a sparse file of pax', tar(pax({ 'GNU.sparse.major': '1' }), block({})), 'sparse'],
    ['an unknown type', tar(block({ type: 'Q' })), 'type "Q"'],
    ['an extended header for nothing', tar(pax({ path: 'a' })), 'ends after an extended header'],
    ['data after a zero block', Buffer.concat([Buffer.alloc(512), block({})]), 'followed by data'],
  ])('%s', async (_what, archive, message) => {
    await expect(read(archive)).rejects.toThrow(TarError);
    await expect(read(archive, 100)).rejects.toThrow(message);
  });

  it('never hang or throw anything else', async () => {
    const good = tar(
      pax({ path: 'a', uid: '1' }),
      block({ content: 'x'.repeat(700) }),
      block({ type: '5', name: 'd/' }),
    );
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(fc.nat(good.length - 1), fc.nat(255)), { minLength: 1, maxLength: 8 }),
        async (changes) => {
          const bad = Buffer.from(good);
          for (const [at, byte] of changes) bad[at] = byte;
          await read(bad).catch((error: unknown) => expect(error).toBeInstanceOf(TarError));
        },
      ),
      { numRuns: 300 },
    );
  });
});
