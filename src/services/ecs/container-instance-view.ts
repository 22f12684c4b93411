import type { Read } from '../../store/collections.ts';
import type * as Ecs from '../../wire/generated/types/ecs.ts';
import { memberOfArn } from './identifiers.ts';
import { activeTasks } from './placement/place.ts';
import type { ContainerInstanceRecord } from './records.ts';
import { tagList, tagsOf } from './tags.ts';

/** A container instance as the API answers it; tags and health only where they were asked for. */
export function containerInstanceView(
  read: Read,
  instance: ContainerInstanceRecord,
  include: ReadonlySet<Ecs.ContainerInstanceField>,
): Ecs.ContainerInstance {
  const active = activeTasks(read, instance);
  const name = memberOfArn(instance.arn);
  return {
    containerInstanceArn: instance.arn,
    ec2InstanceId: instance.ec2InstanceId,
    version: instance.version,
    versionInfo: instance.versionInfo,
    remainingResources: instance.remainingResources,
    registeredResources: instance.registeredResources,
    status: instance.status,
    agentConnected: instance.agentConnected,
    runningTasksCount: active.filter((task) => task.lastStatus === 'RUNNING').length,
    pendingTasksCount: active.filter((task) => task.lastStatus !== 'RUNNING').length,
    attributes: instance.attributes,
    registeredAt: instance.registeredAt,
    attachments: [],
    tags: include.has('TAGS') && name !== undefined ? tagList(tagsOf(read, name, instance.arn)) : [],
    // No agent here reports on the instance's own health. Source: ECS API, ContainerInstanceHealthStatus.
    ...(include.has('CONTAINER_INSTANCE_HEALTH')
      ? { healthStatus: { overallStatus: 'INSUFFICIENT_DATA' as const, details: [] } }
      : {}),
  };
}
