import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createTestBench } from '../../gateway/testing.ts';
import { kmsService } from './index.ts';

const bench = () => createTestBench([kmsService]);
const policy = (...Statement: object[]) => ({ Version: '2012-10-17', Statement });
const allow = (Action: string | string[], Resource = '*', more: object = {}) => ({
  Effect: 'Allow',
  Action,
  Resource,
  ...more,
});
const bytes = (text: string) => Buffer.from(text);
const text = (value: Uint8Array | undefined) => Buffer.from(value!).toString();

async function withKey() {
  const b = bench();
  const { KeyMetadata } = await b.call('kms', 'CreateKey', {});
  return { b, KeyId: KeyMetadata!.KeyId, Arn: KeyMetadata!.Arn! };
}

describe('Encrypt and Decrypt', () => {
  it('give back what went in, for every plaintext and context', async () => {
    const { b, KeyId } = await withKey();
    await fc.assert(
      fc.asyncProperty(
        fc.uint8Array({ minLength: 1, maxLength: 4096 }),
        fc.dictionary(fc.string({ minLength: 1 }), fc.string(), { maxKeys: 4 }),
        async (Plaintext, EncryptionContext) => {
          const { CiphertextBlob } = await b.call('kms', 'Encrypt', { KeyId, Plaintext, EncryptionContext });
          const opened = await b.call('kms', 'Decrypt', { CiphertextBlob, EncryptionContext });
          expect(Buffer.from(opened.Plaintext!)).toEqual(Buffer.from(Plaintext));
        },
      ),
      { numRuns: 25 },
    );
  });

  it('refuses another context and any changed byte', async () => {
    const { b, KeyId } = await withKey();
    const EncryptionContext = { a: '1', b: '2' };
    const { CiphertextBlob } = await b.call('kms', 'Encrypt', { KeyId, Plaintext: bytes('secret'), EncryptionContext });
    const opened = await b.call('kms', 'Decrypt', { CiphertextBlob, EncryptionContext: { b: '2', a: '1' } });
    expect(text(opened.Plaintext)).toBe('secret');
    for (const other of [{}, { a: '1' }, { a: '2', b: '1' }, { a: '1', b: '2', c: '' }]) {
      const error = await b.refused(b.call('kms', 'Decrypt', { CiphertextBlob, EncryptionContext: other }));
      expect(error).toMatchObject({ code: 'InvalidCiphertextException', message: '' });
    }
    const blob = Buffer.from(CiphertextBlob!);
    for (let at = 0; at < blob.length; at += 7) {
      const changed = Buffer.from(blob);
      changed[at] = changed[at]! ^ 1;
      await b.refused(b.call('kms', 'Decrypt', { CiphertextBlob: changed, EncryptionContext }));
    }
    expect(blob.includes(bytes('secret'))).toBe(false);
  });

  it('tells an incorrect key from a ciphertext that is none', async () => {
    const { b, KeyId } = await withKey();
    const { KeyMetadata: other } = await b.call('kms', 'CreateKey', {});
    const { CiphertextBlob } = await b.call('kms', 'Encrypt', { KeyId, Plaintext: bytes('x') });
    expect(await b.refused(b.call('kms', 'Decrypt', { CiphertextBlob, KeyId: other!.KeyId }))).toMatchObject({
      code: 'IncorrectKeyException',
      message: 'The key ID in the request does not identify a CMK that can perform this operation.',
    });
    expect((await b.refused(b.call('kms', 'Decrypt', { CiphertextBlob: bytes('x') }))).code).toBe(
      'InvalidCiphertextException',
    );
    expect(
      (await b.refused(b.call('kms', 'Decrypt', { CiphertextBlob, EncryptionAlgorithm: 'RSAES_OAEP_SHA_1' }))).code,
    ).toBe('InvalidKeyUsageException');
  });

  it('authorizes Decrypt without KeyId against the key in the ciphertext', async () => {
    const { b, KeyId, Arn } = await withKey();
    const { KeyMetadata: other } = await b.call('kms', 'CreateKey', {});
    const { CiphertextBlob } = await b.call('kms', 'Encrypt', { KeyId, Plaintext: bytes('x') });
    const right = b.roleSession('right', [policy(allow('kms:Decrypt', Arn))]);
    const wrong = b.roleSession('wrong', [policy(allow('kms:Decrypt', other!.Arn!))]);
    await b.call('kms', 'Decrypt', { CiphertextBlob }, { as: right });
    const error = await b.refused(b.call('kms', 'Decrypt', { CiphertextBlob }, { as: wrong }));
    expect(error.code).toBe('AccessDeniedException');
    expect(error.message).toBe(
      `User: ${wrong.arn} is not authorized to perform: kms:Decrypt on the resource associated with this ciphertext because no identity-based policy allows the kms:Decrypt action`,
    );
    expect(b.trail().at(-1)?.checks[0]).toMatchObject({ resource: Arn, effect: 'ImplicitlyDenied' });
  });

  it('says no more than AWS when the key is elsewhere or its policy is closed', async () => {
    const { b, KeyId } = await withKey();
    const { CiphertextBlob } = await b.call('kms', 'Encrypt', { KeyId, Plaintext: bytes('x') });
    const closed = (who: string) =>
      `User: ${who} is not authorized to perform: kms:Decrypt on the resource associated with this ciphertext because the resource does not exist in this Region, no resource-based policies allow access, or a resource-based policy explicitly denies access`;
    const role = b.roleSession('app', [policy(allow('kms:*'))]);
    const elsewhere = b.call('kms', 'Decrypt', { CiphertextBlob }, { as: role, region: 'us-east-1' });
    expect(await b.refused(elsewhere)).toMatchObject({ code: 'AccessDeniedException', message: closed(role.arn) });
    const stranger = b.roleSession('app', [policy(allow('kms:*'))], { account: '111111111111' });
    const foreign = b.call('kms', 'Decrypt', { CiphertextBlob }, { as: stranger });
    expect(await b.refused(foreign)).toMatchObject({ code: 'AccessDeniedException', message: closed(stranger.arn) });
  });

  it('offers the encryption context to conditions', async () => {
    const { b, KeyId } = await withKey();
    const role = b.roleSession('app', [
      policy(
        allow('kms:Encrypt', '*', {
          Condition: {
            StringEquals: { 'kms:EncryptionContext:tenant': 'a' },
            'ForAllValues:StringEquals': { 'kms:EncryptionContextKeys': ['tenant'] },
          },
        }),
      ),
    ]);
    const encrypt = (EncryptionContext: Record<string, string>) =>
      b.call('kms', 'Encrypt', { KeyId, Plaintext: bytes('x'), EncryptionContext }, { as: role });
    await encrypt({ tenant: 'a' });
    await b.refused(encrypt({ tenant: 'b' }));
    await b.refused(encrypt({ tenant: 'a', more: 'x' }));
    await b.refused(encrypt({}));
  });

  it('re-encrypts under another key, with both checks', async () => {
    const { b, KeyId, Arn } = await withKey();
    const { KeyMetadata: other } = await b.call('kms', 'CreateKey', {});
    const { CiphertextBlob } = await b.call('kms', 'Encrypt', {
      KeyId,
      Plaintext: bytes('x'),
      EncryptionContext: { a: '1' },
    });
    const input = {
      CiphertextBlob,
      SourceEncryptionContext: { a: '1' },
      DestinationKeyId: other!.KeyId,
      DestinationEncryptionContext: { b: '2' },
    };
    const moved = await b.call('kms', 'ReEncrypt', input);
    expect(moved).toMatchObject({ SourceKeyId: Arn, KeyId: other!.Arn });
    const opened = await b.call('kms', 'Decrypt', {
      CiphertextBlob: moved.CiphertextBlob,
      EncryptionContext: { b: '2' },
    });
    expect(text(opened.Plaintext)).toBe('x');
    const half = b.roleSession('half', [policy(allow('kms:ReEncryptFrom'))]);
    expect((await b.refused(b.call('kms', 'ReEncrypt', input, { as: half }))).message).toContain('kms:ReEncryptTo');
  });

  it('stops a dry run after everything was checked', async () => {
    const { b, KeyId } = await withKey();
    const dry = b.call('kms', 'Encrypt', { KeyId, Plaintext: bytes('x'), DryRun: true });
    expect((await b.refused(dry)).code).toBe('DryRunOperationException');
  });

  it('keeps plaintext, ciphertext and material out of the trail', async () => {
    const { b, KeyId } = await withKey();
    const { CiphertextBlob } = await b.call('kms', 'Encrypt', { KeyId, Plaintext: bytes('hush-hush') });
    await b.call('kms', 'Decrypt', { CiphertextBlob });
    await b.call('kms', 'GenerateDataKey', { KeyId, KeySpec: 'AES_256' });
    const written = JSON.stringify(b.trail());
    expect(written).not.toContain('hush-hush');
    expect(written).not.toContain(bytes('hush-hush').toString('base64'));
    expect(written).not.toContain(Buffer.from(CiphertextBlob!).toString('base64'));
  });
});

describe('data keys', () => {
  it('come in both lengths, and with or without plaintext', async () => {
    const { b, KeyId } = await withKey();
    const made = await b.call('kms', 'GenerateDataKey', { KeyId, KeySpec: 'AES_128', EncryptionContext: { a: 'b' } });
    expect(made.Plaintext?.length).toBe(16);
    const opened = await b.call('kms', 'Decrypt', {
      CiphertextBlob: made.CiphertextBlob,
      EncryptionContext: { a: 'b' },
    });
    expect(Buffer.from(opened.Plaintext!)).toEqual(Buffer.from(made.Plaintext!));
    const sealed = await b.call('kms', 'GenerateDataKeyWithoutPlaintext', { KeyId, NumberOfBytes: 64 });
    expect(sealed).not.toHaveProperty('Plaintext');
    expect((await b.call('kms', 'Decrypt', { CiphertextBlob: sealed.CiphertextBlob })).Plaintext?.length).toBe(64);
    for (const wrong of [{}, { KeySpec: 'AES_256' as const, NumberOfBytes: 32 }]) {
      expect(await b.refused(b.call('kms', 'GenerateDataKey', { KeyId, ...wrong }))).toMatchObject({
        code: 'ValidationException',
        message: 'Please specify either number of bytes or key spec.',
      });
    }
    expect((await b.call('kms', 'GenerateRandom', { NumberOfBytes: 33 })).Plaintext?.length).toBe(33);
  });
});

describe('aliases', () => {
  it('name keys for cryptography, and nothing else', async () => {
    const { b, KeyId, Arn } = await withKey();
    await b.call('kms', 'CreateAlias', { AliasName: 'alias/app', TargetKeyId: KeyId });
    const again = b.call('kms', 'CreateAlias', { AliasName: 'alias/app', TargetKeyId: KeyId });
    expect(await b.refused(again)).toMatchObject({
      code: 'AlreadyExistsException',
      message: 'An alias with the name arn:aws:kms:eu-west-1:000000000000:alias/app already exists',
    });
    for (const name of ['alias/app', 'arn:aws:kms:eu-west-1:000000000000:alias/app']) {
      expect((await b.call('kms', 'Encrypt', { KeyId: name, Plaintext: bytes('x') })).KeyId).toBe(Arn);
    }
    expect((await b.refused(b.call('kms', 'DisableKey', { KeyId: 'alias/app' }))).code).toBe('NotFoundException');
    const { KeyMetadata: other } = await b.call('kms', 'CreateKey', {});
    await b.call('kms', 'UpdateAlias', { AliasName: 'alias/app', TargetKeyId: other!.KeyId });
    expect((await b.call('kms', 'ListAliases', { KeyId: other!.KeyId })).Aliases).toMatchObject([
      { AliasName: 'alias/app', TargetKeyId: other!.KeyId },
    ]);
    expect((await b.call('kms', 'ListAliases', { KeyId })).Aliases).toEqual([]);
    await b.call('kms', 'DeleteAlias', { AliasName: 'alias/app' });
    expect((await b.refused(b.call('kms', 'DeleteAlias', { AliasName: 'alias/app' }))).code).toBe('NotFoundException');
  });

  it('refuses names of AWS and names without the prefix', async () => {
    const { b, KeyId } = await withKey();
    const create = (AliasName: string) => b.refused(b.call('kms', 'CreateAlias', { AliasName, TargetKeyId: KeyId }));
    expect((await create('alias/aws/mine')).code).toBe('NotAuthorizedException');
    expect((await create('mine')).message).toContain('Alias must start with the prefix "alias/"');
  });

  it('feed kms:RequestAlias and kms:ResourceAliases', async () => {
    const { b, KeyId } = await withKey();
    await b.call('kms', 'CreateAlias', { AliasName: 'alias/app', TargetKeyId: KeyId });
    const byRequest = b.roleSession('r', [
      policy(allow('kms:Encrypt', '*', { Condition: { StringEquals: { 'kms:RequestAlias': 'alias/app' } } })),
    ]);
    await b.call('kms', 'Encrypt', { KeyId: 'alias/app', Plaintext: bytes('x') }, { as: byRequest });
    await b.refused(b.call('kms', 'Encrypt', { KeyId, Plaintext: bytes('x') }, { as: byRequest }));
    const byResource = b.roleSession('s', [
      policy(
        allow('kms:Encrypt', '*', {
          Condition: { 'ForAnyValue:StringEquals': { 'kms:ResourceAliases': 'alias/app' } },
        }),
      ),
    ]);
    await b.call('kms', 'Encrypt', { KeyId, Plaintext: bytes('x') }, { as: byResource });
  });
});

describe('AWS managed keys', () => {
  it.each(['dynamodb', 'ecr', 's3', 'secretsmanager', 'sqs', 'ssm'])('serve %s', async (service) => {
    const b = bench();
    const as = b.roleSession('app', []);
    const call = (via: string) =>
      b.call(
        'kms',
        'GenerateDataKey',
        { KeyId: `alias/aws/${service}`, KeySpec: 'AES_256' },
        { as, context: { 'kms:ViaService': via } },
      );
    const { KeyId } = await call(`${service}.eu-west-1.amazonaws.com`);
    await b.refused(call('lambda.eu-west-1.amazonaws.com'));
    const { Policy } = await b.call('kms', 'GetKeyPolicy', { KeyId: KeyId! });
    expect(JSON.parse(Policy!).Id).toMatch(`auto-${service}-`);
  });

  it('come into being on first use through their service, and serve nobody directly', async () => {
    const b = bench();
    const role = b.roleSession('app', []);
    const KeyId = 'alias/aws/ssm';
    const via = { 'kms:ViaService': 'ssm.eu-west-1.amazonaws.com' };
    expect((await b.refused(b.call('kms', 'Encrypt', { KeyId, Plaintext: bytes('x') }, { as: role }))).code).toBe(
      'AccessDeniedException',
    );
    expect((await b.call('kms', 'ListAliases', {})).Aliases).toEqual([]);
    const { CiphertextBlob, KeyId: Arn } = await b.call(
      'kms',
      'Encrypt',
      { KeyId, Plaintext: bytes('x') },
      { as: role, context: via },
    );
    expect((await b.call('kms', 'ListAliases', {})).Aliases).toMatchObject([{ AliasName: 'alias/aws/ssm' }]);
    const { KeyMetadata } = await b.call('kms', 'DescribeKey', { KeyId });
    expect(KeyMetadata).toMatchObject({ KeyManager: 'AWS', Arn });
    await b.refused(b.call('kms', 'Decrypt', { CiphertextBlob }, { as: role }));
    await b.call('kms', 'Decrypt', { CiphertextBlob }, { as: role, context: via });
    await b.refused(b.call('kms', 'ScheduleKeyDeletion', { KeyId: Arn! }));
    await b.refused(b.call('kms', 'PutKeyPolicy', { KeyId: Arn!, Policy: '{}' }));
  });
});
