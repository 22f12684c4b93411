import type { Rule } from './rule.ts';
import { found } from './rule.ts';

/** Source: problems seen in the field; Checkov CKV_AWS_249 looks for the same. */
export const sharedRole: Rule = {
  id: 'RC301',
  title: 'Execution role and task role are the same',
  severity: 'warning',
  verdict: 'advice',
  *find(world, tasks) {
    const seen = new Set<string>();
    for (const task of tasks) {
      const { execution, task: own, family } = task;
      if (execution === undefined || own === undefined || execution.arn !== own.arn || seen.has(family)) continue;
      seen.add(family);
      yield found(world, sharedRole, {
        task,
        role: 'task',
        view: own,
        because: '/taskRoleArn',
        why: `The application runs with ${own.arn}, which is also the execution role: it can read every start-up secret and pull every image that ECS can.`,
        remedy: 'Give the application a role of its own.',
      });
    }
  },
};
