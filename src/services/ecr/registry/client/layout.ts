import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Source: OCI image spec 1.1, descriptor. */
export interface Descriptor {
  readonly mediaType: string;
  readonly digest: string;
  readonly size: number;
  readonly platform?: { readonly os?: string; readonly architecture?: string; readonly variant?: string };
  readonly annotations?: Readonly<Record<string, string>>;
}

export interface ImageManifest {
  readonly config: Descriptor;
  readonly layers: readonly Descriptor[];
}

export const REF_NAME = 'org.opencontainers.image.ref.name';

/** Milliseconds. */
const ABANDONED_AFTER = 3_600_000;

const DIGEST = /^sha256:[0-9a-f]{64}$/;

/** Reads a descriptor that somebody else wrote. @throws Error that names what is wrong */
export function readDescriptor(value: unknown, what: string): Descriptor {
  const { mediaType, digest, size, platform, annotations } = (value ?? {}) as Record<string, unknown>;
  if (typeof digest !== 'string' || !DIGEST.test(digest)) throw new Error(`${what} has no sha256 digest`);
  if (typeof size !== 'number' || !Number.isSafeInteger(size) || size < 0) throw new Error(`${what} has no size`);
  return {
    mediaType: typeof mediaType === 'string' ? mediaType : '',
    digest,
    size,
    ...(typeof platform === 'object' && platform !== null ? { platform } : {}),
    ...(typeof annotations === 'object' && annotations !== null
      ? { annotations: annotations as Record<string, string> }
      : {}),
  };
}

/** Reads an image manifest of OCI or Docker schema 2. @throws Error */
export function readImageManifest(bytes: Buffer): ImageManifest {
  const { config, layers, schemaVersion } = JSON.parse(bytes.toString('utf8')) as Record<string, unknown>;
  if (schemaVersion !== 2 || !Array.isArray(layers)) throw new Error('the manifest is not of schema 2');
  return {
    config: readDescriptor(config, 'the config of the manifest'),
    layers: layers.map((layer, index) => readDescriptor(layer, `layer ${index} of the manifest`)),
  };
}

/** The members of an index; undefined when this is no index. @throws Error */
export function readIndex(bytes: Buffer): Descriptor[] | undefined {
  const { manifests } = JSON.parse(bytes.toString('utf8')) as Record<string, unknown>;
  if (!Array.isArray(manifests)) return undefined;
  return manifests.map((one, index) => readDescriptor(one, `image ${index} of the index`));
}

/** An OCI image layout: `oci-layout`, `index.json`, `blobs/sha256/HEX`. Blobs are there whole or not at all. */
export class Layout {
  readonly directory: string;
  readonly #blobs: string;

  constructor(directory: string) {
    this.directory = directory;
    this.#blobs = join(directory, 'blobs', 'sha256');
    mkdirSync(this.#blobs, { recursive: true, mode: 0o700 });
    this.#removeLeftOvers();
    const marker = join(directory, 'oci-layout');
    if (!existsSync(marker)) writeFileSync(marker, '{"imageLayoutVersion":"1.0.0"}', { mode: 0o600 });
  }

  /** What a pull left that was cut short with its process. One that goes on has written lately. */
  #removeLeftOvers(): void {
    for (const name of readdirSync(this.#blobs)) {
      if (!name.endsWith('.partial')) continue;
      const file = join(this.#blobs, name);
      const written = statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? 0;
      if (Date.now() - written > ABANDONED_AFTER) rmSync(file, { force: true });
    }
  }

  blobFile(digest: string): string {
    if (!DIGEST.test(digest)) throw new Error('not a digest');
    return join(this.#blobs, digest.slice('sha256:'.length));
  }

  has({ digest, size }: Descriptor): boolean {
    return statSync(this.blobFile(digest), { throwIfNoEntry: false })?.size === size;
  }

  /** Where a blob is written until it is whole. */
  partialFile(digest: string): string {
    return `${this.blobFile(digest)}.${randomBytes(6).toString('hex')}.partial`;
  }

  keep(partial: string, digest: string): void {
    renameSync(partial, this.blobFile(digest));
  }

  put(digest: string, content: Buffer): void {
    const partial = this.partialFile(digest);
    writeFileSync(partial, content, { mode: 0o600 });
    this.keep(partial, digest);
  }

  /** Adds an image to the index, under a name that another one may have had. */
  name(image: Descriptor, refName: string): void {
    const file = join(this.directory, 'index.json');
    const before = existsSync(file) ? (readIndex(readFileSync(file)) ?? []) : [];
    const others = before.filter(({ annotations }) => annotations?.[REF_NAME] !== refName);
    const named = { ...image, annotations: { ...image.annotations, [REF_NAME]: refName } };
    const partial = `${file}.${randomBytes(6).toString('hex')}.partial`;
    writeFileSync(partial, JSON.stringify({ schemaVersion: 2, manifests: [...others, named] }), { mode: 0o600 });
    renameSync(partial, file);
  }
}
