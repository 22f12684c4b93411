import { parseArn } from '../../core/arn.ts';
import type { AuthorizationCheck, ReadContext } from '../../gateway/operation.ts';
import type { RequestContext } from '../../policy/types.ts';
import type { EncryptionContext } from './ciphertext.ts';
import type { KeyReference } from './key-ids.ts';
import { absentKeyPolicy, effectiveKeyPolicy } from './key-policy.ts';
import { aliasesOf } from './records.ts';

type CheckContext = Pick<ReadContext<unknown>, 'tx' | 'account'>;

/**
 * The check of an action on a key: its key policy decides, and identity policies where that delegates to the account.
 * An alias that stands for no key leaves nothing to authorize: the handler answers NotFoundException, whoever asks.
 * Condition keys: Service Authorization Reference, AWS KMS (kms:ViaService comes with the call).
 */
export function keyChecks(
  { tx, account }: CheckContext,
  action: string,
  reference: KeyReference,
  more: { encryptionContext?: EncryptionContext; context?: RequestContext; tags?: Record<string, string> } = {},
): AuthorizationCheck[] {
  if (reference.unknownAlias === true) return [];
  const { key } = reference;
  const context: Record<string, string | readonly string[]> = { 'kms:CallerAccount': account, ...more.context };
  if (reference.alias !== undefined) context['kms:RequestAlias'] = reference.alias;
  if (key !== undefined) {
    const aliases = reference.fresh === undefined ? aliasesOf(tx, key) : [reference.fresh.alias];
    if (aliases.length > 0) context['kms:ResourceAliases'] = aliases.map((alias) => alias.name);
  }
  if (more.encryptionContext !== undefined) Object.assign(context, encryptionContextKeys(more.encryptionContext));
  const check: AuthorizationCheck = {
    action: `kms:${action}`,
    resource: reference.arn,
    context,
    ...(more.tags === undefined ? {} : { requestTags: more.tags }),
  };
  if (key !== undefined) {
    const resourcePolicy = effectiveKeyPolicy(tx, key, action, more.encryptionContext);
    return [{ ...check, resourcePolicy, resourceTags: key.tags }];
  }
  const own = parseArn(reference.arn)?.account === account;
  return [own ? { ...check, resourcePolicy: absentKeyPolicy(reference.arn, account) } : check];
}

export function encryptionContextKeys(encryptionContext: EncryptionContext): RequestContext {
  const context: Record<string, string | readonly string[]> = {};
  const names = Object.keys(encryptionContext);
  for (const name of names) context[`kms:EncryptionContext:${name}`] = encryptionContext[name]!;
  if (names.length > 0) context['kms:EncryptionContextKeys'] = names;
  return context;
}

/** The check of an action that has no resource. */
export function accountCheck(account: string, action: string): AuthorizationCheck[] {
  return [{ action: `kms:${action}`, resource: '*', context: { 'kms:CallerAccount': account } }];
}
