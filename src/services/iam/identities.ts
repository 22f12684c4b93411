import type { Credential, Identities } from '../../gateway/ports.ts';
import type { Principal, RoleSessionPrincipal, UserPrincipal } from '../../gateway/principals.ts';
import type { Read } from '../../store/collections.ts';
import {
  type FederatedSessionRecord,
  findSession,
  type RoleSessionRecord,
  type SessionRecord,
} from '../sts/sessions.ts';
import { principalPolicies } from './principal-policies.ts';
import { type AccessKeyRecord, accessKeys, EVERYWHERE, keyOf, roles, type UserRecord, users } from './records.ts';

/** Who a key belongs to and what binds them, from the collections of IAM and STS. */
export function createIdentities(): Identities {
  return { credential: findCredential, policies: principalPolicies };
}

/** The credential with the record of the user or role that it was made from: valid while that one is in the store. */
interface Known {
  readonly owner: object | undefined;
  readonly credential: Credential;
}

/** By access key or session record. A principal is made once, not for every request. */
const known = new WeakMap<AccessKeyRecord | SessionRecord, Known>();

function findCredential(read: Read, accessKeyId: string): Credential | undefined {
  const key = read.get(accessKeys, EVERYWHERE, accessKeyId);
  if (key !== undefined) return ofAccessKey(read, key);
  const session = findSession(read, accessKeyId);
  return session === undefined ? undefined : ofSession(read, session);
}

function ofAccessKey(read: Read, key: AccessKeyRecord): Credential | undefined {
  if (key.status !== 'Active') return undefined;
  if (key.user === undefined) {
    return remembered(key, undefined, () => ({
      secretAccessKey: key.secret,
      principal: { type: 'root', account: key.account, accessKeyId: key.id },
    }));
  }
  const user = read.get(users, key.account, key.user);
  if (user === undefined) return undefined;
  return remembered(key, user, () => ({
    secretAccessKey: key.secret,
    principal: userPrincipal(user, key.account, key.id),
  }));
}

function ofSession(read: Read, session: SessionRecord): Credential | undefined {
  const credential = (principal: Principal): Credential => ({
    secretAccessKey: session.secret,
    sessionToken: session.token,
    expiresAt: session.expiresAt,
    principal,
  });
  const times = { issuedAt: session.issuedAt, expiresAt: session.expiresAt };
  switch (session.kind) {
    case 'root':
      return remembered(session, undefined, () =>
        credential({ type: 'root', account: session.account, accessKeyId: session.accessKeyId, ...times }),
      );
    case 'user': {
      const user = read.get(users, session.account, keyOf(session.userName));
      if (user === undefined || user.id !== session.userId) return undefined;
      return remembered(session, user, () =>
        credential({ ...userPrincipal(user, session.account, session.accessKeyId), ...times }),
      );
    }
    case 'federated':
      return remembered(session, undefined, () => credential({ ...federatedUser(session), ...times }));
    case 'role': {
      const role = read.get(roles, session.account, keyOf(session.roleName));
      const roleTags = role?.id === session.roleId ? role.tags : {};
      return remembered(session, role, () => credential(roleSessionPrincipal(session, roleTags)));
    }
  }
}

function remembered(
  record: AccessKeyRecord | SessionRecord,
  owner: object | undefined,
  make: () => Credential,
): Credential {
  const before = known.get(record);
  if (before !== undefined && before.owner === owner) return before.credential;
  const credential = make();
  known.set(record, { owner, credential });
  return credential;
}

function userPrincipal(user: UserRecord, account: string, accessKeyId: string): UserPrincipal {
  return {
    type: 'user',
    account,
    arn: user.arn,
    userName: user.name,
    userId: user.id,
    accessKeyId,
    tags: user.tags,
  };
}

function federatedUser(session: FederatedSessionRecord): Extract<Principal, { type: 'federated-user' }> {
  return {
    type: 'federated-user',
    account: session.account,
    arn: `arn:aws:sts::${session.account}:federated-user/${session.name}`,
    name: session.name,
    accessKeyId: session.accessKeyId,
    ...(session.userArn === undefined ? {} : { userArn: session.userArn }),
  };
}

/** The principal of a role session. @param roleTags the role's tags of today; the session's win. */
export function roleSessionPrincipal(
  session: RoleSessionRecord,
  roleTags: Readonly<Record<string, string>>,
): RoleSessionPrincipal {
  return {
    type: 'role-session',
    account: session.account,
    // The path of the role is not in it. Source: IAM User Guide, reference_identifiers ("assumed-role/role-name/…").
    arn: `arn:aws:sts::${session.account}:assumed-role/${session.roleName}/${session.sessionName}`,
    roleArn: session.roleArn,
    roleName: session.roleName,
    roleId: session.roleId,
    sessionName: session.sessionName,
    accessKeyId: session.accessKeyId,
    serviceLinked: session.serviceLinked,
    tags: mergeTags(roleTags, session.tags),
    transitiveTagKeys: session.transitiveTagKeys,
    chained: session.chained,
    issuedAt: session.issuedAt,
    expiresAt: session.expiresAt,
    ...(session.sourceIdentity === undefined ? {} : { sourceIdentity: session.sourceIdentity }),
    ...(session.ec2RoleDelivery === undefined ? {} : { ec2RoleDelivery: session.ec2RoleDelivery }),
    ...(session.origin === undefined ? {} : { origin: session.origin }),
  };
}

/** Tag keys are told apart without regard to case. Source: IAM User Guide, id_session-tags. */
function mergeTags(
  roleTags: Readonly<Record<string, string>>,
  sessionTags: Readonly<Record<string, string>>,
): Readonly<Record<string, string>> {
  const own = new Set(Object.keys(sessionTags).map((key) => key.toLowerCase()));
  if (own.size === 0) return roleTags;
  const merged: Record<string, string> = {};
  for (const [key, value] of Object.entries(roleTags)) if (!own.has(key.toLowerCase())) merged[key] = value;
  return Object.assign(merged, sessionTags);
}
