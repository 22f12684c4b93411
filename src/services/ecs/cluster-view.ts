import type { Read } from '../../store/collections.ts';
import type * as Ecs from '../../wire/generated/types/ecs.ts';
import type { Scope } from './identifiers.ts';
import { type ClusterRecord, containerInstances, type TaskRecord, tasks } from './records.ts';
import { tagList, tagsOf } from './tags.ts';

const EVERYTHING: ReadonlySet<Ecs.ClusterField> = new Set(['SETTINGS', 'CONFIGURATIONS', 'TAGS']);

/** A cluster as the API answers it. `include` as DescribeClusters has it; what changes a cluster answers all but statistics. */
export function clusterView(
  read: Read,
  scope: Scope,
  record: ClusterRecord,
  include: ReadonlySet<Ecs.ClusterField> = EVERYTHING,
): Ecs.Cluster {
  const active = read.list(tasks, record.arn).filter((task) => task.lastStatus !== 'STOPPED');
  return {
    clusterArn: record.arn,
    clusterName: record.name,
    status: record.status,
    registeredContainerInstancesCount: read
      .list(containerInstances, record.arn)
      .filter((instance) => instance.status !== 'INACTIVE').length,
    runningTasksCount: active.filter(isRunning).length,
    pendingTasksCount: active.filter((task) => !isRunning(task)).length,
    activeServicesCount: 0,
    statistics: include.has('STATISTICS') ? statistics(active) : [],
    tags: include.has('TAGS') ? tagList(tagsOf(read, scope, record.arn)) : [],
    settings: include.has('SETTINGS') ? record.settings : [],
    ...(include.has('CONFIGURATIONS') && record.configuration !== undefined
      ? { configuration: record.configuration }
      : {}),
    capacityProviders: record.capacityProviders,
    defaultCapacityProviderStrategy: record.defaultCapacityProviderStrategy,
  };
}

function isRunning(task: TaskRecord): boolean {
  return task.lastStatus === 'RUNNING';
}

/** Source: ECS API, Cluster.statistics. */
function statistics(active: readonly TaskRecord[]): Ecs.KeyValuePair[] {
  const counted = (type: TaskRecord['launchType'], running: boolean) =>
    String(active.filter((task) => task.launchType === type && isRunning(task) === running).length);
  return [
    { name: 'runningEC2TasksCount', value: counted('EC2', true) },
    { name: 'runningFargateTasksCount', value: counted('FARGATE', true) },
    { name: 'runningExternalTasksCount', value: counted('EXTERNAL', true) },
    { name: 'pendingEC2TasksCount', value: counted('EC2', false) },
    { name: 'pendingFargateTasksCount', value: counted('FARGATE', false) },
    { name: 'pendingExternalTasksCount', value: counted('EXTERNAL', false) },
    { name: 'activeEC2ServiceCount', value: '0' },
    { name: 'activeFargateServiceCount', value: '0' },
    { name: 'activeExternalServiceCount', value: '0' },
    { name: 'drainingEC2ServiceCount', value: '0' },
    { name: 'drainingFargateServiceCount', value: '0' },
    { name: 'drainingExternalServiceCount', value: '0' },
  ];
}
