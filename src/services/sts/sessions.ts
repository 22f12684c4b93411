import type { Ids } from '../../core/ids.ts';
import type { SessionOrigin } from '../../gateway/principals.ts';
import { collection, type Read, type Tx } from '../../store/collections.ts';

interface SessionBase {
  readonly accessKeyId: string;
  readonly secret: string;
  readonly token: string;
  readonly account: string;
  /** Epoch milliseconds. */
  readonly issuedAt: number;
  readonly expiresAt: number;
}

/** What limits a session beyond the policies of its role or user. */
export interface SessionPolicies {
  /** The document passed as Policy. */
  readonly document?: string;
  /** Managed policies passed as PolicyArns. */
  readonly arns: readonly string[];
}

export interface RoleSessionRecord extends SessionBase {
  readonly kind: 'role';
  readonly roleArn: string;
  readonly roleName: string;
  readonly roleId: string;
  readonly sessionName: string;
  readonly serviceLinked: boolean;
  readonly tags: Readonly<Record<string, string>>;
  readonly transitiveTagKeys: readonly string[];
  readonly sourceIdentity?: string;
  readonly chained: boolean;
  readonly policies?: SessionPolicies;
  readonly ec2RoleDelivery?: '1.0' | '2.0';
  readonly origin?: SessionOrigin;
}

/** GetSessionToken of a user. */
export interface UserSessionRecord extends SessionBase {
  readonly kind: 'user';
  readonly userName: string;
  readonly userId: string;
}

/** GetSessionToken of the account's root user. */
export interface RootSessionRecord extends SessionBase {
  readonly kind: 'root';
}

/** GetFederationToken. */
export interface FederatedSessionRecord extends SessionBase {
  readonly kind: 'federated';
  readonly name: string;
  /** Absent when the account's root user made it. */
  readonly userName?: string;
  readonly userId?: string;
  readonly userArn?: string;
  readonly tags: Readonly<Record<string, string>>;
  readonly policies?: SessionPolicies;
}

export type SessionRecord = RoleSessionRecord | UserSessionRecord | RootSessionRecord | FederatedSessionRecord;

/** Partition: `''`, since a request names only its access key; key: access key id. */
const sessions = collection<SessionRecord>('sts/sessions');
const EVERYWHERE = '';

/** A session's own members; the credentials are made here. */
type NewSession<R extends SessionRecord> = R extends SessionRecord
  ? Omit<R, 'accessKeyId' | 'secret' | 'token' | 'issuedAt' | 'expiresAt'>
  : never;

/** Expired sessions are looked for whenever the number of sessions is a multiple of this. */
const PRUNE_AT = 64;

/** Makes temporary credentials. @param now epoch milliseconds. @param lifetime seconds. */
export function issueSession(
  tx: Tx,
  ids: Ids,
  now: number,
  lifetime: number,
  session: NewSession<SessionRecord>,
): SessionRecord {
  const known = tx.count(sessions, EVERYWHERE);
  if (known > 0 && known % PRUNE_AT === 0) pruneSessions(tx, now);
  const record = {
    ...session,
    accessKeyId: ids.iam('ASIA'),
    secret: newSecret(ids),
    // AWS's tokens are opaque and begin like this; SDKs look at nothing but that there is one.
    token: `IQoJb3JpZ2luX2Vj${ids.bytes(264).toString('base64')}`,
    // Whole seconds, as STS answers them.
    issuedAt: now - (now % 1000),
    expiresAt: now - (now % 1000) + lifetime * 1000,
  } as SessionRecord;
  tx.put(sessions, EVERYWHERE, record.accessKeyId, record);
  return record;
}

/** A secret access key: 40 characters of base64. */
export function newSecret(ids: Ids): string {
  return ids.bytes(30).toString('base64');
}

export function findSession(read: Read, accessKeyId: string): SessionRecord | undefined {
  return read.get(sessions, EVERYWHERE, accessKeyId);
}

/** Expired sessions stay known for this long, so that their users hear "expired" and not "unknown". */
const KEPT_AFTER_EXPIRY = 24 * 3600 * 1000;

/** Forgets the sessions that ended more than a day ago. */
export function pruneSessions(tx: Tx, now: number): void {
  const ended: string[] = [];
  for (const [accessKeyId, session] of tx.entries(sessions, EVERYWHERE)) {
    if (session.expiresAt + KEPT_AFTER_EXPIRY < now) ended.push(accessKeyId);
  }
  for (const accessKeyId of ended) tx.delete(sessions, EVERYWHERE, accessKeyId);
}

/** Lets the sessions of a user who is renamed go on. */
export function renameUserInSessions(tx: Tx, userId: string, userName: string): void {
  const renamed: SessionRecord[] = [];
  for (const [, session] of tx.entries(sessions, EVERYWHERE)) {
    if ((session.kind === 'user' || session.kind === 'federated') && session.userId === userId) {
      renamed.push({ ...session, userName });
    }
  }
  for (const session of renamed) tx.put(sessions, EVERYWHERE, session.accessKeyId, session);
}
