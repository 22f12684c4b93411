import { UserError } from '../core/errors.ts';
import { AMI_METADATA_OPTIONS } from '../core/metadata-options.ts';
import type { LaunchType } from '../roles/duty.ts';
import { launchedMetadataOptions } from '../sources/metadata-options.ts';
import { plain, unknownsIn } from '../sources/node.ts';
import type { TaskDefinitionSource, Workload } from '../sources/workload.ts';
import type { InstanceDefaults } from './workload-instances.ts';

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

/**
 * What container instances have that say nothing of it themselves: the role above, and the metadata options of what
 * starts instances in the workload. Throws SourceError for options that EC2 would refuse.
 */
export function instanceDefaults(workload: Workload, launchType: LaunchType): InstanceDefaults {
  const role = instanceRoleOf(workload, launchType);
  const metadataOptions =
    launchType === 'EC2'
      ? launchedMetadataOptions(workload, AMI_METADATA_OPTIONS, (error) => {
          throw error;
        })
      : undefined;
  return {
    ...(role === undefined ? {} : { role }),
    ...(metadataOptions === undefined ? {} : { metadataOptions }),
  };
}

/** The cluster that tasks run in: the workload's first one, else the default one. */
export function clusterOf({ clusters }: Workload): string {
  return clusters.map(({ name }) => name).find((name) => typeof name === 'string') ?? 'default';
}
