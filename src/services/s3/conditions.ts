import { AwsError } from '../../core/errors.ts';
import { noSuchKey } from './errors.ts';
import type { ObjectRecord } from './records.ts';

/** Quotes around an ETag are optional, and `*` is any. Source: RFC 9110, 13.1; S3 accepts ETags without quotes. */
function names(condition: string, etag: string): boolean {
  const bare = (text: string): string =>
    text
      .trim()
      .replace(/^W\//, '')
      .replace(/^"(.*)"$/, '$1');
  return condition.split(',').some((one) => one.trim() === '*' || bare(one) === bare(etag));
}

function preconditionFailed(condition: string): AwsError {
  return new AwsError('PreconditionFailed', 'At least one of the pre-conditions you specified did not hold', {
    status: 412,
    members: { Condition: condition },
  });
}

/** Source: API Reference, GetObject: If-Match wins over If-Unmodified-Since, If-None-Match over If-Modified-Since. */
export function checkReadConditions(
  input: {
    readonly IfMatch?: string | undefined;
    readonly IfNoneMatch?: string | undefined;
    readonly IfModifiedSince?: number | undefined;
    readonly IfUnmodifiedSince?: number | undefined;
  },
  { etag, lastModified }: ObjectRecord,
): void {
  const modified = Math.floor(lastModified / 1000) * 1000;
  if (input.IfMatch !== undefined) {
    if (!names(input.IfMatch, etag)) throw preconditionFailed('If-Match');
  } else if (input.IfUnmodifiedSince !== undefined && modified > input.IfUnmodifiedSince) {
    throw preconditionFailed('If-Unmodified-Since');
  }
  if (input.IfNoneMatch !== undefined) {
    if (names(input.IfNoneMatch, etag)) throw notModified();
  } else if (input.IfModifiedSince !== undefined && modified <= input.IfModifiedSince) throw notModified();
}

function notModified(): AwsError {
  return new AwsError('NotModified', 'Not Modified', { status: 304 });
}

/** Conditional writes. Source: S3 User Guide, conditional requests. */
export function checkWriteConditions(
  input: { readonly IfMatch?: string | undefined; readonly IfNoneMatch?: string | undefined; readonly Key?: string },
  object: ObjectRecord | undefined,
): void {
  if (input.IfNoneMatch !== undefined) {
    if (input.IfNoneMatch !== '*') {
      throw new AwsError('NotImplemented', 'A header you provided implies functionality that is not implemented', {
        status: 501,
        members: { Header: 'If-None-Match' },
      });
    }
    if (object !== undefined) throw preconditionFailed('If-None-Match');
  }
  if (input.IfMatch !== undefined) {
    if (object === undefined) throw noSuchKey(input.Key ?? '');
    if (!names(input.IfMatch, object.etag)) throw preconditionFailed('If-Match');
  }
}
