import type { RequestPrincipal } from '../policy/types.ts';
import type { RoleKind } from '../roles/duty.ts';

/** What Rolecall knows of a role session beyond what AWS would: for whom it was made. */
export interface SessionOrigin {
  readonly role: RoleKind;
  readonly taskArn?: string;
  readonly containerInstanceArn?: string;
}

interface TemporaryCredentials {
  /** Epoch milliseconds. Present for temporary credentials only. */
  readonly issuedAt?: number;
  readonly expiresAt?: number;
}

export interface RootPrincipal extends TemporaryCredentials {
  readonly type: 'root';
  readonly account: string;
  readonly accessKeyId?: string;
}

export interface UserPrincipal extends TemporaryCredentials {
  readonly type: 'user';
  readonly account: string;
  readonly arn: string;
  readonly userName: string;
  /** AIDA… */
  readonly userId: string;
  readonly accessKeyId: string;
  readonly tags: Readonly<Record<string, string>>;
}

export interface RoleSessionPrincipal extends TemporaryCredentials {
  readonly type: 'role-session';
  readonly account: string;
  /** arn:aws:sts::ACCOUNT:assumed-role/NAME/SESSION */
  readonly arn: string;
  readonly roleArn: string;
  readonly roleName: string;
  /** AROA… */
  readonly roleId: string;
  readonly sessionName: string;
  readonly accessKeyId: string;
  readonly serviceLinked: boolean;
  /** Role tags and session tags together; the session's win. */
  readonly tags: Readonly<Record<string, string>>;
  /** Keys of the session tags that go on to the next session. */
  readonly transitiveTagKeys?: readonly string[];
  readonly sourceIdentity?: string;
  /** True when the session was made with a role session's credentials: role chaining, one hour at most. */
  readonly chained: boolean;
  readonly ec2RoleDelivery?: '1.0' | '2.0';
  readonly origin?: SessionOrigin;
}

export interface FederatedUserPrincipal extends TemporaryCredentials {
  readonly type: 'federated-user';
  readonly account: string;
  readonly arn: string;
  readonly name: string;
  readonly userArn?: string;
  readonly accessKeyId: string;
}

export interface ServicePrincipal {
  readonly type: 'service';
  /** e.g. `ecs-tasks.amazonaws.com` */
  readonly service: string;
  /** The account on whose behalf the service acts. */
  readonly account: string;
}

export interface AnonymousPrincipal {
  readonly type: 'anonymous';
  readonly account: '';
}

/** Who makes a call, as authentication found it. */
export type Principal =
  | RootPrincipal
  | UserPrincipal
  | RoleSessionPrincipal
  | FederatedUserPrincipal
  | ServicePrincipal
  | AnonymousPrincipal;

export const anonymous: AnonymousPrincipal = { type: 'anonymous', account: '' };

/** The ARN as AWS writes it in messages and GetCallerIdentity (for a service: its name). */
export function principalArn(principal: Principal): string {
  switch (principal.type) {
    case 'root':
      return `arn:aws:iam::${principal.account}:root`;
    case 'service':
      return principal.service;
    case 'anonymous':
      return 'anonymous';
    default:
      return principal.arn;
  }
}

/** The unique id of `aws:userid`. Source: IAM User Guide, reference_policies_variables, table of principal values. */
export function userIdOf(principal: Principal): string | undefined {
  switch (principal.type) {
    case 'root':
      return principal.account;
    case 'user':
      return principal.userId;
    case 'role-session':
      return `${principal.roleId}:${principal.sessionName}`;
    case 'federated-user':
      return `${principal.account}:${principal.name}`;
    default:
      return undefined;
  }
}

/** The principal in the policy engine's words. */
export function requestPrincipal(principal: Principal): RequestPrincipal {
  switch (principal.type) {
    case 'root':
      return { type: 'root', account: principal.account };
    case 'user':
      return { type: 'user', account: principal.account, arn: principal.arn };
    case 'role-session':
      return {
        type: 'role-session',
        account: principal.account,
        arn: principal.arn,
        roleArn: principal.roleArn,
        serviceLinked: principal.serviceLinked,
      };
    case 'federated-user':
      return {
        type: 'federated-user',
        account: principal.account,
        arn: principal.arn,
        ...(principal.userArn === undefined ? {} : { userArn: principal.userArn }),
      };
    case 'service':
      return { type: 'service', service: principal.service };
    case 'anonymous':
      return { type: 'anonymous' };
  }
}
