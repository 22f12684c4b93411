import { beforeEach, describe, expect, it } from 'vitest';
import { TEST_ACCOUNT } from '../../gateway/testing.ts';
import { createIamBench, type IamBench, policy } from './testing.ts';

let bench: IamBench;

beforeEach(() => {
  bench = createIamBench();
});

describe('instance profiles', () => {
  it('hold one role', async () => {
    const { InstanceProfile } = await bench.call('iam', 'CreateInstanceProfile', {
      InstanceProfileName: 'Profile',
      Path: '/x/',
      Tags: [{ Key: 'a', Value: 'b' }],
    });
    expect(InstanceProfile).toMatchObject({
      Arn: `arn:aws:iam::${TEST_ACCOUNT}:instance-profile/x/Profile`,
      Roles: [],
      Tags: [{ Key: 'a', Value: 'b' }],
    });
    expect(InstanceProfile.InstanceProfileId).toMatch(/^AIPA/);
    expect(
      await bench.refused(bench.call('iam', 'CreateInstanceProfile', { InstanceProfileName: 'profile' })),
    ).toMatchObject({ message: 'Instance Profile profile already exists.' });
    await bench.role('one');
    await bench.role('two');
    const add = (RoleName: string) =>
      bench.call('iam', 'AddRoleToInstanceProfile', { InstanceProfileName: 'Profile', RoleName });
    await add('one');
    expect(await bench.refused(add('two'))).toMatchObject({
      code: 'LimitExceededException',
      message: 'Cannot exceed quota for InstanceSessionsPerInstanceProfile: 1',
    });
    const shown = await bench.call('iam', 'GetInstanceProfile', { InstanceProfileName: 'Profile' });
    expect(shown.InstanceProfile.Roles.map(({ RoleName }) => RoleName)).toEqual(['one']);
    expect((await bench.call('iam', 'ListInstanceProfiles', { PathPrefix: '/x/' })).InstanceProfiles).toHaveLength(1);
    expect((await bench.call('iam', 'ListInstanceProfiles', { PathPrefix: '/y/' })).InstanceProfiles).toEqual([]);
    const forRole = await bench.call('iam', 'ListInstanceProfilesForRole', { RoleName: 'one' });
    expect(forRole.InstanceProfiles).toMatchObject([{ InstanceProfileName: 'Profile' }]);
    const remove = () => bench.call('iam', 'DeleteInstanceProfile', { InstanceProfileName: 'Profile' });
    expect(await bench.refused(remove())).toMatchObject({ code: 'DeleteConflictException' });
    const takeOut = { InstanceProfileName: 'Profile', RoleName: 'one' };
    await bench.call('iam', 'RemoveRoleFromInstanceProfile', takeOut);
    expect(await bench.refused(bench.call('iam', 'RemoveRoleFromInstanceProfile', takeOut))).toMatchObject({
      code: 'NoSuchEntityException',
    });
    await remove();
    expect(await bench.refused(remove())).toMatchObject({ message: 'Instance Profile Profile cannot be found.' });
  });

  it('take a role only from those who may pass it to EC2', async () => {
    await bench.role('app');
    await bench.call('iam', 'CreateInstanceProfile', { InstanceProfileName: 'p' });
    const caller = (service: string) =>
      bench.roleSession('c', [
        policy(
          { Effect: 'Allow', Action: 'iam:AddRoleToInstanceProfile', Resource: '*' },
          {
            Effect: 'Allow',
            Action: 'iam:PassRole',
            Resource: `arn:aws:iam::${TEST_ACCOUNT}:role/app`,
            Condition: { StringEquals: { 'iam:PassedToService': service } },
          },
        ),
      ]);
    const add = (service: string) =>
      bench.call(
        'iam',
        'AddRoleToInstanceProfile',
        { InstanceProfileName: 'p', RoleName: 'app' },
        { as: caller(service) },
      );
    expect((await bench.refused(add('ecs-tasks.amazonaws.com'))).message).toContain(
      `iam:PassRole on resource: arn:aws:iam::${TEST_ACCOUNT}:role/app because no identity-based policy allows the iam:PassRole action`,
    );
    await add('ec2.amazonaws.com');
  });
});
