import { createCipheriv, createDecipheriv } from 'node:crypto';
import { AwsError } from '../../core/errors.ts';
import type { HandleContext } from '../../gateway/operation.ts';
import { kmsRefused } from './errors.ts';
import type { ParameterVersion } from './records.ts';

type SealContext = Pick<HandleContext<unknown>, 'call' | 'ids'>;

/** The key of parameters that name none: AWS makes it. */
export const DEFAULT_KEY = 'alias/aws/ssm';

const IV = 12;
const TAG = 16;

/**
 * Seals a SecureString with the caller's permissions. Standard parameters: kms:Encrypt; advanced ones: a data key of
 * kms:GenerateDataKey. Encryption context: PARAMETER_ARN. Source: AWS KMS Developer Guide, services-parameter-store.
 */
export function sealValue(
  { call, ids }: SealContext,
  { value, keyId, parameterArn, tier }: { value: string; keyId: string; parameterArn: string; tier: string },
): { value: string; keyArn: string } {
  const EncryptionContext = { PARAMETER_ARN: parameterArn };
  return withKms(ids, () => {
    if (tier === 'Standard') {
      const sealed = call(
        'kms',
        'Encrypt',
        { KeyId: keyId, Plaintext: Buffer.from(value), EncryptionContext },
        { via: 'ssm' },
      );
      return { value: Buffer.from(sealed.CiphertextBlob!).toString('base64'), keyArn: sealed.KeyId! };
    }
    const key = call('kms', 'GenerateDataKey', { KeyId: keyId, KeySpec: 'AES_256', EncryptionContext }, { via: 'ssm' });
    const iv = ids.bytes(IV);
    const cipher = createCipheriv('aes-256-gcm', key.Plaintext!, iv);
    cipher.setAAD(Buffer.from(parameterArn));
    const body = Buffer.concat([cipher.update(value, 'utf8'), cipher.final()]);
    const sealedKey = Buffer.from(key.CiphertextBlob!);
    const length = Buffer.from([sealedKey.length >> 8, sealedKey.length & 0xff]);
    const envelope = Buffer.concat([length, sealedKey, iv, cipher.getAuthTag(), body]);
    return { value: envelope.toString('base64'), keyArn: key.KeyId! };
  });
}

/** Opens a SecureString with kms:Decrypt, under the caller's permissions. */
export function openValue({ call, ids }: SealContext, version: ParameterVersion, parameterArn: string): string {
  const EncryptionContext = { PARAMETER_ARN: parameterArn };
  const blob = Buffer.from(version.value, 'base64');
  return withKms(ids, () => {
    const decrypt = (CiphertextBlob: Buffer) =>
      Buffer.from(
        call('kms', 'Decrypt', { CiphertextBlob, KeyId: version.keyArn, EncryptionContext }, { via: 'ssm' }).Plaintext!,
      );
    if (version.tier === 'Standard') return decrypt(blob).toString();
    const keyEnd = 2 + blob.readUInt16BE(0);
    const key = decrypt(blob.subarray(2, keyEnd));
    const decipher = createDecipheriv('aes-256-gcm', key, blob.subarray(keyEnd, keyEnd + IV));
    decipher.setAAD(Buffer.from(parameterArn));
    decipher.setAuthTag(blob.subarray(keyEnd + IV, keyEnd + IV + TAG));
    return Buffer.concat([decipher.update(blob.subarray(keyEnd + IV + TAG)), decipher.final()]).toString();
  });
}

function withKms<R>(ids: SealContext['ids'], work: () => R): R {
  try {
    return work();
  } catch (error) {
    throw error instanceof AwsError && error.fault === 'client' ? kmsRefused(error, ids.uuid()) : error;
  }
}
