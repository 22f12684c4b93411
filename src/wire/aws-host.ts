/** An endpoint of AWS, as its host name tells it. */
export interface AwsHost {
  /** The service's signing name as far as host names tell it: `sqs`, `s3`, `ecr`. */
  readonly service: string;
  /** Undefined: a global endpoint, or an old one that names no Region. */
  readonly region: string | undefined;
  /** What stands before the endpoint's own name: a bucket, `ACCOUNT.dkr`, `api`; empty when nothing does. */
  readonly resource: string;
  /** The host name without the resource. */
  readonly endpoint: string;
}

/** Source: botocore, partitions: `dnsSuffix` and `dualStackDnsSuffix`. GovCloud has those of `aws`. */
const DOMAINS = {
  aws: ['amazonaws.com', 'api.aws'],
  'aws-cn': ['amazonaws.com.cn', 'api.amazonwebservices.com.cn'],
} as const;
const ALL: readonly (readonly [domain: string, china: boolean])[] = [
  ...DOMAINS.aws.map((domain) => [`.${domain}`, false] as const),
  ...DOMAINS['aws-cn'].map((domain) => [`.${domain}`, true] as const),
];

/** The domains below which a Region's endpoints are. */
export function endpointDomains(region: string): readonly string[] {
  return DOMAINS[region.startsWith('cn-') ? 'aws-cn' : 'aws'];
}

const LABEL = /^[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9])?$/;
const REGION = /^[a-z]{2}(?:-[a-z]+)+-\d+$/;
/**
 * S3's names: with a bucket before them, with a dash for a dot before the Region, with further words for other ways in.
 * Source: Amazon S3 User Guide, "Virtual hosting of buckets", "Dual-stack endpoints", "Transfer acceleration".
 */
const S3 = /^(?:(.+)\.)?(s3(?:-fips|-accelerate|-external-1)?(?:\.dualstack)?(?:[.-]([a-z]{2}(?:-[a-z]+)+-\d+))?)$/;
/** Source: Amazon SQS Developer Guide, legacy endpoints. */
const QUEUE = /^(?:([a-z]{2}(?:-[a-z]+)+-\d+)\.)?queue$/;
/** Services whose host names have another word than their signatures. Source: botocore, endpointPrefix and signingName. */
const SIGNING_NAMES: Readonly<Record<string, string>> = { ddb: 'dynamodb', email: 'ses' };
/** Not endpoints of an API but names that AWS gives to people's resources: `NAME.elb.REGION.amazonaws.com`. */
const RESOURCES = new Set(['elb', 'vpce', 'compute', 'rds', 'cache']);

/**
 * The endpoint of a service that a host name (with or without a port) is, by its form alone; undefined for a name that
 * cannot be one: of another domain, of a Region of another partition, of a database or a load balancer.
 */
export function awsHost(host: string): AwsHost | undefined {
  const colon = host.lastIndexOf(':');
  const name = (colon === -1 ? host : host.slice(0, colon)).toLowerCase();
  const found = ALL.find(([domain]) => name.endsWith(domain));
  if (found === undefined || name.length > 253) return undefined;
  const [domain, china] = found;
  const own = name.slice(0, -domain.length);
  if (!own.split('.').every((label) => LABEL.test(label))) return undefined;
  const read = endpointOf(own);
  if (read === undefined || (read.region ?? (china ? 'cn-' : '')).startsWith('cn-') !== china) return undefined;
  return { ...read, endpoint: `${read.endpoint}${domain}` };
}

/** `own`: the name below the domain. */
function endpointOf(own: string): AwsHost | undefined {
  const s3 = S3.exec(own);
  if (s3 !== null) return { service: 's3', region: s3[3], resource: s3[1] ?? '', endpoint: s3[2] as string };
  const queue = QUEUE.exec(own);
  if (queue !== null) return { service: 'sqs', region: queue[1], resource: '', endpoint: own };
  const labels = own.split('.');
  // Global endpoints: `iam.amazonaws.com`, `iam.global.api.aws`.
  const last = labels.length === 1 ? undefined : (labels.pop() as string);
  if (last !== undefined && last !== 'global' && !REGION.test(last)) return undefined;
  const word = labels.pop() as string;
  if (RESOURCES.has(word)) return undefined;
  const bare = word.replace(/-fips$/, '');
  return {
    service: SIGNING_NAMES[bare] ?? bare,
    region: last === 'global' ? undefined : last,
    resource: labels.join('.'),
    endpoint: last === undefined ? word : `${word}.${last}`,
  };
}
