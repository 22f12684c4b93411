import { policyFix } from '../finding.ts';
import { trustAnswer } from '../model/trust.ts';
import { found, type Rule } from './rule.ts';

/**
 * Volumes, Service Connect, VPC Lattice and load balancers work with a role that ECS itself assumes. Source: ECS Developer
 * Guide, infrastructure_IAM_role; ECS API, CreateService role.
 */
export const infrastructureRole: Rule = {
  id: 'RC210',
  title: 'Infrastructure role does not trust ECS',
  severity: 'error',
  verdict: 'refused',
  *find(world, tasks) {
    const seen = new Set<string>();
    for (const task of tasks) {
      for (const { source, infrastructureRoles } of world.deployments.of(task.view.source).services) {
        for (const { arn, what } of infrastructureRoles) {
          const role = world.roles.find(arn);
          if (role.state !== 'known' || seen.has(arn)) continue;
          seen.add(arn);
          if (
            trustAnswer(role, 'ecs.amazonaws.com', { 'aws:SourceAccount': world.workload.account }).verdict !==
            'refused'
          )
            continue;
          yield found(world, infrastructureRole, {
            task,
            view: role,
            action: 'sts:AssumeRole',
            resource: arn,
            source: role.source?.trust.origin ?? source.origin,
            why: `ECS was told to use ${arn} as ${what}, and its trust policy does not let ecs.amazonaws.com in (that is not ecs-tasks.amazonaws.com): CreateService is refused.`,
            remedy: 'Name ecs.amazonaws.com as a principal of its trust policy.',
            fix: [
              policyFix(arn, [
                { Effect: 'Allow', Principal: { Service: 'ecs.amazonaws.com' }, Action: 'sts:AssumeRole' },
              ]),
            ],
          });
        }
      }
    }
  },
};
