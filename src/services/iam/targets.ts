import type { Operation } from '../../gateway/operation.ts';
import { findEntity } from './entities.ts';
import type { EntityKind } from './errors.ts';
import type { Entity } from './records.ts';

/** The user, group or role an operation is about. */
export interface Found {
  readonly entity: Entity | undefined;
}

/** How an operation that exists for users, groups and roles names its entity, and the action it needs. */
export interface Target<N> {
  readonly kind: EntityKind;
  readonly action: string;
  readonly nameOf: (input: N) => string;
}

export function resolver<N>({ kind, nameOf }: Target<N>): NonNullable<Operation<N, unknown, Found>['resolve']> {
  return ({ tx, account, input }) => ({ entity: findEntity(tx, kind, account, nameOf(input)) });
}

export function ofUser(action: string): Target<{ readonly UserName: string }> {
  return { kind: 'user', action, nameOf: ({ UserName }) => UserName };
}

export function ofGroup(action: string): Target<{ readonly GroupName: string }> {
  return { kind: 'group', action, nameOf: ({ GroupName }) => GroupName };
}

export function ofRole(action: string): Target<{ readonly RoleName: string }> {
  return { kind: 'role', action, nameOf: ({ RoleName }) => RoleName };
}
