import { expandRole } from '../task-roles.ts';
import { containersOf, type Rule, violation } from './rule.ts';

/** Source: observed: empty, malformed, or not a role's ARN. Whether the role exists is not asked at registration. */
export const roleSyntax: Rule = function* (registration) {
  for (const member of ['taskRoleArn', 'executionRoleArn'] as const) {
    const given = registration[member];
    if (given !== undefined && expandRole(given, '000000000000') === undefined) {
      yield violation(`/${member}`, 'Role is not valid');
    }
  }
};

/** Source: observed for every launch type. */
export const secretsNeedExecutionRole: Rule = function* (registration) {
  if (registration.executionRoleArn !== undefined) return;
  const message = "When you are specifying container secrets, you must also specify a value for 'executionRoleArn'.";
  for (const { container, path } of containersOf(registration)) {
    if ((container.secrets ?? []).length > 0) yield violation(`${path}/secrets`, message);
    // unverified: that secretOptions are refused with the same text
    if ((container.logConfiguration?.secretOptions ?? []).length > 0) {
      yield violation(`${path}/logConfiguration/secretOptions`, message);
    }
  }
};

/** Source: observed for every launch type. */
export const repositoryCredentialsNeedExecutionRole: Rule = function* (registration) {
  if (registration.executionRoleArn !== undefined) return;
  for (const { container, path } of containersOf(registration)) {
    if (container.repositoryCredentials !== undefined) {
      yield violation(
        `${path}/repositoryCredentials`,
        'Private repository authentication requires that the task definition specify a value for executionRoleArn.',
      );
    }
  }
};
