import type { CompiledPolicy, CompiledStatement } from './compiled.ts';
import type { NamedPolicy, PolicyKind } from './types.ts';

/** A statement and the policy it stands in. */
export interface Entry {
  readonly statement: CompiledStatement;
  readonly source: NamedPolicy<CompiledPolicy>;
  /** The part the policy plays here; a managed policy may be an identity policy for one role and the boundary of another. */
  readonly kind: PolicyKind;
  /** Position among all statements of the index. */
  readonly order: number;
  /** Place and code of a character that every matching resource has (see CompiledStatement.resourceProbe); -1 for none. */
  readonly probeAt: number;
  readonly probeCode: number;
}

export function entryOf(
  statement: CompiledStatement,
  source: NamedPolicy<CompiledPolicy>,
  kind: PolicyKind,
  order: number,
): Entry {
  const probe = statement.resourceProbe();
  return { statement, source, kind, order, probeAt: probe?.at ?? -1, probeCode: probe?.code ?? -1 };
}

/** The statements that speak about one action. */
export interface Candidates {
  readonly denies: readonly Entry[];
  readonly allows: readonly Entry[];
}

const NONE: Candidates = { denies: [], allows: [] };

/**
 * Statements by action. A statement that spells out its services is only looked at for those, so statements about other
 * services cost nothing.
 */
export class StatementIndex {
  readonly #byService = new Map<string, Entry[]>();
  /** Statements with a wildcard in the service, or with NotAction. */
  readonly #anyService: Entry[] = [];

  constructor(policies: readonly NamedPolicy<CompiledPolicy>[], kind: PolicyKind) {
    let order = 0;
    for (const source of policies) {
      for (const statement of source.policy.statements) this.#add(entryOf(statement, source, kind, order++));
    }
  }

  #add(entry: Entry): void {
    const services = new Set(entry.statement.actions.map((action) => action.service));
    if (entry.statement.notAction || services.has(undefined)) {
      this.#anyService.push(entry);
      return;
    }
    for (const service of services as Set<string>) {
      const entries = this.#byService.get(service);
      if (entries === undefined) this.#byService.set(service, [entry]);
      else entries.push(entry);
    }
  }

  /** Statements whose Action or NotAction speaks of the action, in the order of the documents. @param action in lower case. */
  for(action: string): Candidates {
    const service = action.slice(0, Math.max(0, action.indexOf(':')));
    const spelled = this.#byService.get(service) ?? [];
    const entries = [...spelled, ...this.#anyService].filter(({ statement }) => statement.matchesAction(action));
    if (entries.length === 0) return NONE;
    entries.sort((a, b) => a.order - b.order);
    return {
      denies: entries.filter(({ statement }) => statement.effect === 'Deny'),
      allows: entries.filter(({ statement }) => statement.effect === 'Allow'),
    };
  }
}
