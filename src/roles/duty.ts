/** How ECS starts the task. Source: ECS API, `LaunchType`. */
export type LaunchType = 'EC2' | 'FARGATE' | 'EXTERNAL';

/** Which of the roles around a task makes a call. */
export type RoleKind = 'container-instance' | 'task-execution' | 'task' | 'service-linked';

/** The part of a task's (or a container instance's) life that a call belongs to. */
export type Stage =
  | 'instance'
  | 'launch'
  | 'pull'
  | 'registry-auth'
  | 'secrets'
  | 'environment-files'
  | 'volumes'
  | 'logs'
  | 'running'
  | 'exec';

/** One action on one resource that one role must be allowed: the flat view of the plan. */
export interface Duty {
  readonly stage: Stage;
  readonly role: RoleKind;
  readonly action: string;
  readonly resource: string;
  readonly because: string;
  readonly call: string;
  /** How often the call is made: see PlannedCall. */
  readonly occurs: 'once' | 'repeated' | 'if-needed';
}
