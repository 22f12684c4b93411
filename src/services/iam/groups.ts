import { operation } from '../../gateway/operation.ts';
import type { Read } from '../../store/collections.ts';
import type * as Iam from '../../wire/generated/types/iam.ts';
import { deleteEntity, entityCheck, existing, findEntity, putEntity, wholeSeconds } from './entities.ts';
import { deleteConflict, entityExists, limitExceeded, noSuchEntity } from './errors.ts';
import { byKey, namedPage } from './paging.ts';
import { checkPathPrefix, iamArn, pathOf } from './paths.ts';
import { type GroupRecord, groups, keyOf, type UserRecord, users } from './records.ts';
import { shownUser } from './users.ts';

/** Source: IAM User Guide, reference_iam-quotas. */
const MAX_GROUPS_PER_USER = 10;

export function shownGroup(group: GroupRecord): Iam.Group {
  return { Path: group.path, GroupName: group.name, GroupId: group.id, Arn: group.arn, CreateDate: group.createdAt };
}

function membersOf(read: Read, account: string, group: GroupRecord): UserRecord[] {
  const key = keyOf(group.name);
  return byKey(read.list(users, account), ({ name }) => name).filter((user) => user.groups.includes(key));
}

export const CreateGroup = operation('iam', 'CreateGroup', {
  authorize: ({ account, input }) => [
    entityCheck('iam:CreateGroup', 'group', account, input.GroupName, undefined, { path: pathOf(input.Path) }),
  ],
  handle: ({ tx, account, input, now, ids }) => {
    if (findEntity(tx, 'group', account, input.GroupName) !== undefined) {
      throw entityExists(`Group with name ${input.GroupName} already exists.`);
    }
    const path = pathOf(input.Path);
    const group: GroupRecord = {
      name: input.GroupName,
      path,
      arn: iamArn(account, 'group', path, input.GroupName),
      id: ids.iam('AGPA'),
      createdAt: wholeSeconds(now),
      inline: {},
      attached: [],
    };
    putEntity(tx, 'group', account, group);
    return { Group: shownGroup(group) };
  },
});

export const GetGroup = operation('iam', 'GetGroup', {
  resolve: ({ tx, account, input }) => ({ group: findEntity(tx, 'group', account, input.GroupName) }),
  authorize: ({ account, input, group }) => [entityCheck('iam:GetGroup', 'group', account, input.GroupName, group)],
  handle: ({ tx, account, input, group }) => {
    const found = existing(group, 'group', input.GroupName);
    const members = membersOf(tx, account, found);
    return { Group: shownGroup(found), ...namedPage('Users', members, ({ name }) => name, input, shownUser) };
  },
});

export const ListGroups = operation('iam', 'ListGroups', {
  authorize: ({ account, input }) => [
    { action: 'iam:ListGroups', resource: iamArn(account, 'group', input.PathPrefix ?? '/', '') },
  ],
  handle: ({ tx, account, input }) => {
    const prefix = checkPathPrefix(input.PathPrefix);
    const all = byKey(tx.list(groups, account), ({ name }) => name).filter(({ path }) => path.startsWith(prefix));
    return namedPage('Groups', all, ({ name }) => name, input, shownGroup);
  },
});

export const UpdateGroup = operation('iam', 'UpdateGroup', {
  resolve: ({ tx, account, input }) => ({ group: findEntity(tx, 'group', account, input.GroupName) }),
  authorize: ({ account, input, group }) => {
    const before = entityCheck('iam:UpdateGroup', 'group', account, input.GroupName, group);
    const path = input.NewPath ?? group?.path ?? '/';
    const resource = iamArn(account, 'group', path, input.NewGroupName ?? group?.name ?? input.GroupName);
    return resource === before.resource ? [before] : [before, { ...before, resource }];
  },
  handle: ({ tx, account, input, group }) => {
    const found = existing(group, 'group', input.GroupName);
    const name = input.NewGroupName ?? found.name;
    const path = input.NewPath === undefined ? found.path : pathOf(input.NewPath);
    if (keyOf(name) !== keyOf(found.name) && findEntity(tx, 'group', account, name) !== undefined) {
      throw entityExists(`Group with name ${name} already exists.`);
    }
    const members = membersOf(tx, account, found);
    deleteEntity(tx, 'group', account, found.name);
    putEntity(tx, 'group', account, { ...found, name, path, arn: iamArn(account, 'group', path, name) });
    for (const user of members) {
      const memberships = user.groups.map((key) => (key === keyOf(found.name) ? keyOf(name) : key));
      putEntity(tx, 'user', account, { ...user, groups: memberships });
    }
    return {};
  },
});

export const DeleteGroup = operation('iam', 'DeleteGroup', {
  resolve: ({ tx, account, input }) => ({ group: findEntity(tx, 'group', account, input.GroupName) }),
  authorize: ({ account, input, group }) => [entityCheck('iam:DeleteGroup', 'group', account, input.GroupName, group)],
  handle: ({ tx, account, input, group }) => {
    const found = existing(group, 'group', input.GroupName);
    if (membersOf(tx, account, found).length > 0) {
      throw deleteConflict('Cannot delete entity, must remove users from group first.');
    }
    if (found.attached.length > 0) throw deleteConflict('Cannot delete entity, must detach all policies first.');
    if (Object.keys(found.inline).length > 0) {
      throw deleteConflict('Cannot delete entity, must delete policies first.');
    }
    deleteEntity(tx, 'group', account, found.name);
    return {};
  },
});

export const AddUserToGroup = operation('iam', 'AddUserToGroup', {
  resolve: ({ tx, account, input }) => ({
    group: findEntity(tx, 'group', account, input.GroupName),
    user: findEntity(tx, 'user', account, input.UserName),
  }),
  authorize: ({ account, input, group }) => [
    entityCheck('iam:AddUserToGroup', 'group', account, input.GroupName, group),
  ],
  handle: ({ tx, account, input, group, user }) => {
    const key = keyOf(existing(group, 'group', input.GroupName).name);
    const member = existing(user, 'user', input.UserName);
    if (member.groups.includes(key)) return {};
    if (member.groups.length >= MAX_GROUPS_PER_USER) {
      throw limitExceeded(`Cannot exceed quota for GroupsPerUser: ${MAX_GROUPS_PER_USER}`);
    }
    putEntity(tx, 'user', account, { ...member, groups: [...member.groups, key] });
    return {};
  },
});

export const RemoveUserFromGroup = operation('iam', 'RemoveUserFromGroup', {
  resolve: ({ tx, account, input }) => ({
    group: findEntity(tx, 'group', account, input.GroupName),
    user: findEntity(tx, 'user', account, input.UserName),
  }),
  authorize: ({ account, input, group }) => [
    entityCheck('iam:RemoveUserFromGroup', 'group', account, input.GroupName, group),
  ],
  handle: ({ tx, account, input, group, user }) => {
    const key = keyOf(existing(group, 'group', input.GroupName).name);
    const member = existing(user, 'user', input.UserName);
    if (!member.groups.includes(key)) {
      throw noSuchEntity(`User ${input.UserName} not in group ${input.GroupName}.`); // unverified: text
    }
    putEntity(tx, 'user', account, { ...member, groups: member.groups.filter((other) => other !== key) });
    return {};
  },
});

export const ListGroupsForUser = operation('iam', 'ListGroupsForUser', {
  resolve: ({ tx, account, input }) => ({ user: findEntity(tx, 'user', account, input.UserName) }),
  authorize: ({ account, input, user }) => [
    entityCheck('iam:ListGroupsForUser', 'user', account, input.UserName, user),
  ],
  handle: ({ tx, account, input, user }) => {
    const memberships = existing(user, 'user', input.UserName).groups;
    const found = memberships.map((key) => tx.get(groups, account, key)).filter((group) => group !== undefined);
    const sorted = byKey(found, ({ name }) => name);
    return namedPage('Groups', sorted, ({ name }) => name, input, shownGroup);
  },
});
