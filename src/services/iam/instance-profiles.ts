import { type AuthorizationCheck, operation } from '../../gateway/operation.ts';
import type { Read } from '../../store/collections.ts';
import type * as Iam from '../../wire/generated/types/iam.ts';
import { entityCheck, existing, findEntity, modifiable, wholeSeconds } from './entities.ts';
import { deleteConflict, entityExists, entityNotFound, instanceProfileNotFound, limitExceeded } from './errors.ts';
import { byKey, namedPage } from './paging.ts';
import { passRoleCheck } from './pass-role.ts';
import { checkPathPrefix, iamArn, pathOf } from './paths.ts';
import { type InstanceProfileRecord, instanceProfiles, keyOf, roles, type Tags } from './records.ts';
import { shownRole } from './roles.ts';
import { askedTags, requestTags, shownTags, withTags } from './tags.ts';

export function findInstanceProfile(read: Read, account: string, name: string): InstanceProfileRecord | undefined {
  return read.get(instanceProfiles, account, keyOf(name));
}

export function existingProfile(profile: InstanceProfileRecord | undefined, name: string): InstanceProfileRecord {
  if (profile === undefined) throw instanceProfileNotFound(name);
  return profile;
}

export function profileCheck(
  action: string,
  account: string,
  name: string,
  profile: InstanceProfileRecord | undefined,
  options: { readonly path?: string; readonly requestTags?: Tags } = {},
): AuthorizationCheck {
  return {
    action,
    resource: profile?.arn ?? iamArn(account, 'instance-profile', options.path ?? '/', name),
    resourceTags: profile?.tags ?? {},
    ...(options.requestTags === undefined ? {} : { requestTags: options.requestTags }),
  };
}

/** An instance profile as lists show it. */
export function shownProfile(read: Read, account: string, profile: InstanceProfileRecord): Iam.InstanceProfile {
  const role = profile.role === undefined ? undefined : read.get(roles, account, profile.role);
  return {
    Path: profile.path,
    InstanceProfileName: profile.name,
    InstanceProfileId: profile.id,
    Arn: profile.arn,
    CreateDate: profile.createdAt,
    Roles: role === undefined ? [] : [shownRole(read, role)],
  };
}

export const CreateInstanceProfile = operation('iam', 'CreateInstanceProfile', {
  authorize: ({ account, input }) => {
    const options = { path: pathOf(input.Path), requestTags: askedTags(input.Tags) };
    const check = (action: string) => profileCheck(action, account, input.InstanceProfileName, undefined, options);
    return (input.Tags ?? []).length === 0
      ? [check('iam:CreateInstanceProfile')]
      : [check('iam:CreateInstanceProfile'), check('iam:TagInstanceProfile')];
  },
  handle: ({ tx, account, input, now, ids }) => {
    const name = input.InstanceProfileName;
    if (findInstanceProfile(tx, account, name) !== undefined) {
      throw entityExists(`Instance Profile ${name} already exists.`);
    }
    const path = pathOf(input.Path);
    const profile: InstanceProfileRecord = {
      name,
      path,
      arn: iamArn(account, 'instance-profile', path, name),
      id: ids.iam('AIPA'),
      createdAt: wholeSeconds(now),
      tags: withTags({}, requestTags(input.Tags)),
    };
    tx.put(instanceProfiles, account, keyOf(name), profile);
    return { InstanceProfile: { ...shownProfile(tx, account, profile), Tags: shownTags(profile.tags) } };
  },
});

export const GetInstanceProfile = operation('iam', 'GetInstanceProfile', {
  resolve: ({ tx, account, input }) => ({ profile: findInstanceProfile(tx, account, input.InstanceProfileName) }),
  authorize: ({ account, input, profile }) => [
    profileCheck('iam:GetInstanceProfile', account, input.InstanceProfileName, profile),
  ],
  handle: ({ tx, account, input, profile }) => {
    const found = existingProfile(profile, input.InstanceProfileName);
    return { InstanceProfile: { ...shownProfile(tx, account, found), Tags: shownTags(found.tags) } };
  },
});

export const ListInstanceProfiles = operation('iam', 'ListInstanceProfiles', {
  authorize: ({ account, input }) => [
    { action: 'iam:ListInstanceProfiles', resource: iamArn(account, 'instance-profile', input.PathPrefix ?? '/', '') },
  ],
  handle: ({ tx, account, input }) => {
    const prefix = checkPathPrefix(input.PathPrefix);
    const all = byKey(tx.list(instanceProfiles, account), ({ name }) => name);
    const wanted = all.filter(({ path }) => path.startsWith(prefix));
    return namedPage(
      'InstanceProfiles',
      wanted,
      ({ name }) => name,
      input,
      (profile) => shownProfile(tx, account, profile),
    );
  },
});

export const ListInstanceProfilesForRole = operation('iam', 'ListInstanceProfilesForRole', {
  resolve: ({ tx, account, input }) => ({ role: findEntity(tx, 'role', account, input.RoleName) }),
  authorize: ({ account, input, role }) => [
    entityCheck('iam:ListInstanceProfilesForRole', 'role', account, input.RoleName, role),
  ],
  handle: ({ tx, account, input, role }) => {
    const key = keyOf(existing(role, 'role', input.RoleName).name);
    const all = byKey(tx.list(instanceProfiles, account), ({ name }) => name).filter((profile) => profile.role === key);
    return namedPage(
      'InstanceProfiles',
      all,
      ({ name }) => name,
      input,
      (profile) => shownProfile(tx, account, profile),
    );
  },
});

export const DeleteInstanceProfile = operation('iam', 'DeleteInstanceProfile', {
  resolve: ({ tx, account, input }) => ({ profile: findInstanceProfile(tx, account, input.InstanceProfileName) }),
  authorize: ({ account, input, profile }) => [
    profileCheck('iam:DeleteInstanceProfile', account, input.InstanceProfileName, profile),
  ],
  handle: ({ tx, account, input, profile }) => {
    const found = existingProfile(profile, input.InstanceProfileName);
    if (found.role !== undefined) {
      throw deleteConflict('Cannot delete entity, must remove roles from instance profile first.');
    }
    tx.delete(instanceProfiles, account, keyOf(found.name));
    return {};
  },
});

export const AddRoleToInstanceProfile = operation('iam', 'AddRoleToInstanceProfile', {
  resolve: ({ tx, account, input }) => ({
    profile: findInstanceProfile(tx, account, input.InstanceProfileName),
    role: findEntity(tx, 'role', account, input.RoleName),
  }),
  // Source: IAM API reference, AddRoleToInstanceProfile: "The caller of this operation must be granted the PassRole permission on the IAM role".
  authorize: ({ tx, account, input, profile, role }) => [
    profileCheck('iam:AddRoleToInstanceProfile', account, input.InstanceProfileName, profile),
    passRoleCheck(role?.arn ?? iamArn(account, 'role', '/', input.RoleName), 'ec2.amazonaws.com', undefined, tx),
  ],
  handle: ({ tx, account, input, profile, role }) => {
    const found = existingProfile(profile, input.InstanceProfileName);
    const added = modifiable(existing(role, 'role', input.RoleName));
    if (found.role !== undefined) throw limitExceeded('Cannot exceed quota for InstanceSessionsPerInstanceProfile: 1');
    tx.put(instanceProfiles, account, keyOf(found.name), { ...found, role: keyOf(added.name) });
    return {};
  },
});

export const RemoveRoleFromInstanceProfile = operation('iam', 'RemoveRoleFromInstanceProfile', {
  resolve: ({ tx, account, input }) => ({ profile: findInstanceProfile(tx, account, input.InstanceProfileName) }),
  authorize: ({ account, input, profile }) => [
    profileCheck('iam:RemoveRoleFromInstanceProfile', account, input.InstanceProfileName, profile),
  ],
  handle: ({ tx, account, input, profile }) => {
    const found = existingProfile(profile, input.InstanceProfileName);
    if (found.role !== keyOf(input.RoleName)) throw entityNotFound('role', input.RoleName);
    const { role: _gone, ...rest } = found;
    tx.put(instanceProfiles, account, keyOf(found.name), rest);
    return {};
  },
});
