import type { Read } from '../../store/collections.ts';
import type * as Ecs from '../../wire/generated/types/ecs.ts';
import { clientError, invalidParameter, notSupported } from './errors.ts';
import type { ClusterName } from './identifiers.ts';
import type { TaskDefinitionRecord } from './records.ts';
import { isFargateSize, parseTaskCpu, parseTaskMemory } from './registration/task-size.ts';
import { readTags, type Tags, tagsOf } from './tags.ts';

/** What RunTask and StartTask have in common. */
export type LaunchRequest = Pick<
  Ecs.RunTaskRequest,
  | 'taskDefinition'
  | 'cluster'
  | 'enableECSManagedTags'
  | 'enableExecuteCommand'
  | 'group'
  | 'networkConfiguration'
  | 'overrides'
  | 'propagateTags'
  | 'referenceId'
  | 'startedBy'
  | 'tags'
  | 'volumeConfigurations'
>;

/** Errors: ClientException. Source of the texts: observed. */
export function usableDefinition(record: TaskDefinitionRecord | undefined): TaskDefinitionRecord {
  if (record === undefined) throw clientError('TaskDefinition not found.');
  if (record.definition.status !== 'ACTIVE') throw clientError('TaskDefinition is inactive');
  return record;
}

/** The rules that do not depend on where the task will run. */
export function checkRequest(request: LaunchRequest, definition: Ecs.TaskDefinition): void {
  checkLength('startedBy', request.startedBy, 128);
  checkLength('referenceId', request.referenceId, 1024);
  checkGroup(request.group);
  checkOverrides(request.overrides, definition);
  if (request.volumeConfigurations !== undefined && request.volumeConfigurations.length > 0) {
    throw notSupported('volumeConfigurations (Amazon EBS volumes that ECS attaches)');
  }
  const atLaunch = (definition.volumes ?? []).find((volume) => volume.configuredAtLaunch === true);
  if (atLaunch !== undefined) throw notSupported(`the volume ${atLaunch.name ?? ''}, which is configured at launch`);
  const family = definition.runtimePlatform?.operatingSystemFamily;
  if (family !== undefined && family !== 'LINUX') throw notSupported(`the operating system family ${family}`);
  const gpu = (definition.containerDefinitions ?? []).find((one) => (one.resourceRequirements ?? []).length > 0);
  if (gpu !== undefined) throw notSupported(`resourceRequirements (container ${gpu.name ?? ''})`);
}

/** Source: observed `startedBy longer than 36.` (convox/rack#1727); the limits are those of the ECS API today. */
export function checkLength(name: string, value: string | undefined, most: number): void {
  if (value !== undefined && value.length > most) throw invalidParameter(`${name} longer than ${most}.`);
}

/** `family:` and `service:` groups are made by ECS. Source: ECS Developer Guide, task groups. */
function checkGroup(group: string | undefined): void {
  if (group === undefined) return;
  checkLength('group', group, 255);
  // unverified: text
  if (/^(family|service):/.test(group)) throw invalidParameter('Invalid namespace for group.');
}

/** Source: observed (azavea/django-ecsmanage#21); length: ECS API, RunTask (overrides), text observed. */
function checkOverrides(overrides: Ecs.TaskOverride | undefined, definition: Ecs.TaskDefinition): void {
  if (overrides === undefined) return;
  if (JSON.stringify(overrides).length > 8192) {
    throw invalidParameter('Container Overrides length must be at most 8192');
  }
  const names = new Set((definition.containerDefinitions ?? []).map((container) => container.name));
  for (const { name, ...override } of overrides.containerOverrides ?? []) {
    if (name === undefined) {
      // Source: ECS API, ContainerOverride: an empty override is allowed, another must name its container.
      if (Object.values(override).every((value) => value === undefined)) continue;
      throw invalidParameter('Container name must be specified for a container override.'); // unverified: text
    }
    if (!names.has(name)) {
      throw invalidParameter(`Override for container named ${name} is not a container in the TaskDefinition.`);
    }
    if ((override.resourceRequirements ?? []).length > 0)
      throw notSupported(`resourceRequirements (container ${name})`);
  }
  if ((overrides.inferenceAcceleratorOverrides ?? []).length > 0) {
    throw notSupported('inferenceAcceleratorOverrides (Amazon Elastic Inference has ended)');
  }
  if (overrides.cpu !== undefined && parseTaskCpu(overrides.cpu) === undefined) {
    throw invalidParameter("Invalid 'cpu' setting for task."); // source: observed for task definitions
  }
  if (overrides.memory !== undefined && parseTaskMemory(overrides.memory) === undefined) {
    throw invalidParameter("Invalid 'memory' setting for task."); // unverified: by analogy with cpu
  }
}

/** The overrides as the task keeps them: sizes in units, every container listed. Source: observed, DescribeTasks. */
export function completeOverrides(
  overrides: Ecs.TaskOverride | undefined,
  definition: Ecs.TaskDefinition,
  roles: { readonly taskRoleArn?: string; readonly executionRoleArn?: string },
): Ecs.TaskOverride {
  const cpu = overrides?.cpu === undefined ? undefined : parseTaskCpu(overrides.cpu);
  const memory = overrides?.memory === undefined ? undefined : parseTaskMemory(overrides.memory);
  return {
    containerOverrides: (definition.containerDefinitions ?? []).map((container) => ({
      ...overrides?.containerOverrides?.find((one) => one.name === container.name),
      name: container.name,
    })),
    inferenceAcceleratorOverrides: [],
    ...(cpu === undefined ? {} : { cpu: String(cpu) }),
    ...(memory === undefined ? {} : { memory: String(memory) }),
    ...(overrides?.ephemeralStorage === undefined ? {} : { ephemeralStorage: overrides.ephemeralStorage }),
    ...roles,
  };
}

/** Fargate's own rules for the size after overrides. Source: as at registration. */
export function checkFargateOverrides(overrides: Ecs.TaskOverride, definition: Ecs.TaskDefinition): void {
  const cpu = Number(overrides.cpu ?? definition.cpu);
  const memory = Number(overrides.memory ?? definition.memory);
  if (!isFargateSize(cpu, memory)) {
    throw clientError(
      `No Fargate configuration exists for given values: ${cpu} CPU, ${memory} memory. See the Amazon ECS documentation for the valid values.`,
    );
  }
  const storage = overrides.ephemeralStorage?.sizeInGiB;
  if (storage === undefined) return;
  // Source of the texts: observed at registration.
  if (storage < 21) throw clientError('EphemeralStorage size should be at least 21');
  if (storage > 200) throw clientError('EphemeralStorage size should be at most 200');
}

/** Source of the texts: observed; the limits: ECS API, AwsVpcConfiguration. */
export function checkNetwork(
  network: Ecs.NetworkConfiguration | undefined,
  definition: Ecs.TaskDefinition,
  launchType: 'EC2' | 'FARGATE' | 'EXTERNAL',
): void {
  const awsvpc = network?.awsvpcConfiguration;
  if (definition.networkMode !== 'awsvpc') {
    if (awsvpc === undefined) return;
    throw invalidParameter('Network Configuration is not valid for the given networkMode of this task definition.');
  }
  if (awsvpc === undefined) {
    throw invalidParameter("Network Configuration must be provided when networkMode 'awsvpc' is specified.");
  }
  if (awsvpc.subnets.length === 0) throw invalidParameter('subnets can not be empty.');
  if (awsvpc.subnets.length > 16) throw invalidParameter('subnets can have at most 16 items.'); // unverified: text
  const groups = awsvpc.securityGroups ?? [];
  if (groups.length > 5) throw invalidParameter('securityGroups can have at most 5 items.'); // unverified: text
  const unknown = awsvpc.subnets.filter((subnet) => !/^subnet-[\w-]+$/.test(subnet));
  if (unknown.length > 0) {
    throw invalidParameter(
      `Error retrieving subnet information for [${unknown.join(', ')}]: The subnet ID '${unknown[0] ?? ''}' does not exist (ErrorCode: InvalidSubnetID.NotFound)`,
    );
  }
  const badGroup = groups.find((group) => !/^sg-[\w-]+$/.test(group));
  if (badGroup !== undefined) {
    throw invalidParameter(
      `Error retrieving security group information for [${badGroup}]: The security group '${badGroup}' does not exist (ErrorCode: InvalidGroup.NotFound)`,
    );
  }
  if (awsvpc.assignPublicIp === 'ENABLED' && launchType !== 'FARGATE') {
    throw invalidParameter('Assign public IP is not supported for this launch type.');
  }
}

/**
 * The tags of a new task: those of the request, over those of its task definition where they are propagated, and ECS's
 * own where they are switched on. Source: ECS API, RunTask; ECS Developer Guide, tagging.
 */
export function taskTags(
  read: Read,
  request: LaunchRequest,
  cluster: ClusterName,
  definition: TaskDefinitionRecord,
): Tags {
  const given = readTags(request.tags);
  if (request.propagateTags === 'SERVICE') {
    throw invalidParameter('propagateTags should be one of [TASK_DEFINITION,NONE]'); // unverified: text
  }
  const propagated = request.propagateTags === 'TASK_DEFINITION' ? tagsOf(read, cluster, definition.arn) : {};
  const managed = request.enableECSManagedTags === true ? { 'aws:ecs:clusterName': cluster.name } : {};
  return { ...propagated, ...given, ...managed };
}
