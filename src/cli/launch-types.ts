import { UserError } from '../core/errors.ts';
import type { LaunchType } from '../roles/duty.ts';
import { plain, unknownsIn } from '../sources/node.ts';
import type { TaskDefinitionSource, Workload } from '../sources/workload.ts';

const ALL: readonly LaunchType[] = ['FARGATE', 'EC2', 'EXTERNAL'];

/**
 * The launch types that `run` takes for a task definition: `--launch-type`, else what `rolecall.json` names, else what
 * the task definition requires, else what ECS found it compatible with (without EXTERNAL, which is asked for by name).
 */
export function launchTypesFor(
  source: TaskDefinitionSource,
  compatibilities: readonly string[],
  workload: Workload,
  asked: string | undefined,
): readonly LaunchType[] {
  if (asked !== undefined) return [asked.toUpperCase() as LaunchType];
  const { launchTypes } = workload.settings;
  if (launchTypes !== undefined) return launchTypes;
  const required = source.input.members.get('requiresCompatibilities');
  const written = required === undefined || unknownsIn(required).length > 0 ? [] : (plain(required) as string[]);
  const named = ALL.filter((type) => written.includes(type));
  if (named.length > 0) return named;
  if (written.length > 0)
    throw new UserError(
      'launch-type-unsupported',
      `the task definition ${source.family} requires ${written.join(', ')}, which is not served`,
      `Launch types: ${ALL.join(', ')}.`,
    );
  return ALL.filter((type) => type !== 'EXTERNAL' && compatibilities.includes(type));
}

/** The role of the container instances: that of the workload's instance profile, else its one role that EC2 may assume. */
export function instanceRoleOf(workload: Workload, launchType: LaunchType): string | undefined {
  if (launchType === 'FARGATE') return undefined;
  const profile = workload.instanceProfiles.find(({ role }) => typeof role === 'string')?.role;
  if (launchType === 'EC2' && typeof profile === 'string') return profile;
  const service = launchType === 'EC2' ? 'ec2.amazonaws.com' : 'ssm.amazonaws.com';
  const trusting = workload.roles.filter(({ trust }) => JSON.stringify(plain(trust.node)).includes(`"${service}"`));
  const name = trusting.length === 1 ? trusting[0]?.name : undefined;
  return typeof name === 'string' ? name : undefined;
}
