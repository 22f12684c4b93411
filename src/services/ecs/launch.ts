import { arn } from '../../core/arn.ts';
import type { AuthorizationCheck, ReadContext } from '../../gateway/operation.ts';
import { type ClusterName, clusterName, type DefinitionName, definitionName } from './identifiers.ts';
import type { LaunchRequest } from './launch-request.ts';
import type { TaskDefinitionRecord } from './records.ts';
import { requestedTags, tagged, tagOnCreate, tagsOf } from './tags.ts';
import { findDefinition } from './task-lookup.ts';
import { effectiveRoles, passRoleChecks, rolesOf, type TaskRoles } from './task-roles.ts';

/** What a launch is about: cluster, task definition, and the roles it will run with. */
export interface Launch {
  readonly cluster: ClusterName;
  readonly named: DefinitionName;
  readonly definition: TaskDefinitionRecord | undefined;
  readonly overrideRoles: TaskRoles;
  readonly roles: TaskRoles;
}

/** Errors: malformed identifiers and roles. */
export function resolveLaunch({ input, account, region, tx }: ReadContext<LaunchRequest>): Launch {
  const cluster = clusterName(input.cluster, { account, region });
  const named = definitionName(input.taskDefinition, { account, region });
  const definition = findDefinition(tx, named);
  const overrideRoles = rolesOf(input.overrides ?? {}, account);
  return { cluster, named, definition, overrideRoles, roles: effectiveRoles(definition?.definition, overrideRoles) };
}

/**
 * RunTask and StartTask: on the task definition, revision included (observed: aws/aws-cdk#30368), with the tags of both;
 * the caller passes both effective roles. Source: Service Authorization Reference.
 */
export function launchChecks(
  action: 'RunTask' | 'StartTask',
  { input, tx, cluster, named, definition, roles }: ReadContext<LaunchRequest> & Launch,
  context: Readonly<Record<string, string | readonly string[]>>,
): readonly AuthorizationCheck[] {
  const resource = definition?.arn ?? named.arn;
  const task = arn('ecs', cluster.region, cluster.account, `task/${cluster.name}/*`);
  return [
    {
      action: `ecs:${action}`,
      resource,
      // The task is made in the cluster's account: another account's cluster is not the caller's to use.
      ...(cluster.account === named.account ? {} : { resourceAccount: cluster.account }),
      requestTags: requestedTags(input.tags),
      ...tagged(tagsOf(tx, named, resource), {
        'ecs:cluster': cluster.arn,
        'ecs:enable-execute-command': String(input.enableExecuteCommand ?? false),
        'ecs:enable-ebs-volumes': String((input.volumeConfigurations ?? []).length > 0),
        ...context,
      }),
    },
    ...tagOnCreate(action, task, input.tags),
    ...passRoleChecks(tx, roles),
  ];
}
