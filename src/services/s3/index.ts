import { defineService, type Service } from '../../gateway/service.ts';
import {
  DeleteBucketPolicy,
  GetBucketPolicy,
  GetBucketTagging,
  PutBucketPolicy,
  PutBucketTagging,
} from './bucket-settings.ts';
import { CreateBucket, DeleteBucket, GetBucketLocation, HeadBucket, ListBuckets } from './buckets.ts';
import { ListObjectsV2 } from './list-objects.ts';
import { DeleteObject, GetObject, HeadObject, PutObject } from './objects.ts';
import { bucketArn, objectArn } from './records.ts';
import { bucketCheck, findBucket } from './target.ts';

export { LARGEST_OBJECT } from './records.ts';

/** Buckets and small objects: what environment files and simple applications need. */
export const s3Service: Service = defineService({
  id: 's3',
  actionPrefix: 's3',
  eventSource: 's3.amazonaws.com',
  operations: {
    CreateBucket,
    DeleteBucket,
    DeleteBucketPolicy,
    DeleteObject,
    GetBucketLocation,
    GetBucketPolicy,
    GetBucketTagging,
    GetObject,
    HeadBucket,
    HeadObject,
    ListBuckets,
    ListObjectsV2,
    PutBucketPolicy,
    PutBucketTagging,
    PutObject,
  },
  authorizeUnserved: (name, { input, tx }) => {
    const { Bucket, Key } = input;
    if (typeof Bucket !== 'string') return [{ action: `s3:${name}`, resource: '*' }];
    const key = typeof Key === 'string' ? { key: Key } : {};
    const checks = bucketCheck(name, findBucket(tx, Bucket), key);
    const resource = typeof Key === 'string' ? objectArn(Bucket, Key) : bucketArn(Bucket);
    return checks.length > 0 ? checks : [{ action: `s3:${name}`, resource }];
  },
  dataEvents: ['DeleteObject', 'GetObject', 'HeadObject', 'ListObjectsV2', 'PutObject'],
});
