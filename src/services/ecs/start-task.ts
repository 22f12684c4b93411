import { operation } from '../../gateway/operation.ts';
import type * as Ecs from '../../wire/generated/types/ecs.ts';
import { activeCluster } from './clusters.ts';
import { invalidParameter } from './errors.ts';
import { containerInstanceName, type MemberName } from './identifiers.ts';
import { type Launch, launchChecks, resolveLaunch } from './launch.ts';
import { checkNetwork, checkRequest, completeOverrides, taskTags, usableDefinition } from './launch-request.ts';
import { checkSupports } from './launch-type.ts';
import { makeTask } from './make-task.ts';
import { type PlacementNeeds, readConstraints, refusal } from './placement/place.ts';
import { reservationOf } from './placement/reservation.ts';
import { containerInstances, type TaskRecord } from './records.ts';
import { checkServiceLinkedRole } from './service-linked-role.ts';
import { pruneStoppedTasks } from './task-state.ts';
import { taskView } from './task-view.ts';

type Checks = ReturnType<typeof launchChecks>;

interface StartLaunch extends Launch {
  readonly instances: readonly MemberName[];
}

/** Starts the task on each of the instances named. Source: ECS API, StartTask. */
export const StartTask = operation<'ecs', 'StartTask', StartLaunch>('ecs', 'StartTask', {
  resolve: (context) => {
    const launch = resolveLaunch(context);
    const instances = context.input.containerInstances.map((text) => containerInstanceName(text, launch.cluster));
    return { ...launch, instances };
  },
  authorize: (context) => {
    const { instances } = context;
    if (instances.length === 0) return launchChecks('StartTask', context, {});
    // The key holds one ARN (Service Authorization Reference). unverified: several instances are asked about one by one.
    const [first, ...others] = instances.map(({ arn }) =>
      launchChecks('StartTask', context, { 'ecs:container-instances': arn }),
    ) as [Checks, ...Checks[]];
    return [...first, ...others.flatMap(([check]) => check ?? [])];
  },
  handle: (context) => {
    const { input, tx, now, cluster, instances, roles, overrideRoles } = context;
    activeCluster(tx, cluster);
    pruneStoppedTasks(tx, now, cluster.arn);
    // Source: ECS API, StartTask (containerInstances): up to 10. unverified: texts
    if (instances.length === 0) throw invalidParameter('Container Instances cannot be empty.');
    if (instances.length > 10) throw invalidParameter('containerInstances can have at most 10 items.');
    const definition = usableDefinition(context.definition);
    checkRequest(input, definition.definition);
    const overrides = completeOverrides(input.overrides, definition.definition, overrideRoles);
    const reservation = reservationOf(definition.definition, overrides);
    const tags = taskTags(tx, input, cluster, definition);
    const group = input.group ?? `family:${definition.family}`;
    const constraints = readConstraints(definition.definition.placementConstraints ?? []);

    const started: TaskRecord[] = [];
    const failures: Ecs.Failure[] = [];
    for (const { arn } of instances) {
      const instance = tx.get(containerInstances, cluster.arn, arn);
      if (instance === undefined) {
        failures.push({ arn, reason: 'MISSING' });
        continue;
      }
      // Source: ECS Developer Guide, API failures. unverified: that INACTIVE is the reason for deregistered instances
      if (instance.status === 'INACTIVE') {
        failures.push({ arn, reason: 'INACTIVE' });
        continue;
      }
      const launchType = instance.external ? 'EXTERNAL' : 'EC2';
      checkSupports(definition.definition, launchType);
      checkNetwork(input.networkConfiguration, definition.definition, launchType);
      checkServiceLinkedRole(tx, cluster, definition.definition);
      const needs: PlacementNeeds = {
        launchType,
        requiresAttributes: definition.definition.requiresAttributes ?? [],
        constraints,
        reservation,
        group,
      };
      const reason = refusal(tx, instance, needs);
      if (reason !== undefined) {
        failures.push({ arn, reason });
        continue;
      }
      started.push(
        makeTask(context, {
          cluster,
          definition,
          launchType,
          overrides,
          roles,
          tags,
          group,
          startedBy: input.startedBy,
          referenceId: input.referenceId,
          enableExecuteCommand: input.enableExecuteCommand ?? false,
          networkConfiguration: input.networkConfiguration,
          instance,
          reservation,
        }),
      );
    }
    return { tasks: started.map((task) => taskView(tx, task, { tags: true })), failures };
  },
});
