import { type AuthorizationCheck, operation } from '../../gateway/operation.ts';
import type { CreateKeyRequest, KeyMetadata } from '../../wire/generated/types/kms.ts';
import { accountCheck, keyChecks } from './authorization.ts';
import { lockout, unsupported } from './errors.ts';
import { existing, findKey, notPending } from './key-ids.ts';
import { absentKeyPolicy, defaultKeyPolicy, parseKeyPolicy } from './key-policy.ts';
import { keepFreshKey } from './managed-keys.ts';
import { currentMaterial, newMaterial } from './material.ts';
import { page } from './pages.ts';
import { type KeyRecord, keyArn, keys, partitionOf, putKey, removeDeletedKeys } from './records.ts';
import { checkTags, tagsOf } from './tags.ts';

/** The key as CreateKey and DescribeKey show it. */
export function metadataOf(key: KeyRecord): KeyMetadata {
  return {
    AWSAccountId: key.account,
    KeyId: key.keyId,
    Arn: key.arn,
    CreationDate: key.createdAt,
    Enabled: key.state === 'Enabled',
    Description: key.description,
    KeyUsage: 'ENCRYPT_DECRYPT',
    KeyState: key.state,
    ...(key.deletionDate === undefined ? {} : { DeletionDate: key.deletionDate }),
    Origin: key.origin,
    KeyManager: key.manager,
    CustomerMasterKeySpec: 'SYMMETRIC_DEFAULT',
    KeySpec: 'SYMMETRIC_DEFAULT',
    EncryptionAlgorithms: ['SYMMETRIC_DEFAULT'],
    MultiRegion: false,
    CurrentKeyMaterialId: currentMaterial(key).id,
  };
}

export const CreateKey = operation('kms', 'CreateKey', {
  resolve: ({ ids }) => ({ keyId: ids.uuid() }),
  authorize: ({ input, account, region, keyId }) => {
    const tags = tagsOf(input.Tags);
    const bypass = String(input.BypassPolicyLockoutSafetyCheck === true);
    const newArn = keyArn(region, account, keyId);
    const checks: AuthorizationCheck[] = [
      {
        action: 'kms:CreateKey',
        resource: '*',
        requestTags: tags,
        context: {
          'kms:CallerAccount': account,
          'kms:BypassPolicyLockoutSafetyCheck': bypass,
          'kms:KeySpec': input.KeySpec ?? input.CustomerMasterKeySpec ?? 'SYMMETRIC_DEFAULT',
          'kms:KeyUsage': input.KeyUsage ?? 'ENCRYPT_DECRYPT',
          'kms:KeyOrigin': input.Origin ?? 'AWS_KMS',
          'kms:MultiRegion': String(input.MultiRegion === true),
        },
      },
    ];
    // "To use this parameter, you must have kms:TagResource permission in an IAM policy." (CreateKey, Tags)
    if (Object.keys(tags).length > 0) {
      checks.push({
        action: 'kms:TagResource',
        resource: newArn,
        resourcePolicy: absentKeyPolicy(newArn, account),
        requestTags: tags,
        context: { 'kms:CallerAccount': account },
      });
    }
    return [...checks, ...lockoutChecks(input, newArn, account)];
  },
  handle: ({ input, account, region, now, ids, tx, keyId }) => {
    refuseUnsupported(input);
    checkTags(input.Tags ?? []);
    if (input.Policy !== undefined) parseKeyPolicy(input.Policy);
    removeDeletedKeys(tx, account, region, now);
    const key: KeyRecord = {
      keyId,
      arn: keyArn(region, account, keyId),
      account,
      region,
      createdAt: now,
      description: input.Description ?? '',
      state: 'Enabled',
      origin: 'AWS_KMS',
      manager: 'CUSTOMER',
      materials: [newMaterial(ids, now)],
      policy: input.Policy ?? defaultKeyPolicy(account),
      tags: tagsOf(input.Tags),
    };
    putKey(tx, key);
    return { KeyMetadata: metadataOf(key) };
  },
});

/**
 * The lockout safety check: the caller must be able to change the new policy again. AWS asks its own authorization for
 * PutKeyPolicy under the new policy, and so do we. (A policy that does not parse is refused by the handler.)
 */
export function lockoutChecks(
  input: { readonly Policy?: string | undefined; readonly BypassPolicyLockoutSafetyCheck?: boolean | undefined },
  resource: string,
  account: string,
): AuthorizationCheck[] {
  if (input.Policy === undefined || input.BypassPolicyLockoutSafetyCheck === true) return [];
  try {
    const policy = parseKeyPolicy(input.Policy);
    return [
      {
        action: 'kms:PutKeyPolicy',
        resource,
        resourcePolicy: { name: resource, source: 'resource', policy },
        context: { 'kms:CallerAccount': account },
        refused: lockout,
      },
    ];
  } catch {
    return [];
  }
}

function refuseUnsupported(input: CreateKeyRequest): void {
  const spec = input.KeySpec ?? input.CustomerMasterKeySpec;
  if (spec !== undefined && spec !== 'SYMMETRIC_DEFAULT') throw unsupported(`KeySpec ${spec}`);
  if (input.KeyUsage !== undefined && input.KeyUsage !== 'ENCRYPT_DECRYPT') {
    throw unsupported(`KeyUsage ${input.KeyUsage}`);
  }
  if (input.Origin !== undefined && input.Origin !== 'AWS_KMS') throw unsupported(`Origin ${input.Origin}`);
  if (input.MultiRegion === true) throw unsupported('MultiRegion');
  if (input.CustomKeyStoreId !== undefined) throw unsupported('CustomKeyStoreId');
  if (input.XksKeyId !== undefined) throw unsupported('XksKeyId');
}

export const DescribeKey = operation('kms', 'DescribeKey', {
  resolve: (context) => ({ found: findKey(context, context.input.KeyId, { aliases: true }) }),
  authorize: (context) => keyChecks(context, 'DescribeKey', context.found),
  handle: ({ tx, found }) => {
    const key = existing(found);
    keepFreshKey(tx, found);
    return { KeyMetadata: metadataOf(key) };
  },
});

export const ListKeys = operation('kms', 'ListKeys', {
  authorize: ({ account }) => accountCheck(account, 'ListKeys'),
  handle: ({ input, account, region, now, tx }) => {
    removeDeletedKeys(tx, account, region, now);
    const { items, ...more } = page(tx.list(keys, partitionOf(account, region)), (key) => key.keyId, input, 100);
    return { Keys: items.map((key) => ({ KeyId: key.keyId, KeyArn: key.arn })), ...more };
  },
});

export const UpdateKeyDescription = operation('kms', 'UpdateKeyDescription', {
  resolve: (context) => ({ found: findKey(context, context.input.KeyId, { aliases: false }) }),
  authorize: (context) => keyChecks(context, 'UpdateKeyDescription', context.found),
  handle: ({ input, tx, found }) => {
    const key = notPending(found);
    putKey(tx, { ...key, description: input.Description });
    return {};
  },
});
