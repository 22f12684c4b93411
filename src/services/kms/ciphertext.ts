import { createCipheriv, createDecipheriv } from 'node:crypto';
import type { Ids } from '../../core/ids.ts';
import { invalidCiphertext } from './errors.ts';
import { currentMaterial } from './material.ts';
import type { KeyRecord } from './records.ts';

/** What AWS KMS binds to a ciphertext: names and values, authenticated but not secret. */
export type EncryptionContext = Readonly<Record<string, string>>;

/** The first bytes of every ciphertext blob of AWS KMS (`AQICAHh…` in base64). */
const MAGIC = Buffer.from([0x01, 0x02, 0x02, 0x00, 0x78]);
const IV = 12;
const TAG = 16;

/** A ciphertext blob taken apart: which key made it, and the sealed rest. */
export interface Ciphertext {
  readonly keyArn: string;
  readonly materialId: string;
  readonly header: Buffer;
  readonly sealed: Buffer;
}

/**
 * Seals with AES-256-GCM. The blob names its key (so Decrypt needs no KeyId); header and encryption context are bound
 * as additional authenticated data.
 */
export function seal(key: KeyRecord, plaintext: Uint8Array, context: EncryptionContext, ids: Ids): Uint8Array {
  const material = currentMaterial(key);
  const name = Buffer.from(key.arn);
  const header = Buffer.concat([
    MAGIC,
    Buffer.from([name.length >> 8, name.length & 0xff]),
    name,
    Buffer.from(material.id, 'hex'),
  ]);
  const iv = ids.bytes(IV);
  const cipher = createCipheriv('aes-256-gcm', Buffer.from(material.bytes, 'base64'), iv);
  cipher.setAAD(Buffer.concat([header, canonical(context)]));
  const body = Buffer.concat([cipher.update(plaintext), cipher.final()]);
  return Buffer.concat([header, iv, cipher.getAuthTag(), body]);
}

/** Takes a blob apart; undefined when it is none of ours. */
export function readCiphertext(blob: Uint8Array): Ciphertext | undefined {
  const bytes = Buffer.from(blob.buffer, blob.byteOffset, blob.byteLength);
  if (bytes.length < MAGIC.length + 2 || !bytes.subarray(0, MAGIC.length).equals(MAGIC)) return undefined;
  const nameEnd = MAGIC.length + 2 + bytes.readUInt16BE(MAGIC.length);
  const headerEnd = nameEnd + 32;
  if (bytes.length < headerEnd + IV + TAG) return undefined;
  return {
    keyArn: bytes.toString('utf8', MAGIC.length + 2, nameEnd),
    materialId: bytes.toString('hex', nameEnd, headerEnd),
    header: bytes.subarray(0, headerEnd),
    sealed: bytes.subarray(headerEnd),
  };
}

/** Opens a sealed blob. Throws InvalidCiphertextException for another context, other material or changed bytes. */
export function open(key: KeyRecord, ciphertext: Ciphertext, context: EncryptionContext): Uint8Array {
  const material = key.materials.find((candidate) => candidate.id === ciphertext.materialId);
  if (material === undefined) throw invalidCiphertext();
  const { sealed } = ciphertext;
  const decipher = createDecipheriv('aes-256-gcm', Buffer.from(material.bytes, 'base64'), sealed.subarray(0, IV));
  decipher.setAAD(Buffer.concat([ciphertext.header, canonical(context)]));
  decipher.setAuthTag(sealed.subarray(IV, IV + TAG));
  try {
    return Buffer.concat([decipher.update(sealed.subarray(IV + TAG)), decipher.final()]);
  } catch {
    throw invalidCiphertext();
  }
}

/** The context in a form in which its order does not count and no two contexts look the same. */
function canonical(context: EncryptionContext): Buffer {
  const pairs = Object.keys(context)
    .sort()
    .map((name) => [name, context[name]]);
  return Buffer.from(JSON.stringify(pairs));
}
