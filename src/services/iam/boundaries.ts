import { operation } from '../../gateway/operation.ts';
import type { Read } from '../../store/collections.ts';
import type { AttachedPermissionsBoundary, PermissionsBoundaryAttachmentType } from '../../wire/generated/types/iam.ts';
import { entityCheck, existing, findEntity, modifiable, putEntity } from './entities.ts';
import { noSuchEntity } from './errors.ts';
import { findManagedPolicy } from './principal-policies.ts';

/** Refuses a boundary that is no managed policy of AWS or of the account. Source of the text: observed from CreateRole. */
export function checkBoundary(read: Read, account: string, arn: string): void {
  const policy = findManagedPolicy(read, account, arn);
  if (policy === undefined) throw noSuchEntity(`Scope ARN: ${arn} does not exist or is not attachable.`);
}

/** Source: IAM API reference, AttachedPermissionsBoundary: "can only have a value of Policy"; its model says otherwise. */
const BOUNDARY_TYPE = 'Policy' as unknown as PermissionsBoundaryAttachmentType;

/** A boundary as descriptions show it. */
export function boundaryMember(boundary: string | undefined): { PermissionsBoundary?: AttachedPermissionsBoundary } {
  if (boundary === undefined) return {};
  return { PermissionsBoundary: { PermissionsBoundaryType: BOUNDARY_TYPE, PermissionsBoundaryArn: boundary } };
}

export const PutRolePermissionsBoundary = operation('iam', 'PutRolePermissionsBoundary', {
  resolve: ({ tx, account, input }) => ({ role: findEntity(tx, 'role', account, input.RoleName) }),
  authorize: ({ account, input, role }) => [
    entityCheck('iam:PutRolePermissionsBoundary', 'role', account, input.RoleName, role, {
      boundary: input.PermissionsBoundary,
    }),
  ],
  handle: ({ tx, account, input, role }) => {
    const found = modifiable(existing(role, 'role', input.RoleName));
    checkBoundary(tx, account, input.PermissionsBoundary);
    putEntity(tx, 'role', account, { ...found, boundary: input.PermissionsBoundary });
    return {};
  },
});

export const DeleteRolePermissionsBoundary = operation('iam', 'DeleteRolePermissionsBoundary', {
  resolve: ({ tx, account, input }) => ({ role: findEntity(tx, 'role', account, input.RoleName) }),
  authorize: ({ account, input, role }) => [
    entityCheck('iam:DeleteRolePermissionsBoundary', 'role', account, input.RoleName, role),
  ],
  handle: ({ tx, account, input, role }) => {
    const { boundary: _gone, ...rest } = modifiable(existing(role, 'role', input.RoleName));
    putEntity(tx, 'role', account, rest);
    return {};
  },
});

export const PutUserPermissionsBoundary = operation('iam', 'PutUserPermissionsBoundary', {
  resolve: ({ tx, account, input }) => ({ user: findEntity(tx, 'user', account, input.UserName) }),
  authorize: ({ account, input, user }) => [
    entityCheck('iam:PutUserPermissionsBoundary', 'user', account, input.UserName, user, {
      boundary: input.PermissionsBoundary,
    }),
  ],
  handle: ({ tx, account, input, user }) => {
    const found = existing(user, 'user', input.UserName);
    checkBoundary(tx, account, input.PermissionsBoundary);
    putEntity(tx, 'user', account, { ...found, boundary: input.PermissionsBoundary });
    return {};
  },
});

export const DeleteUserPermissionsBoundary = operation('iam', 'DeleteUserPermissionsBoundary', {
  resolve: ({ tx, account, input }) => ({ user: findEntity(tx, 'user', account, input.UserName) }),
  authorize: ({ account, input, user }) => [
    entityCheck('iam:DeleteUserPermissionsBoundary', 'user', account, input.UserName, user),
  ],
  handle: ({ tx, account, input, user }) => {
    const { boundary: _gone, ...rest } = existing(user, 'user', input.UserName);
    putEntity(tx, 'user', account, rest);
    return {};
  },
});
