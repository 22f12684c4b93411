import type { RequestContext } from '../../policy/types.ts';
import type { LaunchType } from '../../roles/duty.ts';
import { type FurtherOptions, furtherInstancePlan, furtherPlan } from '../../roles/further-plan.ts';
import { instancePlan } from '../../roles/instance-plan.ts';
import { taskPlan } from '../../roles/plan.ts';
import type { PlannedCall, PlanTaskDefinition } from '../../roles/plan-types.ts';
import type { Missing } from '../../sources/unknown.ts';
import type { Actor } from '../finding.ts';
import { contextOf } from './context.ts';
import type { Answer } from './decision.ts';
import type { InstanceRole } from './instance-role.ts';
import type { RegistrationView } from './registration.ts';
import type { RoleView } from './roles.ts';
import { taskAssumeContext, trustAnswer } from './trust.ts';
import type { World } from './world.ts';

/** A duty with its answer. */
export interface JudgedDuty {
  readonly call: PlannedCall;
  readonly role: Actor;
  /** Absent when the task has no such role, or it is not known which it is. */
  readonly view?: RoleView;
  readonly action: string;
  readonly resource: string;
  readonly context: RequestContext;
  readonly because: string;
  /** `no-role`: ECS has nothing to make the call with. */
  readonly answer: Answer | { readonly verdict: 'refused'; readonly noRole: true };
}

/** A task definition on one launch type. */
export interface CheckedTask {
  readonly view: RegistrationView;
  readonly family: string;
  readonly launchType: LaunchType;
  readonly execution?: RoleView;
  readonly task?: RoleView;
  readonly instance?: InstanceRole;
  readonly duties: readonly JudgedDuty[];
}

/** Plans a task and decides each of its duties. */
export function checkTask(
  world: World,
  view: RegistrationView,
  launchType: LaunchType,
  instance: InstanceRole | undefined,
  more: { readonly exec?: FurtherOptions['exec']; readonly further?: (roles: TaskRoles) => readonly JudgedDuty[] },
): CheckedTask {
  const { workload, roles, resources, cluster } = world;
  const definition = view.plannable as PlanTaskDefinition;
  const options: FurtherOptions = {
    launchType,
    region: workload.region,
    account: workload.account,
    cluster,
    customerKey: ({ kind, arn }) => resources.customerKey(kind, arn),
    pullThroughPrefixes: world.pullThroughPrefixes,
    ...(more.exec === undefined ? {} : { exec: more.exec }),
  };
  const execution = view.executionRoleArn === undefined ? undefined : roles.find(view.executionRoleArn);
  const task = view.taskRoleArn === undefined ? undefined : roles.find(view.taskRoleArn);
  const common = {
    view,
    family: view.family,
    launchType,
    ...(execution === undefined ? {} : { execution }),
    ...(task === undefined ? {} : { task }),
    ...(instance === undefined ? {} : { instance }),
  };
  const calls = [...taskPlan(definition, options), ...furtherPlan(definition, options)].filter(
    (call) => !isMadeAlready(world, call),
  );
  const duties = [
    ...launchDuties(world, common),
    ...(more.further?.(common) ?? []),
    ...(launchType === 'FARGATE' ? [] : instanceCalls(world)).flatMap((call) => judgeCall(world, common, call)),
    ...calls.flatMap((call) => judgeCall(world, common, call)),
  ];
  return { ...common, duties };
}

/** The log driver makes a group only where it finds none; one of the input is there. Source: Docker, awslogs driver. */
function isMadeAlready({ resources }: World, { operation, checks }: PlannedCall): boolean {
  return (
    operation === 'CreateLogGroup' && checks.every(({ action, resource }) => resources.of(action, resource).declared)
  );
}

function instanceCalls({ workload, cluster }: World): readonly PlannedCall[] {
  const options = { region: workload.region, account: workload.account, cluster };
  return [...instancePlan(options), ...furtherInstancePlan(options)];
}

/** A checked task before its duties are known. */
export type TaskRoles = Omit<CheckedTask, 'duties'>;

function judgeCall(world: World, roles: TaskRoles, call: PlannedCall): JudgedDuty[] {
  const { decider, resources, workload, cluster } = world;
  const clusterArn = `arn:aws:ecs:${workload.region}:${workload.account}:cluster/${cluster}`;
  return call.checks.map(({ action, resource: named }, index) => {
    const resource = resources.authorized(named);
    const because = call.because[Math.min(index, call.because.length - 1)] ?? '';
    const subject =
      call.via === undefined ? undefined : resources.authorized(call.id.slice(call.id.indexOf('/kms/') + 5));
    const common = { call, role: call.role, action, resource, because } as const;
    const actor = actorView(roles, call.role);
    if (actor === undefined) return { ...common, context: {}, answer: { verdict: 'refused', noRole: true } };
    if ('missing' in actor) return { ...common, context: {}, answer: { verdict: 'unknown', missing: [actor.missing] } };
    const context = contextOf(call, actor.view, resource, {
      clusterArn,
      ...(subject === undefined ? {} : { subject }),
    });
    const answer = decider.answer({ role: actor.view, action, resource, context });
    return { ...common, view: actor.view, context, answer };
  });
}

function actorView(roles: TaskRoles, role: Actor): { view: RoleView } | { missing: Missing } | undefined {
  switch (role) {
    case 'task-execution':
      return roles.execution === undefined ? undefined : { view: roles.execution };
    case 'task':
      return roles.task === undefined ? undefined : { view: roles.task };
    case 'container-instance':
      return roles.instance;
    default:
      return undefined;
  }
}

/** ECS assumes the task's roles; EC2 (or SSM) delivers the instance's. */
function launchDuties({ workload, cluster }: World, roles: TaskRoles): JudgedDuty[] {
  const { region, account } = workload;
  const duty = (
    view: RoleView,
    role: Actor,
    service: string,
    because: string,
    context: RequestContext,
  ): JudgedDuty => ({
    call: {
      id: `launch/${role}`,
      stage: role === 'container-instance' ? 'instance' : 'launch',
      role: 'service-linked',
      service: 'sts',
      operation: 'AssumeRole',
      region,
      input: {},
      containers: [],
      because: [because],
      occurs: 'once',
      checks: [{ action: 'sts:AssumeRole', resource: view.arn }],
    },
    role,
    view,
    action: 'sts:AssumeRole',
    resource: view.arn,
    context,
    because,
    answer: trustAnswer(view, service, context),
  });
  const assumed = taskAssumeContext(region, account, cluster);
  const instance = roles.instance !== undefined && 'view' in roles.instance ? roles.instance.view : undefined;
  return [
    ...(instance === undefined
      ? []
      : [
          duty(
            instance,
            'container-instance',
            roles.launchType === 'EC2' ? 'ec2.amazonaws.com' : 'ssm.amazonaws.com',
            '',
            {},
          ),
        ]),
    ...(roles.execution === undefined
      ? []
      : [duty(roles.execution, 'task-execution', 'ecs-tasks.amazonaws.com', '/executionRoleArn', assumed)]),
    ...(roles.task === undefined ? [] : [duty(roles.task, 'task', 'ecs-tasks.amazonaws.com', '/taskRoleArn', assumed)]),
  ];
}
