import { arn, isRoleArn } from '../../core/arn.ts';
import type { AuthorizationCheck } from '../../gateway/operation.ts';
import type { Read } from '../../store/collections.ts';
import type * as Ecs from '../../wire/generated/types/ecs.ts';
import { passRoleCheck } from '../iam/pass-role.ts';
import { clientError } from './errors.ts';

/** The two roles of a task, as full ARNs. */
export interface TaskRoles {
  readonly taskRoleArn?: string;
  readonly executionRoleArn?: string;
}

/** The short name of a role, with or without its path. Source: IAM API, CreateRole (RoleName). */
const SHORT_NAME = /^[\w+=,.@\-/]{1,576}$/;

/**
 * A role as a request names it (short name or ARN) as an ARN. Existence and trust are not checked here.
 * Errors: ClientException `Role is not valid` for anything that is not a role. Source: observed; the model documents
 * "short name or full ARN".
 */
export function roleArnOf(given: string, account: string): string {
  const roleArn = expandRole(given, account);
  if (roleArn === undefined) throw clientError('Role is not valid');
  return roleArn;
}

/** The ARN of a role given by name or ARN; undefined when it is neither. */
export function expandRole(given: string, account: string): string | undefined {
  if (isRoleArn(given)) return given;
  if (given.startsWith('arn:') || !SHORT_NAME.test(given)) return undefined;
  return arn('iam', '', account, `role/${given.replace(/^\//, '')}`);
}

/** Both roles of a request or task definition as ARNs. Errors: as `roleArnOf`. */
export function rolesOf(
  given: { readonly taskRoleArn?: string | undefined; readonly executionRoleArn?: string | undefined },
  account: string,
): TaskRoles {
  return {
    ...(given.taskRoleArn === undefined ? {} : { taskRoleArn: roleArnOf(given.taskRoleArn, account) }),
    ...(given.executionRoleArn === undefined ? {} : { executionRoleArn: roleArnOf(given.executionRoleArn, account) }),
  };
}

/** The roles a task will run with: an override's, else the task definition's. Source: observed; ECS API, TaskOverride. */
export function effectiveRoles(definition: Ecs.TaskDefinition | undefined, overrides: TaskRoles): TaskRoles {
  const taskRoleArn = overrides.taskRoleArn ?? definition?.taskRoleArn;
  const executionRoleArn = overrides.executionRoleArn ?? definition?.executionRoleArn;
  return {
    ...(taskRoleArn === undefined ? {} : { taskRoleArn }),
    ...(executionRoleArn === undefined ? {} : { executionRoleArn }),
  };
}

/** The caller must be allowed to pass each of the roles to ECS tasks. Source: ECS Developer Guide; observed. */
export function passRoleChecks(read: Read, roles: TaskRoles): readonly AuthorizationCheck[] {
  const arns = new Set([roles.taskRoleArn, roles.executionRoleArn]);
  return [...arns].flatMap((roleArn) =>
    roleArn === undefined ? [] : [passRoleCheck(roleArn, 'ecs-tasks.amazonaws.com', undefined, read)],
  );
}
