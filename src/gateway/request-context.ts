import type { RequestContext } from '../policy/types.ts';
import type { AuthorizationCheck } from './operation.ts';
import { type Principal, principalArn, userIdOf } from './principals.ts';

/** What a call brings along besides its principal and input. */
export interface CallOrigin {
  readonly now: number;
  readonly region: string;
  readonly sourceIp: string;
  readonly userAgent: string;
  /** Service ids of the services that pass the call on, first one first (forward access session). */
  readonly calledVia: readonly string[];
  /** Condition keys that AWS itself sets for this call. */
  readonly callerContext: RequestContext;
}

const PRINCIPAL_TYPES = {
  root: 'Account',
  user: 'User',
  'role-session': 'AssumedRole',
  'federated-user': 'FederatedUser',
  service: 'Service',
  anonymous: 'Anonymous',
} as const;

/**
 * The condition keys that every call carries.
 * Source: IAM User Guide, reference_policies_condition-keys. `aws:SecureTransport` is true: the same client reaches AWS
 * over TLS, and the loopback connection here stands for that one.
 */
export function globalContext(principal: Principal, origin: CallOrigin): Record<string, string | readonly string[]> {
  const context: Record<string, string | readonly string[]> = {
    'aws:CurrentTime': isoSeconds(origin.now),
    'aws:EpochTime': String(Math.floor(origin.now / 1000)),
    'aws:RequestedRegion': origin.region,
    'aws:SecureTransport': 'true',
    'aws:ViaAWSService': origin.calledVia.length > 0 ? 'true' : 'false',
    'aws:PrincipalType': PRINCIPAL_TYPES[principal.type],
    'aws:PrincipalIsAWSService': principal.type === 'service' ? 'true' : 'false',
  };
  if (origin.sourceIp !== '') context['aws:SourceIp'] = origin.sourceIp;
  if (origin.userAgent !== '') context['aws:UserAgent'] = origin.userAgent;
  if (origin.calledVia.length > 0) addCalledVia(context, origin.calledVia);
  addPrincipal(context, principal);
  for (const [key, value] of Object.entries(origin.callerContext)) {
    // What Rolecall tells its own services is no condition key of AWS.
    if (!key.startsWith('rolecall:')) context[key] = value;
  }
  return context;
}

/** The global keys and those of one check: resource, tags, and the action's own keys. */
export function checkContext(
  base: Readonly<Record<string, string | readonly string[]>>,
  check: AuthorizationCheck,
  resourceAccount: string,
): RequestContext {
  const context: Record<string, string | readonly string[]> = { ...base };
  if (resourceAccount !== '') context['aws:ResourceAccount'] = resourceAccount;
  for (const [key, value] of Object.entries(check.resourceTags ?? {})) context[`aws:ResourceTag/${key}`] = value;
  if (check.requestTags !== undefined) {
    const keys = Object.keys(check.requestTags);
    for (const key of keys) context[`aws:RequestTag/${key}`] = check.requestTags[key] as string;
    if (keys.length > 0) context['aws:TagKeys'] = keys;
  }
  if (check.context !== undefined) Object.assign(context, check.context);
  return context;
}

function addPrincipal(context: Record<string, string | readonly string[]>, principal: Principal): void {
  if (principal.type === 'service') {
    context['aws:PrincipalServiceName'] = principal.service;
    context['aws:PrincipalServiceNamesList'] = [principal.service];
    return;
  }
  if (principal.type === 'anonymous') return;
  context['aws:PrincipalAccount'] = principal.account;
  // For a role session this is the role's ARN with its path, not the session's. Source: condition keys page, aws:PrincipalArn.
  context['aws:PrincipalArn'] = principal.type === 'role-session' ? principal.roleArn : principalArn(principal);
  const userId = userIdOf(principal);
  if (userId !== undefined) context['aws:userid'] = userId;
  if (principal.type === 'user') context['aws:username'] = principal.userName;
  if (principal.type === 'user' || principal.type === 'role-session') {
    for (const [key, value] of Object.entries(principal.tags)) context[`aws:PrincipalTag/${key}`] = value;
  }
  if (principal.issuedAt !== undefined) {
    context['aws:TokenIssueTime'] = isoSeconds(principal.issuedAt);
    context['aws:MultiFactorAuthPresent'] = 'false';
  }
  if (principal.type === 'role-session') {
    if (principal.sourceIdentity !== undefined) context['aws:SourceIdentity'] = principal.sourceIdentity;
    if (principal.ec2RoleDelivery !== undefined) context['ec2:RoleDelivery'] = principal.ec2RoleDelivery;
  }
}

function addCalledVia(context: Record<string, string | readonly string[]>, calledVia: readonly string[]): void {
  const names = calledVia.map((service) => `${service}.amazonaws.com`);
  context['aws:CalledVia'] = names;
  context['aws:CalledViaFirst'] = names[0] as string;
  context['aws:CalledViaLast'] = names[names.length - 1] as string;
}

/** `2026-01-02T03:04:05Z` */
export function isoSeconds(milliseconds: number): string {
  return `${new Date(milliseconds).toISOString().slice(0, 19)}Z`;
}
