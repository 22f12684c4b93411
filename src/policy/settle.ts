import { EVERYTHING_COUNTS, SAME_ACCOUNT } from './named-principals.ts';
import type { NamedAs } from './principal.ts';
import type { Entry } from './statement-index.ts';
import type { AccessRequest, Decision, PolicyKind, RequestPrincipal, StatementRef } from './types.ts';

/** Whether the policies of one kind let a request through. */
export type GateState = 'absent' | 'allows' | 'silent';

/** Everything that a decision is made of. `decide` and `explain` each gather it in their own way. */
export interface Facts {
  readonly alwaysAllowed: boolean;
  /** The first matching Deny, in the order of DENIAL_ORDER. */
  readonly denial: Entry | undefined;
  /** The organization's service control policies: silent when one level has no Allow. */
  readonly scp: GateState;
  /** The strongest way in which an Allow of the resource's own policy names the caller. */
  readonly named: NamedAs;
  readonly grant: Entry | undefined;
  /** The kind of the resource's own policy; `key` and `trust` must allow even inside the account. */
  readonly resourceKind: 'resource' | 'key' | 'trust';
  readonly identity: Entry | undefined;
  readonly boundary: GateState;
  readonly session: GateState;
  readonly vpce: GateState;
}

/** Which policies can bind a caller at all. */
export function hasIdentityPolicies(principal: RequestPrincipal): boolean {
  return principal.type === 'user' || principal.type === 'role-session' || principal.type === 'federated-user';
}

/** Whether service control policies bind the caller: not AWS's services, nor their roles, nor strangers. Source: orgs_manage_policies_scps. */
export function boundByScp(principal: RequestPrincipal): boolean {
  switch (principal.type) {
    case 'root':
    case 'user':
    case 'federated-user':
      return true;
    case 'role-session':
      return principal.serviceLinked !== true;
    default:
      return false;
  }
}

/** The principal's account; undefined for those who have none. */
export function accountOf(principal: RequestPrincipal): string | undefined {
  return 'account' in principal ? principal.account : undefined;
}

/**
 * The evaluation logic, once all the facts are known. Sources: IAM User Guide,
 * reference_policies_evaluation-logic_policy-eval-denyallow (one account) and reference_policies_evaluation-logic-cross-account.
 * @param identityAllows to ask what would follow if an identity policy allowed it.
 */
export function settle(
  request: AccessRequest,
  facts: Facts,
  identityAllows: boolean = facts.identity !== undefined,
): Decision {
  const { principal } = request;
  if (facts.alwaysAllowed && principal.type !== 'anonymous') return { effect: 'Allowed' };

  if (facts.denial !== undefined) {
    const decidedBy = statementRef(facts.denial);
    return { effect: 'ExplicitlyDenied', decidedBy, deniedBy: decidedBy.kind };
  }
  if (facts.scp === 'silent') return implicitly('scp');

  const account = accountOf(principal);
  const sameAccount = account === undefined || account === request.resourceAccount;
  // "You cannot use AWS account root user credentials to call AssumeRole." Source: AWS STS API reference, AssumeRole.
  const named = facts.named !== 'nobody' && !(facts.resourceKind === 'trust' && principal.type === 'root');
  const ownPolicyMustAllow = !sameAccount || account === undefined || facts.resourceKind !== 'resource';
  if (ownPolicyMustAllow && !named) return implicitly(facts.resourceKind);

  const counts = (sameAccount && named ? SAME_ACCOUNT[principal.type][facts.named] : undefined) ?? EVERYTHING_COUNTS;
  if (hasIdentityPolicies(principal)) {
    if (counts.identity && !identityAllows) return implicitly('identity');
    if (counts.boundary && facts.boundary === 'silent') return implicitly('boundary');
    if (counts.session && facts.session === 'silent') return implicitly('session');
  }
  if (facts.vpce === 'silent') return implicitly('vpce');

  const allowedBy = (counts.identity ? facts.identity : undefined) ?? facts.grant;
  return allowedBy === undefined ? { effect: 'Allowed' } : { effect: 'Allowed', decidedBy: statementRef(allowedBy) };
}

const IMPLICIT: Readonly<Record<PolicyKind, Decision>> = {
  identity: Object.freeze<Decision>({ effect: 'ImplicitlyDenied', deniedBy: 'identity' }),
  resource: Object.freeze<Decision>({ effect: 'ImplicitlyDenied', deniedBy: 'resource' }),
  trust: Object.freeze<Decision>({ effect: 'ImplicitlyDenied', deniedBy: 'trust' }),
  key: Object.freeze<Decision>({ effect: 'ImplicitlyDenied', deniedBy: 'key' }),
  boundary: Object.freeze<Decision>({ effect: 'ImplicitlyDenied', deniedBy: 'boundary' }),
  session: Object.freeze<Decision>({ effect: 'ImplicitlyDenied', deniedBy: 'session' }),
  scp: Object.freeze<Decision>({ effect: 'ImplicitlyDenied', deniedBy: 'scp' }),
  rcp: Object.freeze<Decision>({ effect: 'ImplicitlyDenied', deniedBy: 'rcp' }),
  vpce: Object.freeze<Decision>({ effect: 'ImplicitlyDenied', deniedBy: 'vpce' }),
};

function implicitly(kind: PolicyKind): Decision {
  return IMPLICIT[kind];
}

/** How a statement is spoken of. */
export function statementRef({ statement, source, kind }: Entry): StatementRef {
  const { index, sid } = statement;
  return sid === undefined ? { kind, policy: source.name, index } : { kind, policy: source.name, sid, index };
}
