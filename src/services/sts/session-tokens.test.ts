import { beforeEach, describe, expect, it } from 'vitest';
import { TEST_ACCOUNT } from '../../gateway/testing.ts';
import { allow, createIamBench, type IamBench, policy } from '../iam/testing.ts';
import { findSession, issueSession, pruneSessions } from './sessions.ts';

let bench: IamBench;
const hour = 3_600_000;

beforeEach(() => {
  bench = createIamBench();
});

describe('GetCallerIdentity', () => {
  it('tells everyone who they are, whatever their policies say', async () => {
    const denied = policy({ Effect: 'Deny', Action: '*', Resource: '*' });
    const ann = await bench.user('ann', denied);
    expect(await bench.call('sts', 'GetCallerIdentity', {}, { as: ann })).toEqual({
      UserId: ann.type === 'user' ? ann.userId : '',
      Account: TEST_ACCOUNT,
      Arn: `arn:aws:iam::${TEST_ACCOUNT}:user/ann`,
    });
    const session = bench.roleSession('app', [denied]);
    expect(await bench.call('sts', 'GetCallerIdentity', {}, { as: session })).toEqual({
      UserId: `${session.roleId}:session`,
      Account: TEST_ACCOUNT,
      Arn: `arn:aws:sts::${TEST_ACCOUNT}:assumed-role/app/session`,
    });
    expect(await bench.call('sts', 'GetCallerIdentity', {})).toEqual({
      UserId: TEST_ACCOUNT,
      Account: TEST_ACCOUNT,
      Arn: `arn:aws:iam::${TEST_ACCOUNT}:root`,
    });
  });
});

describe('GetSessionToken', () => {
  it('gives a user twelve hours and root one, without a permission', async () => {
    const ann = await bench.user('ann');
    const { Credentials } = await bench.call('sts', 'GetSessionToken', {}, { as: ann });
    expect(Credentials!.Expiration).toBe(bench.clock.now() + 12 * hour);
    expect(bench.principalOf(Credentials!.AccessKeyId)).toMatchObject({ type: 'user', userName: 'ann' });
    const root = await bench.call('sts', 'GetSessionToken', { DurationSeconds: 43_200 });
    expect(root.Credentials!.Expiration).toBe(bench.clock.now() + hour);
    expect(bench.principalOf(root.Credentials!.AccessKeyId)).toMatchObject({ type: 'root', account: TEST_ACCOUNT });
  });

  it('is not for sessions', async () => {
    const ann = await bench.user('ann', allow('*'));
    const { Credentials } = await bench.call('sts', 'GetSessionToken', {}, { as: ann });
    for (const as of [bench.roleSession('app', [allow('*')]), bench.principalOf(Credentials!.AccessKeyId)]) {
      expect(await bench.refused(bench.call('sts', 'GetSessionToken', {}, { as }))).toMatchObject({
        code: 'AccessDenied',
        message: 'Cannot call GetSessionToken with session credentials',
      });
      expect(await bench.refused(bench.call('sts', 'GetFederationToken', { Name: 'bob' }, { as }))).toMatchObject({
        code: 'AccessDenied',
        message: 'Cannot call GetFederationToken with session credentials',
      });
    }
  });

  it('a session of a user who is renamed goes on; of one deleted it ends', async () => {
    const ann = await bench.user('ann');
    const { Credentials } = await bench.call('sts', 'GetSessionToken', {}, { as: ann });
    const id = Credentials!.AccessKeyId;
    await bench.call('iam', 'UpdateUser', { UserName: 'ann', NewUserName: 'anna' });
    expect(bench.principalOf(id)).toMatchObject({ userName: 'anna' });
    await bench.call('iam', 'DeleteAccessKey', {
      UserName: 'anna',
      AccessKeyId: ann.type === 'user' ? ann.accessKeyId : '',
    });
    await bench.call('iam', 'DeleteUser', { UserName: 'anna' });
    expect(bench.identities.credential(bench.store, id)).toBeUndefined();
  });
});

describe('GetFederationToken', () => {
  it('needs its permission on the federated user', async () => {
    const ann = await bench.user(
      'ann',
      policy({
        Effect: 'Allow',
        Action: 'sts:GetFederationToken',
        Resource: `arn:aws:sts::${TEST_ACCOUNT}:federated-user/bob`,
      }),
    );
    const answer = await bench.call('sts', 'GetFederationToken', { Name: 'bob', Policy: allow('s3:*') }, { as: ann });
    expect(answer).toMatchObject({
      FederatedUser: {
        Arn: `arn:aws:sts::${TEST_ACCOUNT}:federated-user/bob`,
        FederatedUserId: `${TEST_ACCOUNT}:bob`,
      },
      Credentials: { Expiration: bench.clock.now() + 12 * hour },
    });
    expect(answer.PackedPolicySize).toBeGreaterThan(0);
    const other = bench.call('sts', 'GetFederationToken', { Name: 'eve' }, { as: ann });
    expect(await bench.refused(other)).toMatchObject({ code: 'AccessDenied' });
    const bob = bench.principalOf(answer.Credentials!.AccessKeyId);
    const assume = bench.call(
      'sts',
      'AssumeRole',
      { RoleArn: `arn:aws:iam::${TEST_ACCOUNT}:role/r`, RoleSessionName: 'ss' },
      { as: bob },
    );
    expect(await bench.refused(assume)).toMatchObject({ code: 'AccessDenied' });
    const tagged = bench.call(
      'sts',
      'GetFederationToken',
      { Name: 'bob', Tags: [{ Key: 'a', Value: 'b' }] },
      { as: ann },
    );
    expect((await bench.refused(tagged)).message).toContain('Tags');
  });
});

describe('GetAccessKeyInfo', () => {
  it('tells the account of a key', async () => {
    const ann = await bench.user('ann');
    const AccessKeyId = ann.type === 'user' ? ann.accessKeyId : '';
    expect(await bench.call('sts', 'GetAccessKeyInfo', { AccessKeyId })).toEqual({ Account: TEST_ACCOUNT });
    const { Credentials } = await bench.call('sts', 'GetSessionToken', {}, { as: ann });
    expect(await bench.call('sts', 'GetAccessKeyInfo', { AccessKeyId: Credentials!.AccessKeyId })).toEqual({
      Account: TEST_ACCOUNT,
    });
    const unknown = bench.call('sts', 'GetAccessKeyInfo', { AccessKeyId: 'AKIAIOSFODNN7EXAMPLE' });
    expect(await bench.refused(unknown)).toMatchObject({ code: 'ValidationError' });
    expect(await bench.refused(bench.call('sts', 'GetAccessKeyInfo', { AccessKeyId }, { as: ann }))).toMatchObject({
      code: 'AccessDenied',
    });
  });
});

describe('the record of calls', () => {
  it('holds no secret and no token that was handed out', async () => {
    await bench.role('app');
    const ann = await bench.user('ann', allow('*'));
    const { AccessKey } = await bench.call('iam', 'CreateAccessKey', { UserName: 'ann' });
    const handedOut = [
      await bench.call('sts', 'GetSessionToken', {}, { as: ann }),
      await bench.call('sts', 'GetFederationToken', { Name: 'bob' }, { as: ann }),
      await bench.call(
        'sts',
        'AssumeRole',
        { RoleArn: `arn:aws:iam::${TEST_ACCOUNT}:role/app`, RoleSessionName: 'ss' },
        { as: ann },
      ),
    ].map(({ Credentials }) => Credentials!);
    const trail = JSON.stringify(bench.trail());
    expect(trail).toContain(AccessKey.AccessKeyId);
    expect(trail).not.toContain(AccessKey.SecretAccessKey);
    expect(trail).toContain(handedOut.at(-1)!.AccessKeyId);
    for (const { SecretAccessKey, SessionToken } of handedOut) {
      expect(trail).not.toContain(SecretAccessKey);
      expect(trail).not.toContain(SessionToken);
    }
  });
});

describe('operations that are not served', () => {
  it('say so to whom they are allowed', async () => {
    const web = bench.call('sts', 'AssumeRoleWithWebIdentity', {
      RoleArn: `arn:aws:iam::${TEST_ACCOUNT}:role/r`,
      RoleSessionName: 'ss',
      WebIdentityToken: 'token',
    });
    expect((await bench.refused(web)).message).toContain('Rolecall does not serve sts:AssumeRoleWithWebIdentity');
  });
});

describe('expired sessions', () => {
  it('are forgotten a day after their end', () => {
    const ids = bench.gateway.environment.ids;
    const now = bench.clock.now();
    const [short, long] = bench.store.transact((tx) => [
      issueSession(tx, ids, now, 900, { kind: 'root', account: TEST_ACCOUNT }),
      issueSession(tx, ids, now, 90_000, { kind: 'root', account: TEST_ACCOUNT }),
    ]);
    bench.store.transact((tx) => pruneSessions(tx, now + 900_000 + 24 * hour));
    expect(findSession(bench.store, short!.accessKeyId)).toBeDefined();
    bench.store.transact((tx) => pruneSessions(tx, now + 900_001 + 24 * hour));
    expect(findSession(bench.store, short!.accessKeyId)).toBeUndefined();
    expect(findSession(bench.store, long!.accessKeyId)).toBeDefined();
  });
});
