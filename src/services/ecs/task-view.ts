import type { Read } from '../../store/collections.ts';
import type * as Ecs from '../../wire/generated/types/ecs.ts';
import type { ContainerRecord, TaskRecord } from './records.ts';
import { tagList, tagsOf } from './tags.ts';

/** A task as the API answers it; tags only where they were asked for. */
export function taskView(read: Read, task: TaskRecord, include: { readonly tags: boolean }): Ecs.Task {
  return {
    attachments: task.attachments,
    attributes: task.attributes,
    availabilityZone: task.availabilityZone,
    capacityProviderName: task.capacityProviderName,
    clusterArn: task.clusterArn,
    connectivity: task.connectivity,
    connectivityAt: task.connectivityAt,
    containerInstanceArn: task.containerInstanceArn,
    containers: task.containers.map((container) => containerView(container, task)),
    cpu: task.cpu,
    createdAt: task.createdAt,
    desiredStatus: task.desiredStatus,
    enableExecuteCommand: task.enableExecuteCommand,
    executionStoppedAt: task.executionStoppedAt,
    group: task.group,
    healthStatus: task.healthStatus,
    inferenceAccelerators: [],
    lastStatus: task.lastStatus,
    // A task that a capacity provider placed on Fargate says both. Source: observed.
    launchType: task.launchType,
    memory: task.memory,
    overrides: task.overrides,
    platformVersion: task.platformVersion,
    platformFamily: task.platformFamily,
    pullStartedAt: task.pullStartedAt,
    pullStoppedAt: task.pullStoppedAt,
    startedAt: task.startedAt,
    startedBy: task.startedBy,
    stopCode: task.stopCode,
    stoppedAt: task.stoppedAt,
    stoppedReason: task.stoppedReason,
    stoppingAt: task.stoppingAt,
    tags: include.tags ? tagList(tagsOf(read, task, task.arn)) : [],
    taskArn: task.arn,
    taskDefinitionArn: task.taskDefinitionArn,
    version: task.version,
    ephemeralStorage: task.ephemeralStorage,
    fargateEphemeralStorage: task.ephemeralStorage,
  };
}

function containerView(container: ContainerRecord, task: TaskRecord): Ecs.Container {
  return {
    containerArn: container.containerArn,
    taskArn: task.arn,
    name: container.name,
    image: container.image,
    imageDigest: container.imageDigest,
    runtimeId: container.runtimeId,
    lastStatus: container.lastStatus,
    exitCode: container.exitCode,
    reason: container.reason,
    networkBindings: container.networkBindings,
    networkInterfaces: container.networkInterfaces ?? [],
    healthStatus: container.healthStatus,
    managedAgents: container.managedAgents,
    cpu: container.cpu,
    memory: container.memory,
    memoryReservation: container.memoryReservation,
  };
}
