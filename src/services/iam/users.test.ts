import { beforeEach, describe, expect, it } from 'vitest';
import { TEST_ACCOUNT } from '../../gateway/testing.ts';
import { createRootAccessKey } from './accounts.ts';
import { allow, createIamBench, type IamBench, policy } from './testing.ts';

let bench: IamBench;

beforeEach(() => {
  bench = createIamBench();
});

describe('users', () => {
  it('are created, shown, listed, renamed and deleted', async () => {
    const { User } = await bench.call('iam', 'CreateUser', {
      UserName: 'Ann',
      Path: '/team/',
      Tags: [{ Key: 'a', Value: '1' }],
    });
    expect(User).toMatchObject({ UserName: 'Ann', Arn: `arn:aws:iam::${TEST_ACCOUNT}:user/team/Ann`, Path: '/team/' });
    expect(User!.UserId).toMatch(/^AIDA/);
    expect((await bench.call('iam', 'GetUser', { UserName: 'Ann' })).User).toEqual(User);
    expect(await bench.refused(bench.call('iam', 'CreateUser', { UserName: 'ann' }))).toMatchObject({
      code: 'EntityAlreadyExistsException',
      message: 'User with name ann already exists.',
    });
    const { Users } = await bench.call('iam', 'ListUsers', {});
    const { Tags: _tags, ...listed } = User!;
    expect(Users).toEqual([listed]);

    await bench.call('iam', 'CreateUser', { UserName: 'bob' });
    const taken = bench.call('iam', 'UpdateUser', { UserName: 'Ann', NewUserName: 'Bob' });
    expect(await bench.refused(taken)).toMatchObject({ code: 'EntityAlreadyExistsException' });
    await bench.call('iam', 'UpdateUser', { UserName: 'Ann', NewUserName: 'Anna', NewPath: '/' });
    expect((await bench.call('iam', 'GetUser', { UserName: 'Anna' })).User).toMatchObject({
      UserId: User!.UserId,
      Arn: `arn:aws:iam::${TEST_ACCOUNT}:user/Anna`,
    });
    await bench.call('iam', 'DeleteUser', { UserName: 'Anna' });
    expect(await bench.refused(bench.call('iam', 'GetUser', { UserName: 'Anna' }))).toMatchObject({
      message: 'The user with name Anna cannot be found.',
    });
  });

  it('GetUser without a name is the caller; root has no name; a role session must give one', async () => {
    const ann = await bench.user('ann', allow('iam:GetUser'));
    expect((await bench.call('iam', 'GetUser', {}, { as: ann })).User.UserName).toBe('ann');
    const { User } = await bench.call('iam', 'GetUser', {});
    expect(User).toMatchObject({ Arn: `arn:aws:iam::${TEST_ACCOUNT}:root`, UserId: TEST_ACCOUNT });
    const session = bench.roleSession('app', [allow('iam:*')]);
    expect(await bench.refused(bench.call('iam', 'GetUser', {}, { as: session }))).toMatchObject({
      code: 'ValidationError',
      message: 'Must specify userName when calling with non-User credentials',
    });
  });

  it('cannot be deleted while something hangs on them', async () => {
    await bench.user('ann', allow('s3:*'));
    await bench.call('iam', 'CreateGroup', { GroupName: 'g' });
    await bench.call('iam', 'AddUserToGroup', { GroupName: 'g', UserName: 'ann' });
    const remove = async () => (await bench.refused(bench.call('iam', 'DeleteUser', { UserName: 'ann' }))).message;
    expect(await remove()).toBe('Cannot delete entity, must remove users from group first.');
    await bench.call('iam', 'RemoveUserFromGroup', { GroupName: 'g', UserName: 'ann' });
    expect(await remove()).toBe('Cannot delete entity, must delete policies first.');
    await bench.call('iam', 'DeleteUserPolicy', { UserName: 'ann', PolicyName: 'policy-0' });
    expect(await remove()).toBe('Cannot delete entity, must delete access keys first.');
  });

  it('are authorized by ARN and tag', async () => {
    await bench.call('iam', 'CreateUser', { UserName: 'blue', Tags: [{ Key: 'team', Value: 'blue' }] });
    await bench.call('iam', 'CreateUser', { UserName: 'red', Tags: [{ Key: 'team', Value: 'red' }] });
    for (const key of ['aws:ResourceTag/team', 'iam:ResourceTag/team']) {
      const caller = bench.roleSession('c', [
        policy({
          Effect: 'Allow',
          Action: 'iam:GetUser',
          Resource: '*',
          Condition: { StringEquals: { [key]: 'blue' } },
        }),
      ]);
      await bench.call('iam', 'GetUser', { UserName: 'blue' }, { as: caller });
      expect(await bench.refused(bench.call('iam', 'GetUser', { UserName: 'red' }, { as: caller }))).toMatchObject({
        code: 'AccessDenied',
      });
    }
  });
});

describe('access keys', () => {
  it('two per user, with status, and gone when deleted', async () => {
    await bench.call('iam', 'CreateUser', { UserName: 'ann' });
    const create = () => bench.call('iam', 'CreateAccessKey', { UserName: 'ann' });
    const { AccessKey } = await create();
    expect(AccessKey).toMatchObject({ UserName: 'ann', Status: 'Active' });
    expect(AccessKey.AccessKeyId).toMatch(/^AKIA[A-Z2-7]{16}$/);
    expect(AccessKey.SecretAccessKey).toHaveLength(40);
    await create();
    expect(await bench.refused(create())).toMatchObject({
      code: 'LimitExceededException',
      message: 'Cannot exceed quota for AccessKeysPerUser: 2',
    });
    const AccessKeyId = AccessKey.AccessKeyId;
    await bench.call('iam', 'UpdateAccessKey', { UserName: 'ann', AccessKeyId, Status: 'Inactive' });
    const { AccessKeyMetadata } = await bench.call('iam', 'ListAccessKeys', { UserName: 'ann' });
    expect(AccessKeyMetadata.find((key) => key.AccessKeyId === AccessKeyId)).toMatchObject({ Status: 'Inactive' });
    expect(JSON.stringify(AccessKeyMetadata)).not.toContain(AccessKey.SecretAccessKey);
    await bench.call('iam', 'DeleteAccessKey', { UserName: 'ann', AccessKeyId });
    expect(await bench.refused(bench.call('iam', 'DeleteAccessKey', { UserName: 'ann', AccessKeyId }))).toMatchObject({
      code: 'NoSuchEntityException',
      message: `The Access Key with id ${AccessKeyId} cannot be found.`,
    });
  });

  it('of another user are not found under a name that does not own them', async () => {
    await bench.user('ann');
    const bob = await bench.user('bob');
    const AccessKeyId = bob.type === 'user' ? bob.accessKeyId : '';
    const update = bench.call('iam', 'UpdateAccessKey', { UserName: 'ann', AccessKeyId, Status: 'Inactive' });
    expect(await bench.refused(update)).toMatchObject({ code: 'NoSuchEntityException' });
  });

  it('of the root user, named by nobody', async () => {
    bench.store.transact((tx) =>
      createRootAccessKey(tx, TEST_ACCOUNT, { accessKeyId: 'test', secretAccessKey: 'test' }, 0),
    );
    expect((await bench.call('iam', 'ListAccessKeys', {})).AccessKeyMetadata).toEqual([
      { AccessKeyId: 'test', Status: 'Active', CreateDate: 0 },
    ]);
    const { AccessKey } = await bench.call('iam', 'CreateAccessKey', {});
    expect(bench.principalOf(AccessKey.AccessKeyId)).toMatchObject({ type: 'root', account: TEST_ACCOUNT });
    await bench.call('iam', 'DeleteAccessKey', { AccessKeyId: AccessKey.AccessKeyId });
    expect((await bench.call('iam', 'ListAccessKeys', {})).AccessKeyMetadata).toHaveLength(1);
  });

  it('know their last use from the record of calls', async () => {
    const ann = await bench.user('ann', allow('iam:GetUser'));
    const AccessKeyId = ann.type === 'user' ? ann.accessKeyId : '';
    const lastUsed = async () => (await bench.call('iam', 'GetAccessKeyLastUsed', { AccessKeyId })).AccessKeyLastUsed;
    expect(await lastUsed()).toEqual({ ServiceName: 'N/A', Region: 'N/A' });
    bench.clock.advance(5000);
    await bench.call('iam', 'GetUser', {}, { as: ann });
    const at = bench.clock.now();
    bench.clock.advance(5000);
    expect(await lastUsed()).toEqual({ ServiceName: 'iam', Region: 'us-east-1', LastUsedDate: at });
  });
});

describe('groups', () => {
  it('have members, are renamed with them, and are deleted empty', async () => {
    const { Group } = await bench.call('iam', 'CreateGroup', { GroupName: 'Writers', Path: '/x/' });
    expect(Group).toMatchObject({ Arn: `arn:aws:iam::${TEST_ACCOUNT}:group/x/Writers` });
    expect(Group.GroupId).toMatch(/^AGPA/);
    await bench.call('iam', 'CreateUser', { UserName: 'ann' });
    await bench.call('iam', 'AddUserToGroup', { GroupName: 'Writers', UserName: 'ann' });
    await bench.call('iam', 'AddUserToGroup', { GroupName: 'Writers', UserName: 'ann' });
    const { Users } = await bench.call('iam', 'GetGroup', { GroupName: 'Writers' });
    expect(Users.map(({ UserName }) => UserName)).toEqual(['ann']);
    await bench.call('iam', 'UpdateGroup', { GroupName: 'Writers', NewGroupName: 'Authors' });
    expect((await bench.call('iam', 'ListGroupsForUser', { UserName: 'ann' })).Groups).toMatchObject([
      { GroupName: 'Authors', GroupId: Group.GroupId },
    ]);
    expect((await bench.call('iam', 'ListGroups', {})).Groups).toHaveLength(1);
    expect(await bench.refused(bench.call('iam', 'DeleteGroup', { GroupName: 'Authors' }))).toMatchObject({
      code: 'DeleteConflictException',
    });
    await bench.call('iam', 'RemoveUserFromGroup', { GroupName: 'Authors', UserName: 'ann' });
    expect(
      await bench.refused(bench.call('iam', 'RemoveUserFromGroup', { GroupName: 'Authors', UserName: 'ann' })),
    ).toMatchObject({ code: 'NoSuchEntityException' });
    await bench.call('iam', 'DeleteGroup', { GroupName: 'Authors' });
    expect(await bench.refused(bench.call('iam', 'GetGroup', { GroupName: 'Authors' }))).toMatchObject({
      message: 'The group with name Authors cannot be found.',
    });
  });

  it('take a user into ten groups and no more', async () => {
    await bench.call('iam', 'CreateUser', { UserName: 'ann' });
    for (let n = 0; n < 10; n++) {
      await bench.call('iam', 'CreateGroup', { GroupName: `g${n}` });
      await bench.call('iam', 'AddUserToGroup', { GroupName: `g${n}`, UserName: 'ann' });
    }
    await bench.call('iam', 'CreateGroup', { GroupName: 'last' });
    expect(
      await bench.refused(bench.call('iam', 'AddUserToGroup', { GroupName: 'last', UserName: 'ann' })),
    ).toMatchObject({ message: 'Cannot exceed quota for GroupsPerUser: 10' });
  });
});

describe('credentials of GetSessionToken', () => {
  it('cannot call IAM', async () => {
    const ann = await bench.user('ann', allow('iam:*'));
    const { Credentials } = await bench.call('sts', 'GetSessionToken', {}, { as: ann });
    const session = bench.principalOf(Credentials!.AccessKeyId);
    expect(await bench.refused(bench.call('iam', 'ListUsers', {}, { as: session }))).toMatchObject({
      code: 'InvalidClientTokenId',
      message: 'The security token included in the request is invalid',
      status: 403,
    });
  });
});
