/** A file of a tar archive. */
export interface TarFile {
  /** Relative, without `..`. At most 100 bytes. */
  readonly name: string;
  /** A directory has none. */
  readonly content?: Buffer;
  /** Permission bits. */
  readonly mode: number;
  /** Target of a symbolic link; then there is no content. */
  readonly link?: string;
}

/** Writes a tar archive whose bytes depend on the files alone. Source: POSIX ustar. */
export function tar(files: readonly TarFile[]): Buffer {
  const parts: Buffer[] = [];
  for (const file of files) {
    const content = file.content ?? Buffer.alloc(0);
    parts.push(header(file, content.length), content, Buffer.alloc((512 - (content.length % 512)) % 512));
  }
  parts.push(Buffer.alloc(1024));
  return Buffer.concat(parts);
}

function header({ name, content, mode, link }: TarFile, size: number): Buffer {
  if (Buffer.byteLength(name) > 100 || Buffer.byteLength(link ?? '') > 100) {
    throw new Error(`${name}: too long for a tar archive`);
  }
  const block = Buffer.alloc(512);
  const octal = (value: number, offset: number, length: number) =>
    block.write(`${value.toString(8).padStart(length - 1, '0')}\0`, offset);
  block.write(name, 0);
  octal(mode, 100, 8);
  octal(0, 108, 8);
  octal(0, 116, 8);
  octal(size, 124, 12);
  octal(0, 136, 12);
  block.write(' '.repeat(8), 148);
  block.write(link !== undefined ? '2' : content === undefined ? '5' : '0', 156);
  block.write(link ?? '', 157);
  block.write('ustar\x0000', 257);
  const sum = block.reduce((total, byte) => total + byte, 0);
  block.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
  return block;
}
