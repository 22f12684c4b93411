import { AwsError } from '../../core/errors.ts';
import { type HandleContext, operation } from '../../gateway/operation.ts';
import type { RequestContext } from '../../policy/types.ts';
import type { CreateSecretRequest } from '../../wire/generated/types/secretsmanager.ts';
import { secretCheck } from './authorization.ts';
import { openValue, sealValue, tryKey } from './envelope.ts';
import { exists, invalidRequest, unsupported } from './errors.ts';
import { addValue, isSameValue, newVersionId, valueIn } from './new-values.ts';
import { putSecret, removeGoneSecrets, type SecretRecord, secretArn } from './records.ts';
import { existing, findSecret, live } from './secret-ids.ts';
import { checkTags, tagList, tagsOf } from './tags.ts';

const NAME = /^[A-Za-z0-9/_+=.@!-]+$/;

export const CreateSecret = operation('secretsmanager', 'CreateSecret', {
  resolve: (context) => ({ found: findSecret(context, context.input.Name) }),
  authorize: ({ input, account, region }) => {
    // A secret that is to be made has no ARN yet; refusals show the name alone (observed).
    const target = { asked: input.Name, arn: secretArn(region, account, input.Name), secret: undefined };
    const requestTags = tagsOf(input.Tags);
    const context: RequestContext = {
      'secretsmanager:Name': input.Name,
      ...(input.Description === undefined ? {} : { 'secretsmanager:Description': input.Description }),
      ...kmsKeyContext(input.KmsKeyId),
    };
    const create = secretCheck('CreateSecret', target, { context, requestTags });
    // "If you include tags in the secret, you also need secretsmanager:TagResource." (CreateSecret)
    if (input.Tags === undefined || input.Tags.length === 0) return [create];
    return [create, secretCheck('TagResource', target, { requestTags })];
  },
  handle: (context) => {
    const { input, account, region, now, tx, found } = context;
    refuseUnsupported(input);
    if (!NAME.test(input.Name)) {
      throw new AwsError(
        'ValidationException',
        'Invalid name. Must be a valid name containing alphanumeric characters, or any of the following: -/_+=.@!',
      );
    }
    checkTags(input.Tags ?? []);
    const value = valueIn(input);
    removeGoneSecrets(tx, account, region, now);
    if (found.secret !== undefined) return sameAgain(context, found.secret);
    const kmsKeyId = input.KmsKeyId === '' ? undefined : input.KmsKeyId;
    const secret: SecretRecord = {
      name: input.Name,
      arn: secretArn(region, account, `${input.Name}-${suffix(context)}`),
      account,
      region,
      createdAt: now,
      lastChangedAt: now,
      tags: tagsOf(input.Tags),
      versions: [],
      ...(input.Description === undefined || input.Description === '' ? {} : { description: input.Description }),
      ...(kmsKeyId === undefined ? {} : { kmsKeyId }),
    };
    tryKey(context, secret.arn, kmsKeyId);
    const versionId = newVersionId(context, input.ClientRequestToken);
    putSecret(tx, value === undefined ? secret : addValue(context, secret, value, versionId));
    return { ARN: secret.arn, Name: secret.name, ...(value === undefined ? {} : { VersionId: versionId }) };
  },
});

/** The same request once more (same token, same value) is answered like the first; anything else finds the name taken. */
function sameAgain(context: HandleContext<CreateSecretRequest>, secret: SecretRecord) {
  const { input } = context;
  if (secret.deletedAt !== undefined) {
    throw invalidRequest(
      "You can't create this secret because a secret with this name is already scheduled for deletion.",
    );
  }
  const version = secret.versions.find((candidate) => candidate.versionId === input.ClientRequestToken);
  const value = valueIn(input);
  if (version === undefined || value === undefined || !isSameValue(context, secret, version, value)) {
    throw exists(`The operation failed because the secret ${input.Name} already exists.`);
  }
  return { ARN: secret.arn, Name: secret.name, VersionId: version.versionId };
}

const LETTERS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';

/** Six random characters that make each ARN new, even for a name used before. */
function suffix({ ids }: Pick<HandleContext<unknown>, 'ids'>): string {
  return [...ids.bytes(6)].map((byte) => LETTERS[byte % LETTERS.length]).join('');
}

function refuseUnsupported(input: CreateSecretRequest): void {
  if (input.AddReplicaRegions !== undefined && input.AddReplicaRegions.length > 0) {
    throw unsupported('Replication (AddReplicaRegions)');
  }
  if (input.ForceOverwriteReplicaSecret === true) throw unsupported('Replication (ForceOverwriteReplicaSecret)');
  if (input.Type !== undefined) throw unsupported('Type');
}

function kmsKeyContext(kmsKeyId: string | undefined): RequestContext {
  if (kmsKeyId === undefined) return {};
  return {
    'secretsmanager:KmsKeyId': kmsKeyId,
    ...(kmsKeyId.startsWith('arn:') ? { 'secretsmanager:KmsKeyArn': kmsKeyId } : {}),
  };
}

export const UpdateSecret = operation('secretsmanager', 'UpdateSecret', {
  resolve: (context) => ({ found: findSecret(context, context.input.SecretId) }),
  authorize: ({ input, found }) => [
    secretCheck('UpdateSecret', found, {
      context: {
        ...(input.Description === undefined ? {} : { 'secretsmanager:Description': input.Description }),
        ...kmsKeyContext(input.KmsKeyId),
      },
    }),
  ],
  handle: (context) => {
    const { input, now, tx, found } = context;
    if (input.Type !== undefined) throw unsupported('Type');
    const before = live(found);
    let secret: SecretRecord = { ...before, lastChangedAt: now };
    if (input.Description !== undefined) secret = { ...secret, description: input.Description };
    if (input.KmsKeyId !== undefined) secret = withKey(context, secret, input.KmsKeyId);
    const value = valueIn(input);
    if (value === undefined) {
      putSecret(tx, secret);
      return { ARN: secret.arn, Name: secret.name };
    }
    const versionId = newVersionId(context, input.ClientRequestToken);
    putSecret(tx, addValue(context, secret, value, versionId));
    return { ARN: secret.arn, Name: secret.name, VersionId: versionId };
  },
});

/**
 * Moves a secret to another KMS key: versions with labels are sealed anew where the caller may open them, the others
 * stay under their old key. Source: API Reference, UpdateSecret, KmsKeyId. An empty text stands for the default key.
 */
function withKey(context: HandleContext<unknown>, before: SecretRecord, asked: string): SecretRecord {
  const kmsKeyId = asked === '' ? undefined : asked;
  tryKey(context, before.arn, kmsKeyId);
  const { kmsKeyId: _old, ...secret } = before;
  const versions = before.versions.map((version) => {
    if (version.stages.length === 0 || version.kmsKeyId === kmsKeyId) return version;
    try {
      const value = openValue(context, before.arn, version);
      const { kmsKeyId: _replaced, ...kept } = version;
      return { ...kept, ...sealValue(context, value, { arn: before.arn, versionId: version.versionId, kmsKeyId }) };
    } catch (error) {
      if (error instanceof AwsError && error.code === 'AccessDeniedException') return version;
      throw error;
    }
  });
  return { ...secret, versions, ...(kmsKeyId === undefined ? {} : { kmsKeyId }) };
}

export const DescribeSecret = operation('secretsmanager', 'DescribeSecret', {
  resolve: (context) => ({ found: findSecret(context, context.input.SecretId) }),
  authorize: ({ found }) => [secretCheck('DescribeSecret', found)],
  handle: ({ found }) => {
    const secret = existing(found);
    return { ...describe(secret), VersionIdsToStages: stagesOf(secret) };
  },
});

/** What DescribeSecret and ListSecrets both show. */
export function describe(secret: SecretRecord) {
  return {
    ARN: secret.arn,
    Name: secret.name,
    ...(secret.description === undefined ? {} : { Description: secret.description }),
    ...(secret.kmsKeyId === undefined ? {} : { KmsKeyId: secret.kmsKeyId }),
    LastChangedDate: secret.lastChangedAt,
    ...(secret.lastAccessedAt === undefined ? {} : { LastAccessedDate: secret.lastAccessedAt }),
    ...(secret.deletedAt === undefined ? {} : { DeletedDate: secret.deletedAt }),
    Tags: tagList(secret.tags),
    CreatedDate: secret.createdAt,
  };
}

/** Version ids with their labels; deprecated versions are not shown. */
export function stagesOf(secret: SecretRecord): Record<string, readonly string[]> {
  const labelled = secret.versions.filter((version) => version.stages.length > 0);
  return Object.fromEntries(labelled.map((version) => [version.versionId, version.stages]));
}
