import { beforeEach, describe, expect, it } from 'vitest';
import type { Principal } from '../../gateway/principals.ts';
import { TEST_ACCOUNT } from '../../gateway/testing.ts';
import type { AssumeRoleRequest } from '../../wire/generated/types/sts.ts';
import { allow, createIamBench, type IamBench, policy, trustPolicy } from '../iam/testing.ts';

let bench: IamBench;
const arn = (name: string) => `arn:aws:iam::${TEST_ACCOUNT}:role/${name}`;
const tasks: Principal = { type: 'service', service: 'ecs-tasks.amazonaws.com', account: TEST_ACCOUNT };

beforeEach(() => {
  bench = createIamBench();
});

function assume(as: Principal, role: string, input: Partial<AssumeRoleRequest> = {}, context = {}) {
  return bench.call('sts', 'AssumeRole', { RoleArn: arn(role), RoleSessionName: 'session', ...input }, { as, context });
}

/** The principal of the credentials that AssumeRole gives. */
async function sessionOf(answer: ReturnType<typeof assume>) {
  const { Credentials } = await answer;
  const principal = bench.principalOf(Credentials!.AccessKeyId);
  if (principal.type !== 'role-session') throw new Error('no role session');
  return principal;
}

describe('AssumeRole', () => {
  it('answers credentials, session ARN without the path, and the expiry', async () => {
    await bench.call('iam', 'CreateRole', {
      RoleName: 'app',
      Path: '/orders/',
      AssumeRolePolicyDocument: trustPolicy({ Service: 'ecs-tasks.amazonaws.com' }),
    });
    const answer = await assume(tasks, 'orders/app');
    expect(answer.AssumedRoleUser!.Arn).toBe(`arn:aws:sts::${TEST_ACCOUNT}:assumed-role/app/session`);
    expect(answer.AssumedRoleUser!.AssumedRoleId).toMatch(/^AROA[A-Z2-7]{17}:session$/);
    expect(answer.Credentials).toMatchObject({ Expiration: bench.clock.now() + 3_600_000 });
    expect(answer.Credentials!.AccessKeyId).toMatch(/^ASIA[A-Z2-7]{16}$/);
    expect(answer.PackedPolicySize).toBeUndefined();
    // The ARN without its path is another role's.
    expect(await bench.refused(assume(tasks, 'app'))).toMatchObject({ code: 'AccessDenied' });
  });

  it('refuses a missing role and one that does not trust in the same words', async () => {
    const ann = await bench.user('ann', allow('sts:AssumeRole'));
    await bench.role('closed', trustPolicy({ Service: 'ec2.amazonaws.com' }));
    for (const role of ['closed', 'missing']) {
      expect(await bench.refused(assume(ann, role))).toMatchObject({
        code: 'AccessDenied',
        status: 403,
        message: `User: arn:aws:iam::${TEST_ACCOUNT}:user/ann is not authorized to perform: sts:AssumeRole on resource: ${arn(role)}`,
      });
      expect(bench.trail().at(-1)).toMatchObject({ operation: 'AssumeRole', outcome: 'denied' });
    }
  });

  it('inside an account: a trusted account needs the identity policy, a trusted user does not', async () => {
    const ann = await bench.user('ann');
    const bob = await bench.user('bob', allow('sts:AssumeRole'));
    await bench.role('by-account', trustPolicy({ AWS: TEST_ACCOUNT }));
    await bench.role('by-user', trustPolicy({ AWS: `arn:aws:iam::${TEST_ACCOUNT}:user/ann` }));
    expect(await bench.refused(assume(ann, 'by-account'))).toMatchObject({ code: 'AccessDenied' });
    await assume(bob, 'by-account');
    await assume(ann, 'by-user');
    expect(await bench.refused(assume(bob, 'by-user'))).toMatchObject({ code: 'AccessDenied' });
  });

  it('across accounts both sides must allow', async () => {
    const stranger = (documents: string[]) => bench.roleSession('their-role', documents, { account: '111122223333' });
    await bench.role('shared', trustPolicy({ AWS: '111122223333' }));
    await bench.role('own', trustPolicy({ AWS: TEST_ACCOUNT }));
    await assume(stranger([allow('sts:AssumeRole')]), 'shared');
    expect(await bench.refused(assume(stranger([]), 'shared'))).toMatchObject({ code: 'AccessDenied' });
    expect(await bench.refused(assume(stranger([allow('*')]), 'own'))).toMatchObject({ code: 'AccessDenied' });
  });

  it('is not for root users', async () => {
    await bench.role('app', trustPolicy({ AWS: TEST_ACCOUNT }));
    expect(await bench.refused(assume(bench.root, 'app'))).toMatchObject({
      code: 'AccessDenied',
      message: 'Roles may not be assumed by root accounts.',
    });
  });

  it('a role does not trust itself by nature', async () => {
    await bench.role('app', trustPolicy({ Service: 'ecs-tasks.amazonaws.com' }));
    await bench.call('iam', 'PutRolePolicy', { RoleName: 'app', PolicyName: 'p', PolicyDocument: allow('sts:*') });
    const session = await sessionOf(assume(tasks, 'app'));
    expect(await bench.refused(assume(session, 'app'))).toMatchObject({ code: 'AccessDenied' });
    await bench.call('iam', 'UpdateAssumeRolePolicy', {
      RoleName: 'app',
      PolicyDocument: trustPolicy({ AWS: arn('app') }),
    });
    expect((await sessionOf(assume(session, 'app'))).chained).toBe(true);
  });

  it('sees the keys of the service that asks', async () => {
    const Condition = {
      ArnLike: { 'aws:SourceArn': `arn:aws:ecs:eu-west-1:${TEST_ACCOUNT}:*` },
      StringEquals: { 'aws:SourceAccount': TEST_ACCOUNT },
    };
    await bench.role('app', trustPolicy({ Service: 'ecs-tasks.amazonaws.com' }, { Condition }));
    expect(await bench.refused(assume(tasks, 'app'))).toMatchObject({ code: 'AccessDenied' });
    const source = (account: string) => ({
      'aws:SourceArn': `arn:aws:ecs:eu-west-1:${account}:task/c/1`,
      'aws:SourceAccount': account,
    });
    expect(await bench.refused(assume(tasks, 'app', {}, source('111122223333')))).toMatchObject({
      code: 'AccessDenied',
    });
    await assume(tasks, 'app', {}, source(TEST_ACCOUNT));
  });

  it('keeps for whom an internal caller asked, and shows policies none of it', async () => {
    const Condition = { Null: { 'rolecall:OriginRole': 'true' } };
    await bench.role('app', trustPolicy({ Service: 'ecs-tasks.amazonaws.com' }, { Condition }));
    const session = await sessionOf(
      assume(tasks, 'app', {}, { 'rolecall:OriginRole': 'task', 'rolecall:OriginTask': 'arn:task' }),
    );
    expect(session.origin).toEqual({ role: 'task', taskArn: 'arn:task' });
    const ec2: Principal = { type: 'service', service: 'ec2.amazonaws.com', account: TEST_ACCOUNT };
    await bench.role('instance', trustPolicy({ Service: 'ec2.amazonaws.com' }));
    const instance = await sessionOf(
      assume(
        ec2,
        'instance',
        {},
        { 'rolecall:OriginRole': 'container-instance', 'rolecall:OriginContainerInstance': 'arn:ci' },
      ),
    );
    expect(instance).toMatchObject({
      ec2RoleDelivery: '2.0',
      origin: { role: 'container-instance', containerInstanceArn: 'arn:ci' },
    });
    const first = await sessionOf(assume(ec2, 'instance', {}, { 'rolecall:RoleDelivery': '1.0' }));
    expect(first.ec2RoleDelivery).toBe('1.0');
  });
});

describe('external id and session name', () => {
  it('are condition keys of the trust policy', async () => {
    const ann = await bench.user('ann', allow('sts:AssumeRole'));
    const Condition = { StringEquals: { 'sts:ExternalId': 'secret' }, StringLike: { 'sts:RoleSessionName': 'ann-*' } };
    await bench.role('app', trustPolicy({ AWS: TEST_ACCOUNT }, { Condition }));
    const ask = (ExternalId: string | undefined, RoleSessionName: string) =>
      assume(ann, 'app', { RoleSessionName, ...(ExternalId === undefined ? {} : { ExternalId }) });
    await ask('secret', 'ann-1');
    for (const call of [ask(undefined, 'ann-1'), ask('other', 'ann-1'), ask('secret', 'bob')]) {
      expect(await bench.refused(call)).toMatchObject({ code: 'AccessDenied' });
    }
  });
});

describe('duration', () => {
  it('is bounded by the role, but not for services', async () => {
    const ann = await bench.user('ann', allow('sts:AssumeRole'));
    await bench.role('app');
    expect(await bench.refused(assume(ann, 'app', { DurationSeconds: 3601 }))).toMatchObject({
      code: 'ValidationError',
      message: 'The requested DurationSeconds exceeds the MaxSessionDuration set for this role.',
    });
    const { Credentials } = await assume(tasks, 'app', { DurationSeconds: 21_600 });
    expect(Credentials!.Expiration).toBe(bench.clock.now() + 21_600_000);
    await bench.call('iam', 'UpdateRole', { RoleName: 'app', MaxSessionDuration: 7200 });
    await assume(ann, 'app', { DurationSeconds: 7200 });
  });

  it('of a chained session is one hour at most', async () => {
    await bench.role('first');
    await bench.call('iam', 'PutRolePolicy', { RoleName: 'first', PolicyName: 'p', PolicyDocument: allow('sts:*') });
    await bench.role('second');
    await bench.call('iam', 'UpdateRole', { RoleName: 'second', MaxSessionDuration: 43_200 });
    const first = await sessionOf(assume(tasks, 'first'));
    expect(first.chained).toBe(false);
    expect(await bench.refused(assume(first, 'second', { DurationSeconds: 3601 }))).toMatchObject({
      code: 'ValidationError',
      message: 'The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining',
    });
    expect((await sessionOf(assume(first, 'second', { DurationSeconds: 3600 }))).chained).toBe(true);
  });
});

describe('session policies', () => {
  it('are checked, and their size is answered', async () => {
    await bench.role('app');
    const answer = await assume(tasks, 'app', { Policy: allow('s3:*') });
    expect(answer.PackedPolicySize).toBeGreaterThan(0);
    expect(answer.PackedPolicySize).toBeLessThanOrEqual(100);
    expect(await bench.refused(assume(tasks, 'app', { Policy: '{}' }))).toMatchObject({
      code: 'MalformedPolicyDocumentException',
    });
    const withPrincipal = policy({ Effect: 'Allow', Principal: '*', Action: 's3:*', Resource: '*' });
    expect(await bench.refused(assume(tasks, 'app', { Policy: withPrincipal }))).toMatchObject({
      code: 'MalformedPolicyDocumentException',
    });
    const long = allow(...Array.from({ length: 150 }, (_, n) => `s3:GetObject${n}`));
    expect(await bench.refused(assume(tasks, 'app', { Policy: long }))).toMatchObject({
      code: 'PackedPolicyTooLargeException',
      message: expect.stringMatching(/^Packed policy consumes \d+% of allotted space, please use smaller policy\.$/),
    });
    const PolicyArns = [{ arn: `arn:aws:iam::${TEST_ACCOUNT}:policy/none` }];
    expect(await bench.refused(assume(tasks, 'app', { PolicyArns }))).toMatchObject({ code: 'ValidationError' });
  });
});

describe('session tags', () => {
  const Tags = [
    { Key: 'Project', Value: 'orders' },
    { Key: 'env', Value: 'dev' },
  ];

  it('need sts:TagSession on both sides, and become principal tags over the tags of the role', async () => {
    const ann = await bench.user('ann', allow('sts:AssumeRole', 'sts:TagSession'));
    await bench.role('closed', trustPolicy({ AWS: TEST_ACCOUNT }));
    expect((await bench.refused(assume(ann, 'closed', { Tags }))).message).toContain('sts:TagSession');
    await bench.call('iam', 'CreateRole', {
      RoleName: 'open',
      AssumeRolePolicyDocument: trustPolicy(
        { AWS: TEST_ACCOUNT },
        {
          Action: ['sts:AssumeRole', 'sts:TagSession'],
          Condition: { StringEquals: { 'aws:RequestTag/Project': 'orders' } },
        },
      ),
      Tags: [
        { Key: 'project', Value: 'role' },
        { Key: 'team', Value: 'blue' },
      ],
    });
    const session = await sessionOf(assume(ann, 'open', { Tags }));
    expect(session.tags).toEqual({ team: 'blue', Project: 'orders', env: 'dev' });
    const other = assume(ann, 'open', { Tags: [{ Key: 'Project', Value: 'x' }] });
    expect(await bench.refused(other)).toMatchObject({ code: 'AccessDenied' });
    const twice = [...Tags, { Key: 'project', Value: 'y' }];
    expect(await bench.refused(assume(ann, 'open', { Tags: twice }))).toMatchObject({ code: 'InvalidParameterValue' });
  });

  it('that are transitive go on and cannot be set again', async () => {
    const open = trustPolicy({ AWS: TEST_ACCOUNT }, { Action: ['sts:AssumeRole', 'sts:TagSession'] });
    const ann = await bench.user('ann', allow('sts:*'));
    for (const name of ['first', 'second', 'third']) {
      await bench.role(name, open);
      await bench.call('iam', 'PutRolePolicy', { RoleName: name, PolicyName: 'p', PolicyDocument: allow('sts:*') });
    }
    expect(await bench.refused(assume(ann, 'first', { Tags, TransitiveTagKeys: ['other'] }))).toMatchObject({
      code: 'InvalidParameterValue',
      message: 'The specified transitive tag key must be included in the requested tags.',
    });
    const first = await sessionOf(assume(ann, 'first', { Tags, TransitiveTagKeys: ['project'] }));
    const second = await sessionOf(assume(first, 'second', { Tags: [{ Key: 'env', Value: 'prod' }] }));
    expect(second.tags).toEqual({ Project: 'orders', env: 'prod' });
    const third = await sessionOf(assume(second, 'third'));
    expect(third.tags).toEqual({ Project: 'orders' });
    const again = assume(second, 'third', { Tags: [{ Key: 'PROJECT', Value: 'x' }] });
    expect(await bench.refused(again)).toMatchObject({
      code: 'InvalidParameterValue',
      message: expect.stringContaining('conflict with the transitive tag keys from the calling session'),
    });
  });

  it('name their transitive keys to the trust policy', async () => {
    const ann = await bench.user('ann', allow('sts:*'));
    const Condition = { 'ForAllValues:StringEquals': { 'sts:TransitiveTagKeys': ['Project'] } };
    await bench.role(
      'r',
      trustPolicy({ AWS: TEST_ACCOUNT }, { Action: ['sts:AssumeRole', 'sts:TagSession'], Condition }),
    );
    await assume(ann, 'r', { Tags, TransitiveTagKeys: ['Project'] });
    const other = assume(ann, 'r', { Tags, TransitiveTagKeys: ['Project', 'env'] });
    expect(await bench.refused(other)).toMatchObject({ code: 'AccessDenied' });
  });
});

describe('source identity', () => {
  it('needs sts:SetSourceIdentity, stays through chaining, and cannot be changed', async () => {
    const ann = await bench.user('ann', allow('sts:*'));
    const open = (value: string) =>
      trustPolicy(
        { AWS: TEST_ACCOUNT },
        {
          Action: ['sts:AssumeRole', 'sts:SetSourceIdentity'],
          Condition: { StringEquals: { 'sts:SourceIdentity': value } },
        },
      );
    await bench.role('plain', trustPolicy({ AWS: TEST_ACCOUNT }));
    expect((await bench.refused(assume(ann, 'plain', { SourceIdentity: 'Ann' }))).message).toContain(
      'sts:SetSourceIdentity',
    );
    await bench.role('first', open('Ann'));
    await bench.call('iam', 'PutRolePolicy', { RoleName: 'first', PolicyName: 'p', PolicyDocument: allow('sts:*') });
    await bench.role('second', open('Ann'));
    expect(await bench.refused(assume(ann, 'first', { SourceIdentity: 'Bob' }))).toMatchObject({
      code: 'AccessDenied',
    });
    const answer = await assume(ann, 'first', { SourceIdentity: 'Ann' });
    expect(answer.SourceIdentity).toBe('Ann');
    const first = bench.principalOf(answer.Credentials!.AccessKeyId);
    expect((await sessionOf(assume(first, 'second'))).sourceIdentity).toBe('Ann');
    expect(await bench.refused(assume(first, 'plain'))).toMatchObject({ code: 'AccessDenied' });
    const changed = assume(first, 'second', { SourceIdentity: 'Bob' });
    expect(await bench.refused(changed)).toMatchObject({ code: 'AccessDenied' });
  });
});

describe('what is not supported', () => {
  it('is refused by name', async () => {
    const ann = await bench.user('ann', allow('sts:*'));
    await bench.role('app');
    const contexts = assume(ann, 'app', { ProvidedContexts: [{ ProviderArn: 'arn:aws:iam::aws:contextProvider/x' }] });
    expect((await bench.refused(contexts)).message).toContain('ProvidedContexts');
    const mfa = assume(ann, 'app', { SerialNumber: 'arn:aws:iam::1:mfa/x', TokenCode: '123456' });
    expect((await bench.refused(mfa)).message).toMatch(/^MultiFactorAuthentication failed/);
  });
});

describe('role last used', () => {
  it('is the last time that credentials were issued, to the minute', async () => {
    await bench.role('app');
    await assume(tasks, 'app');
    const at = bench.clock.now();
    bench.clock.advance(30_000);
    await assume(tasks, 'app');
    const lastUsed = async () => (await bench.call('iam', 'GetRole', { RoleName: 'app' })).Role.RoleLastUsed;
    expect(await lastUsed()).toEqual({ LastUsedDate: at, Region: 'eu-west-1' });
    bench.clock.advance(60_000);
    await assume(tasks, 'app');
    expect(await lastUsed()).toEqual({ LastUsedDate: at + 90_000, Region: 'eu-west-1' });
  });
});
