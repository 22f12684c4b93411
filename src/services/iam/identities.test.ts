import { beforeEach, describe, expect, it } from 'vitest';
import type { Principal, RoleSessionPrincipal } from '../../gateway/principals.ts';
import { requestPrincipal } from '../../gateway/principals.ts';
import { createTestBench, TEST_ACCOUNT, type TestBench } from '../../gateway/testing.ts';
import { decide } from '../../policy/decide.ts';
import { stsService } from '../sts/index.ts';
import { createRootAccessKey, ensureAccount } from './accounts.ts';
import { createIdentities } from './identities.ts';
import { iamService } from './index.ts';

const identities = createIdentities();
let bench: TestBench;

beforeEach(() => {
  bench = createTestBench([iamService, stsService], { identities });
});

const trust = {
  Version: '2012-10-17',
  Statement: [
    { Effect: 'Allow', Principal: { AWS: TEST_ACCOUNT, Service: 'ecs-tasks.amazonaws.com' }, Action: 'sts:AssumeRole' },
  ],
};

function allow(...actions: string[]): string {
  return JSON.stringify({ Version: '2012-10-17', Statement: [{ Effect: 'Allow', Action: actions, Resource: '*' }] });
}

function effect(principal: Principal, action: string): string {
  const request = {
    principal: requestPrincipal(principal),
    action,
    resource: '*',
    resourceAccount: TEST_ACCOUNT,
    context: {},
  };
  return decide(request, identities.policies(bench.store, principal)).effect;
}

async function taskSession(roleName: string, input: { Policy?: string; PolicyArns?: { arn: string }[] } = {}) {
  const { Credentials } = await bench.call(
    'sts',
    'AssumeRole',
    { RoleArn: `arn:aws:iam::${TEST_ACCOUNT}:role/${roleName}`, RoleSessionName: 'session', ...input },
    { as: { type: 'service', service: 'ecs-tasks.amazonaws.com', account: TEST_ACCOUNT } },
  );
  const credential = identities.credential(bench.store, Credentials!.AccessKeyId)!;
  expect(credential.sessionToken).toBe(Credentials!.SessionToken);
  expect(credential.secretAccessKey).toBe(Credentials!.SecretAccessKey);
  return credential.principal as RoleSessionPrincipal;
}

describe('credential', () => {
  it('knows the key pair of the root user', () => {
    bench.store.transact((tx) => {
      ensureAccount(tx, '111122223333', 0);
      createRootAccessKey(tx, '111122223333', { accessKeyId: 'test', secretAccessKey: 'secret' }, 0);
    });
    expect(identities.credential(bench.store, 'test')).toEqual({
      secretAccessKey: 'secret',
      principal: { type: 'root', account: '111122223333', accessKeyId: 'test' },
    });
    expect(identities.credential(bench.store, 'other')).toBeUndefined();
  });

  it('knows the active keys of users, with the tags of today, and forgets inactive and deleted ones', async () => {
    await bench.call('iam', 'CreateUser', { UserName: 'Ann', Path: '/team/' });
    const { AccessKey } = await bench.call('iam', 'CreateAccessKey', { UserName: 'Ann' });
    const id = AccessKey.AccessKeyId;
    expect(identities.credential(bench.store, id)).toMatchObject({
      secretAccessKey: AccessKey.SecretAccessKey,
      principal: { type: 'user', arn: `arn:aws:iam::${TEST_ACCOUNT}:user/team/Ann`, userName: 'Ann', tags: {} },
    });
    const before = identities.credential(bench.store, id);
    expect(identities.credential(bench.store, id)).toBe(before);
    await bench.call('iam', 'TagUser', { UserName: 'Ann', Tags: [{ Key: 'team', Value: 'blue' }] });
    expect(identities.credential(bench.store, id)?.principal).toMatchObject({ tags: { team: 'blue' } });
    await bench.call('iam', 'UpdateAccessKey', { UserName: 'Ann', AccessKeyId: id, Status: 'Inactive' });
    expect(identities.credential(bench.store, id)).toBeUndefined();
    await bench.call('iam', 'UpdateAccessKey', { UserName: 'Ann', AccessKeyId: id, Status: 'Active' });
    expect(identities.credential(bench.store, id)).toBeDefined();
    await bench.call('iam', 'DeleteAccessKey', { UserName: 'Ann', AccessKeyId: id });
    expect(identities.credential(bench.store, id)).toBeUndefined();
  });

  it('makes the principal of a role session: path in the role ARN, none in the session ARN', async () => {
    await bench.call('iam', 'CreateRole', {
      RoleName: 'app',
      Path: '/orders/',
      AssumeRolePolicyDocument: JSON.stringify(trust),
      Tags: [{ Key: 'env', Value: 'dev' }],
    });
    const principal = await taskSession('orders/app');
    expect(principal).toMatchObject({
      type: 'role-session',
      arn: `arn:aws:sts::${TEST_ACCOUNT}:assumed-role/app/session`,
      roleArn: `arn:aws:iam::${TEST_ACCOUNT}:role/orders/app`,
      tags: { env: 'dev' },
      serviceLinked: false,
      chained: false,
    });
    expect(identities.credential(bench.store, principal.accessKeyId)?.expiresAt).toBe(bench.clock.now() + 3_600_000);
  });
});

describe('policies', () => {
  it('of a role: inline and attached, at once after every change, and the same object while nothing changes', async () => {
    await bench.call('iam', 'CreateRole', { RoleName: 'app', AssumeRolePolicyDocument: JSON.stringify(trust) });
    const principal = await taskSession('app');
    expect(effect(principal, 'sqs:SendMessage')).toBe('ImplicitlyDenied');
    await bench.call('iam', 'PutRolePolicy', {
      RoleName: 'app',
      PolicyName: 'send',
      PolicyDocument: allow('sqs:SendMessage'),
    });
    expect(effect(principal, 'sqs:SendMessage')).toBe('Allowed');
    expect(identities.policies(bench.store, principal)).toBe(identities.policies(bench.store, principal));

    const { Policy } = await bench.call('iam', 'CreatePolicy', {
      PolicyName: 'read',
      PolicyDocument: allow('s3:GetObject'),
    });
    const PolicyArn = Policy!.Arn!;
    await bench.call('iam', 'AttachRolePolicy', { RoleName: 'app', PolicyArn });
    await bench.call('iam', 'AttachRolePolicy', {
      RoleName: 'app',
      PolicyArn: 'arn:aws:iam::aws:policy/service-role/AmazonECSTaskExecutionRolePolicy',
    });
    expect(effect(principal, 's3:GetObject')).toBe('Allowed');
    expect(effect(principal, 'ecr:BatchGetImage')).toBe('Allowed');
    await bench.call('iam', 'CreatePolicyVersion', {
      PolicyArn,
      PolicyDocument: allow('s3:PutObject'),
      SetAsDefault: true,
    });
    expect(effect(principal, 's3:GetObject')).toBe('ImplicitlyDenied');
    expect(effect(principal, 's3:PutObject')).toBe('Allowed');
    await bench.call('iam', 'SetDefaultPolicyVersion', { PolicyArn, VersionId: 'v1' });
    expect(effect(principal, 's3:GetObject')).toBe('Allowed');
    await bench.call('iam', 'DetachRolePolicy', { RoleName: 'app', PolicyArn });
    expect(effect(principal, 's3:GetObject')).toBe('ImplicitlyDenied');
  });

  it('of a user: own, of groups, within the boundary', async () => {
    await bench.call('iam', 'CreateUser', { UserName: 'ann' });
    await bench.call('iam', 'CreateGroup', { GroupName: 'Writers' });
    await bench.call('iam', 'PutGroupPolicy', {
      GroupName: 'Writers',
      PolicyName: 'send',
      PolicyDocument: allow('sqs:SendMessage', 's3:PutObject'),
    });
    const { AccessKey } = await bench.call('iam', 'CreateAccessKey', { UserName: 'ann' });
    const principal = () => identities.credential(bench.store, AccessKey.AccessKeyId)!.principal;
    expect(effect(principal(), 'sqs:SendMessage')).toBe('ImplicitlyDenied');
    await bench.call('iam', 'AddUserToGroup', { GroupName: 'writers', UserName: 'ann' });
    expect(effect(principal(), 'sqs:SendMessage')).toBe('Allowed');
    const { Policy } = await bench.call('iam', 'CreatePolicy', { PolicyName: 'bound', PolicyDocument: allow('s3:*') });
    await bench.call('iam', 'PutUserPermissionsBoundary', { UserName: 'ann', PermissionsBoundary: Policy!.Arn! });
    expect(effect(principal(), 'sqs:SendMessage')).toBe('ImplicitlyDenied');
    expect(effect(principal(), 's3:PutObject')).toBe('Allowed');
    await bench.call('iam', 'PutGroupPolicy', {
      GroupName: 'Writers',
      PolicyName: 'send',
      PolicyDocument: allow('sqs:SendMessage'),
    });
    expect(effect(principal(), 's3:PutObject')).toBe('ImplicitlyDenied');
    await bench.call('iam', 'DeleteUserPermissionsBoundary', { UserName: 'ann' });
    await bench.call('iam', 'UpdateGroup', { GroupName: 'writers', NewGroupName: 'senders' });
    expect(effect(principal(), 'sqs:SendMessage')).toBe('Allowed');
    await bench.call('iam', 'UpdateUser', { UserName: 'ann', NewUserName: 'anna' });
    expect(principal()).toMatchObject({ userName: 'anna' });
    expect(effect(principal(), 'sqs:SendMessage')).toBe('Allowed');
  });

  it('of a session with session policies: the intersection, and still fresh when the role changes', async () => {
    await bench.call('iam', 'CreateRole', { RoleName: 'app', AssumeRolePolicyDocument: JSON.stringify(trust) });
    await bench.call('iam', 'PutRolePolicy', {
      RoleName: 'app',
      PolicyName: 'all',
      PolicyDocument: allow('sqs:*', 's3:*', 'ecr:*'),
    });
    const principal = await taskSession('app', {
      Policy: allow('s3:*', 'kms:*'),
      PolicyArns: [{ arn: 'arn:aws:iam::aws:policy/AmazonSQSReadOnlyAccess' }],
    });
    expect(effect(principal, 's3:GetObject')).toBe('Allowed');
    expect(effect(principal, 'sqs:ListQueues')).toBe('Allowed');
    expect(effect(principal, 'sqs:SendMessage')).toBe('ImplicitlyDenied');
    expect(effect(principal, 'kms:Decrypt')).toBe('ImplicitlyDenied');
    await bench.call('iam', 'PutRolePolicy', { RoleName: 'app', PolicyName: 'all', PolicyDocument: allow('kms:*') });
    expect(effect(principal, 's3:GetObject')).toBe('ImplicitlyDenied');
    expect(effect(principal, 'kms:Decrypt')).toBe('Allowed');
  });

  it('are gone with the role, also when another role takes its name', async () => {
    await bench.call('iam', 'CreateRole', { RoleName: 'app', AssumeRolePolicyDocument: JSON.stringify(trust) });
    const principal = await taskSession('app');
    await bench.call('iam', 'DeleteRole', { RoleName: 'app' });
    expect(effect(principal, 's3:GetObject')).toBe('ImplicitlyDenied');
    await bench.call('iam', 'CreateRole', { RoleName: 'app', AssumeRolePolicyDocument: JSON.stringify(trust) });
    await bench.call('iam', 'AttachRolePolicy', {
      RoleName: 'app',
      PolicyArn: 'arn:aws:iam::aws:policy/AdministratorAccess',
    });
    expect(effect(principal, 's3:GetObject')).toBe('ImplicitlyDenied');
  });

  it('of federated users: none without a session policy, else the intersection with the user', async () => {
    await bench.call('iam', 'CreateUser', { UserName: 'ann' });
    await bench.call('iam', 'PutUserPolicy', {
      UserName: 'ann',
      PolicyName: 'p',
      PolicyDocument: allow('sts:GetFederationToken', 's3:*'),
    });
    const { AccessKey } = await bench.call('iam', 'CreateAccessKey', { UserName: 'ann' });
    const ann = identities.credential(bench.store, AccessKey.AccessKeyId)!.principal;
    const federated = async (input: { Policy?: string }, as: Principal) => {
      const { Credentials } = await bench.call('sts', 'GetFederationToken', { Name: 'bob', ...input }, { as });
      return identities.credential(bench.store, Credentials!.AccessKeyId)!.principal;
    };
    expect(effect(await federated({}, ann), 's3:GetObject')).toBe('ImplicitlyDenied');
    const limited = await federated({ Policy: allow('s3:GetObject', 'sqs:*') }, ann);
    expect(limited).toMatchObject({ type: 'federated-user', userArn: `arn:aws:iam::${TEST_ACCOUNT}:user/ann` });
    expect(effect(limited, 's3:GetObject')).toBe('Allowed');
    expect(effect(limited, 's3:PutObject')).toBe('ImplicitlyDenied');
    expect(effect(limited, 'sqs:SendMessage')).toBe('ImplicitlyDenied');
    expect(effect(await federated({ Policy: allow('sqs:*') }, bench.root), 'sqs:SendMessage')).toBe('Allowed');
    await bench.call('iam', 'DeleteUserPolicy', { UserName: 'ann', PolicyName: 'p' });
    expect(effect(limited, 's3:GetObject')).toBe('ImplicitlyDenied');
  });
});
