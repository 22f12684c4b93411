import { describe, expect, it } from 'vitest';
import { createTestBench } from '../../gateway/testing.ts';
import { kmsService } from '../kms/index.ts';
import { secretsmanagerService } from './index.ts';

const bench = () => createTestBench([secretsmanagerService, kmsService]);
const policy = (...Statement: object[]) => ({ Version: '2012-10-17', Statement });
const allow = (Action: string | string[], Resource: string | string[] = '*', more: object = {}) => ({
  Effect: 'Allow',
  Action,
  Resource,
  ...more,
});
const base = 'arn:aws:secretsmanager:eu-west-1:000000000000:secret:';
const refusal = (who: string, action: string, resource: string) =>
  `User: ${who} is not authorized to perform: secretsmanager:${action}${resource} because no identity-based policy allows the secretsmanager:${action} action`;

describe('authorization of secrets', () => {
  it('is against the full ARN, however the secret was named; refusals name it as the request did', async () => {
    const b = bench();
    const { ARN } = await b.call('secretsmanager', 'CreateSecret', { Name: 'app/db', SecretString: 'x' });
    const get = (SecretId: string, Resource: string) =>
      b.call(
        'secretsmanager',
        'GetSecretValue',
        { SecretId },
        { as: b.roleSession('app', [policy(allow('secretsmanager:GetSecretValue', Resource))]) },
      );
    for (const SecretId of ['app/db', ARN!, `${base}app/db`]) {
      await get(SecretId, `${base}app/db-??????`);
      await get(SecretId, ARN!);
      // The ARN without its suffix is another resource.
      await b.refused(get(SecretId, `${base}app/db`));
    }
    const nobody = b.roleSession('nobody', []);
    for (const SecretId of ['app/db', 'unknown', ARN!]) {
      const error = await b.refused(b.call('secretsmanager', 'GetSecretValue', { SecretId }, { as: nobody }));
      expect(error.message).toBe(refusal(nobody.arn, 'GetSecretValue', ` on resource: ${SecretId}`));
    }
    expect(b.trail().at(-1)?.checks[0]?.resource).toBe(ARN);
    // A name that is not there makes an ARN without suffix.
    await b.refused(get('unknown', `${base}unknown-??????`));
    expect((await b.refused(get('unknown', `${base}unknown*`))).code).toBe('ResourceNotFoundException');
  });

  it('names no resource where an action has none', async () => {
    const b = bench();
    const nobody = b.roleSession('nobody', []);
    expect((await b.refused(b.call('secretsmanager', 'ListSecrets', {}, { as: nobody }))).message).toBe(
      refusal(nobody.arn, 'ListSecrets', ''),
    );
  });

  it('asks for CreateSecret by name, and for TagResource when there are tags', async () => {
    const b = bench();
    const role = b.roleSession('app', [policy(allow('secretsmanager:CreateSecret', `${base}dev/*`))]);
    const create = (Name: string, more: object = {}) =>
      b.call('secretsmanager', 'CreateSecret', { Name, ...more }, { as: role });
    await create('dev/one');
    expect((await b.refused(create('prod/one'))).message).toBe(
      refusal(role.arn, 'CreateSecret', ' on resource: prod/one'),
    );
    expect((await b.refused(create('dev/two', { Tags: [{ Key: 'a', Value: 'b' }] }))).message).toContain(
      'secretsmanager:TagResource',
    );
    const byKey = b.roleSession('k', [
      policy(allow('secretsmanager:CreateSecret', '*', { Condition: { Null: { 'secretsmanager:KmsKeyId': 'true' } } })),
    ]);
    await b.call('secretsmanager', 'CreateSecret', { Name: 'n' }, { as: byKey });
    await b.refused(b.call('secretsmanager', 'CreateSecret', { Name: 'm', KmsKeyId: 'alias/x' }, { as: byKey }));
  });

  it('offers its condition keys', async () => {
    const b = bench();
    await b.call('secretsmanager', 'CreateSecret', {
      Name: 's',
      SecretString: 'x',
      Tags: [{ Key: 'team', Value: 'a' }],
    });
    const role = (Condition: object) => b.roleSession('r', [policy(allow('secretsmanager:*', '*', { Condition }))]);
    const get = (Condition: object, more: object = {}) =>
      b.call('secretsmanager', 'GetSecretValue', { SecretId: 's', ...more }, { as: role(Condition) });
    await get({ StringEquals: { 'secretsmanager:ResourceTag/team': 'a' } });
    await get({ StringEquals: { 'aws:ResourceTag/team': 'a' } });
    await get({ ArnLike: { 'secretsmanager:SecretId': `${base}s-*` } });
    const current = { StringEquals: { 'secretsmanager:VersionStage': 'AWSCURRENT' } };
    await get(current, { VersionStage: 'AWSCURRENT' });
    await b.refused(get(current));
    const remove = (Condition: object, more: object) =>
      b.call('secretsmanager', 'DeleteSecret', { SecretId: 's', ...more }, { as: role(Condition) });
    const gentle = { Bool: { 'secretsmanager:ForceDeleteWithoutRecovery': 'false' } };
    await b.refused(remove(gentle, { ForceDeleteWithoutRecovery: true }));
    const slow = { NumericGreaterThanEquals: { 'secretsmanager:RecoveryWindowInDays': '14' } };
    await b.refused(remove(slow, { RecoveryWindowInDays: 7 }));
    await remove(slow, { RecoveryWindowInDays: 14 });
  });

  it('reports each secret of a batch apart', async () => {
    const b = bench();
    const { ARN } = await b.call('secretsmanager', 'CreateSecret', { Name: 'mine', SecretString: 'x' });
    await b.call('secretsmanager', 'CreateSecret', { Name: 'theirs', SecretString: 'x' });
    const role = b.roleSession('app', [
      policy(allow('secretsmanager:BatchGetSecretValue'), allow('secretsmanager:GetSecretValue', ARN)),
    ]);
    const batch = await b.call(
      'secretsmanager',
      'BatchGetSecretValue',
      { SecretIdList: ['mine', 'theirs'] },
      { as: role },
    );
    expect(batch).toMatchObject({
      SecretValues: [{ Name: 'mine' }],
      Errors: [{ SecretId: 'theirs', ErrorCode: 'AccessDeniedException' }],
    });
    const filtered = b.call(
      'secretsmanager',
      'BatchGetSecretValue',
      { Filters: [{ Key: 'name', Values: ['m'] }] },
      { as: role },
    );
    expect((await b.refused(filtered)).message).toContain('secretsmanager:ListSecrets');
  });

  it('authorizes rotation before saying that it is not served', async () => {
    const b = bench();
    await b.call('secretsmanager', 'CreateSecret', { Name: 's', SecretString: 'x' });
    const nobody = b.roleSession('nobody', []);
    expect((await b.refused(b.call('secretsmanager', 'RotateSecret', { SecretId: 's' }, { as: nobody }))).code).toBe(
      'AccessDeniedException',
    );
    expect((await b.refused(b.call('secretsmanager', 'RotateSecret', { SecretId: 's' }))).message).toContain(
      'RotateSecret',
    );
  });
});

describe('KMS', () => {
  it('needs kms:Decrypt under a customer key, and says only that access is not allowed', async () => {
    const b = bench();
    const { KeyMetadata } = await b.call('kms', 'CreateKey', {});
    const { ARN } = await b.call('secretsmanager', 'CreateSecret', {
      Name: 's',
      SecretString: 'x',
      KmsKeyId: KeyMetadata!.Arn,
    });
    const read = policy(allow('secretsmanager:GetSecretValue'));
    const get = (...documents: object[]) =>
      b.call('secretsmanager', 'GetSecretValue', { SecretId: 's' }, { as: b.roleSession('app', [read, ...documents]) });
    expect(await b.refused(get())).toMatchObject({
      code: 'AccessDeniedException',
      message: 'Access to KMS is not allowed',
    });
    const decrypt = b.trail().at(-1);
    expect(decrypt).toMatchObject({ service: 'kms', operation: 'Decrypt', outcome: 'denied' });
    expect(decrypt?.checks[0]?.resource).toBe(KeyMetadata!.Arn);
    const viaSecrets = {
      StringEquals: {
        'kms:ViaService': 'secretsmanager.eu-west-1.amazonaws.com',
        'kms:EncryptionContext:SecretARN': ARN,
      },
    };
    await get(policy(allow('kms:Decrypt', KeyMetadata!.Arn, { Condition: viaSecrets })));
    const creator = b.roleSession('creator', [policy(allow(['secretsmanager:CreateSecret', 'kms:GenerateDataKey']))]);
    const create = b.call(
      'secretsmanager',
      'CreateSecret',
      { Name: 'n', SecretString: 'x', KmsKeyId: KeyMetadata!.Arn },
      { as: creator },
    );
    expect((await b.refused(create)).message).toBe('Access to KMS is not allowed');
  });

  it('leaves the default key to everyone of the account, and to nobody else', async () => {
    const b = bench();
    const { ARN } = await b.call('secretsmanager', 'CreateSecret', { Name: 's', SecretString: 'x' });
    const role = b.roleSession('app', [policy(allow('secretsmanager:GetSecretValue'))]);
    await b.call('secretsmanager', 'GetSecretValue', { SecretId: 's' }, { as: role });
    await b.call('secretsmanager', 'PutResourcePolicy', {
      SecretId: 's',
      ResourcePolicy: JSON.stringify(
        policy({
          Effect: 'Allow',
          Principal: { AWS: '111111111111' },
          Action: 'secretsmanager:GetSecretValue',
          Resource: '*',
        }),
      ),
    });
    const stranger = b.roleSession('app', [policy(allow(['secretsmanager:*', 'kms:*']))], { account: '111111111111' });
    expect(
      (await b.refused(b.call('secretsmanager', 'GetSecretValue', { SecretId: ARN! }, { as: stranger }))).message,
    ).toBe('Access to KMS is not allowed');
  });
});

describe('resource policies', () => {
  it('grant to those they name, and deny', async () => {
    const b = bench();
    await b.call('secretsmanager', 'CreateSecret', { Name: 's', SecretString: 'x' });
    const put = (...Statement: object[]) =>
      b.call('secretsmanager', 'PutResourcePolicy', {
        SecretId: 's',
        ResourcePolicy: JSON.stringify(policy(...Statement)),
      });
    const role = b.roleSession('app', []);
    const get = () => b.call('secretsmanager', 'GetSecretValue', { SecretId: 's' }, { as: role });
    await b.refused(get());
    await put({
      Effect: 'Allow',
      Principal: { AWS: role.roleArn },
      Action: 'secretsmanager:GetSecretValue',
      Resource: '*',
    });
    await get();
    expect((await b.call('secretsmanager', 'GetResourcePolicy', { SecretId: 's' })).ResourcePolicy).toContain(
      role.roleArn,
    );
    await put({ Effect: 'Deny', Principal: '*', Action: 'secretsmanager:GetSecretValue', Resource: '*' });
    expect((await b.refused(get())).message).toBe(
      `User: ${role.arn} is not authorized to perform: secretsmanager:GetSecretValue on resource: s with an explicit deny in a resource-based policy`,
    );
    await b.call('secretsmanager', 'DeleteResourcePolicy', { SecretId: 's' });
    expect(await b.call('secretsmanager', 'GetResourcePolicy', { SecretId: 's' })).not.toHaveProperty('ResourcePolicy');
  });

  it('are checked for syntax, and for openness when asked', async () => {
    const b = bench();
    await b.call('secretsmanager', 'CreateSecret', { Name: 's', SecretString: 'x' });
    const open = JSON.stringify(
      policy({ Effect: 'Allow', Principal: '*', Action: 'secretsmanager:GetSecretValue', Resource: '*' }),
    );
    const bound = JSON.stringify(
      policy({
        Effect: 'Allow',
        Principal: '*',
        Action: 'secretsmanager:GetSecretValue',
        Resource: '*',
        Condition: { StringEquals: { 'aws:PrincipalAccount': '111111111111' } },
      }),
    );
    const put = (ResourcePolicy: string) =>
      b.call('secretsmanager', 'PutResourcePolicy', { SecretId: 's', ResourcePolicy, BlockPublicPolicy: true });
    expect((await b.refused(put('{'))).code).toBe('MalformedPolicyDocumentException');
    expect((await b.refused(put(open))).code).toBe('PublicPolicyException');
    await put(bound);
    const validate = (ResourcePolicy: string) => b.call('secretsmanager', 'ValidateResourcePolicy', { ResourcePolicy });
    expect(await validate(bound)).toEqual({ PolicyValidationPassed: true, ValidationErrors: [] });
    expect((await validate(open)).PolicyValidationPassed).toBe(false);
    expect((await validate('{}')).PolicyValidationPassed).toBe(false);
  });
});

describe('tags', () => {
  it('are added and removed', async () => {
    const b = bench();
    await b.call('secretsmanager', 'CreateSecret', { Name: 's' });
    await b.call('secretsmanager', 'TagResource', {
      SecretId: 's',
      Tags: [
        { Key: 'a', Value: '1' },
        { Key: 'b', Value: '2' },
      ],
    });
    await b.call('secretsmanager', 'UntagResource', { SecretId: 's', TagKeys: ['a'] });
    expect((await b.call('secretsmanager', 'DescribeSecret', { SecretId: 's' })).Tags).toEqual([
      { Key: 'b', Value: '2' },
    ]);
  });
});
