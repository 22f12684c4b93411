import { randomBytes, randomFillSync } from 'node:crypto';

/** Identifiers and random bytes. Only tests replace it. */
export interface Ids {
  uuid(): string;
  /** `length` lower-case hex digits (ECS task ids have 32, instance ids 17). */
  hex(length: number): string;
  bytes(length: number): Buffer;
  /** An IAM unique id or access key id: the four-letter prefix and 17 (ids) or 16 (keys) of A-Z2-7. */
  iam(prefix: 'AIDA' | 'AROA' | 'AIPA' | 'ANPA' | 'AGPA' | 'AKIA' | 'ASIA'): string;
}

const BASE32 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';

export const randomIds: Ids = {
  uuid,
  hex: (length) =>
    randomBytes(Math.ceil(length / 2))
      .toString('hex')
      .slice(0, length),
  bytes: (length) => randomBytes(length),
  iam: (prefix) => {
    const length = prefix === 'AKIA' || prefix === 'ASIA' ? 16 : 17;
    let text: string = prefix;
    for (const byte of randomBytes(length)) text += BASE32[byte & 31];
    return text;
  },
};

const HEX = Buffer.from('0123456789abcdef');
/** Where in the text the two digits of each byte stand. */
const DIGITS_AT = [0, 2, 4, 6, 9, 11, 14, 16, 19, 21, 24, 26, 28, 30, 32, 34] as const;
const text = Buffer.alloc(36, '-');
const pool = Buffer.alloc(16 * 128);
let taken = pool.length;

/**
 * A random UUID (RFC 9562, version 4). node:crypto's own is put together out of pieces that V8 keeps as a tree, half a
 * kilobyte in size; every call's record holds two of them for long.
 */
function uuid(): string {
  if (taken === pool.length) {
    randomFillSync(pool);
    taken = 0;
  }
  pool[taken + 6] = ((pool[taken + 6] as number) & 0x0f) | 0x40;
  pool[taken + 8] = ((pool[taken + 8] as number) & 0x3f) | 0x80;
  for (const at of DIGITS_AT) {
    const byte = pool[taken++] as number;
    text[at] = HEX[byte >> 4] as number;
    text[at + 1] = HEX[byte & 15] as number;
  }
  return text.toString('latin1');
}
