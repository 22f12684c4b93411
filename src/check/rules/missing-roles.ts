import type { Finding } from '../finding.ts';
import type { CheckedTask, JudgedDuty } from '../model/task.ts';
import type { World } from '../model/world.ts';
import { NEEDS_EXECUTION_ROLE } from './registration.ts';
import { found, type RuleInfo } from './rule.ts';

export const NEEDS_TASK_ROLE: RuleInfo = {
  id: 'RC214',
  title: 'Task role is missing',
  severity: 'error',
  verdict: 'refused',
};

/** Calls that only one role can make, of a task that has no such role. What registration refuses already is not told again. */
export function* missingRoles(world: World, tasks: readonly CheckedTask[]): Iterable<Finding> {
  for (const task of tasks) {
    const told = new Set<string>();
    for (const duty of task.duties) {
      if (!('noRole' in duty.answer) || told.has(`${duty.role} ${duty.call.stage}`)) continue;
      const rule = ruleFor(task, duty);
      if (rule === undefined) continue;
      told.add(`${duty.role} ${duty.call.stage}`);
      const member = duty.role === 'task' ? 'taskRoleArn' : 'executionRoleArn';
      yield found(world, rule, {
        task,
        duty,
        why: `${duty.action} is made with the ${duty.role === 'task' ? 'task role' : 'task execution role'}, and the task definition has no ${member}: there is nothing to make the call with.`,
        remedy: `Set ${member} to a role that ecs-tasks.amazonaws.com may assume, with ${duty.action} on ${duty.resource}.`,
      });
    }
  }
}

function ruleFor({ launchType }: CheckedTask, { role, call }: JudgedDuty): RuleInfo | undefined {
  if (role === 'task') return NEEDS_TASK_ROLE;
  // Registration asks for the role itself: on Fargate for these, everywhere for secrets.
  const late = call.stage === 'environment-files' && launchType !== 'FARGATE';
  return late ? NEEDS_EXECUTION_ROLE : undefined;
}
