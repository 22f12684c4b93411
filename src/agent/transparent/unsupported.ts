import type * as Ecs from '../../wire/generated/types/ecs.ts';
import type { Unsupported } from '../runtimes/runtime.ts';
import { TRUST_DIRECTORY } from './trust.ts';

/** What of a task definition cannot be had in transparent mode, beyond what its runtime does not do. */
export function unsupportedWhenTransparent(definition: Ecs.TaskDefinition): readonly Unsupported[] {
  const refused: Unsupported[] = [];
  const refuse = (field: string, reason: string) => refused.push({ field, effect: 'refused', reason });
  if (definition.networkMode === 'host') {
    refuse(
      '/networkMode',
      'with --transparent a task needs a network of its own, since names of this machine are not changed: use awsvpc or bridge, or run without --transparent',
    );
  }
  for (const [index, container] of (definition.containerDefinitions ?? []).entries()) {
    const at = `/containerDefinitions/${index}`;
    if ((container.dnsServers ?? []).length > 0) {
      refuse(
        `${at}/dnsServers`,
        'with --transparent names are answered by Rolecall, and nobody else is asked: leave it out, or run without --transparent',
      );
    }
    for (const { field, path } of mountedAt(container)) {
      if (!covers(path, TRUST_DIRECTORY)) continue;
      refuse(
        `${at}/${field}`,
        `with --transparent ${TRUST_DIRECTORY} holds what the container is to trust: mount elsewhere, or run without --transparent`,
      );
    }
  }
  return refused;
}

/** Whether a path of a container lies in something that the task definition itself mounts: then it is left as it is. */
export function isMountedOver(
  path: string,
  container: Ecs.ContainerDefinition,
  definition: Ecs.TaskDefinition,
): boolean {
  const sources = (container.volumesFrom ?? []).map(({ sourceContainer }) => sourceContainer);
  const others = (definition.containerDefinitions ?? []).filter(({ name }) => sources.includes(name));
  return [container, ...others].some((each) => mountedAt(each).some((mounted) => covers(mounted.path, path)));
}

function mountedAt({ mountPoints, linuxParameters }: Ecs.ContainerDefinition) {
  return [
    ...(mountPoints ?? []).map(({ containerPath }, index) => ({
      field: `mountPoints/${index}/containerPath`,
      path: containerPath ?? '',
    })),
    ...(linuxParameters?.tmpfs ?? []).map(({ containerPath }, index) => ({
      field: `linuxParameters/tmpfs/${index}/containerPath`,
      path: containerPath ?? '',
    })),
  ];
}

function covers(outer: string, inner: string): boolean {
  const base = outer.replace(/\/+$/, '');
  return inner === base || inner.startsWith(`${base}/`);
}
