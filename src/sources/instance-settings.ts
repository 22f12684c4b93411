import {
  attributeProblem,
  availabilityZoneProblem,
  type InstanceProblem,
  instanceTypeProblem,
} from './instance-problems.ts';
import { metadataOptionsIn } from './metadata-options.ts';
import { asList, asMap, asString, describe, type Node } from './node.ts';
import { SourceError } from './origin.ts';
import type { InstanceSetting } from './setting-types.ts';
import { nearestName } from './suggest.ts';

const MEMBERS = ['attributes', 'availabilityZone', 'count', 'launchType', 'metadataOptions', 'role', 'type'];
const LAUNCH_TYPES = ['EC2', 'EXTERNAL'] as const;
const MOST = 100;

/**
 * `instances` of `rolecall.json`: the container instances that the tasks of a workload are placed on. Where it names no
 * Region, only the server can say whether a zone is of its own. @throws SourceError
 */
export function instanceSettings(node: Node, region: string | undefined): InstanceSetting[] {
  return asList(node, '`instances`').map((entry) => instanceSetting(entry, region));
}

function instanceSetting(node: Node, region: string | undefined): InstanceSetting {
  const { members } = asMap(node, 'an entry of `instances`');
  for (const [name, member] of members) {
    if (MEMBERS.includes(name)) continue;
    const similar = nearestName(name, MEMBERS);
    const help = similar === undefined ? `Members: ${MEMBERS.join(', ')}.` : `Did you mean \`${similar}\`?`;
    throw new SourceError('unknown-member', member.origin, `an entry of \`instances\` has no member \`${name}\``, help);
  }
  const text = (name: string) => {
    const member = members.get(name);
    if (member === undefined) return undefined;
    const value = asString(member, `\`${name}\``);
    if (value !== '') return value;
    const help = `Name one, or leave \`${name}\` out.`;
    throw new SourceError('invalid-setting', member.origin, `\`${name}\` is empty`, help);
  };
  const [role, instanceType, availabilityZone] = [text('role'), text('type'), text('availabilityZone')];
  if (instanceType !== undefined) refuse(members.get('type')!, instanceTypeProblem(instanceType, 'anywhere'));
  if (availabilityZone !== undefined)
    refuse(members.get('availabilityZone')!, availabilityZoneProblem(availabilityZone, region));
  const attributes = members.get('attributes');
  const metadataOptions = members.get('metadataOptions');
  const type = launchType(members.get('launchType'));
  if (metadataOptions !== undefined && type === 'EXTERNAL')
    throw new SourceError(
      'invalid-setting',
      metadataOptions.origin,
      'an external instance has no metadata service, and takes no `metadataOptions`',
      'Leave them out: its credentials come from the SSM agent.',
    );
  return {
    origin: node.origin,
    launchType: type,
    count: count(members.get('count')),
    ...(role === undefined ? {} : { role }),
    ...(instanceType === undefined ? {} : { instanceType }),
    ...(availabilityZone === undefined ? {} : { availabilityZone }),
    ...(attributes === undefined ? {} : { attributes: texts(attributes) }),
    ...(metadataOptions === undefined ? {} : { metadataOptions: metadataOptionsIn(metadataOptions) }),
  };
}

function launchType(node: Node | undefined): InstanceSetting['launchType'] {
  if (node === undefined) return 'EC2';
  const text = asString(node, '`launchType`').toUpperCase();
  const known = LAUNCH_TYPES.find((name) => name === text);
  if (known !== undefined) return known;
  throw new SourceError(
    'invalid-setting',
    node.origin,
    `no container instance is of the launch type ${describe(node)}`,
    `Launch types of instances: ${LAUNCH_TYPES.join(', ')}.`,
  );
}

function count(node: Node | undefined): number {
  if (node === undefined) return 1;
  const value = node.kind === 'scalar' ? node.value : undefined;
  if (typeof value === 'number' && Number.isInteger(value) && value >= 1 && value <= MOST) return value;
  throw new SourceError(
    'invalid-setting',
    node.origin,
    `\`count\` must be a number from 1 to ${MOST}, and is ${describe(node)}`,
    'Write how many such instances there are.',
  );
}

function texts(node: Node): Record<string, string> {
  return Object.fromEntries(
    [...asMap(node, '`attributes`').members].map(([name, value]) => {
      const text = asString(value, `the attribute \`${name}\``);
      refuse(value, attributeProblem(name, text));
      return [name, text];
    }),
  );
}

function refuse({ origin }: Node, problem: InstanceProblem | undefined): void {
  if (problem !== undefined) throw new SourceError(problem.code, origin, problem.what, problem.help);
}
