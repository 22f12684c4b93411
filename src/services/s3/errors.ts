import { AwsError } from '../../core/errors.ts';

/** Errors of Amazon S3. Texts: S3 API reference, "Error responses", and as observed. */

export function noSuchBucket(bucket: string): AwsError {
  return new AwsError('NoSuchBucket', 'The specified bucket does not exist', {
    status: 404,
    members: { BucketName: bucket },
  });
}

export function noSuchKey(key: string): AwsError {
  return new AwsError('NoSuchKey', 'The specified key does not exist.', { status: 404, members: { Key: key } });
}

/** What HeadBucket and HeadObject answer: there is no body to say more. */
export function notFound(): AwsError {
  return new AwsError('NotFound', 'Not Found', { status: 404 });
}

export function bucketNotEmpty(bucket: string): AwsError {
  return new AwsError('BucketNotEmpty', 'The bucket you tried to delete is not empty', {
    status: 409,
    members: { BucketName: bucket },
  });
}

export function wrongRegion(used: string, expected: string): AwsError {
  return new AwsError(
    'AuthorizationHeaderMalformed',
    `The authorization header is malformed; the region '${used}' is wrong; expecting '${expected}'`,
    { status: 400, members: { Region: expected } },
  );
}

export function invalidArgument(message: string, name: string, value: string): AwsError {
  return new AwsError('InvalidArgument', message, { members: { ArgumentName: name, ArgumentValue: value } });
}

export function accessDenied(): AwsError {
  return new AwsError('AccessDenied', 'Access Denied', { status: 403 });
}

/** What Rolecall does not carry out is refused by name, with the code that S3 has for it. */
export function notImplemented(member: string, operation: string): AwsError {
  return new AwsError(
    'NotImplemented',
    `A header you provided implies functionality that is not implemented: Rolecall does not support ${member} of ${operation}.`,
    { status: 501 },
  );
}

/** Refuses the members that the operation does not support, by name. */
export function refuseMembers(operation: string, input: object, members: readonly string[]): void {
  for (const member of members) {
    if ((input as Readonly<Record<string, unknown>>)[member] !== undefined) throw notImplemented(member, operation);
  }
}
