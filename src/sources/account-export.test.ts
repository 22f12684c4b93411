import { describe, expect, it } from 'vitest';
import { exportedAccount, isAccountExport, readAccountExport } from './account-export.ts';
import { plain } from './node.ts';
import { parseDocument } from './read-document.ts';
import { emptyWorkload } from './workload.ts';

const TRUST = {
  Version: '2012-10-17',
  Statement: [{ Effect: 'Allow', Principal: { Service: 'ecs-tasks.amazonaws.com' }, Action: 'sts:AssumeRole' }],
};
const PASS = { Version: '2012-10-17', Statement: [{ Effect: 'Allow', Action: 'iam:PassRole', Resource: '*' }] };
const OLD = { Version: '2012-10-17', Statement: [{ Effect: 'Deny', Action: '*', Resource: '*' }] };

const EXPORT = {
  UserDetailList: [
    {
      UserName: 'deployer',
      Path: '/',
      Arn: 'arn:aws:iam::123456789012:user/deployer',
      UserPolicyList: [],
      GroupList: ['deployers'],
      AttachedManagedPolicies: [],
    },
  ],
  GroupDetailList: [
    {
      GroupName: 'deployers',
      Path: '/',
      Arn: 'arn:aws:iam::123456789012:group/deployers',
      GroupPolicyList: [{ PolicyName: 'pass', PolicyDocument: PASS }],
      AttachedManagedPolicies: [{ PolicyName: 'own', PolicyArn: 'arn:aws:iam::123456789012:policy/own' }],
    },
  ],
  RoleDetailList: [
    {
      RoleName: 'task',
      Path: '/team/',
      Arn: 'arn:aws:iam::123456789012:role/team/task',
      AssumeRolePolicyDocument: encodeURIComponent(JSON.stringify(TRUST)),
      InstanceProfileList: [
        {
          InstanceProfileName: 'nodes',
          Path: '/',
          Arn: 'arn:aws:iam::123456789012:instance-profile/nodes',
          Roles: [{ RoleName: 'task' }],
        },
      ],
      RolePolicyList: [{ PolicyName: 'inline', PolicyDocument: PASS }],
      AttachedManagedPolicies: [{ PolicyName: 'own', PolicyArn: 'arn:aws:iam::123456789012:policy/own' }],
      PermissionsBoundary: {
        PermissionsBoundaryType: 'Policy',
        PermissionsBoundaryArn: 'arn:aws:iam::123456789012:policy/own',
      },
      Tags: [{ Key: 'team', Value: 'orders' }],
    },
  ],
  Policies: [
    {
      PolicyName: 'own',
      Path: '/',
      Arn: 'arn:aws:iam::123456789012:policy/own',
      DefaultVersionId: 'v2',
      PolicyVersionList: [
        { VersionId: 'v1', IsDefaultVersion: false, Document: OLD },
        { VersionId: 'v2', IsDefaultVersion: true, Document: PASS },
      ],
    },
  ],
};

function read(document: object, workload = emptyWorkload('123456789012', 'eu-west-1')) {
  readAccountExport(parseDocument('account.json', JSON.stringify(document, undefined, 1)), workload);
  return workload;
}

describe('an account’s export', () => {
  it('is recognised, and says its account', () => {
    const document = parseDocument('account.json', JSON.stringify(EXPORT));
    expect(isAccountExport(document)).toBe(true);
    expect(exportedAccount(document)).toBe('123456789012');
  });

  it('gives roles with trust, policies, boundary and tags, decoded or not', () => {
    const { roles, inlinePolicies, attachments, instanceProfiles } = read(EXPORT);
    expect(roles[0]).toMatchObject({
      name: 'task',
      path: '/team/',
      arn: 'arn:aws:iam::123456789012:role/team/task',
      boundary: 'arn:aws:iam::123456789012:policy/own',
      tags: [{ key: 'team', value: 'orders' }],
    });
    expect(plain(roles[0]!.trust.node)).toEqual(TRUST);
    expect(roles[0]!.origin.path).toBe('/RoleDetailList/0');
    expect(inlinePolicies.map(({ holder, name, origin }) => [holder, name, origin.path])).toEqual([
      [{ kind: 'role', name: 'task' }, 'inline', '/RoleDetailList/0/RolePolicyList/0'],
    ]);
    expect(attachments.map(({ policyArn }) => policyArn)).toEqual(['arn:aws:iam::123456789012:policy/own']);
    expect(instanceProfiles.map(({ name, role }) => [name, role])).toEqual([['nodes', 'task']]);
  });

  it('takes the default version of managed policies', () => {
    expect(plain(read(EXPORT).managedPolicies[0]!.document.node)).toEqual(PASS);
  });

  it('gives groups with their users', () => {
    const { groups, users } = read(EXPORT);
    expect(users.map(({ name }) => name)).toEqual(['deployer']);
    expect(
      groups.map(({ users: names, inlinePolicies, attachments }) => [names, inlinePolicies.length, attachments.length]),
    ).toEqual([[['deployer'], 1, 1]]);
  });

  it('gives way to what the rest of the input declares, and says so', () => {
    const first = read({ RoleDetailList: EXPORT.RoleDetailList });
    const workload = read(EXPORT, first);
    expect(workload.roles).toHaveLength(1);
    expect(workload.inlinePolicies).toHaveLength(1);
    expect(workload.leftOut[0]).toMatchObject({
      what: 'instance profile arn:aws:iam::123456789012:instance-profile/nodes of the account',
      why: expect.stringContaining('account.json:'),
    });
    expect(workload.leftOut[1]).toMatchObject({ what: 'role arn:aws:iam::123456789012:role/team/task of the account' });
  });

  it('that ends too early is named', () => {
    expect(read({ ...EXPORT, IsTruncated: true }).leftOut[0]?.why).toContain('without --max-items');
  });
});
