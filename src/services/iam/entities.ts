import type { AuthorizationCheck } from '../../gateway/operation.ts';
import type { Collection, Read, Tx } from '../../store/collections.ts';
import { type EntityKind, entityNotFound, unmodifiableRole } from './errors.ts';
import { iamArn } from './paths.ts';
import {
  type Entity,
  type GroupRecord,
  groups,
  keyOf,
  type RoleRecord,
  roles,
  type Tags,
  type UserRecord,
  users,
} from './records.ts';
import { iamResourceTags } from './tags.ts';

interface RecordOf {
  user: UserRecord;
  group: GroupRecord;
  role: RoleRecord;
}

const collections: { readonly [K in EntityKind]: Collection<RecordOf[K]> } = {
  user: users,
  group: groups,
  role: roles,
};

export function findEntity<K extends EntityKind>(
  read: Read,
  kind: K,
  account: string,
  name: string,
): RecordOf[K] | undefined {
  return read.get<RecordOf[K]>(collections[kind], account, keyOf(name));
}

/** The user, group or role, or IAM's NoSuchEntity. */
export function existing<R>(record: R | undefined, kind: EntityKind, name: string): R {
  if (record === undefined) throw entityNotFound(kind, name);
  return record;
}

/** Stores a changed user, group or role. */
export function putEntity<K extends EntityKind>(tx: Tx, kind: K, account: string, record: RecordOf[K]): void {
  tx.put<RecordOf[K]>(collections[kind], account, keyOf(record.name), record);
}

export function deleteEntity(tx: Tx, kind: EntityKind, account: string, name: string): void {
  tx.delete(collections[kind], account, keyOf(name));
}

/** Refuses to change a service-linked role: only its service may. */
export function modifiable(role: RoleRecord): RoleRecord {
  if (role.linkedTo !== undefined) throw unmodifiableRole(role.name);
  return role;
}

interface CheckOptions {
  /** The value of iam:PermissionsBoundary where the request sets one; else the entity's own counts. */
  readonly boundary?: string | undefined;
  readonly policyArn?: string;
  readonly requestTags?: Tags;
  /** Path of an entity that is being made. */
  readonly path?: string;
}

/**
 * The check of an action on a user, group or role. Condition keys as the Service Authorization Reference lists them:
 * aws:ResourceTag and iam:ResourceTag, iam:PermissionsBoundary, iam:PolicyARN.
 */
export function entityCheck(
  action: string,
  kind: EntityKind,
  account: string,
  name: string,
  record: Entity | undefined,
  options: CheckOptions = {},
): AuthorizationCheck {
  const { tags = {}, boundary: own } = (record ?? {}) as { tags?: Tags; boundary?: string };
  const boundary = options.boundary ?? own;
  const context: Record<string, string> = iamResourceTags(tags);
  if (boundary !== undefined) context['iam:PermissionsBoundary'] = boundary;
  if (options.policyArn !== undefined) context['iam:PolicyARN'] = options.policyArn;
  return {
    action,
    resource: record?.arn ?? iamArn(account, kind, options.path ?? '/', name),
    resourceTags: tags,
    context,
    ...(options.requestTags === undefined ? {} : { requestTags: options.requestTags }),
  };
}

/** IAM's times have whole seconds. */
export function wholeSeconds(now: number): number {
  return now - (now % 1000);
}
