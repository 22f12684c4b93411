import { createCipheriv, createDecipheriv } from 'node:crypto';
import { AwsError } from '../../core/errors.ts';
import type { HandleContext } from '../../gateway/operation.ts';
import type { SecretVersion } from './records.ts';

type KmsContext = Pick<HandleContext<unknown>, 'call' | 'ids'>;

const DEFAULT_KEY = 'alias/aws/secretsmanager';
const IV = 12;
const TAG = 16;

/** A secret's value, as a request carries it. */
export interface SecretValue {
  readonly kind: 'string' | 'binary';
  readonly bytes: Uint8Array;
}

/**
 * Seals a value under a new data key, with the caller's permissions. Encryption context: SecretARN and SecretVersionId.
 * Source: Secrets Manager User Guide, security-encryption.
 */
export function sealValue(
  { call, ids }: KmsContext,
  value: SecretValue,
  { arn, versionId, kmsKeyId }: { arn: string; versionId: string; kmsKeyId: string | undefined },
): Pick<SecretVersion, 'kind' | 'sealedKey' | 'sealedValue' | 'kmsKeyId'> {
  const EncryptionContext = { SecretARN: arn, SecretVersionId: versionId };
  const key = withKms('EncryptionFailure', () =>
    call(
      'kms',
      'GenerateDataKey',
      { KeyId: kmsKeyId ?? DEFAULT_KEY, KeySpec: 'AES_256', EncryptionContext },
      { via: 'secretsmanager' },
    ),
  );
  const iv = ids.bytes(IV);
  const cipher = createCipheriv('aes-256-gcm', key.Plaintext!, iv);
  const body = Buffer.concat([cipher.update(value.bytes), cipher.final()]);
  return {
    kind: value.kind,
    sealedKey: Buffer.from(key.CiphertextBlob!).toString('base64'),
    sealedValue: Buffer.concat([iv, cipher.getAuthTag(), body]).toString('base64'),
    ...(kmsKeyId === undefined ? {} : { kmsKeyId }),
  };
}

/** Opens a version's value, with the caller's permissions. */
export function openValue({ call }: KmsContext, arn: string, version: SecretVersion): SecretValue {
  const EncryptionContext = { SecretARN: arn, SecretVersionId: version.versionId };
  const key = withKms('DecryptionFailure', () =>
    call(
      'kms',
      'Decrypt',
      { CiphertextBlob: Buffer.from(version.sealedKey, 'base64'), EncryptionContext },
      { via: 'secretsmanager' },
    ),
  );
  const sealed = Buffer.from(version.sealedValue, 'base64');
  const decipher = createDecipheriv('aes-256-gcm', key.Plaintext!, sealed.subarray(0, IV));
  decipher.setAuthTag(sealed.subarray(IV, IV + TAG));
  return { kind: version.kind, bytes: Buffer.concat([decipher.update(sealed.subarray(IV + TAG)), decipher.final()]) };
}

/**
 * Before a customer key is taken into use, Secrets Manager tries both calls that it will make with it.
 * Source: Secrets Manager User Guide, security-encryption ("RequestToValidateKeyAccess").
 */
export function tryKey({ call }: KmsContext, arn: string, kmsKeyId: string | undefined): void {
  if (kmsKeyId === undefined) return;
  const EncryptionContext = { SecretARN: arn, SecretVersionId: 'RequestToValidateKeyAccess' };
  withKms('EncryptionFailure', () => {
    const { CiphertextBlob } = call(
      'kms',
      'GenerateDataKey',
      { KeyId: kmsKeyId, KeySpec: 'AES_256', EncryptionContext },
      { via: 'secretsmanager' },
    );
    call('kms', 'Decrypt', { CiphertextBlob, EncryptionContext }, { via: 'secretsmanager' });
  });
}

/** A refusal of KMS is all that the caller learns; what else goes wrong with the key has a code of its own. */
function withKms<R>(failure: 'EncryptionFailure' | 'DecryptionFailure', work: () => R): R {
  try {
    return work();
  } catch (error) {
    if (!(error instanceof AwsError) || error.fault === 'server') throw error;
    if (error.code === 'AccessDeniedException') {
      throw new AwsError('AccessDeniedException', 'Access to KMS is not allowed');
    }
    const verb = failure === 'EncryptionFailure' ? 'encrypt' : 'decrypt';
    // unverified: the description of the code in the API Reference, with what KMS said.
    throw new AwsError(
      failure,
      `Secrets Manager can't ${verb} the protected secret text using the provided KMS key. ${error.message}`,
    );
  }
}
