import { AwsError } from '../../core/errors.ts';
import { operation } from '../../gateway/operation.ts';
import { parsePolicy } from '../../policy/parse.ts';
import type { Tx } from '../../store/collections.ts';
import { refuseMembers } from './errors.ts';
import { BUCKETS_PARTITION, type BucketRecord, bucketArn, buckets } from './records.ts';
import { existing, onBucket, targetBucket } from './target.ts';

function putBucket(tx: Tx, bucket: BucketRecord): void {
  tx.put(buckets, BUCKETS_PARTITION, bucket.name, bucket);
}

function malformedPolicy(message: string): AwsError {
  return new AwsError('MalformedPolicy', message);
}

export const PutBucketPolicy = operation('s3', 'PutBucketPolicy', {
  resolve: targetBucket,
  authorize: onBucket('PutBucketPolicy'),
  handle: (context) => {
    const bucket = existing(context);
    refuseMembers('PutBucketPolicy', context.input, ['ConfirmRemoveSelfBucketAccess']);
    const text = context.input.Policy;
    try {
      parsePolicy(text, 'resource');
    } catch (error) {
      throw malformedPolicy(
        error instanceof Error ? error.message : "Policies must be valid JSON and the first byte must be '{'",
      );
    }
    checkResources(text, bucket);
    putBucket(context.tx, { ...bucket, policy: text });
    return {};
  },
});

/** A bucket policy speaks of its bucket only. Texts observed. */
function checkResources(text: string, bucket: BucketRecord): void {
  const { Statement } = JSON.parse(text) as { readonly Statement: unknown };
  const statements = (Array.isArray(Statement) ? Statement : [Statement]) as Readonly<Record<string, unknown>>[];
  for (const statement of statements) {
    const resources = statement.Resource ?? statement.NotResource;
    if (resources === undefined) throw malformedPolicy('Missing required field Resource');
    for (const resource of Array.isArray(resources) ? resources : [resources]) {
      const own = bucketArn(bucket.name);
      if (
        resource !== own &&
        !String(resource).startsWith(`${own}/`) &&
        !/^arn:aws:s3:::[^/]*[*?]/.test(String(resource)) &&
        resource !== '*'
      ) {
        throw malformedPolicy('Policy has invalid resource');
      }
    }
  }
}

function noSuchPolicy(bucket: string): AwsError {
  return new AwsError('NoSuchBucketPolicy', 'The bucket policy does not exist', {
    status: 404,
    members: { BucketName: bucket },
  });
}

export const GetBucketPolicy = operation('s3', 'GetBucketPolicy', {
  resolve: targetBucket,
  authorize: onBucket('GetBucketPolicy'),
  handle: (context) => {
    const { name, policy } = existing(context);
    if (policy === undefined) throw noSuchPolicy(name);
    return { Policy: policy };
  },
});

export const DeleteBucketPolicy = operation('s3', 'DeleteBucketPolicy', {
  resolve: targetBucket,
  authorize: onBucket('DeleteBucketPolicy'),
  handle: (context) => {
    const { policy: _policy, ...bucket } = existing(context);
    putBucket(context.tx, bucket);
    return {};
  },
});

const MOST_TAGS = 50;

export const PutBucketTagging = operation('s3', 'PutBucketTagging', {
  resolve: targetBucket,
  authorize: onBucket('PutBucketTagging'),
  handle: (context) => {
    const bucket = existing(context);
    const tags = context.input.Tagging.TagSet;
    if (tags.length > MOST_TAGS) {
      throw new AwsError('BadRequest', `Bucket tag count cannot be greater than ${MOST_TAGS}`);
    }
    const seen = new Set<string>();
    for (const { Key, Value } of tags) {
      if (Key.length < 1 || Key.length > 128)
        throw new AwsError('InvalidTag', 'The TagKey you have provided is invalid');
      if (Value.length > 256) throw new AwsError('InvalidTag', 'The TagValue you have provided is invalid');
      if (/^aws:/i.test(Key)) throw new AwsError('InvalidTag', 'System tags cannot be added/updated by requester');
      if (seen.has(Key)) throw new AwsError('InvalidTag', 'Cannot provide multiple Tags with the same key');
      seen.add(Key);
    }
    putBucket(context.tx, { ...bucket, tags: tags.map(({ Key, Value }) => ({ Key, Value })) });
    return {};
  },
});

export const GetBucketTagging = operation('s3', 'GetBucketTagging', {
  resolve: targetBucket,
  authorize: onBucket('GetBucketTagging'),
  handle: (context) => {
    const { name, tags = [] } = existing(context);
    if (tags.length === 0) {
      throw new AwsError('NoSuchTagSet', 'The TagSet does not exist', { status: 404, members: { BucketName: name } });
    }
    return { TagSet: tags };
  },
});
