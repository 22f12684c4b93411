import type * as Ecs from '../../../wire/generated/types/ecs.ts';
import { rolesOf } from '../task-roles.ts';
import type { Registration } from './rule.ts';
import { parseTaskCpu, parseTaskMemory } from './task-size.ts';

/**
 * The task definition as ECS keeps and answers it: roles as ARNs, sizes in units, and what ECS fills in.
 * Source: observed answers of RegisterTaskDefinition and DescribeTaskDefinition.
 */
export function withDefaults(registration: Registration, account: string): Ecs.TaskDefinition {
  const { tags: _, ...definition } = registration;
  const cpu = definition.cpu === undefined ? undefined : parseTaskCpu(definition.cpu);
  const memory = definition.memory === undefined ? undefined : parseTaskMemory(definition.memory);
  return {
    ...definition,
    ...rolesOf(registration, account),
    ...(cpu === undefined ? {} : { cpu: String(cpu) }),
    ...(memory === undefined ? {} : { memory: String(memory) }),
    containerDefinitions: registration.containerDefinitions.map((container) =>
      containerDefaults(container, registration.networkMode),
    ),
    volumes: (registration.volumes ?? []).map(volumeDefaults),
    placementConstraints: registration.placementConstraints ?? [],
  };
}

function containerDefaults(
  container: Ecs.ContainerDefinition,
  networkMode: Ecs.NetworkMode | undefined,
): Ecs.ContainerDefinition {
  return {
    ...container,
    cpu: container.cpu ?? 0,
    essential: container.essential ?? true,
    portMappings: (container.portMappings ?? []).map((mapping) => portDefaults(mapping, networkMode)),
    environment: container.environment ?? [],
    mountPoints: container.mountPoints ?? [],
    volumesFrom: container.volumesFrom ?? [],
    systemControls: container.systemControls ?? [],
    ...(container.healthCheck === undefined
      ? {}
      : { healthCheck: { ...container.healthCheck, ...healthDefaults(container.healthCheck) } }),
    ...(container.logConfiguration === undefined
      ? {}
      : { logConfiguration: { options: {}, secretOptions: [], ...container.logConfiguration } }),
  };
}

/** Source: ECS API, HealthCheck: 30 s, 5 s, 3 retries. */
function healthDefaults(check: Ecs.HealthCheck): Partial<Ecs.HealthCheck> {
  return { interval: check.interval ?? 30, timeout: check.timeout ?? 5, retries: check.retries ?? 3 };
}

/** Where the task has the instance's or its own network, the host port is the container's; in bridge mode 0: any. */
function portDefaults(mapping: Ecs.PortMapping, networkMode: Ecs.NetworkMode | undefined): Ecs.PortMapping {
  const protocol = mapping.protocol ?? 'tcp';
  if (mapping.containerPortRange !== undefined) return { ...mapping, protocol };
  const same = networkMode === 'awsvpc' || networkMode === 'host';
  const hostPort = same ? mapping.containerPort : (mapping.hostPort ?? 0);
  return { ...mapping, hostPort, protocol };
}

function volumeDefaults(volume: Ecs.Volume): Ecs.Volume {
  const { efsVolumeConfiguration: efs } = volume;
  if (efs !== undefined) return { ...volume, efsVolumeConfiguration: { rootDirectory: '/', ...efs } };
  const configured =
    volume.dockerVolumeConfiguration ??
    volume.fsxWindowsFileServerVolumeConfiguration ??
    volume.s3filesVolumeConfiguration ??
    (volume.configuredAtLaunch === true ? volume : undefined);
  return configured === undefined ? { ...volume, host: volume.host ?? {} } : volume;
}
