/** An archive that is damaged, cut off, or made to harm. `message` says at which byte. */
export class TarError extends Error {
  constructor(problem: string, offset: number) {
    super(`not a valid tar archive: ${problem} (at byte ${offset})`);
    this.name = 'TarError';
  }
}

export const BLOCK = 512;
/** The largest pax or long-name header, in bytes. Real ones have a few hundred; this one is held in memory. */
const MOST_EXTRA = 1024 * 1024;

/** The archive's bytes, block by block. */
export class Source {
  /** Bytes taken so far. */
  position = 0;
  readonly #pieces: AsyncIterator<Uint8Array>;
  #buffer: Buffer = Buffer.alloc(0);
  #ended = false;
  /** Content bytes of the present entry that nobody has read, and the blanks that fill its last block. */
  #content = 0;
  #padding = 0;

  constructor(archive: AsyncIterable<Uint8Array>) {
    this.#pieces = archive[Symbol.asyncIterator]();
  }

  /** The next block, or undefined at the end. */
  async block(): Promise<Buffer | undefined> {
    if (!(await this.#fill(BLOCK))) {
      if (this.#buffer.length === 0) return undefined;
      throw new TarError('it is cut off in a header', this.position);
    }
    return this.#take(BLOCK);
  }

  /** Data of a header, whole. */
  async extra(size: number, at: number): Promise<Buffer> {
    if (size > MOST_EXTRA) throw new TarError(`an extended header has ${size} bytes`, at);
    const padded = size + padding(size);
    if (!(await this.#fill(padded))) throw new TarError('it is cut off in an extended header', this.position);
    return Buffer.from(this.#take(padded).subarray(0, size));
  }

  /** The next `size` bytes, to be read or skipped. */
  content(size: number): AsyncIterable<Buffer> {
    this.#content = size;
    this.#padding = padding(size);
    const end = this.position + size;
    return { [Symbol.asyncIterator]: () => this.#readUpTo(end) };
  }

  async *#readUpTo(end: number): AsyncGenerator<Buffer, void, undefined> {
    // An entry that is left behind has nothing more to give.
    while (this.#content > 0 && this.position < end) yield await this.#some();
  }

  async #some(): Promise<Buffer> {
    if (!(await this.#fill(1))) throw new TarError('it is cut off in a file', this.position);
    const piece = this.#take(Math.min(this.#content, this.#buffer.length));
    this.#content -= piece.length;
    return piece;
  }

  async skipContent(): Promise<void> {
    while (this.#content > 0) await this.#some();
    if (this.#padding > 0) {
      if (!(await this.#fill(this.#padding))) throw new TarError('it is cut off after a file', this.position);
      this.#take(this.#padding);
      this.#padding = 0;
    }
  }

  async close(): Promise<void> {
    await this.#pieces.return?.();
  }

  #take(length: number): Buffer {
    const taken = this.#buffer.subarray(0, length);
    this.#buffer = this.#buffer.subarray(length);
    this.position += length;
    return taken;
  }

  /** Whether so many bytes are there now. */
  async #fill(length: number): Promise<boolean> {
    if (this.#buffer.length >= length) return true;
    // A piece that suffices alone is not copied.
    const parts = this.#buffer.length === 0 ? [] : [this.#buffer];
    let have = this.#buffer.length;
    while (have < length && !this.#ended) {
      const next = await this.#pieces.next();
      if (next.done === true) {
        this.#ended = true;
        break;
      }
      const piece = next.value;
      if (piece.length === 0) continue;
      parts.push(Buffer.from(piece.buffer, piece.byteOffset, piece.length));
      have += piece.length;
    }
    this.#buffer = parts.length === 1 ? parts[0]! : Buffer.concat(parts);
    return have >= length;
  }
}

function padding(size: number): number {
  return (BLOCK - (size % BLOCK)) % BLOCK;
}
