import { roleNameOf } from '../../core/arn.ts';
import type { LaunchType } from '../../roles/duty.ts';
import type { Missing, Text } from '../../sources/unknown.ts';
import type { Workload } from '../../sources/workload.ts';
import type { RoleBook, RoleView } from './roles.ts';
import type { Tokens } from './tokens.ts';

/** The role of the container instances; or why it is not known. */
export type InstanceRole = { readonly view: RoleView } | { readonly missing: Missing };

/** Who delivers the instance role. Source: ECS Developer Guide, instance_IAM_role and ecs-anywhere. */
const SERVICES = { EC2: 'ec2.amazonaws.com', EXTERNAL: 'ssm.amazonaws.com' } as const;

/**
 * The role that the workload's settings give to instances, else that of its instance profile, else the one that EC2 (SSM, for external instances) may assume, else one
 * that carries the agent's permissions. Several that fit are narrowed to those that may register an instance.
 */
export function instanceRoleOf(
  workload: Workload,
  roles: RoleBook,
  tokens: Tokens,
  launchType: LaunchType,
): InstanceRole | undefined {
  if (launchType === 'FARGATE') return undefined;
  const used = new Set(
    workload.launches.flatMap(({ instanceProfile }) =>
      instanceProfile === undefined ? [] : [tokens.text(instanceProfile)],
    ),
  );
  const isUsed = ({ name, arn }: { readonly name: Text; readonly arn: Text }) =>
    used.has(tokens.text(name)) || used.has(tokens.text(arn));
  const inUse = workload.instanceProfiles.filter(isUsed);
  const profiles = (inUse.length > 0 ? inUse : workload.instanceProfiles).flatMap(({ role }) => {
    if (role === undefined) return [];
    const view = roles.named(role);
    return view === undefined ? [] : [view];
  });
  const trusting = roles
    .all()
    .filter(({ trust }) => trust?.least.statements.some((one) => one.principals?.services.has(SERVICES[launchType])));
  const agents = roles.all().filter((role) => serves(role) && !isTaskRole(workload, tokens, role));
  const found = launchType === 'EC2' && profiles.length > 0 ? profiles : trusting.length > 0 ? trusting : agents;
  const named = namedRoles(workload, roles, launchType);
  const candidates = named.length > 0 ? named : found;
  const likely = candidates.length > 1 ? candidates.filter(serves) : candidates;
  const [view, second] = likely.length > 0 ? [...new Set(likely)] : [...new Set(candidates)];
  if (view !== undefined && second === undefined) return { view };
  const origin = { file: '', path: '', line: 0 };
  if (view !== undefined && second !== undefined)
    return {
      missing: {
        why: `several roles could be that of the container instances: ${candidates.map(({ name }) => tokens.shown(name)).join(', ')}`,
        help: 'Name it: --instance-role NAME.',
        origin,
      },
    };
  return {
    missing: {
      why: `the role of the ${launchType === 'EC2' ? 'container' : 'external'} instances is not in the input`,
      help: `Give it too: roles/NAME/ with a trust policy for ${SERVICES[launchType]}, or the template of the cluster.`,
      origin,
    },
  };
}

/** Those that `rolecall.json` gives to its instances of the launch type. */
function namedRoles({ settings }: Workload, roles: RoleBook, launchType: LaunchType): RoleView[] {
  return (settings.instances ?? []).flatMap((instance) => {
    if (instance.launchType !== launchType || instance.role === undefined) return [];
    return [roles.byName(instance.role)];
  });
}

/** Its policies let an agent register. */
function serves({ most }: RoleView): boolean {
  const action = 'ecs:registercontainerinstance';
  return most.set.identity.some(({ policy }) =>
    policy.statements.some(
      (one) => one.effect === 'Allow' && one.matchesAction(action) && !one.notAction && !wide(one.actions),
    ),
  );
}

/** `*` says nothing about what a role is for. */
function wide(actions: readonly { readonly text: string }[]): boolean {
  return actions.every(({ text }) => text === '*');
}

function isTaskRole(workload: Workload, tokens: Tokens, role: RoleView): boolean {
  return workload.taskDefinitions.some(({ input }) =>
    ['taskRoleArn', 'executionRoleArn'].some((member) => {
      const node = input.members.get(member);
      const text = node === undefined ? '' : String(tokens.plain(node));
      return text === role.arn || roleNameOf(text) === role.name;
    }),
  );
}
