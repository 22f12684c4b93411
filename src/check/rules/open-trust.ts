import type { CompiledStatement } from '../../policy/compiled.ts';
import { policyFix } from '../finding.ts';
import { found, type Rule } from './rule.ts';

/** Source: ECS Developer Guide, task-iam-roles: "we recommend … aws:SourceAccount or aws:SourceArn" (confused deputy). */
export const openTrust: Rule = {
  id: 'RC305',
  title: 'Trust policy without aws:SourceAccount',
  severity: 'note',
  verdict: 'advice',
  *find(world, tasks) {
    const { account, region } = world.workload;
    const seen = new Set<string>();
    for (const task of tasks) {
      for (const [role, view, because] of [
        ['task-execution', task.execution, '/executionRoleArn'],
        ['task', task.task, '/taskRoleArn'],
      ] as const) {
        if (view?.trust === undefined || seen.has(view.arn)) continue;
        seen.add(view.arn);
        const open = view.trust.least.statements.find((one) => letsAnyTaskIn(one));
        if (open === undefined) continue;
        yield found(world, openTrust, {
          task,
          role,
          view,
          because,
          ...(view.source === undefined ? {} : { source: view.source.trust.origin }),
          why: `The trust policy of ${view.arn} lets ecs-tasks.amazonaws.com in without aws:SourceAccount or aws:SourceArn: ECS could be made to use it for somebody else’s tasks (confused deputy).`,
          remedy: `Add the conditions ArnLike aws:SourceArn arn:aws:ecs:${region}:${account}:* and StringEquals aws:SourceAccount ${account}.`,
          fix: [
            policyFix(view.arn, [
              {
                Effect: 'Allow',
                Principal: { Service: 'ecs-tasks.amazonaws.com' },
                Action: 'sts:AssumeRole',
                Condition: {
                  ArnLike: { 'aws:SourceArn': `arn:aws:ecs:${region}:${account}:*` },
                  StringEquals: { 'aws:SourceAccount': account },
                },
              },
            ]),
          ],
        });
      }
    }
  },
};

function letsAnyTaskIn({ effect, principals, conditions }: CompiledStatement): boolean {
  if (effect !== 'Allow' || principals === undefined) return false;
  if (!principals.services.has('ecs-tasks.amazonaws.com')) return false;
  return !conditions.some(({ key }) => /^aws:Source(Account|Arn|OrgID|OrgPaths)$/i.test(key.name));
}
