import { createHash } from 'node:crypto';
import { collection } from '../../store/collections.ts';

export interface BucketRecord {
  readonly name: string;
  readonly account: string;
  readonly region: string;
  /** Partition of its objects; never used again. */
  readonly id: string;
  readonly createdAt: number;
  readonly policy?: string;
  readonly tags?: readonly { readonly Key: string; readonly Value: string }[];
}

export interface ObjectRecord {
  readonly key: string;
  /** base64 */
  readonly data: string;
  readonly size: number;
  /** With its quotes. */
  readonly etag: string;
  readonly lastModified: number;
  readonly contentType: string;
  /** Headers that come back as they were sent. */
  readonly headers: {
    readonly CacheControl?: string;
    readonly ContentDisposition?: string;
    readonly ContentEncoding?: string;
    readonly ContentLanguage?: string;
    readonly Expires?: number;
  };
  readonly metadata: Readonly<Record<string, string>>;
  /** Checksums that were sent along, by member name: `ChecksumCRC32`. */
  readonly checksums: Readonly<Record<string, string>>;
}

/** Bucket names are one name space for all accounts and Regions. */
const EVERYWHERE = '';

/** One partition; key: the bucket's name. */
export const buckets = collection<BucketRecord>('s3/buckets');
/** Partition: the bucket's id; key: the object's. */
export const objects = collection<ObjectRecord>('s3/objects');
export const BUCKETS_PARTITION = EVERYWHERE;

/** The largest object that is kept, in bytes: enough for environment files and small documents. */
export const LARGEST_OBJECT = 16 * 1024 * 1024;

export function bucketArn(bucket: string): string {
  return `arn:aws:s3:::${bucket}`;
}

export function objectArn(bucket: string, key: string): string {
  return `${bucketArn(bucket)}/${key}`;
}

/** The canonical user id of an account: 64 hex digits that stay the same. */
export function canonicalId(account: string): string {
  return createHash('sha256').update(`canonical user ${account}`, 'ascii').digest('hex');
}
