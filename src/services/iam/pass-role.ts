import { parseArn, roleNameOf } from '../../core/arn.ts';
import type { AuthorizationCheck } from '../../gateway/operation.ts';
import type { Read } from '../../store/collections.ts';
import { keyOf, roles } from './records.ts';
import { iamResourceTags } from './tags.ts';

/**
 * The check that a caller may hand a role to a service. Whether the role exists is not looked at: AWS does not either.
 * @param passedToService e.g. `ecs-tasks.amazonaws.com`.
 * @param associatedResourceArn the resource that will use the role, where the service says so.
 * @param read where given, the role's tags are condition keys of the check.
 * Source: IAM User Guide, id_roles_use_passrole; condition keys iam:PassedToService and iam:AssociatedResourceArn.
 */
export function passRoleCheck(
  roleArn: string,
  passedToService: string,
  associatedResourceArn?: string,
  read?: Read,
): AuthorizationCheck {
  const account = parseArn(roleArn)?.account ?? '';
  const role = read?.get(roles, account, keyOf(roleNameOf(roleArn)));
  const tags = role?.arn === roleArn ? role.tags : {};
  return {
    action: 'iam:PassRole',
    resource: roleArn,
    resourceTags: tags,
    context: {
      ...iamResourceTags(tags),
      'iam:PassedToService': passedToService,
      ...(associatedResourceArn === undefined ? {} : { 'iam:AssociatedResourceArn': associatedResourceArn }),
    },
  };
}
