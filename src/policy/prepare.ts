import type { CompiledPolicy } from './compiled.ts';
import { ALWAYS_ALLOWED_ACTIONS, DENIAL_ORDER } from './edges.ts';
import { RCP_SERVICES } from './rcp-services.ts';
import { type Candidates, type Entry, StatementIndex } from './statement-index.ts';
import type { NamedPolicy, PolicyKind, PolicySet } from './types.ts';

/** What a prepared set knows about one action. */
export interface ActionPlan {
  /** In lower case. */
  readonly action: string;
  readonly alwaysAllowed: boolean;
  /** The service supports resource control policies for this action. */
  readonly rcpSpeaks: boolean;
  /** The resource's own policy must allow even inside the account. */
  readonly needs: 'trust' | 'key' | undefined;
  readonly identity: Candidates;
  readonly boundary: Candidates | undefined;
  readonly session: Candidates | undefined;
  readonly vpce: Candidates | undefined;
  readonly scp: readonly Candidates[] | undefined;
  /** The statements that may deny, in the order in which kinds are named. Those of the resource's own policy come with the request. */
  readonly denials: readonly Denials[];
}

export interface Denials {
  readonly kind: (typeof DENIAL_ORDER)[number];
  readonly entries: readonly Entry[];
}

/** Plans kept per set; a caller asks about the few hundred operations there are, but a simulation may name anything. */
const MAX_PLANS = 2048;

/** A principal's policies, indexed by action. Make it once per principal and keep it; it holds for any number of requests. */
export class PreparedPolicies {
  readonly set: PolicySet<CompiledPolicy>;
  readonly #identity: StatementIndex;
  readonly #boundary: StatementIndex | undefined;
  readonly #session: StatementIndex | undefined;
  readonly #vpce: StatementIndex | undefined;
  readonly #scp: readonly StatementIndex[] | undefined;
  readonly #rcp: StatementIndex | undefined;
  readonly #plans = new Map<string, ActionPlan>();

  constructor(set: PolicySet<CompiledPolicy>) {
    this.set = set;
    const index = (policies: readonly NamedPolicy<CompiledPolicy>[] | undefined, kind: PolicyKind) =>
      policies === undefined ? undefined : new StatementIndex(policies, kind);
    this.#identity = new StatementIndex(set.identity, 'identity');
    this.#boundary = index(set.boundary, 'boundary');
    this.#session = index(set.session, 'session');
    this.#vpce = index(set.vpce, 'vpce');
    this.#scp = set.scp?.map((level) => new StatementIndex(level, 'scp'));
    // RCPFullAWSAccess stands at every level and cannot be detached, so only denials can come from resource control policies.
    this.#rcp = index(set.rcp?.flat(), 'rcp');
  }

  /** @param action `service:Operation` in any case. */
  plan(action: string): ActionPlan {
    return this.#plans.get(action) ?? this.#newPlan(action);
  }

  #newPlan(asked: string): ActionPlan {
    const action = asked.toLowerCase();
    const service = action.slice(0, Math.max(0, action.indexOf(':')));
    const found = {
      identity: this.#identity.for(action),
      boundary: this.#boundary?.for(action),
      session: this.#session?.for(action),
      vpce: this.#vpce?.for(action),
      scp: this.#scp?.map((level) => level.for(action)),
    };
    const denies: Readonly<Record<Denials['kind'], readonly Entry[]>> = {
      rcp: this.#rcp?.for(action).denies ?? [],
      scp: found.scp?.flatMap((level) => level.denies) ?? [],
      resource: [],
      identity: found.identity.denies,
      boundary: found.boundary?.denies ?? [],
      session: found.session?.denies ?? [],
      vpce: found.vpce?.denies ?? [],
    };
    const plan: ActionPlan = {
      ...found,
      action,
      alwaysAllowed: ALWAYS_ALLOWED_ACTIONS.has(action),
      // "RCPs don't apply to kms:RetireGrant". Source: orgs_manage_policies_rcps.
      rcpSpeaks: RCP_SERVICES.has(service) && action !== 'kms:retiregrant',
      needs: action.startsWith('sts:assumerole') ? 'trust' : service === 'kms' ? 'key' : undefined,
      denials: DENIAL_ORDER.filter((kind) => kind === 'resource' || denies[kind].length > 0).map((kind) => ({
        kind,
        entries: denies[kind],
      })),
    };
    if (this.#plans.size >= MAX_PLANS) this.#plans.clear();
    this.#plans.set(asked, plan);
    return plan;
  }
}

/** The statements of a resource's own policy by action; the policy is compiled once and asked about by everyone. */
class ResourcePolicyIndex {
  readonly #index: StatementIndex;
  readonly #plans = new Map<string, Candidates>();

  constructor(policy: CompiledPolicy) {
    this.#index = new StatementIndex([{ name: '', policy }], policy.kind);
  }

  for(action: string): Candidates {
    const known = this.#plans.get(action);
    if (known !== undefined) return known;
    const candidates = this.#index.for(action);
    if (this.#plans.size >= MAX_PLANS) this.#plans.clear();
    this.#plans.set(action, candidates);
    return candidates;
  }
}

const resourceIndexes = new WeakMap<CompiledPolicy, ResourcePolicyIndex>();

/** The statements of a resource's policy that speak about an action (in lower case). Their entries carry no policy name. */
export function resourceCandidates(policy: CompiledPolicy, action: string): Candidates {
  let index = resourceIndexes.get(policy);
  if (index === undefined) {
    index = new ResourcePolicyIndex(policy);
    resourceIndexes.set(policy, index);
  }
  return index.for(action);
}

/** Indexes a principal's policies; the result is for `decide` and `explain`. */
export function preparePolicies(set: PolicySet<CompiledPolicy>): PreparedPolicies {
  return new PreparedPolicies(set);
}
