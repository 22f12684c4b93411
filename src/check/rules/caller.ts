import { UserError } from '../../core/errors.ts';
import type { Finding } from '../finding.ts';
import { policyFix } from '../finding.ts';
import type { RoleView } from '../model/roles.ts';
import type { CheckedTask, JudgedDuty, TaskRoles } from '../model/task.ts';
import type { World } from '../model/world.ts';
import { found, type RuleInfo } from './rule.ts';

export const MAY_NOT_PASS: RuleInfo = {
  id: 'RC206',
  title: 'Deployer may not pass a role',
  severity: 'error',
  verdict: 'refused',
};

/** The caller named by `--caller`. @throws UserError when the input has no such role. */
export function callerOf(world: World): RoleView | undefined {
  const given = world.options.caller;
  if (given === undefined) return undefined;
  const caller = roleOfSession(given, world) ?? given;
  const view =
    world.roles.user(caller) ?? (caller.startsWith('arn:') ? world.roles.find(caller) : world.roles.named(caller));
  if (view === undefined || view.state === 'absent')
    throw new UserError(
      'caller-not-found',
      `the input has no role or user ${given} that could be the caller`,
      'Give its files too: roles/NAME/, its template, or the output of `aws iam get-account-authorization-details`.',
    );
  return view;
}

/** `aws sts get-caller-identity` answers a session's ARN, in which the path of the role is left out. */
function roleOfSession(arn: string, { roles }: World): string | undefined {
  const [, account, name] = /^arn:[\w-]+:sts::(\d{12}):assumed-role\/([^/]+)\//.exec(arn) ?? [];
  return roles.all().find((role) => role.name === name && role.account === account)?.arn;
}

/** iam:PassRole, once for each of the task's roles. Source: ECS Developer Guide, task_execution_IAM_role; IAM, PassRole. */
export function passRoleDuties(world: World, task: TaskRoles, caller: RoleView): JudgedDuty[] {
  return (['executionRoleArn', 'taskRoleArn'] as const).flatMap((member) => {
    const roleArn = task.view[member];
    if (roleArn === undefined || (member === 'taskRoleArn' && roleArn === task.view.executionRoleArn)) return [];
    const context = { 'iam:PassedToService': 'ecs-tasks.amazonaws.com', 'aws:RequestedRegion': world.workload.region };
    const answer = world.decider.answer({ role: caller, action: 'iam:PassRole', resource: roleArn, context });
    const call = {
      id: `launch/pass/${member}`,
      stage: 'launch',
      role: 'service-linked',
      service: 'ecs',
      operation: 'PassRole',
      region: world.workload.region,
      input: {},
      containers: [],
      because: [`/${member}`],
      occurs: 'once',
      checks: [{ action: 'iam:PassRole', resource: roleArn }],
    } as const;
    return [
      {
        call,
        role: 'caller',
        view: caller,
        action: 'iam:PassRole',
        resource: roleArn,
        context,
        because: `/${member}`,
        answer,
      },
    ];
  });
}

export function* passRoleFindings(world: World, tasks: readonly CheckedTask[]): Iterable<Finding> {
  const seen = new Set<string>();
  for (const task of tasks) {
    for (const duty of task.duties) {
      if (duty.role !== 'caller' || duty.answer.verdict !== 'refused') continue;
      const key = `${task.family} ${duty.resource}`;
      if (seen.has(key)) continue;
      seen.add(key);
      const which = duty.because === '/executionRoleArn' ? 'execution role' : 'task role';
      yield found(world, MAY_NOT_PASS, {
        task,
        duty,
        why: `${duty.view!.arn} may not pass the ${which} ${duty.resource} to ECS: RegisterTaskDefinition and RunTask are refused. Both roles must be passed.`,
        remedy: `Allow iam:PassRole on both roles for ${duty.view!.name}.`,
        fix: [
          policyFix(duty.view!.arn, [
            {
              Effect: 'Allow',
              Action: 'iam:PassRole',
              Resource: [task.view.executionRoleArn, task.view.taskRoleArn].filter((arn) => arn !== undefined),
              Condition: { StringEquals: { 'iam:PassedToService': 'ecs-tasks.amazonaws.com' } },
            },
          ]),
        ],
      });
    }
  }
}
