import { AwsError } from '../../core/errors.ts';
import { operation, type ReadContext } from '../../gateway/operation.ts';
import { type Principal, principalArn } from '../../gateway/principals.ts';
import type { EncryptionAlgorithmSpec } from '../../wire/generated/types/kms.ts';
import { keyChecks } from './authorization.ts';
import { type Ciphertext, open, readCiphertext, seal } from './ciphertext.ts';
import { ciphertextKeyClosed, dryRun, incorrectKey, invalidCiphertext, unsupported } from './errors.ts';
import { checkGrantTokens } from './grants.ts';
import { findKey, type KeyReference, usable } from './key-ids.ts';
import { keepFreshKey } from './managed-keys.ts';
import { withDueRotation } from './material.ts';

const ALGORITHM = 'SYMMETRIC_DEFAULT' as const;
const algorithmContext = { 'kms:EncryptionAlgorithm': ALGORITHM };

export const Encrypt = operation('kms', 'Encrypt', {
  resolve: (context) => ({ found: findKey(context, context.input.KeyId, { aliases: true }) }),
  authorize: (context) =>
    keyChecks(context, 'Encrypt', context.found, {
      encryptionContext: context.input.EncryptionContext ?? {},
      context: algorithmContext,
    }),
  handle: ({ input, ids, now, tx, found }) => {
    const key = usable(found);
    checkAlgorithm(input.EncryptionAlgorithm);
    checkGrantTokens(tx, key, input.GrantTokens);
    if (input.DryRun === true) throw dryRun();
    keepFreshKey(tx, found);
    const sealing = withDueRotation(tx, key, ids, now);
    return {
      CiphertextBlob: seal(sealing, input.Plaintext, input.EncryptionContext ?? {}, ids),
      KeyId: key.arn,
      EncryptionAlgorithm: ALGORITHM,
    };
  },
});

export const Decrypt = operation('kms', 'Decrypt', {
  resolve: (context) => source(context, context.input.CiphertextBlob, context.input.KeyId),
  authorize: (context) =>
    sourceChecks(context, 'Decrypt', context.input.KeyId, context.input.EncryptionContext, algorithmContext),
  handle: ({ input, principal, tx, found, ciphertext }) => {
    if (input.Recipient !== undefined) throw unsupported('Recipient');
    refuseModifiers(input.DryRunModifiers);
    const opened = openSource(principal, 'kms:Decrypt', found, ciphertext, input.KeyId);
    checkAlgorithm(input.EncryptionAlgorithm);
    checkGrantTokens(tx, opened.key, input.GrantTokens);
    const Plaintext = open(opened.key, opened.ciphertext, input.EncryptionContext ?? {});
    if (input.DryRun === true) throw dryRun();
    return {
      KeyId: opened.key.arn,
      Plaintext,
      EncryptionAlgorithm: ALGORITHM,
      KeyMaterialId: opened.ciphertext.materialId,
    };
  },
});

export const ReEncrypt = operation('kms', 'ReEncrypt', {
  resolve: (context) => ({
    ...source(context, context.input.CiphertextBlob, context.input.SourceKeyId),
    destination: findKey(context, context.input.DestinationKeyId, { aliases: true }),
  }),
  authorize: (context) => {
    const { input, found, destination } = context;
    const same = { ...algorithmContext, 'kms:ReEncryptOnSameKey': String(found?.arn === destination.arn) };
    return [
      ...sourceChecks(context, 'ReEncryptFrom', input.SourceKeyId, input.SourceEncryptionContext, same),
      ...keyChecks(context, 'ReEncryptTo', destination, {
        encryptionContext: input.DestinationEncryptionContext ?? {},
        context: same,
      }),
    ];
  },
  handle: ({ input, principal, ids, now, tx, found, ciphertext, destination }) => {
    refuseModifiers(input.DryRunModifiers);
    const opened = openSource(principal, 'kms:ReEncryptFrom', found, ciphertext, input.SourceKeyId);
    const target = usable(destination);
    checkAlgorithm(input.SourceEncryptionAlgorithm);
    checkAlgorithm(input.DestinationEncryptionAlgorithm);
    checkGrantTokens(tx, opened.key, input.GrantTokens);
    const plaintext = open(opened.key, opened.ciphertext, input.SourceEncryptionContext ?? {});
    if (input.DryRun === true) throw dryRun();
    keepFreshKey(tx, destination);
    const sealing = withDueRotation(tx, target, ids, now);
    return {
      CiphertextBlob: seal(sealing, plaintext, input.DestinationEncryptionContext ?? {}, ids),
      SourceKeyId: opened.key.arn,
      KeyId: target.arn,
      SourceEncryptionAlgorithm: ALGORITHM,
      DestinationEncryptionAlgorithm: ALGORITHM,
      SourceKeyMaterialId: opened.ciphertext.materialId,
      DestinationKeyMaterialId: sealing.materials.at(-1)!.id,
    };
  },
});

interface Source {
  /** The key that the request names, else the one that the ciphertext names; undefined when neither names any. */
  readonly found: KeyReference | undefined;
  readonly ciphertext: Ciphertext | undefined;
}

/** Decrypt and ReEncrypt are authorized against the key of the request, or without one against the ciphertext's. */
function source(context: ReadContext<unknown>, blob: Uint8Array | undefined, keyId: string | undefined): Source {
  const ciphertext = blob === undefined ? undefined : readCiphertext(blob);
  if (keyId !== undefined) return { ciphertext, found: findKey(context, keyId, { aliases: true }) };
  if (ciphertext === undefined) return { ciphertext, found: undefined };
  try {
    return { ciphertext, found: findKey(context, ciphertext.keyArn, { aliases: false }) };
  } catch {
    // A key of another Region: answered like one that does not exist.
    return { ciphertext, found: undefined };
  }
}

function sourceChecks(
  context: ReadContext<unknown> & Source,
  action: string,
  keyId: string | undefined,
  encryptionContext: Readonly<Record<string, string>> | undefined,
  keys: Readonly<Record<string, string>>,
) {
  const { found, principal } = context;
  // Nothing to authorize against; the handler refuses.
  if (found === undefined || (keyId === undefined && found.key === undefined)) return [];
  const checks = keyChecks(context, action, found, { encryptionContext: encryptionContext ?? {}, context: keys });
  if (keyId !== undefined) return checks;
  return checks.map((check) => ({
    ...check,
    refused: (refusal: AwsError) => withoutKeyArn(refusal, principal, check.action),
  }));
}

/**
 * A caller that names no key is not told which key it was. Texts: observed; "because no identity-based policy allows …"
 * stays, whatever the key policy had to do with it becomes one sentence.
 */
function withoutKeyArn(refusal: AwsError, principal: Principal, action: string): AwsError {
  const identity = /because no identity-based policy allows|with an explicit deny in an identity-based policy/;
  if (!identity.test(refusal.message)) return ciphertextKeyClosed(principalArn(principal), action);
  const message = refusal.message.replace(/on resource: \S+/, 'on the resource associated with this ciphertext');
  return new AwsError(refusal.code, message, refusal.status === undefined ? {} : { status: refusal.status });
}

function openSource(
  principal: Principal,
  action: string,
  found: KeyReference | undefined,
  ciphertext: Ciphertext | undefined,
  keyId: string | undefined,
) {
  if (ciphertext === undefined) {
    if (found !== undefined) usable(found);
    throw invalidCiphertext();
  }
  if (found === undefined || (keyId === undefined && found.key === undefined)) {
    throw ciphertextKeyClosed(principalArn(principal), action);
  }
  const key = usable(found);
  if (key.arn !== ciphertext.keyArn) throw incorrectKey();
  return { key, ciphertext };
}

function checkAlgorithm(algorithm: EncryptionAlgorithmSpec | undefined): void {
  if (algorithm === undefined || algorithm === ALGORITHM) return;
  throw new AwsError(
    'InvalidKeyUsageException',
    `Algorithm ${algorithm} is incompatible with key spec SYMMETRIC_DEFAULT.`,
  );
}

function refuseModifiers(modifiers: readonly string[] | undefined): void {
  if (modifiers !== undefined && modifiers.length > 0) throw unsupported('DryRunModifiers');
}
