import { operation, type ReadContext } from '../../gateway/operation.ts';
import type * as Iam from '../../wire/generated/types/iam.ts';
import { renameUserInSessions } from '../sts/sessions.ts';
import { boundaryMember, checkBoundary } from './boundaries.ts';
import { deleteEntity, entityCheck, existing, findEntity, putEntity, wholeSeconds } from './entities.ts';
import { deleteConflict, entityExists, mustNameUser } from './errors.ts';
import { byKey, namedPage } from './paging.ts';
import { checkPathPrefix, iamArn, pathOf } from './paths.ts';
import { accessKeys, accounts, EVERYWHERE, keyOf, type UserRecord, users } from './records.ts';
import { askedTags, requestTags, tagsMember, withTags } from './tags.ts';

/** A user as ListUsers and GetGroup show it. */
export function shownUser(user: UserRecord): Iam.User {
  return { Path: user.path, UserName: user.name, UserId: user.id, Arn: user.arn, CreateDate: user.createdAt };
}

function shownUserWithTags(user: UserRecord): Iam.User {
  return { ...shownUser(user), ...boundaryMember(user.boundary), ...tagsMember(user.tags) };
}

/** The user name a request means when it names none: the caller's own. Undefined for callers that are no users. */
export function meantUser(
  context: Pick<ReadContext<{ readonly UserName?: string | undefined }>, 'input' | 'principal'>,
) {
  if (context.input.UserName !== undefined) return context.input.UserName;
  return context.principal.type === 'user' ? context.principal.userName : undefined;
}

export const CreateUser = operation('iam', 'CreateUser', {
  authorize: ({ account, input }) => {
    const options = {
      path: pathOf(input.Path),
      boundary: input.PermissionsBoundary,
      requestTags: askedTags(input.Tags),
    };
    const check = (action: string) => entityCheck(action, 'user', account, input.UserName, undefined, options);
    return (input.Tags ?? []).length === 0
      ? [check('iam:CreateUser')]
      : [check('iam:CreateUser'), check('iam:TagUser')];
  },
  handle: ({ tx, account, input, now, ids }) => {
    if (findEntity(tx, 'user', account, input.UserName) !== undefined) {
      throw entityExists(`User with name ${input.UserName} already exists.`);
    }
    if (input.PermissionsBoundary !== undefined) checkBoundary(tx, account, input.PermissionsBoundary);
    const path = pathOf(input.Path);
    const user: UserRecord = {
      name: input.UserName,
      path,
      arn: iamArn(account, 'user', path, input.UserName),
      id: ids.iam('AIDA'),
      createdAt: wholeSeconds(now),
      inline: {},
      attached: [],
      groups: [],
      accessKeys: [],
      tags: withTags({}, requestTags(input.Tags)),
      ...(input.PermissionsBoundary === undefined ? {} : { boundary: input.PermissionsBoundary }),
    };
    putEntity(tx, 'user', account, user);
    return { User: shownUserWithTags(user) };
  },
});

export const GetUser = operation('iam', 'GetUser', {
  resolve: ({ tx, account, input, principal }) => {
    const name = meantUser({ input, principal });
    return { name, user: name === undefined ? undefined : findEntity(tx, 'user', account, name) };
  },
  authorize: ({ account, principal, name, user }) => {
    if (name === undefined && principal.type !== 'root') throw mustNameUser();
    return name === undefined
      ? [{ action: 'iam:GetUser', resource: `arn:aws:iam::${account}:root` }]
      : [entityCheck('iam:GetUser', 'user', account, name, user)];
  },
  handle: ({ tx, account, name, user }) => {
    if (name !== undefined) return { User: shownUserWithTags(existing(user, 'user', name)) };
    // The root user has no name and no path. Source: observed answer of `aws iam get-user` as root.
    const createdAt = tx.get(accounts, EVERYWHERE, account)?.createdAt ?? 0;
    return {
      User: { UserId: account, Arn: `arn:aws:iam::${account}:root`, CreateDate: wholeSeconds(createdAt) } as Iam.User,
    };
  },
});

export const ListUsers = operation('iam', 'ListUsers', {
  authorize: ({ account, input }) => [
    { action: 'iam:ListUsers', resource: iamArn(account, 'user', input.PathPrefix ?? '/', '') },
  ],
  handle: ({ tx, account, input }) => {
    const prefix = checkPathPrefix(input.PathPrefix);
    const all = byKey(tx.list(users, account), ({ name }) => name).filter(({ path }) => path.startsWith(prefix));
    return namedPage('Users', all, ({ name }) => name, input, shownUser);
  },
});

export const UpdateUser = operation('iam', 'UpdateUser', {
  resolve: ({ tx, account, input }) => ({ user: findEntity(tx, 'user', account, input.UserName) }),
  // Both the old and the new name must be allowed. Source: IAM User Guide, id_users_manage ("you must have permission for both").
  authorize: ({ account, input, user }) => {
    const before = entityCheck('iam:UpdateUser', 'user', account, input.UserName, user);
    if (input.NewUserName === undefined && input.NewPath === undefined) return [before];
    const path = input.NewPath ?? user?.path ?? '/';
    const resource = iamArn(account, 'user', path, input.NewUserName ?? user?.name ?? input.UserName);
    return resource === before.resource ? [before] : [before, { ...before, resource }];
  },
  handle: ({ tx, account, input, user }) => {
    const found = existing(user, 'user', input.UserName);
    const name = input.NewUserName ?? found.name;
    const path = input.NewPath === undefined ? found.path : pathOf(input.NewPath);
    if (keyOf(name) !== keyOf(found.name) && findEntity(tx, 'user', account, name) !== undefined) {
      throw entityExists(`User with name ${name} already exists.`);
    }
    deleteEntity(tx, 'user', account, found.name);
    putEntity(tx, 'user', account, { ...found, name, path, arn: iamArn(account, 'user', path, name) });
    for (const id of found.accessKeys) {
      const key = tx.get(accessKeys, EVERYWHERE, id);
      if (key !== undefined) tx.put(accessKeys, EVERYWHERE, id, { ...key, user: keyOf(name) });
    }
    renameUserInSessions(tx, found.id, name);
    return {};
  },
});

export const DeleteUser = operation('iam', 'DeleteUser', {
  resolve: ({ tx, account, input }) => ({ user: findEntity(tx, 'user', account, input.UserName) }),
  authorize: ({ account, input, user }) => [entityCheck('iam:DeleteUser', 'user', account, input.UserName, user)],
  handle: ({ tx, account, input, user }) => {
    const found = existing(user, 'user', input.UserName);
    if (found.groups.length > 0) throw deleteConflict('Cannot delete entity, must remove users from group first.');
    if (found.attached.length > 0) throw deleteConflict('Cannot delete entity, must detach all policies first.');
    if (Object.keys(found.inline).length > 0) {
      throw deleteConflict('Cannot delete entity, must delete policies first.');
    }
    if (found.accessKeys.length > 0) throw deleteConflict('Cannot delete entity, must delete access keys first.');
    deleteEntity(tx, 'user', account, found.name);
    return {};
  },
});
