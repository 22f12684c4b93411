import type { Ids } from '../../core/ids.ts';
import { operation } from '../../gateway/operation.ts';
import type { Tx } from '../../store/collections.ts';
import type { GenerateDataKeyWithoutPlaintextRequest } from '../../wire/generated/types/kms.ts';
import { accountCheck, keyChecks } from './authorization.ts';
import { seal } from './ciphertext.ts';
import { dryRun, unsupported, validation } from './errors.ts';
import { checkGrantTokens } from './grants.ts';
import { findKey, type KeyReference, usable } from './key-ids.ts';
import { keepFreshKey } from './managed-keys.ts';
import { currentMaterial, withDueRotation } from './material.ts';

const algorithmContext = { 'kms:EncryptionAlgorithm': 'SYMMETRIC_DEFAULT' };

export const GenerateDataKey = operation('kms', 'GenerateDataKey', {
  resolve: (context) => ({ found: findKey(context, context.input.KeyId, { aliases: true }) }),
  authorize: (context) =>
    keyChecks(context, 'GenerateDataKey', context.found, {
      encryptionContext: context.input.EncryptionContext ?? {},
      context: algorithmContext,
    }),
  handle: ({ input, ids, now, tx, found }) => {
    if (input.Recipient !== undefined) throw unsupported('Recipient');
    return makeDataKey({ input, ids, now, tx, found });
  },
});

export const GenerateDataKeyWithoutPlaintext = operation('kms', 'GenerateDataKeyWithoutPlaintext', {
  resolve: (context) => ({ found: findKey(context, context.input.KeyId, { aliases: true }) }),
  authorize: (context) =>
    keyChecks(context, 'GenerateDataKeyWithoutPlaintext', context.found, {
      encryptionContext: context.input.EncryptionContext ?? {},
      context: algorithmContext,
    }),
  handle: (context) => {
    const { Plaintext: _kept, ...answer } = makeDataKey(context);
    return answer;
  },
});

function makeDataKey({
  input,
  ids,
  now,
  tx,
  found,
}: {
  input: GenerateDataKeyWithoutPlaintextRequest;
  ids: Ids;
  now: number;
  tx: Tx;
  found: KeyReference;
}) {
  const length = lengthOf(input);
  const key = usable(found);
  checkGrantTokens(tx, key, input.GrantTokens);
  if (input.DryRun === true) throw dryRun();
  keepFreshKey(tx, found);
  const sealing = withDueRotation(tx, key, ids, now);
  const Plaintext = ids.bytes(length);
  return {
    CiphertextBlob: seal(sealing, Plaintext, input.EncryptionContext ?? {}, ids),
    Plaintext,
    KeyId: key.arn,
    KeyMaterialId: currentMaterial(sealing).id,
  };
}

function lengthOf({ KeySpec, NumberOfBytes }: GenerateDataKeyWithoutPlaintextRequest): number {
  if ((KeySpec === undefined) === (NumberOfBytes === undefined)) {
    throw validation('Please specify either number of bytes or key spec.');
  }
  return NumberOfBytes ?? (KeySpec === 'AES_128' ? 16 : 32);
}

export const GenerateRandom = operation('kms', 'GenerateRandom', {
  authorize: ({ account }) => accountCheck(account, 'GenerateRandom'),
  handle: ({ input, ids }) => {
    if (input.Recipient !== undefined) throw unsupported('Recipient');
    if (input.CustomKeyStoreId !== undefined) throw unsupported('CustomKeyStoreId');
    if (input.NumberOfBytes === undefined) {
      // unverified: text; the API requires the number although the model does not.
      throw validation('NumberOfBytes is required.');
    }
    return { Plaintext: ids.bytes(input.NumberOfBytes) };
  },
});
