import { type AuthorizationCheck, operation } from '../../gateway/operation.ts';
import type { Read, Tx } from '../../store/collections.ts';
import type * as Iam from '../../wire/generated/types/iam.ts';
import { boundaryMember, checkBoundary } from './boundaries.ts';
import { encodeDocument } from './documents.ts';
import { deleteEntity, entityCheck, existing, findEntity, modifiable, putEntity, wholeSeconds } from './entities.ts';
import { deleteConflict, entityExists, invalidInput } from './errors.ts';
import { byKey, namedPage } from './paging.ts';
import { checkPathPrefix, iamArn, pathOf } from './paths.ts';
import { instanceProfiles, keyOf, type RoleRecord, roles, roleUses } from './records.ts';
import { askedTags, requestTags, tagsMember, withTags } from './tags.ts';
import { readTrust, trustInForce } from './trust.ts';

/** Seconds. Source: IAM API reference, CreateRole, MaxSessionDuration. */
const DEFAULT_SESSION_DURATION = 3600;

/** A role as ListRoles and the roles of instance profiles show it. */
export function shownRole(read: Read, role: RoleRecord): Iam.Role {
  return {
    Path: role.path,
    RoleName: role.name,
    RoleId: role.id,
    Arn: role.arn,
    CreateDate: role.createdAt,
    AssumeRolePolicyDocument: encodeDocument(trustInForce(read, role)),
    ...(role.description === undefined ? {} : { Description: role.description }),
    MaxSessionDuration: role.maxSessionDuration,
  };
}

/** A role as GetRole and CreateRole show it: lists leave out boundary and tags. */
export function shownRoleWithTags(read: Read, role: RoleRecord): Iam.Role {
  return { ...shownRole(read, role), ...boundaryMember(role.boundary), ...tagsMember(role.tags) };
}

/** When the role's credentials were last asked for; empty when never. Source: IAM API reference, RoleLastUsed. */
export function roleLastUsed(read: Read, account: string, role: RoleRecord): Iam.RoleLastUsed {
  const use = read.get(roleUses, account, role.id);
  return use === undefined ? {} : { LastUsedDate: use.at, Region: use.region };
}

/** Notes that credentials of the role were issued. Kept to the minute, so that busy roles do not write at every call. */
export function noteRoleUse(tx: Tx, account: string, roleId: string, at: number, region: string): void {
  const before = tx.get(roleUses, account, roleId);
  if (before !== undefined && at - before.at < 60_000) return;
  tx.put(roleUses, account, roleId, { at: wholeSeconds(at), region });
}

function roleCheck(
  action: string,
  account: string,
  name: string,
  role: RoleRecord | undefined,
): readonly AuthorizationCheck[] {
  return [entityCheck(action, 'role', account, name, role)];
}

export const CreateRole = operation('iam', 'CreateRole', {
  authorize: ({ account, input }) => {
    const options = {
      path: pathOf(input.Path),
      boundary: input.PermissionsBoundary,
      requestTags: askedTags(input.Tags),
    };
    const check = (action: string) => entityCheck(action, 'role', account, input.RoleName, undefined, options);
    // Tags at creation need the tagging action as well. Source: IAM User Guide, id_tags_roles; observed.
    return (input.Tags ?? []).length === 0
      ? [check('iam:CreateRole')]
      : [check('iam:CreateRole'), check('iam:TagRole')];
  },
  handle: ({ tx, account, input, now, ids }) => {
    if (findEntity(tx, 'role', account, input.RoleName) !== undefined) {
      throw entityExists(`Role with name ${input.RoleName} already exists.`);
    }
    const path = pathOf(input.Path);
    // Source: IAM User Guide, using-service-linked-roles: the path belongs to AWS. unverified: text.
    if (path.startsWith('/aws-service-role/')) {
      throw invalidInput('The path /aws-service-role/ is reserved for service-linked roles.');
    }
    const trustedIds = readTrust(tx, account, input.AssumeRolePolicyDocument);
    if (input.PermissionsBoundary !== undefined) checkBoundary(tx, account, input.PermissionsBoundary);
    const role: RoleRecord = {
      name: input.RoleName,
      path,
      arn: iamArn(account, 'role', path, input.RoleName),
      id: ids.iam('AROA'),
      createdAt: wholeSeconds(now),
      inline: {},
      attached: [],
      trust: input.AssumeRolePolicyDocument,
      trustedIds,
      maxSessionDuration: input.MaxSessionDuration ?? DEFAULT_SESSION_DURATION,
      tags: withTags({}, requestTags(input.Tags)),
      ...(input.Description === undefined ? {} : { description: input.Description }),
      ...(input.PermissionsBoundary === undefined ? {} : { boundary: input.PermissionsBoundary }),
    };
    putEntity(tx, 'role', account, role);
    return { Role: shownRoleWithTags(tx, role) };
  },
});

export const GetRole = operation('iam', 'GetRole', {
  resolve: ({ tx, account, input }) => ({ role: findEntity(tx, 'role', account, input.RoleName) }),
  authorize: ({ account, input, role }) => roleCheck('iam:GetRole', account, input.RoleName, role),
  handle: ({ tx, account, input, role }) => {
    const found = existing(role, 'role', input.RoleName);
    return { Role: { ...shownRoleWithTags(tx, found), RoleLastUsed: roleLastUsed(tx, account, found) } };
  },
});

export const ListRoles = operation('iam', 'ListRoles', {
  // Source: observed: `iam:ListRoles on resource: arn:aws:iam::ACCOUNT:role/` and the path prefix.
  authorize: ({ account, input }) => [
    { action: 'iam:ListRoles', resource: iamArn(account, 'role', input.PathPrefix ?? '/', '') },
  ],
  handle: ({ tx, account, input }) => {
    const prefix = checkPathPrefix(input.PathPrefix);
    const all = byKey(tx.list(roles, account), ({ name }) => name).filter(({ path }) => path.startsWith(prefix));
    return namedPage(
      'Roles',
      all,
      ({ name }) => name,
      input,
      (role) => shownRole(tx, role),
    );
  },
});

export const UpdateRole = operation('iam', 'UpdateRole', {
  resolve: ({ tx, account, input }) => ({ role: findEntity(tx, 'role', account, input.RoleName) }),
  authorize: ({ account, input, role }) => roleCheck('iam:UpdateRole', account, input.RoleName, role),
  handle: ({ tx, account, input, role }) => {
    const found = existing(role, 'role', input.RoleName);
    // The description is the one thing of a service-linked role that customers may edit. Source: using-service-linked-roles.
    if (input.MaxSessionDuration !== undefined) modifiable(found);
    putEntity(tx, 'role', account, {
      ...found,
      ...(input.Description === undefined ? {} : { description: input.Description }),
      // Source: IAM API reference, UpdateRole: "If you do not specify a value for this setting, the default value of one hour is applied".
      maxSessionDuration: input.MaxSessionDuration ?? DEFAULT_SESSION_DURATION,
    });
    return {};
  },
});

export const UpdateRoleDescription = operation('iam', 'UpdateRoleDescription', {
  resolve: ({ tx, account, input }) => ({ role: findEntity(tx, 'role', account, input.RoleName) }),
  authorize: ({ account, input, role }) => roleCheck('iam:UpdateRoleDescription', account, input.RoleName, role),
  handle: ({ tx, account, input, role }) => {
    const changed = { ...existing(role, 'role', input.RoleName), description: input.Description };
    putEntity(tx, 'role', account, changed);
    return { Role: shownRoleWithTags(tx, changed) };
  },
});

export const UpdateAssumeRolePolicy = operation('iam', 'UpdateAssumeRolePolicy', {
  resolve: ({ tx, account, input }) => ({ role: findEntity(tx, 'role', account, input.RoleName) }),
  authorize: ({ account, input, role }) => roleCheck('iam:UpdateAssumeRolePolicy', account, input.RoleName, role),
  handle: ({ tx, account, input, role }) => {
    const found = modifiable(existing(role, 'role', input.RoleName));
    const trustedIds = readTrust(tx, account, input.PolicyDocument);
    putEntity(tx, 'role', account, { ...found, trust: input.PolicyDocument, trustedIds });
    return {};
  },
});

export const DeleteRole = operation('iam', 'DeleteRole', {
  resolve: ({ tx, account, input }) => ({ role: findEntity(tx, 'role', account, input.RoleName) }),
  authorize: ({ account, input, role }) => roleCheck('iam:DeleteRole', account, input.RoleName, role),
  handle: ({ tx, account, input, role }) => {
    const found = modifiable(existing(role, 'role', input.RoleName));
    const key = keyOf(found.name);
    for (const profile of tx.list(instanceProfiles, account)) {
      if (profile.role === key) {
        throw deleteConflict('Cannot delete entity, must remove roles from instance profile first.');
      }
    }
    if (found.attached.length > 0) throw deleteConflict('Cannot delete entity, must detach all policies first.');
    if (Object.keys(found.inline).length > 0) {
      throw deleteConflict('Cannot delete entity, must delete policies first.');
    }
    removeRole(tx, account, found);
    return {};
  },
});

/** Forgets a role and what is kept beside it. Sessions that were made from it end with its policies. */
export function removeRole(tx: Tx, account: string, role: RoleRecord): void {
  deleteEntity(tx, 'role', account, role.name);
  tx.delete(roleUses, account, role.id);
}
