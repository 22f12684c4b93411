import type { CompiledPolicy } from './compiled.ts';
import { ContextKey } from './context.ts';
import { strength } from './named-principals.ts';
import { type ActionPlan, type PreparedPolicies, resourceCandidates } from './prepare.ts';
import type { NamedAs } from './principal.ts';
import { boundByScp, type Facts, type GateState, hasIdentityPolicies, settle } from './settle.ts';
import type { Candidates, Entry } from './statement-index.ts';
import type { AccessRequest, Decision, NamedPolicy, RequestPrincipal } from './types.ts';

/**
 * Said in place of a resource's own policy by whoever wants to know what the principal's policies say alone, as a
 * simulation does: a KMS key or role is then treated like any other resource.
 */
export const NOT_CONSIDERED = 'not-considered';

/** The resource's own policy, when it has one. */
export type ResourcePolicy = NamedPolicy<CompiledPolicy> | typeof NOT_CONSIDERED | undefined;

/**
 * Decides a request. Never throws on evaluation; what is unclear is denied.
 *
 * @param own the resource's own policy: a role's trust policy for sts:AssumeRole, a key's policy for KMS, the
 *   policy of a queue or secret. Without one, sts:AssumeRole and actions on a KMS key are denied, since there every role
 *   and key has a policy and only it can let anyone in.
 */
export function decide(
  request: AccessRequest,
  prepared: PreparedPolicies,
  own: ResourcePolicy = prepared.set.resource,
): Decision {
  const resourcePolicy = own === NOT_CONSIDERED ? undefined : own;
  const { principal } = request;
  const plan = prepared.plan(request.action);
  const bounded = plan.boundary !== undefined;
  const hasOwn = hasIdentityPolicies(principal);
  const scp = boundByScp(principal) ? plan.scp : undefined;
  const resource = resourcePolicy === undefined ? undefined : resourceCandidates(resourcePolicy.policy, plan.action);

  const denial = firstDenial(request, plan, resource, resourcePolicy);

  let named: NamedAs = 'nobody';
  let grant: Entry | undefined;
  if (resource !== undefined && denial === undefined) {
    let best = 0;
    for (const entry of resource.allows) {
      const as = namedAs(entry, request, bounded);
      const power = strength(principal, as);
      if (power <= best) continue;
      best = power;
      named = as;
      grant = entry;
    }
    grant = withSource(grant, resourcePolicy);
  }

  const facts: Facts = {
    alwaysAllowed: plan.alwaysAllowed,
    denial,
    scp: scp === undefined || denial !== undefined ? 'absent' : scpState(scp, request),
    named,
    grant,
    resourceKind: resourceKind(request, plan, own),
    identity: hasOwn && denial === undefined ? first(plan.identity.allows, request) : undefined,
    boundary: gate(plan.boundary, request),
    session: sessionState(principal, plan, request),
    vpce: plan.vpce === undefined ? 'absent' : firstNaming(plan.vpce.allows, request, bounded) ? 'allows' : 'silent',
  };
  return settle(request, facts);
}

/** The first Deny that applies, kind after kind in the order of DENIAL_ORDER. */
function firstDenial(
  request: AccessRequest,
  plan: ActionPlan,
  resource: Candidates | undefined,
  resourcePolicy: NamedPolicy<CompiledPolicy> | undefined,
): Entry | undefined {
  const bounded = plan.boundary !== undefined;
  for (const { kind, entries } of plan.denials) {
    let denial: Entry | undefined;
    switch (kind) {
      case 'rcp':
        if (rcpApplies(request, plan)) denial = firstNaming(entries, request, bounded);
        break;
      case 'scp':
        if (boundByScp(request.principal)) denial = first(entries, request);
        break;
      case 'resource':
        if (resource !== undefined) denial = withSource(firstNaming(resource.denies, request, bounded), resourcePolicy);
        break;
      case 'vpce':
        denial = firstNaming(entries, request, bounded);
        break;
      default:
        if (hasIdentityPolicies(request.principal)) denial = first(entries, request);
    }
    if (denial !== undefined) return denial;
  }
  return undefined;
}

/** The first statement whose resource and conditions fit. */
function first(entries: readonly Entry[], request: AccessRequest): Entry | undefined {
  const { resource, context } = request;
  for (let index = 0; index < entries.length; index++) {
    const entry = entries[index]!;
    if (entry.probeAt >= 0 && resource.charCodeAt(entry.probeAt) !== entry.probeCode) continue;
    if (entry.statement.matchesResource(resource, context) && entry.statement.conditionsHold(context)) return entry;
  }
  return undefined;
}

function namedAs(entry: Entry, { principal, resource, context }: AccessRequest, bounded: boolean): NamedAs {
  const { statement } = entry;
  const as = statement.names(principal, bounded);
  if (as === 'nobody') return as;
  return statement.matchesResource(resource, context) && statement.conditionsHold(context) ? as : 'nobody';
}

/** The same for policies with principals. */
function firstNaming(entries: readonly Entry[], request: AccessRequest, bounded: boolean): Entry | undefined {
  return entries.find((entry) => namedAs(entry, request, bounded) !== 'nobody');
}

function gate(candidates: Candidates | undefined, request: AccessRequest): GateState {
  if (candidates === undefined) return 'absent';
  return first(candidates.allows, request) === undefined ? 'silent' : 'allows';
}

function scpState(levels: readonly Candidates[], request: AccessRequest): GateState {
  for (const level of levels) if (first(level.allows, request) === undefined) return 'silent';
  return 'allows';
}

/** A federated user without a session policy may do nothing by identity policies. Source: GetFederationToken, API reference. */
function sessionState(principal: RequestPrincipal, plan: ActionPlan, request: AccessRequest): GateState {
  if (principal.type === 'federated-user' && plan.session === undefined) return 'silent';
  return gate(plan.session, request);
}

function withSource(entry: Entry | undefined, source: NamedPolicy<CompiledPolicy> | undefined): Entry | undefined {
  return entry === undefined || source === undefined ? entry : { ...entry, source };
}

/** Which rule the resource's own policy follows; for a key or role of which none is known, that of its kind. */
export function resourceKind(
  request: AccessRequest,
  plan: ActionPlan,
  own: ResourcePolicy,
): 'resource' | 'key' | 'trust' {
  if (own === NOT_CONSIDERED) return 'resource';
  if (plan.needs === 'trust') return 'trust';
  if (plan.needs === 'key' && /^arn:[^:]+:kms:[^:]*:[^:]*:key\//.test(request.resource)) return 'key';
  const kind = own?.policy.kind;
  return kind === 'key' || kind === 'trust' ? kind : 'resource';
}

const RESOURCE_ALIASES = new ContextKey('kms:ResourceAliases');

/** Source: AWS Organizations User Guide, orgs_manage_policies_rcps, "Resources and entities not restricted by RCPs". */
export function rcpApplies({ principal, context }: AccessRequest, plan: ActionPlan): boolean {
  if (!plan.rcpSpeaks) return false;
  if (principal.type === 'role-session' && principal.serviceLinked === true) return false;
  if (plan.needs !== 'key') return true;
  const aliases = RESOURCE_ALIASES.in(context);
  const list = typeof aliases === 'string' ? [aliases] : (aliases ?? []);
  return !list.some((alias) => alias.startsWith('alias/aws/'));
}
