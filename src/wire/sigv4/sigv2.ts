import { createHmac, timingSafeEqual } from 'node:crypto';
import { formValue, parseForm } from '../form.ts';
import type { HttpRequest } from '../http.ts';
import { bucketOfHost } from '../s3-route.ts';
import { authError } from './auth-errors.ts';
import { canonicalValue } from './canonical.ts';
import type { Authenticated, AuthenticateOptions, SigningCredential } from './verify.ts';

/** True for S3 requests presigned with signature version 2, which boto3 still makes in some Regions. */
export function isSigV2(request: HttpRequest): boolean {
  return /(?:^|&)AWSAccessKeyId=/.test(request.query) && request.headers.authorization === undefined;
}

/** Words of the query string that belong to the signed resource. Source: S3 developer guide, RESTAuthentication. */
const SUBRESOURCES = new Set(
  (
    'accelerate acl cors defaultObjectAcl delete lifecycle location logging notification partNumber policy requestPayment ' +
    'replication response-cache-control response-content-disposition response-content-encoding response-content-language ' +
    'response-content-type response-expires restore select select-type tagging torrent uploadId uploads versionId versioning ' +
    'versions website'
  ).split(' '),
);

/** Verifies a query string signed with version 2 (HMAC-SHA1). Only S3 takes it. */
export function verifySigV2<C extends SigningCredential>(
  request: HttpRequest,
  options: AuthenticateOptions<C>,
): Authenticated<C> {
  const query = parseForm(request.query);
  const accessKeyId = formValue(query, 'AWSAccessKeyId') ?? '';
  const signature = formValue(query, 'Signature');
  const expires = formValue(query, 'Expires');
  if (signature === undefined || expires === undefined || !/^\d{1,12}$/.test(expires)) {
    throw authError('rest-xml', 'missing', {
      message: 'Query-string authentication requires the Signature, Expires and AWSAccessKeyId parameters',
    });
  }
  const credential = options.lookup(accessKeyId);
  if (credential === undefined)
    throw authError('rest-xml', 'unknown-key', { members: { AWSAccessKeyId: accessKeyId } });
  if (options.now > Number(expires) * 1000) throw authError('rest-xml', 'missing', { message: 'Request has expired' });
  const token = formValue(query, 'x-amz-security-token') ?? request.headers['x-amz-security-token'];
  if (!same(credential.sessionToken ?? '', token ?? '')) {
    throw authError('rest-xml', 'invalid-token', { members: { AWSAccessKeyId: accessKeyId } });
  }
  if (credential.expiresAt !== undefined && options.now >= credential.expiresAt)
    throw authError('rest-xml', 'expired-token');
  const expected = createHmac('sha1', credential.secretAccessKey)
    .update(textOf(request, expires, token), 'utf8')
    .digest('base64');
  if (!same(expected, signature)) {
    throw authError('rest-xml', 'signature', {
      members: { AWSAccessKeyId: accessKeyId, SignatureProvided: signature },
    });
  }
  return {
    accessKeyId,
    credential,
    scope: {
      date: new Date(options.now).toISOString().slice(0, 10).replaceAll('-', ''),
      region: 'us-east-1',
      service: 's3',
    },
    signedHeaders: [],
    authType: 'REST-QUERY-STRING',
    signatureVersion: 'AWS',
    request,
    body: request.body,
  };
}

function same(expected: string, given: string): boolean {
  const a = Buffer.from(expected);
  const b = Buffer.from(given);
  return a.length === b.length && timingSafeEqual(a, b);
}

function textOf(request: HttpRequest, expires: string, token: string | undefined): string {
  const { headers } = request;
  const amz = new Map<string, string>();
  for (const [name, value] of Object.entries(headers))
    if (name.startsWith('x-amz-')) amz.set(name, canonicalValue(value));
  // A token in the query string counts as the header.
  if (token !== undefined) amz.set('x-amz-security-token', token);
  const amzText = [...amz].sort(([a], [b]) => (a < b ? -1 : 1)).map(([name, value]) => `${name}:${value}\n`);
  const words = parseForm(request.query)
    .filter(([name]) => SUBRESOURCES.has(name))
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, value]) => (value === '' ? name : `${name}=${value}`));
  const virtual = bucketOfHost(headers.host ?? '');
  const resource = `${virtual === undefined ? '' : `/${virtual}`}${request.path}${words.length === 0 ? '' : `?${words.join('&')}`}`;
  return [
    request.method,
    headers['content-md5'] ?? '',
    headers['content-type'] ?? '',
    expires,
    amzText.join('') + resource,
  ].join('\n');
}
