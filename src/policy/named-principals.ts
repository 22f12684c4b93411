import type { NamedAs } from './principal.ts';
import type { RequestPrincipal } from './types.ts';

/** Which implicit denies still count after the resource's own policy has named the caller. */
export interface StillCounts {
  readonly identity: boolean;
  readonly boundary: boolean;
  readonly session: boolean;
}

const all: StillCounts = { identity: true, boundary: true, session: true };
const limits: StillCounts = { identity: false, boundary: true, session: true };
const none: StillCounts = { identity: false, boundary: false, session: false };

/**
 * Inside one account: who asks × how the resource policy names them → which implicit denies still count.
 * Explicit denies and the organization's gates hold in every row.
 * Source: IAM User Guide, reference_policies_evaluation-logic_policy-eval-denyallow, and reference_policies_elements_principal
 * for the wildcard ("not limited by an implicit deny in a permissions boundary or session policy").
 */
export const SAME_ACCOUNT: Readonly<Record<RequestPrincipal['type'], Readonly<Partial<Record<NamedAs, StillCounts>>>>> =
  {
    'role-session': { session: none, everyone: none, role: limits, account: all },
    user: { user: none, everyone: none, account: all },
    'federated-user': { 'federated-user': none, everyone: none, user: limits, account: all },
    // The root user has no policies of its own: nothing to count.
    root: { everyone: none, account: none },
    // These have no account here: the resource policy decides alone.
    service: { service: none, everyone: none },
    federated: { federated: none, everyone: none },
    anonymous: { everyone: none },
  };

/** What counts when the resource policy does not name the caller, and across accounts, where both sides must allow. */
export const EVERYTHING_COUNTS = all;

/** How much a way of being named gives: the number of implicit denies it sets aside. */
export function strength(principal: RequestPrincipal, named: NamedAs): number {
  if (named === 'nobody') return 0;
  const counts = SAME_ACCOUNT[principal.type][named] ?? all;
  return 1 + (counts.identity ? 0 : 1) + (counts.boundary ? 0 : 1) + (counts.session ? 0 : 1);
}
