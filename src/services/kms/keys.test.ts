import { describe, expect, it } from 'vitest';
import { createTestBench } from '../../gateway/testing.ts';
import { kmsService } from './index.ts';

const DAY = 86_400_000;
const bench = () => createTestBench([kmsService]);
const policy = (...Statement: object[]) => ({ Version: '2012-10-17', Statement });
const allow = (Action: string | string[], Resource = '*', more: object = {}) => ({
  Effect: 'Allow',
  Action,
  Resource,
  ...more,
});

describe('keys', () => {
  it('shows a new key as AWS does, with the default policy', async () => {
    const b = bench();
    const { KeyMetadata: key } = await b.call('kms', 'CreateKey', { Tags: [{ TagKey: 'a', TagValue: 'b' }] });
    expect(key).toMatchObject({
      AWSAccountId: '000000000000',
      Enabled: true,
      KeyState: 'Enabled',
      KeyManager: 'CUSTOMER',
      KeySpec: 'SYMMETRIC_DEFAULT',
      EncryptionAlgorithms: ['SYMMETRIC_DEFAULT'],
      MultiRegion: false,
      Description: '',
    });
    expect(key?.Arn).toBe(`arn:aws:kms:eu-west-1:000000000000:key/${key?.KeyId}`);
    const { Policy } = await b.call('kms', 'GetKeyPolicy', { KeyId: key!.KeyId });
    expect(JSON.parse(Policy!)).toMatchObject({
      Id: 'key-default-1',
      Statement: [{ Sid: 'Enable IAM User Permissions' }],
    });
    expect(await b.call('kms', 'ListResourceTags', { KeyId: key!.Arn! })).toMatchObject({
      Tags: [{ TagKey: 'a', TagValue: 'b' }],
    });
  });

  it('tells unknown, malformed and foreign identifiers apart', async () => {
    const b = bench();
    const id = '11111111-2222-3333-4444-555555555555';
    const message = async (KeyId: string) => {
      const error = await b.refused(b.call('kms', 'DescribeKey', { KeyId }));
      return `${error.code}: ${error.message}`;
    };
    expect(await message(id)).toBe(
      `NotFoundException: Key 'arn:aws:kms:eu-west-1:000000000000:key/${id}' does not exist`,
    );
    expect(await message('alias/nope')).toBe(
      'NotFoundException: Alias arn:aws:kms:eu-west-1:000000000000:alias/nope is not found.',
    );
    expect(await message('nope')).toBe("NotFoundException: Invalid keyId 'nope'");
    expect(await message(`arn:aws:kms:us-east-1:000000000000:key/${id}`)).toBe(
      'NotFoundException: Invalid arn us-east-1',
    );
  });

  it('pages through keys and refuses a marker that is none', async () => {
    const b = bench();
    for (let i = 0; i < 5; i++) await b.call('kms', 'CreateKey', {});
    const seen: string[] = [];
    let Marker: string | undefined;
    do {
      const answer = await b.call('kms', 'ListKeys', { Limit: 2, Marker });
      seen.push(...answer.Keys!.map((key) => key.KeyId!));
      Marker = answer.NextMarker;
      expect(answer.Truncated).toBe(Marker !== undefined);
    } while (Marker !== undefined);
    expect(new Set(seen).size).toBe(5);
    expect((await b.refused(b.call('kms', 'ListKeys', { Marker: 'x' }))).code).toBe('InvalidMarkerException');
  });

  it('refuses by name what it does not serve', async () => {
    const b = bench();
    const error = await b.refused(b.call('kms', 'CreateKey', { KeySpec: 'RSA_2048', KeyUsage: 'SIGN_VERIFY' }));
    expect(error.code).toBe('UnsupportedOperationException');
    expect(error.message).toContain('RSA_2048');
    expect((await b.refused(b.call('kms', 'CreateKey', { MultiRegion: true }))).message).toContain('MultiRegion');
  });

  it('walks through the key states', async () => {
    const b = bench();
    const { KeyMetadata } = await b.call('kms', 'CreateKey', {});
    const { KeyId, Arn } = KeyMetadata!;
    const encrypt = () => b.call('kms', 'Encrypt', { KeyId, Plaintext: Buffer.from('x') });
    await b.call('kms', 'DisableKey', { KeyId });
    expect(await b.refused(encrypt())).toMatchObject({ code: 'DisabledException', message: `${Arn} is disabled.` });
    await b.call('kms', 'EnableKey', { KeyId });
    await encrypt();
    expect((await b.refused(b.call('kms', 'ScheduleKeyDeletion', { KeyId, PendingWindowInDays: 5 }))).code).toBe(
      'ValidationException',
    );
    expect(await b.call('kms', 'ScheduleKeyDeletion', { KeyId, PendingWindowInDays: 7 })).toMatchObject({
      KeyState: 'PendingDeletion',
      DeletionDate: b.clock.now() + 7 * DAY,
    });
    expect(await b.refused(encrypt())).toMatchObject({
      code: 'KMSInvalidStateException',
      message: `${Arn} is pending deletion.`,
    });
    await b.call('kms', 'CancelKeyDeletion', { KeyId });
    expect((await b.call('kms', 'DescribeKey', { KeyId })).KeyMetadata?.KeyState).toBe('Disabled');
    expect((await b.refused(b.call('kms', 'CancelKeyDeletion', { KeyId }))).code).toBe('KMSInvalidStateException');
    await b.call('kms', 'CreateAlias', { AliasName: 'alias/doomed', TargetKeyId: KeyId });
    await b.call('kms', 'ScheduleKeyDeletion', { KeyId, PendingWindowInDays: 7 });
    b.clock.advance(7 * DAY);
    expect((await b.refused(b.call('kms', 'DescribeKey', { KeyId }))).code).toBe('NotFoundException');
    expect((await b.call('kms', 'ListAliases', {})).Aliases).toEqual([]);
    expect((await b.call('kms', 'ListKeys', {})).Keys).toEqual([]);
  });
});

describe('key policies', () => {
  it('lets identity policies count only where the key policy delegates', async () => {
    const b = bench();
    const { KeyMetadata } = await b.call('kms', 'CreateKey', {});
    const KeyId = KeyMetadata!.KeyId;
    const role = b.roleSession('app', [policy(allow('kms:Encrypt'))]);
    const encrypt = (as = role) => b.call('kms', 'Encrypt', { KeyId, Plaintext: Buffer.from('x') }, { as });
    await encrypt();
    await b.call('kms', 'PutKeyPolicy', {
      KeyId,
      Policy: JSON.stringify(
        policy(
          {
            Effect: 'Allow',
            Principal: { AWS: 'arn:aws:iam::000000000000:root' },
            Action: ['kms:Put*', 'kms:Get*'],
            Resource: '*',
          },
          {
            Effect: 'Allow',
            Principal: { AWS: 'arn:aws:iam::000000000000:role/other' },
            Action: 'kms:Encrypt',
            Resource: '*',
          },
        ),
      ),
    });
    const error = await b.refused(encrypt());
    expect(error).toMatchObject({ code: 'AccessDeniedException' });
    expect(error.message).toBe(
      `User: ${role.arn} is not authorized to perform: kms:Encrypt on resource: ${KeyMetadata!.Arn} because no resource-based policy allows the kms:Encrypt action`,
    );
    // Named in the key policy: no identity policy needed.
    await encrypt(b.roleSession('other', []));
  });

  it('refuses a policy that locks its author out, unless told to bypass the check', async () => {
    const b = bench();
    const Policy = JSON.stringify(
      policy({
        Effect: 'Allow',
        Principal: { AWS: 'arn:aws:iam::000000000000:role/other' },
        Action: 'kms:*',
        Resource: '*',
      }),
    );
    const role = b.roleSession('author', [policy(allow('kms:*'))]);
    expect(await b.refused(b.call('kms', 'CreateKey', { Policy }, { as: role }))).toMatchObject({
      code: 'MalformedPolicyDocumentException',
      message: 'The new key policy will not allow you to update the key policy in the future.',
    });
    await b.call('kms', 'CreateKey', { Policy, BypassPolicyLockoutSafetyCheck: true }, { as: role });
    expect((await b.refused(b.call('kms', 'CreateKey', { Policy: '{"Statement": [' }))).code).toBe(
      'MalformedPolicyDocumentException',
    );
  });

  it('knows one policy by name', async () => {
    const b = bench();
    const { KeyMetadata } = await b.call('kms', 'CreateKey', {});
    const KeyId = KeyMetadata!.KeyId;
    expect(await b.call('kms', 'ListKeyPolicies', { KeyId })).toEqual({ PolicyNames: ['default'], Truncated: false });
    expect(await b.refused(b.call('kms', 'GetKeyPolicy', { KeyId, PolicyName: 'mine' }))).toMatchObject({
      code: 'NotFoundException',
      message: 'No such policy exists',
    });
  });

  it('keeps cross-account callers out until both sides allow', async () => {
    const b = bench();
    const { KeyMetadata } = await b.call('kms', 'CreateKey', {});
    const KeyId = KeyMetadata!.Arn!;
    const stranger = b.roleSession('app', [policy(allow('kms:Encrypt'))], { account: '111111111111' });
    const encrypt = () => b.call('kms', 'Encrypt', { KeyId, Plaintext: Buffer.from('x') }, { as: stranger });
    expect((await b.refused(encrypt())).code).toBe('AccessDeniedException');
    await b.call('kms', 'PutKeyPolicy', {
      KeyId,
      Policy: JSON.stringify(
        policy(
          { Effect: 'Allow', Principal: { AWS: 'arn:aws:iam::000000000000:root' }, Action: 'kms:*', Resource: '*' },
          { Effect: 'Allow', Principal: { AWS: '111111111111' }, Action: 'kms:Encrypt', Resource: '*' },
        ),
      ),
    });
    expect((await encrypt()).KeyId).toBe(KeyId);
  });
});

describe('tags', () => {
  it('adds, removes and checks them, and authorizes by them', async () => {
    const b = bench();
    const { KeyMetadata } = await b.call('kms', 'CreateKey', {});
    const KeyId = KeyMetadata!.KeyId;
    await b.call('kms', 'TagResource', {
      KeyId,
      Tags: [
        { TagKey: 'team', TagValue: 'a' },
        { TagKey: 'x', TagValue: 'y' },
      ],
    });
    await b.call('kms', 'UntagResource', { KeyId, TagKeys: ['x'] });
    expect((await b.call('kms', 'ListResourceTags', { KeyId })).Tags).toEqual([{ TagKey: 'team', TagValue: 'a' }]);
    const reserved = b.call('kms', 'TagResource', { KeyId, Tags: [{ TagKey: 'aws:x', TagValue: '' }] });
    expect((await b.refused(reserved)).code).toBe('TagException');
    const byTag = (value: string) =>
      b.roleSession('tagged', [
        policy(allow('kms:Encrypt', '*', { Condition: { StringEquals: { 'aws:ResourceTag/team': value } } })),
      ]);
    await b.call('kms', 'Encrypt', { KeyId, Plaintext: Buffer.from('x') }, { as: byTag('a') });
    await b.refused(b.call('kms', 'Encrypt', { KeyId, Plaintext: Buffer.from('x') }, { as: byTag('b') }));
    const onlyTeam = b.roleSession('tagger', [
      policy(
        allow('kms:TagResource', '*', { Condition: { 'ForAllValues:StringEquals': { 'aws:TagKeys': ['team'] } } }),
      ),
    ]);
    await b.call('kms', 'TagResource', { KeyId, Tags: [{ TagKey: 'team', TagValue: 'b' }] }, { as: onlyTeam });
    await b.refused(b.call('kms', 'TagResource', { KeyId, Tags: [{ TagKey: 'z', TagValue: 'b' }] }, { as: onlyTeam }));
  });
});

describe('rotation', () => {
  it('rotates on schedule and on demand; old ciphertexts still open', async () => {
    const b = bench();
    const { KeyMetadata } = await b.call('kms', 'CreateKey', {});
    const KeyId = KeyMetadata!.KeyId;
    expect(await b.call('kms', 'GetKeyRotationStatus', { KeyId })).toMatchObject({ KeyRotationEnabled: false });
    await b.call('kms', 'EnableKeyRotation', { KeyId, RotationPeriodInDays: 90 });
    expect(await b.call('kms', 'GetKeyRotationStatus', { KeyId })).toMatchObject({
      KeyRotationEnabled: true,
      RotationPeriodInDays: 90,
      NextRotationDate: b.clock.now() + 90 * DAY,
    });
    const first = await b.call('kms', 'Encrypt', { KeyId, Plaintext: Buffer.from('old') });
    b.clock.advance(91 * DAY);
    const second = await b.call('kms', 'Encrypt', { KeyId, Plaintext: Buffer.from('new') });
    await b.call('kms', 'RotateKeyOnDemand', { KeyId });
    const materials = await Promise.all(
      [first, second].map(async ({ CiphertextBlob }) => b.call('kms', 'Decrypt', { CiphertextBlob })),
    );
    expect(materials.map(({ Plaintext }) => Buffer.from(Plaintext!).toString())).toEqual(['old', 'new']);
    expect(materials[0]?.KeyMaterialId).not.toBe(materials[1]?.KeyMaterialId);
    const { Rotations } = await b.call('kms', 'ListKeyRotations', { KeyId });
    expect(Rotations?.map((rotation) => rotation.RotationType)).toEqual(['AUTOMATIC', 'ON_DEMAND']);
    await b.call('kms', 'DisableKeyRotation', { KeyId });
    expect(await b.call('kms', 'GetKeyRotationStatus', { KeyId })).toMatchObject({ KeyRotationEnabled: false });
  });
});
