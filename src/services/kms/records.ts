import { arn } from '../../core/arn.ts';
import { collection, type Read, type Tx } from '../../store/collections.ts';
import type { GrantConstraints, GrantOperation, OriginType } from '../../wire/generated/types/kms.ts';

/** Key material of one generation. Never leaves the store. */
export interface KeyMaterial {
  /** 64 hex digits, as KeyMaterialId shows it. */
  readonly id: string;
  /** 32 bytes, base64. */
  readonly bytes: string;
  /** Epoch milliseconds. */
  readonly since: number;
  /** How it came to replace the generation before; absent for the first. */
  readonly rotation?: 'AUTOMATIC' | 'ON_DEMAND';
}

/** A symmetric encryption key. */
export interface KeyRecord {
  readonly keyId: string;
  readonly arn: string;
  readonly account: string;
  readonly region: string;
  readonly createdAt: number;
  readonly description: string;
  readonly state: 'Enabled' | 'Disabled' | 'PendingDeletion';
  readonly origin: OriginType;
  /** Epoch milliseconds; a key is gone once it has passed. */
  readonly deletionDate?: number;
  readonly manager: 'CUSTOMER' | 'AWS';
  /** Oldest first; the last one encrypts. */
  readonly materials: readonly KeyMaterial[];
  /** The key policy as it was written. */
  readonly policy: string;
  readonly tags: Readonly<Record<string, string>>;
  readonly rotation?: { readonly periodInDays: number; readonly next: number };
}

export interface AliasRecord {
  /** `alias/…` */
  readonly name: string;
  readonly arn: string;
  readonly targetKeyId: string;
  readonly createdAt: number;
  readonly updatedAt: number;
}

export interface GrantRecord {
  readonly grantId: string;
  readonly token: string;
  readonly keyArn: string;
  readonly name?: string;
  readonly createdAt: number;
  readonly granteePrincipal: string;
  readonly retiringPrincipal?: string;
  readonly issuingAccount: string;
  readonly operations: readonly GrantOperation[];
  readonly constraints?: GrantConstraints;
}

/** Partition: `account/region`; key: the key's id. */
export const keys = collection<KeyRecord>('kms/keys');
/** Partition: `account/region`; key: the alias' name. */
export const aliases = collection<AliasRecord>('kms/aliases');
/** Partition: the key's ARN; key: the grant's id. */
export const grants = collection<GrantRecord>('kms/grants');

export const partitionOf = (account: string, region: string): string => `${account}/${region}`;

export const keyArn = (region: string, account: string, keyId: string): string =>
  arn('kms', region, account, `key/${keyId}`);

export const aliasArn = (region: string, account: string, name: string): string => arn('kms', region, account, name);

/** The key, unless it is unknown or its deletion date has passed. */
export function readKey(
  read: Read,
  account: string,
  region: string,
  keyId: string,
  now: number,
): KeyRecord | undefined {
  const key = read.get(keys, partitionOf(account, region), keyId);
  return key === undefined || isGone(key, now) ? undefined : key;
}

export function putKey(tx: Tx, key: KeyRecord): void {
  tx.put(keys, partitionOf(key.account, key.region), key.keyId, key);
}

/** Aliases that point to the key, in order of their names. */
export function aliasesOf(read: Read, key: KeyRecord): readonly AliasRecord[] {
  return read.list(aliases, partitionOf(key.account, key.region)).filter((alias) => alias.targetKeyId === key.keyId);
}

export function isGone(key: KeyRecord, now: number): boolean {
  return key.deletionDate !== undefined && key.deletionDate <= now;
}

/** Removes keys whose deletion date has passed, with their material, aliases and grants. */
export function removeDeletedKeys(tx: Tx, account: string, region: string, now: number): void {
  const partition = partitionOf(account, region);
  for (const key of tx.list(keys, partition)) {
    if (!isGone(key, now)) continue;
    for (const alias of aliasesOf(tx, key)) tx.delete(aliases, partition, alias.name);
    tx.clear(grants, key.arn);
    tx.delete(keys, partition, key.keyId);
  }
}
