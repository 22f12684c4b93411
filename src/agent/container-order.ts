import type * as Ecs from '../wire/generated/types/ecs.ts';

/** What is known of a container when another waits for it. */
export interface ContainerState {
  readonly name: string;
  readonly status: 'PENDING' | 'RUNNING' | 'STOPPED';
  readonly exitCode: number | undefined;
  readonly health: 'HEALTHY' | 'UNHEALTHY' | 'UNKNOWN';
  /** Epoch milliseconds. */
  readonly startedAt: number | undefined;
  /** Seconds that others wait for it; undefined: without end. */
  readonly startTimeout: number | undefined;
}

export type Readiness =
  | { readonly state: 'ready' }
  /** `until`: when waiting becomes pointless, epoch milliseconds. */
  | { readonly state: 'waiting'; readonly until?: number }
  | { readonly state: 'never'; readonly reason: string };

/**
 * Whether a container's `dependsOn` lets it start. Source: agent, dependencygraph: START (has been started), COMPLETE
 * (has ended), SUCCESS (ended with 0), HEALTHY; a dependency's `startTimeout` ends the waiting.
 */
export function readiness(
  container: Ecs.ContainerDefinition,
  states: ReadonlyMap<string, ContainerState>,
  now: number,
): Readiness {
  let until: number | undefined;
  let waiting = false;
  for (const { containerName, condition } of container.dependsOn ?? []) {
    const dependency = states.get(containerName);
    const target = container.name ?? '';
    if (dependency === undefined) return never(containerName, target, 'as dependency does not exist.');
    if (isResolved(condition, dependency)) continue;
    const impossible = whyImpossible(condition, dependency);
    if (impossible !== undefined) return never(containerName, target, impossible);
    waiting = true;
    if (dependency.startedAt === undefined || dependency.startTimeout === undefined) continue;
    const end = dependency.startedAt + dependency.startTimeout * 1000;
    // unverified: the wording of the agent's dependency errors
    if (now >= end) {
      return {
        state: 'never',
        reason: `dependency graph: container ordering dependency [${containerName}] for target [${target}] has timed out.`,
      };
    }
    until = Math.min(until ?? end, end);
  }
  if (!waiting) return { state: 'ready' };
  return until === undefined ? { state: 'waiting' } : { state: 'waiting', until };
}

function isResolved(condition: Ecs.ContainerCondition, dependency: ContainerState): boolean {
  switch (condition) {
    case 'START':
      return dependency.startedAt !== undefined;
    case 'COMPLETE':
      return dependency.status === 'STOPPED' && dependency.startedAt !== undefined;
    case 'SUCCESS':
      return dependency.status === 'STOPPED' && dependency.exitCode === 0;
    case 'HEALTHY':
      return dependency.status === 'RUNNING' && dependency.health === 'HEALTHY';
  }
}

function whyImpossible(condition: Ecs.ContainerCondition, dependency: ContainerState): string | undefined {
  if (dependency.status !== 'STOPPED') return undefined;
  if (condition === 'SUCCESS') return 'as dependency did not exit successfully.';
  return condition === 'HEALTHY' ? 'as dependency has stopped.' : 'as dependency did not start.';
}

function never(dependency: string, target: string, why: string): Readiness {
  return {
    state: 'never',
    reason: `dependency graph: failed to resolve container ordering dependency [${dependency}] for target [${target}] ${why}`,
  };
}

/** Of the containers that run, those that no other running one depends on: they are stopped first. Source: agent, shutdown order. */
export function stoppableNow(
  running: ReadonlySet<string>,
  containers: readonly Ecs.ContainerDefinition[],
): readonly string[] {
  const neededBy = (name: string) =>
    containers.some(
      (other) =>
        running.has(other.name ?? '') &&
        other.name !== name &&
        other.dependsOn?.some((each) => each.containerName === name),
    );
  const free = [...running].filter((name) => !neededBy(name));
  // A circle cannot be registered; should there be one, all go at once.
  return free.length > 0 ? free : [...running];
}
