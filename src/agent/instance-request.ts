import { UserError } from '../core/errors.ts';
import { AMI_METADATA_OPTIONS, type MetadataOptions, metadataOptionProblem } from '../core/metadata-options.ts';
import { DEFAULT_SWITCHES } from '../services/ecs/agent-switches.ts';
import type { AgentSwitches } from '../services/ecs/records.ts';
import { nearestName } from '../sources/suggest.ts';
import type { InstanceRoleRequest } from './instance-role.ts';
import { instanceTypes, sizeOf } from './instance-types.ts';

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
  if (instanceType !== undefined && sizeOf(instanceType) === undefined) throw unknownType(instanceType);
  checkZone(availabilityZone, region);
  checkAttributes(attributes ?? {});
}

function unknownType(instanceType: string): UserError {
  const similar = nearestName(instanceType, instanceTypes);
  const family = instanceTypes.filter((type) => type.startsWith(`${instanceType.split('.')[0]}.`));
  const families = [...new Set(instanceTypes.map((type) => type.split('.')[0]))];
  const near = similar === undefined ? '' : `Did you mean ${similar}? `;
  const known = family.length > 0 ? family.join(', ') : `types of the families ${families.join(', ')}`;
  return new UserError(
    'instance-type-unknown',
    `there is no instance type ${instanceType} here`,
    `${near}There are ${known}.`,
  );
}

function checkZone(zone: string | undefined, region: string): void {
  if (zone === undefined || (zone.startsWith(region) && /^[a-z]$/.test(zone.slice(region.length)))) return;
  throw new UserError(
    'availability-zone-unknown',
    `${zone} is no Availability Zone of ${region}`,
    `Its zones are called ${region}a, ${region}b and so on.`,
  );
}

/** Source: ECS API, Attribute; names that ECS uses itself are not custom ones. */
function checkAttributes(attributes: Readonly<Record<string, string>>): void {
  for (const [name, value] of Object.entries(attributes)) {
    const wrong = (what: string) =>
      new UserError(
        'attribute-invalid',
        `the attribute ${name} ${what}`,
        'Names have up to 128 letters, digits and _ . / - ; values up to 128 characters. Those that begin with `ecs.` are of ECS.',
      );
    if (!/^[\w./-]{1,128}$/.test(name)) throw wrong('is not a name');
    if (/^(ecs\.|com\.amazonaws\.ecs\.)/.test(name)) throw wrong('is one of ECS itself');
    if (!/^[\w./\\@:\s-]{0,128}$/.test(value) || value !== value.trim()) throw wrong(`cannot have the value ${value}`);
  }
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
