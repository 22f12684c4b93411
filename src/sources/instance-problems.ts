import { instanceTypes, instanceTypesAnywhere } from '../core/instance-types.ts';
import { nearestName } from './suggest.ts';

/** What is wrong with a part of a container instance, as a UserError takes it. */
export interface InstanceProblem {
  readonly code: string;
  readonly what: string;
  readonly help: string;
}

/** Undefined for a type that there is. `anywhere`: on a machine of any architecture, not only this one. */
export function instanceTypeProblem(type: string, where: 'here' | 'anywhere'): InstanceProblem | undefined {
  const types = where === 'here' ? instanceTypes : instanceTypesAnywhere;
  if (types.includes(type)) return undefined;
  const similar = nearestName(type, types);
  const family = types.filter((each) => each.startsWith(`${type.split('.')[0]}.`));
  const families = [...new Set(types.map((each) => each.split('.')[0]))];
  const near = similar === undefined ? '' : `Did you mean ${similar}? `;
  const known = family.length > 0 ? family.join(', ') : `types of the families ${families.join(', ')}`;
  return {
    code: 'instance-type-unknown',
    what: `there is no instance type ${type} here`,
    help: `${near}There are ${known}.`,
  };
}

/** Undefined for an Availability Zone of the Region, or of any where it is not known. */
export function availabilityZoneProblem(zone: string, region: string | undefined): InstanceProblem | undefined {
  const [, of] = /^([a-z]{2}(?:-[a-z]+)+-\d)[a-z]$/.exec(zone) ?? [];
  if (of !== undefined && (region === undefined || of === region)) return undefined;
  const code = 'availability-zone-unknown';
  if (region === undefined)
    return {
      code,
      what: `${zone} is no Availability Zone`,
      help: 'Zones are called eu-west-1a, eu-west-1b and so on.',
    };
  return {
    code,
    what: `${zone} is no Availability Zone of ${region}`,
    help: `Its zones are called ${region}a, ${region}b and so on.`,
  };
}

/** Undefined for a custom attribute. Source: ECS API, Attribute; names that ECS uses itself are not custom ones. */
export function attributeProblem(name: string, value: string): InstanceProblem | undefined {
  const wrong = (what: string): InstanceProblem => ({
    code: 'attribute-invalid',
    what: `the attribute ${name} ${what}`,
    help: 'Names have up to 128 letters, digits and _ . / - ; values up to 128 characters. Those that begin with `ecs.` are of ECS.',
  });
  if (!/^[\w./-]{1,128}$/.test(name)) return wrong('is not a name');
  if (/^(ecs\.|com\.amazonaws\.ecs\.)/.test(name)) return wrong('is one of ECS itself');
  if (!/^[\w./\\@:\s-]{0,128}$/.test(value) || value !== value.trim()) return wrong(`cannot have the value ${value}`);
  return undefined;
}
