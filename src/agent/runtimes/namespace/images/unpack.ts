import {
  chmodSync,
  closeSync,
  createReadStream,
  linkSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readSync,
  realpathSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import type { Readable } from 'node:stream';
import * as zlib from 'node:zlib';
import { readTar, type TarEntry } from '../../../../core/tar.ts';
import { resolveInside } from '../inside.ts';

/** A layer that is damaged or asks for what is not done. */
export class LayerError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'LayerError';
  }
}

interface Owner {
  readonly uid: number;
  readonly gid: number;
}

export interface OwnedPath extends Owner {
  readonly path: string;
}

/** Source: OCI image specification, layer.md, whiteouts. */
const WHITEOUT = '.wh.';
const OPAQUE = '.wh..wh..opq';

/**
 * Unpacks layers one over the other into an empty directory. Whatever names and links a layer has, nothing outside of
 * the directory is written, read or linked to: a path is resolved as if the directory were `/`, part by part.
 *
 * All files become this user's, and `owners` says whose they should be; setuid and setgid bits, extended attributes,
 * devices and FIFOs are left out: a container has no use for them.
 */
export class RootUnpacker {
  readonly #root: string;
  /** Permissions of directories, set when all is unpacked: one without `w` would let nothing in. */
  readonly #directories = new Map<string, number>();
  readonly #owners = new Map<string, Owner>();

  constructor(root: string) {
    this.#root = root;
    mkdirSync(root, { recursive: true, mode: 0o755 });
  }

  /** Throws LayerError, TarError, or the system's own error. */
  async apply(layer: AsyncIterable<Uint8Array>): Promise<void> {
    const written = new Set<string>();
    for await (const entry of readTar(layer)) await this.#apply(entry, written);
  }

  finish(): void {
    for (const [path, mode] of this.#directories) {
      // The owner can always read and clear away what is its own.
      if (this.#isDirectory(path)) chmodSync(path, mode | 0o700);
    }
    this.#directories.clear();
  }

  /** Paths that belong to others than root, after `finish`: none of them leads through a link. */
  owners(): readonly OwnedPath[] {
    const root = realpathSync(this.#root);
    return [...this.#owners].flatMap(([path, owner]) => {
      if (owner.uid === 0 && owner.gid === 0) return [];
      if (lstatSync(path, { throwIfNoEntry: false }) === undefined) return [];
      const parent = dirname(path);
      const own = path === this.#root || realpathSync(parent) === join(root, parent.slice(this.#root.length));
      return own ? [{ path, ...owner }] : [];
    });
  }

  async #apply(entry: TarEntry, written: Set<string>): Promise<void> {
    const path = this.#inside(entry.path);
    if (path === this.#root) {
      if (entry.type === 'directory') {
        this.#directories.set(path, entry.mode & 0o1777);
        this.#owners.set(path, { uid: entry.uid, gid: entry.gid });
      }
      return;
    }
    const name = basename(path);
    if (name.startsWith(WHITEOUT)) {
      this.#whiteOut(path, name, written);
      return;
    }
    if (entry.type === 'character-device' || entry.type === 'block-device' || entry.type === 'fifo') return;
    // Looked up before anything is removed: a link to itself must not lose its target.
    const target = entry.type === 'hardlink' ? this.#linkTarget(entry) : undefined;
    if (target === path) return;
    this.#makeParent(path, written);
    if (!(entry.type === 'directory' && this.#isDirectory(path))) this.#remove(path);
    written.add(path);
    // A hard link is its target, which has its owner.
    if (entry.type === 'hardlink') this.#owners.delete(path);
    else this.#owners.set(path, { uid: entry.uid, gid: entry.gid });
    switch (entry.type) {
      case 'directory':
        mkdirSync(path, { recursive: true, mode: 0o755 });
        this.#directories.set(path, entry.mode & 0o1777);
        return;
      case 'symlink':
        // Kept as it is: absolute targets are meant inside of the container.
        symlinkSync(entry.linkPath, path);
        return;
      case 'hardlink':
        linkSync(target as string, path);
        return;
      case 'file':
        await writeFile(path, entry);
    }
  }

  /** What a lower layer had there goes; what this layer has put there stays, in whatever order they come. */
  #whiteOut(path: string, name: string, written: ReadonlySet<string>): void {
    const parent = dirname(path);
    if (name === OPAQUE) {
      if (!this.#isDirectory(parent)) return;
      for (const child of readdirSync(parent)) this.#removeLower(join(parent, child), written);
      return;
    }
    const hidden = name.slice(WHITEOUT.length);
    if (hidden === '' || hidden === '.' || hidden === '..')
      throw new LayerError(`${JSON.stringify(name)} is no whiteout`);
    this.#removeLower(join(parent, hidden), written);
  }

  #removeLower(path: string, written: ReadonlySet<string>): void {
    if (!written.has(path)) {
      this.#remove(path);
      return;
    }
    if (!this.#isDirectory(path)) return;
    // A directory that this layer made as well: of its content only what is the layer's own stays.
    for (const child of readdirSync(path)) this.#removeLower(join(path, child), written);
  }

  /** Parents that no entry names are made; one that is a file of a lower layer gives way. */
  #makeParent(path: string, written: Set<string>): void {
    const parent = dirname(path);
    if (parent === this.#root || this.#isDirectory(parent)) {
      // Marked all the way up, so that an opaque whiteout further up spares it.
      for (let each = parent; each !== this.#root && !written.has(each); each = dirname(each)) written.add(each);
      return;
    }
    this.#makeParent(parent, written);
    this.#remove(parent);
    mkdirSync(parent, { mode: 0o755 });
    this.#owners.delete(parent);
    written.add(parent);
  }

  /** The path itself, its last part not followed. */
  #inside(path: string): string {
    const resolved = resolveInside(this.#root, path, false);
    if (resolved === undefined) throw new LayerError(`${JSON.stringify(path)} leads through a circle of links`);
    return resolved;
  }

  #linkTarget({ path, linkPath }: TarEntry): string {
    const target = this.#inside(linkPath);
    const found = lstatSync(target, { throwIfNoEntry: false });
    if (found === undefined || found.isDirectory()) {
      throw new LayerError(
        `${JSON.stringify(path)} is a hard link to ${JSON.stringify(linkPath)}, which is no file of the image`,
      );
    }
    return target;
  }

  #remove(path: string): void {
    rmSync(path, { recursive: true, force: true });
  }

  #isDirectory(path: string): boolean {
    return lstatSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
  }
}

async function writeFile(path: string, { content, mode, mtime }: TarEntry): Promise<void> {
  // `wx`: whatever stood there was removed; nothing is ever written through a link.
  const fd = openSync(path, 'wx', 0o600);
  try {
    for await (const piece of content) {
      for (let done = 0; done < piece.length; ) done += writeSync(fd, piece, done);
    }
  } finally {
    closeSync(fd);
  }
  chmodSync(path, mode & 0o777);
  const time = Math.max(0, mtime);
  utimesSync(path, time, time);
}

/** The tar archive of a layer, whatever it is packed with; its first bytes say it, not its media type. */
export function openLayer(file: string): AsyncIterable<Buffer> {
  const head = Buffer.alloc(4);
  const fd = openSync(file, 'r');
  try {
    readSync(fd, head, 0, head.length, 0);
  } finally {
    closeSync(fd);
  }
  const stream = createReadStream(file, { highWaterMark: 256 * 1024 });
  if (head[0] === 0x1f && head[1] === 0x8b) return unpacked(stream, zlib.createGunzip({ chunkSize: 256 * 1024 }));
  if (head.readUInt32LE(0) === 0xfd2fb528) {
    // Node has it from 22.15 on.
    const { createZstdDecompress } = zlib as unknown as { createZstdDecompress?: () => NodeJS.ReadWriteStream };
    if (createZstdDecompress === undefined)
      throw new LayerError(`a layer is packed with zstd, which Node ${process.version} does not know`);
    return unpacked(stream, createZstdDecompress());
  }
  return stream as AsyncIterable<Buffer>;
}

function unpacked(stream: Readable, through: NodeJS.ReadWriteStream): AsyncIterable<Buffer> {
  stream.on('error', (error) => (through as unknown as Readable).destroy(error));
  return stream.pipe(through) as unknown as AsyncIterable<Buffer>;
}
