import type { Registration, Violation } from '../../services/ecs/registration/rule.ts';
import { launchTypeViolations, registrationViolations } from '../../services/ecs/registration/rules.ts';
import type { Finding } from '../finding.ts';
import { unknownAt } from '../model/registration.ts';
import type { CheckedTask } from '../model/task.ts';
import type { World } from '../model/world.ts';
import { found, type RuleInfo } from './rule.ts';

export const NEEDS_EXECUTION_ROLE: RuleInfo = {
  id: 'RC204',
  title: 'Execution role is missing',
  severity: 'error',
  verdict: 'refused',
};
export const NOT_REGISTERED: RuleInfo = {
  id: 'RC401',
  title: 'ECS does not register the task definition',
  severity: 'error',
  verdict: 'not-a-role-problem',
};

/** What RegisterTaskDefinition would answer, and what the launch type would. */
export function* registration(world: World, tasks: readonly CheckedTask[]): Iterable<Finding> {
  for (const task of tasks) {
    const { view, launchType } = task;
    const asked = withoutUnknowns(view.registration);
    const seen = new Set<string>();
    for (const violation of [
      ...registrationViolations({ ...asked, requiresCompatibilities: asked.requiresCompatibilities ?? [] }),
      ...(launchType === 'EC2' ? [] : launchTypeViolations(asked, launchType)),
    ]) {
      const key = `${violation.path} ${violation.message}`;
      if (seen.has(key) || dependsOnUnknown(task, violation)) continue;
      seen.add(key);
      // What one launch type asks for is said there only.
      if (launchType !== 'FARGATE' && /^Fargate |Fargate$|on Fargate\.$/.test(violation.message)) continue;
      yield finding(world, task, violation);
    }
  }
}

function finding(world: World, task: CheckedTask, { message, code, path }: Violation): Finding {
  if (/execution ?role/i.test(message)) {
    const what = task.launchType === 'FARGATE' ? 'Fargate' : 'ECS';
    return found(world, NEEDS_EXECUTION_ROLE, {
      task,
      because: path,
      role: 'task-execution',
      why: `${what} refuses the task definition (${code}: ${message})`,
      remedy: 'Set executionRoleArn to a role that ecs-tasks.amazonaws.com may assume.',
    });
  }
  if (message === 'Role is not valid') {
    return found(world, ROLE_NOT_VALID, {
      task,
      because: path,
      role: path === '/taskRoleArn' ? 'task' : 'task-execution',
      ...notARole(task, path, `${code}: ${message}`),
    });
  }
  return found(world, NOT_REGISTERED, {
    task,
    because: path,
    why: `ECS refuses the task definition (${code}: ${message})`,
    remedy: 'Correct the task definition at this place.',
  });
}

/** What people put where a value is to be filled in later: `${NAME}`, `$NAME`, `{{ name }}`, `<name>`, `%NAME%`. */
const PLACEHOLDER = /\$\{[^}]*\}|\$[A-Za-z_]\w*|\{\{[^}]*\}\}|<[^<>]+>|%[A-Za-z_]\w*%/;

function notARole({ view }: CheckedTask, path: string, answer: string) {
  const member = path === '/taskRoleArn' ? 'taskRoleArn' : 'executionRoleArn';
  const given = String(view.registration[member] ?? '');
  const [placeholder] = PLACEHOLDER.exec(given) ?? [];
  const refusal = `ECS refuses the task definition (${answer}): ${member} `;
  if (placeholder !== undefined)
    return {
      why: `${refusal}holds the placeholder ${placeholder}, which nothing has filled in.`,
      remedy: `Fill it in, and check what is registered in the end.`,
    };
  return {
    why: `${refusal}is neither the ARN nor the name of a role: ${given === '' ? 'it is empty' : given}.`,
    remedy: 'Give the ARN of a role: arn:aws:iam::ACCOUNT:role/NAME.',
  };
}

export const ROLE_NOT_VALID: RuleInfo = {
  id: 'RC205',
  title: 'Role is not valid',
  severity: 'error',
  verdict: 'refused',
};

/** Lists of which nothing is known are no lists. */
function withoutUnknowns(given: Registration): Registration {
  return Object.fromEntries(
    Object.entries(given).filter(([name, value]) => !(LISTS.has(name) && typeof value === 'string')),
  ) as Registration;
}

const LISTS = new Set(['containerDefinitions', 'volumes', 'requiresCompatibilities', 'placementConstraints', 'tags']);

function dependsOnUnknown({ view }: CheckedTask, { path }: Violation): boolean {
  if (path === '/cpu' || path === '/memory') return unknownAt(view.source, '/cpu') || unknownAt(view.source, '/memory');
  // A violation of a list or an object as a whole is one whatever its members are, but for those that are not known.
  return unknownAt(view.source, path);
}
