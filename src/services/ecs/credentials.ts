import { AwsError } from '../../core/errors.ts';
import type { CallOptions, ServiceCall } from '../../gateway/operation.ts';
import type { Tx } from '../../store/collections.ts';
import { cannotAssumeRole } from './errors.ts';
import { type TaskCredentialsRecord, type TaskRecord, taskCredentials } from './records.ts';

type RoleType = TaskCredentialsRecord['roleType'];

/** Sessions of both roles last six hours, whatever the role's maximum. Source: observed AssumeRole records; IAM User Guide. */
const SESSION_SECONDS = 21600;

/** What a task must know of itself for its roles to be assumed. */
export type AssumingTask = Pick<TaskRecord, 'arn' | 'id' | 'account' | 'region' | 'taskRoleArn' | 'executionRoleArn'>;

/** The ids under which the agent will find a task's credentials. */
export interface CredentialsIds {
  readonly taskCredentialsId?: string;
  readonly executionCredentialsId?: string;
}

/**
 * Assumes the roles of a task that is about to be made, as ECS's backend does, and stores the credentials.
 * Errors: ClientException with ECS's text when a role cannot be assumed: the caller makes no task then.
 */
export function assumeTaskRoles(
  context: { readonly tx: Tx; readonly call: ServiceCall; readonly now: number; readonly ids: { uuid(): string } },
  task: AssumingTask,
): CredentialsIds {
  const assume = (roleType: RoleType, roleArn: string): string => {
    const credentialsId = context.ids.uuid();
    const credentials = assumeRole(context.call, context.now, task, roleType, roleArn, credentialsId);
    if (credentials === undefined) throw cannotAssumeRole(roleArn);
    context.tx.put(taskCredentials, task.arn, credentialsId, credentials);
    return credentialsId;
  };
  // unverified: which of the two is assumed first
  const taskCredentialsId = task.taskRoleArn === undefined ? undefined : assume('TaskApplication', task.taskRoleArn);
  const executionCredentialsId =
    task.executionRoleArn === undefined ? undefined : assume('TaskExecution', task.executionRoleArn);
  return {
    ...(taskCredentialsId === undefined ? {} : { taskCredentialsId }),
    ...(executionCredentialsId === undefined ? {} : { executionCredentialsId }),
  };
}

/** True when less than half of the session's life is left: the time to refresh. The id stays the same (agent, credentials manager). */
export function refreshIsDue(credentials: TaskCredentialsRecord, now: number): boolean {
  // unverified: the backend's lead time is not published
  return credentials.expiresAt - now < (credentials.expiresAt - credentials.issuedAt) / 2;
}

/**
 * Assumes the role of one of a task's credentials again when less than half of its life is left; the credentials id
 * stays. When the role can no longer be assumed, the old credentials stay (and end when they expire).
 * Returns the credentials as they now are; undefined for an unknown id.
 */
export function refreshTaskCredentials(
  context: { readonly tx: Tx; readonly call: ServiceCall; readonly now: number },
  task: AssumingTask,
  credentialsId: string,
): TaskCredentialsRecord | undefined {
  const known = context.tx.get(taskCredentials, task.arn, credentialsId);
  if (known === undefined || !refreshIsDue(known, context.now)) return known;
  const fresh = assumeRole(context.call, context.now, task, known.roleType, known.roleArn, credentialsId);
  if (fresh === undefined) return known;
  context.tx.put(taskCredentials, task.arn, credentialsId, fresh);
  return fresh;
}

/** AssumeRole as ECS's backend makes it; undefined when it is refused. The refusal is in the trail. */
function assumeRole(
  call: ServiceCall,
  now: number,
  task: AssumingTask,
  roleType: RoleType,
  roleArn: string,
  credentialsId: string,
): TaskCredentialsRecord | undefined {
  try {
    const { Credentials: credentials } = call(
      'sts',
      'AssumeRole',
      { RoleArn: roleArn, RoleSessionName: task.id, DurationSeconds: SESSION_SECONDS },
      asEcsTasks(task, roleType),
    );
    if (credentials === undefined) return undefined;
    return {
      credentialsId,
      taskArn: task.arn,
      roleType,
      roleArn,
      accessKeyId: credentials.AccessKeyId,
      secretAccessKey: credentials.SecretAccessKey,
      sessionToken: credentials.SessionToken,
      issuedAt: now,
      expiresAt: credentials.Expiration,
    };
  } catch (error) {
    if (error instanceof AwsError && error.fault === 'client') return undefined;
    throw error;
  }
}

/**
 * Principal and condition keys of the backend's AssumeRole.
 * Source: ECS Developer Guide, task IAM role (aws:SourceArn like arn:aws:ecs:REGION:ACCOUNT:*, aws:SourceAccount).
 */
function asEcsTasks(task: AssumingTask, roleType: RoleType): CallOptions {
  return {
    as: { type: 'service', service: 'ecs-tasks.amazonaws.com', account: task.account },
    stage: 'launch',
    region: task.region,
    taskArn: task.arn,
    context: {
      // unverified: the value; the documented condition is a wildcard that the task's ARN matches
      'aws:SourceArn': task.arn,
      'aws:SourceAccount': task.account,
      'rolecall:OriginRole': roleType === 'TaskApplication' ? 'task' : 'task-execution',
      'rolecall:OriginTask': task.arn,
    },
  };
}
