import { type ContainerAt, containersOf, type Rule, violation } from './rule.ts';

/** Source of the texts: observed, unless marked. */
export const dependencies: Rule = function* (registration) {
  const containers = containersOf(registration);
  const byName = new Map(containers.map((one) => [one.name, one]));
  for (const { container, path } of containers) {
    for (const [index, dependency] of (container.dependsOn ?? []).entries()) {
      const at = `${path}/dependsOn/${index}`;
      const target = byName.get(dependency.containerName)?.container;
      if (target === undefined) {
        yield violation(at, `Cannot depend on container ${dependency.containerName} because it does not exist`);
        continue;
      }
      if ((dependency.condition === 'SUCCESS' || dependency.condition === 'COMPLETE') && target.essential !== false) {
        yield violation(
          at,
          'A dependency container with SUCCESS or COMPLETE condition cannot be an essential container',
        );
      }
      if (dependency.condition === 'HEALTHY' && target.healthCheck === undefined) {
        yield violation(at, 'A dependency container with HEALTHY condition must have health check configured');
      }
    }
  }
  const circle = findCircle(containers);
  if (circle !== undefined) {
    // unverified: text
    yield violation(`${circle.path}/dependsOn`, 'Circular dependency between containers found');
  }
};

/** A container that depends, in the end, on itself: through dependsOn, links or volumesFrom. */
function findCircle(containers: readonly ContainerAt[]): ContainerAt | undefined {
  const needs = new Map(
    containers.map(({ container, name }) => [
      name,
      [
        ...(container.dependsOn ?? []).map((dependency) => dependency.containerName),
        ...(container.links ?? []).map((link) => link.split(':')[0] as string),
        ...(container.volumesFrom ?? []).map((from) => from.sourceContainer ?? ''),
      ],
    ]),
  );
  return containers.find(({ name }) => {
    const reached = new Set<string>();
    const open = [...(needs.get(name) ?? [])];
    for (let next = open.pop(); next !== undefined; next = open.pop()) {
      if (next === name) return true;
      if (reached.has(next)) continue;
      reached.add(next);
      open.push(...(needs.get(next) ?? []));
    }
    return false;
  });
}
