import type { ErrorFacts } from './error-text.ts';
import { RUNNING_MEANINGS } from './meanings/instance-and-running.ts';
import { LAUNCH_MEANINGS } from './meanings/launch.ts';
import { LOOK_ALIKE_MEANINGS } from './meanings/look-alike.ts';
import type { Meaning } from './meanings/meaning.ts';
import { START_MEANINGS } from './meanings/start.ts';

export type { Meaning };

/** From the particular to the general: an earlier entry's words may stand in a later one's text. */
export const MEANINGS: readonly Meaning[] = [
  ...LOOK_ALIKE_MEANINGS,
  ...LAUNCH_MEANINGS,
  ...START_MEANINGS,
  ...RUNNING_MEANINGS,
];

/** What a text means; undefined when it is none that is known. */
export function meaningOf(facts: ErrorFacts): Meaning | undefined {
  return MEANINGS.find(({ fits }) => fits(facts));
}
