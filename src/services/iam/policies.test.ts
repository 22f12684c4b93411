import { beforeEach, describe, expect, it } from 'vitest';
import { TEST_ACCOUNT } from '../../gateway/testing.ts';
import { allow, createIamBench, type IamBench, policy } from './testing.ts';

let bench: IamBench;
const arn = (name: string) => `arn:aws:iam::${TEST_ACCOUNT}:policy/${name}`;

beforeEach(() => {
  bench = createIamBench();
});

async function create(name: string, document = allow('s3:*'), path = '/'): Promise<string> {
  const { Policy } = await bench.call('iam', 'CreatePolicy', {
    PolicyName: name,
    PolicyDocument: document,
    Path: path,
  });
  return Policy!.Arn!;
}

describe('customer managed policies', () => {
  it('are created and shown with their counts', async () => {
    const PolicyArn = await create('read', allow('s3:GetObject'), '/x/');
    expect(PolicyArn).toBe(arn('x/read'));
    await bench.role('app');
    await bench.call('iam', 'AttachRolePolicy', { RoleName: 'app', PolicyArn });
    await bench.call('iam', 'PutRolePermissionsBoundary', { RoleName: 'app', PermissionsBoundary: PolicyArn });
    const { Policy } = await bench.call('iam', 'GetPolicy', { PolicyArn });
    expect(Policy).toMatchObject({
      PolicyName: 'read',
      DefaultVersionId: 'v1',
      AttachmentCount: 1,
      PermissionsBoundaryUsageCount: 1,
      IsAttachable: true,
      Tags: [],
    });
    expect(Policy!.PolicyId).toMatch(/^ANPA/);
    expect(await bench.refused(create('READ'))).toMatchObject({
      code: 'EntityAlreadyExistsException',
      message: 'A policy called READ already exists. Duplicate names are not allowed.',
    });
    expect(await bench.refused(bench.call('iam', 'GetPolicy', { PolicyArn: arn('none') }))).toMatchObject({
      code: 'NoSuchEntityException',
      message: `Policy ${arn('none')} was not found.`,
    });
  });

  it('are refused when they are malformed or too long', async () => {
    expect(await bench.refused(create('bad', policy({ Effect: 'Allow', Action: 's3:*' })))).toMatchObject({
      code: 'MalformedPolicyDocumentException',
      message: 'Policy statement must contain resources.',
    });
    expect(
      await bench.refused(create('bad', '{"Statement":[{"Effect":"Allow","Action":"s3:*","Resource":"*"}]}')),
    ).toMatchObject({
      code: 'MalformedPolicyDocumentException',
    });
    const long = allow(...Array.from({ length: 300 }, (_, n) => `s3:GetObjectNumber${n}`));
    expect(await bench.refused(create('bad', long))).toMatchObject({
      code: 'LimitExceededException',
      message: 'Cannot exceed quota for PolicySize: 6144',
    });
  });

  it('have five versions at most, one of them the default', async () => {
    const PolicyArn = await create('p');
    const add = (SetAsDefault: boolean) =>
      bench.call('iam', 'CreatePolicyVersion', { PolicyArn, PolicyDocument: allow('sqs:*'), SetAsDefault });
    expect((await add(false)).PolicyVersion).toMatchObject({ VersionId: 'v2', IsDefaultVersion: false });
    expect((await add(true)).PolicyVersion).toMatchObject({ VersionId: 'v3', IsDefaultVersion: true });
    await add(false);
    await add(false);
    expect(await bench.refused(add(false))).toMatchObject({
      code: 'LimitExceededException',
      message:
        'A managed policy can have up to 5 versions. Before you create a new version, you must delete an existing version.',
    });
    const { Versions } = await bench.call('iam', 'ListPolicyVersions', { PolicyArn });
    expect(Versions!.map(({ VersionId }) => VersionId)).toEqual(['v5', 'v4', 'v3', 'v2', 'v1']);
    const paged = await bench.call('iam', 'ListPolicyVersions', { PolicyArn, MaxItems: 2 });
    const rest = await bench.call('iam', 'ListPolicyVersions', { PolicyArn, MaxItems: 5, Marker: paged.Marker });
    expect(rest.Versions!.map(({ VersionId }) => VersionId)).toEqual(['v3', 'v2', 'v1']);
    const remove = (VersionId: string) => bench.call('iam', 'DeletePolicyVersion', { PolicyArn, VersionId });
    expect(await bench.refused(remove('v3'))).toMatchObject({
      code: 'DeleteConflictException',
      message: 'Cannot delete the default version of a policy.',
    });
    await remove('v5');
    expect((await add(false)).PolicyVersion).toMatchObject({ VersionId: 'v6' });
    expect(await bench.refused(remove('v5'))).toMatchObject({ code: 'NoSuchEntityException' });
    const { PolicyVersion } = await bench.call('iam', 'GetPolicyVersion', { PolicyArn, VersionId: 'v1' });
    expect(decodeURIComponent(PolicyVersion!.Document!)).toBe(allow('s3:*'));
    expect(PolicyVersion!.Document).toContain('%2A');
  });

  it('are deleted when nothing hangs on them', async () => {
    const PolicyArn = await create('p');
    await bench.role('app');
    await bench.call('iam', 'AttachRolePolicy', { RoleName: 'app', PolicyArn });
    const remove = () => bench.call('iam', 'DeletePolicy', { PolicyArn });
    expect((await bench.refused(remove())).message).toBe('Cannot delete a policy attached to entities.');
    await bench.call('iam', 'DetachRolePolicy', { RoleName: 'app', PolicyArn });
    await bench.call('iam', 'CreatePolicyVersion', { PolicyArn, PolicyDocument: allow('sqs:*') });
    expect((await bench.refused(remove())).message).toMatch(/^This policy has more than one version\./);
    await bench.call('iam', 'DeletePolicyVersion', { PolicyArn, VersionId: 'v2' });
    await remove();
    await create('p');
  });
});

describe('AWS managed policies', () => {
  const PolicyArn = 'arn:aws:iam::aws:policy/service-role/AmazonECSTaskExecutionRolePolicy';

  it('are read with the permissions of the own account', async () => {
    const caller = bench.roleSession('reader', [
      policy({ Effect: 'Allow', Action: ['iam:GetPolicy', 'iam:GetPolicyVersion'], Resource: PolicyArn }),
    ]);
    const { Policy } = await bench.call('iam', 'GetPolicy', { PolicyArn }, { as: caller });
    expect(Policy).toMatchObject({ PolicyName: 'AmazonECSTaskExecutionRolePolicy', DefaultVersionId: 'v1' });
    const { PolicyVersion } = await bench.call(
      'iam',
      'GetPolicyVersion',
      { PolicyArn, VersionId: 'v1' },
      { as: caller },
    );
    expect(JSON.parse(decodeURIComponent(PolicyVersion!.Document!)).Statement[0].Action).toContain('logs:PutLogEvents');
  });

  it('cannot be changed, not even by root', async () => {
    for (const call of [
      bench.call('iam', 'DeletePolicy', { PolicyArn }),
      bench.call('iam', 'CreatePolicyVersion', { PolicyArn, PolicyDocument: allow('s3:*') }),
      bench.call('iam', 'TagPolicy', { PolicyArn, Tags: [{ Key: 'a', Value: 'b' }] }),
    ]) {
      expect(await bench.refused(call)).toMatchObject({ code: 'AccessDenied' });
    }
  });

  it('that are not held say so', async () => {
    await bench.role('app');
    const missing = 'arn:aws:iam::aws:policy/AmazonKinesisFullAccess';
    const { message } = await bench.refused(
      bench.call('iam', 'AttachRolePolicy', { RoleName: 'app', PolicyArn: missing }),
    );
    expect(message).toMatch(
      /^Policy arn:aws:iam::aws:policy\/AmazonKinesisFullAccess does not exist or is not attachable\. \(Rolecall holds/,
    );
  });
});

describe('ListPolicies', () => {
  it('lists by scope, path, attachment and usage', async () => {
    const local = await create('local', allow('s3:*'), '/team/');
    await bench.role('app');
    await bench.call('iam', 'PutRolePermissionsBoundary', { RoleName: 'app', PermissionsBoundary: local });
    const names = async (input: object) =>
      (await bench.call('iam', 'ListPolicies', { MaxItems: 1000, ...input })).Policies!.map(
        ({ PolicyName }) => PolicyName,
      );
    expect(await names({ Scope: 'Local' })).toEqual(['local']);
    expect(await names({ Scope: 'AWS' })).toContain('AmazonECS_FullAccess');
    expect(await names({})).toContain('local');
    expect(await names({ PathPrefix: '/team/' })).toEqual(['local']);
    expect(await names({ OnlyAttached: true })).toEqual(['local']);
    expect(await names({ PolicyUsageFilter: 'PermissionsBoundary' })).toEqual(['local']);
    expect(await names({ PolicyUsageFilter: 'PermissionsPolicy' })).toEqual([]);
  });

  it('needs a statement on everything', async () => {
    const caller = bench.roleSession('c', [
      policy({ Effect: 'Allow', Action: 'iam:ListPolicies', Resource: 'arn:aws:iam::*:policy/*' }),
    ]);
    expect((await bench.refused(bench.call('iam', 'ListPolicies', {}, { as: caller }))).message).toContain(
      'iam:ListPolicies on resource: policy path /',
    );
    const other = bench.roleSession('d', [allow('iam:ListPolicies')]);
    await bench.call('iam', 'ListPolicies', {}, { as: other });
  });
});

describe('attachments', () => {
  it('of users, groups and roles: attached once, listed by name, detached', async () => {
    const PolicyArn = await create('p', allow('s3:*'), '/x/');
    await bench.call('iam', 'CreateUser', { UserName: 'u' });
    await bench.call('iam', 'CreateGroup', { GroupName: 'g' });
    await bench.role('r');
    for (let times = 0; times < 2; times++) {
      await bench.call('iam', 'AttachUserPolicy', { UserName: 'u', PolicyArn });
      await bench.call('iam', 'AttachGroupPolicy', { GroupName: 'g', PolicyArn });
      await bench.call('iam', 'AttachRolePolicy', { RoleName: 'r', PolicyArn });
    }
    const shown = { AttachedPolicies: [{ PolicyName: 'p', PolicyArn }], IsTruncated: false };
    expect(await bench.call('iam', 'ListAttachedUserPolicies', { UserName: 'u' })).toEqual(shown);
    expect(await bench.call('iam', 'ListAttachedGroupPolicies', { GroupName: 'g' })).toEqual(shown);
    expect(await bench.call('iam', 'ListAttachedRolePolicies', { RoleName: 'r' })).toEqual(shown);
    const other = await bench.call('iam', 'ListAttachedRolePolicies', { RoleName: 'r', PathPrefix: '/y/' });
    expect(other.AttachedPolicies).toEqual([]);

    const entities = await bench.call('iam', 'ListEntitiesForPolicy', { PolicyArn });
    expect(entities).toMatchObject({
      PolicyUsers: [{ UserName: 'u' }],
      PolicyGroups: [{ GroupName: 'g' }],
      PolicyRoles: [{ RoleName: 'r' }],
      IsTruncated: false,
    });
    const onlyRoles = await bench.call('iam', 'ListEntitiesForPolicy', { PolicyArn, EntityFilter: 'Role' });
    expect(onlyRoles).toMatchObject({ PolicyUsers: [], PolicyGroups: [], PolicyRoles: [{ RoleName: 'r' }] });

    await bench.call('iam', 'DetachUserPolicy', { UserName: 'u', PolicyArn });
    await bench.call('iam', 'DetachGroupPolicy', { GroupName: 'g', PolicyArn });
    await bench.call('iam', 'DetachRolePolicy', { RoleName: 'r', PolicyArn });
    expect(await bench.refused(bench.call('iam', 'DetachRolePolicy', { RoleName: 'r', PolicyArn }))).toMatchObject({
      code: 'NoSuchEntityException',
      message: `Policy ${PolicyArn} was not found.`,
    });
  });

  it('are ten at most, and guarded by iam:PolicyARN', async () => {
    await bench.role('r');
    for (let n = 0; n < 10; n++) {
      await bench.call('iam', 'AttachRolePolicy', { RoleName: 'r', PolicyArn: await create(`p${n}`) });
    }
    const eleventh = await create('p10');
    expect(
      await bench.refused(bench.call('iam', 'AttachRolePolicy', { RoleName: 'r', PolicyArn: eleventh })),
    ).toMatchObject({ code: 'LimitExceededException', message: 'Cannot exceed quota for PoliciesPerRole: 10' });
    await bench.role('s');
    const caller = bench.roleSession('c', [
      policy({
        Effect: 'Allow',
        Action: 'iam:AttachRolePolicy',
        Resource: '*',
        Condition: { ArnEquals: { 'iam:PolicyARN': arn('p1') } },
      }),
    ]);
    await bench.call('iam', 'AttachRolePolicy', { RoleName: 's', PolicyArn: arn('p1') }, { as: caller });
    const other = bench.call('iam', 'AttachRolePolicy', { RoleName: 's', PolicyArn: arn('p2') }, { as: caller });
    expect(await bench.refused(other)).toMatchObject({ code: 'AccessDenied' });
  });

  it('refuse policies of service-linked roles', async () => {
    await bench.role('r');
    const PolicyArn = 'arn:aws:iam::aws:policy/aws-service-role/AmazonECSServiceRolePolicy';
    expect(await bench.refused(bench.call('iam', 'AttachRolePolicy', { RoleName: 'r', PolicyArn }))).toMatchObject({
      code: 'PolicyNotAttachableException',
      message: 'Cannot attach a Service Role Policy to a Customer Role.',
    });
  });
});

describe('inline policies', () => {
  it('of users, groups and roles: put, got, listed, deleted', async () => {
    await bench.call('iam', 'CreateUser', { UserName: 'u' });
    await bench.call('iam', 'CreateGroup', { GroupName: 'g' });
    await bench.role('r');
    const document = { PolicyName: 'p', PolicyDocument: allow('s3:*') };
    await bench.call('iam', 'PutUserPolicy', { UserName: 'u', ...document });
    await bench.call('iam', 'PutGroupPolicy', { GroupName: 'g', ...document });
    await bench.call('iam', 'PutRolePolicy', { RoleName: 'r', ...document });
    const user = await bench.call('iam', 'GetUserPolicy', { UserName: 'u', PolicyName: 'p' });
    expect(user).toMatchObject({ UserName: 'u', PolicyName: 'p' });
    expect(decodeURIComponent(user.PolicyDocument)).toBe(document.PolicyDocument);
    expect(await bench.call('iam', 'GetGroupPolicy', { GroupName: 'g', PolicyName: 'p' })).toMatchObject({
      GroupName: 'g',
    });
    expect(await bench.call('iam', 'GetRolePolicy', { RoleName: 'r', PolicyName: 'p' })).toMatchObject({
      RoleName: 'r',
    });
    const listed = { PolicyNames: ['p'], IsTruncated: false };
    expect(await bench.call('iam', 'ListUserPolicies', { UserName: 'u' })).toEqual(listed);
    expect(await bench.call('iam', 'ListGroupPolicies', { GroupName: 'g' })).toEqual(listed);
    expect(await bench.call('iam', 'ListRolePolicies', { RoleName: 'r' })).toEqual(listed);
    await bench.call('iam', 'DeleteUserPolicy', { UserName: 'u', PolicyName: 'p' });
    await bench.call('iam', 'DeleteGroupPolicy', { GroupName: 'g', PolicyName: 'p' });
    await bench.call('iam', 'DeleteRolePolicy', { RoleName: 'r', PolicyName: 'p' });
    expect(await bench.refused(bench.call('iam', 'GetRolePolicy', { RoleName: 'r', PolicyName: 'p' }))).toMatchObject({
      code: 'NoSuchEntityException',
      message: 'The role policy with name p cannot be found.',
    });
    expect(
      await bench.refused(bench.call('iam', 'DeleteUserPolicy', { UserName: 'u', PolicyName: 'p' })),
    ).toMatchObject({
      message: 'The user policy with name p cannot be found.',
    });
  });

  it('have their limit over all policies of the entity', async () => {
    await bench.call('iam', 'CreateUser', { UserName: 'u' });
    const put = (PolicyName: string, actions: number) =>
      bench.call('iam', 'PutUserPolicy', {
        UserName: 'u',
        PolicyName,
        PolicyDocument: allow(...Array.from({ length: actions }, (_, n) => `s3:GetObject${n}`)),
      });
    await put('a', 60);
    expect(await bench.refused(put('b', 60))).toMatchObject({
      code: 'LimitExceededException',
      message: 'Maximum policy size of 2048 bytes exceeded for user u',
    });
    await put('a', 70);
    expect(await bench.refused(put('c', 1).then(() => put('c', 200)))).toMatchObject({
      code: 'LimitExceededException',
    });
  });

  it('are refused when they name a principal', async () => {
    await bench.role('r');
    const PolicyDocument = policy({ Effect: 'Allow', Principal: '*', Action: 's3:*', Resource: '*' });
    expect(
      await bench.refused(bench.call('iam', 'PutRolePolicy', { RoleName: 'r', PolicyName: 'p', PolicyDocument })),
    ).toMatchObject({ message: 'Policy document should not specify a principal.' });
  });
});
