import type { NamedAs } from './principal.ts';
import type { RequestPrincipal } from './types.ts';

/** Which implicit denies still count after the resource's own policy has named the caller. */
export interface StillCounts {
  readonly identity: boolean;
  readonly boundary: boolean;
  readonly session: boolean;
}

type Row = readonly [RequestPrincipal['type'], NamedAs, 'counts' | '-', 'counts' | '-', 'counts' | '-'];

/**
 * Inside one account: who asks, how the resource's policy names them, and which implicit denies still count then.
 * Explicit denies and the organization's gates hold in every row.
 * Source: IAM User Guide, reference_policies_evaluation-logic_policy-eval-denyallow, and reference_policies_elements_principal
 * for the wildcard ("not limited by an implicit deny in a permissions boundary or session policy").
 */
// biome-ignore format: a table
const ROWS: readonly Row[] = [
  // who asks         named as           identity  boundary  session
  ['role-session',   'session',         '-',      '-',      '-'     ],
  ['role-session',   'everyone',        '-',      '-',      '-'     ],
  ['role-session',   'role',            '-',      'counts', 'counts'],
  ['role-session',   'account',         'counts', 'counts', 'counts'],
  ['user',           'user',            '-',      '-',      '-'     ],
  ['user',           'everyone',        '-',      '-',      '-'     ],
  ['user',           'account',         'counts', 'counts', 'counts'],
  ['federated-user', 'federated-user',  '-',      '-',      '-'     ],
  ['federated-user', 'everyone',        '-',      '-',      '-'     ],
  ['federated-user', 'user',            '-',      'counts', 'counts'],
  ['federated-user', 'account',         'counts', 'counts', 'counts'],
  // The root user has no policies of its own.
  ['root',           'everyone',        '-',      '-',      '-'     ],
  ['root',           'account',         '-',      '-',      '-'     ],
  // These have no account here: the resource's policy decides alone.
  ['service',        'service',         '-',      '-',      '-'     ],
  ['service',        'everyone',        '-',      '-',      '-'     ],
  ['federated',      'federated',       '-',      '-',      '-'     ],
  ['federated',      'everyone',        '-',      '-',      '-'     ],
  ['anonymous',      'everyone',        '-',      '-',      '-'     ],
];

type Table = Record<RequestPrincipal['type'], Partial<Record<NamedAs, StillCounts>>>;

/** The table, to look up. */
export const SAME_ACCOUNT: Readonly<Table> = (() => {
  const table: Table = {
    root: {},
    user: {},
    'role-session': {},
    'federated-user': {},
    service: {},
    federated: {},
    anonymous: {},
  };
  for (const [caller, named, identity, boundary, session] of ROWS) {
    table[caller][named] = {
      identity: identity === 'counts',
      boundary: boundary === 'counts',
      session: session === 'counts',
    };
  }
  return table;
})();

const all: StillCounts = { identity: true, boundary: true, session: true };

/** What counts when the resource policy does not name the caller, and across accounts, where both sides must allow. */
export const EVERYTHING_COUNTS = all;

/** How much a way of being named gives: the number of implicit denies it sets aside. */
export function strength(principal: RequestPrincipal, named: NamedAs): number {
  if (named === 'nobody') return 0;
  const counts = SAME_ACCOUNT[principal.type][named] ?? all;
  return 1 + (counts.identity ? 0 : 1) + (counts.boundary ? 0 : 1) + (counts.session ? 0 : 1);
}
