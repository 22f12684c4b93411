import type { Enforcement } from './limiter.ts';

/** How the limits of tasks are kept, for people: one sentence or two. */
export function aboutLimits(enforcement: Enforcement): string {
  if (enforcement.by === 'kernel') return `CPU and memory are limited by cgroups (version ${enforcement.version}).`;
  const { reason, remedy } = enforcement;
  const help = remedy === undefined ? '' : ` (start it with \`${remedy}\`)`;
  return `Memory is looked at, and what exceeds its limit is killed; CPU is not limited: ${reason}${help}.`;
}
