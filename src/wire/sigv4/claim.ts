import { Memo } from '../../core/memo.ts';
import { formValue, parseForm } from '../form.ts';
import type { HttpRequest } from '../http.ts';
import type { Family } from '../model.ts';
import { authError } from './auth-errors.ts';
import { headerParameter } from './header-parameter.ts';
import type { CredentialScope } from './scope.ts';

/** What a signed request says of itself; nothing of it is proven yet. */
export interface Claim {
  readonly accessKeyId: string;
  readonly scope: CredentialScope;
  /** `YYYYMMDDTHHMMSSZ` */
  readonly timestamp: string;
  /** The same, in epoch milliseconds. */
  readonly time: number;
  readonly signedHeaders: readonly string[];
  readonly signature: string;
  readonly sessionToken: string | undefined;
  readonly inQuery: boolean;
  /** Presigned S3 requests. */
  readonly expiresSeconds: number | undefined;
}

const headerLists = new Memo((text): readonly string[] => text.split(';'));

const ALGORITHM = 'AWS4-HMAC-SHA256';

/** Reads the claim of an Authorization header or a presigned query string; throws when it is missing or not whole. */
export function claimOf(request: HttpRequest, family: Family): Claim {
  const header = request.headers.authorization;
  if (header !== undefined) return headerClaim(request, header, family);
  if (/(?:^|&)X-Amz-(?:Algorithm|Credential|Signature)=/.test(request.query)) return queryClaim(request, family);
  throw authError(family, 'missing');
}

function headerClaim(request: HttpRequest, header: string, family: Family): Claim {
  const space = header.indexOf(' ');
  const algorithm = space === -1 ? header : header.slice(0, space);
  if (algorithm !== ALGORITHM) throw unsupported(family, algorithm);
  const credential = headerParameter(header, 'Credential=');
  const signedHeaders = headerParameter(header, 'SignedHeaders=');
  const signature = headerParameter(header, 'Signature=');
  const date = request.headers['x-amz-date'] ?? request.headers.date;
  if (credential === '' || signature === '' || signedHeaders === '' || date === undefined) {
    let message = '';
    if (credential === '') message += "Authorization header requires 'Credential' parameter. ";
    if (signature === '') message += "Authorization header requires 'Signature' parameter. ";
    if (signedHeaders === '') message += "Authorization header requires 'SignedHeaders' parameter. ";
    if (date === undefined) {
      message += "Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header. ";
    }
    // AWS repeats the header, or its hash; the algorithm is all that is safe to repeat.
    throw authError(family, 'incomplete', { message: `${message}Authorization=${algorithm}` });
  }
  const [timestamp, time] = readDate(date, family);
  const names = headerLists.of(signedHeaders);
  checkSignedHeaders(request, names, family, false);
  const { accessKeyId, scope } = readCredential(credential, family);
  return {
    accessKeyId,
    scope,
    timestamp,
    time,
    signedHeaders: names,
    signature,
    sessionToken: request.headers['x-amz-security-token'],
    inQuery: false,
    expiresSeconds: undefined,
  };
}

function queryClaim(request: HttpRequest, family: Family): Claim {
  const query = parseForm(request.query);
  const algorithm = formValue(query, 'X-Amz-Algorithm');
  if (algorithm !== undefined && algorithm !== ALGORITHM) throw unsupported(family, algorithm);
  let missing = '';
  const value = (name: string): string => {
    const found = formValue(query, name) ?? '';
    if (found === '') missing += `AWS query-string parameters must include '${name}'. `;
    return found;
  };
  value('X-Amz-Algorithm');
  const credential = value('X-Amz-Credential');
  const signature = value('X-Amz-Signature');
  const signedHeaders = value('X-Amz-SignedHeaders');
  const date = value('X-Amz-Date');
  if (missing !== '') throw queryError(family, `${missing}Re-examine the query-string parameters.`);
  const expires = formValue(query, 'X-Amz-Expires');
  const expiresSeconds = readExpires(expires, family);
  const [timestamp, time] = readDate(date, family);
  const names = signedHeaders.split(';');
  checkSignedHeaders(request, names, family, true);
  const inHeader = names.includes('x-amz-security-token') ? request.headers['x-amz-security-token'] : undefined;
  const { accessKeyId, scope } = readCredential(credential, family);
  return {
    accessKeyId,
    scope,
    timestamp,
    time,
    signedHeaders: names,
    signature,
    // Observed on S3: a signed header wins over the query string.
    sessionToken: inHeader ?? formValue(query, 'X-Amz-Security-Token'),
    inQuery: true,
    expiresSeconds,
  };
}

/** Texts of S3. Source: S3 API reference, "Authenticating Requests: Using Query Parameters". */
function readExpires(text: string | undefined, family: Family): number | undefined {
  if (family !== 'rest-xml') return undefined;
  if (text === undefined) {
    throw queryError(
      family,
      'Query-string authentication version 4 requires the X-Amz-Algorithm, X-Amz-Credential, X-Amz-Signature, X-Amz-Date, X-Amz-SignedHeaders, and X-Amz-Expires parameters.',
    );
  }
  if (!/^-?\d{1,12}$/.test(text)) throw queryError(family, 'X-Amz-Expires should be a number');
  const seconds = Number(text);
  if (seconds < 0) throw queryError(family, 'X-Amz-Expires must be non-negative');
  if (seconds > 604_800) {
    throw queryError(
      family,
      'X-Amz-Expires must be less than a week (in seconds); that is, the given X-Amz-Expires must be less than 604800 seconds',
    );
  }
  return seconds;
}

function queryError(family: Family, message: string): Error {
  return authError(
    family,
    'incomplete',
    family === 'rest-xml' ? { code: 'AuthorizationQueryParametersError', message } : { message },
  );
}

function unsupported(family: Family, algorithm: string): Error {
  if (family === 'rest-xml')
    return authError(family, 'incomplete', { code: 'InvalidArgument', message: 'Unsupported Authorization Type' });
  return authError(family, 'incomplete', { message: `Unsupported AWS 'algorithm': '${algorithm.slice(0, 40)}'.` });
}

interface Credential {
  readonly accessKeyId: string;
  readonly scope: CredentialScope;
}

/** By family, since that decides how a refusal is worded. */
const credentials: Readonly<Record<Family, Memo<Credential>>> = {
  json: new Memo((text) => parseCredential(text, 'json')),
  query: new Memo((text) => parseCredential(text, 'query')),
  'rest-xml': new Memo((text) => parseCredential(text, 'rest-xml')),
};

function readCredential(text: string, family: Family): Credential {
  return credentials[family].of(text);
}

function parseCredential(text: string, family: Family): Credential {
  const parts = text.split('/');
  const [accessKeyId, date, region, service, end] = parts;
  if (parts.length !== 5 || !accessKeyId || !date || !region || !service || !/^\d{8}$/.test(date)) {
    // The credential holds no secret, but it may hold whatever a confused client put there.
    const message =
      family === 'rest-xml'
        ? 'The authorization header is malformed; the Credential is mal-formed; expecting "<YOUR-AKID>/YYYYMMDD/REGION/SERVICE/aws4_request".'
        : 'Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term';
    throw authError(family, 'incomplete', { message });
  }
  if (end !== 'aws4_request') {
    throw authError(family, 'wrong-service', {
      message: "Credential should be scoped with a valid terminator: 'aws4_request'. ",
    });
  }
  return { accessKeyId, scope: { date, region, service } };
}

const COMPACT = /^(\d{4})(\d{2})(\d{2})T(\d{2})(\d{2})(\d{2})Z$/;
let lastDate: readonly [string, number] = ['', 0];

function readDate(text: string, family: Family): readonly [timestamp: string, time: number] {
  // Requests come in bursts of the same second.
  if (text === lastDate[0]) return lastDate;
  const found = COMPACT.exec(text);
  if (found !== null) {
    const [, year, month, day, hour, minute, second] = found.map(Number) as [
      number,
      number,
      number,
      number,
      number,
      number,
      number,
    ];
    const time = Date.UTC(year, month - 1, day, hour, minute, second);
    lastDate = [text, time];
    return lastDate;
  }
  const time = Date.parse(text);
  if (Number.isNaN(time) || !/GMT$/.test(text)) {
    throw authError(family, 'incomplete', {
      message: `Date must be in ISO-8601 'basic format'. Got '${text.slice(0, 40)}'. See http://en.wikipedia.org/wiki/ISO_8601`,
    });
  }
  return [`${new Date(time).toISOString().slice(0, 19).replace(/[-:]/g, '')}Z`, time];
}

/** The host must be signed; S3 also wants every x-amz-* header signed. */
function checkSignedHeaders(request: HttpRequest, names: readonly string[], family: Family, inQuery: boolean): void {
  if (!names.includes('host') && !names.includes(':authority')) {
    throw authError(family, family === 'rest-xml' ? 'incomplete' : 'signature', {
      message: "'Host' or ':authority' must be a 'SignedHeader' in the AWS Authorization.",
    });
  }
  if (family !== 'rest-xml') return;
  const unsigned = Object.keys(request.headers).filter(
    (name) => name.startsWith('x-amz-') && !names.includes(name) && !(inQuery && name === 'x-amz-content-sha256'),
  );
  if (unsigned.length > 0) {
    // Observed.
    throw authError(family, 'missing', {
      message: 'There were headers present in the request which were not signed',
      members: { HeadersNotSigned: unsigned.join(', ') },
    });
  }
}
