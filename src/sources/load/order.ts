import { type Origin, SourceError } from '../origin.ts';
import { type Missing, Unknown } from '../unknown.ts';
import type { Step } from './step.ts';

/** Every missing value inside anything: objects, lists, maps, nodes. */
export function missingIn(value: unknown): Missing[] {
  if (value instanceof Unknown) return [...value.missing];
  if (Array.isArray(value)) return value.flatMap(missingIn);
  if (value instanceof Map) return [...value.values()].flatMap(missingIn);
  if (typeof value !== 'object' || value === null) return [];
  return Object.values(value).flatMap(missingIn);
}

/** The steps so that each comes after what it needs, else in the order given. @throws SourceError for a circle. */
export function inOrder(steps: readonly Step[]): Step[] {
  const providers = new Map<string, Step>();
  for (const step of steps)
    for (const name of step.provides) if (name !== undefined && !providers.has(name)) providers.set(name, step);
  const ordered: Step[] = [];
  const done = new Set<Step>();
  const open: Step[] = [];
  const visit = (step: Step, asked: Origin): void => {
    if (done.has(step)) return;
    if (open.includes(step))
      throw new SourceError(
        'circular-reference',
        asked,
        `${[...open.slice(open.indexOf(step)), step].map(({ what }) => what).join(' needs ')}`,
        'Break the circle: one of them must be made first.',
      );
    open.push(step);
    for (const name of step.needs ?? []) {
      const provider = providers.get(name);
      if (provider !== undefined && provider !== step) visit(provider, step.origin);
    }
    for (const { deferred, origin } of missingIn(step.from)) {
      const provider = deferred === undefined ? undefined : providers.get(deferred.resource);
      if (provider !== undefined && provider !== step) visit(provider, origin);
    }
    open.pop();
    done.add(step);
    ordered.push(step);
  };
  for (const step of steps) visit(step, step.origin);
  return ordered;
}
