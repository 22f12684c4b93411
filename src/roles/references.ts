import { arn, parseArn } from '../core/arn.ts';

/** An image in Amazon ECR. */
export interface EcrImage {
  readonly registryId: string;
  readonly region: string;
  readonly repository: string;
  readonly tag?: string;
  readonly digest?: string;
}

/**
 * Reads `ACCOUNT.dkr.ecr[-fips].REGION.amazonaws.com[.cn]/REPOSITORY[:TAG][@DIGEST]`; undefined for an image elsewhere.
 * Hosts of the form `….dkr-ecr.REGION.on.aws` are not ECR to ECS: it asks for no token there (aws/containers-roadmap#2611).
 */
export function parseEcrImage(image: string): EcrImage | undefined {
  const match =
    /^(\d{12})\.dkr\.ecr(?:-fips)?\.([a-z0-9-]+)\.amazonaws\.com(?:\.cn)?\/([^:@]+)(?::([^@]+))?(?:@(.+))?$/.exec(
      image,
    );
  if (match === null) return undefined;
  const [, registryId, region, repository, tag, digest] = match as unknown as [
    string,
    string,
    string,
    string,
    string?,
    string?,
  ];
  return {
    registryId,
    region,
    repository,
    ...(tag === undefined ? (digest === undefined ? { tag: 'latest' } : {}) : { tag }),
    ...(digest === undefined ? {} : { digest }),
  };
}

/** What a `valueFrom` points at. */
export type SecretReference =
  | { readonly provider: 'ssm'; readonly region: string; readonly name: string; readonly arn: string }
  | {
      readonly provider: 'asm';
      readonly region: string;
      /** The ARN without the selectors. */
      readonly secretId: string;
      readonly jsonKey?: string;
      readonly versionStage?: string;
      readonly versionId?: string;
    }
  | { readonly provider: 'invalid'; readonly reason: string };

/** Source: agent, agent/taskresource/asmsecret (`an invalid ARN format for the AWS Secrets Manager secret was specified…`). */
export const INVALID_SECRET_ARN =
  'an invalid ARN format for the AWS Secrets Manager secret was specified. Specify a valid ARN and try again.';

/**
 * Reads a container secret's `valueFrom`: a Secrets Manager ARN (with `:json-key:version-stage:version-id` or without),
 * else a parameter's ARN or name. Source: ECS Developer Guide, specifying-sensitive-data; agent, asmsecret and ssmsecret.
 */
export function parseSecretReference(valueFrom: string, region: string, account: string): SecretReference {
  const parsed = parseArn(valueFrom);
  if (parsed?.service === 'secretsmanager') {
    const parts = parsed.resource.split(':');
    if (parts[0] !== 'secret' || (parts.length !== 2 && parts.length !== 5))
      return { provider: 'invalid', reason: INVALID_SECRET_ARN };
    const [, name, jsonKey, versionStage, versionId] = parts as [string, string, string?, string?, string?];
    return {
      provider: 'asm',
      region: parsed.region,
      secretId: `arn:${parsed.partition}:secretsmanager:${parsed.region}:${parsed.account}:secret:${name}`,
      ...(jsonKey ? { jsonKey } : {}),
      ...(versionStage ? { versionStage } : {}),
      ...(versionId ? { versionId } : {}),
    };
  }
  if (parsed?.service === 'ssm') {
    return { provider: 'ssm', region: parsed.region, name: valueFrom, arn: withoutSelector(valueFrom, 6) };
  }
  return { provider: 'ssm', region, name: valueFrom, arn: parameterArn(valueFrom, region, account) };
}

/** The ARN of a parameter by its name, with or without leading slash and `:version` or `:label` selector. */
export function parameterArn(name: string, region: string, account: string): string {
  const plain = withoutSelector(name, 1);
  // A hierarchy without its leading slash names no parameter: SSM authorizes it on all (observed in refusals).
  if (plain.includes('/') && !plain.startsWith('/')) return arn('ssm', region, account, '*');
  return arn('ssm', region, account, plain.startsWith('/') ? `parameter${plain}` : `parameter/${plain}`);
}

function withoutSelector(text: string, parts: number): string {
  return text.split(':').slice(0, parts).join(':');
}

/** Bucket and key of `arn:aws:s3:::bucket/key`; undefined when the text is not of that form. */
export function parseS3ObjectArn(text: string): { readonly bucket: string; readonly key: string } | undefined {
  const parsed = parseArn(text);
  if (parsed?.service !== 's3') return undefined;
  const slash = parsed.resource.indexOf('/');
  if (slash <= 0 || slash === parsed.resource.length - 1) return undefined;
  return { bucket: parsed.resource.slice(0, slash), key: parsed.resource.slice(slash + 1) };
}
