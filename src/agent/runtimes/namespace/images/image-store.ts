import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { type Descriptor, type ImageManifest, Layout } from '../../../../services/ecr/registry/client/layout.ts';
import { type Identities, ownIdentities } from '../identities.ts';
import { readImageConfig, type UnpackedImage } from '../image.ts';
import { removeAsTask } from '../overlay.ts';
import { giveAway } from './ownership.ts';
import { openLayer, RootUnpacker } from './unpack.ts';

/** An image whose blobs lie in a layout. */
export interface StoredImage {
  /** The image itself, not an index that it belongs to. */
  readonly image: Descriptor;
  readonly manifest: ImageManifest;
  /** Digest of what the image's name stands for. */
  readonly digest: string;
}

const PARTIAL = '.partial';

/**
 * Images on disk: blobs in an OCI image layout, and each image unpacked once, by its digest. A root is shared by all
 * containers of the image, which see it through a layer of their own.
 */
export class ImageStore {
  /** Directory of the OCI image layout that images are pulled into. */
  readonly layout: string;
  readonly #roots: string;
  readonly #underway = new Map<string, Promise<string>>();

  readonly #identities: Promise<Identities>;

  /** `identities`: default: this user's. */
  constructor(directory: string, identities = ownIdentities()) {
    this.#identities = identities;
    this.layout = join(directory, 'layout');
    this.#roots = join(directory, 'roots');
    mkdirSync(this.#roots, { recursive: true, mode: 0o700 });
    // What an earlier process did not finish.
    const left = readdirSync(this.#roots).filter((name) => name.includes(PARTIAL));
    if (left.length > 0) void this.#remove(left.map((name) => join(this.#roots, name)));
  }

  /** Removes all of it; for a server that keeps nothing. */
  async remove(): Promise<void> {
    await this.#remove([this.#roots, this.layout]);
  }

  /** Throws LayerError, TarError, or Error for a configuration that is none. */
  async unpack({ image, manifest, digest }: StoredImage): Promise<UnpackedImage> {
    const layout = new Layout(this.layout);
    const config = readImageConfig(readFileSync(layout.blobFile(manifest.config.digest), 'utf8'));
    const files = manifest.layers.map((layer) => layout.blobFile(layer.digest));
    let work = this.#underway.get(image.digest);
    if (work === undefined) {
      work = this.#root(image.digest, files);
      this.#underway.set(image.digest, work);
      const done = () => this.#underway.delete(image.digest);
      work.then(done, done);
    }
    return { digest, root: await work, config };
  }

  async #root(digest: string, layers: readonly string[]): Promise<string> {
    const identities = await this.#identities;
    const { range } = identities;
    // Its files belong to the users of a range: with another one it is another root.
    const users = range === undefined ? '' : `-${range.firstUid}-${range.firstGid}-${range.count}`;
    const root = join(this.#roots, `${digest.slice('sha256:'.length)}${users}`);
    if (existsSync(root)) return root;
    const partial = `${root}${PARTIAL}-${randomBytes(6).toString('hex')}`;
    try {
      const unpacker = new RootUnpacker(partial);
      for (const layer of layers) await unpacker.apply(openLayer(layer));
      unpacker.finish();
      if (range !== undefined) await giveAway(unpacker.owners(), identities);
      renameSync(partial, root);
      return root;
    } catch (error) {
      await this.#remove([partial]);
      throw error;
    }
  }

  async #remove(directories: readonly string[]): Promise<void> {
    await removeAsTask(await this.#identities, directories);
  }
}
