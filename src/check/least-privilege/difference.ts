import { awsManagedPolicy } from '../../services/iam/managed-policies.ts';
import type { RoleView } from '../model/roles.ts';
import type { Tokens } from '../model/tokens.ts';
import type { RolePolicies } from './role-policies.ts';

/** One grant: an action on a resource. */
export interface Grant {
  readonly action: string;
  readonly resource: string;
}

/** What a role has against what it needs. */
export interface Difference {
  readonly added: readonly Grant[];
  readonly removed: readonly (Grant & { readonly policy: string })[];
  /** Managed policies of AWS: they go as a whole. */
  readonly detached: readonly string[];
  readonly kept: number;
}

/** Compares grants as they are written: a wildcard is another grant than the name it fits. */
export function difference({ documents, view }: RolePolicies, tokens: Tokens): Difference {
  const wanted = new Map<string, Grant>();
  for (const { Statement } of documents)
    for (const { Action, Resource } of Statement)
      for (const action of [Action].flat() as readonly string[])
        for (const resource of [Resource].flat() as readonly string[])
          wanted.set(`${action.toLowerCase()} ${resource}`, { action, resource });
  const removed: (Grant & { policy: string })[] = [];
  const kept = new Set<string>();
  for (const { action, resource, policy } of grantsOf(view, tokens)) {
    const key = `${action.toLowerCase()} ${resource}`;
    if (wanted.has(key)) kept.add(key);
    else removed.push({ action, resource, policy });
  }
  return {
    added: [...wanted].flatMap(([key, grant]) => (kept.has(key) ? [] : [grant])),
    removed,
    detached: view.held.flatMap(({ name, awsManaged }) =>
      awsManaged && awsManagedPolicy(name) !== undefined ? [name] : [],
    ),
    kept: kept.size,
  };
}

function grantsOf(view: RoleView, tokens: Tokens): (Grant & { policy: string })[] {
  return view.held
    .filter(({ awsManaged }) => !awsManaged)
    .flatMap(({ name, bounds }) =>
      bounds.least.statements
        .filter(({ effect }) => effect === 'Allow')
        .flatMap(({ actions, resources, notAction, notResource }) =>
          actions.flatMap(({ text: action }) =>
            (resources ?? []).map(({ text: resource }) => ({
              action: notAction ? `all but ${action}` : action,
              resource: notResource ? `all but ${resource}` : tokens.shown(resource),
              policy: name,
            })),
          ),
        ),
    );
}
