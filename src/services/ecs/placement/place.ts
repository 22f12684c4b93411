import type { Read } from '../../../store/collections.ts';
import type * as Ecs from '../../../wire/generated/types/ecs.ts';
import { invalidParameter } from '../errors.ts';
import { capacityOf, lacking } from '../instance-resources.ts';
import {
  type ContainerInstanceRecord,
  containerInstances,
  type Reservation,
  type TaskRecord,
  tasks,
} from '../records.ts';
import { parseQuery, type Query, QueryError } from './query.ts';
import { type Subjects, satisfies } from './query-match.ts';
import { type Candidate, choose } from './strategy.ts';

/** What a task asks of the instance that is to run it. */
export interface PlacementNeeds {
  readonly launchType: 'EC2' | 'EXTERNAL';
  readonly requiresAttributes: readonly Ecs.Attribute[];
  readonly constraints: readonly Constraint[];
  readonly reservation: Reservation;
  readonly group: string;
}

export interface Constraint {
  readonly type: 'memberOf' | 'distinctInstance';
  readonly query?: Query;
}

/** At most 10 constraints, those of the task definition included. Source: ECS API, RunTask. */
const MOST_CONSTRAINTS = 10;

/** Reads the constraints of a task definition and of a request. Errors: InvalidParameterException. */
export function readConstraints(
  constraints: readonly (Ecs.PlacementConstraint | Ecs.TaskDefinitionPlacementConstraint)[],
): readonly Constraint[] {
  if (constraints.length > MOST_CONSTRAINTS) {
    // unverified: text
    throw invalidParameter(`placementConstraints can have at most ${MOST_CONSTRAINTS} items.`);
  }
  return constraints.map(({ type, expression }) => {
    if (type === undefined) throw invalidParameter('Placement constraint type cannot be null.'); // unverified: text
    if (type === 'distinctInstance') return { type };
    return { type, query: readQuery(expression ?? '') };
  });
}

/** Parses a cluster query expression. Errors: InvalidParameterException that names the place. */
export function readQuery(expression: string): Query {
  try {
    return parseQuery(expression);
  } catch (error) {
    if (!(error instanceof QueryError)) throw error;
    // unverified: text
    throw invalidParameter(`Invalid expression '${expression}': ${error.message}`);
  }
}

/** The cluster's instances of the launch type that are not deregistered. */
export function instancesFor(
  read: Read,
  clusterArn: string,
  launchType: 'EC2' | 'EXTERNAL',
): readonly ContainerInstanceRecord[] {
  return read
    .list(containerInstances, clusterArn)
    .filter((instance) => instance.status !== 'INACTIVE' && instance.external === (launchType === 'EXTERNAL'));
}

/** Either the instance for the task, or why each instance cannot take it. */
export function place(
  read: Read,
  instances: readonly ContainerInstanceRecord[],
  needs: PlacementNeeds,
  strategies: readonly Ecs.PlacementStrategy[],
  chance: () => number,
): { readonly instance: ContainerInstanceRecord } | { readonly failures: readonly Ecs.Failure[] } {
  const failures: Ecs.Failure[] = [];
  const candidates = new Map<Candidate, ContainerInstanceRecord>();
  for (const instance of instances) {
    if (instance.status === 'DRAINING') continue;
    const reason = refusal(read, instance, needs);
    if (reason === undefined) candidates.set(candidate(read, instance, needs.group), instance);
    else failures.push({ arn: instance.arn, reason });
  }
  const chosen = choose([...candidates.keys()], strategies, chance);
  return chosen === undefined ? { failures } : { instance: candidates.get(chosen) as ContainerInstanceRecord };
}

/**
 * Why an instance cannot take a task, as a failure's reason; undefined when it can.
 * Source: ECS Developer Guide, API failures; the constraint texts are observed in service events.
 */
export function refusal(read: Read, instance: ContainerInstanceRecord, needs: PlacementNeeds): string | undefined {
  if (!instance.agentConnected) return 'AGENT';
  if (!hasAttributes(instance, needs.requiresAttributes)) return 'ATTRIBUTE';
  for (const constraint of needs.constraints) {
    if (constraint.type === 'distinctInstance') {
      // unverified: text
      if (tasksOfGroup(read, instance, needs.group) > 0) return 'DistinctInstance placement constraint unsatisfied.';
    } else if (constraint.query !== undefined && !satisfies(constraint.query, subjectsOf(read, instance))) {
      return 'MemberOf placement constraint unsatisfied.';
    }
  }
  return lacking(instance.remainingResources, needs.reservation);
}

export function hasAttributes(instance: ContainerInstanceRecord, required: readonly Ecs.Attribute[]): boolean {
  return required.every((wanted) =>
    instance.attributes.some(
      (attribute) =>
        attribute.name === wanted.name &&
        (wanted.value === undefined || wanted.value === '' || attribute.value === wanted.value),
    ),
  );
}

/** What the query language can ask about an instance. */
export function subjectsOf(read: Read, instance: ContainerInstanceRecord): Subjects {
  return (subject) => {
    if (subject.startsWith('attribute:')) {
      const name = subject.slice('attribute:'.length);
      return instance.attributes.filter((one) => one.name === name).map((one) => one.value ?? '');
    }
    switch (subject) {
      case 'agentConnected':
        return [String(instance.agentConnected)];
      case 'agentVersion':
        return instance.versionInfo.agentVersion === undefined ? [] : [instance.versionInfo.agentVersion];
      case 'ec2InstanceId':
        return [instance.ec2InstanceId];
      case 'registeredAt':
        return [new Date(instance.registeredAt).toISOString()];
      case 'runningTasksCount':
        return [String(activeTasks(read, instance).filter((task) => task.lastStatus === 'RUNNING').length)];
      case 'task:group':
        return activeTasks(read, instance).flatMap((task) => (task.group === undefined ? [] : [task.group]));
      default:
        return [];
    }
  };
}

/** Tasks on the instance that have not stopped. */
export function activeTasks(read: Read, instance: ContainerInstanceRecord): readonly TaskRecord[] {
  return read
    .list(tasks, instance.clusterArn)
    .filter((task) => task.containerInstanceArn === instance.arn && task.lastStatus !== 'STOPPED');
}

function tasksOfGroup(read: Read, instance: ContainerInstanceRecord, group: string): number {
  return activeTasks(read, instance).filter((task) => task.group === group).length;
}

function candidate(read: Read, instance: ContainerInstanceRecord, group: string): Candidate {
  const capacity = capacityOf(instance.remainingResources);
  return {
    arn: instance.arn,
    remainingCpu: capacity.cpu,
    remainingMemory: capacity.memory,
    attribute: (name) => instance.attributes.find((one) => one.name === name)?.value,
    tasksOfGroup: tasksOfGroup(read, instance, group),
  };
}
