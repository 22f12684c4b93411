import { operation } from '../../gateway/operation.ts';
import { secretCheck } from './authorization.ts';
import { invalidParameter, invalidRequest } from './errors.ts';
import { putSecret, type SecretRecord, type SecretVersion } from './records.ts';
import { findSecret, live } from './secret-ids.ts';
import { CURRENT, versionAt, withStages } from './versions.ts';

export const UpdateSecretVersionStage = operation('secretsmanager', 'UpdateSecretVersionStage', {
  resolve: (context) => ({ found: findSecret(context, context.input.SecretId) }),
  authorize: ({ input, found }) => [
    secretCheck('UpdateSecretVersionStage', found, {
      context: { 'secretsmanager:VersionStage': input.VersionStage },
    }),
  ],
  handle: ({ input, now, tx, found }) => {
    const secret = live(found);
    const { VersionStage: stage, MoveToVersionId: to, RemoveFromVersionId: from } = input;
    const holder = versionAt(secret, stage);
    if (from !== undefined) requireVersion(secret, from);
    if (to !== undefined) requireVersion(secret, to);
    checkHolder(holder, { stage, from, to });
    if (to === undefined && stage === CURRENT) {
      // unverified: text
      throw invalidRequest(
        "You can only move staging label AWSCURRENT to a different secret version. It can't be completely removed.",
      );
    }
    const versions =
      to === undefined
        ? secret.versions.map((version) =>
            version.versionId === from
              ? { ...version, stages: version.stages.filter((label) => label !== stage) }
              : version,
          )
        : withStages(secret.versions, to, [stage]);
    putSecret(tx, { ...secret, lastChangedAt: now, versions });
    return { ARN: secret.arn, Name: secret.name };
  },
});

/** A label that a version holds moves only when the request names that version. Text observed for AWSCURRENT. */
function checkHolder(
  holder: SecretVersion | undefined,
  { stage, from, to }: { stage: string; from: string | undefined; to: string | undefined },
): void {
  if (holder !== undefined && holder.versionId === to) return;
  if (from === undefined && holder !== undefined) {
    throw invalidParameter(
      `The parameter RemoveFromVersionId can't be empty. Staging label ${stage} is currently attached to version ${holder.versionId}, so you must explicitly reference that version in RemoveFromVersionId.`,
    );
  }
  if (from !== undefined && holder?.versionId !== from) {
    // unverified: text
    throw invalidParameter(
      holder === undefined
        ? `Staging label ${stage} is not attached to version ${from}.`
        : `The parameter RemoveFromVersionId must reference the version to which staging label ${stage} is attached: ${holder.versionId}.`,
    );
  }
  if (from === undefined && to === undefined) {
    // unverified: text
    throw invalidParameter('You must provide MoveToVersionId or RemoveFromVersionId.');
  }
}

function requireVersion(secret: SecretRecord, versionId: string): void {
  if (secret.versions.some((version) => version.versionId === versionId)) return;
  throw invalidParameter(`Not a valid version: ${versionId}`);
}
