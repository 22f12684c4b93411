import type { ReadContext } from '../../gateway/operation.ts';
import { defineService, type Service } from '../../gateway/service.ts';
import { CreateAlias, DeleteAlias, ListAliases, UpdateAlias } from './aliases.ts';
import { accountCheck, keyChecks } from './authorization.ts';
import { Decrypt, Encrypt, ReEncrypt } from './cryptography.ts';
import { GenerateDataKey, GenerateDataKeyWithoutPlaintext, GenerateRandom } from './data-keys.ts';
import { CreateGrant, ListGrants, ListRetirableGrants, RetireGrant, RevokeGrant } from './grants.ts';
import { findKey } from './key-ids.ts';
import { GetKeyPolicy, ListKeyPolicies, PutKeyPolicy } from './key-policies.ts';
import { CancelKeyDeletion, DisableKey, EnableKey, ScheduleKeyDeletion } from './key-states.ts';
import { CreateKey, DescribeKey, ListKeys, UpdateKeyDescription } from './keys.ts';
import {
  DisableKeyRotation,
  EnableKeyRotation,
  GetKeyRotationStatus,
  ListKeyRotations,
  RotateKeyOnDemand,
} from './rotation.ts';
import { ListResourceTags, TagResource, UntagResource } from './tags.ts';

/** AWS Key Management Service: symmetric encryption keys. */
export const kmsService: Service = defineService({
  id: 'kms',
  actionPrefix: 'kms',
  eventSource: 'kms.amazonaws.com',
  hiddenInTrail: ['GrantToken', 'GrantTokens'],
  authorizeUnserved: (operation, context) => unservedChecks(operation, context),
  operations: {
    CancelKeyDeletion,
    CreateAlias,
    CreateGrant,
    CreateKey,
    Decrypt,
    DeleteAlias,
    DescribeKey,
    DisableKey,
    DisableKeyRotation,
    EnableKey,
    EnableKeyRotation,
    Encrypt,
    GenerateDataKey,
    GenerateDataKeyWithoutPlaintext,
    GenerateRandom,
    GetKeyPolicy,
    GetKeyRotationStatus,
    ListAliases,
    ListGrants,
    ListKeyPolicies,
    ListKeyRotations,
    ListKeys,
    ListResourceTags,
    ListRetirableGrants,
    PutKeyPolicy,
    ReEncrypt,
    RetireGrant,
    RevokeGrant,
    RotateKeyOnDemand,
    ScheduleKeyDeletion,
    TagResource,
    UntagResource,
    UpdateAlias,
    UpdateKeyDescription,
  },
});

/** Operations that are not served are authorized against the key that they name, like those that are. */
function unservedChecks(operation: string, context: ReadContext<Record<string, unknown>>) {
  const { KeyId } = context.input;
  if (typeof KeyId !== 'string') return accountCheck(context.account, operation);
  return keyChecks(context, operation, findKey(context, KeyId, { aliases: true }));
}
