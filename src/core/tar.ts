import { BLOCK, Source, TarError } from './tar-source.ts';

/**
 * Reads tar archives as they stream by: ustar, pax, GNU long names, old V7. Pure parsing: nothing is written, and names
 * are given as the archive has them, so whoever unpacks decides where a name may lead.
 * Source: POSIX pax interchange format; GNU tar manual, "Basic Tar Format".
 */

export { TarError };

export type TarEntryType =
  | 'file'
  | 'directory'
  | 'symlink'
  /** `linkPath` names another entry of the archive. */
  | 'hardlink'
  | 'character-device'
  | 'block-device'
  | 'fifo';

export interface TarEntry {
  /** As in the archive: it may be absolute or climb with `..`. Never empty, never with a NUL. */
  readonly path: string;
  readonly type: TarEntryType;
  /** Permission bits with setuid, setgid and sticky: 0 to 0o7777. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly userName: string;
  readonly groupName: string;
  /** Bytes of content; 0 for everything but files. */
  readonly size: number;
  /** Seconds since the epoch; pax headers may give fractions. */
  readonly mtime: number;
  /** Target of a symlink or hardlink, else empty. */
  readonly linkPath: string;
  readonly deviceMajor: number;
  readonly deviceMinor: number;
  /** Extended attributes of pax headers (`SCHILY.xattr.*`), values as bytes. */
  readonly xattrs: ReadonlyMap<string, Buffer>;
  /** Where the content begins in the archive, in bytes. */
  readonly offset: number;
  /** The content. What is not read of it is skipped when the next entry is asked for. */
  readonly content: AsyncIterable<Buffer>;
}

/** As long as Linux takes a path (PATH_MAX), in bytes. */
const LONGEST_PATH = 4096;

/** Gives the entries in their order. @throws TarError */
export async function* readTar(archive: AsyncIterable<Uint8Array>): AsyncGenerator<TarEntry, void, undefined> {
  const source = new Source(archive);
  try {
    const everywhere: Pax = new Map();
    let next: Overrides = noOverrides();
    while (true) {
      const at = source.position;
      const block = await source.block();
      if (block === undefined) {
        if (next.used) throw new TarError('it ends after an extended header', at);
        return;
      }
      if (isZero(block)) {
        const second = await source.block();
        if (second !== undefined && !isZero(second)) throw new TarError('a zero block is followed by data', at);
        if (next.used) throw new TarError('it ends after an extended header', at);
        return;
      }
      const header = readHeader(block, at);
      switch (header.typeFlag) {
        case 'g':
          for (const [key, value] of await paxRecords(source, header, at)) setPax(everywhere, key, value);
          continue;
        case 'x':
          next = { ...next, used: true, pax: await paxRecords(source, header, at) };
          continue;
        case 'L':
          next = { ...next, used: true, path: await longName(source, header, at) };
          continue;
        case 'K':
          next = { ...next, used: true, linkPath: await longName(source, header, at) };
          continue;
        default: {
          const entry = toEntry(header, everywhere, next, source.position, at);
          next = noOverrides();
          const content = source.content(entry.size);
          yield { ...entry, content };
          await source.skipContent();
        }
      }
    }
  } finally {
    await source.close();
  }
}

type Pax = Map<string, Buffer>;

interface Overrides {
  readonly used: boolean;
  readonly pax: Pax;
  readonly path: string | undefined;
  readonly linkPath: string | undefined;
}

const noOverrides = (): Overrides => ({ used: false, pax: new Map(), path: undefined, linkPath: undefined });

interface Header {
  readonly path: string;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly size: number;
  readonly mtime: number;
  readonly typeFlag: string;
  readonly linkPath: string;
  readonly userName: string;
  readonly groupName: string;
  readonly deviceMajor: number;
  readonly deviceMinor: number;
}

function readHeader(block: Buffer, at: number): Header {
  checkSum(block, at);
  const text = (from: number, length: number) => cString(block.subarray(from, from + length)).toString('utf8');
  const number = (from: number, length: number, what: string) =>
    readNumber(block.subarray(from, from + length), what, at);
  const magic = block.toString('latin1', 257, 265);
  const posix = magic.startsWith('ustar\0');
  const gnu = magic === 'ustar  \0';
  const known = posix || gnu;
  const prefix = posix ? text(345, 155) : '';
  const name = text(0, 100);
  const flag = String.fromCharCode(block[156]!);
  return {
    path: prefix === '' ? name : `${prefix}/${name}`,
    mode: number(100, 8, 'mode'),
    uid: number(108, 8, 'uid'),
    gid: number(116, 8, 'gid'),
    size: number(124, 12, 'size'),
    mtime: number(136, 12, 'mtime'),
    typeFlag: flag,
    linkPath: text(157, 100),
    userName: known ? text(265, 32) : '',
    groupName: known ? text(297, 32) : '',
    deviceMajor: known ? number(329, 8, 'device number') : 0,
    deviceMinor: known ? number(337, 8, 'device number') : 0,
  };
}

/** The sum of all bytes of the header with its own field as blanks. Some old tars summed signed bytes. */
function checkSum(block: Buffer, at: number): void {
  let unsigned = 0;
  let signed = 0;
  for (let index = 0; index < BLOCK; index++) {
    const byte = index >= 148 && index < 156 ? 0x20 : block[index]!;
    unsigned += byte;
    signed += byte > 127 ? byte - 256 : byte;
  }
  const stated = readNumber(block.subarray(148, 156), 'checksum', at);
  if (stated !== unsigned && stated !== signed) throw new TarError('the checksum of a header is wrong', at);
}

/** Octal digits with blanks or NULs around them, or GNU's base 256 for what has no room as octal. */
function readNumber(field: Buffer, what: string, at: number): number {
  const first = field[0]!;
  if ((first & 0x80) !== 0) {
    const negative = (first & 0x40) !== 0;
    let value = BigInt(negative ? first | ~0x7f : first & 0x7f);
    for (const byte of field.subarray(1)) value = (value << 8n) | BigInt(byte);
    const result = Number(value);
    if (!Number.isSafeInteger(result)) throw new TarError(`the ${what} of a header is out of range`, at);
    if (result < 0 && what !== 'mtime') throw new TarError(`the ${what} of a header is negative`, at);
    return result;
  }
  const digits = field.toString('latin1').replace(/^[ \0]+|[ \0]+$/g, '');
  if (digits === '') return 0;
  if (!/^[0-7]+$/.test(digits)) throw new TarError(`the ${what} of a header is no number`, at);
  return Number.parseInt(digits, 8);
}

function cString(field: Buffer): Buffer {
  const end = field.indexOf(0);
  return end === -1 ? field : field.subarray(0, end);
}

function isZero(block: Buffer): boolean {
  return block.every((byte) => byte === 0);
}

async function longName(source: Source, { size }: Header, at: number): Promise<string> {
  return cString(await source.extra(size, at)).toString('utf8');
}

/** `LENGTH KEY=VALUE\n`, where LENGTH counts itself. */
async function paxRecords(source: Source, { size }: Header, at: number): Promise<Pax> {
  const data = await source.extra(size, at);
  const records: Pax = new Map();
  let from = 0;
  while (from < data.length) {
    const blank = data.indexOf(0x20, from);
    const digits = blank === -1 ? '' : data.toString('latin1', from, blank);
    const end = /^[1-9][0-9]{0,8}$/.test(digits) ? from + Number(digits) : -1;
    if (end <= blank + 1 || end > data.length || data[end - 1] !== 0x0a)
      throw new TarError('an extended header has a record of a wrong length', at);
    const equals = data.indexOf(0x3d, blank + 1);
    if (equals <= blank + 1 || equals >= end) throw new TarError('an extended header has a record without key', at);
    const key = data.toString('utf8', blank + 1, equals);
    if (key.startsWith('GNU.sparse.')) throw new TarError('sparse files are not supported', at);
    setPax(records, key, data.subarray(equals + 1, end - 1));
    from = end;
  }
  return records;
}

function setPax(into: Pax, key: string, value: Buffer): void {
  // An empty value takes an earlier record back.
  if (value.length === 0 && !key.startsWith(XATTR)) into.delete(key);
  else into.set(key, value);
}

const XATTR = 'SCHILY.xattr.';

const TYPES: Readonly<Record<string, TarEntryType>> = {
  '0': 'file',
  '\0': 'file',
  // Contiguous file: a file like any other.
  '7': 'file',
  '1': 'hardlink',
  '2': 'symlink',
  '3': 'character-device',
  '4': 'block-device',
  '5': 'directory',
  '6': 'fifo',
};

function toEntry(
  header: Header,
  everywhere: Pax,
  own: Overrides,
  offset: number,
  at: number,
): Omit<TarEntry, 'content'> {
  const pax = (key: string): Buffer | undefined => own.pax.get(key) ?? everywhere.get(key);
  const paxText = (key: string) => pax(key)?.toString('utf8');
  const paxNumber = (key: string, from: number) => {
    const text = paxText(key);
    if (text === undefined) return from;
    if (!/^[0-9]{1,16}$/.test(text) || !Number.isSafeInteger(Number(text)))
      throw new TarError(`the ${key} of an extended header is no number`, at);
    return Number(text);
  };
  let type = TYPES[header.typeFlag];
  if (header.typeFlag === 'S') throw new TarError('sparse files are not supported', at);
  if (type === undefined) {
    throw new TarError(`entries of type ${JSON.stringify(header.typeFlag)} are not supported`, at);
  }
  const path = paxText('path') ?? own.path ?? header.path;
  const linkPath = paxText('linkpath') ?? own.linkPath ?? header.linkPath;
  checkName(path, 'name', at);
  // V7 had no type for directories.
  if (type === 'file' && path.endsWith('/')) type = 'directory';
  const isLink = type === 'symlink' || type === 'hardlink';
  if (isLink) checkName(linkPath, 'link target', at);
  const xattrs = new Map<string, Buffer>();
  for (const records of [everywhere, own.pax]) {
    for (const [key, value] of records) if (key.startsWith(XATTR)) xattrs.set(key.slice(XATTR.length), value);
  }
  const size = paxNumber('size', header.size);
  return {
    path,
    type,
    mode: header.mode & 0o7777,
    uid: paxNumber('uid', header.uid),
    gid: paxNumber('gid', header.gid),
    userName: paxText('uname') ?? header.userName,
    groupName: paxText('gname') ?? header.groupName,
    // Others than files have no content whatever the header says, as Go's and GNU's readers have it.
    size: type === 'file' ? size : 0,
    mtime: paxTime(paxText('mtime'), header.mtime, at),
    linkPath: isLink ? linkPath : '',
    deviceMajor: header.deviceMajor,
    deviceMinor: header.deviceMinor,
    xattrs,
    offset,
  };
}

function checkName(name: string, what: string, at: number): void {
  if (name === '') throw new TarError(`an entry has an empty ${what}`, at);
  if (name.includes('\0')) throw new TarError(`an entry has a NUL in its ${what}`, at);
  if (Buffer.byteLength(name) > LONGEST_PATH) throw new TarError(`an entry has an overlong ${what}`, at);
}

function paxTime(text: string | undefined, otherwise: number, at: number): number {
  if (text === undefined) return otherwise;
  if (!/^-?[0-9]{1,15}(\.[0-9]*)?$/.test(text)) throw new TarError('the mtime of an extended header is no time', at);
  return Number(text);
}
