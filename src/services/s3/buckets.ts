import { AwsError } from '../../core/errors.ts';
import { operation } from '../../gateway/operation.ts';
import type { BucketLocationConstraint } from '../../wire/generated/types/s3.ts';
import { bucketNotEmpty, invalidArgument, notFound, notImplemented, refuseMembers, wrongRegion } from './errors.ts';
import { BUCKETS_PARTITION, type BucketRecord, bucketArn, buckets, canonicalId, objects } from './records.ts';
import { existing, findBucket, onBucket, targetBucket } from './target.ts';

/** The Region that has no location constraint of its own. */
const UNCONSTRAINED = 'us-east-1';

/** Source: S3 User Guide, bucket naming rules. */
function checkName(name: string): void {
  const valid =
    /^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/.test(name) && !name.includes('..') && !/^\d+\.\d+\.\d+\.\d+$/.test(name);
  if (!valid || /^(xn--|sthree-|amzn-s3-demo-)|(-s3alias|--ol-s3|\.mrap|--x-s3|--table-s3)$/.test(name)) {
    throw new AwsError('InvalidBucketName', 'The specified bucket is not valid.', { members: { BucketName: name } });
  }
}

/** The Region of a new bucket. Texts observed. */
function regionOf(constraint: string | undefined, region: string): string {
  const wanted = constraint === 'EU' ? 'eu-west-1' : constraint;
  if (region === UNCONSTRAINED) {
    if (wanted === UNCONSTRAINED) throw invalidLocation(wanted);
    return wanted ?? UNCONSTRAINED;
  }
  if (wanted === region) return region;
  throw new AwsError(
    'IllegalLocationConstraintException',
    `The ${constraint ?? 'unspecified'} location constraint is incompatible for the region specific endpoint this request was sent to.`,
  );
}

function invalidLocation(constraint: string): AwsError {
  return new AwsError('InvalidLocationConstraint', 'The specified location-constraint is not valid', {
    members: { LocationConstraint: constraint },
  });
}

export const CreateBucket = operation('s3', 'CreateBucket', {
  authorize: ({ input, account }) => [
    {
      action: 's3:CreateBucket',
      resource: bucketArn(input.Bucket),
      resourceAccount: account,
      ...(input.CreateBucketConfiguration?.LocationConstraint === undefined
        ? {}
        : { context: { 's3:locationconstraint': input.CreateBucketConfiguration.LocationConstraint } }),
    },
  ],
  handle: ({ input, account, region, tx, now, ids }) => {
    checkName(input.Bucket);
    refuseMembers('CreateBucket', input, [
      'GrantFullControl',
      'GrantRead',
      'GrantReadACP',
      'GrantWrite',
      'GrantWriteACP',
    ]);
    if (input.ACL !== undefined && input.ACL !== 'private') {
      throw new AwsError(
        'InvalidBucketAclWithObjectOwnership',
        "Bucket cannot have ACLs set with ObjectOwnership's BucketOwnerEnforced setting",
      );
    }
    if (input.ObjectLockEnabledForBucket === true) throw notImplemented('ObjectLockEnabledForBucket', 'CreateBucket');
    if (input.ObjectOwnership !== undefined && input.ObjectOwnership !== 'BucketOwnerEnforced') {
      throw notImplemented(`ObjectOwnership ${input.ObjectOwnership}`, 'CreateBucket');
    }
    if (input.BucketNamespace !== undefined && input.BucketNamespace !== 'global') {
      throw notImplemented(`BucketNamespace ${input.BucketNamespace}`, 'CreateBucket');
    }
    const { LocationConstraint, ...others } = input.CreateBucketConfiguration ?? {};
    refuseMembers('CreateBucket', others, ['Location', 'Bucket', 'Tags']);
    const home = regionOf(LocationConstraint, region);
    const Location = region === UNCONSTRAINED ? `/${input.Bucket}` : `http://${input.Bucket}.s3.amazonaws.com/`;
    const found = findBucket(tx, input.Bucket);
    if (found !== undefined) {
      refuseTaken(found, account, home);
      return { Location };
    }
    tx.put(buckets, BUCKETS_PARTITION, input.Bucket, {
      name: input.Bucket,
      account,
      region: home,
      id: ids.hex(32),
      createdAt: now,
    });
    return { Location };
  },
});

/** Only in us-east-1 may one create one's own bucket again. Source: API Reference, CreateBucket, BucketAlreadyOwnedByYou. */
function refuseTaken(found: BucketRecord, account: string, region: string): void {
  if (found.account !== account) {
    throw new AwsError(
      'BucketAlreadyExists',
      'The requested bucket name is not available. The bucket namespace is shared by all users of the system. Please select a different name and try again.',
      { status: 409, members: { BucketName: found.name } },
    );
  }
  if (found.region === UNCONSTRAINED && region === UNCONSTRAINED) return;
  throw new AwsError(
    'BucketAlreadyOwnedByYou',
    'Your previous request to create the named bucket succeeded and you already own it.',
    { status: 409, members: { BucketName: found.name } },
  );
}

export const DeleteBucket = operation('s3', 'DeleteBucket', {
  resolve: targetBucket,
  authorize: onBucket('DeleteBucket'),
  handle: (context) => {
    const bucket = existing(context);
    if (context.tx.count(objects, bucket.id) > 0) throw bucketNotEmpty(bucket.name);
    context.tx.delete(buckets, BUCKETS_PARTITION, bucket.name);
    return {};
  },
});

export const HeadBucket = operation('s3', 'HeadBucket', {
  resolve: ({ input, tx }) => ({ bucket: findBucket(tx, input.Bucket) }),
  authorize: onBucket('ListBucket'),
  handle: (context) => {
    const bucket = existing(context, notFound);
    // S3 answers 301 without a body and with the Region in a header.
    if (bucket.region !== context.region) {
      const { message, members } = wrongRegion(context.region, bucket.region);
      throw new AwsError('PermanentRedirect', message, { status: 301, members: { ...members } });
    }
    return { BucketRegion: bucket.region, BucketArn: bucketArn(bucket.name), AccessPointAlias: false };
  },
});

export const GetBucketLocation = operation('s3', 'GetBucketLocation', {
  // Answered in any Region.
  resolve: ({ input, tx }) => ({ bucket: findBucket(tx, input.Bucket) }),
  authorize: onBucket('GetBucketLocation'),
  handle: (context) => {
    const { region } = existing(context);
    return region === UNCONSTRAINED ? {} : { LocationConstraint: region as BucketLocationConstraint };
  },
});

const MOST_BUCKETS = 10_000;

export const ListBuckets = operation('s3', 'ListBuckets', {
  authorize: () => [{ action: 's3:ListAllMyBuckets', resource: '*' }],
  handle: ({ input, account, tx }) => {
    const { Prefix = '', BucketRegion, MaxBuckets, ContinuationToken } = input;
    if (MaxBuckets !== undefined && (MaxBuckets < 1 || MaxBuckets > MOST_BUCKETS)) {
      throw invalidArgument(
        'Argument max-buckets must be an integer between 1 and 10000.',
        'max-buckets',
        String(MaxBuckets),
      );
    }
    const after = ContinuationToken === undefined ? '' : Buffer.from(ContinuationToken, 'base64').toString('utf8');
    if (ContinuationToken !== undefined && Buffer.from(after, 'utf8').toString('base64') !== ContinuationToken) {
      throw invalidArgument('The continuation token provided is incorrect', 'continuation-token', ContinuationToken);
    }
    const all = tx.list(buckets, BUCKETS_PARTITION).filter(({ account: owner, name, region }) => {
      const wanted = BucketRegion === undefined || BucketRegion === region;
      return owner === account && wanted && name.startsWith(Prefix) && name > after;
    });
    const page = all.slice(0, MaxBuckets ?? MOST_BUCKETS);
    const last = page.at(-1);
    return {
      Buckets: page.map(({ name, createdAt, region }) => ({
        Name: name,
        CreationDate: createdAt,
        BucketRegion: region,
        BucketArn: bucketArn(name),
      })),
      Owner: { ID: canonicalId(account) },
      ...(input.Prefix === undefined ? {} : { Prefix }),
      ...(all.length > page.length && last !== undefined
        ? { ContinuationToken: Buffer.from(last.name, 'utf8').toString('base64') }
        : {}),
    };
  },
});
