import { UserError } from '../core/errors.ts';
import { AMI_METADATA_OPTIONS, type MetadataOptions, metadataOptionProblem } from '../core/metadata-options.ts';
import { DEFAULT_SWITCHES } from '../services/ecs/agent-switches.ts';
import type { AgentSwitches } from '../services/ecs/records.ts';
import { attributeProblem, availabilityZoneProblem, instanceTypeProblem } from '../sources/instance-problems.ts';
import type { InstanceRoleRequest } from './instance-role.ts';

/** A container instance that someone asks for. */
export interface InstanceRequest extends InstanceRoleRequest {
  /** Cluster name. */
  readonly cluster: string;
  /** Names of AgentSwitches. */
  readonly switches?: Readonly<Record<string, boolean>>;
  readonly instanceType?: string;
  /** Custom attributes; without a value: ''. */
  readonly attributes?: Readonly<Record<string, string>>;
  /** Of the instance's Region; default: its first. */
  readonly availabilityZone?: string;
  /** Names and values of MetadataOptions. */
  readonly metadataOptions?: Readonly<Record<string, unknown>>;
}

/** Throws UserError for what no instance of the Region can be. */
export function checkInstanceRequest(request: InstanceRequest, region: string): void {
  const { instanceType, availabilityZone, attributes } = request;
  const problems = [
    instanceType === undefined ? undefined : instanceTypeProblem(instanceType, 'here'),
    availabilityZone === undefined ? undefined : availabilityZoneProblem(availabilityZone, region),
    ...Object.entries(attributes ?? {}).map(([name, value]) => attributeProblem(name, value)),
  ];
  for (const problem of problems)
    if (problem !== undefined) throw new UserError(problem.code, problem.what, problem.help);
}

/** All options, as today's ECS-optimized AMIs have them where they are not given. Throws UserError. */
export function readMetadataOptions({
  launchType,
  metadataOptions,
}: Pick<InstanceRequest, 'launchType' | 'metadataOptions'>): MetadataOptions {
  if (metadataOptions !== undefined && launchType === 'EXTERNAL')
    throw new UserError(
      'metadata-options-invalid',
      '/metadataOptions: an external instance has no metadata service',
      'Leave them out: its credentials come from the SSM agent.',
    );
  for (const [name, value] of Object.entries(metadataOptions ?? {})) {
    const problem = metadataOptionProblem(name, value);
    if (problem !== undefined)
      throw new UserError('metadata-options-invalid', `/metadataOptions/${name}: ${problem.what}`, problem.help);
  }
  return { ...AMI_METADATA_OPTIONS, ...metadataOptions };
}

/** All switches, as they are by default where they are not given. Throws UserError. */
export function readSwitches(given: Readonly<Record<string, boolean>>): AgentSwitches {
  for (const [name, value] of Object.entries(given)) {
    if (!Object.hasOwn(DEFAULT_SWITCHES, name)) {
      throw new UserError(
        'switch-unknown',
        `there is no agent switch ${name}`,
        `There are ${Object.keys(DEFAULT_SWITCHES).join(', ')}.`,
      );
    }
    if (typeof value !== 'boolean') {
      throw new UserError(
        'switch-invalid',
        `the agent switch ${name} is neither true nor false`,
        'Give it true or false.',
      );
    }
  }
  return { ...DEFAULT_SWITCHES, ...given };
}
