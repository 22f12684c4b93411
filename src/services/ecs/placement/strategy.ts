import type * as Ecs from '../../../wire/generated/types/ecs.ts';
import { invalidParameter } from '../errors.ts';

/** An instance that could take the task, as the strategies see it. */
export interface Candidate {
  readonly arn: string;
  readonly remainingCpu: number;
  readonly remainingMemory: number;
  readonly attribute: (name: string) => string | undefined;
  /** Tasks of the same group on it. */
  readonly tasksOfGroup: number;
}

/** At most 5 strategy rules. Source: ECS API, RunTask. */
const MOST_STRATEGIES = 5;

/** Errors: InvalidParameterException. Source of the binpack text: observed. */
export function checkStrategies(strategies: readonly Ecs.PlacementStrategy[]): void {
  if (strategies.length > MOST_STRATEGIES) {
    // unverified: text
    throw invalidParameter(`placementStrategy can have at most ${MOST_STRATEGIES} items.`);
  }
  for (const { type, field } of strategies) {
    if (type === undefined) throw invalidParameter('Placement strategy type cannot be null.'); // unverified: text
    const name = field ?? '';
    if (type === 'binpack' && !/^(cpu|memory)$/i.test(name)) {
      throw invalidParameter(`binpack field '${name}' is invalid`);
    }
    if (type === 'spread' && !/^(instanceId|host|attribute:.+)$/.test(name)) {
      throw invalidParameter(`spread field '${name}' is invalid`); // unverified: text
    }
    if (type === 'random' && field !== undefined && field !== '') {
      throw invalidParameter('random field should not be specified'); // source: observed (CreateService)
    }
  }
}

/**
 * The instance that the strategies choose: each keeps the best of what the one before left; chance decides what remains.
 * `chance` gives a number in [0, 1). Source: ECS Developer Guide, task placement strategies.
 */
export function choose(
  candidates: readonly Candidate[],
  strategies: readonly Ecs.PlacementStrategy[],
  chance: () => number,
): Candidate | undefined {
  let left = candidates;
  for (const strategy of strategies) left = best(left, strategy);
  return left[Math.floor(chance() * left.length)];
}

function best(candidates: readonly Candidate[], strategy: Ecs.PlacementStrategy): readonly Candidate[] {
  switch (strategy.type) {
    case 'binpack':
      return least(
        candidates,
        /^cpu$/i.test(strategy.field ?? '') ? (one) => one.remainingCpu : (one) => one.remainingMemory,
      );
    case 'spread': {
      const value = spreadValue(strategy.field ?? '');
      const counts = new Map<string, number>();
      for (const candidate of candidates) {
        const key = value(candidate);
        counts.set(key, (counts.get(key) ?? 0) + candidate.tasksOfGroup);
      }
      return least(candidates, (candidate) => counts.get(value(candidate)) ?? 0);
    }
    default:
      return candidates;
  }
}

function spreadValue(field: string): (candidate: Candidate) => string {
  if (field === 'instanceId' || field === 'host') return (candidate) => candidate.arn;
  const name = field.slice('attribute:'.length);
  return (candidate) => candidate.attribute(name) ?? '';
}

function least(candidates: readonly Candidate[], measure: (candidate: Candidate) => number): readonly Candidate[] {
  const lowest = Math.min(...candidates.map(measure));
  return candidates.filter((candidate) => measure(candidate) === lowest);
}
