import { matchArn } from '../../policy/arn-pattern.ts';
import { found, type Rule } from './rule.ts';

/** Registry of the agent that GuardDuty puts beside Fargate tasks, by Region. Source: GuardDuty User Guide, runtime-monitoring-ecr-repository-gdu-agent. */
const GUARDDUTY_REPOSITORY = 'repository/aws-guardduty-agent-fargate';

/**
 * An execution role narrowed to its own repositories cannot pull what AWS adds to the task. It is looked for where the
 * input sets GuardDuty up; elsewhere nothing shows that it is on.
 */
export const injectedSidecar: Rule = {
  id: 'RC125',
  title: 'Execution role cannot pull the sidecar of GuardDuty',
  severity: 'note',
  verdict: 'advice',
  *find(world, tasks) {
    if (!world.workload.leftOut.some(({ what }) => /guardduty.?:?:?detector/i.test(what))) return;
    const seen = new Set<string>();
    for (const task of tasks) {
      const view = task.execution;
      if (task.launchType !== 'FARGATE' || view === undefined || view.missing.length > 0 || seen.has(view.arn))
        continue;
      seen.add(view.arn);
      const sidecar = `arn:aws:ecr:${world.workload.region}:000000000000:${GUARDDUTY_REPOSITORY}`;
      const patterns = view.least.set.identity.flatMap(({ policy }) =>
        policy.statements
          .filter((one) => one.effect === 'Allow' && one.matchesAction('ecr:batchgetimage'))
          .flatMap(({ resources }) => (resources ?? []).map(({ text }) => text)),
      );
      if (patterns.length === 0 || patterns.some((pattern) => pattern === '*' || matchArn(pattern, sidecar))) continue;
      yield found(world, injectedSidecar, {
        task,
        role: 'task-execution',
        view,
        because: '/executionRoleArn',
        why: `${view.arn} may pull from its own repositories only. If GuardDuty Runtime Monitoring is on for the account, AWS adds a sidecar from a repository of its own, and pulls it with this role.`,
        remedy: 'If it is on, allow the pull from AWS’s repository too (its account is in the GuardDuty User Guide).',
      });
    }
  },
};
