import { parseArn } from '../../core/arn.ts';
import type { AwsError } from '../../core/errors.ts';
import type { ReadContext } from '../../gateway/operation.ts';
import { aliasNotFound, invalidKeyId, keyDisabled, keyNotFound, pendingDeletion, wrongRegion } from './errors.ts';
import { newManagedKey } from './managed-keys.ts';
import { type AliasRecord, aliasArn, aliases, type KeyRecord, keyArn, partitionOf, readKey } from './records.ts';

/** What a KeyId stands for. */
export interface KeyReference {
  /** The key's ARN (an unknown alias': its own). */
  readonly arn: string;
  readonly key: KeyRecord | undefined;
  /** `alias/…`, when the request named the key by an alias: kms:RequestAlias. */
  readonly alias?: string;
  /** Whether the alias could not be resolved: then there is no key to authorize against. */
  readonly unknownAlias?: boolean;
  /** What to answer, after authorization, when there is no such key. */
  readonly missing: AwsError;
  /** An AWS managed key that comes into being with this call, and its alias. */
  readonly fresh?: { readonly key: KeyRecord; readonly alias: AliasRecord };
}

const KEY_ID = /^(mrk-[0-9a-f]{32}|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12})$/;

type KeyContext = Pick<ReadContext<unknown>, 'account' | 'region' | 'now' | 'tx' | 'ids' | 'callerContext'>;

/**
 * Resolves the forms of a KeyId: key id, key ARN, alias name, alias ARN.
 * Source: AWS KMS Developer Guide, find-cmk-id-arn; operations on keys themselves take no alias (`aliases: false`).
 * Throws for identifiers that name nothing whatever exists: malformed ones, and ARNs of another Region.
 */
export function findKey(
  context: KeyContext,
  keyId: string,
  { aliases: takesAliases }: { aliases: boolean },
): KeyReference {
  const parsed = parseArn(keyId);
  if (parsed !== undefined) {
    if (parsed.service !== 'kms') throw invalidKeyId(keyId);
    if (parsed.region !== context.region) throw wrongRegion(parsed.region);
  }
  const account = parsed?.account ?? context.account;
  const name = parsed?.resource ?? keyId;
  if (name.startsWith('alias/')) {
    if (!takesAliases) throw invalidKeyId(keyId);
    return findByAlias(context, account, name);
  }
  const id = parsed === undefined ? name : name.startsWith('key/') ? name.slice(4) : '';
  if (!KEY_ID.test(id)) throw invalidKeyId(keyId);
  const arn = keyArn(context.region, account, id);
  return { arn, key: readKey(context.tx, account, context.region, id, context.now), missing: keyNotFound(arn) };
}

function findByAlias(context: KeyContext, account: string, name: string): KeyReference {
  const { tx, region, now } = context;
  const arn = aliasArn(region, account, name);
  const alias = tx.get(aliases, partitionOf(account, region), name);
  const key = alias === undefined ? undefined : readKey(tx, account, region, alias.targetKeyId, now);
  if (key !== undefined) return { arn: key.arn, key, alias: name, missing: keyNotFound(key.arn) };
  const fresh = account === context.account ? newManagedKey(context, name) : undefined;
  if (fresh !== undefined) {
    return { arn: fresh.key.arn, key: fresh.key, alias: name, missing: aliasNotFound(arn), fresh };
  }
  return { arn, key: undefined, alias: name, unknownAlias: true, missing: aliasNotFound(arn) };
}

/** The key of a reference; refuses when there is none. */
export function existing(reference: KeyReference): KeyRecord {
  if (reference.key === undefined) throw reference.missing;
  return reference.key;
}

/** The key of a reference, ready for cryptography. Source: AWS KMS Developer Guide, key-state. */
export function usable(reference: KeyReference): KeyRecord {
  const key = notPending(reference);
  if (key.state === 'Disabled') throw keyDisabled(key.arn);
  return key;
}

/** The key of a reference, for changes that a key awaiting deletion does not take. */
export function notPending(reference: KeyReference): KeyRecord {
  const key = existing(reference);
  if (key.state === 'PendingDeletion') throw pendingDeletion(key.arn);
  return key;
}
