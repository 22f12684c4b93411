import { createHmac, hash } from 'node:crypto';

/**
 * A derived signing key, ready to sign: HMAC-SHA-256 with its two pads prepared, so that a signature costs two one-shot
 * hashes. (RFC 2104: H(K ^ opad, H(K ^ ipad, text)).)
 */
export class SigningKey {
  readonly #inner: Buffer;
  readonly #outer: Buffer;

  constructor(key: Buffer) {
    this.#inner = Buffer.alloc(64 + 512, 0);
    this.#outer = Buffer.alloc(64 + 32, 0);
    for (let i = 0; i < 64; i++) {
      const byte = key[i] ?? 0;
      this.#inner[i] = byte ^ 0x36;
      this.#outer[i] = byte ^ 0x5c;
    }
  }

  /** Hex signature of ASCII text. */
  sign(text: string): string {
    let inner = this.#inner;
    if (text.length > 512) {
      inner = Buffer.alloc(64 + text.length);
      this.#inner.copy(inner, 0, 0, 64);
    }
    const length = inner.write(text, 64, 'latin1');
    // As latin1 text: making a Buffer for the result costs three times the hash.
    this.#outer.write(hash('sha256', inner.subarray(0, 64 + length), 'binary'), 64, 'latin1');
    return hash('sha256', this.#outer, 'hex');
  }
}

const hmac = (key: string | Buffer, text: string): Buffer => createHmac('sha256', key).update(text).digest();

/** Derives the key of a day, Region and service. Source: IAM User Guide, "Calculate the signature". */
export function deriveKey(secretAccessKey: string, date: string, region: string, service: string): SigningKey {
  return new SigningKey(hmac(hmac(hmac(hmac(`AWS4${secretAccessKey}`, date), region), service), 'aws4_request'));
}

/** Derived keys of late requests. Bounded: the oldest goes first. */
export class SigningKeyCache {
  readonly #entries = new Map<string, { readonly secret: string; readonly key: SigningKey }>();
  readonly #limit: number;

  constructor(limit = 1000) {
    this.#limit = limit;
  }

  key(accessKeyId: string, secretAccessKey: string, date: string, region: string, service: string): SigningKey {
    const name = `${accessKeyId}/${date}/${region}/${service}`;
    const known = this.#entries.get(name);
    // A key id may come back with another secret (a server put back to its start).
    if (known !== undefined && known.secret === secretAccessKey) return known.key;
    const key = deriveKey(secretAccessKey, date, region, service);
    this.#entries.delete(name);
    this.#entries.set(name, { secret: secretAccessKey, key });
    if (this.#entries.size > this.#limit) this.#entries.delete(this.#entries.keys().next().value as string);
    return key;
  }
}
