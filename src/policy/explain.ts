import type { CompiledPolicy, CompiledStatement } from './compiled.ts';
import { NOT_CONSIDERED, type ResourcePolicy, rcpApplies, resourceKind } from './decide.ts';
import { DENIAL_ORDER } from './edges.ts';
import type { Explanation, PolicyVerdict, Reason, StatementVerdict } from './explanation.ts';
import { whatIsMissing } from './missing.ts';
import { strength } from './named-principals.ts';
import type { PreparedPolicies } from './prepare.ts';
import type { NamedAs } from './principal.ts';
import { boundByScp, type Facts, type GateState, hasIdentityPolicies, settle } from './settle.ts';
import { type Entry, entryOf } from './statement-index.ts';
import type { AccessRequest, NamedPolicy, PolicyKind, RequestContext } from './types.ts';

export { whySentence } from './why.ts';

type Named = NamedPolicy<CompiledPolicy>;

/**
 * Decides a request and says why, statement by statement. It looks at every statement and uses none of the indexes of
 * `decide`, but both end in the same evaluation logic.
 * @param own as for `decide`.
 */
export function explain(
  request: AccessRequest,
  prepared: PreparedPolicies,
  own: ResourcePolicy = prepared.set.resource,
): Explanation {
  const resourcePolicy = own === NOT_CONSIDERED ? undefined : own;
  const { set } = prepared;
  const { principal } = request;
  const plan = prepared.plan(request.action);
  const bounded = set.boundary !== undefined;
  const rcpBar = rcpApplies(request, plan)
    ? undefined
    : 'resource control policies do not speak for this resource or caller';
  const scpBar = boundByScp(principal) ? undefined : 'service control policies do not bind this caller';
  const ownBar = hasIdentityPolicies(principal) ? undefined : 'this caller has no policies of its own';

  const policies: PolicyVerdict[] = [];
  const look = (of: readonly Named[] | undefined, kind: PolicyKind, bar: string | undefined, level?: number): Looked =>
    of === undefined ? NOTHING : lookAt(of, kind, request, plan.action, bounded, bar, level, policies);
  const levels = (
    of: readonly (readonly Named[])[] | undefined,
    kind: 'scp' | 'rcp',
    bar: string | undefined,
  ): Looked[] => (of === undefined ? [] : of.map((level, depth) => look(level, kind, bar, depth)));

  // In the order of DENIAL_ORDER, which is also the order of the report.
  const rcp = levels(set.rcp, 'rcp', rcpBar);
  const scp = levels(set.scp, 'scp', scpBar);
  const resource =
    resourcePolicy === undefined ? NOTHING : look([resourcePolicy], resourcePolicy.policy.kind, undefined);
  const identity = look(set.identity, 'identity', ownBar);
  const boundary = look(set.boundary, 'boundary', ownBar);
  const session = look(set.session, 'session', ownBar);
  const vpce = look(set.vpce, 'vpce', undefined);

  const facts: Facts = {
    alwaysAllowed: plan.alwaysAllowed,
    denial: firstDenial({
      rcp,
      scp,
      resource: [resource],
      identity: [identity],
      boundary: [boundary],
      session: [session],
      vpce: [vpce],
    }),
    scp:
      set.scp === undefined || scpBar !== undefined ? 'absent' : scp.every(({ allow }) => allow) ? 'allows' : 'silent',
    named: resource.named,
    grant: resource.allow,
    resourceKind: resourceKind(request, plan, own),
    identity: identity.allow,
    boundary: state(set.boundary, boundary),
    session: principal.type === 'federated-user' && set.session === undefined ? 'silent' : state(set.session, session),
    vpce: state(set.vpce, vpce),
  };
  const decision = settle(request, facts);
  if (decision.effect === 'Allowed') return { request, decision, policies };
  return { request, decision, policies, missing: whatIsMissing(request, facts, decision, policies, set.identity) };
}

/** What the policies of one kind (and level) say together. */
interface Looked {
  readonly allow: Entry | undefined;
  readonly deny: Entry | undefined;
  /** The strongest way in which an applying Allow names the caller. */
  readonly named: NamedAs;
}

const NOTHING: Looked = { allow: undefined, deny: undefined, named: 'nobody' };

function firstDenial(looked: Readonly<Record<(typeof DENIAL_ORDER)[number], readonly Looked[]>>): Entry | undefined {
  for (const kind of DENIAL_ORDER) {
    for (const { deny } of looked[kind]) if (deny !== undefined) return deny;
  }
  return undefined;
}

function state(policies: readonly Named[] | undefined, looked: Looked): GateState {
  if (policies === undefined) return 'absent';
  return looked.allow === undefined ? 'silent' : 'allows';
}

/** Looks at every statement of some policies and adds a verdict for each policy to the report. */
function lookAt(
  policies: readonly Named[],
  kind: PolicyKind,
  request: AccessRequest,
  action: string,
  bounded: boolean,
  notInForce: string | undefined,
  level: number | undefined,
  report: PolicyVerdict[],
): Looked {
  if (notInForce !== undefined) {
    for (const source of policies) report.push({ ...policyVerdict(source, kind, level, []), notInForce });
    return NOTHING;
  }
  let allow: Entry | undefined;
  let deny: Entry | undefined;
  let named: NamedAs = 'nobody';
  let best = -1;
  for (const source of policies) {
    const { statements } = source.policy;
    const verdicts: StatementVerdict[] = [];
    for (let index = 0; index < statements.length; index++) {
      const statement = statements[index]!;
      const as = statement.principals === undefined ? 'everyone' : statement.names(request.principal, bounded);
      const verdict = verdictOn(statement, as, request, action);
      verdicts.push(verdict);
      if (!verdict.applies) continue;
      if (statement.effect === 'Deny') deny ??= entryOf(statement, source, kind, index);
      else {
        const power = strength(request.principal, as);
        if (power <= best) continue;
        best = power;
        named = as;
        allow = entryOf(statement, source, kind, index);
      }
    }
    report.push(policyVerdict(source, kind, level, verdicts));
  }
  return { allow, deny, named };
}

function policyVerdict(
  { name, source }: Named,
  kind: PolicyKind,
  level: number | undefined,
  statements: readonly StatementVerdict[],
): PolicyVerdict {
  if (source === undefined) return level === undefined ? { kind, name, statements } : { kind, name, level, statements };
  return level === undefined ? { kind, name, source, statements } : { kind, name, source, level, statements };
}

/** The first reason a statement does not apply, in the order action, principal, resource, condition. */
function verdictOn(
  statement: CompiledStatement,
  as: NamedAs,
  request: AccessRequest,
  action: string,
): StatementVerdict {
  if (!statement.matchesAction(action)) return statement.verdict('action');
  if (as === 'nobody') return statement.verdict('principal');
  const { resource, context } = request;
  if (!statement.matchesResource(resource, context)) return statement.verdict('resource');
  const reason = failedCondition(statement, context);
  return reason === undefined ? statement.verdict('applies') : statement.verdictFor(reason);
}

function failedCondition(statement: CompiledStatement, context: RequestContext): Reason | undefined {
  for (const condition of statement.conditions) {
    const found = condition.key.in(context);
    if (condition.holdsFor(found, context)) continue;
    const { operator, key, values } = condition;
    const reason = { because: 'condition', operator, key: key.name, asked: values } as const;
    return found === undefined ? reason : { ...reason, found };
  }
  return undefined;
}
