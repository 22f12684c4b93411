import { arn } from '../../core/arn.ts';
import type { HandleContext } from '../../gateway/operation.ts';
import type * as Ecs from '../../wire/generated/types/ecs.ts';
import { assumeTaskRoles } from './credentials.ts';
import type { ClusterName } from './identifiers.ts';
import { changeReservation } from './instance-resources.ts';
import { taskSize } from './placement/reservation.ts';
import {
  type ContainerInstanceRecord,
  type ContainerRecord,
  type Reservation,
  type TaskDefinitionRecord,
  type TaskRecord,
  tasks,
} from './records.ts';
import { setTags, type Tags } from './tags.ts';
import type { TaskRoles } from './task-roles.ts';

/** All that is decided about a task before it exists. */
export interface TaskPlan {
  readonly cluster: ClusterName;
  readonly definition: TaskDefinitionRecord;
  readonly launchType: TaskRecord['launchType'];
  readonly overrides: Ecs.TaskOverride;
  readonly roles: TaskRoles;
  readonly tags: Tags;
  readonly group: string;
  readonly startedBy?: string | undefined;
  readonly referenceId?: string | undefined;
  readonly enableExecuteCommand: boolean;
  readonly networkConfiguration?: Ecs.NetworkConfiguration | undefined;
  readonly platformVersion?: string | undefined;
  readonly capacityProviderName?: string | undefined;
  /** EC2 and EXTERNAL. */
  readonly instance?: ContainerInstanceRecord;
  readonly reservation?: Reservation;
}

/**
 * Assumes the task's roles and makes the task. Errors: ClientException when a role cannot be assumed: no task then.
 * An awsvpc task begins PROVISIONING (its network interface), any other PENDING. Source: ECS Developer Guide, task lifecycle.
 */
export function makeTask(context: HandleContext<unknown>, plan: TaskPlan): TaskRecord {
  const { tx, now, ids } = context;
  const { cluster, definition: record, instance } = plan;
  const definition = record.definition;
  const id = ids.hex(32);
  const taskArn = arn('ecs', cluster.region, cluster.account, `task/${cluster.name}/${id}`);
  const credentialsIds = assumeTaskRoles(context, {
    arn: taskArn,
    id,
    account: cluster.account,
    region: cluster.region,
    ...plan.roles,
  });
  const size = taskSize(definition, plan.overrides);
  const awsvpc = definition.networkMode === 'awsvpc';
  const fargate = plan.launchType === 'FARGATE';
  const zone = fargate
    ? `${cluster.region}a`
    : instance?.attributes.find((attribute) => attribute.name === 'ecs.availability-zone')?.value;
  const task: TaskRecord = {
    arn: taskArn,
    id,
    account: cluster.account,
    region: cluster.region,
    clusterArn: cluster.arn,
    clusterName: cluster.name,
    taskDefinitionArn: record.arn,
    launchType: plan.launchType,
    lastStatus: awsvpc ? 'PROVISIONING' : 'PENDING',
    desiredStatus: 'RUNNING',
    overrides: plan.overrides,
    ...plan.roles,
    ...credentialsIds,
    containers: containersOf(context, plan, id),
    attachments: awsvpc ? [networkInterface(context, plan)] : [],
    attributes: attributesOf(plan),
    cpu: String(size.cpu),
    memory: String(size.memory),
    group: plan.group,
    enableExecuteCommand: plan.enableExecuteCommand,
    healthStatus: 'UNKNOWN',
    version: 1,
    createdAt: now,
    ...(instance === undefined ? {} : { containerInstanceArn: instance.arn }),
    ...(plan.reservation === undefined ? {} : { reservation: plan.reservation }),
    ...(plan.startedBy === undefined ? {} : { startedBy: plan.startedBy }),
    ...(plan.referenceId === undefined ? {} : { referenceId: plan.referenceId }),
    ...(plan.networkConfiguration === undefined ? {} : { networkConfiguration: plan.networkConfiguration }),
    ...(plan.platformVersion === undefined ? {} : { platformVersion: plan.platformVersion, platformFamily: 'Linux' }),
    ...(plan.capacityProviderName === undefined ? {} : { capacityProviderName: plan.capacityProviderName }),
    ...(zone === undefined ? {} : { availabilityZone: zone }),
    ...(fargate ? { ephemeralStorage: storageOf(plan) } : {}),
  };
  tx.put(tasks, cluster.arn, id, task);
  setTags(tx, cluster, taskArn, plan.tags);
  if (instance !== undefined && plan.reservation !== undefined) {
    changeReservation(tx, instance, plan.reservation, 'take');
  }
  return task;
}

function containersOf(context: HandleContext<unknown>, plan: TaskPlan, taskId: string): ContainerRecord[] {
  const { cluster } = plan;
  return (plan.definition.definition.containerDefinitions ?? []).map((container): ContainerRecord => {
    const override = plan.overrides.containerOverrides?.find((one) => one.name === container.name);
    const memory = override?.memory ?? container.memory;
    const soft = override?.memoryReservation ?? container.memoryReservation;
    return {
      containerArn: arn(
        'ecs',
        cluster.region,
        cluster.account,
        `container/${cluster.name}/${taskId}/${context.ids.uuid()}`,
      ),
      name: container.name ?? '',
      image: container.image ?? '',
      lastStatus: 'PENDING',
      healthStatus: 'UNKNOWN',
      healthChecked: container.healthCheck !== undefined,
      essential: container.essential ?? true,
      networkBindings: [],
      networkInterfaces: [],
      cpu: String(override?.cpu ?? container.cpu ?? 0),
      ...(memory === undefined ? {} : { memory: String(memory) }),
      ...(soft === undefined ? {} : { memoryReservation: String(soft) }),
      ...(plan.enableExecuteCommand
        ? { managedAgents: [{ name: 'ExecuteCommandAgent' as const, lastStatus: 'PENDING' }] }
        : {}),
    };
  });
}

/** The elastic network interface of an awsvpc task, before it is attached. Source: observed, RunTask's answer. */
function networkInterface(context: HandleContext<unknown>, plan: TaskPlan): Ecs.Attachment {
  const subnets = plan.networkConfiguration?.awsvpcConfiguration?.subnets ?? [];
  return {
    id: context.ids.uuid(),
    type: 'ElasticNetworkInterface',
    status: 'PRECREATED',
    details: [{ name: 'subnetId', value: subnets[0] ?? '' }],
  };
}

/** Source: observed: a task carries the CPU architecture it runs on. */
function attributesOf(plan: TaskPlan): Ecs.Attribute[] {
  const architecture =
    plan.instance === undefined
      ? (plan.definition.definition.runtimePlatform?.cpuArchitecture ?? 'X86_64').toLowerCase()
      : plan.instance.attributes.find((attribute) => attribute.name === 'ecs.cpu-architecture')?.value;
  return architecture === undefined ? [] : [{ name: 'ecs.cpu-architecture', value: architecture }];
}

/** Source: ECS Developer Guide, Fargate task storage: 20 GiB unless more is asked for. */
function storageOf(plan: TaskPlan): Ecs.EphemeralStorage {
  return plan.overrides.ephemeralStorage ?? plan.definition.definition.ephemeralStorage ?? { sizeInGiB: 20 };
}
