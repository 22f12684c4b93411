import { timingSafeEqual } from 'node:crypto';
import type { AwsError } from '../../core/errors.ts';
import type { HttpRequest } from '../http.ts';
import type { Family } from '../model.ts';
import { type AuthFailure, authError } from './auth-errors.ts';
import { canonicalPath, canonicalQuery, EMPTY_SHA256, sha256Bytes, sha256Text, signedValue } from './canonical.ts';
import { isChunked, unframed } from './chunked.ts';
import { type Claim, claimOf } from './claim.ts';
import type { CredentialScope } from './scope.ts';
import { type SigningKey, SigningKeyCache } from './signing-key.ts';
import { isSigV2, verifySigV2 } from './sigv2.ts';

/** A credential as verification needs it. */
export interface SigningCredential {
  readonly secretAccessKey: string;
  /** Temporary credentials: the request must carry the same token. */
  readonly sessionToken?: string | undefined;
  /** Epoch milliseconds; temporary credentials. */
  readonly expiresAt?: number | undefined;
}

export interface AuthenticateOptions<C extends SigningCredential> {
  /** Epoch milliseconds. */
  readonly now: number;
  /** The form of errors, and what differs by family (skew, payload rules). */
  readonly family: Family;
  /** The service that the request was routed to; its scope must name the same. */
  readonly service: string;
  /** The Region whose endpoint the client asked, where the host name tells it; the scope must name the same. */
  readonly region?: string | undefined;
  /** The credential of an access key id; undefined when it is unknown or inactive. */
  readonly lookup: (accessKeyId: string) => C | undefined;
}

/** A request whose signature is good. */
export interface Authenticated<C extends SigningCredential> {
  readonly accessKeyId: string;
  readonly credential: C;
  readonly scope: CredentialScope;
  /** Lower-case names of the headers that the signature covers. */
  readonly signedHeaders: readonly string[];
  /** How the request was signed: `AuthHeader` or `QueryString` (s3:authType's words). */
  readonly authType: 'REST-HEADER' | 'REST-QUERY-STRING';
  readonly signatureVersion: 'AWS4-HMAC-SHA256' | 'AWS';
  /** The request that the client meant: S3's chunk framing verified and taken away; otherwise the one received. */
  readonly request: HttpRequest;
  /** Its body. */
  readonly body: Buffer;
}

const keys = new SigningKeyCache();

/** True when the request carries a signature of any kind, good or bad. */
export function isSigned(request: HttpRequest): boolean {
  return (
    request.headers.authorization !== undefined ||
    /(?:^|&)(?:X-Amz-(?:Signature|Algorithm|Credential)|AWSAccessKeyId)=/.test(request.query)
  );
}

/**
 * Verifies a request signed in the Authorization header or the query string. Throws an AwsError in the family's words.
 * The order of the checks is AWS's as far as it was observed: form and scope, then the key, then its token, then the
 * signature.
 */
export function authenticate<C extends SigningCredential>(
  request: HttpRequest,
  options: AuthenticateOptions<C>,
): Authenticated<C> {
  const { family, service, now } = options;
  if (family === 'rest-xml' && isSigV2(request)) return verifySigV2(request, options);
  const claim = claimOf(request, family);
  checkScope(claim, family, service);
  checkRegion(claim, family, options.region);
  const credential = options.lookup(claim.accessKeyId);
  if (credential === undefined) throw keyError(family, 'unknown-key', claim);
  checkTime(claim, family, now);
  checkToken(claim, family, credential, now);
  const key = keys.key(
    claim.accessKeyId,
    credential.secretAccessKey,
    claim.scope.date,
    claim.scope.region,
    claim.scope.service,
  );
  const payloadHash = payloadHashOf(request, claim, family);
  const text = stringToSign(request, claim, payloadHash, family);
  if (!sameText(key.sign(text), claim.signature)) throw mismatch(family, claim, text);
  const meant = meantBy(request, claim, key, payloadHash, family);
  return {
    accessKeyId: claim.accessKeyId,
    credential,
    scope: claim.scope,
    signedHeaders: claim.signedHeaders,
    authType: claim.inQuery ? 'REST-QUERY-STRING' : 'REST-HEADER',
    signatureVersion: 'AWS4-HMAC-SHA256',
    request: meant,
    body: meant.body,
  };
}

function keyError(family: Family, failure: AuthFailure, claim: Claim): AwsError {
  return authError(family, failure, family === 'rest-xml' ? { members: { AWSAccessKeyId: claim.accessKeyId } } : {});
}

function checkScope(claim: Claim, family: Family, service: string): void {
  const { scope } = claim;
  if (claim.timestamp.slice(0, 8) !== scope.date) {
    const date = claim.timestamp.slice(0, 8);
    throw authError(family, 'wrong-service', {
      message: `Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: '${scope.date}' != '${date}', from '${claim.timestamp}'.`,
    });
  }
  if (scope.service === service) return;
  // Observed on S3 and on STS (which ends its sentence with a space).
  throw authError(family, 'wrong-service', {
    message:
      family === 'rest-xml'
        ? `The authorization header is malformed; incorrect service "${scope.service}". This endpoint belongs to "s3".`
        : `Credential should be scoped to correct service: '${service}'. `,
  });
}

/** Texts as people report them from JSON and query services (which end the sentence with a space) and from S3. */
function checkRegion({ scope, inQuery }: Claim, family: Family, region: string | undefined): void {
  if (region === undefined || scope.region === region) return;
  if (family !== 'rest-xml') {
    throw authError(family, 'wrong-service', {
      message: `Credential should be scoped to a valid region, not '${scope.region}'. `,
    });
  }
  const where = inQuery ? 'Error parsing the X-Amz-Credential parameter' : 'The authorization header is malformed';
  throw authError(family, 'wrong-service', {
    ...(inQuery ? { code: 'AuthorizationQueryParametersError' } : {}),
    message: `${where}; the region '${scope.region}' is wrong; expecting '${region}'`,
    members: { Region: region },
  });
}

const MINUTE = 60_000;
/** Clock skew that a family accepts, in minutes. Observed texts: `- 5 min.` on JSON services, `- 15 min.` on STS. */
const SKEW: Readonly<Record<Family, number>> = { json: 5, query: 15, 'rest-xml': 15 };

function compact(milliseconds: number): string {
  return `${new Date(milliseconds).toISOString().slice(0, 19).replace(/[-:]/g, '')}Z`;
}

function checkTime(claim: Claim, family: Family, now: number): void {
  const skew = SKEW[family];
  const limit = skew * MINUTE;
  if (family === 'rest-xml') {
    if (claim.expiresSeconds !== undefined && now > claim.time + claim.expiresSeconds * 1000) {
      throw authError(family, 'missing', {
        message: 'Request has expired',
        members: {
          'X-Amz-Expires': claim.expiresSeconds,
          Expires: new Date(claim.time + claim.expiresSeconds * 1000).toISOString().replace('.000Z', 'Z'),
          ServerTime: new Date(now).toISOString().slice(0, 19).concat('Z'),
        },
      });
    }
    const tooEarly = claim.expiresSeconds === undefined && claim.time < now - limit;
    if (tooEarly || claim.time > now + limit) {
      throw authError(family, 'skewed', {
        members: {
          RequestTime: claim.timestamp,
          ServerTime: new Date(now).toISOString().slice(0, 19).concat('Z'),
          MaxAllowedSkewMilliseconds: limit,
        },
      });
    }
    return;
  }
  // Presigned requests of other services live as long as signed ones, whatever X-Amz-Expires says (seen with STS).
  if (claim.time < now - limit) {
    throw authError(family, 'skewed', {
      message: `Signature expired: ${claim.timestamp} is now earlier than ${compact(now - limit)} (${compact(now)} - ${skew} min.)`,
    });
  }
  if (claim.time > now + limit) {
    throw authError(family, 'skewed', {
      message: `Signature not yet current: ${claim.timestamp} is still later than ${compact(now + limit)} (${compact(now)} + ${skew} min.)`,
    });
  }
}

function checkToken(claim: Claim, family: Family, credential: SigningCredential, now: number): void {
  const expected = credential.sessionToken;
  if (expected === undefined) {
    if (claim.sessionToken === undefined) return;
    throw keyError(family, 'invalid-token', claim);
  }
  if (claim.sessionToken === undefined || !sameText(expected, claim.sessionToken))
    throw keyError(family, 'invalid-token', claim);
  if (credential.expiresAt !== undefined && now >= credential.expiresAt) throw authError(family, 'expired-token');
}

const expectedBytes = Buffer.alloc(64);
const givenBytes = Buffer.alloc(64);

/** Compares without telling by its duration where two texts differ. */
function sameText(expected: string, given: string): boolean {
  if (expected.length !== given.length) return false;
  if (expected.length !== 64) return timingSafeEqual(Buffer.from(expected, 'latin1'), Buffer.from(given, 'latin1'));
  // Signatures: without making two Buffers for each request.
  expectedBytes.write(expected, 'latin1');
  givenBytes.write(given, 'latin1');
  return timingSafeEqual(expectedBytes, givenBytes);
}

const UNSIGNED = 'UNSIGNED-PAYLOAD';

/** The payload part of the canonical request; checked against the body where it claims to be its hash. */
function payloadHashOf(request: HttpRequest, claim: Claim, family: Family): string {
  const claimed = request.headers['x-amz-content-sha256'];
  if (family === 'rest-xml') {
    if (claim.inQuery)
      return claimed !== undefined && claim.signedHeaders.includes('x-amz-content-sha256') ? claimed : UNSIGNED;
    if (claimed === undefined) {
      throw authError(family, 'incomplete', {
        code: 'InvalidRequest',
        message: 'Missing required header for this request: x-amz-content-sha256',
      });
    }
    if (claimed === UNSIGNED || isChunked(claimed)) return claimed;
  }
  const actual = sha256Bytes(request.body);
  if (claimed === undefined || claimed === actual) return actual;
  if (family === 'rest-xml') {
    throw authError(family, 'incomplete', {
      code: /^[0-9a-f]{64}$/.test(claimed) ? 'XAmzContentSHA256Mismatch' : 'InvalidArgument',
      message: /^[0-9a-f]{64}$/.test(claimed)
        ? "The provided 'x-amz-content-sha256' header does not match what was computed."
        : 'x-amz-content-sha256 must be UNSIGNED-PAYLOAD, STREAMING-UNSIGNED-PAYLOAD-TRAILER, STREAMING-AWS4-HMAC-SHA256-PAYLOAD, STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER, STREAMING-AWS4-ECDSA-P256-SHA256-PAYLOAD, STREAMING-AWS4-ECDSA-P256-SHA256-PAYLOAD-TRAILER or a valid sha256 value.',
      members: { ClientComputedContentSHA256: claimed, S3ComputedContentSHA256: actual },
    });
  }
  throw authError(family, 'signature');
}

function stringToSign(request: HttpRequest, claim: Claim, payloadHash: string, family: Family): string {
  let headers = '';
  for (const name of claim.signedHeaders) {
    const value = signedValue(request.rawHeaders, headerOf(request, name), name);
    if (value === undefined) throw authError(family, 'signature');
    headers += `${name}:${value}\n`;
  }
  const query = canonicalQuery(request.query, claim.inQuery ? 'X-Amz-Signature' : undefined);
  const canonical = `${request.method}\n${canonicalPath(request.path, claim.scope.service)}\n${query}\n${headers}\n${claim.signedHeaders.join(';')}\n${payloadHash}`;
  const { date, region, service } = claim.scope;
  return `AWS4-HMAC-SHA256\n${claim.timestamp}\n${date}/${region}/${service}/aws4_request\n${sha256Text(canonical)}`;
}

/** A header by whatever name a client lists: `constructor` is none, and `set-cookie` is a list in node:http. */
function headerOf({ headers }: HttpRequest, name: string): string | undefined {
  const value: string | readonly string[] | undefined = Object.hasOwn(headers, name) ? headers[name] : undefined;
  return Array.isArray(value) ? value.join(', ') : (value as string | undefined);
}

function mismatch(family: Family, claim: Claim, text: string): AwsError {
  if (family !== 'rest-xml') return authError(family, 'signature');
  return authError(family, 'signature', {
    members: { AWSAccessKeyId: claim.accessKeyId, StringToSign: text, SignatureProvided: claim.signature },
  });
}

function meantBy(
  request: HttpRequest,
  claim: Claim,
  key: SigningKey,
  payloadHash: string,
  family: Family,
): HttpRequest {
  if (family !== 'rest-xml' || payloadHash === EMPTY_SHA256 || !isChunked(payloadHash)) return request;
  return unframed(request, payloadHash, {
    key,
    seed: claim.signature,
    timestamp: claim.timestamp,
    scope: `${claim.scope.date}/${claim.scope.region}/${claim.scope.service}/aws4_request`,
  });
}
