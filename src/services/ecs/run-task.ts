import { arn } from '../../core/arn.ts';
import { type HandleContext, operation, type ReadContext } from '../../gateway/operation.ts';
import type * as Ecs from '../../wire/generated/types/ecs.ts';
import { activeCluster } from './clusters.ts';
import { invalidParameter } from './errors.ts';
import { type Launch, launchChecks, resolveLaunch } from './launch.ts';
import {
  checkFargateOverrides,
  checkLength,
  checkNetwork,
  checkRequest,
  completeOverrides,
  taskTags,
  usableDefinition,
} from './launch-request.ts';
import { checkSupports, destinationOf, platformVersionOf } from './launch-type.ts';
import { makeTask, type TaskPlan } from './make-task.ts';
import { instancesFor, type PlacementNeeds, place, readConstraints } from './placement/place.ts';
import { reservationOf } from './placement/reservation.ts';
import { checkStrategies } from './placement/strategy.ts';
import { clusters, regional, type TaskRecord } from './records.ts';
import { parseTaskCpu, parseTaskMemory } from './registration/task-size.ts';
import { answeredBefore, remember, type Started } from './run-task-tokens.ts';
import { checkServiceLinkedRole } from './service-linked-role.ts';
import { pruneStoppedTasks } from './task-state.ts';
import { taskView } from './task-view.ts';

export const RunTask = operation<'ecs', 'RunTask', Launch>('ecs', 'RunTask', {
  resolve: resolveLaunch,
  authorize: (context) => launchChecks('RunTask', context, runTaskKeys(context)),
  handle: (context) => {
    const { input, tx, now, cluster: named } = context;
    const cluster = activeCluster(tx, named);
    pruneStoppedTasks(tx, now, cluster.arn);
    checkLength('clientToken', input.clientToken, 64);
    const answered = answeredBefore(context, cluster.arn);
    if (answered !== undefined) return answer(context, answered);

    const definition = usableDefinition(context.definition);
    const count = input.count ?? 1;
    // Source: ECS API, RunTask (count): up to 10 tasks. unverified: text
    if (count < 1 || count > 10) throw invalidParameter('count should be between 1 and 10');
    checkRequest(input, definition.definition);
    const destination = destinationOf(input, cluster, count);
    checkSupports(definition.definition, destination.launchType);
    const platformVersion = platformVersionOf(input.platformVersion, destination.launchType);
    checkNetwork(input.networkConfiguration, definition.definition, destination.launchType);
    checkServiceLinkedRole(tx, named, definition.definition);
    const overrides = completeOverrides(input.overrides, definition.definition, context.overrideRoles);
    const plan: TaskPlan = {
      cluster: named,
      definition,
      launchType: destination.launchType,
      overrides,
      roles: context.roles,
      tags: taskTags(tx, input, named, definition),
      group: input.group ?? `family:${definition.family}`,
      startedBy: input.startedBy,
      referenceId: input.referenceId,
      enableExecuteCommand: input.enableExecuteCommand ?? false,
      networkConfiguration: input.networkConfiguration,
      platformVersion,
    };
    const result =
      destination.launchType === 'FARGATE'
        ? onFargate(context, plan, count, destination.capacityProviders)
        : onInstances(context, plan, count, destination.launchType);
    remember(context, cluster.arn, result);
    return answer(context, result);
  },
});

type RunContext = HandleContext<Ecs.RunTaskRequest> & Launch;

/** ecs:capacity-provider, ecs:task-cpu and ecs:task-memory. Source: Service Authorization Reference, ECS condition keys. */
function runTaskKeys({ input, tx, cluster, definition }: ReadContext<Ecs.RunTaskRequest> & Launch) {
  const record = tx.get(clusters, regional(cluster.account, cluster.region), cluster.name);
  const asked = input.capacityProviderStrategy ?? [];
  const strategy =
    asked.length > 0 || input.launchType !== undefined ? asked : (record?.defaultCapacityProviderStrategy ?? []);
  const providers = strategy.map(({ capacityProvider }) =>
    arn('ecs', cluster.region, cluster.account, `capacity-provider/${capacityProvider}`),
  );
  const given = { cpu: input.overrides?.cpu, memory: input.overrides?.memory };
  const cpu = given.cpu === undefined ? definition?.definition.cpu : parseTaskCpu(given.cpu);
  const memory = given.memory === undefined ? definition?.definition.memory : parseTaskMemory(given.memory);
  return {
    ...(providers.length === 0 ? {} : { 'ecs:capacity-provider': providers }),
    ...(cpu === undefined ? {} : { 'ecs:task-cpu': String(cpu) }),
    ...(memory === undefined ? {} : { 'ecs:task-memory': String(memory) }),
  };
}

function onFargate(
  context: RunContext,
  plan: TaskPlan,
  count: number,
  providers: readonly string[] | undefined,
): Started {
  const { input } = context;
  checkFargateOverrides(plan.overrides, plan.definition.definition);
  // Source: observed at CreateService: Fargate rejects both. unverified: texts
  if ((input.placementConstraints ?? []).length > 0) {
    throw invalidParameter('Placement constraints are not supported with FARGATE launch type.');
  }
  if ((input.placementStrategy ?? []).length > 0) {
    throw invalidParameter('Placement strategies are not supported with FARGATE launch type.');
  }
  const started: TaskRecord[] = [];
  for (let index = 0; index < count; index += 1) {
    started.push(makeTask(context, { ...plan, capacityProviderName: providers?.[index] }));
  }
  return { started, failures: [] };
}

/** Places the tasks one after the other; those that find no instance are told why, instance by instance. */
function onInstances(context: RunContext, plan: TaskPlan, count: number, launchType: 'EC2' | 'EXTERNAL'): Started {
  const { tx, input, ids } = context;
  const definition = plan.definition.definition;
  const strategies = input.placementStrategy ?? [];
  checkStrategies(strategies);
  const needs: PlacementNeeds = {
    launchType,
    requiresAttributes: definition.requiresAttributes ?? [],
    constraints: readConstraints([...(definition.placementConstraints ?? []), ...(input.placementConstraints ?? [])]),
    reservation: reservationOf(definition, plan.overrides),
    group: plan.group,
  };
  const active = instancesFor(tx, plan.cluster.arn, launchType).filter(({ status }) => status !== 'DRAINING');
  if (active.length === 0) {
    // Source: observed. unverified: that instances that are being drained count as none
    throw invalidParameter('No Container Instances were found in your cluster.');
  }
  const chance = () => ids.bytes(4).readUInt32BE(0) / 2 ** 32;
  const started: TaskRecord[] = [];
  for (let index = 0; index < count; index += 1) {
    const placed = place(tx, instancesFor(tx, plan.cluster.arn, launchType), needs, strategies, chance);
    if (!('instance' in placed)) return { started, failures: placed.failures };
    started.push(makeTask(context, { ...plan, instance: placed.instance, reservation: needs.reservation }));
  }
  return { started, failures: [] };
}

function answer(context: RunContext, { started, failures }: Started): Ecs.RunTaskResponse {
  return { tasks: started.map((task) => taskView(context.tx, task, { tags: true })), failures };
}
