import type * as Ecs from '../../../wire/generated/types/ecs.ts';
import type { Reservation } from '../records.ts';

/** CPU units and MiB of a task: the task's own, else the sum over its containers. */
export interface TaskSize {
  readonly cpu: number;
  readonly memory: number;
}

/**
 * What a task takes of an instance: the task-level size, else the containers' (for memory the reservation where one is
 * given: the soft limit is what is reserved). Overrides count. Source: ECS API, ContainerDefinition (memoryReservation).
 */
export function taskSize(definition: Ecs.TaskDefinition, overrides: Ecs.TaskOverride): TaskSize {
  const containers = (definition.containerDefinitions ?? []).map((container) => {
    const override = overrides.containerOverrides?.find((one) => one.name === container.name);
    return {
      cpu: override?.cpu ?? container.cpu ?? 0,
      memory: override?.memoryReservation ?? override?.memory ?? container.memoryReservation ?? container.memory ?? 0,
    };
  });
  const cpu = overrides.cpu ?? definition.cpu;
  const memory = overrides.memory ?? definition.memory;
  return {
    cpu: cpu === undefined ? containers.reduce((sum, one) => sum + one.cpu, 0) : Number(cpu),
    memory: memory === undefined ? containers.reduce((sum, one) => sum + one.memory, 0) : Number(memory),
  };
}

/** Size and host ports. In bridge mode a host port of 0 is chosen by the agent; in awsvpc mode the instance has none to give. */
export function reservationOf(definition: Ecs.TaskDefinition, overrides: Ecs.TaskOverride): Reservation {
  const ports: string[] = [];
  const udpPorts: string[] = [];
  for (const container of definition.networkMode === 'awsvpc' ? [] : (definition.containerDefinitions ?? [])) {
    for (const mapping of container.portMappings ?? []) {
      const port = definition.networkMode === 'host' ? (mapping.hostPort ?? mapping.containerPort) : mapping.hostPort;
      if (port === undefined || port === 0) continue;
      (mapping.protocol === 'udp' ? udpPorts : ports).push(String(port));
    }
  }
  return { ...taskSize(definition, overrides), ports, udpPorts };
}
