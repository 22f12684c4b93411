import { isRoleArn } from '../../core/arn.ts';
import type { Explanation, Reason } from '../../policy/explanation.ts';
import { reasonText } from '../../policy/explanation-text.ts';
import { nearestName } from '../../sources/suggest.ts';
import { type Finding, policyFix } from '../finding.ts';
import type { RoleView } from '../model/roles.ts';
import type { CheckedTask, JudgedDuty } from '../model/task.ts';
import { hasToken } from '../model/tokens.ts';
import type { World } from '../model/world.ts';
import { found, type RuleInfo } from './rule.ts';

const refused = { severity: 'error', verdict: 'refused' } as const;
export const NO_SUCH_ROLE: RuleInfo = { ...refused, id: 'RC201', title: 'Role does not exist' };
export const WRONG_TRUST: RuleInfo = { ...refused, id: 'RC202', title: 'Trust policy does not let ECS tasks in' };
export const TRUST_CONDITION: RuleInfo = {
  ...refused,
  id: 'RC203',
  title: 'Condition of the trust policy cannot be met',
};
export const INSTANCE_TRUST: RuleInfo = {
  ...refused,
  id: 'RC211',
  title: 'Trust policy of the instance role names the wrong service',
};

/** Roles that cannot be assumed: no task starts (or no instance registers), whatever their policies say. */
export function* trust(world: World, tasks: readonly CheckedTask[]): Iterable<Finding> {
  const instances = new Set<string>();
  for (const task of tasks) {
    yield* impossibleRoles(world, task);
    for (const duty of task.duties) {
      if (duty.action !== 'sts:AssumeRole' || duty.answer.verdict !== 'refused' || 'noRole' in duty.answer) continue;
      if (duty.role === 'container-instance') {
        if (instances.has(duty.view!.arn)) continue;
        instances.add(duty.view!.arn);
        yield instanceTrust(world, task, duty);
      } else yield taskTrust(world, task, duty, duty.answer.explanation);
    }
  }
}

function taskTrust(world: World, task: CheckedTask, duty: JudgedDuty, explanation: Explanation): Finding {
  const view = duty.view!;
  const source = view.source?.trust.origin;
  const common = { task, duty, ...(source === undefined ? {} : { source }) };
  const condition = failedCondition(explanation);
  const { account, region } = world.workload;
  const statement = {
    Effect: 'Allow',
    Principal: { Service: 'ecs-tasks.amazonaws.com' },
    Action: 'sts:AssumeRole',
    Condition: {
      ArnLike: { 'aws:SourceArn': `arn:aws:ecs:${region}:${account}:*` },
      StringEquals: { 'aws:SourceAccount': account },
    },
  };
  if (condition !== undefined) {
    const isSource = /^aws:SourceArn$/i.test(condition.key);
    return found(world, TRUST_CONDITION, {
      ...common,
      why:
        `ECS cannot assume ${view.arn}: the trust policy names ecs-tasks.amazonaws.com, but ${reasonText(condition)}.` +
        (isSource ? ' ECS gives no cluster or service there, and the key must be compared with a wildcard.' : ''),
      remedy: `Compare aws:SourceArn by ArnLike with arn:aws:ecs:${region}:${account}:*, and aws:SourceAccount with ${account}.`,
      fix: [policyFix(view.arn, [statement])],
    });
  }
  const named = trusted(view);
  return found(world, WRONG_TRUST, {
    ...common,
    why: `ECS cannot assume ${view.arn} for the task: its trust policy lets in ${named.length === 0 ? 'nobody' : named.join(', ')}, and not ecs-tasks.amazonaws.com.`,
    remedy: 'Name ecs-tasks.amazonaws.com as a principal of the trust policy.',
    fix: [policyFix(view.arn, [statement])],
  });
}

function instanceTrust(world: World, task: CheckedTask, duty: JudgedDuty): Finding {
  const view = duty.view!;
  const service = task.launchType === 'EC2' ? 'ec2.amazonaws.com' : 'ssm.amazonaws.com';
  const source = view.source?.trust.origin;
  return found(world, INSTANCE_TRUST, {
    task,
    duty,
    ...(source === undefined ? {} : { source }),
    why: `The instance gets no credentials: the trust policy of ${view.arn} lets in ${trusted(view).join(', ') || 'nobody'}, and ${service} hands the role to instances. The agent then cannot register.`,
    remedy: `Name ${service} as a principal of the trust policy.`,
    fix: [policyFix(view.arn, [{ Effect: 'Allow', Principal: { Service: service }, Action: 'sts:AssumeRole' }])],
  });
}

function trusted(view: NonNullable<JudgedDuty['view']>): string[] {
  return (view.trust?.least.statements ?? [])
    .filter(({ effect }) => effect === 'Allow')
    .flatMap(({ principals }) => [...(principals?.texts ?? [])])
    .map((text) => text.replace(/^Service: /, ''));
}

/** The condition that alone keeps a statement for the caller from applying. */
function failedCondition(explanation: Explanation): Extract<Reason, { because: 'condition' }> | undefined {
  for (const { statements } of explanation.policies)
    for (const { effect, reason } of statements)
      if (effect === 'Allow' && reason?.because === 'condition') return reason;
  return undefined;
}

const UNSET = /(^|[/:])(null|undefined|none|nil|nan|changeme|todo|xxx+|<[^>]*>|\$\{?[A-Za-z_]+\}?)$/i;

function wasUnset({ arn, name }: RoleView): boolean {
  return UNSET.test(arn) || name === '';
}

/** A role that cannot be, as it is named: said by a rule of its own, so nothing of it is missing in the input. */
export function isImpossible(view: RoleView): boolean {
  return view.state === 'absent' && !hasToken(view.arn) && (wasUnset(view) || !isRoleArn(view.arn));
}

/** A role ARN that was made from a variable that is not set, or that is nearly the name of a role of the input. */
function* impossibleRoles(world: World, task: CheckedTask): Iterable<Finding> {
  for (const [role, view, because] of [
    ['task-execution', task.execution, '/executionRoleArn'],
    ['task', task.task, '/taskRoleArn'],
  ] as const) {
    // What is no role's ARN at all, registration refuses.
    if (view === undefined || view.state === 'known' || !(isRoleArn(view.arn) || view.name === '')) continue;
    if (wasUnset(view)) {
      yield found(world, NO_SUCH_ROLE, {
        task,
        role,
        view,
        because,
        why: `There is no role ${view.arn}: the ARN looks made from a variable that was not set. ECS refuses to run the task.`,
        remedy: 'Correct the ARN.',
      });
      continue;
    }
    const similar = nearestName(
      view.name,
      world.roles.all().map(({ name }) => name),
    );
    const path = world.roles.all().find(({ name }) => name === view.name);
    if (path !== undefined || similar !== undefined)
      yield found(world, NO_SUCH_ROLE, {
        task,
        role,
        view,
        because,
        verdict: 'unknown',
        severity: 'warning',
        why:
          path === undefined
            ? `The input has no role ${view.name}; it has ${similar}.`
            : `The input has the role ${view.name} as ${path.arn}, and the task definition names ${view.arn}.`,
        remedy: 'Correct the ARN, or give the role that is meant.',
      });
  }
}
