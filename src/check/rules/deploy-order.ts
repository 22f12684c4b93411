import { withoutIndexes } from '../../sources/terraform/plan.ts';
import type { MadeAfter, ServiceSource } from '../../sources/workload.ts';
import type { RoleView } from '../model/roles.ts';
import type { World } from '../model/world.ts';
import { found, type Rule } from './rule.ts';

/**
 * A service is made as soon as its task definition is, and that waits for the roles, not for policies that stand as
 * resources of their own. Source: CloudFormation User Guide, DependsOn ("roles and policies"); Terraform Registry,
 * aws_ecs_service ("depends_on … the related aws_iam_role_policy"); ECS retries, and says that it was unable to assume the
 * role or was refused.
 */
export const deployOrder: Rule = {
  id: 'RC209',
  title: 'Service does not wait for the policies of its roles',
  severity: 'note',
  verdict: 'advice',
  *find(world, tasks) {
    if (world.workload.services.length === 0) return;
    const seen = new Set<string>();
    for (const task of tasks) {
      for (const { source } of world.deployments.of(task.view.source).services) {
        if (seen.has(source.id ?? '')) continue;
        const { madeAfter } = source;
        if (madeAfter === undefined) continue;
        seen.add(source.id ?? '');
        const late = [task.execution, task.task]
          .flatMap((role) => (role === undefined ? [] : policiesApart(world, role, source, madeAfter)))
          .filter(({ before }) => !before);
        if (late.length === 0) continue;
        const names = [...new Set(late.map(({ name }) => name))].join(', ');
        const doubt = madeAfter.complete ? '' : ' (Local values may lead there; a plan does not show them.)';
        yield found(world, deployOrder, {
          task,
          source: source.origin,
          why: `${madeAfter.tool} may make the service before ${names}: its first tasks then start with roles that have no permissions yet, and fail.${doubt}`,
          remedy:
            madeAfter.tool === 'Terraform'
              ? `Add depends_on = [${names}] to the service.`
              : `Add DependsOn: [${names}] to the service.`,
        });
      }
    }
  },
};

/** A policy by the name that it has in the template or the configuration. */
interface Apart {
  readonly name: string;
  readonly before: boolean;
}

/** The policies of a role that are resources of the same template or plan apart from it. */
function policiesApart(
  { workload, tokens }: World,
  role: RoleView,
  { id: service }: ServiceSource,
  { tool, ids }: MadeAfter,
) {
  const own = role.source;
  if (own?.id === undefined) return [];
  const holderName = tokens.text(own.name);
  const stack = service?.slice(0, service.lastIndexOf('/') + 1) ?? '';
  return [...workload.inlinePolicies, ...workload.attachments].flatMap(({ id, holder }): Apart[] => {
    if (id === undefined || id === own.id || holder.kind !== 'role' || tokens.text(holder.name) !== holderName)
      return [];
    if (tool === 'Terraform') return [{ name: withoutIndexes(id), before: ids.has(withoutIndexes(id)) }];
    // What stands in another stack is made with that stack.
    return id.startsWith(stack) ? [{ name: id.slice(stack.length), before: ids.has(id) }] : [];
  });
}
