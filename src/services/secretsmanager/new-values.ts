import { timingSafeEqual } from 'node:crypto';
import type { HandleContext } from '../../gateway/operation.ts';
import { openValue, type SecretValue, sealValue } from './envelope.ts';
import { exists, invalidParameter } from './errors.ts';
import type { SecretRecord, SecretVersion } from './records.ts';
import { CURRENT, withVersion } from './versions.ts';

/** The value in a request; undefined when it carries none. */
export function valueIn(input: {
  readonly SecretString?: string | undefined;
  readonly SecretBinary?: Uint8Array | undefined;
}): SecretValue | undefined {
  if (input.SecretString !== undefined && input.SecretBinary !== undefined) {
    throw invalidParameter(
      "You can't specify both a binary secret value and a string secret value in the same secret.",
    );
  }
  if (input.SecretBinary !== undefined) return { kind: 'binary', bytes: input.SecretBinary };
  return input.SecretString === undefined ? undefined : { kind: 'string', bytes: Buffer.from(input.SecretString) };
}

/** The version id: the caller's ClientRequestToken, else a new one. */
export function newVersionId({ ids }: Pick<HandleContext<unknown>, 'ids'>, token: string | undefined): string {
  return token ?? ids.uuid();
}

/** The secret with one more version. A version id used before with the same value is left as it is, with another refused. */
export function addValue(
  context: HandleContext<unknown>,
  secret: SecretRecord,
  value: SecretValue,
  versionId: string,
  stages: readonly string[] = [CURRENT],
): SecretRecord {
  const known = secret.versions.find((version) => version.versionId === versionId);
  if (known !== undefined) {
    if (isSameValue(context, secret, known, value)) return secret;
    throw exists('A resource with the ID you requested already exists.');
  }
  const sealed = sealValue(context, value, { arn: secret.arn, versionId, kmsKeyId: secret.kmsKeyId });
  const added: SecretVersion = { versionId, stages: [], createdAt: context.now, ...sealed };
  return { ...secret, lastChangedAt: context.now, versions: withVersion(secret.versions, added, stages) };
}

export function isSameValue(
  context: HandleContext<unknown>,
  secret: SecretRecord,
  version: SecretVersion,
  value: SecretValue,
): boolean {
  const stored = openValue(context, secret.arn, version);
  if (stored.kind !== value.kind || stored.bytes.length !== value.bytes.length) return false;
  return timingSafeEqual(stored.bytes, value.bytes);
}
