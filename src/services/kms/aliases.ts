import { AwsError } from '../../core/errors.ts';
import { operation } from '../../gateway/operation.ts';
import { accountCheck, keyChecks } from './authorization.ts';
import { aliasExists, aliasNotFound, validation } from './errors.ts';
import { existing, findKey, type KeyReference, notPending } from './key-ids.ts';
import { page } from './pages.ts';
import { type AliasRecord, aliasArn, aliases, isGone, keyArn, keys, partitionOf, readKey } from './records.ts';

const ALIAS = /^alias\/[a-zA-Z0-9/_-]+$/;

/** Refuses what is no name for an alias of a customer. Texts: observed. */
function checkName(name: string): void {
  if (!name.startsWith('alias/')) {
    throw validation(
      'Alias must start with the prefix "alias/". Please see https://docs.aws.amazon.com/kms/latest/developerguide/kms-alias.html',
    );
  }
  if (name.startsWith('alias/aws/')) throw new AwsError('NotAuthorizedException', '');
  if (!ALIAS.test(name)) {
    throw validation(
      `1 validation error detected: Value '${name}' at 'aliasName' failed to satisfy constraint: Member must satisfy regular expression pattern: ^[a-zA-Z0-9:/_-]+$`,
    );
  }
}

export const CreateAlias = operation('kms', 'CreateAlias', {
  resolve: (context) => ({ target: findKey(context, context.input.TargetKeyId, { aliases: false }) }),
  authorize: (context) => [
    aliasCheck(context, 'CreateAlias', context.input.AliasName),
    ...keyChecks(context, 'CreateAlias', context.target),
  ],
  handle: ({ input, account, region, now, tx, target }) => {
    checkName(input.AliasName);
    const partition = partitionOf(account, region);
    const known = tx.get(aliases, partition, input.AliasName);
    if (known !== undefined && readKey(tx, account, region, known.targetKeyId, now) !== undefined) {
      throw aliasExists(known.arn);
    }
    const key = notPending(target);
    tx.put(aliases, partition, input.AliasName, {
      name: input.AliasName,
      arn: aliasArn(region, account, input.AliasName),
      targetKeyId: key.keyId,
      createdAt: now,
      updatedAt: now,
    });
    return {};
  },
});

export const UpdateAlias = operation('kms', 'UpdateAlias', {
  resolve: (context) => ({
    target: findKey(context, context.input.TargetKeyId, { aliases: false }),
    current: findCurrent(context, context.input.AliasName),
  }),
  authorize: (context) => [
    aliasCheck(context, 'UpdateAlias', context.input.AliasName),
    ...(context.current === undefined ? [] : keyChecks(context, 'UpdateAlias', context.current)),
    ...keyChecks(context, 'UpdateAlias', context.target),
  ],
  handle: ({ input, account, region, now, tx, target, current }) => {
    checkName(input.AliasName);
    const partition = partitionOf(account, region);
    const alias = tx.get(aliases, partition, input.AliasName);
    if (alias === undefined || current === undefined) {
      throw aliasNotFound(aliasArn(region, account, input.AliasName));
    }
    const key = notPending(target);
    tx.put(aliases, partition, alias.name, { ...alias, targetKeyId: key.keyId, updatedAt: now });
    return {};
  },
});

export const DeleteAlias = operation('kms', 'DeleteAlias', {
  resolve: (context) => ({ current: findCurrent(context, context.input.AliasName) }),
  authorize: (context) => [
    aliasCheck(context, 'DeleteAlias', context.input.AliasName),
    ...(context.current === undefined ? [] : keyChecks(context, 'DeleteAlias', context.current)),
  ],
  handle: ({ input, account, region, tx, current }) => {
    checkName(input.AliasName);
    if (current === undefined) throw aliasNotFound(aliasArn(region, account, input.AliasName));
    existing(current);
    tx.delete(aliases, partitionOf(account, region), input.AliasName);
    return {};
  },
});

export const ListAliases = operation('kms', 'ListAliases', {
  resolve: (context) => ({
    found: context.input.KeyId === undefined ? undefined : findKey(context, context.input.KeyId, { aliases: false }),
  }),
  authorize: ({ account }) => accountCheck(account, 'ListAliases'),
  handle: ({ input, account, region, now, tx, found }) => {
    const target = found === undefined ? undefined : existing(found);
    const partition = partitionOf(account, region);
    const all = tx.list(aliases, partition).filter((alias) => {
      const key = tx.get(keys, partition, alias.targetKeyId);
      return key !== undefined && !isGone(key, now) && (target === undefined || alias.targetKeyId === target.keyId);
    });
    const { items, ...more } = page(all, (alias) => alias.name, input, 50);
    return {
      Aliases: items.map((alias: AliasRecord) => ({
        AliasName: alias.name,
        AliasArn: alias.arn,
        TargetKeyId: alias.targetKeyId,
        CreationDate: alias.createdAt,
        LastUpdatedDate: alias.updatedAt,
      })),
      ...more,
    };
  },
});

/** An alias has no policy of its own: identity policies decide. */
function aliasCheck({ account, region }: { account: string; region: string }, action: string, name: string) {
  return {
    action: `kms:${action}`,
    resource: aliasArn(region, account, name),
    context: { 'kms:CallerAccount': account },
  };
}

/** The key that an alias stands for now; undefined when there is no such alias. */
function findCurrent(
  context: Parameters<typeof findKey>[0] & { readonly account: string },
  name: string,
): KeyReference | undefined {
  const alias = context.tx.get(aliases, partitionOf(context.account, context.region), name);
  if (alias === undefined) return undefined;
  return findKey(context, keyArn(context.region, context.account, alias.targetKeyId), { aliases: false });
}
