import { createHash } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { open } from 'node:fs/promises';
import { join, posix } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import { readTar } from '../../../../core/tar.ts';
import { type Descriptor, REF_NAME, readDescriptor, readIndex } from './layout.ts';
import { digestOf, type ImageSource } from './push-image.ts';

/** An image of an archive and the names that it has there. */
export interface ArchivedImage {
  /** As they are written: `app:1`, `docker.io/library/app:1`, or only a tag. */
  readonly names: readonly string[];
  readonly image: Descriptor;
}

export interface Archive {
  readonly images: readonly ArchivedImage[];
  readonly source: ImageSource;
}

/** A file that is no image archive, or a damaged one. `message` says what is wrong with it. */
export class ArchiveError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'ArchiveError';
  }
}

const OCI_MANIFEST = 'application/vnd.oci.image.manifest.v1+json';
const OCI_CONFIG = 'application/vnd.oci.image.config.v1+json';
const OCI_LAYER = 'application/vnd.oci.image.layer.v1.tar';
/** The largest JSON of an archive that is read into memory, in bytes. */
const LARGEST_JSON = 8 * 1024 * 1024;
const CONTAINERD_NAME = 'io.containerd.image.name';

/**
 * Reads what `docker save`, `skopeo copy … docker-archive:` and `oci-archive:` write, gzipped or not. The archive is read
 * once, and every part of it by digest afterwards: its names lead nowhere outside it.
 * @param scratch directory for the unzipped copy of a gzipped archive
 * @throws ArchiveError, TarError
 */
export async function readArchive(file: string, scratch: string): Promise<Archive> {
  const plain = (await isGzip(file)) ? await unzip(file, join(scratch, 'archive.tar')) : file;
  const contents = await index(plain);
  if (contents.find('oci-layout') !== undefined && contents.find('index.json') !== undefined)
    return ociArchive(contents);
  if (contents.find('manifest.json') !== undefined) return dockerArchive(contents);
  throw new ArchiveError('it has neither an index.json with an oci-layout nor a manifest.json');
}

interface Part {
  readonly offset: number;
  readonly size: number;
  readonly digest: string;
}

class Contents {
  readonly #file: string;
  readonly #parts = new Map<string, Part>();
  readonly #links = new Map<string, string>();
  readonly #byDigest = new Map<string, Part>();

  constructor(file: string) {
    this.#file = file;
  }

  add(path: string, part: Part): void {
    this.#parts.set(path, part);
    this.#byDigest.set(part.digest, part);
  }

  link(path: string, target: string): void {
    this.#links.set(path, target);
  }

  /** Older archives have links for layers that occur twice. */
  find(path: string): Part | undefined {
    let at = posix.normalize(path);
    for (let hops = 0; hops < 8; hops++) {
      const part = this.#parts.get(at);
      if (part !== undefined) return part;
      const next = this.#links.get(at);
      if (next === undefined) return undefined;
      at = next;
    }
    return undefined;
  }

  ofDigest(digest: string): Part | undefined {
    return this.#byDigest.get(digest);
  }

  open({ offset, size }: Part): Readable {
    if (size === 0) return Readable.from([]);
    return createReadStream(this.#file, { start: offset, end: offset + size - 1, highWaterMark: 512 * 1024 });
  }

  async read(path: string): Promise<Buffer> {
    const part = this.find(path);
    if (part === undefined) throw new ArchiveError(`it has no ${path}`);
    return this.bytes(part, path);
  }

  async bytes(part: Part, what: string): Promise<Buffer> {
    if (part.size > LARGEST_JSON) throw new ArchiveError(`its ${what} has ${part.size} bytes`);
    const pieces: Buffer[] = [];
    for await (const piece of this.open(part)) pieces.push(piece as Buffer);
    return Buffer.concat(pieces);
  }
}

async function index(file: string): Promise<Contents> {
  const contents = new Contents(file);
  for await (const entry of readTar(createReadStream(file, { highWaterMark: 512 * 1024 }))) {
    const path = posix.normalize(entry.path);
    if (entry.type === 'symlink') contents.link(path, posix.join(posix.dirname(path), entry.linkPath));
    if (entry.type === 'hardlink') contents.link(path, posix.normalize(entry.linkPath));
    if (entry.type !== 'file') continue;
    const hash = createHash('sha256');
    for await (const piece of entry.content) hash.update(piece);
    contents.add(path, { offset: entry.offset, size: entry.size, digest: `sha256:${hash.digest('hex')}` });
  }
  return contents;
}

async function ociArchive(contents: Contents): Promise<Archive> {
  const top = readIndex(await json(contents, 'index.json'));
  if (top === undefined) throw new ArchiveError('its index.json has no manifests');
  const manifest = async (digest: string) => {
    const part = contents.ofDigest(digest);
    if (part === undefined) throw new ArchiveError(`it has no blob ${digest}`);
    return contents.bytes(part, `manifest ${digest}`);
  };
  const images: ArchivedImage[] = [];
  for (const one of top) {
    const name = one.annotations?.[CONTAINERD_NAME] ?? one.annotations?.[REF_NAME];
    images.push({ names: name === undefined ? [] : [name], image: await present(contents, manifest, one) });
  }
  return { images: joined(images), source: { manifest, blob: (digest) => blobOf(contents, digest) } };
}

/** The same image under several names is listed once for each. */
function joined(images: readonly ArchivedImage[]): ArchivedImage[] {
  const byDigest = new Map<string, ArchivedImage>();
  for (const { names, image } of images) {
    const before = byDigest.get(image.digest)?.names ?? [];
    byDigest.set(image.digest, { names: [...before, ...names], image });
  }
  return [...byDigest.values()];
}

/** `docker save` of one platform keeps the index of all: then the one image that is there stands for it. */
async function present(
  contents: Contents,
  manifest: (digest: string) => Promise<Buffer>,
  image: Descriptor,
): Promise<Descriptor> {
  const members = readIndex(await manifest(image.digest));
  if (members === undefined) return image;
  const there = members.filter(({ digest }) => contents.ofDigest(digest) !== undefined);
  if (there.length === members.length) return image;
  const [only, ...more] = there;
  if (only === undefined || more.length > 0) {
    throw new ArchiveError(`it has ${there.length} of the ${members.length} images of the index ${image.digest}`);
  }
  return only;
}

async function dockerArchive(contents: Contents): Promise<Archive> {
  const list: unknown = JSON.parse((await json(contents, 'manifest.json')).toString('utf8'));
  if (!Array.isArray(list)) throw new ArchiveError('its manifest.json is no list');
  const manifests = new Map<string, Buffer>();
  const images: ArchivedImage[] = [];
  for (const item of list as Record<string, unknown>[]) {
    const { Config: config, RepoTags: tags, Layers: layers } = item ?? {};
    if (typeof config !== 'string' || !Array.isArray(layers) || !layers.every((one) => typeof one === 'string')) {
      throw new ArchiveError('its manifest.json lacks Config or Layers');
    }
    const bytes = await manifestOf(contents, config, layers as string[]);
    const digest = digestOf(bytes);
    manifests.set(digest, bytes);
    const names = Array.isArray(tags) ? tags.filter((tag) => typeof tag === 'string') : [];
    images.push({ names, image: { mediaType: OCI_MANIFEST, digest, size: bytes.length } });
  }
  const manifest = async (digest: string) => {
    const bytes = manifests.get(digest);
    if (bytes === undefined) throw new ArchiveError(`it has no manifest ${digest}`);
    return bytes;
  };
  return { images, source: { manifest, blob: (digest) => blobOf(contents, digest) } };
}

/** The manifest that the archive's parts make. Layers are as they are in the archive, unzipped: their digests are the config's. */
async function manifestOf(contents: Contents, config: string, layers: readonly string[]): Promise<Buffer> {
  const part = contents.find(config);
  if (part === undefined) throw new ArchiveError(`it has no ${config}`);
  const { rootfs } = JSON.parse((await contents.bytes(part, config)).toString('utf8')) as {
    rootfs?: { diff_ids?: unknown };
  };
  const diffIds = rootfs?.diff_ids;
  const described = layers.map((path, at) => {
    const layer = contents.find(path);
    if (layer === undefined) throw new ArchiveError(`it has no ${path}`);
    if (Array.isArray(diffIds) && diffIds[at] !== layer.digest) {
      throw new ArchiveError(`${path} has the digest ${layer.digest}, not ${String(diffIds[at])} as its config says`);
    }
    return { mediaType: OCI_LAYER, digest: layer.digest, size: layer.size };
  });
  const manifest = {
    schemaVersion: 2,
    mediaType: OCI_MANIFEST,
    config: { mediaType: OCI_CONFIG, digest: part.digest, size: part.size },
    layers: described,
  };
  for (const one of [manifest.config, ...described]) readDescriptor(one, 'a part of the archive');
  return Buffer.from(JSON.stringify(manifest), 'utf8');
}

async function json(contents: Contents, path: string): Promise<Buffer> {
  const bytes = await contents.read(path);
  try {
    JSON.parse(bytes.toString('utf8'));
  } catch {
    throw new ArchiveError(`its ${path} is no JSON`);
  }
  return bytes;
}

function blobOf(contents: Contents, digest: string) {
  const part = contents.ofDigest(digest);
  return part === undefined ? undefined : { size: part.size, open: () => contents.open(part) };
}

async function isGzip(file: string): Promise<boolean> {
  const handle = await open(file, 'r');
  try {
    const { bytesRead, buffer } = await handle.read(Buffer.alloc(2), 0, 2, 0);
    return bytesRead === 2 && buffer[0] === 0x1f && buffer[1] === 0x8b;
  } finally {
    await handle.close();
  }
}

async function unzip(file: string, into: string): Promise<string> {
  try {
    await pipeline(createReadStream(file), createGunzip(), createWriteStream(into, { mode: 0o600 }));
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code?.startsWith('Z_') !== true) throw error;
    throw new ArchiveError(`it is a damaged gzip file: ${message}`);
  }
  return into;
}
