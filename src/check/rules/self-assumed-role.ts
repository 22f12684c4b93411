import { decide } from '../../policy/decide.ts';
import { policyFix } from '../finding.ts';
import { sessionOf } from '../model/decision.ts';
import { found, type Rule } from './rule.ts';

/** A role no longer trusts itself by itself. Source: IAM User Guide, id_roles_use_switch-role (role trust policy behaviour). */
export const selfAssumedRole: Rule = {
  id: 'RC212',
  title: 'Role assumes itself without trusting itself',
  severity: 'error',
  verdict: 'refused',
  *find(world, tasks) {
    const seen = new Set<string>();
    for (const task of tasks) {
      const view = task.task;
      if (view?.trust === undefined || seen.has(view.arn)) continue;
      seen.add(view.arn);
      const named = view.least.set.identity.some(({ policy }) =>
        policy.statements.some(
          (one) =>
            one.effect === 'Allow' &&
            one.matchesAction('sts:assumerole') &&
            (one.resources ?? []).some(({ text }) => text === view.arn),
        ),
      );
      if (!named) continue;
      const request = {
        principal: sessionOf(view),
        action: 'sts:AssumeRole',
        resource: view.arn,
        resourceAccount: view.account,
        context: {},
      };
      const trust = { name: view.arn, source: 'resource', policy: view.trust.most } as const;
      if (decide(request, view.most, trust).effect === 'Allowed') continue;
      yield found(world, selfAssumedRole, {
        task,
        role: 'task',
        view,
        action: 'sts:AssumeRole',
        resource: view.arn,
        because: '/taskRoleArn',
        ...(view.source === undefined ? {} : { source: view.source.trust.origin }),
        why: `The task role ${view.arn} is granted sts:AssumeRole on itself, but its trust policy does not name it: a role does not trust itself by itself.`,
        remedy: 'Use the credentials the task has already, or name the role as a principal of its own trust policy.',
        fix: [policyFix(view.arn, [{ Effect: 'Allow', Principal: { AWS: view.arn }, Action: 'sts:AssumeRole' }])],
      });
    }
  },
};
