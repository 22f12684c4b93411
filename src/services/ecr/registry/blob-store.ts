import { createHash, type Hash } from 'node:crypto';
import { createReadStream, existsSync, mkdirSync, readdirSync, renameSync, rmSync, statSync } from 'node:fs';
import { type FileHandle, open, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Readable } from 'node:stream';

/** A part of a blob, both ends included. */
export interface ByteRange {
  readonly start: number;
  readonly end: number;
}

/** An upload does not go on where it was told to. */
export class WrongOffset extends Error {
  /** Bytes received so far. */
  readonly received: number;

  constructor(received: number) {
    super(`the upload has ${received} bytes`);
    this.name = 'WrongOffset';
    this.received = received;
  }
}

/** What was uploaded is not what the client says it is. */
export class WrongDigest extends Error {
  readonly actual: string;

  constructor(actual: string) {
    super(`the content has the digest ${actual}`);
    this.name = 'WrongDigest';
    this.actual = actual;
  }
}

/** An upload in progress. The file is what counts: after a restart the rest is read from it. */
interface Upload {
  size: number;
  readonly hash: Hash;
}

const DIGEST = /^sha256:[0-9a-f]{64}$/;
const UPLOAD_ID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/**
 * Layers and configs on disk: `blobs/sha256/HEX`, each there once however many repositories have it, and uploads in
 * progress in `uploads/ID`. Content streams by: no blob is ever in memory as a whole. Which repository has which blob is
 * written in the store, not here.
 */
export class BlobStore {
  readonly #blobs: string;
  readonly #uploadFiles: string;
  readonly #durable: boolean;
  readonly #uploads = new Map<string, Upload>();
  /** Ends of the work in hand, by upload: one request writes at a time. */
  readonly #turns = new Map<string, Promise<unknown>>();
  /** Blobs that are being given to a repository at this moment. */
  readonly #claimed = new Map<string, number>();

  /** @param options.durable whether a blob must be on the disk before it counts; not for a server that keeps nothing. */
  constructor(options: { readonly directory: string; readonly durable?: boolean }) {
    this.#blobs = join(options.directory, 'blobs', 'sha256');
    this.#uploadFiles = join(options.directory, 'uploads');
    this.#durable = options.durable ?? true;
  }

  has(digest: string): boolean {
    return existsSync(this.#blobFile(digest));
  }

  /** The content, or a part of it. */
  read(digest: string, range?: ByteRange): Readable {
    return createReadStream(this.#blobFile(digest), { highWaterMark: 512 * 1024, ...range });
  }

  /** Bytes received so far. Waits for a request that is writing. */
  received(uploadId: string): Promise<number> {
    return this.#inTurn(uploadId, async () => (await this.#upload(uploadId)).size);
  }

  /**
   * Adds to an upload, and gives the bytes received so far. What came before the content broke off is kept.
   * @param at where the content belongs; default: at the end. @throws WrongOffset
   */
  append(uploadId: string, content: AsyncIterable<Uint8Array> | Uint8Array, at?: number): Promise<number> {
    return this.#inTurn(uploadId, async () => {
      const upload = await this.#upload(uploadId);
      if (at !== undefined && at !== upload.size) throw new WrongOffset(upload.size);
      mkdirSync(this.#uploadFiles, { recursive: true, mode: 0o700 });
      const file = await open(this.#uploadFile(uploadId), 'a', 0o600);
      try {
        for await (const piece of content instanceof Uint8Array ? [content] : content) {
          await this.#write(uploadId, upload, file, piece);
        }
      } finally {
        await file.close();
      }
      return upload.size;
    });
  }

  /**
   * Ends an upload: its content becomes the blob of this digest. @throws WrongDigest, and the upload is gone.
   * The blob is kept from the sweep until `release`.
   */
  finish(uploadId: string, digest: string): Promise<{ readonly size: number }> {
    return this.#inTurn(uploadId, async () => {
      const upload = await this.#upload(uploadId);
      const actual = `sha256:${upload.hash.copy().digest('hex')}`;
      if (actual !== digest) {
        this.#forget(uploadId);
        throw new WrongDigest(actual);
      }
      const { size } = upload;
      const file = await open(this.#uploadFile(uploadId), 'a', 0o600);
      try {
        if (this.#durable) await file.datasync();
      } finally {
        await file.close();
      }
      this.#claimed.set(digest, (this.#claimed.get(digest) ?? 0) + 1);
      mkdirSync(this.#blobs, { recursive: true, mode: 0o700 });
      renameSync(this.#uploadFile(uploadId), this.#blobFile(digest));
      this.#forget(uploadId);
      return { size };
    });
  }

  /** The blob of a finished upload has its record now. */
  release(digest: string): void {
    const claims = (this.#claimed.get(digest) ?? 0) - 1;
    if (claims > 0) this.#claimed.set(digest, claims);
    else this.#claimed.delete(digest);
  }

  /** Gives an upload up. */
  discard(uploadId: string): Promise<void> {
    return this.#inTurn(uploadId, async () => this.#forget(uploadId));
  }

  /** Removes the blobs and uploads that nobody has any more. Synchronous, so that no request comes between. */
  sweep(wanted: { blob(digest: string): boolean; upload(uploadId: string): boolean }): void {
    for (const name of namesIn(this.#blobs)) {
      const digest = `sha256:${name}`;
      if (!DIGEST.test(digest) || this.#claimed.has(digest) || wanted.blob(digest)) continue;
      rmSync(this.#blobFile(digest), { force: true });
    }
    for (const name of namesIn(this.#uploadFiles)) {
      if (!UPLOAD_ID.test(name) || this.#turns.has(name) || wanted.upload(name)) continue;
      this.#forget(name);
    }
  }

  async #write(uploadId: string, upload: Upload, file: FileHandle, piece: Uint8Array): Promise<void> {
    try {
      const written = writeAll(file, piece);
      // While the disk works.
      upload.hash.update(piece);
      await written;
      upload.size += piece.length;
    } catch (error) {
      // The digest has gone on without the file: it is made again from what is there.
      this.#uploads.delete(uploadId);
      await file.truncate(upload.size).catch(() => {});
      throw error;
    }
  }

  async #upload(uploadId: string): Promise<Upload> {
    const known = this.#uploads.get(uploadId);
    if (known !== undefined) return known;
    const upload: Upload = { size: 0, hash: createHash('sha256') };
    const file = this.#uploadFile(uploadId);
    const { size } = await stat(file).catch(() => ({ size: 0 }));
    if (size > 0) {
      for await (const piece of createReadStream(file, { highWaterMark: 512 * 1024 })) {
        upload.hash.update(piece as Buffer);
        upload.size += (piece as Buffer).length;
      }
    }
    this.#uploads.set(uploadId, upload);
    return upload;
  }

  async #inTurn<R>(uploadId: string, work: () => Promise<R>): Promise<R> {
    const before = this.#turns.get(uploadId);
    const turn = (before ?? Promise.resolve()).then(work, work);
    this.#turns.set(uploadId, turn);
    try {
      return await turn;
    } finally {
      if (this.#turns.get(uploadId) === turn) this.#turns.delete(uploadId);
    }
  }

  #forget(uploadId: string): void {
    this.#uploads.delete(uploadId);
    rmSync(this.#uploadFile(uploadId), { force: true });
  }

  /** No text of a client becomes a path unless it is a digest or an id. */
  #blobFile(digest: string): string {
    if (!DIGEST.test(digest)) throw new Error('not a digest');
    return join(this.#blobs, digest.slice('sha256:'.length));
  }

  #uploadFile(uploadId: string): string {
    if (!UPLOAD_ID.test(uploadId)) throw new Error('not an upload id');
    return join(this.#uploadFiles, uploadId);
  }
}

async function writeAll(file: FileHandle, piece: Uint8Array): Promise<void> {
  let written = 0;
  while (written < piece.length) {
    const { bytesWritten } = await file.write(piece, written, piece.length - written);
    written += bytesWritten;
  }
}

function namesIn(directory: string): string[] {
  return statSync(directory, { throwIfNoEntry: false })?.isDirectory() === true ? readdirSync(directory) : [];
}
