import { placeOf } from '../../sources/origin.ts';
import type { Workload } from '../../sources/workload.ts';
import type { CheckResult } from '../check.ts';

/** Said of types and properties that have no part in what tasks are allowed: they are counted, not named one by one. */
const WITHOUT_A_PART = /^this (type is not (served|read)|property is not used)/;
/** Said of comments: the place is all there is to tell them by. */
const PLACED = /^it silences nothing/;
const NAMED_AT_MOST = 5;

/** What of the input was not read and may matter, what was taken for granted, and notices: one line for each reason. */
export function notReadLines({ world, notices }: Pick<CheckResult, 'world' | 'notices'>): string[] {
  const { leftOut, assumed } = world.workload;
  const byReason = new Map<string, Set<string>>();
  for (const { what, why, origin } of leftOut) {
    if (WITHOUT_A_PART.test(why)) continue;
    const shown = PLACED.test(why) ? `${what} (${placeOf(origin)})` : what;
    byReason.set(why, (byReason.get(why) ?? new Set()).add(shown));
  }
  return [
    ...notices.map(({ origin, text }) => `notice: ${placeOf(origin)}: ${text}`),
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
