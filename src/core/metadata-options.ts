/**
 * The instance metadata options of an EC2 instance, as far as they are served.
 * Source: EC2 User Guide, "Configure the instance metadata options"; EC2 API, InstanceMetadataOptionsRequest.
 */
export interface MetadataOptions {
  /** Whether IMDSv1, which asks without a token, is answered: `optional`. */
  readonly HttpTokens: 'required' | 'optional';
  /** How many network hops the answer of PUT /latest/api/token may make: 1 to 64. */
  readonly HttpPutResponseHopLimit: number;
  readonly HttpEndpoint: 'enabled' | 'disabled';
}

/** Those of today's ECS-optimized AMIs. Source: Amazon Linux 2023 User Guide, IMDSv2: `imds-support` is `v2.0`. */
export const AMI_METADATA_OPTIONS: MetadataOptions = {
  HttpTokens: 'required',
  HttpPutResponseHopLimit: 2,
  HttpEndpoint: 'enabled',
};

/**
 * How many hops the answers make to the containers of a task. A container on the instance's bridge is one further than
 * the instance; in host mode it is in the instance's network, and in awsvpc mode it has a network interface of its own,
 * which answers reach without passing through the instance.
 * Sources: EC2 User Guide, "Use the Instance Metadata Service to access instance metadata": "going to the container is
 * considered an additional network hop"; ECS Developer Guide, task-networking-awsvpc: "The task sends and receives network
 * traffic over the ENI in the same way that Amazon EC2 instances do with their primary network interfaces".
 */
export function hopsTo(networkMode: string | undefined): number {
  return networkMode === 'awsvpc' || networkMode === 'host' ? 1 : 2;
}

const VALUES: Readonly<Record<string, readonly string[]>> = {
  HttpTokens: ['required', 'optional'],
  HttpEndpoint: ['enabled', 'disabled'],
};
const HOP_LIMIT = 'HttpPutResponseHopLimit';
const MOST_HOPS = 64;

/** What is wrong with one option, and what there is instead; undefined when nothing is. */
export function metadataOptionProblem(
  name: string,
  value: unknown,
): { readonly what: string; readonly help: string } | undefined {
  const values = Object.hasOwn(VALUES, name) ? VALUES[name] : undefined;
  if (values === undefined && name !== HOP_LIMIT)
    return {
      what: `there is no metadata option \`${name}\` here`,
      help: `Metadata options: ${Object.keys(AMI_METADATA_OPTIONS).join(', ')}.`,
    };
  const fits =
    values === undefined
      ? Number.isInteger(value) && Number(value) >= 1 && Number(value) <= MOST_HOPS
      : values.includes(value as string);
  if (fits) return undefined;
  const shown = typeof value === 'string' ? value : JSON.stringify(value);
  return {
    what: `${name} does not take \`${shown}\``,
    help: values === undefined ? `Give a number from 1 to ${MOST_HOPS}.` : `Values: ${values.join(', ')}.`,
  };
}

/** A value as it is written where everything is text: the hop limit becomes a number. */
export function metadataOptionValue(name: string, text: unknown): unknown {
  return name === HOP_LIMIT && typeof text === 'string' && /^\d+$/.test(text) ? Number(text) : text;
}
