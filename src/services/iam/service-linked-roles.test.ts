import { beforeEach, describe, expect, it } from 'vitest';
import { TEST_ACCOUNT } from '../../gateway/testing.ts';
import { clusters } from '../ecs/records.ts';
import { allow, createIamBench, type IamBench, policy, trustPolicy } from './testing.ts';

const RoleName = 'AWSServiceRoleForECS';
const roleArn = `arn:aws:iam::${TEST_ACCOUNT}:role/aws-service-role/ecs.amazonaws.com/${RoleName}`;
let bench: IamBench;

beforeEach(() => {
  bench = createIamBench();
});

const create = () => bench.call('iam', 'CreateServiceLinkedRole', { AWSServiceName: 'ecs.amazonaws.com' });

describe('the service-linked role of ECS', () => {
  it('has its path, trust and policy, and can be made once', async () => {
    const { Role } = await create();
    expect(Role).toMatchObject({ Arn: roleArn, Path: '/aws-service-role/ecs.amazonaws.com/', RoleName });
    expect(decodeURIComponent(Role!.AssumeRolePolicyDocument!)).toContain('"Service":"ecs.amazonaws.com"');
    expect((await bench.call('iam', 'ListAttachedRolePolicies', { RoleName })).AttachedPolicies).toEqual([
      {
        PolicyName: 'AmazonECSServiceRolePolicy',
        PolicyArn: 'arn:aws:iam::aws:policy/aws-service-role/AmazonECSServiceRolePolicy',
      },
    ]);
    expect(await bench.refused(create())).toMatchObject({
      code: 'InvalidInputException',
      message: `Service role name ${RoleName} has been taken in this account, please try a different suffix.`,
    });
  });

  it('needs iam:CreateServiceLinkedRole with the service as condition', async () => {
    const caller = (service: string) =>
      bench.roleSession('c', [
        policy({
          Effect: 'Allow',
          Action: 'iam:CreateServiceLinkedRole',
          Resource: roleArn,
          Condition: { StringLike: { 'iam:AWSServiceName': service } },
        }),
      ]);
    const as = (service: string) =>
      bench.call('iam', 'CreateServiceLinkedRole', { AWSServiceName: 'ecs.amazonaws.com' }, { as: caller(service) });
    expect(await bench.refused(as('spot.amazonaws.com'))).toMatchObject({ code: 'AccessDenied' });
    await as('ecs.amazonaws.com');
  });

  it('cannot be changed but for its description and tags', async () => {
    await create();
    const PolicyArn = 'arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess';
    const Tags = [{ Key: 'a', Value: 'b' }];
    await bench.call('iam', 'CreateInstanceProfile', { InstanceProfileName: 'p' });
    for (const call of [
      bench.call('iam', 'DeleteRole', { RoleName }),
      bench.call('iam', 'UpdateRole', { RoleName, MaxSessionDuration: 7200 }),
      bench.call('iam', 'UpdateAssumeRolePolicy', { RoleName, PolicyDocument: trustPolicy({ AWS: TEST_ACCOUNT }) }),
      bench.call('iam', 'AttachRolePolicy', { RoleName, PolicyArn }),
      bench.call('iam', 'DetachRolePolicy', { RoleName, PolicyArn }),
      bench.call('iam', 'PutRolePolicy', { RoleName, PolicyName: 'p', PolicyDocument: allow('s3:*') }),
      bench.call('iam', 'DeleteRolePolicy', { RoleName, PolicyName: 'p' }),
      bench.call('iam', 'PutRolePermissionsBoundary', { RoleName, PermissionsBoundary: PolicyArn }),
      bench.call('iam', 'DeleteRolePermissionsBoundary', { RoleName }),
      bench.call('iam', 'AddRoleToInstanceProfile', { InstanceProfileName: 'p', RoleName }),
    ]) {
      expect(await bench.refused(call)).toMatchObject({
        code: 'UnmodifiableEntityException',
        message: `Cannot perform the operation on the protected role '${RoleName}' - this role is only modifiable by AWS`,
      });
    }
    await bench.call('iam', 'UpdateRoleDescription', { RoleName, Description: 'ours' });
    await bench.call('iam', 'UpdateRole', { RoleName, Description: 'still ours' });
    await bench.call('iam', 'TagRole', { RoleName, Tags });
    const { Role } = await bench.call('iam', 'GetRole', { RoleName });
    expect(Role).toMatchObject({ Description: 'still ours', Tags });
    const reserved = bench.call('iam', 'CreateRole', {
      RoleName: 'x',
      Path: '/aws-service-role/ecs.amazonaws.com/',
      AssumeRolePolicyDocument: trustPolicy({ AWS: TEST_ACCOUNT }),
    });
    expect(await bench.refused(reserved)).toMatchObject({ code: 'InvalidInputException' });
  });

  it('is deleted when ECS has nothing that needs it', async () => {
    await create();
    bench.store.transact((tx) =>
      tx.put(clusters, `${TEST_ACCOUNT}/eu-west-1`, 'c', {
        arn: `arn:aws:ecs:eu-west-1:${TEST_ACCOUNT}:cluster/c`,
        name: 'c',
        status: 'ACTIVE',
      } as never),
    );
    const remove = async () => (await bench.call('iam', 'DeleteServiceLinkedRole', { RoleName })).DeletionTaskId;
    const status = (DeletionTaskId: string) =>
      bench.call('iam', 'GetServiceLinkedRoleDeletionStatus', { DeletionTaskId });
    const failed = await remove();
    expect(failed).toMatch(/^task\/aws-service-role\/ecs\.amazonaws\.com\/AWSServiceRoleForECS\//);
    expect(await status(failed)).toMatchObject({
      Status: 'FAILED',
      Reason: {
        RoleUsageList: [{ Region: 'eu-west-1', Resources: [`arn:aws:ecs:eu-west-1:${TEST_ACCOUNT}:cluster/c`] }],
      },
    });
    bench.store.transact((tx) => tx.delete(clusters, `${TEST_ACCOUNT}/eu-west-1`, 'c'));
    expect(await status(await remove())).toEqual({ Status: 'SUCCEEDED' });
    expect(await bench.refused(bench.call('iam', 'GetRole', { RoleName }))).toMatchObject({
      code: 'NoSuchEntityException',
    });
    expect(await bench.refused(status('task/none/x'))).toMatchObject({ code: 'NoSuchEntityException' });
  });

  it('an ordinary role is none, and an unknown service has none', async () => {
    await bench.role('app');
    expect(await bench.refused(bench.call('iam', 'DeleteServiceLinkedRole', { RoleName: 'app' }))).toMatchObject({
      code: 'InvalidInputException',
    });
    const unknown = bench.call('iam', 'CreateServiceLinkedRole', { AWSServiceName: 'lex.amazonaws.com' });
    expect((await bench.refused(unknown)).message).toContain('ecs.amazonaws.com');
  });
});
