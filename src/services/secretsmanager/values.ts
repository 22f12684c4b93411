import { AwsError } from '../../core/errors.ts';
import { type HandleContext, operation } from '../../gateway/operation.ts';
import type { APIErrorType, SecretValueEntry } from '../../wire/generated/types/secretsmanager.ts';
import { accountCheck, secretCheck } from './authorization.ts';
import { openValue } from './envelope.ts';
import { invalidParameter, invalidRequest, unsupported, valueNotFound } from './errors.ts';
import { matchingSecrets } from './filters.ts';
import { addValue, newVersionId, valueIn } from './new-values.ts';
import { page } from './pages.ts';
import { putSecret, type SecretRecord, type SecretVersion } from './records.ts';
import { findSecret, live } from './secret-ids.ts';
import { CURRENT, versionAt } from './versions.ts';

const DAY = 86_400_000;

export const GetSecretValue = operation('secretsmanager', 'GetSecretValue', {
  resolve: (context) => ({ found: findSecret(context, context.input.SecretId) }),
  authorize: ({ input, found }) => [
    secretCheck('GetSecretValue', found, {
      // In the context only when the request names them (observed: policies on VersionStage need it spelt out).
      context: {
        ...(input.VersionId === undefined ? {} : { 'secretsmanager:VersionId': input.VersionId }),
        ...(input.VersionStage === undefined ? {} : { 'secretsmanager:VersionStage': input.VersionStage }),
      },
    }),
  ],
  handle: (context) => {
    const { input, found } = context;
    const secret = live(found);
    const version = wanted(secret, input.VersionId, input.VersionStage);
    const value = openValue(context, secret.arn, version);
    noteAccess(context, secret, version);
    return {
      ARN: secret.arn,
      Name: secret.name,
      VersionId: version.versionId,
      ...(value.kind === 'string'
        ? { SecretString: Buffer.from(value.bytes).toString() }
        : { SecretBinary: value.bytes }),
      VersionStages: version.stages,
      CreatedDate: version.createdAt,
    };
  },
});

function wanted(secret: SecretRecord, versionId: string | undefined, stage: string | undefined): SecretVersion {
  if (versionId === undefined) {
    const version = versionAt(secret, stage ?? CURRENT);
    if (version === undefined) throw valueNotFound(`staging label: ${stage ?? CURRENT}`);
    return version;
  }
  const version = secret.versions.find((candidate) => candidate.versionId === versionId);
  if (version === undefined) throw valueNotFound(`VersionId: ${versionId}`);
  if (stage !== undefined && !version.stages.includes(stage)) {
    throw invalidRequest('You provided a VersionStage that is not associated to the provided VersionId.');
  }
  return version;
}

/** LastAccessedDate is a day: "the time is truncated to midnight". Written once a day, not with every read. */
function noteAccess(
  { now, tx }: Pick<HandleContext<unknown>, 'now' | 'tx'>,
  secret: SecretRecord,
  version: SecretVersion,
) {
  const today = now - (now % DAY);
  if (version.lastAccessedAt === today && secret.lastAccessedAt === today) return;
  const versions = secret.versions.map((candidate) =>
    candidate === version ? { ...candidate, lastAccessedAt: today } : candidate,
  );
  putSecret(tx, { ...secret, lastAccessedAt: today, versions });
}

export const BatchGetSecretValue = operation('secretsmanager', 'BatchGetSecretValue', {
  /** Each secret needs secretsmanager:GetSecretValue besides; with filters the call lists, and needs that as well. */
  authorize: ({ input }) => [
    accountCheck('BatchGetSecretValue'),
    ...(input.Filters === undefined ? [] : [accountCheck('ListSecrets')]),
  ],
  handle: (context) => {
    const { input, call } = context;
    const { ids, NextToken } = batch(context);
    const SecretValues: SecretValueEntry[] = [];
    const Errors: APIErrorType[] = [];
    for (const SecretId of ids) {
      try {
        SecretValues.push(call('secretsmanager', 'GetSecretValue', { SecretId }));
      } catch (error) {
        if (!(error instanceof AwsError)) throw error;
        Errors.push({ SecretId, ErrorCode: error.code, Message: error.message });
      }
    }
    return { SecretValues, Errors, ...(NextToken === undefined || input.Filters === undefined ? {} : { NextToken }) };
  },
});

function batch(
  context: HandleContext<{
    readonly SecretIdList?: readonly string[] | undefined;
    readonly Filters?: Parameters<typeof matchingSecrets>[1] | undefined;
    readonly MaxResults?: number | undefined;
    readonly NextToken?: string | undefined;
  }>,
): { ids: readonly string[]; NextToken?: string } {
  const { input } = context;
  if ((input.SecretIdList === undefined) === (input.Filters === undefined)) {
    // unverified: text
    throw invalidParameter('You must include Filters or SecretIdList, but not both.');
  }
  if (input.SecretIdList !== undefined) {
    if (input.MaxResults !== undefined || input.NextToken !== undefined) {
      // unverified: text
      throw invalidParameter("You can't use MaxResults or NextToken with SecretIdList.");
    }
    return { ids: [...new Set(input.SecretIdList)] };
  }
  const { items, ...more } = page(matchingSecrets(context, input.Filters), (secret) => secret.arn, input, 20);
  return { ids: items.map((secret) => secret.arn), ...more };
}

export const PutSecretValue = operation('secretsmanager', 'PutSecretValue', {
  resolve: (context) => ({ found: findSecret(context, context.input.SecretId) }),
  authorize: ({ found }) => [secretCheck('PutSecretValue', found)],
  handle: (context) => {
    const { input, tx, found } = context;
    if (input.RotationToken !== undefined) throw unsupported('Rotation (RotationToken)');
    const before = live(found);
    const value = valueIn(input);
    if (value === undefined) throw invalidRequest('You must provide either SecretString or SecretBinary.');
    const versionId = newVersionId(context, input.ClientRequestToken);
    const secret = addValue(context, before, value, versionId, input.VersionStages ?? [CURRENT]);
    putSecret(tx, secret);
    const version = secret.versions.find((candidate) => candidate.versionId === versionId)!;
    return { ARN: secret.arn, Name: secret.name, VersionId: versionId, VersionStages: version.stages };
  },
});
