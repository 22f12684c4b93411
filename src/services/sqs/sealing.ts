import { createCipheriv, createDecipheriv } from 'node:crypto';
import { AwsError } from '../../core/errors.ts';
import type { Ids } from '../../core/ids.ts';
import type { ServiceCall } from '../../gateway/operation.ts';
import { settings } from './attributes.ts';
import { type MessageContent, type QueueRecord, queueArn, type SealedContent } from './records.ts';

/** SQS encrypts with AES-256 under a data key of KMS. Source: SQS Developer Guide, key management. */
const CIPHER = 'aes-256-gcm';

/** What sealing and opening need of the call at hand. KMS is called as the same principal, through SQS. */
interface Caller {
  readonly call: ServiceCall;
  readonly requestId: string;
  readonly ids: Ids;
}

/** Seals contents as the queue asks, with one data key for all of them. Without a KMS key they stay as they are. */
export function seal(
  caller: Caller,
  queue: QueueRecord,
  contents: readonly MessageContent[],
): (MessageContent | SealedContent)[] {
  const { kmsKey } = settings(queue);
  if (kmsKey === undefined || contents.length === 0) return [...contents];
  const EncryptionContext = { 'aws:sqs:arn': queueArn(queue) };
  const key = kms(caller, () => {
    const options = { via: 'sqs', region: queue.region } as const;
    const generated = caller.call(
      'kms',
      'GenerateDataKey',
      { KeyId: keyArn(kmsKey, queue), KeySpec: 'AES_256', EncryptionContext },
      options,
    );
    // Source: SQS Developer Guide, "Configure KMS permissions": a producer needs kms:Decrypt too, "to verify the integrity
    // of the new data key before using it".
    caller.call('kms', 'Decrypt', { CiphertextBlob: generated.CiphertextBlob!, EncryptionContext }, options);
    return { plain: generated.Plaintext!, sealed: Buffer.from(generated.CiphertextBlob!).toString('base64') };
  });
  return contents.map((content) => {
    const iv = caller.ids.bytes(12);
    const cipher = createCipheriv(CIPHER, key.plain, iv);
    const data = Buffer.concat([cipher.update(JSON.stringify(content), 'utf8'), cipher.final()]);
    return {
      dataKey: key.sealed,
      iv: iv.toString('base64'),
      tag: cipher.getAuthTag().toString('base64'),
      data: data.toString('base64'),
      queueArn: queueArn(queue),
    };
  });
}

/** Opens contents, with one call of KMS for each data key. */
export function unseal(
  caller: Caller,
  region: string,
  contents: readonly (MessageContent | SealedContent)[],
): MessageContent[] {
  const keys = new Map<string, Uint8Array>();
  return contents.map((content) => {
    if ('body' in content) return content;
    let key = keys.get(content.dataKey);
    if (key === undefined) {
      key = kms(caller, () => {
        const CiphertextBlob = Buffer.from(content.dataKey, 'base64');
        const EncryptionContext = { 'aws:sqs:arn': content.queueArn };
        return caller.call('kms', 'Decrypt', { CiphertextBlob, EncryptionContext }, { via: 'sqs', region }).Plaintext!;
      });
      keys.set(content.dataKey, key);
    }
    const decipher = createDecipheriv(CIPHER, key, Buffer.from(content.iv, 'base64'));
    decipher.setAuthTag(Buffer.from(content.tag, 'base64'));
    const text = Buffer.concat([decipher.update(Buffer.from(content.data, 'base64')), decipher.final()]).toString(
      'utf8',
    );
    return JSON.parse(text) as MessageContent;
  });
}

/** A key id or alias means one of the queue's account, whoever sends. */
function keyArn(key: string, queue: QueueRecord): string {
  if (key.startsWith('arn:')) return key;
  return `arn:aws:kms:${queue.region}:${queue.account}:${key.startsWith('alias/') ? key : `key/${key}`}`;
}

const CODES: Readonly<Record<string, string>> = {
  AccessDeniedException: 'KmsAccessDenied',
  NotFoundException: 'KmsNotFound',
  DisabledException: 'KmsDisabled',
  KMSInvalidStateException: 'KmsInvalidState',
  InvalidKeyUsageException: 'KmsInvalidKeyUsage',
};

/** Errors of KMS come out as SQS's own, with KMS's text inside. Observed: KMS.AccessDeniedException. */
function kms<T>({ requestId }: Caller, work: () => T): T {
  try {
    return work();
  } catch (error) {
    const code = error instanceof AwsError ? CODES[error.code] : undefined;
    if (!(error instanceof AwsError) || code === undefined) throw error;
    throw new AwsError(
      code,
      `${error.message} (Service: AWSKMS; Status Code: 400; Error Code: ${error.code}; Request ID: ${requestId}; Proxy: null)`,
      { cause: error },
    );
  }
}
