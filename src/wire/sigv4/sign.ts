import { canonicalPath, canonicalQuery, canonicalValue, sha256Bytes, sha256Text } from './canonical.ts';
import { SigningKeyCache } from './signing-key.ts';

export interface Credentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string | undefined;
}

export interface UnsignedRequest {
  readonly method: string;
  /** Host and port as the Host header will have them. */
  readonly host: string;
  /** Percent-encoded path and, after a question mark, query string. */
  readonly target: string;
  /** Further headers, lower-case names; all of them are signed. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
}

const keys = new SigningKeyCache(100);

/** Signs a request in its Authorization header and gives all headers to send. `now` in epoch milliseconds. */
export function signRequest(
  request: UnsignedRequest,
  credentials: Credentials,
  scope: { readonly region: string; readonly service: string },
  now: number,
): Record<string, string> {
  const timestamp = `${new Date(now).toISOString().slice(0, 19).replace(/[-:]/g, '')}Z`;
  const date = timestamp.slice(0, 8);
  const payloadHash = sha256Bytes(request.body);
  const headers: Record<string, string> = { ...request.headers, host: request.host, 'x-amz-date': timestamp };
  if (scope.service === 's3') headers['x-amz-content-sha256'] = payloadHash;
  if (credentials.sessionToken !== undefined) headers['x-amz-security-token'] = credentials.sessionToken;
  const names = Object.keys(headers).sort();
  const mark = request.target.indexOf('?');
  const path = mark === -1 ? request.target : request.target.slice(0, mark);
  const query = mark === -1 ? '' : request.target.slice(mark + 1);
  const lines = names.map((name) => `${name}:${canonicalValue(headers[name]!)}\n`).join('');
  const signed = names.join(';');
  const canonical = `${request.method}\n${canonicalPath(path, scope.service)}\n${canonicalQuery(query)}\n${lines}\n${signed}\n${payloadHash}`;
  const within = `${date}/${scope.region}/${scope.service}/aws4_request`;
  const text = `AWS4-HMAC-SHA256\n${timestamp}\n${within}\n${sha256Text(canonical)}`;
  const { accessKeyId, secretAccessKey } = credentials;
  const signature = keys.key(accessKeyId, secretAccessKey, date, scope.region, scope.service).sign(text);
  headers.authorization = `AWS4-HMAC-SHA256 Credential=${accessKeyId}/${within}, SignedHeaders=${signed}, Signature=${signature}`;
  return headers;
}
