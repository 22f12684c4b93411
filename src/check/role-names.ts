import type { RoleKind, Stage } from '../roles/duty.ts';

/** The roles as AWS's documentation names them. */
export const ROLE_NAMES: Readonly<Record<RoleKind, string>> = {
  'container-instance': 'container instance role',
  'task-execution': 'task execution role',
  task: 'task role',
  'service-linked': 'service-linked role',
};

/** What happens at a stage, to finish the sentence "The … makes this call:". */
export const STAGE_PURPOSES: Readonly<Record<Stage, string>> = {
  instance: 'the agent of the container instance works with it',
  launch: 'ECS assumes the roles of the task before there is a task',
  pull: 'images are pulled with it',
  'registry-auth': 'the credentials of a private registry are read with it',
  secrets: '`secrets` are read with it before a container starts',
  'environment-files': 'environment files are read with it',
  volumes: 'volumes are mounted with it',
  logs: 'the log driver writes with it',
  running: 'every AWS call of the application is made with it',
  exec: 'ECS Exec works with it',
};
