import { type Collection, collection } from '../../store/collections.ts';

/** Tags by key, in the order in which they were set. */
export type Tags = Readonly<Record<string, string>>;

/** Inline policy documents by policy name, as they were given. */
export type InlinePolicies = Readonly<Record<string, string>>;

/** What users, groups and roles have in common: a name, an ARN, and policies. */
export interface Entity {
  readonly name: string;
  /** `/` or `/division/team/`. */
  readonly path: string;
  readonly arn: string;
  /** AIDA…, AGPA… or AROA…: another one for a later entity of the same name. */
  readonly id: string;
  /** Epoch milliseconds. */
  readonly createdAt: number;
  readonly inline: InlinePolicies;
  /** ARNs of the managed policies attached, in the order in which they were attached. */
  readonly attached: readonly string[];
}

export interface UserRecord extends Entity {
  /** ARN of the managed policy that bounds the user. */
  readonly boundary?: string;
  readonly tags: Tags;
  /** Keys of the groups the user is in. */
  readonly groups: readonly string[];
  readonly accessKeys: readonly string[];
}

export interface GroupRecord extends Entity {}

export interface RoleRecord extends Entity {
  /** The trust policy as it was given. */
  readonly trust: string;
  /** The unique ids of the users and roles that it names, by their ARNs. */
  readonly trustedIds: Readonly<Record<string, string>>;
  readonly description?: string;
  /** Seconds. */
  readonly maxSessionDuration: number;
  readonly boundary?: string;
  readonly tags: Tags;
  /** Set for a service-linked role: the service that owns it, e.g. `ecs.amazonaws.com`. */
  readonly linkedTo?: string;
}

export interface PolicyVersionRecord {
  /** `v1`, `v2`, … */
  readonly id: string;
  readonly document: string;
  readonly createdAt: number;
}

/** A customer managed policy. */
export interface PolicyRecord {
  readonly name: string;
  readonly path: string;
  readonly arn: string;
  readonly id: string;
  readonly createdAt: number;
  readonly updatedAt: number;
  readonly description?: string;
  readonly tags: Tags;
  /** Newest last. */
  readonly versions: readonly PolicyVersionRecord[];
  readonly defaultVersion: string;
  /** Number of the next version: numbers are not used again. */
  readonly nextVersion: number;
}

export interface InstanceProfileRecord {
  readonly name: string;
  readonly path: string;
  readonly arn: string;
  readonly id: string;
  readonly createdAt: number;
  /** Key of its role, one at most. */
  readonly role?: string;
  readonly tags: Tags;
}

/** A long-lived key pair of a user, or of the account's root user (no `user`). */
export interface AccessKeyRecord {
  readonly id: string;
  readonly secret: string;
  readonly account: string;
  /** Key of the user in the account. */
  readonly user?: string;
  readonly status: 'Active' | 'Inactive';
  readonly createdAt: number;
}

export interface AccountRecord {
  readonly account: string;
  readonly createdAt: number;
  readonly alias?: string;
  readonly rootAccessKeys: readonly string[];
}

/** When and where a role's credentials were last asked for. Beside the role, so that it does not look changed. */
export interface RoleUseRecord {
  readonly at: number;
  readonly region: string;
}

/** Partition: account; key: `keyOf(name)`. */
export const users: Collection<UserRecord> = collection('iam/users');
export const groups: Collection<GroupRecord> = collection('iam/groups');
export const roles: Collection<RoleRecord> = collection('iam/roles');
export const instanceProfiles: Collection<InstanceProfileRecord> = collection('iam/instance-profiles');
/** Partition: account; key: ARN. */
export const policies: Collection<PolicyRecord> = collection('iam/policies');
/** Partition: account; key: the role's unique id. */
export const roleUses: Collection<RoleUseRecord> = collection('iam/role-uses');
/** Names of customer managed policies, unique whatever their path. Partition: account; key: `keyOf(name)`; value: ARN. */
export const policyNames: Collection<{ readonly arn: string }> = collection('iam/policy-names');
/** Partition: `EVERYWHERE`, since a request names no account; key: access key id. */
export const accessKeys: Collection<AccessKeyRecord> = collection('iam/access-keys');
/** Partition: `EVERYWHERE`; key: account id. */
export const accounts: Collection<AccountRecord> = collection('iam/accounts');

export const EVERYWHERE = '';

/**
 * The key of a user, group, role or instance profile. Names are unique without regard to case.
 * Source: IAM User Guide, reference_iam-quotas ("Names of users, groups, roles… must be unique within the account. They
 * are not distinguished by case"). unverified: that a request may spell the name in another case than it was made in.
 */
export function keyOf(name: string): string {
  return name.toLowerCase();
}
