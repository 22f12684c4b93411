import { describe, expect, it } from 'vitest';
import { createTestBench } from '../../gateway/testing.ts';
import { kmsService } from '../kms/index.ts';
import { secretsmanagerService } from '../secretsmanager/index.ts';
import { ssmService } from './index.ts';

const bench = () => createTestBench([ssmService, kmsService]);
const policy = (...Statement: object[]) => ({ Version: '2012-10-17', Statement });
const allow = (Action: string | string[], Resource: string | string[] = '*', more: object = {}) => ({
  Effect: 'Allow',
  Action,
  Resource,
  ...more,
});
const arnOf = (name: string) => `arn:aws:ssm:eu-west-1:000000000000:parameter${name}`;

describe('authorization of parameters', () => {
  it('is per name, and names the first that is refused', async () => {
    const b = bench();
    for (const Name of ['/a', '/b']) await b.call('ssm', 'PutParameter', { Name, Value: 'x', Type: 'String' });
    const role = b.roleSession('app', [policy(allow('ssm:GetParameters', arnOf('/a')))]);
    const get = (...Names: string[]) => b.call('ssm', 'GetParameters', { Names }, { as: role });
    expect((await get('/a')).Parameters).toHaveLength(1);
    expect(await b.refused(get('/a', '/b', '/c'))).toMatchObject({
      code: 'AccessDeniedException',
      message: `User: ${role.arn} is not authorized to perform: ssm:GetParameters on resource: ${arnOf('/b')} because no identity-based policy allows the ssm:GetParameters action`,
    });
    const single = b.roleSession('app', [policy(allow('ssm:GetParameter'))]);
    await b.refused(b.call('ssm', 'GetParameters', { Names: ['/a'] }, { as: single }));
    expect(await b.call('ssm', 'GetParameters', { Names: ['/a', '/nope', '/a:7'] })).toMatchObject({
      Parameters: [{ Name: '/a' }],
      InvalidParameters: ['/nope', '/a:7'],
    });
  });

  it('writes names into ARNs as AWS does', async () => {
    const b = bench();
    const role = b.roleSession('app', []);
    const resource = async (Name: string) => {
      await b.refused(b.call('ssm', 'GetParameter', { Name }, { as: role }));
      return b.trail().at(-1)?.checks[0]?.resource;
    };
    expect(await resource('/a/b')).toBe(arnOf('/a/b'));
    expect(await resource('plain')).toBe(arnOf('/plain'));
    expect(await resource('/a/b:3')).toBe(arnOf('/a/b'));
    expect(await resource(`${arnOf('/a/b')}:label`)).toBe(arnOf('/a/b'));
    const document = 'arn:aws:ssm:eu-west-1:000000000000:document/x';
    expect(await resource(document)).toBe(document);
    expect(await resource('not/qualified')).toBe('arn:aws:ssm:eu-west-1:000000000000:*');
  });

  it('asks for the path of GetParametersByPath, as it was written', async () => {
    const b = bench();
    const role = b.roleSession('app', [
      policy(allow('ssm:GetParametersByPath', arnOf('/app/*'), { Condition: { Bool: { 'ssm:Recursive': 'false' } } })),
    ]);
    const get = (Path: string, Recursive = false) =>
      b.call('ssm', 'GetParametersByPath', { Path, Recursive }, { as: role });
    await get('/app/');
    await get('/app/deep');
    await b.refused(get('/app'));
    await b.refused(get('/app/', true));
  });

  it('offers tags, ssm:Overwrite and both checks of tagging on creation', async () => {
    const b = bench();
    await b.call('ssm', 'PutParameter', {
      Name: '/t',
      Value: 'x',
      Type: 'String',
      Tags: [{ Key: 'team', Value: 'a' }],
    });
    const byTag = (key: string) =>
      b.roleSession('r', [policy(allow('ssm:GetParameter', '*', { Condition: { StringEquals: { [key]: 'a' } } }))]);
    await b.call('ssm', 'GetParameter', { Name: '/t' }, { as: byTag('aws:ResourceTag/team') });
    await b.call('ssm', 'GetParameter', { Name: '/t' }, { as: byTag('ssm:resourceTag/team') });
    await b.refused(b.call('ssm', 'GetParameter', { Name: '/t' }, { as: byTag('ssm:resourceTag/other') }));
    const creator = b.roleSession('c', [
      policy(allow('ssm:PutParameter', '*', { Condition: { StringEquals: { 'ssm:Overwrite': 'false' } } })),
    ]);
    const put = (more: object) =>
      b.call('ssm', 'PutParameter', { Name: '/n', Value: 'x', Type: 'String', ...more }, { as: creator });
    await b.refused(put({ Overwrite: true }));
    expect((await b.refused(put({ Tags: [{ Key: 'a', Value: 'b' }] }))).message).toContain('ssm:AddTagsToResource');
    await put({});
    const describer = b.roleSession('d', [
      policy(allow('ssm:DescribeParameters', 'arn:aws:ssm:eu-west-1:000000000000:*')),
    ]);
    await b.call('ssm', 'DescribeParameters', {}, { as: describer });
  });

  it('keeps other accounts out', async () => {
    const b = bench();
    await b.call('ssm', 'PutParameter', { Name: '/a', Value: 'x', Type: 'String' });
    const stranger = b.roleSession('app', [policy(allow('ssm:*'))], { account: '111111111111' });
    await b.refused(b.call('ssm', 'GetParameter', { Name: arnOf('/a') }, { as: stranger }));
    expect((await b.refused(b.call('ssm', 'GetParameter', { Name: '/a' }, { as: stranger }))).code).toBe(
      'ParameterNotFound',
    );
  });
});

describe('SecureString', () => {
  it('is sealed under aws/ssm, which every principal of the account may use through Parameter Store', async () => {
    const b = bench();
    const role = b.roleSession('app', [policy(allow(['ssm:PutParameter', 'ssm:GetParameter']))]);
    await b.call('ssm', 'PutParameter', { Name: '/s', Value: 'hush-hush', Type: 'SecureString' }, { as: role });
    const sealed = await b.call('ssm', 'GetParameter', { Name: '/s' }, { as: role });
    expect(sealed.Parameter?.Value).not.toContain('hush');
    expect(sealed.Parameter?.Value).toMatch(/^AQICAH/);
    const opened = await b.call('ssm', 'GetParameter', { Name: '/s', WithDecryption: true }, { as: role });
    expect(opened.Parameter?.Value).toBe('hush-hush');
    const decrypt = b
      .trail()
      .filter((entry) => entry.service === 'kms')
      .at(-1);
    expect(decrypt).toMatchObject({ operation: 'Decrypt', principalArn: role.arn, outcome: 'allowed' });
    expect(decrypt?.cloudTrail).toMatchObject({ sourceIPAddress: 'ssm.amazonaws.com' });
    expect(JSON.stringify(b.trail())).not.toContain('hush-hush');
    expect(JSON.stringify(b.trail())).not.toContain(sealed.Parameter!.Value);
  });

  it('needs kms:Decrypt under a customer key, and passes the refusal of KMS on', async () => {
    const b = bench();
    const { KeyMetadata } = await b.call('kms', 'CreateKey', {});
    const { Arn, KeyId } = KeyMetadata!;
    await b.call('kms', 'CreateAlias', { AliasName: 'alias/app', TargetKeyId: KeyId });
    await b.call('ssm', 'PutParameter', { Name: '/s', Value: 'v', Type: 'SecureString', KeyId: 'alias/app' });
    const read = policy(allow(['ssm:GetParameter', 'ssm:GetParameters']));
    const without = b.roleSession('without', [read]);
    const error = await b.refused(
      b.call('ssm', 'GetParameters', { Names: ['/s'], WithDecryption: true }, { as: without }),
    );
    expect(error.code).toBe('AccessDeniedException');
    expect(error.message).toMatch(
      new RegExp(
        `^User: ${without.arn} is not authorized to perform: kms:Decrypt on resource: ${Arn} because no identity-based policy allows the kms:Decrypt action \\(Service: AWSKMS; Status Code: 400; Error Code: AccessDeniedException; Request ID: [0-9a-f-]{36}; Proxy: null\\)$`,
      ),
    );
    await b.call('ssm', 'GetParameters', { Names: ['/s'] }, { as: without });
    const withKey = b.roleSession('with', [
      read,
      policy(
        allow('kms:Decrypt', Arn, {
          Condition: {
            StringEquals: {
              'kms:ViaService': 'ssm.eu-west-1.amazonaws.com',
              'kms:EncryptionContext:PARAMETER_ARN': arnOf('/s'),
            },
          },
        }),
      ),
    ]);
    const opened = await b.call('ssm', 'GetParameters', { Names: ['/s'], WithDecryption: true }, { as: withKey });
    expect(opened.Parameters).toMatchObject([{ Value: 'v' }]);
  });

  it('answers InvalidKeyId for keys that are missing or disabled', async () => {
    const b = bench();
    const put = (KeyId: string) =>
      b.call('ssm', 'PutParameter', { Name: '/s', Value: 'v', Type: 'SecureString', KeyId, Overwrite: true });
    const missing = await b.refused(put('alias/nope'));
    expect(missing.code).toBe('InvalidKeyId');
    expect(missing.message).toMatch(
      /^Alias arn:aws:kms:eu-west-1:000000000000:alias\/nope is not found\. \(Service: AWSKMS; Status Code: 400; Error Code: NotFoundException; /,
    );
    const { KeyMetadata } = await b.call('kms', 'CreateKey', {});
    await put(KeyMetadata!.KeyId);
    await b.call('kms', 'DisableKey', { KeyId: KeyMetadata!.KeyId });
    const disabled = b.call('ssm', 'GetParameter', { Name: '/s', WithDecryption: true });
    expect(await b.refused(disabled)).toMatchObject({ code: 'InvalidKeyId' });
  });

  it('uses a data key for advanced parameters', async () => {
    const b = bench();
    const Value = 'y'.repeat(6000);
    await b.call('ssm', 'PutParameter', { Name: '/s', Value, Type: 'SecureString', Tier: 'Advanced' });
    expect(b.trail().some((entry) => entry.operation === 'GenerateDataKey')).toBe(true);
    const opened = await b.call('ssm', 'GetParameter', { Name: '/s', WithDecryption: true });
    expect(opened.Parameter?.Value).toBe(Value);
    const history = await b.call('ssm', 'GetParameterHistory', { Name: '/s', WithDecryption: true });
    expect(history.Parameters).toMatchObject([{ Value, KeyId: 'alias/aws/ssm', Tier: 'Advanced' }]);
  });
});

describe('references to secrets', () => {
  it('need the permission of the secret as well', async () => {
    const b = createTestBench([ssmService, kmsService, secretsmanagerService]);
    await b.call('secretsmanager', 'CreateSecret', { Name: 'app/db', SecretString: 'hush-hush' });
    const Name = '/aws/reference/secretsmanager/app/db';
    const ssm = policy(allow('ssm:GetParameter*', arnOf(Name)));
    const both = b.roleSession('both', [ssm, policy(allow('secretsmanager:GetSecretValue'))]);
    const get = (as = both, WithDecryption = true) => b.call('ssm', 'GetParameter', { Name, WithDecryption }, { as });
    expect((await get()).Parameter).toMatchObject({ Name, Value: 'hush-hush', Type: 'SecureString', Version: 0 });
    expect((await b.refused(get(b.roleSession('one', [ssm])))).message).toContain('secretsmanager:GetSecretValue');
    expect((await b.refused(get(both, false))).code).toBe('ValidationException');
    const names = [Name, '/aws/reference/secretsmanager/nope'];
    expect(await b.call('ssm', 'GetParameters', { Names: names, WithDecryption: true })).toMatchObject({
      Parameters: [{ Value: 'hush-hush' }],
      InvalidParameters: [names[1]],
    });
    const nope = b.call('ssm', 'GetParameter', { Name: names[1]!, WithDecryption: true });
    expect((await b.refused(nope)).code).toBe('ParameterNotFound');
    expect(JSON.stringify(b.trail())).not.toContain('hush-hush');
  });
});
