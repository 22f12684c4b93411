import type { ReadContext } from '../../gateway/operation.ts';
import { defineService, type Service } from '../../gateway/service.ts';
import { accountCheck, secretCheck } from './authorization.ts';
import { DeleteSecret, RestoreSecret } from './deletion.ts';
import { ListSecrets, ListSecretVersionIds } from './listing.ts';
import { GetRandomPassword } from './random-password.ts';
import {
  DeleteResourcePolicy,
  GetResourcePolicy,
  PutResourcePolicy,
  ValidateResourcePolicy,
} from './resource-policies.ts';
import { findSecret } from './secret-ids.ts';
import { CreateSecret, DescribeSecret, UpdateSecret } from './secrets.ts';
import { UpdateSecretVersionStage } from './stages.ts';
import { TagResource, UntagResource } from './tags.ts';
import { BatchGetSecretValue, GetSecretValue, PutSecretValue } from './values.ts';

/** AWS Secrets Manager, without rotation (which needs Lambda) and replication. */
export const secretsmanagerService: Service = defineService({
  id: 'secretsmanager',
  actionPrefix: 'secretsmanager',
  eventSource: 'secretsmanager.amazonaws.com',
  hiddenInTrail: ['RandomPassword', 'RotationToken'],
  authorizeUnserved: (operation, context) => [unservedCheck(operation, context)],
  operations: {
    BatchGetSecretValue,
    CreateSecret,
    DeleteResourcePolicy,
    DeleteSecret,
    DescribeSecret,
    GetRandomPassword,
    GetResourcePolicy,
    GetSecretValue,
    ListSecrets,
    ListSecretVersionIds,
    PutResourcePolicy,
    PutSecretValue,
    RestoreSecret,
    TagResource,
    UntagResource,
    UpdateSecret,
    UpdateSecretVersionStage,
    ValidateResourcePolicy,
  },
});

/** Rotation and replication are authorized against their secret, like what is served. */
function unservedCheck(operation: string, context: ReadContext<Record<string, unknown>>) {
  const { SecretId } = context.input;
  return typeof SecretId === 'string' ? secretCheck(operation, findSecret(context, SecretId)) : accountCheck(operation);
}
