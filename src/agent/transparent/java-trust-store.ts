import { createHash } from 'node:crypto';

/** Java's own word where nobody chose one; a trust store holds nothing secret. */
export const TRUST_STORE_PASSWORD = 'changeit';

const MAGIC = 0xfeedfeed;
const VERSION = 2;
const TRUSTED_CERTIFICATE = 2;
/** Mixed into the digest of every store. Source: OpenJDK, sun.security.provider.JavaKeyStore. */
const SALT = 'Mighty Aphrodite';

/**
 * A trust store as every Java reads it, whatever it thinks the default type is (JKS). `certificates`: DER.
 * Source: OpenJDK, sun.security.provider.JavaKeyStore, engineStore.
 */
export function javaTrustStore(certificates: readonly Buffer[], now: number): Buffer {
  const parts: Buffer[] = [integer(MAGIC), integer(VERSION), integer(certificates.length)];
  for (const [index, certificate] of certificates.entries()) {
    const created = Buffer.alloc(8);
    created.writeBigInt64BE(BigInt(Math.floor(now)));
    parts.push(integer(TRUSTED_CERTIFICATE), text(`authority-${index}`), created, text('X.509'));
    parts.push(integer(certificate.length), certificate);
  }
  const content = Buffer.concat(parts);
  const password = Buffer.from(TRUST_STORE_PASSWORD, 'utf16le').swap16();
  return Buffer.concat([content, createHash('sha1').update(password).update(SALT).update(content).digest()]);
}

function integer(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}

/** As DataOutput.writeUTF has it; there is ASCII alone. */
function text(value: string): Buffer {
  const length = Buffer.alloc(2);
  length.writeUInt16BE(value.length);
  return Buffer.concat([length, Buffer.from(value, 'latin1')]);
}
