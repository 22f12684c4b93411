import type { Read } from '../../store/collections.ts';
import type * as Ecs from '../../wire/generated/types/ecs.ts';
import {
  type ContainerInstanceRecord,
  type TaskCredentialsRecord,
  type TaskRecord,
  taskCredentials,
} from './records.ts';
import { definitionOf, findContainerInstance, findTask } from './task-lookup.ts';

/** All that an agent needs to run a task. */
export interface AgentView {
  readonly task: TaskRecord;
  /** The task definition with the overrides applied: roles, sizes and containers are the effective ones. */
  readonly definition: Ecs.TaskDefinition;
  readonly instance: ContainerInstanceRecord | undefined;
  readonly taskCredentials: TaskCredentialsRecord | undefined;
  readonly executionCredentials: TaskCredentialsRecord | undefined;
}

/** What the control plane hands to the agent of a task; undefined when there is no such task. */
export function describeForAgent(read: Read, taskArn: string): AgentView | undefined {
  const task = findTask(read, taskArn);
  const definition = task === undefined ? undefined : definitionOf(read, task);
  if (task === undefined || definition === undefined) return undefined;
  const credentials = (id: string | undefined) =>
    id === undefined ? undefined : read.get(taskCredentials, task.arn, id);
  return {
    task,
    definition: applyOverrides(definition, task),
    instance:
      task.containerInstanceArn === undefined ? undefined : findContainerInstance(read, task.containerInstanceArn),
    taskCredentials: credentials(task.taskCredentialsId),
    executionCredentials: credentials(task.executionCredentialsId),
  };
}

/**
 * The task definition as the task runs it. Environment variables of an override are added to the container's or replace
 * them by name; lists of commands and environment files replace. Source: ECS API, ContainerOverride.
 */
export function applyOverrides(
  definition: Ecs.TaskDefinition,
  task: Pick<TaskRecord, 'overrides' | 'taskRoleArn' | 'executionRoleArn'>,
): Ecs.TaskDefinition {
  const { overrides, taskRoleArn, executionRoleArn } = task;
  return {
    ...definition,
    ...(taskRoleArn === undefined ? {} : { taskRoleArn }),
    ...(executionRoleArn === undefined ? {} : { executionRoleArn }),
    ...(overrides.cpu === undefined ? {} : { cpu: overrides.cpu }),
    ...(overrides.memory === undefined ? {} : { memory: overrides.memory }),
    ...(overrides.ephemeralStorage === undefined ? {} : { ephemeralStorage: overrides.ephemeralStorage }),
    containerDefinitions: (definition.containerDefinitions ?? []).map((container) => {
      const override = overrides.containerOverrides?.find((one) => one.name === container.name);
      return override === undefined ? container : overridden(container, override);
    }),
  };
}

function overridden(container: Ecs.ContainerDefinition, override: Ecs.ContainerOverride): Ecs.ContainerDefinition {
  const { command, environment, environmentFiles, cpu, memory, memoryReservation } = override;
  const names = new Set((environment ?? []).map((variable) => variable.name));
  return {
    ...container,
    ...(command === undefined ? {} : { command }),
    ...(environment === undefined
      ? {}
      : {
          environment: [
            ...(container.environment ?? []).filter((variable) => !names.has(variable.name)),
            ...environment,
          ],
        }),
    ...(environmentFiles === undefined ? {} : { environmentFiles }),
    ...(cpu === undefined ? {} : { cpu }),
    ...(memory === undefined ? {} : { memory }),
    ...(memoryReservation === undefined ? {} : { memoryReservation }),
  };
}
