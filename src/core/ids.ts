import { randomBytes, randomUUID } from 'node:crypto';

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
  uuid: () => randomUUID(),
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
