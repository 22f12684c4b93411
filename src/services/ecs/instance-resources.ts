import type { Tx } from '../../store/collections.ts';
import type * as Ecs from '../../wire/generated/types/ecs.ts';
import { type ContainerInstanceRecord, containerInstances, type Reservation } from './records.ts';

/** What is left on an instance, as numbers and sets. */
export interface Capacity {
  readonly cpu: number;
  readonly memory: number;
  readonly ports: ReadonlySet<string>;
  readonly udpPorts: ReadonlySet<string>;
}

export function capacityOf(resources: readonly Ecs.Resource[]): Capacity {
  const find = (name: string) => resources.find((resource) => resource.name === name);
  return {
    cpu: find('CPU')?.integerValue ?? 0,
    memory: find('MEMORY')?.integerValue ?? 0,
    ports: new Set(find('PORTS')?.stringSetValue ?? []),
    udpPorts: new Set(find('PORTS_UDP')?.stringSetValue ?? []),
  };
}

/** What the instance lacks for the task, as a failure's reason; undefined when it fits. Source: ECS Developer Guide, API failures. */
export function lacking(resources: readonly Ecs.Resource[], wanted: Reservation): string | undefined {
  const left = capacityOf(resources);
  if (wanted.cpu > left.cpu) return 'RESOURCE:CPU';
  if (wanted.memory > left.memory) return 'RESOURCE:MEMORY';
  if (wanted.ports.some((port) => left.ports.has(port))) return 'RESOURCE:PORTS';
  if (wanted.udpPorts.some((port) => left.udpPorts.has(port))) return 'RESOURCE:PORTS';
  return undefined;
}

/** Remaining resources after a task was placed (`take`) or has stopped (`give`). */
export function changedBy(
  resources: readonly Ecs.Resource[],
  reservation: Reservation,
  direction: 'take' | 'give',
): Ecs.Resource[] {
  const sign = direction === 'take' ? -1 : 1;
  return resources.map((resource) => {
    switch (resource.name) {
      case 'CPU':
        return { ...resource, integerValue: (resource.integerValue ?? 0) + sign * reservation.cpu };
      case 'MEMORY':
        return { ...resource, integerValue: (resource.integerValue ?? 0) + sign * reservation.memory };
      case 'PORTS':
        return { ...resource, stringSetValue: ports(resource.stringSetValue ?? [], reservation.ports, direction) };
      case 'PORTS_UDP':
        return { ...resource, stringSetValue: ports(resource.stringSetValue ?? [], reservation.udpPorts, direction) };
      default:
        return resource;
    }
  });
}

function ports(present: readonly string[], changed: readonly string[], direction: 'take' | 'give'): string[] {
  if (direction === 'take') return [...present, ...changed];
  const gone = new Set(changed);
  return present.filter((port) => !gone.has(port));
}

/** Stores the instance with the reservation taken or given back. */
export function changeReservation(
  tx: Tx,
  instance: ContainerInstanceRecord,
  reservation: Reservation,
  direction: 'take' | 'give',
): ContainerInstanceRecord {
  const next: ContainerInstanceRecord = {
    ...instance,
    remainingResources: changedBy(instance.remainingResources, reservation, direction),
    version: instance.version + 1,
  };
  tx.put(containerInstances, instance.clusterArn, instance.arn, next);
  return next;
}
