import { createHash } from 'node:crypto';
import { crc32 } from 'node:zlib';
import { AwsError } from '../../core/errors.ts';
import { notImplemented } from './errors.ts';

/** Digests that SDKs send along, by member name. */
const DIGESTS: Readonly<Record<string, (body: Uint8Array) => Buffer>> = {
  ChecksumCRC32: (body) => bigEndian(crc32(body)),
  ChecksumCRC32C: (body) => bigEndian(crc32c(body)),
  ChecksumCRC64NVME: crc64Nvme,
  ChecksumSHA1: (body) => createHash('sha1').update(body).digest(),
  ChecksumSHA256: (body) => createHash('sha256').update(body).digest(),
  ChecksumSHA512: (body) => createHash('sha512').update(body).digest(),
  ChecksumMD5: (body) => createHash('md5').update(body).digest(),
};

/** Checks what the client says of its body, and returns the checksums to keep. Texts observed. */
export function checkedSums(input: object, body: Uint8Array): Record<string, string> {
  const sums: Record<string, string> = {};
  for (const [member, value] of Object.entries(input)) {
    if (!/^Checksum(?!Algorithm|Mode|Type)/.test(member) || value === undefined) continue;
    const digest = DIGESTS[member];
    if (digest === undefined) throw notImplemented(member, 'PutObject');
    if (digest(body).toString('base64') !== value) {
      throw new AwsError(
        'BadDigest',
        `The ${member.slice('Checksum'.length)} you specified did not match the calculated checksum.`,
      );
    }
    sums[member] = String(value);
  }
  return sums;
}

export function checkMd5(contentMd5: string | undefined, body: Uint8Array): void {
  if (contentMd5 === undefined) return;
  if (Buffer.from(contentMd5, 'base64').length !== 16) {
    throw new AwsError('InvalidDigest', 'The Content-MD5 you specified was invalid.');
  }
  if (createHash('md5').update(body).digest('base64') !== contentMd5) {
    throw new AwsError('BadDigest', 'The Content-MD5 you specified did not match what we received.');
  }
}

function bigEndian(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value >>> 0);
  return bytes;
}

let tableC: Uint32Array | undefined;

/** CRC-32C (Castagnoli), reflected polynomial 0x82F63B78. */
function crc32c(body: Uint8Array): number {
  tableC ??= Uint32Array.from({ length: 256 }, (_, index) => {
    let value = index;
    for (let bit = 0; bit < 8; bit++) value = value & 1 ? (value >>> 1) ^ 0x82f63b78 : value >>> 1;
    return value >>> 0;
  });
  let sum = 0xffffffff;
  for (const byte of body) sum = (sum >>> 8) ^ tableC[(sum ^ byte) & 0xff]!;
  return ~sum;
}

let tables64: { readonly high: Uint32Array; readonly low: Uint32Array } | undefined;

/** CRC-64/NVME, reflected polynomial 0x9A6C9329AC4BC9B5, in two halves: BigInt would be slow here. */
function crc64Nvme(body: Uint8Array): Buffer {
  tables64 ??= makeTables64();
  let high = 0xffffffff;
  let low = 0xffffffff;
  for (const byte of body) {
    const index = (low ^ byte) & 0xff;
    low = ((low >>> 8) | (high << 24)) ^ tables64.low[index]!;
    high = (high >>> 8) ^ tables64.high[index]!;
  }
  return Buffer.concat([bigEndian(~high), bigEndian(~low)]);
}

function makeTables64(): { high: Uint32Array; low: Uint32Array } {
  const high = new Uint32Array(256);
  const low = new Uint32Array(256);
  for (let index = 0; index < 256; index++) {
    let value = BigInt(index);
    for (let bit = 0; bit < 8; bit++) value = value & 1n ? (value >> 1n) ^ 0x9a6c9329ac4bc9b5n : value >> 1n;
    high[index] = Number(value >> 32n);
    low[index] = Number(value & 0xffffffffn);
  }
  return { high, low };
}
