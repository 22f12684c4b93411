import { operation } from '../../gateway/operation.ts';
import type { Read } from '../../store/collections.ts';
import type * as Iam from '../../wire/generated/types/iam.ts';
import { attachedPolicy } from './attachments.ts';
import { boundaryMember } from './boundaries.ts';
import { encodeDocument } from './documents.ts';
import { shownProfile } from './instance-profiles.ts';
import { awsManagedPolicy } from './managed-policies.ts';
import { byKey, page } from './paging.ts';
import { type AnyPolicy, policyUsage, shownPolicy, type Usage } from './policies.ts';
import { shownVersionsWithDocuments } from './policy-versions.ts';
import {
  type Entity,
  type GroupRecord,
  groups,
  instanceProfiles,
  keyOf,
  policies,
  type RoleRecord,
  roles,
  type UserRecord,
  users,
} from './records.ts';
import { roleLastUsed } from './roles.ts';
import { tagsMember } from './tags.ts';
import { trustInForce } from './trust.ts';

type Item = { readonly key: string } & (
  | { readonly type: 'User'; readonly user: UserRecord }
  | { readonly type: 'Group'; readonly group: GroupRecord }
  | { readonly type: 'Role'; readonly role: RoleRecord }
  | { readonly type: 'LocalManagedPolicy' | 'AWSManagedPolicy'; readonly policy: AnyPolicy }
);

export const GetAccountAuthorizationDetails = operation('iam', 'GetAccountAuthorizationDetails', {
  authorize: () => [{ action: 'iam:GetAccountAuthorizationDetails', resource: '*' }],
  handle: ({ tx, account, input }) => {
    const usage = policyUsage(tx, account);
    const filter = input.Filter ?? [];
    const wanted = allItems(tx, account, usage).filter(({ type }) => filter.length === 0 || filter.includes(type));
    const { items, ...rest } = page(
      byKey(wanted, ({ key }) => key),
      ({ key }) => key,
      input,
    );
    return {
      UserDetailList: items.flatMap((item) => (item.type === 'User' ? [userDetail(tx, account, item.user)] : [])),
      GroupDetailList: items.flatMap((item) => (item.type === 'Group' ? [groupDetail(item.group)] : [])),
      RoleDetailList: items.flatMap((item) => (item.type === 'Role' ? [roleDetail(tx, account, item.role)] : [])),
      Policies: items.flatMap((item) =>
        'policy' in item
          ? [
              {
                ...shownPolicy(item.policy, usage.get(item.policy.arn)),
                PolicyVersionList: shownVersionsWithDocuments(item.policy),
              },
            ]
          : [],
      ),
      ...rest,
    };
  },
});

/** Everything there is; of AWS's policies those that are in use. */
function allItems(read: Read, account: string, usage: ReadonlyMap<string, Usage>): Item[] {
  const inUse = [...usage.keys()].map(awsManagedPolicy).filter((policy) => policy !== undefined);
  return [
    ...read.list(users, account).map((user): Item => ({ key: `1 ${user.name}`, type: 'User', user })),
    ...read.list(groups, account).map((group): Item => ({ key: `2 ${group.name}`, type: 'Group', group })),
    ...read.list(roles, account).map((role): Item => ({ key: `3 ${role.name}`, type: 'Role', role })),
    ...read
      .list(policies, account)
      .map((policy): Item => ({ key: `4 ${policy.arn}`, type: 'LocalManagedPolicy', policy })),
    ...inUse.map((policy): Item => ({ key: `5 ${policy.arn}`, type: 'AWSManagedPolicy', policy })),
  ];
}

function inlineDetails(entity: Entity): Iam.PolicyDetail[] {
  return Object.entries(entity.inline).map(([PolicyName, document]) => ({
    PolicyName,
    PolicyDocument: encodeDocument(document),
  }));
}

function userDetail(read: Read, account: string, user: UserRecord): Iam.UserDetail {
  return {
    Path: user.path,
    UserName: user.name,
    UserId: user.id,
    Arn: user.arn,
    CreateDate: user.createdAt,
    UserPolicyList: inlineDetails(user),
    GroupList: user.groups.map((key) => read.get(groups, account, key)?.name ?? key),
    AttachedManagedPolicies: user.attached.map(attachedPolicy),
    ...boundaryMember(user.boundary),
    ...tagsMember(user.tags),
  };
}

function groupDetail(group: GroupRecord): Iam.GroupDetail {
  return {
    Path: group.path,
    GroupName: group.name,
    GroupId: group.id,
    Arn: group.arn,
    CreateDate: group.createdAt,
    GroupPolicyList: inlineDetails(group),
    AttachedManagedPolicies: group.attached.map(attachedPolicy),
  };
}

function roleDetail(read: Read, account: string, role: RoleRecord): Iam.RoleDetail {
  const profiles = read.list(instanceProfiles, account).filter((profile) => profile.role === keyOf(role.name));
  return {
    Path: role.path,
    RoleName: role.name,
    RoleId: role.id,
    Arn: role.arn,
    CreateDate: role.createdAt,
    AssumeRolePolicyDocument: encodeDocument(trustInForce(read, role)),
    InstanceProfileList: profiles.map((profile) => shownProfile(read, account, profile)),
    RolePolicyList: inlineDetails(role),
    AttachedManagedPolicies: role.attached.map(attachedPolicy),
    RoleLastUsed: roleLastUsed(read, account, role),
    ...boundaryMember(role.boundary),
    ...tagsMember(role.tags),
  };
}
