import { collection, type Read } from '../../store/collections.ts';
import type { ParameterType } from '../../wire/generated/types/ssm.ts';

/** One version of a parameter. */
export interface ParameterVersion {
  readonly version: number;
  readonly type: ParameterType;
  /** Plain text, or what KMS made of it (base64). */
  readonly value: string;
  /** SecureString: the key as the request named it, and the ARN of the key that sealed the value. */
  readonly keyId?: string;
  readonly keyArn?: string;
  readonly tier: 'Standard' | 'Advanced';
  readonly dataType: string;
  readonly description?: string;
  readonly allowedPattern?: string;
  readonly labels: readonly string[];
  readonly modifiedAt: number;
  readonly modifiedBy: string;
}

export interface ParameterRecord {
  readonly name: string;
  readonly arn: string;
  readonly tags: Readonly<Record<string, string>>;
  /** Oldest first, 100 at most; the last one is current. */
  readonly versions: readonly ParameterVersion[];
}

/** Partition: `account/region`; key: the name. */
export const parameters = collection<ParameterRecord>('ssm/parameters');

export const partitionOf = (account: string, region: string): string => `${account}/${region}`;

export function currentVersion(record: ParameterRecord): ParameterVersion {
  return record.versions.at(-1)!;
}

/** The parameters of an account and Region, in order of their names. */
export function allParameters(read: Read, account: string, region: string): readonly ParameterRecord[] {
  return read.list(parameters, partitionOf(account, region));
}
