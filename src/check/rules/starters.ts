import { parseArn } from '../../core/arn.ts';
import { expandRole } from '../../services/ecs/task-roles.ts';
import { Unknown } from '../../sources/unknown.ts';
import type { TaskStarterSource } from '../../sources/workload.ts';
import { type Finding, policyFix } from '../finding.ts';
import type { RoleView } from '../model/roles.ts';
import type { CheckedTask } from '../model/task.ts';
import { trustAnswer } from '../model/trust.ts';
import type { World } from '../model/world.ts';
import { found, type Rule } from './rule.ts';

interface Needed {
  readonly action: string;
  readonly resource: string;
  readonly context: Readonly<Record<string, string>>;
  /** Documented, and perhaps not asked in this case. */
  readonly undecided?: true;
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
        const key = `${task.family} ${world.tokens.text(starter.arn)} ${starter.origin.file} ${starter.origin.path}`;
        if (seen.has(key)) continue;
        seen.add(key);
        if (starter.roleArn === undefined) {
          yield withoutRole(world, task, starter);
          continue;
        }
        const role = world.roles.find(world.tokens.text(starter.roleArn));
        if (role.state === 'absent') yield* unseen(world, task, starter, role);
        else {
          yield* untrusted(world, task, starter, role);
          yield* refusedCalls(world, task, starter, role);
        }
      }
    }
  },
};

/** Source: EventBridge API, PutTargets ("relies on IAM roles that you specify in the RoleArn"); Scheduler API, Target. */
function withoutRole(world: World, task: CheckedTask, starter: TaskStarterSource): Finding {
  return found(world, starters, {
    task,
    role: 'caller',
    source: starter.origin,
    why: `The ${starter.kind} ${world.tokens.text(starter.name)} names no role for its target: EventBridge starts tasks with such a role only, and refuses the target.`,
    remedy: 'Give the target a RoleArn: a role that may run the task and pass its roles.',
  });
}

function* unseen(world: World, task: CheckedTask, starter: TaskStarterSource, role: RoleView) {
  const [missing] = role.missing;
  if (missing === undefined) return;
  yield found(world, starters, {
    task,
    role: 'caller',
    view: role,
    verdict: 'unknown',
    severity: 'note',
    source: starter.origin,
    why: `Whether the ${starter.kind} ${world.tokens.text(starter.name)} can start the task cannot be decided: ${missing.why}.`,
    remedy: missing.help,
  });
}

function* refusedCalls(world: World, task: CheckedTask, starter: TaskStarterSource, role: RoleView) {
  const refused = needs(world, task, starter).filter(
    (needed) => world.decider.answer({ role, ...needed }).verdict === 'refused',
  );
  const [first] = refused;
  if (first === undefined) return;
  const calls = [...new Set(refused.map(({ action, resource }) => `${action} on ${resource}`))].join(', ');
  const what = `${starter.kind} ${world.tokens.text(starter.name)}`;
  const documentedOnly = refused.every(({ undecided }) => undecided === true);
  yield found(world, starters, {
    task,
    role: 'caller',
    view: role,
    action: first.action,
    resource: first.resource,
    source: starter.origin,
    ...(documentedOnly ? ({ verdict: 'unknown', severity: 'warning' } as const) : {}),
    why: documentedOnly
      ? `The ${what} may fail to start the task: ${role.arn} has no ${calls}. AWS documents it as needed for every task role; for task definitions of EC2 alone the CDK leaves it out, so it may not be asked there.`
      : `The ${what} cannot start the task: ${role.arn} has no ${calls}. EventBridge counts a failed invocation and says no more.`,
    remedy: `Add ${refused.length === 1 ? 'this statement' : 'these statements'} to ${role.name}.`,
    fix: [policyFix(role.arn, refused.map(statement))],
  });
}

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
  const parameters = tokens.plain(starter.parameters) as StarterParameters;
  const { PropagateTags, TagList = [], Tags = [], LaunchType } = parameters;
  const tags = PropagateTags === 'TASK_DEFINITION' || TagList.length > 0 || Tags.length > 0;
  const { execution, own } = passedRoles(world, task, starter);
  const ec2Only =
    LaunchType !== 'FARGATE' && task.view.registration.requiresCompatibilities?.includes('FARGATE') !== true;
  const taskArn = `arn:aws:ecs:${region}:${account}:task/${tokens.text(starter.clusterArn).replace(/^.*\//, '')}/TASK_ID`;
  return [
    { action: 'ecs:RunTask', resource, context: cluster },
    ...(execution === undefined ? [] : [passing(execution)]),
    // unverified: for EC2. Source: ECS Developer Guide, CWE_IAM_role (every role); aws-cdk-lib, EcsTask (not on EC2 alone).
    ...(own === undefined || own === execution
      ? []
      : [{ ...passing(own), ...(ec2Only ? ({ undecided: true } as const) : {}) }]),
    ...(tags
      ? [{ action: 'ecs:TagResource', resource: taskArn, context: { 'ecs:CreateAction': 'RunTask', ...cluster } }]
      : []),
  ];
}

interface StarterParameters {
  readonly PropagateTags?: string;
  /** Of rules; `Tags` are those of schedules. */
  readonly TagList?: readonly unknown[];
  readonly Tags?: readonly unknown[];
  readonly LaunchType?: string;
}

function passing(resource: string): Needed {
  return { action: 'iam:PassRole', resource, context: { 'iam:PassedToService': 'ecs-tasks.amazonaws.com' } };
}

/** The target's input may name other roles: those are passed then. Source: ECS Developer Guide, CWE_IAM_role ("task role override"). */
function passedRoles({ tokens, workload }: World, { view }: CheckedTask, { input }: TaskStarterSource) {
  const overrides = overridesIn(input === undefined ? '' : tokens.text(input));
  const role = (name: 'executionRoleArn' | 'taskRoleArn') => {
    const given = overrides[name];
    if (typeof given !== 'string' || given === '') return view[name];
    return expandRole(given, workload.account) ?? given;
  };
  return { execution: role('executionRoleArn'), own: role('taskRoleArn') };
}

function overridesIn(text: string): { readonly executionRoleArn?: unknown; readonly taskRoleArn?: unknown } {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? value : {};
  } catch {
    return {};
  }
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
