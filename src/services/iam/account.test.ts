import { beforeEach, describe, expect, it } from 'vitest';
import { TEST_ACCOUNT } from '../../gateway/testing.ts';
import { allow, createIamBench, type IamBench } from './testing.ts';

let bench: IamBench;

beforeEach(() => {
  bench = createIamBench();
});

describe('account aliases', () => {
  it('there is one, a new one replaces it', async () => {
    const list = async () => (await bench.call('iam', 'ListAccountAliases', {})).AccountAliases;
    expect(await list()).toEqual([]);
    await bench.call('iam', 'CreateAccountAlias', { AccountAlias: 'first' });
    await bench.call('iam', 'CreateAccountAlias', { AccountAlias: 'second' });
    expect(await list()).toEqual(['second']);
    expect(await bench.refused(bench.call('iam', 'DeleteAccountAlias', { AccountAlias: 'first' }))).toMatchObject({
      code: 'NoSuchEntityException',
    });
    await bench.call('iam', 'DeleteAccountAlias', { AccountAlias: 'second' });
    expect(await list()).toEqual([]);
  });

  it('belongs to one account', async () => {
    await bench.call('iam', 'CreateAccountAlias', { AccountAlias: 'mine' });
    const other = bench.call(
      'iam',
      'CreateAccountAlias',
      { AccountAlias: 'mine' },
      { as: { type: 'root', account: '111122223333' } },
    );
    expect(await bench.refused(other)).toMatchObject({
      code: 'EntityAlreadyExistsException',
      message: 'The account alias mine already exists.',
    });
  });
});

describe('GetAccountSummary', () => {
  it('counts what there is', async () => {
    await bench.role('app');
    await bench.call('iam', 'CreateUser', { UserName: 'u' });
    const { Policy } = await bench.call('iam', 'CreatePolicy', { PolicyName: 'p', PolicyDocument: allow('s3:*') });
    await bench.call('iam', 'CreatePolicyVersion', { PolicyArn: Policy!.Arn!, PolicyDocument: allow('sqs:*') });
    expect((await bench.call('iam', 'GetAccountSummary', {})).SummaryMap).toMatchObject({
      Users: 1,
      Roles: 1,
      Groups: 0,
      Policies: 1,
      PolicyVersionsInUse: 2,
      PolicySizeQuota: 6144,
    });
  });
});

describe('GetAccountAuthorizationDetails', () => {
  it('shows every entity with its policies, in pages and by type', async () => {
    const { Policy } = await bench.call('iam', 'CreatePolicy', { PolicyName: 'p', PolicyDocument: allow('s3:*') });
    const PolicyArn = Policy!.Arn!;
    await bench.role('app');
    await bench.call('iam', 'AttachRolePolicy', { RoleName: 'app', PolicyArn });
    await bench.call('iam', 'AttachRolePolicy', {
      RoleName: 'app',
      PolicyArn: 'arn:aws:iam::aws:policy/AmazonSQSReadOnlyAccess',
    });
    await bench.call('iam', 'PutRolePolicy', { RoleName: 'app', PolicyName: 'i', PolicyDocument: allow('sqs:*') });
    await bench.call('iam', 'CreateInstanceProfile', { InstanceProfileName: 'profile' });
    await bench.call('iam', 'AddRoleToInstanceProfile', { InstanceProfileName: 'profile', RoleName: 'app' });
    await bench.call('iam', 'CreateGroup', { GroupName: 'Group' });
    await bench.call('iam', 'CreateUser', { UserName: 'u' });
    await bench.call('iam', 'AddUserToGroup', { GroupName: 'Group', UserName: 'u' });

    const all = await bench.call('iam', 'GetAccountAuthorizationDetails', {});
    expect(all).toMatchObject({
      IsTruncated: false,
      UserDetailList: [{ UserName: 'u', GroupList: ['Group'] }],
      GroupDetailList: [{ GroupName: 'Group' }],
      RoleDetailList: [
        {
          RoleName: 'app',
          AttachedManagedPolicies: [{ PolicyName: 'p', PolicyArn }, { PolicyName: 'AmazonSQSReadOnlyAccess' }],
          RolePolicyList: [
            { PolicyName: 'i', PolicyDocument: encodeURIComponent(allow('sqs:*')).replaceAll('*', '%2A') },
          ],
          InstanceProfileList: [{ InstanceProfileName: 'profile' }],
        },
      ],
      Policies: [
        { PolicyName: 'p', AttachmentCount: 1, PolicyVersionList: [{ VersionId: 'v1', IsDefaultVersion: true }] },
        { PolicyName: 'AmazonSQSReadOnlyAccess' },
      ],
    });
    const roles = await bench.call('iam', 'GetAccountAuthorizationDetails', { Filter: ['Role'] });
    expect(roles).toMatchObject({ UserDetailList: [], Policies: [], RoleDetailList: [{ RoleName: 'app' }] });

    let items = 0;
    let Marker: string | undefined;
    for (let pages = 0; pages < 5; pages++) {
      const page = await bench.call('iam', 'GetAccountAuthorizationDetails', {
        MaxItems: 1,
        ...(Marker === undefined ? {} : { Marker }),
      });
      items += [page.UserDetailList, page.GroupDetailList, page.RoleDetailList, page.Policies].flat().length;
      Marker = page.Marker;
    }
    expect(items).toBe(5);
    expect(Marker).toBeUndefined();
  });
});

describe('tags', () => {
  it('of roles, users, policies and instance profiles: set, replaced, listed in pages, removed', async () => {
    await bench.role('r');
    await bench.call('iam', 'CreateUser', { UserName: 'u' });
    const { Policy } = await bench.call('iam', 'CreatePolicy', { PolicyName: 'p', PolicyDocument: allow('s3:*') });
    await bench.call('iam', 'CreateInstanceProfile', { InstanceProfileName: 'i' });
    const PolicyArn = Policy!.Arn!;
    const Tags = [
      { Key: 'Team', Value: 'blue' },
      { Key: 'env', Value: 'dev' },
    ];
    await bench.call('iam', 'TagRole', { RoleName: 'r', Tags });
    await bench.call('iam', 'TagUser', { UserName: 'u', Tags });
    await bench.call('iam', 'TagPolicy', { PolicyArn, Tags });
    await bench.call('iam', 'TagInstanceProfile', { InstanceProfileName: 'i', Tags });
    const listed = { Tags, IsTruncated: false };
    expect(await bench.call('iam', 'ListRoleTags', { RoleName: 'r' })).toEqual(listed);
    expect(await bench.call('iam', 'ListUserTags', { UserName: 'u' })).toEqual(listed);
    expect(await bench.call('iam', 'ListPolicyTags', { PolicyArn })).toEqual(listed);
    expect(await bench.call('iam', 'ListInstanceProfileTags', { InstanceProfileName: 'i' })).toEqual(listed);
    const first = await bench.call('iam', 'ListRoleTags', { RoleName: 'r', MaxItems: 1 });
    const second = await bench.call('iam', 'ListRoleTags', { RoleName: 'r', Marker: first.Marker });
    expect([...first.Tags, ...second.Tags]).toEqual(Tags);

    await bench.call('iam', 'TagRole', { RoleName: 'r', Tags: [{ Key: 'team', Value: 'red' }] });
    expect((await bench.call('iam', 'GetRole', { RoleName: 'r' })).Role.Tags).toEqual([
      { Key: 'env', Value: 'dev' },
      { Key: 'team', Value: 'red' },
    ]);
    await bench.call('iam', 'UntagRole', { RoleName: 'r', TagKeys: ['TEAM', 'env'] });
    await bench.call('iam', 'UntagUser', { UserName: 'u', TagKeys: ['Team'] });
    await bench.call('iam', 'UntagPolicy', { PolicyArn, TagKeys: ['Team'] });
    await bench.call('iam', 'UntagInstanceProfile', { InstanceProfileName: 'i', TagKeys: ['Team'] });
    expect((await bench.call('iam', 'ListRoleTags', { RoleName: 'r' })).Tags).toEqual([]);
    expect((await bench.call('iam', 'ListUserTags', { UserName: 'u' })).Tags).toHaveLength(1);
    expect((await bench.call('iam', 'GetPolicy', { PolicyArn })).Policy!.Tags).toHaveLength(1);
  });

  it('are refused twice under one key, and above fifty', async () => {
    await bench.role('r');
    const twice = [
      { Key: 'a', Value: '1' },
      { Key: 'A', Value: '2' },
    ];
    expect(await bench.refused(bench.call('iam', 'TagRole', { RoleName: 'r', Tags: twice }))).toMatchObject({
      code: 'InvalidInputException',
      message: 'Duplicate tag keys found. Please note that Tag keys are case insensitive.',
    });
    const many = (from: number) => Array.from({ length: 30 }, (_, n) => ({ Key: `k${from + n}`, Value: 'v' }));
    await bench.call('iam', 'TagRole', { RoleName: 'r', Tags: many(0) });
    expect(await bench.refused(bench.call('iam', 'TagRole', { RoleName: 'r', Tags: many(30) }))).toMatchObject({
      code: 'LimitExceededException',
    });
    expect(
      await bench.refused(bench.call('iam', 'TagRole', { RoleName: 'r', Tags: [{ Key: 'aws:x', Value: 'v' }] })),
    ).toMatchObject({ code: 'InvalidInputException' });
  });

  it('of a request are condition keys', async () => {
    await bench.role('r');
    const caller = bench.roleSession('c', [
      {
        Version: '2012-10-17',
        Statement: [
          {
            Effect: 'Allow',
            Action: 'iam:TagRole',
            Resource: '*',
            Condition: { StringEquals: { 'aws:RequestTag/team': 'blue' } },
          },
          {
            Effect: 'Allow',
            Action: 'iam:UntagRole',
            Resource: '*',
            Condition: { 'ForAllValues:StringEquals': { 'aws:TagKeys': ['team'] } },
          },
        ],
      },
    ]);
    const as = { as: caller };
    await bench.call('iam', 'TagRole', { RoleName: 'r', Tags: [{ Key: 'team', Value: 'blue' }] }, as);
    const red = bench.call('iam', 'TagRole', { RoleName: 'r', Tags: [{ Key: 'team', Value: 'red' }] }, as);
    expect(await bench.refused(red)).toMatchObject({ code: 'AccessDenied' });
    const other = bench.call('iam', 'UntagRole', { RoleName: 'r', TagKeys: ['team', 'env'] }, as);
    expect(await bench.refused(other)).toMatchObject({ code: 'AccessDenied' });
    await bench.call('iam', 'UntagRole', { RoleName: 'r', TagKeys: ['team'] }, as);
  });
});

describe('boundaries', () => {
  it('must exist, are shown, and go', async () => {
    await bench.role('r');
    const missing = `arn:aws:iam::${TEST_ACCOUNT}:policy/none`;
    expect(
      await bench.refused(
        bench.call('iam', 'PutRolePermissionsBoundary', { RoleName: 'r', PermissionsBoundary: missing }),
      ),
    ).toMatchObject({
      code: 'NoSuchEntityException',
      message: `Scope ARN: ${missing} does not exist or is not attachable.`,
    });
    await bench.call('iam', 'PutRolePermissionsBoundary', {
      RoleName: 'r',
      PermissionsBoundary: 'arn:aws:iam::aws:policy/PowerUserAccess',
    });
    expect((await bench.call('iam', 'GetRole', { RoleName: 'r' })).Role.PermissionsBoundary).toEqual({
      PermissionsBoundaryType: 'Policy',
      PermissionsBoundaryArn: 'arn:aws:iam::aws:policy/PowerUserAccess',
    });
    await bench.call('iam', 'DeleteRolePermissionsBoundary', { RoleName: 'r' });
    expect((await bench.call('iam', 'GetRole', { RoleName: 'r' })).Role.PermissionsBoundary).toBeUndefined();
  });
});
