import {
  AMI_METADATA_OPTIONS,
  type MetadataOptions,
  metadataOptionProblem,
  metadataOptionValue,
} from '../core/metadata-options.ts';
import { asMap, type Node } from './node.ts';
import { SourceError } from './origin.ts';
import type { Workload } from './workload.ts';

/** `metadataOptions` of a container instance in `rolecall.json`. @throws SourceError */
export function metadataOptionsIn(node: Node): Partial<MetadataOptions> {
  const { members } = asMap(node, '`metadataOptions`');
  return Object.fromEntries(
    [...members].map(([name, member]) => {
      const value = member.kind === 'scalar' ? member.value : undefined;
      const problem = metadataOptionProblem(name, value);
      if (problem !== undefined) throw new SourceError('invalid-setting', member.origin, problem.what, problem.help);
      return [name, value];
    }),
  );
}

/**
 * The metadata options that the launch templates, launch configurations and instances of a workload declare. Where they
 * differ, each option is the one that lets more through. Undefined when none declares any.
 * `unsaid`: what stands for a value that is not written or not known. `onWrong` is told of values that EC2 would refuse.
 */
export function launchedMetadataOptions(
  { launches }: Pick<Workload, 'launches'>,
  unsaid: MetadataOptions,
  onWrong: (error: SourceError) => void = () => {},
): MetadataOptions | undefined {
  return mostOpen(
    launches.flatMap(({ metadataOptions }) =>
      metadataOptions === undefined ? [] : [{ ...unsaid, ...known(metadataOptions.members, onWrong) }],
    ),
  );
}

/** The same with what `rolecall.json` says of its instances, which comes first. */
export function metadataOptionsOf(
  workload: Pick<Workload, 'launches' | 'settings'>,
  unsaid: MetadataOptions,
): MetadataOptions | undefined {
  const launched = launchedMetadataOptions(workload, unsaid);
  const named = (workload.settings.instances ?? []).filter(({ launchType }) => launchType === 'EC2');
  if (!named.some(({ metadataOptions }) => metadataOptions !== undefined)) return launched;
  return mostOpen(
    named.map(({ metadataOptions }) =>
      metadataOptions === undefined ? (launched ?? unsaid) : { ...AMI_METADATA_OPTIONS, ...metadataOptions },
    ),
  );
}

function known(members: ReadonlyMap<string, Node>, onWrong: (error: SourceError) => void): Partial<MetadataOptions> {
  const result: Record<string, unknown> = {};
  for (const name of Object.keys(AMI_METADATA_OPTIONS)) {
    const node = members.get(name);
    if (node?.kind !== 'scalar') continue;
    const value = metadataOptionValue(name, node.value);
    const problem = metadataOptionProblem(name, value);
    if (problem === undefined) result[name] = value;
    else onWrong(new SourceError('invalid-setting', node.origin, problem.what, problem.help));
  }
  return result;
}

function mostOpen(all: readonly MetadataOptions[]): MetadataOptions | undefined {
  if (all.length === 0) return undefined;
  return {
    HttpTokens: all.some(({ HttpTokens }) => HttpTokens === 'optional') ? 'optional' : 'required',
    HttpPutResponseHopLimit: Math.max(...all.map(({ HttpPutResponseHopLimit }) => HttpPutResponseHopLimit)),
    HttpEndpoint: all.some(({ HttpEndpoint }) => HttpEndpoint === 'enabled') ? 'enabled' : 'disabled',
  };
}
