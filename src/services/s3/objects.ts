import { createHash } from 'node:crypto';
import { AwsError } from '../../core/errors.ts';
import { operation } from '../../gateway/operation.ts';
import { checkedSums, checkMd5 } from './checksums.ts';
import { checkReadConditions, checkWriteConditions } from './conditions.ts';
import { noSuchKey, notFound, notImplemented, refuseMembers } from './errors.ts';
import { chosenRange } from './ranges.ts';
import { LARGEST_OBJECT, type ObjectRecord, objects } from './records.ts';
import { bucketCheck, existing, onObjectRead, targetObject } from './target.ts';

const DEFAULT_TYPE = 'binary/octet-stream';
const LONGEST_KEY = 1024;

/** Features of S3 that objects here do not have. */
const NOT_OF_PUT = [
  'GrantFullControl',
  'GrantRead',
  'GrantReadACP',
  'GrantWriteACP',
  'WriteOffsetBytes',
  'WebsiteRedirectLocation',
  'SSECustomerAlgorithm',
  'SSECustomerKey',
  'SSECustomerKeyMD5',
  'SSEKMSKeyId',
  'SSEKMSEncryptionContext',
  'RequestPayer',
  'Tagging',
  'ObjectLockMode',
  'ObjectLockRetainUntilDate',
  'ObjectLockLegalHoldStatus',
  'ObjectLockEventHold',
  'ObjectLockEventHoldDurationDays',
  'ObjectLockEventHoldDurationYears',
];

export const PutObject = operation('s3', 'PutObject', {
  resolve: targetObject,
  authorize: ({ input, bucket }) =>
    bucketCheck('PutObject', bucket, {
      key: input.Key,
      context: {
        ...(input.ACL === undefined ? {} : { 's3:x-amz-acl': input.ACL }),
        ...(input.ServerSideEncryption === undefined
          ? {}
          : { 's3:x-amz-server-side-encryption': input.ServerSideEncryption }),
        ...(input.StorageClass === undefined ? {} : { 's3:x-amz-storage-class': input.StorageClass }),
      },
    }),
  handle: (context) => {
    const bucket = existing(context);
    const { input, tx, now, object } = context;
    refuseMembers('PutObject', input, NOT_OF_PUT);
    refuseOtherValues(input);
    const body = input.Body ?? new Uint8Array();
    if (Buffer.byteLength(input.Key) > LONGEST_KEY) {
      throw new AwsError('KeyTooLongError', 'Your key is too long', {
        members: { Size: Buffer.byteLength(input.Key), MaxSizeAllowed: LONGEST_KEY },
      });
    }
    if (body.length > LARGEST_OBJECT) {
      throw new AwsError('EntityTooLarge', 'Your proposed upload exceeds the maximum allowed size', {
        members: { ProposedSize: body.length, MaxSizeAllowed: LARGEST_OBJECT },
      });
    }
    checkMd5(input.ContentMD5, body);
    const checksums = checkedSums(input, body);
    checkWriteConditions(input, object);
    const etag = `"${createHash('md5').update(body).digest('hex')}"`;
    const { CacheControl, ContentDisposition, ContentEncoding, ContentLanguage, Expires } = input;
    tx.put(objects, bucket.id, input.Key, {
      key: input.Key,
      data: Buffer.from(body.buffer, body.byteOffset, body.length).toString('base64'),
      size: body.length,
      etag,
      lastModified: now,
      contentType: input.ContentType ?? DEFAULT_TYPE,
      headers: {
        ...(CacheControl === undefined ? {} : { CacheControl }),
        ...(ContentDisposition === undefined ? {} : { ContentDisposition }),
        ...(ContentEncoding === undefined || ContentEncoding === '' ? {} : { ContentEncoding }),
        ...(ContentLanguage === undefined ? {} : { ContentLanguage }),
        ...(Expires === undefined ? {} : { Expires }),
      },
      metadata: input.Metadata ?? {},
      checksums,
    });
    return { ETag: etag, ServerSideEncryption: 'AES256' as const, ...checksums, ...sumType(checksums) };
  },
});

function refuseOtherValues(input: {
  readonly ACL?: string | undefined;
  readonly ServerSideEncryption?: string | undefined;
  readonly StorageClass?: string | undefined;
  readonly BucketKeyEnabled?: boolean | undefined;
}): void {
  if (input.ACL !== undefined && input.ACL !== 'private' && input.ACL !== 'bucket-owner-full-control') {
    throw new AwsError('AccessControlListNotSupported', 'The bucket does not allow ACLs');
  }
  const { ServerSideEncryption: encryption, StorageClass: storage } = input;
  if (encryption !== undefined && encryption !== 'AES256') {
    throw notImplemented(`ServerSideEncryption ${encryption}`, 'PutObject');
  }
  if (storage !== undefined && storage !== 'STANDARD') throw notImplemented(`StorageClass ${storage}`, 'PutObject');
  if (input.BucketKeyEnabled === true) throw notImplemented('BucketKeyEnabled', 'PutObject');
}

function sumType(checksums: Readonly<Record<string, string>>): { ChecksumType?: 'FULL_OBJECT' } {
  return Object.keys(checksums).length === 0 ? {} : { ChecksumType: 'FULL_OBJECT' };
}

interface Reading {
  readonly VersionId?: string | undefined;
  readonly PartNumber?: number | undefined;
  readonly ChecksumMode?: string | undefined;
  readonly Range?: string | undefined;
}

const NOT_OF_READS = ['PartNumber', 'SSECustomerAlgorithm', 'SSECustomerKey', 'SSECustomerKeyMD5', 'RequestPayer'];

/** Versions are not kept, so an object has the one named `null`. */
function checkVersion(versionId: string | undefined): void {
  if (versionId !== undefined && versionId !== 'null') {
    throw new AwsError('NoSuchVersion', 'The specified version does not exist.', {
      status: 404,
      members: { VersionId: versionId },
    });
  }
}

function shownHeaders(object: ObjectRecord, input: Reading) {
  const whole = input.Range === undefined;
  return {
    AcceptRanges: 'bytes',
    ETag: object.etag,
    LastModified: object.lastModified,
    ContentType: object.contentType,
    ServerSideEncryption: 'AES256' as const,
    ...object.headers,
    ...(Object.keys(object.metadata).length === 0 ? {} : { Metadata: object.metadata }),
    ...(input.ChecksumMode === 'ENABLED' && whole ? { ...object.checksums, ...sumType(object.checksums) } : {}),
  };
}

export const GetObject = operation('s3', 'GetObject', {
  resolve: targetObject,
  authorize: onObjectRead,
  handle: (context) => {
    existing(context);
    const { input, object } = context;
    refuseMembers('GetObject', input, NOT_OF_READS);
    checkVersion(input.VersionId);
    if (object === undefined) throw noSuchKey(input.Key);
    checkReadConditions(input, object);
    const range = chosenRange(input.Range, object.size);
    const bytes = Buffer.from(object.data, 'base64');
    return {
      ...shownHeaders(object, input),
      Body: range === undefined ? bytes : bytes.subarray(range.from, range.to + 1),
      ContentLength: range === undefined ? object.size : range.to - range.from + 1,
      ...(range === undefined ? {} : { ContentRange: `bytes ${range.from}-${range.to}/${object.size}` }),
      ...overrides(input),
    };
  },
});

/** Headers of the answer that the request sets. */
function overrides(input: {
  readonly ResponseCacheControl?: string | undefined;
  readonly ResponseContentDisposition?: string | undefined;
  readonly ResponseContentEncoding?: string | undefined;
  readonly ResponseContentLanguage?: string | undefined;
  readonly ResponseContentType?: string | undefined;
  readonly ResponseExpires?: number | undefined;
}) {
  return {
    ...(input.ResponseCacheControl === undefined ? {} : { CacheControl: input.ResponseCacheControl }),
    ...(input.ResponseContentDisposition === undefined ? {} : { ContentDisposition: input.ResponseContentDisposition }),
    ...(input.ResponseContentEncoding === undefined ? {} : { ContentEncoding: input.ResponseContentEncoding }),
    ...(input.ResponseContentLanguage === undefined ? {} : { ContentLanguage: input.ResponseContentLanguage }),
    ...(input.ResponseContentType === undefined ? {} : { ContentType: input.ResponseContentType }),
    ...(input.ResponseExpires === undefined ? {} : { Expires: input.ResponseExpires }),
  };
}

export const HeadObject = operation('s3', 'HeadObject', {
  resolve: targetObject,
  authorize: onObjectRead,
  handle: (context) => {
    existing(context, notFound);
    const { input, object } = context;
    refuseMembers('HeadObject', input, NOT_OF_READS);
    checkVersion(input.VersionId);
    if (object === undefined) throw notFound();
    checkReadConditions(input, object);
    const range = chosenRange(input.Range, object.size);
    return {
      ...shownHeaders(object, input),
      ContentLength: range === undefined ? object.size : range.to - range.from + 1,
      ...(range === undefined ? {} : { ContentRange: `bytes ${range.from}-${range.to}/${object.size}` }),
      ...overrides(input),
    };
  },
});

export const DeleteObject = operation('s3', 'DeleteObject', {
  resolve: targetObject,
  authorize: ({ input, bucket }) => bucketCheck('DeleteObject', bucket, { key: input.Key }),
  handle: (context) => {
    const bucket = existing(context);
    const { input, tx, object } = context;
    refuseMembers('DeleteObject', input, [
      'MFA',
      'RequestPayer',
      'BypassGovernanceRetention',
      'IfMatchLastModifiedTime',
      'IfMatchSize',
    ]);
    checkVersion(input.VersionId);
    // Deleting what is not there succeeds.
    checkWriteConditions({ IfMatch: object === undefined ? undefined : input.IfMatch }, object);
    tx.delete(objects, bucket.id, input.Key);
    return {};
  },
});
