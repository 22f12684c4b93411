import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { BlobStore, WrongDigest, WrongOffset } from './blob-store.ts';
import { digestOf } from './testing.ts';

const scratch = mkdtempSync(join(tmpdir(), 'rolecall-blobs-'));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

const ID = '00000000-0000-4000-8000-000000000001';
const store = () => {
  const directory = mkdtempSync(join(scratch, 'store-'));
  return { directory, blobs: new BlobStore({ directory }) };
};

async function text(blobs: BlobStore, digest: string): Promise<string> {
  let read = '';
  for await (const piece of blobs.read(digest)) read += String(piece);
  return read;
}

async function* slowly(...parts: string[]): AsyncGenerator<Buffer> {
  for (const part of parts) {
    await new Promise((resolve) => setTimeout(resolve, 5));
    yield Buffer.from(part);
  }
}

describe('BlobStore', () => {
  it('touches no disk before it has something', () => {
    const directory = join(scratch, 'never');
    const blobs = new BlobStore({ directory });
    expect(blobs.has(digestOf('x'))).toBe(false);
    blobs.sweep({ blob: () => false, upload: () => false });
    expect(readdirSync(scratch)).not.toContain('never');
  });

  it('lets one request write to an upload at a time', async () => {
    const { blobs } = store();
    const [first, second, received] = await Promise.all([
      blobs.append(ID, slowly('a', 'b', 'c')),
      blobs.append(ID, slowly('d', 'e')),
      blobs.received(ID),
    ]);
    expect([first, second, received]).toEqual([3, 5, 5]);
    await expect(blobs.append(ID, Buffer.from('x'), 4)).rejects.toThrow(WrongOffset);
    expect(await blobs.finish(ID, digestOf('abcde'))).toEqual({ size: 5 });
    expect(await text(blobs, digestOf('abcde'))).toBe('abcde');
  });

  it('keeps what came before a source failed', async () => {
    const { blobs } = store();
    async function* failing(): AsyncGenerator<Buffer> {
      yield Buffer.from('kept ');
      throw new Error('gone');
    }
    await expect(blobs.append(ID, failing())).rejects.toThrow('gone');
    await blobs.append(ID, Buffer.from('and more'), 5);
    expect(await blobs.finish(ID, digestOf('kept and more'))).toEqual({ size: 13 });
  });

  it('keeps a blob once, and nothing of a wrong one', async () => {
    const { blobs, directory } = store();
    for (let time = 0; time < 2; time++) {
      await blobs.append(ID, Buffer.from('same'));
      await blobs.finish(ID, digestOf('same'));
      blobs.release(digestOf('same'));
    }
    await blobs.append(ID, Buffer.from('wrong'));
    await expect(blobs.finish(ID, digestOf('right'))).rejects.toThrow(WrongDigest);
    expect(await blobs.received(ID)).toBe(0);
    expect(readdirSync(join(directory, 'blobs', 'sha256'))).toEqual([digestOf('same').slice(7)]);
    expect(readdirSync(join(directory, 'uploads'))).toEqual([]);
  });

  it('sweeps what nobody wants, but not what is being given or written', async () => {
    const { blobs } = store();
    await blobs.append(ID, Buffer.from('fresh'));
    await blobs.finish(ID, digestOf('fresh'));
    const nobody = { blob: () => false, upload: () => false };
    blobs.sweep(nobody);
    expect(blobs.has(digestOf('fresh'))).toBe(true);
    blobs.release(digestOf('fresh'));
    const writing = blobs.append(ID, slowly('still ', 'coming'));
    blobs.sweep(nobody);
    expect(blobs.has(digestOf('fresh'))).toBe(false);
    expect(await writing).toBe(12);
    await blobs.finish(ID, digestOf('still coming'));
  });

  it('makes no path of anything but a digest or an id', async () => {
    const { blobs } = store();
    for (const digest of ['sha256:../../x', 'x', `sha256:${'A'.repeat(64)}`]) expect(() => blobs.has(digest)).toThrow();
    for (const id of ['..', '../x', '']) await expect(blobs.append(id, Buffer.from('x'))).rejects.toThrow();
  });

  it('keeps empty content too', async () => {
    const { blobs } = store();
    await blobs.append(ID, Buffer.alloc(0));
    expect(await blobs.finish(ID, digestOf(''))).toEqual({ size: 0 });
    expect(await text(blobs, digestOf(''))).toBe('');
  });
});
