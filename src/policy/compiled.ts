import type { ActionPattern } from './action-pattern.ts';
import type { ResourcePattern } from './arn-pattern.ts';
import type { CompiledCondition } from './conditions/condition.ts';
import type { Reason, StatementVerdict } from './explanation.ts';
import type { NamedAs, PrincipalSet } from './principal.ts';
import type { PolicyKind, PolicyVersion, RequestContext, RequestPrincipal } from './types.ts';

/** A statement ready to be asked. */
export class CompiledStatement {
  /** Position in the policy, from 0. */
  readonly index: number;
  readonly sid: string | undefined;
  readonly effect: 'Allow' | 'Deny';
  readonly actions: readonly ActionPattern[];
  /** The statement has NotAction. */
  readonly notAction: boolean;
  /** Undefined in trust policies, which speak of the role they stand on. */
  readonly resources: readonly ResourcePattern[] | undefined;
  readonly notResource: boolean;
  /** Undefined in policies that belong to a principal. */
  readonly principals: PrincipalSet | undefined;
  readonly notPrincipal: boolean;
  readonly conditions: readonly CompiledCondition[];
  /** Line of the statement in the document, from 1. */
  readonly line: number;

  constructor(parts: {
    index: number;
    sid: string | undefined;
    effect: 'Allow' | 'Deny';
    actions: readonly ActionPattern[];
    notAction: boolean;
    resources: readonly ResourcePattern[] | undefined;
    notResource: boolean;
    principals: PrincipalSet | undefined;
    notPrincipal: boolean;
    conditions: readonly CompiledCondition[];
    line: number;
  }) {
    this.index = parts.index;
    this.sid = parts.sid;
    this.effect = parts.effect;
    this.actions = parts.actions;
    this.notAction = parts.notAction;
    this.resources = parts.resources;
    this.notResource = parts.notResource;
    this.principals = parts.principals;
    this.notPrincipal = parts.notPrincipal;
    this.conditions = parts.conditions;
    this.line = parts.line;
  }

  /** What explanations say of the statement when no condition is involved; the same words every time, so made once. */
  readonly #verdicts: Partial<Record<'applies' | 'action' | 'principal' | 'resource', StatementVerdict>> = {};

  verdict(outcome: 'applies' | 'action' | 'principal' | 'resource'): StatementVerdict {
    const known = this.#verdicts[outcome];
    if (known !== undefined) return known;
    const verdict = this.verdictFor(outcome === 'applies' ? undefined : { because: outcome });
    this.#verdicts[outcome] = verdict;
    return verdict;
  }

  /** @param reason why the statement does not apply; undefined when it does. */
  verdictFor(reason: Reason | undefined): StatementVerdict {
    const { index, sid, effect, line } = this;
    return {
      index,
      ...(sid === undefined ? {} : { sid }),
      effect,
      applies: reason === undefined,
      ...(reason === undefined ? {} : { reason }),
      line,
    };
  }

  /** @param action in lower case. */
  matchesAction(action: string): boolean {
    const actions = this.actions;
    for (let index = 0; index < actions.length; index++) if (actions[index]!.matches(action)) return !this.notAction;
    return this.notAction;
  }

  matchesResource(resource: string, context: RequestContext): boolean {
    const resources = this.resources;
    if (resources === undefined) return true;
    for (let index = 0; index < resources.length; index++) {
      if (resources[index]!.matches(resource, context)) return !this.notResource;
    }
    return this.notResource;
  }

  /**
   * A character that every matching resource has at a place: enough to set most statements aside without looking further.
   * Undefined when there is none, as with several resources or a leading wildcard.
   */
  resourceProbe(): { readonly at: number; readonly code: number } | undefined {
    const [only, ...others] = this.resources ?? [];
    if (only === undefined || others.length > 0 || this.notResource) return undefined;
    return only.probe();
  }

  /** How the statement names the caller. @param bounded the caller has a permissions boundary. */
  names(principal: RequestPrincipal, bounded: boolean): NamedAs {
    const principals = this.principals;
    if (principals === undefined) return 'everyone';
    if (!this.notPrincipal) return principals.names(principal);
    if (this.effect === 'Allow') return principals.names(principal) === 'nobody' ? 'everyone' : 'nobody';
    // "NotPrincipal … with Deny will always deny any IAM principal that has a permissions boundary policy attached".
    // Source: IAM User Guide, reference_policies_elements_notprincipal.
    return bounded || !principals.spares(principal) ? 'everyone' : 'nobody';
  }

  conditionsHold(context: RequestContext): boolean {
    const conditions = this.conditions;
    for (let index = 0; index < conditions.length; index++) if (!conditions[index]!.holds(context)) return false;
    return true;
  }
}

/** A policy document that AWS would accept, ready to be asked. Made by `parsePolicy` only. */
export class CompiledPolicy {
  readonly kind: PolicyKind;
  readonly version: PolicyVersion;
  readonly id: string | undefined;
  readonly statements: readonly CompiledStatement[];
  /** The document as it was given. */
  readonly text: string;

  constructor(
    kind: PolicyKind,
    version: PolicyVersion,
    id: string | undefined,
    statements: readonly CompiledStatement[],
    text: string,
  ) {
    this.kind = kind;
    this.version = version;
    this.id = id;
    this.statements = statements;
    this.text = text;
  }
}

/** The condition keys that policies look at, sorted, each once: what GetContextKeysForCustomPolicy answers. */
export function contextKeysOf(policies: readonly CompiledPolicy[]): string[] {
  const keys = new Map<string, string>();
  const add = (key: string) => {
    if (!keys.has(key.toLowerCase())) keys.set(key.toLowerCase(), key);
  };
  for (const policy of policies) {
    for (const statement of policy.statements) {
      for (const condition of statement.conditions) for (const key of condition.keys()) add(key);
      for (const resource of statement.resources ?? []) for (const key of resource.keys()) add(key);
    }
  }
  return [...keys.values()].sort();
}
