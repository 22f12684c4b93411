import type { Workload } from '../../sources/workload.ts';

/** Said of types and properties that have no part in what tasks are allowed: they are counted, not named one by one. */
const WITHOUT_A_PART = /^this (type is not (served|read)|property is not used)/;
const NAMED_AT_MOST = 5;

/** What of the input was not read and may matter, and what was taken for granted: one line for each reason. */
export function notReadLines({ leftOut, assumed }: Pick<Workload, 'leftOut' | 'assumed'>): string[] {
  const byReason = new Map<string, Set<string>>();
  for (const { what, why } of leftOut) {
    if (WITHOUT_A_PART.test(why)) continue;
    byReason.set(why, (byReason.get(why) ?? new Set()).add(what));
  }
  return [
    ...[...byReason].map(([why, things]) => `not read: ${named([...things])}: ${why}`),
    ...assumed.map(({ what, why }) => `assumed: ${what}: ${why}`),
  ];
}

/** How many resources have types that are not read since no role depends on them. */
export function countWithoutAPart({ leftOut }: Pick<Workload, 'leftOut'>): number {
  return leftOut.filter(({ why }) => WITHOUT_A_PART.test(why) && !why.startsWith('this property')).length;
}

function named(things: readonly string[]): string {
  const rest = things.length - NAMED_AT_MOST;
  const first = things.slice(0, NAMED_AT_MOST).join(', ');
  return rest > 0 ? `${first} and ${rest} more` : first;
}
