import { describe, expect, it } from 'vitest';
import { createTestBench } from '../../gateway/testing.ts';
import { kmsService } from '../kms/index.ts';
import { secretsmanagerService } from './index.ts';

const DAY = 86_400_000;
const bench = () => createTestBench([secretsmanagerService, kmsService]);
const token = (digit: string) => digit.repeat(32);

describe('secrets', () => {
  it('are made, described, read by name, ARN and partial ARN', async () => {
    const b = bench();
    const made = await b.call('secretsmanager', 'CreateSecret', {
      Name: 'app/db',
      SecretString: '{"password":"hush-hush"}',
      Description: 'd',
      Tags: [{ Key: 'a', Value: 'b' }],
    });
    expect(made.ARN).toMatch(/^arn:aws:secretsmanager:eu-west-1:000000000000:secret:app\/db-[A-Za-z0-9]{6}$/);
    for (const SecretId of ['app/db', made.ARN!, made.ARN!.slice(0, -7)]) {
      expect(await b.call('secretsmanager', 'GetSecretValue', { SecretId })).toEqual({
        ARN: made.ARN,
        Name: 'app/db',
        VersionId: made.VersionId,
        SecretString: '{"password":"hush-hush"}',
        VersionStages: ['AWSCURRENT'],
        CreatedDate: b.clock.now(),
      });
    }
    expect(await b.call('secretsmanager', 'DescribeSecret', { SecretId: 'app/db' })).toMatchObject({
      Description: 'd',
      Tags: [{ Key: 'a', Value: 'b' }],
      VersionIdsToStages: { [made.VersionId!]: ['AWSCURRENT'] },
      LastAccessedDate: b.clock.now() - (b.clock.now() % DAY),
    });
    const written = JSON.stringify(b.trail());
    expect(written).not.toContain('hush-hush');
  });

  it('holds binary values', async () => {
    const b = bench();
    const SecretBinary = Uint8Array.from([0, 255, 1]);
    await b.call('secretsmanager', 'CreateSecret', { Name: 'bin', SecretBinary });
    const read = await b.call('secretsmanager', 'GetSecretValue', { SecretId: 'bin' });
    expect(Buffer.from(read.SecretBinary!)).toEqual(Buffer.from(SecretBinary));
    expect(read).not.toHaveProperty('SecretString');
  });

  it('keeps values sealed in the store', async () => {
    const b = bench();
    await b.call('secretsmanager', 'CreateSecret', { Name: 's', SecretString: 'hush-hush' });
    const stored = JSON.stringify(b.store.list({ name: 'secretsmanager/secrets' }, '000000000000/eu-west-1'));
    expect(stored).not.toContain('hush-hush');
    expect(stored).not.toContain(Buffer.from('hush-hush').toString('base64'));
  });

  it('answers a repeated request like the first, and another one with ResourceExistsException', async () => {
    const b = bench();
    const input = { Name: 's', SecretString: 'x', ClientRequestToken: token('1') };
    const first = await b.call('secretsmanager', 'CreateSecret', input);
    expect(first.VersionId).toBe(token('1'));
    expect(await b.call('secretsmanager', 'CreateSecret', input)).toEqual(first);
    for (const other of [{ ...input, SecretString: 'y' }, { Name: 's' }]) {
      expect(await b.refused(b.call('secretsmanager', 'CreateSecret', other))).toMatchObject({
        code: 'ResourceExistsException',
        message: 'The operation failed because the secret s already exists.',
      });
    }
  });

  it.each([
    [{ Name: 'a b' }, 'ValidationException'],
    [{ Name: 'a', SecretString: 'x', SecretBinary: Uint8Array.from([1]) }, 'InvalidParameterException'],
    [{ Name: 'a', AddReplicaRegions: [{ Region: 'us-east-1' }] }, 'InvalidParameterException'],
    [{ Name: 'a', Type: 'x' }, 'InvalidParameterException'],
    [{ Name: 'a', Tags: [{ Key: 'aws:x', Value: '' }] }, 'InvalidParameterException'],
  ])('refuses to create %j', async (input, code) => {
    const b = bench();
    expect((await b.refused(b.call('secretsmanager', 'CreateSecret', input))).code).toBe(code);
  });

  it('says what it cannot find', async () => {
    const b = bench();
    const get = (input: { SecretId: string; VersionId?: string; VersionStage?: string }) =>
      b.refused(b.call('secretsmanager', 'GetSecretValue', input));
    expect(await get({ SecretId: 'no' })).toMatchObject({
      code: 'ResourceNotFoundException',
      message: "Secrets Manager can't find the specified secret.",
    });
    await b.call('secretsmanager', 'CreateSecret', { Name: 'empty' });
    expect((await get({ SecretId: 'empty' })).message).toBe(
      "Secrets Manager can't find the specified secret value for staging label: AWSCURRENT",
    );
    expect((await get({ SecretId: 'empty', VersionId: token('9') })).message).toBe(
      `Secrets Manager can't find the specified secret value for VersionId: ${token('9')}`,
    );
  });
});

describe('versions and staging labels', () => {
  it('move AWSCURRENT and AWSPREVIOUS along', async () => {
    const b = bench();
    await b.call('secretsmanager', 'CreateSecret', { Name: 's', SecretString: '1', ClientRequestToken: token('1') });
    const put = (digit: string, VersionStages?: string[]) =>
      b.call('secretsmanager', 'PutSecretValue', {
        SecretId: 's',
        SecretString: digit,
        ClientRequestToken: token(digit),
        VersionStages,
      });
    const stages = async () => (await b.call('secretsmanager', 'DescribeSecret', { SecretId: 's' })).VersionIdsToStages;
    expect(await put('2')).toMatchObject({ VersionId: token('2'), VersionStages: ['AWSCURRENT'] });
    expect(await stages()).toEqual({ [token('1')]: ['AWSPREVIOUS'], [token('2')]: ['AWSCURRENT'] });
    await put('3', ['AWSPENDING']);
    expect(await stages()).toMatchObject({ [token('2')]: ['AWSCURRENT'], [token('3')]: ['AWSPENDING'] });
    const get = async (input: object) =>
      (await b.call('secretsmanager', 'GetSecretValue', { SecretId: 's', ...input })).SecretString;
    expect(await get({ VersionStage: 'AWSPREVIOUS' })).toBe('1');
    expect(await get({ VersionId: token('3') })).toBe('3');
    expect((await b.refused(get({ VersionId: token('3'), VersionStage: 'AWSCURRENT' }))).code).toBe(
      'InvalidRequestException',
    );
    // The same version again is the same version; with another value it is refused.
    await put('2');
    expect(
      await b.refused(
        b.call('secretsmanager', 'PutSecretValue', {
          SecretId: 's',
          SecretString: 'x',
          ClientRequestToken: token('2'),
        }),
      ),
    ).toMatchObject({
      code: 'ResourceExistsException',
      message: 'A resource with the ID you requested already exists.',
    });
    const move = (input: object) =>
      b.call('secretsmanager', 'UpdateSecretVersionStage', { SecretId: 's', VersionStage: 'AWSCURRENT', ...input });
    expect((await b.refused(move({ MoveToVersionId: token('3') }))).message).toBe(
      `The parameter RemoveFromVersionId can't be empty. Staging label AWSCURRENT is currently attached to version ${token('2')}, so you must explicitly reference that version in RemoveFromVersionId.`,
    );
    await move({ MoveToVersionId: token('3'), RemoveFromVersionId: token('2') });
    expect(await stages()).toEqual({ [token('2')]: ['AWSPREVIOUS'], [token('3')]: ['AWSPENDING', 'AWSCURRENT'] });
    expect((await b.refused(move({ RemoveFromVersionId: token('3') }))).code).toBe('InvalidRequestException');
    expect((await b.refused(move({ MoveToVersionId: token('8') }))).code).toBe('InvalidParameterException');
    await move({ VersionStage: 'AWSPENDING', RemoveFromVersionId: token('3') });
    const ids = async (IncludeDeprecated: boolean) =>
      (await b.call('secretsmanager', 'ListSecretVersionIds', { SecretId: 's', IncludeDeprecated })).Versions?.map(
        (v) => v.VersionId,
      );
    expect(await ids(false)).toEqual([token('2'), token('3')]);
    expect(await ids(true)).toEqual([token('1'), token('2'), token('3')]);
    expect((await b.refused(b.call('secretsmanager', 'PutSecretValue', { SecretId: 's' }))).code).toBe(
      'InvalidRequestException',
    );
  });

  it('updates description, key and value', async () => {
    const b = bench();
    await b.call('secretsmanager', 'CreateSecret', { Name: 's', SecretString: '1' });
    const { KeyMetadata } = await b.call('kms', 'CreateKey', {});
    const updated = await b.call('secretsmanager', 'UpdateSecret', {
      SecretId: 's',
      Description: 'new',
      KmsKeyId: KeyMetadata!.KeyId,
    });
    expect(updated).not.toHaveProperty('VersionId');
    expect(await b.call('secretsmanager', 'DescribeSecret', { SecretId: 's' })).toMatchObject({
      Description: 'new',
      KmsKeyId: KeyMetadata!.KeyId,
    });
    expect((await b.call('secretsmanager', 'ListSecretVersionIds', { SecretId: 's' })).Versions).toMatchObject([
      { KmsKeyIds: [KeyMetadata!.KeyId] },
    ]);
    const { VersionId } = await b.call('secretsmanager', 'UpdateSecret', { SecretId: 's', SecretString: '2' });
    expect(await b.call('secretsmanager', 'GetSecretValue', { SecretId: 's' })).toMatchObject({
      SecretString: '2',
      VersionId,
    });
    await b.call('kms', 'DisableKey', { KeyId: KeyMetadata!.KeyId });
    expect((await b.refused(b.call('secretsmanager', 'GetSecretValue', { SecretId: 's' }))).code).toBe(
      'DecryptionFailure',
    );
    const put = b.call('secretsmanager', 'PutSecretValue', { SecretId: 's', SecretString: '3' });
    expect((await b.refused(put)).code).toBe('EncryptionFailure');
  });
});

describe('deletion', () => {
  it('waits for the end of the recovery window, or does not', async () => {
    const b = bench();
    const { ARN } = await b.call('secretsmanager', 'CreateSecret', { Name: 's', SecretString: 'x' });
    const remove = (input: object = {}) => b.call('secretsmanager', 'DeleteSecret', { SecretId: 's', ...input });
    expect((await b.refused(remove({ RecoveryWindowInDays: 3 }))).code).toBe('InvalidParameterException');
    expect((await b.refused(remove({ RecoveryWindowInDays: 7, ForceDeleteWithoutRecovery: true }))).code).toBe(
      'InvalidParameterException',
    );
    expect(await remove({ RecoveryWindowInDays: 7 })).toEqual({
      ARN,
      Name: 's',
      DeletionDate: b.clock.now() + 7 * DAY,
    });
    expect(await b.refused(b.call('secretsmanager', 'GetSecretValue', { SecretId: 's' }))).toMatchObject({
      code: 'InvalidRequestException',
      message: "You can't perform this operation on the secret because it was marked for deletion.",
    });
    expect((await b.refused(remove())).code).toBe('InvalidRequestException');
    expect((await b.refused(b.call('secretsmanager', 'CreateSecret', { Name: 's' }))).message).toBe(
      "You can't create this secret because a secret with this name is already scheduled for deletion.",
    );
    expect((await b.call('secretsmanager', 'DescribeSecret', { SecretId: 's' })).DeletedDate).toBe(b.clock.now());
    expect((await b.call('secretsmanager', 'ListSecrets', {})).SecretList).toEqual([]);
    expect((await b.call('secretsmanager', 'ListSecrets', { IncludePlannedDeletion: true })).SecretList).toHaveLength(
      1,
    );
    await b.call('secretsmanager', 'RestoreSecret', { SecretId: 's' });
    expect((await b.call('secretsmanager', 'GetSecretValue', { SecretId: 's' })).SecretString).toBe('x');
    await remove({ RecoveryWindowInDays: 7 });
    b.clock.advance(7 * DAY);
    expect((await b.refused(b.call('secretsmanager', 'DescribeSecret', { SecretId: 's' }))).code).toBe(
      'ResourceNotFoundException',
    );
    const again = await b.call('secretsmanager', 'CreateSecret', { Name: 's' });
    expect(again.ARN).not.toBe(ARN);
    await remove({ ForceDeleteWithoutRecovery: true });
    await remove({ ForceDeleteWithoutRecovery: true });
    await b.call('secretsmanager', 'CreateSecret', { Name: 's' });
  });
});

describe('listing', () => {
  it('filters, sorts and pages', async () => {
    const b = bench();
    for (const [Name, Description, env] of [
      ['app/a', 'First thing', 'dev'],
      ['app/b', 'Second', 'prod'],
      ['other', 'third', 'dev'],
    ] as const) {
      await b.call('secretsmanager', 'CreateSecret', {
        Name,
        Description,
        SecretString: Name,
        Tags: [{ Key: 'env', Value: env }],
      });
      b.clock.advance(1000);
    }
    const list = async (
      Filters: { Key: 'name' | 'description' | 'tag-key' | 'tag-value' | 'all'; Values: string[] }[],
    ) =>
      (await b.call('secretsmanager', 'ListSecrets', { Filters, SortBy: 'name', SortOrder: 'asc' })).SecretList?.map(
        (s) => s.Name,
      );
    expect(await list([{ Key: 'name', Values: ['app/'] }])).toEqual(['app/a', 'app/b']);
    expect(await list([{ Key: 'name', Values: ['!app/'] }])).toEqual(['other']);
    expect(await list([{ Key: 'description', Values: ['SEC', 'thi'] }])).toEqual(['app/b', 'other']);
    expect(
      await list([
        { Key: 'tag-value', Values: ['dev'] },
        { Key: 'name', Values: ['app'] },
      ]),
    ).toEqual(['app/a']);
    expect(await list([{ Key: 'all', Values: ['first app'] }])).toEqual(['app/a']);
    const pages: string[] = [];
    let NextToken: string | undefined;
    do {
      const answer = await b.call('secretsmanager', 'ListSecrets', { MaxResults: 1, NextToken });
      pages.push(...answer.SecretList!.map((s) => s.Name!));
      NextToken = answer.NextToken;
    } while (NextToken !== undefined);
    expect(pages).toEqual(['other', 'app/b', 'app/a']);
    expect((await b.refused(b.call('secretsmanager', 'ListSecrets', { NextToken: 'x' }))).code).toBe(
      'InvalidNextTokenException',
    );
    const batch = await b.call('secretsmanager', 'BatchGetSecretValue', {
      Filters: [{ Key: 'name', Values: ['app/'] }],
      MaxResults: 1,
    });
    expect(batch.SecretValues).toMatchObject([{ SecretString: 'app/a' }]);
    expect(batch.NextToken).toBeDefined();
    const byId = await b.call('secretsmanager', 'BatchGetSecretValue', { SecretIdList: ['other', 'nope'] });
    expect(byId).toMatchObject({
      SecretValues: [{ Name: 'other' }],
      Errors: [{ SecretId: 'nope', ErrorCode: 'ResourceNotFoundException' }],
    });
    expect((await b.refused(b.call('secretsmanager', 'BatchGetSecretValue', {}))).code).toBe(
      'InvalidParameterException',
    );
  });
});

describe('GetRandomPassword', () => {
  it('keeps to what is asked', async () => {
    const b = bench();
    const make = async (input: object = {}) =>
      (await b.call('secretsmanager', 'GetRandomPassword', input)).RandomPassword!;
    expect(await make()).toHaveLength(32);
    for (let i = 0; i < 20; i++) {
      const password = await make({ PasswordLength: 4 });
      expect(password).toMatch(/[a-z]/);
      expect(password).toMatch(/[A-Z]/);
      expect(password).toMatch(/\d/);
      expect(password).toMatch(/[^a-zA-Z0-9]/);
    }
    expect(
      await make({ ExcludePunctuation: true, ExcludeUppercase: true, ExcludeNumbers: true, ExcludeCharacters: 'abc' }),
    ).toMatch(/^[d-z]{32}$/);
    expect((await b.refused(make({ PasswordLength: 3 }))).code).toBe('InvalidParameterException');
    expect(await make({ PasswordLength: 3, RequireEachIncludedType: false })).toHaveLength(3);
    const nothing = make({
      ExcludePunctuation: true,
      ExcludeUppercase: true,
      ExcludeNumbers: true,
      ExcludeLowercase: true,
    });
    expect((await b.refused(nothing)).code).toBe('InvalidParameterException');
    expect(JSON.stringify(b.trail())).not.toContain(await make());
  });
});
