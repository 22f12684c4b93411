import { parseArn } from '../../core/arn.ts';
import { Unknown } from '../../sources/unknown.ts';
import type { TaskStarterSource } from '../../sources/workload.ts';
import { policyFix } from '../finding.ts';
import type { RoleView } from '../model/roles.ts';
import type { CheckedTask } from '../model/task.ts';
import { trustAnswer } from '../model/trust.ts';
import type { World } from '../model/world.ts';
import { found, type Rule } from './rule.ts';

interface Needed {
  readonly action: string;
  readonly resource: string;
  readonly context: Readonly<Record<string, string>>;
}

/**
 * Rules and schedules that start tasks do so with a role of their own: it runs the task and passes the task's roles.
 * Source: ECS Developer Guide, CWE_IAM_role; EventBridge User Guide, eb-use-identity-based.
 */
export const starters: Rule = {
  id: 'RC207',
  title: 'Rule or schedule cannot start the task',
  severity: 'error',
  verdict: 'refused',
  *find(world, tasks) {
    const seen = new Set<string>();
    for (const task of tasks) {
      for (const starter of world.deployments.of(task.view.source).starters) {
        const key = `${task.family} ${world.tokens.text(starter.arn)}`;
        if (seen.has(key) || starter.roleArn === undefined) continue;
        seen.add(key);
        const role = world.roles.find(world.tokens.text(starter.roleArn));
        if (role.state === 'absent') continue;
        yield* untrusted(world, task, starter, role);
        const refused = needs(world, task, starter).filter(
          (needed) => world.decider.answer({ role, ...needed }).verdict === 'refused',
        );
        if (refused.length === 0) continue;
        const [first] = refused;
        yield found(world, starters, {
          task,
          role: 'caller',
          view: role,
          action: first!.action,
          resource: first!.resource,
          source: starter.origin,
          why: `The ${starter.kind} ${world.tokens.text(starter.name)} cannot start the task: ${role.arn} has no ${[...new Set(refused.map(({ action, resource }) => `${action} on ${resource}`))].join(', ')}. EventBridge counts a failed invocation and says no more.`,
          remedy: `Add these statements to ${role.name}.`,
          fix: [policyFix(role.arn, refused.map(statement))],
        });
      }
    }
  },
};

function* untrusted(world: World, task: CheckedTask, starter: TaskStarterSource, role: RoleView) {
  const service = starter.kind === 'rule' ? 'events.amazonaws.com' : 'scheduler.amazonaws.com';
  const context = {
    // A schedule is called by the name of its group. Source: EventBridge Scheduler User Guide, cross-service confused deputy.
    'aws:SourceArn': world.tokens.text(starter.arn).replace(/:schedule\/([^/]+)\/.*$/s, ':schedule-group/$1'),
    'aws:SourceAccount': world.workload.account,
  };
  if (trustAnswer(role, service, context).verdict !== 'refused') return;
  yield found(world, starters, {
    task,
    role: 'caller',
    view: role,
    action: 'sts:AssumeRole',
    resource: role.arn,
    source: role.source?.trust.origin ?? starter.origin,
    why: `The ${starter.kind} ${world.tokens.text(starter.name)} cannot start the task: the trust policy of ${role.arn} does not let ${service} in.`,
    remedy: `Name ${service} as a principal of its trust policy.`,
    fix: [policyFix(role.arn, [{ Effect: 'Allow', Principal: { Service: service }, Action: 'sts:AssumeRole' }])],
  });
}

function needs(world: World, task: CheckedTask, starter: TaskStarterSource): Needed[] {
  const { tokens, workload } = world;
  const { region, account } = workload;
  const definition = starter.taskDefinition;
  // A revision that CloudFormation makes: any of the family.
  const resource =
    definition instanceof Unknown || parseArn(definition) === undefined
      ? `arn:aws:ecs:${region}:${account}:task-definition/${task.family}:1`
      : definition;
  const cluster = { 'ecs:cluster': tokens.text(starter.clusterArn) };
  const pass = [task.view.executionRoleArn, task.view.taskRoleArn].filter((arn) => arn !== undefined);
  const parameters = tokens.plain(starter.parameters) as { PropagateTags?: string; TagList?: readonly unknown[] };
  const tags = parameters.PropagateTags === 'TASK_DEFINITION' || (parameters.TagList ?? []).length > 0;
  const taskArn = `arn:aws:ecs:${region}:${account}:task/${tokens.text(starter.clusterArn).replace(/^.*\//, '')}/TASK_ID`;
  return [
    { action: 'ecs:RunTask', resource, context: cluster },
    ...[...new Set(pass)].map((arn) => ({
      action: 'iam:PassRole',
      resource: arn,
      context: { 'iam:PassedToService': 'ecs-tasks.amazonaws.com' },
    })),
    ...(tags
      ? [{ action: 'ecs:TagResource', resource: taskArn, context: { 'ecs:CreateAction': 'RunTask', ...cluster } }]
      : []),
  ];
}

function statement({ action, resource }: Needed): object {
  const Resource = resource.replace(/:1$/, ':*').replaceAll('TASK_ID', '*');
  const base = { Effect: 'Allow', Action: action, Resource };
  if (action === 'iam:PassRole')
    return { ...base, Condition: { StringEquals: { 'iam:PassedToService': 'ecs-tasks.amazonaws.com' } } };
  return action === 'ecs:TagResource'
    ? { ...base, Condition: { StringEquals: { 'ecs:CreateAction': 'RunTask' } } }
    : base;
}
