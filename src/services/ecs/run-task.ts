import { createHash } from 'node:crypto';
import { arn } from '../../core/arn.ts';
import { AwsError } from '../../core/errors.ts';
import { type AuthorizationCheck, type HandleContext, operation, type ReadContext } from '../../gateway/operation.ts';
import type * as Ecs from '../../wire/generated/types/ecs.ts';
import { activeCluster } from './clusters.ts';
import { invalidParameter } from './errors.ts';
import { type ClusterName, clusterName, type DefinitionName, definitionName } from './identifiers.ts';
import {
  checkFargateOverrides,
  checkLength,
  checkNetwork,
  checkRequest,
  completeOverrides,
  type LaunchRequest,
  taskTags,
  usableDefinition,
} from './launch-request.ts';
import { checkSupports, destinationOf, platformVersionOf } from './launch-type.ts';
import { makeTask, type TaskPlan } from './make-task.ts';
import { instancesFor, type PlacementNeeds, place, readConstraints } from './placement/place.ts';
import { reservationOf } from './placement/reservation.ts';
import { checkStrategies } from './placement/strategy.ts';
import { clusters, regional, runTaskTokens, type TaskDefinitionRecord, type TaskRecord } from './records.ts';
import { checkServiceLinkedRole } from './service-linked-role.ts';
import { requestedTags, tagged, tagOnCreate, tagsOf } from './tags.ts';
import { findDefinition, findTask } from './task-lookup.ts';
import { effectiveRoles, passRoleChecks, rolesOf, type TaskRoles } from './task-roles.ts';
import { pruneStoppedTasks } from './task-state.ts';
import { taskView } from './task-view.ts';

/** What a launch is about: cluster, task definition, and the roles it will run with. */
export interface Launch {
  readonly cluster: ClusterName;
  readonly named: DefinitionName;
  readonly definition: TaskDefinitionRecord | undefined;
  readonly overrideRoles: TaskRoles;
  readonly roles: TaskRoles;
}

/** Errors: malformed identifiers and roles. */
export function resolveLaunch({ input, account, region, tx }: ReadContext<LaunchRequest>): Launch {
  const cluster = clusterName(input.cluster, { account, region });
  const named = definitionName(input.taskDefinition, { account, region });
  const definition = findDefinition(tx, named);
  const overrideRoles = rolesOf(input.overrides ?? {}, account);
  return { cluster, named, definition, overrideRoles, roles: effectiveRoles(definition?.definition, overrideRoles) };
}

/**
 * RunTask and StartTask: on the task definition, revision included (observed: aws/aws-cdk#30368), with the tags of both;
 * the caller passes both effective roles. Source: Service Authorization Reference.
 */
export function launchChecks(
  action: 'RunTask' | 'StartTask',
  { input, tx, cluster, named, definition, roles }: ReadContext<LaunchRequest> & Launch,
  context: Readonly<Record<string, string | readonly string[]>>,
): readonly AuthorizationCheck[] {
  const resource = definition?.arn ?? named.arn;
  const task = arn('ecs', cluster.region, cluster.account, `task/${cluster.name}/*`);
  return [
    {
      action: `ecs:${action}`,
      resource,
      // The task is made in the cluster's account: another account's cluster is not the caller's to use.
      ...(cluster.account === named.account ? {} : { resourceAccount: cluster.account }),
      requestTags: requestedTags(input.tags),
      ...tagged(tagsOf(tx, named, resource), {
        'ecs:cluster': cluster.arn,
        'ecs:enable-execute-command': String(input.enableExecuteCommand ?? false),
        'ecs:enable-ebs-volumes': String((input.volumeConfigurations ?? []).length > 0),
        ...context,
      }),
    },
    ...tagOnCreate(action, task, input.tags),
    ...passRoleChecks(tx, roles),
  ];
}

export const RunTask = operation<'ecs', 'RunTask', Launch>('ecs', 'RunTask', {
  resolve: resolveLaunch,
  authorize: (context) => launchChecks('RunTask', context, runTaskKeys(context)),
  handle: (context) => {
    const { input, tx, now, cluster: named } = context;
    const cluster = activeCluster(tx, named);
    pruneStoppedTasks(tx, now, cluster.arn);
    checkLength('clientToken', input.clientToken, 64);
    const answered = answeredBefore(context, cluster.arn);
    if (answered !== undefined) return answered;

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
    return answer(context, result.started, result.failures);
  },
});

interface Result {
  readonly started: readonly TaskRecord[];
  readonly failures: readonly Ecs.Failure[];
}

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
  const cpu = input.overrides?.cpu ?? definition?.definition.cpu;
  const memory = input.overrides?.memory ?? definition?.definition.memory;
  return {
    ...(providers.length === 0 ? {} : { 'ecs:capacity-provider': providers }),
    ...(cpu === undefined ? {} : { 'ecs:task-cpu': cpu }),
    ...(memory === undefined ? {} : { 'ecs:task-memory': memory }),
  };
}

function onFargate(
  context: RunContext,
  plan: TaskPlan,
  count: number,
  providers: readonly string[] | undefined,
): Result {
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
function onInstances(context: RunContext, plan: TaskPlan, count: number, launchType: 'EC2' | 'EXTERNAL'): Result {
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
  if (instancesFor(tx, plan.cluster.arn, launchType).length === 0) {
    // Source: observed.
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

function answer(context: RunContext, started: readonly TaskRecord[], failures: readonly Ecs.Failure[]) {
  return { tasks: started.map((task) => taskView(context.tx, task, { tags: true })), failures };
}

/** Source: ECS Developer Guide, ensuring idempotency: a token holds for 24 hours. */
const TOKEN_LIFE = 24 * 60 * 60 * 1000;

/** What the same request with the same token was answered. Errors: ConflictException for another request with that token. */
function answeredBefore(context: RunContext, clusterArn: string): Ecs.RunTaskResponse | undefined {
  const { input, tx, now } = context;
  if (input.clientToken === undefined) return undefined;
  const known = tx.get(runTaskTokens, clusterArn, input.clientToken);
  if (known === undefined || now - known.at > TOKEN_LIFE) return undefined;
  if (known.request !== digest(input)) {
    // Source of the text: ECS API, ConflictException.
    throw new AwsError(
      'ConflictException',
      'The RunTask request could not be processed due to conflicts. The provided clientToken is already in use with a different RunTask request. The resourceIds are the existing task ARNs which are already associated with the clientToken.',
      { members: { resourceIds: known.taskArns } },
    );
  }
  const tasks = known.taskArns.flatMap((taskArn) => {
    const task = findTask(tx, taskArn);
    return task === undefined ? [] : [task];
  });
  return answer(context, tasks, known.failures);
}

function remember(context: RunContext, clusterArn: string, { started, failures }: Result): void {
  const { input, tx, now } = context;
  if (input.clientToken === undefined || started.length === 0) return;
  for (const [token, record] of tx.entries(runTaskTokens, clusterArn)) {
    if (now - record.at <= TOKEN_LIFE) break;
    tx.delete(runTaskTokens, clusterArn, token);
  }
  tx.put(runTaskTokens, clusterArn, input.clientToken, {
    request: digest(input),
    taskArns: started.map((task) => task.arn),
    failures,
    at: now,
  });
}

function digest({ clientToken: _, ...request }: Ecs.RunTaskRequest): string {
  return createHash('sha256')
    .update(JSON.stringify(sorted(request)))
    .digest('hex');
}

/** The same request gives the same text whatever the order of its members. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .sort(([left], [right]) => (left < right ? -1 : 1))
      .map(([key, member]) => [key, sorted(member)]),
  );
}
