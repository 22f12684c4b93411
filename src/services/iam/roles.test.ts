import { beforeEach, describe, expect, it } from 'vitest';
import { TEST_ACCOUNT } from '../../gateway/testing.ts';
import { allow, createIamBench, type IamBench, policy, trustPolicy } from './testing.ts';

const trust = trustPolicy({ Service: 'ecs-tasks.amazonaws.com' });
let bench: IamBench;

beforeEach(() => {
  bench = createIamBench();
});

describe('CreateRole and GetRole', () => {
  it('answer the role as IAM does, documents percent-encoded', async () => {
    const created = await bench.call('iam', 'CreateRole', {
      RoleName: 'app',
      Path: '/orders/',
      AssumeRolePolicyDocument: trust,
      Description: 'runs orders',
      MaxSessionDuration: 7200,
      Tags: [{ Key: 'env', Value: 'dev' }],
    });
    expect(created.Role).toMatchObject({
      RoleName: 'app',
      Path: '/orders/',
      Arn: `arn:aws:iam::${TEST_ACCOUNT}:role/orders/app`,
      Description: 'runs orders',
      MaxSessionDuration: 7200,
      Tags: [{ Key: 'env', Value: 'dev' }],
    });
    expect(created.Role.RoleId).toMatch(/^AROA[A-Z2-7]{17}$/);
    expect(created.Role.AssumeRolePolicyDocument).not.toMatch(/["{} *]/);
    expect(decodeURIComponent(created.Role.AssumeRolePolicyDocument!)).toBe(trust);
    const { Role } = await bench.call('iam', 'GetRole', { RoleName: 'app' });
    expect(Role).toEqual({ ...created.Role, RoleLastUsed: {} });
  });

  it('refuse what is there already, in any case, and what is not there', async () => {
    await bench.role('App');
    expect(await bench.refused(bench.role('app'))).toMatchObject({
      code: 'EntityAlreadyExistsException',
      message: 'Role with name app already exists.',
    });
    expect(await bench.refused(bench.call('iam', 'GetRole', { RoleName: 'other' }))).toMatchObject({
      code: 'NoSuchEntityException',
      message: 'The role with name other cannot be found.',
      status: 404,
    });
  });

  it('refuse a trust policy that AWS would not store', async () => {
    const create = (document: string) =>
      bench.refused(bench.call('iam', 'CreateRole', { RoleName: 'app', AssumeRolePolicyDocument: document }));
    expect(await create('{')).toMatchObject({ code: 'MalformedPolicyDocumentException' });
    expect(
      await create(policy({ Effect: 'Allow', Action: 'sts:AssumeRole', Principal: { AWS: '*' }, Resource: '*' })),
    ).toMatchObject({
      code: 'MalformedPolicyDocumentException',
      message: 'Has prohibited field Resource',
    });
    const long = trustPolicy({ AWS: Array.from({ length: 200 }, (_, n) => String(111122220000 + n)) });
    expect(await create(long)).toMatchObject({
      code: 'LimitExceededException',
      message: 'Cannot exceed quota for ACLSizePerRole: 2048',
    });
    expect(await create(trustPolicy({ AWS: `arn:aws:iam::${TEST_ACCOUNT}:user/nobody` }))).toMatchObject({
      code: 'MalformedPolicyDocumentException',
      message: `Invalid principal in policy: "AWS":"arn:aws:iam::${TEST_ACCOUNT}:user/nobody"`,
    });
  });

  it('ask for iam:CreateRole on the role with its path, and for iam:TagRole when tags come along', async () => {
    const caller = bench.roleSession('deployer', [
      {
        Version: '2012-10-17',
        Statement: {
          Effect: 'Allow',
          Action: 'iam:CreateRole',
          Resource: `arn:aws:iam::${TEST_ACCOUNT}:role/apps/*`,
          Condition: { 'ForAllValues:StringEquals': { 'aws:TagKeys': 'env' } },
        },
      },
    ]);
    const create = (Path: string, Tags?: { Key: string; Value: string }[]) =>
      bench.call(
        'iam',
        'CreateRole',
        { RoleName: 'x', Path, AssumeRolePolicyDocument: trust, ...(Tags === undefined ? {} : { Tags }) },
        { as: caller },
      );
    expect(await bench.refused(create('/'))).toMatchObject({
      code: 'AccessDenied',
      message: `User: ${caller.arn} is not authorized to perform: iam:CreateRole on resource: arn:aws:iam::${TEST_ACCOUNT}:role/x because no identity-based policy allows the iam:CreateRole action`,
    });
    const tagged = await bench.refused(create('/apps/', [{ Key: 'env', Value: 'dev' }]));
    expect(tagged.message).toContain('iam:TagRole');
    await create('/apps/');
  });

  it('let a policy demand a boundary', async () => {
    const { Policy } = await bench.call('iam', 'CreatePolicy', { PolicyName: 'b', PolicyDocument: allow('s3:*') });
    const PermissionsBoundary = Policy!.Arn!;
    const caller = bench.roleSession('deployer', [
      policy({
        Effect: 'Allow',
        Action: 'iam:*',
        Resource: '*',
        Condition: { StringEquals: { 'iam:PermissionsBoundary': PermissionsBoundary } },
      }),
    ]);
    const create = (input: { PermissionsBoundary?: string }) =>
      bench.call('iam', 'CreateRole', { RoleName: 'x', AssumeRolePolicyDocument: trust, ...input }, { as: caller });
    expect(await bench.refused(create({}))).toMatchObject({ code: 'AccessDenied' });
    const { Role } = await create({ PermissionsBoundary });
    expect(Role.PermissionsBoundary?.PermissionsBoundaryArn).toBe(PermissionsBoundary);
    // The same key guards later changes of that role, by the boundary it has.
    await bench.call(
      'iam',
      'PutRolePolicy',
      { RoleName: 'x', PolicyName: 'p', PolicyDocument: allow('s3:*') },
      { as: caller },
    );
    await bench.role('free');
    const put = bench.call(
      'iam',
      'PutRolePolicy',
      { RoleName: 'free', PolicyName: 'p', PolicyDocument: allow('s3:*') },
      { as: caller },
    );
    expect(await bench.refused(put)).toMatchObject({ code: 'AccessDenied' });
  });
});

describe('ListRoles', () => {
  it('pages by marker and filters by path', async () => {
    for (const name of ['c', 'a', 'b']) await bench.role(name);
    await bench.call('iam', 'CreateRole', { RoleName: 'd', Path: '/x/', AssumeRolePolicyDocument: trust });
    const first = await bench.call('iam', 'ListRoles', { MaxItems: 3 });
    expect(first.Roles.map(({ RoleName }) => RoleName)).toEqual(['a', 'b', 'c']);
    expect(first.IsTruncated).toBe(true);
    const second = await bench.call('iam', 'ListRoles', { MaxItems: 3, Marker: first.Marker });
    expect(second).toMatchObject({ IsTruncated: false, Roles: [{ RoleName: 'd' }] });
    expect(second.Marker).toBeUndefined();
    const byPath = await bench.call('iam', 'ListRoles', { PathPrefix: '/x/' });
    expect(byPath.Roles.map(({ RoleName }) => RoleName)).toEqual(['d']);
    expect(await bench.refused(bench.call('iam', 'ListRoles', { Marker: 'junk' }))).toMatchObject({
      code: 'ValidationError',
    });
  });
});

describe('UpdateRole, UpdateRoleDescription and UpdateAssumeRolePolicy', () => {
  it('change what they say', async () => {
    await bench.role('app');
    await bench.call('iam', 'UpdateRole', { RoleName: 'app', Description: 'd1', MaxSessionDuration: 7200 });
    expect((await bench.call('iam', 'GetRole', { RoleName: 'app' })).Role).toMatchObject({
      Description: 'd1',
      MaxSessionDuration: 7200,
    });
    const { Role } = await bench.call('iam', 'UpdateRoleDescription', { RoleName: 'app', Description: 'd2' });
    expect(Role).toMatchObject({ Description: 'd2', MaxSessionDuration: 7200 });
    const changed = trustPolicy({ Service: 'ec2.amazonaws.com' });
    await bench.call('iam', 'UpdateAssumeRolePolicy', { RoleName: 'app', PolicyDocument: changed });
    const { Role: after } = await bench.call('iam', 'GetRole', { RoleName: 'app' });
    expect(decodeURIComponent(after.AssumeRolePolicyDocument!)).toBe(changed);
  });
});

describe('DeleteRole', () => {
  it('refuses while something hangs on the role, and forgets it then', async () => {
    await bench.role('app');
    const PolicyArn = 'arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess';
    await bench.call('iam', 'AttachRolePolicy', { RoleName: 'app', PolicyArn });
    await bench.call('iam', 'PutRolePolicy', { RoleName: 'app', PolicyName: 'p', PolicyDocument: allow('s3:*') });
    await bench.call('iam', 'CreateInstanceProfile', { InstanceProfileName: 'profile' });
    await bench.call('iam', 'AddRoleToInstanceProfile', { InstanceProfileName: 'profile', RoleName: 'app' });
    const conflict = async () => {
      const { code, message } = await bench.refused(bench.call('iam', 'DeleteRole', { RoleName: 'app' }));
      expect(code).toBe('DeleteConflictException');
      return message;
    };
    expect(await conflict()).toBe('Cannot delete entity, must remove roles from instance profile first.');
    await bench.call('iam', 'RemoveRoleFromInstanceProfile', { InstanceProfileName: 'profile', RoleName: 'app' });
    expect(await conflict()).toBe('Cannot delete entity, must detach all policies first.');
    await bench.call('iam', 'DetachRolePolicy', { RoleName: 'app', PolicyArn });
    expect(await conflict()).toBe('Cannot delete entity, must delete policies first.');
    await bench.call('iam', 'DeleteRolePolicy', { RoleName: 'app', PolicyName: 'p' });
    await bench.call('iam', 'DeleteRole', { RoleName: 'app' });
    expect(await bench.refused(bench.call('iam', 'GetRole', { RoleName: 'app' }))).toMatchObject({
      code: 'NoSuchEntityException',
    });
  });
});

describe('a trust policy', () => {
  it('keeps the unique id of a user: a later user of the same name is shown as gone', async () => {
    const user = await bench.user('ann');
    const arn = `arn:aws:iam::${TEST_ACCOUNT}:user/ann`;
    await bench.role('app', trustPolicy({ AWS: arn }));
    const shown = async () => {
      const { Role } = await bench.call('iam', 'GetRole', { RoleName: 'app' });
      return JSON.parse(decodeURIComponent(Role.AssumeRolePolicyDocument!)).Statement[0].Principal.AWS as string;
    };
    expect(await shown()).toBe(arn);
    const { AccessKeyMetadata } = await bench.call('iam', 'ListAccessKeys', { UserName: 'ann' });
    await bench.call('iam', 'DeleteAccessKey', { UserName: 'ann', AccessKeyId: AccessKeyMetadata[0]!.AccessKeyId! });
    await bench.call('iam', 'DeleteUser', { UserName: 'ann' });
    const id = user.type === 'user' ? user.userId : '';
    expect(await shown()).toBe(id);
    const again = await bench.user('ann', allow('sts:AssumeRole'));
    expect(await shown()).toBe(id);
    const assume = bench.call(
      'sts',
      'AssumeRole',
      { RoleArn: `arn:aws:iam::${TEST_ACCOUNT}:role/app`, RoleSessionName: 'ss' },
      { as: again },
    );
    expect(await bench.refused(assume)).toMatchObject({ code: 'AccessDenied' });
  });

  it('may name principals of accounts that are not held here', async () => {
    await bench.role('app', trustPolicy({ AWS: 'arn:aws:iam::123456789012:role/their-role' }));
  });
});
