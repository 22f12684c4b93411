import type { Read } from '../../store/collections.ts';
import type * as Ecs from '../../wire/generated/types/ecs.ts';
import { type DefinitionName, definitionKey, memberOfArn, type Scope } from './identifiers.ts';
import {
  type ContainerInstanceRecord,
  containerInstances,
  regional,
  type TaskDefinitionRecord,
  type TaskRecord,
  taskDefinitions,
  tasks,
} from './records.ts';

/** A task by its ARN, or undefined. */
export function findTask(read: Read, taskArn: string): TaskRecord | undefined {
  const name = memberOfArn(taskArn);
  return name === undefined ? undefined : read.get(tasks, name.clusterArn, name.id);
}

/** A container instance by its ARN, or undefined. */
export function findContainerInstance(read: Read, arn: string): ContainerInstanceRecord | undefined {
  const name = memberOfArn(arn);
  return name === undefined ? undefined : read.get(containerInstances, name.clusterArn, arn);
}

/** All revisions of a family, oldest first. */
export function revisionsOf(read: Read, scope: Scope, family: string): readonly TaskDefinitionRecord[] {
  return read.list(taskDefinitions, regional(scope.account, scope.region)).filter((record) => record.family === family);
}

/** The task definition a request means: the revision named, else the family's latest ACTIVE one. */
export function findDefinition(read: Read, name: DefinitionName): TaskDefinitionRecord | undefined {
  if (name.revision !== undefined) {
    return read.get(taskDefinitions, regional(name.account, name.region), definitionKey(name.family, name.revision));
  }
  return revisionsOf(read, name, name.family).findLast((record) => record.definition.status === 'ACTIVE');
}

/** The task definition of a task; it stays until no task refers to it. */
export function definitionOf(read: Read, task: TaskRecord): Ecs.TaskDefinition | undefined {
  const at = task.taskDefinitionArn.lastIndexOf('/');
  const [family, revision] = task.taskDefinitionArn.slice(at + 1).split(':') as [string, string];
  return read.get(taskDefinitions, regional(task.account, task.region), definitionKey(family, Number(revision)))
    ?.definition;
}
