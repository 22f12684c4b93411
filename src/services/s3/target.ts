import type { AwsError } from '../../core/errors.ts';
import type { AuthorizationCheck, ReadContext } from '../../gateway/operation.ts';
import { type CompiledPolicy, parsePolicy } from '../../policy/parse.ts';
import type { NamedPolicy } from '../../policy/types.ts';
import type { Read } from '../../store/collections.ts';
import { accessDenied, noSuchBucket, wrongRegion } from './errors.ts';
import {
  BUCKETS_PARTITION,
  type BucketRecord,
  bucketArn,
  buckets,
  type ObjectRecord,
  objectArn,
  objects,
} from './records.ts';

export interface BucketTarget {
  readonly bucket: BucketRecord | undefined;
}

export interface ObjectTarget extends BucketTarget {
  readonly object: ObjectRecord | undefined;
}

interface BucketInput {
  readonly Bucket: string;
  readonly ExpectedBucketOwner?: string | undefined;
}

export function findBucket(read: Read, name: string): BucketRecord | undefined {
  return read.get(buckets, BUCKETS_PARTITION, name);
}

/**
 * The bucket of a request. It answers in its own Region only. S3 tells anyone whether a bucket exists (the name space is
 * public), so unlike elsewhere this is no secret.
 */
export function targetBucket({ input, region, tx }: ReadContext<BucketInput>): BucketTarget {
  const bucket = findBucket(tx, input.Bucket);
  if (bucket !== undefined && bucket.region !== region) throw wrongRegion(region, bucket.region);
  return { bucket };
}

export function targetObject(context: ReadContext<BucketInput & { readonly Key: string }>): ObjectTarget {
  const { bucket } = targetBucket(context);
  return {
    bucket,
    object: bucket === undefined ? undefined : context.tx.get(objects, bucket.id, context.input.Key),
  };
}

/** The bucket, or S3's refusal. `missing` replaces it for HEAD requests. */
export function existing(
  { input, bucket }: { readonly input: BucketInput } & BucketTarget,
  missing?: () => AwsError,
): BucketRecord {
  if (bucket === undefined) throw missing?.() ?? noSuchBucket(input.Bucket);
  if (input.ExpectedBucketOwner !== undefined && input.ExpectedBucketOwner !== bucket.account) throw accessDenied();
  return bucket;
}

const compiled = new WeakMap<BucketRecord, NamedPolicy<CompiledPolicy>>();

function bucketPolicy(bucket: BucketRecord): NamedPolicy<CompiledPolicy> | undefined {
  if (bucket.policy === undefined) return undefined;
  let policy = compiled.get(bucket);
  if (policy === undefined) {
    policy = { name: bucketArn(bucket.name), source: 'resource', policy: parsePolicy(bucket.policy, 'resource') };
    compiled.set(bucket, policy);
  }
  return policy;
}

/**
 * The check for an action on a bucket or (with a key) an object. There is none where there is no bucket: S3 answers
 * NoSuchBucket to everyone.
 */
export function bucketCheck(
  action: string,
  bucket: BucketRecord | undefined,
  { key, context }: { readonly key?: string; readonly context?: Readonly<Record<string, string>> } = {},
): AuthorizationCheck[] {
  if (bucket === undefined) return [];
  const policy = bucketPolicy(bucket);
  return [
    {
      action: `s3:${action}`,
      resource: key === undefined ? bucketArn(bucket.name) : objectArn(bucket.name, key),
      resourceAccount: bucket.account,
      ...(policy === undefined ? {} : { resourcePolicy: policy }),
      ...(context === undefined ? {} : { context }),
    },
  ];
}

/** `authorize` of an operation whose only check is an action on the bucket. */
export function onBucket(action: string) {
  return ({ bucket }: BucketTarget): readonly AuthorizationCheck[] => bucketCheck(action, bucket);
}

/**
 * The checks for reading an object. Who may not list the bucket is not told that a key is missing: S3 answers
 * AccessDenied for it. Source: API Reference, GetObject, permissions.
 */
export function onObjectRead({
  input,
  bucket,
  object,
}: { readonly input: { readonly Key: string } } & ObjectTarget): readonly AuthorizationCheck[] {
  const read = bucketCheck('GetObject', bucket, { key: input.Key });
  return object === undefined ? [...read, ...bucketCheck('ListBucket', bucket)] : read;
}
