import { parseArn } from '../../core/arn.ts';
import { type CompiledPolicy, contextKeysOf } from '../../policy/compiled.ts';
import { explain } from '../../policy/explain.ts';
import type { Explanation } from '../../policy/explanation.ts';
import { type JsonNode, lineAndColumn, readJson } from '../../policy/json.ts';
import { preparePolicies } from '../../policy/prepare.ts';
import type { NamedPolicy, PolicyKind, RequestContext, RequestPrincipal } from '../../policy/types.ts';
import type * as Iam from '../../wire/generated/types/iam.ts';

/** A policy that takes part in a simulation, under the id that results name it by. */
export interface SimulatedPolicy {
  readonly id: string;
  readonly type: Iam.PolicySourceType;
  readonly policy: CompiledPolicy;
}

/** What a simulation is asked about. */
export interface Simulation {
  readonly identity: readonly SimulatedPolicy[];
  readonly boundary: readonly SimulatedPolicy[] | undefined;
  /** Levels from the organization's root to the account; undefined without an organization. */
  readonly scp: readonly (readonly SimulatedPolicy[])[] | undefined;
  readonly resource: SimulatedPolicy | undefined;
  readonly principal: RequestPrincipal;
  /** The caller's account. */
  readonly account: string;
  /** Owner of resources whose ARNs do not name one. */
  readonly resourceOwner: string | undefined;
  /** What is known of the principal and what the request gives; the latter wins. */
  readonly context: RequestContext;
}

function named(policies: readonly SimulatedPolicy[]): NamedPolicy<CompiledPolicy>[] {
  return policies.map(({ id, policy }) => ({ name: id, policy }));
}

/** Decides one action on one resource and shows it as the simulation operations do. */
export type Simulator = (action: string, resource: string) => Iam.EvaluationResult;

/** Prepares the policies once for all questions of a simulation. */
export function createSimulator(simulation: Simulation): Simulator {
  const { identity, boundary, scp, resource: own, account, context, principal } = simulation;
  const prepared = preparePolicies({
    identity: named(identity),
    ...(boundary === undefined ? {} : { boundary: named(boundary) }),
    ...(scp === undefined ? {} : { scp: scp.map(named) }),
  });
  const resourcePolicy = own === undefined ? undefined : named([own])[0];
  const all = [...identity, ...(boundary ?? []), ...(scp ?? []).flat(), ...(own === undefined ? [] : [own])];
  const missing = missingKeys(all, context);
  return (action, resource) => {
    const arnAccount = parseArn(resource)?.account ?? '';
    const resourceAccount = arnAccount === '' ? (simulation.resourceOwner ?? account) : arnAccount;
    const request = { principal, action, resource, resourceAccount, context };
    const explanation = explain(request, prepared, resourcePolicy);
    return {
      EvalActionName: action,
      EvalResourceName: resource,
      EvalDecision: DECISIONS[explanation.decision.effect],
      MatchedStatements: matchedStatements(explanation, all),
      MissingContextValues: missing,
      ...(boundary === undefined
        ? {}
        : { PermissionsBoundaryDecisionDetail: { AllowedByPermissionsBoundary: kindAllows(explanation, 'boundary') } }),
      ...(scp === undefined
        ? {}
        : { OrganizationsDecisionDetail: { AllowedByOrganizations: levelsAllow(explanation) } }),
    };
  };
}

const DECISIONS = { Allowed: 'allowed', ImplicitlyDenied: 'implicitDeny', ExplicitlyDenied: 'explicitDeny' } as const;

/** The statements that made the decision: those that deny, or those that allow. */
function matchedStatements({ decision, policies }: Explanation, all: readonly SimulatedPolicy[]): Iam.Statement[] {
  if (decision.effect === 'ImplicitlyDenied') return [];
  const effect = decision.effect === 'Allowed' ? 'Allow' : 'Deny';
  const matched: Iam.Statement[] = [];
  for (const { name, kind, statements } of policies) {
    const source = all.find(({ id, policy }) => id === name && sameKind(policy.kind, kind));
    if (source === undefined) continue;
    for (const statement of statements) {
      if (!statement.applies || statement.effect !== effect) continue;
      matched.push({
        SourcePolicyId: source.id,
        SourcePolicyType: source.type,
        ...positionOf(source.policy.text, statement.index),
      });
    }
  }
  return matched;
}

/** Managed policies are compiled as identity policies wherever they stand. */
function sameKind(compiled: PolicyKind, evaluated: PolicyKind): boolean {
  return compiled === evaluated || (compiled === 'identity' && evaluated === 'boundary');
}

function positionOf(text: string, index: number): Pick<Iam.Statement, 'StartPosition' | 'EndPosition'> {
  const root = readJson(text);
  const statement: JsonNode | undefined =
    root.type === 'object' ? root.members.find(({ name }) => name === 'Statement')?.value : undefined;
  const node = statement?.type === 'array' ? statement.items[index] : statement;
  if (node === undefined) return {};
  const position = (offset: number): Iam.Position => {
    const { line, column } = lineAndColumn(text, offset);
    return { Line: line, Column: column };
  };
  return { StartPosition: position(node.at), EndPosition: position(node.end) };
}

/** Keys that the policies ask for and nobody gave: without them the result may not be what production says. */
function missingKeys(all: readonly SimulatedPolicy[], context: RequestContext): string[] {
  const given = new Set(Object.keys(context).map((key) => key.toLowerCase()));
  return contextKeysOf(all.map(({ policy }) => policy)).filter((key) => !given.has(key.toLowerCase()));
}

/** Whether the policies of a kind let the request through, whatever the others say. */
function kindAllows({ policies }: Explanation, kind: PolicyKind): boolean {
  const statements = policies.filter((policy) => policy.kind === kind).flatMap((policy) => policy.statements);
  const applying = statements.filter(({ applies }) => applies);
  return applying.some(({ effect }) => effect === 'Allow') && !applying.some(({ effect }) => effect === 'Deny');
}

function levelsAllow({ policies }: Explanation): boolean {
  const levels = new Map<number, boolean>();
  for (const { kind, level, statements } of policies) {
    if (kind !== 'scp' || level === undefined) continue;
    const applying = statements.filter(({ applies }) => applies);
    if (applying.some(({ effect }) => effect === 'Deny')) return false;
    const allows = applying.some(({ effect }) => effect === 'Allow');
    levels.set(level, (levels.get(level) ?? false) || allows);
  }
  return [...levels.values()].every((allows) => allows);
}
