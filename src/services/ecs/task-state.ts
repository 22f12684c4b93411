import type { Read, Tx } from '../../store/collections.ts';
import type * as Ecs from '../../wire/generated/types/ecs.ts';
import { changeReservation } from './instance-resources.ts';
import {
  type ContainerRecord,
  containerInstances,
  regional,
  resourceTags,
  type TaskRecord,
  type TaskStatus,
  taskCredentials,
  tasks,
} from './records.ts';
import { findTask } from './task-lookup.ts';

/** A task's life, in its order. A status never goes back. Source: ECS Developer Guide, task lifecycle. */
const ORDER: readonly TaskStatus[] = [
  'PROVISIONING',
  'PENDING',
  'ACTIVATING',
  'RUNNING',
  'DEACTIVATING',
  'STOPPING',
  'DEPROVISIONING',
  'STOPPED',
];

/** Stopped tasks are described for at least an hour. Source: ECS API, DescribeTasks. */
const KEPT_AFTER_STOP = 60 * 60 * 1000;

/** Source: observed, DescribeTasks of a task whose essential container has exited. */
export const ESSENTIAL_EXITED = 'Essential container in task exited';
/** Source: observed, StopTask without a reason. */
export const STOPPED_BY_USER = 'Task stopped by user';
/** Source: ECS Developer Guide, stopped tasks error codes (a container could not be started; details are with it). */
export const FAILED_TO_START = 'Task failed to start';

/** What became known of a container. Only what is given changes. */
export interface ContainerChange {
  readonly containerName: string;
  readonly status?: string | undefined;
  readonly exitCode?: number | undefined;
  readonly reason?: string | undefined;
  readonly runtimeId?: string | undefined;
  readonly imageDigest?: string | undefined;
  readonly networkBindings?: readonly Ecs.NetworkBinding[] | undefined;
  readonly healthStatus?: ContainerRecord['healthStatus'] | undefined;
}

/** What became known of a task. Times are epoch milliseconds. */
export interface TaskChange {
  readonly status?: TaskStatus | undefined;
  readonly reason?: string | undefined;
  readonly stopCode?: Ecs.TaskStopCode | undefined;
  readonly containers?: readonly ContainerChange[] | undefined;
  readonly managedAgents?: readonly Ecs.ManagedAgentStateChange[] | undefined;
  readonly pullStartedAt?: number | undefined;
  readonly pullStoppedAt?: number | undefined;
  readonly executionStoppedAt?: number | undefined;
}

/**
 * Records what the agent reports of a task and draws the conclusions: an exited essential container stops the task, a
 * stopped task gives back its instance's resources and its credentials. Reports that are late (a status that lies
 * behind) change nothing. Returns the task as it is now; undefined when it is not known.
 */
export function applyTaskState(tx: Tx, now: number, taskArn: string, change: TaskChange): TaskRecord | undefined {
  const task = findTask(tx, taskArn);
  if (task === undefined || task.lastStatus === 'STOPPED') return task;
  let next: TaskRecord = task;
  for (const container of change.containers ?? []) next = withContainer(next, container);
  for (const agent of change.managedAgents ?? []) next = withManagedAgent(next, agent);
  next = withTimes(next, change);
  next = withHealth(next);
  next = withConnectivity(next, now);
  next = withEssentialExit(next, now, change);
  if (change.status !== undefined) next = withStatus(next, now, change.status, change);
  return store(tx, task, next);
}

/** Records what the agent reports of one container. See `applyTaskState`. */
export function applyContainerState(
  tx: Tx,
  now: number,
  taskArn: string,
  change: ContainerChange,
): TaskRecord | undefined {
  return applyTaskState(tx, now, taskArn, { containers: [change] });
}

/** Records the state and the details (address, MAC) of a task's attachment. */
export function applyAttachmentState(
  tx: Tx,
  taskArn: string,
  attachmentId: string,
  status: string,
  details: readonly Ecs.KeyValuePair[] = [],
): TaskRecord | undefined {
  const task = findTask(tx, taskArn);
  if (task === undefined) return undefined;
  const names = new Set(details.map((detail) => detail.name));
  const attachments = task.attachments.map((attachment) =>
    attachment.id !== attachmentId
      ? attachment
      : {
          ...attachment,
          status,
          details: [...(attachment.details ?? []).filter((detail) => !names.has(detail.name)), ...details],
        },
  );
  return store(tx, task, { ...task, attachments });
}

/**
 * Asks the agent to stop a task: desired status STOPPED. The first reason given stays. A task that has stopped, or was
 * asked to already, is left as it is.
 */
export function requestStop(
  tx: Tx,
  now: number,
  taskArn: string,
  stopCode: Ecs.TaskStopCode,
  reason: string,
): TaskRecord | undefined {
  const task = findTask(tx, taskArn);
  if (task === undefined || task.desiredStatus === 'STOPPED') return task;
  return store(tx, task, withStopWanted(task, now, stopCode, reason));
}

/** Forgets the cluster's tasks that have been stopped for an hour, with their tags. */
export function pruneStoppedTasks(tx: Tx, now: number, clusterArn: string): void {
  for (const task of tx.list(tasks, clusterArn)) {
    if (task.stoppedAt === undefined || now - task.stoppedAt <= KEPT_AFTER_STOP) continue;
    tx.delete(tasks, clusterArn, task.id);
    tx.delete(resourceTags, regional(task.account, task.region), task.arn);
    tx.clear(taskCredentials, task.arn);
  }
}

/** The cluster's tasks that are described: not those stopped more than an hour ago. */
export function keptTasks(read: Read, now: number, clusterArn: string): readonly TaskRecord[] {
  return read
    .list(tasks, clusterArn)
    .filter((task) => task.stoppedAt === undefined || now - task.stoppedAt <= KEPT_AFTER_STOP);
}

function withContainer(task: TaskRecord, change: ContainerChange): TaskRecord {
  const containers = task.containers.map((container): ContainerRecord => {
    if (container.name !== change.containerName) return container;
    const status = containerStatus(container.lastStatus, change.status);
    return {
      ...container,
      lastStatus: status,
      ...(change.exitCode === undefined ? {} : { exitCode: change.exitCode }),
      ...(change.reason === undefined || change.reason === '' ? {} : { reason: change.reason }),
      ...(change.runtimeId === undefined ? {} : { runtimeId: change.runtimeId }),
      ...(change.imageDigest === undefined ? {} : { imageDigest: change.imageDigest }),
      ...(change.networkBindings === undefined ? {} : { networkBindings: change.networkBindings }),
      ...(change.healthStatus === undefined ? {} : { healthStatus: change.healthStatus }),
    };
  });
  return { ...task, containers };
}

function withManagedAgent(task: TaskRecord, change: Ecs.ManagedAgentStateChange): TaskRecord {
  const containers = task.containers.map((container): ContainerRecord => {
    if (container.name !== change.containerName) return container;
    const others = (container.managedAgents ?? []).filter((agent) => agent.name !== change.managedAgentName);
    const agent: Ecs.ManagedAgent = {
      name: change.managedAgentName,
      lastStatus: change.status,
      ...(change.reason === undefined ? {} : { reason: change.reason }),
    };
    return { ...container, managedAgents: [...others, agent] };
  });
  return { ...task, containers };
}

const CONTAINER_ORDER = ['PENDING', 'RUNNING', 'STOPPED'] as const;

/** A container's status never goes back; what the agent calls anything else is PENDING to the API. */
function containerStatus(
  known: ContainerRecord['lastStatus'],
  reported: string | undefined,
): ContainerRecord['lastStatus'] {
  const index = CONTAINER_ORDER.indexOf(reported as ContainerRecord['lastStatus']);
  return index > CONTAINER_ORDER.indexOf(known) ? (CONTAINER_ORDER[index] as ContainerRecord['lastStatus']) : known;
}

function withTimes(task: TaskRecord, change: TaskChange): TaskRecord {
  return {
    ...task,
    ...(change.pullStartedAt === undefined ? {} : { pullStartedAt: change.pullStartedAt }),
    ...(change.pullStoppedAt === undefined ? {} : { pullStoppedAt: change.pullStoppedAt }),
    ...(change.executionStoppedAt === undefined ? {} : { executionStoppedAt: change.executionStoppedAt }),
  };
}

/**
 * A task is UNHEALTHY when an essential container is, HEALTHY when all essential containers with a health check are,
 * and UNKNOWN otherwise. Source: ECS API, HealthCheck.
 */
function withHealth(task: TaskRecord): TaskRecord {
  const counted = task.containers.filter((container) => container.essential && container.healthChecked === true);
  const statuses = counted.map((container) => container.healthStatus);
  const healthStatus = statuses.includes('UNHEALTHY')
    ? 'UNHEALTHY'
    : statuses.length > 0 && statuses.every((status) => status === 'HEALTHY')
      ? 'HEALTHY'
      : 'UNKNOWN';
  return { ...task, healthStatus };
}

/** The first news of a task says that its agent is connected. */
function withConnectivity(task: TaskRecord, now: number): TaskRecord {
  return task.connectivity === undefined ? { ...task, connectivity: 'CONNECTED', connectivityAt: now } : task;
}

/** Source: ECS API, ContainerDefinition.essential: if it fails or stops for any reason, all others are stopped. */
function withEssentialExit(task: TaskRecord, now: number, change: TaskChange): TaskRecord {
  if (task.desiredStatus === 'STOPPED') return task;
  const exited = task.containers.find((container) => container.essential && container.lastStatus === 'STOPPED');
  if (exited === undefined) return task;
  const given = reasonOf(change);
  const neverRan = task.startedAt === undefined && exited.exitCode === undefined;
  if (!neverRan) {
    return withStopWanted(task, now, change.stopCode ?? 'EssentialContainerExited', given ?? ESSENTIAL_EXITED);
  }
  // On Fargate the task carries the container's text (observed); on EC2 it stays with the container.
  const reason = given ?? (task.launchType === 'FARGATE' ? exited.reason : undefined) ?? FAILED_TO_START;
  return withStopWanted(task, now, change.stopCode ?? 'TaskFailedToStart', reason);
}

/** The reason that the agent gives for the task as a whole. */
function reasonOf(change: TaskChange): string | undefined {
  return change.reason === '' ? undefined : change.reason;
}

function withStopWanted(task: TaskRecord, now: number, stopCode: Ecs.TaskStopCode, reason: string): TaskRecord {
  return {
    ...task,
    desiredStatus: 'STOPPED',
    stopCode: task.stopCode ?? stopCode,
    stoppedReason: task.stoppedReason ?? reason,
    stoppingAt: task.stoppingAt ?? now,
  };
}

function withStatus(task: TaskRecord, now: number, status: TaskStatus, change: TaskChange): TaskRecord {
  if (ORDER.indexOf(status) <= ORDER.indexOf(task.lastStatus)) return task;
  let next: TaskRecord = { ...task, lastStatus: status };
  if (status === 'RUNNING' && next.startedAt === undefined) next = { ...next, startedAt: now };
  if (status === 'STOPPED') next = withStopped(next, now, change);
  return next;
}

function withStopped(task: TaskRecord, now: number, change: TaskChange): TaskRecord {
  const code = change.stopCode ?? (task.startedAt === undefined ? 'TaskFailedToStart' : 'EssentialContainerExited');
  const fallback = code === 'TaskFailedToStart' ? FAILED_TO_START : ESSENTIAL_EXITED;
  const stopping = withStopWanted(task, now, code, reasonOf(change) ?? fallback);
  return {
    ...stopping,
    executionStoppedAt: stopping.executionStoppedAt ?? now,
    stoppedAt: now,
    containers: stopping.containers.map((container) => ({ ...container, lastStatus: 'STOPPED' as const })),
    // Source: observed, DescribeTasks of a stopped awsvpc task.
    attachments: stopping.attachments.map((attachment) => ({ ...attachment, status: 'DELETED' })),
  };
}

function store(tx: Tx, before: TaskRecord, after: TaskRecord): TaskRecord {
  if (same(before, after)) return before;
  const next: TaskRecord = { ...after, version: before.version + 1 };
  tx.put(tasks, next.clusterArn, next.id, next);
  if (next.lastStatus === 'STOPPED' && before.lastStatus !== 'STOPPED') release(tx, next);
  return next;
}

function same(left: TaskRecord, right: TaskRecord): boolean {
  return left === right || JSON.stringify(left) === JSON.stringify(right);
}

/** Gives back what the task held: the instance's resources and its credentials. */
function release(tx: Tx, task: TaskRecord): void {
  tx.clear(taskCredentials, task.arn);
  if (task.reservation === undefined || task.containerInstanceArn === undefined) return;
  const instance = tx.get(containerInstances, task.clusterArn, task.containerInstanceArn);
  if (instance !== undefined) changeReservation(tx, instance, task.reservation, 'give');
}
