import { arn } from '../../core/arn.ts';
import { collection, type Read, type Tx } from '../../store/collections.ts';

/** One version of a secret's value, sealed under a data key of its own. */
export interface SecretVersion {
  readonly versionId: string;
  /** Staging labels; a version without any is deprecated. */
  readonly stages: readonly string[];
  readonly createdAt: number;
  readonly lastAccessedAt?: number;
  readonly kind: 'string' | 'binary';
  /** The data key, sealed by KMS, and the value, sealed by the data key. Both base64. */
  readonly sealedKey: string;
  readonly sealedValue: string;
  /** The KMS key, as the secret named it then. */
  readonly kmsKeyId?: string;
}

export interface SecretRecord {
  readonly name: string;
  readonly arn: string;
  readonly account: string;
  readonly region: string;
  readonly description?: string;
  /** As given; absent: `alias/aws/secretsmanager`. */
  readonly kmsKeyId?: string;
  readonly createdAt: number;
  readonly lastChangedAt: number;
  readonly lastAccessedAt?: number;
  /** Epoch milliseconds of the request to delete, and of the end of the recovery window. */
  readonly deletedAt?: number;
  readonly goneAt?: number;
  readonly tags: Readonly<Record<string, string>>;
  /** The resource policy as it was written. */
  readonly policy?: string;
  /** Oldest first. */
  readonly versions: readonly SecretVersion[];
}

/** Partition: `account/region`; key: the name. */
export const secrets = collection<SecretRecord>('secretsmanager/secrets');

export const partitionOf = (account: string, region: string): string => `${account}/${region}`;

/** The ARN of a secret; `name` may carry the random suffix. */
export const secretArn = (region: string, account: string, name: string): string =>
  arn('secretsmanager', region, account, `secret:${name}`);

/** The secret of that name, unless its recovery window is over. */
export function readSecret(
  read: Read,
  account: string,
  region: string,
  name: string,
  now: number,
): SecretRecord | undefined {
  const secret = read.get(secrets, partitionOf(account, region), name);
  return secret === undefined || isGone(secret, now) ? undefined : secret;
}

export function isGone(secret: SecretRecord, now: number): boolean {
  return secret.goneAt !== undefined && secret.goneAt <= now;
}

export function putSecret(tx: Tx, secret: SecretRecord): void {
  tx.put(secrets, partitionOf(secret.account, secret.region), secret.name, secret);
}

export function deleteSecret(tx: Tx, secret: SecretRecord): void {
  tx.delete(secrets, partitionOf(secret.account, secret.region), secret.name);
}

/** Removes secrets whose recovery window is over, with their values. */
export function removeGoneSecrets(tx: Tx, account: string, region: string, now: number): void {
  for (const secret of tx.list(secrets, partitionOf(account, region))) {
    if (isGone(secret, now)) deleteSecret(tx, secret);
  }
}
