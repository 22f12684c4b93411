import type { RoleKind } from './duty.ts';
import type { PlanOptions, PlanTaskDefinition } from './plan-types.ts';

/** What a role is asked for in a task's start. */
export type Purpose = 'pull' | 'logs' | 'registry-auth' | 'secrets' | 'environment-files' | 'volumes';

type Actor = RoleKind | 'execution-else-instance';

/**
 * The table of the three roles. `execution-else-instance`: the execution role when the task has one (and the container
 * instance's agent is not set otherwise), else the container instance role.
 * Sources: agent source (ecrAuthData.useExecutionRole, logsAuthStrategy, asm/ssm/envfile resources); ECS Developer Guide,
 * task_execution_IAM_role and efs-volumes. AWS's page on CannotPull errors says the instance role pulls on EC2: the
 * switches of the container instance choose that reading (docs/decisions, "who pulls and who logs on EC2").
 */
const ACTORS: Readonly<Record<Purpose, { readonly EC2: Actor; readonly EXTERNAL: Actor; readonly FARGATE: Actor }>> = {
  pull: { EC2: 'execution-else-instance', EXTERNAL: 'execution-else-instance', FARGATE: 'task-execution' },
  logs: { EC2: 'execution-else-instance', EXTERNAL: 'execution-else-instance', FARGATE: 'task-execution' },
  'registry-auth': { EC2: 'task-execution', EXTERNAL: 'task-execution', FARGATE: 'task-execution' },
  secrets: { EC2: 'task-execution', EXTERNAL: 'task-execution', FARGATE: 'task-execution' },
  'environment-files': { EC2: 'task-execution', EXTERNAL: 'task-execution', FARGATE: 'task-execution' },
  volumes: { EC2: 'task', EXTERNAL: 'task', FARGATE: 'task' },
};

/** Which role makes the calls of a purpose for this task. */
export function actorOf(purpose: Purpose, definition: PlanTaskDefinition, options: PlanOptions): RoleKind {
  const actor = ACTORS[purpose][options.launchType];
  if (actor !== 'execution-else-instance') return actor;
  const executionRole = options.executionRoleArn ?? definition.executionRoleArn;
  const wanted = purpose === 'logs' ? options.logsWithExecutionRole : options.pullsWithExecutionRole;
  return executionRole !== undefined && wanted !== false ? 'task-execution' : 'container-instance';
}
