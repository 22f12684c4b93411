import type { ServerResponse } from 'node:http';
import { AwsError } from '../../../core/errors.ts';

/** Codes of the OCI distribution spec and of docker's registry before it. */
export type RegistryErrorCode =
  | 'BLOB_UNKNOWN'
  | 'BLOB_UPLOAD_INVALID'
  | 'BLOB_UPLOAD_UNKNOWN'
  | 'DENIED'
  | 'DIGEST_INVALID'
  | 'MANIFEST_BLOB_UNKNOWN'
  | 'MANIFEST_INVALID'
  | 'MANIFEST_UNKNOWN'
  | 'NAME_INVALID'
  | 'NAME_UNKNOWN'
  | 'RANGE_INVALID'
  | 'SIZE_INVALID'
  | 'TAG_INVALID'
  | 'TOOMANYREQUESTS'
  | 'UNAUTHORIZED'
  | 'UNKNOWN'
  | 'UNSUPPORTED';

/** What a registry's client sees. */
export class RegistryError extends Error {
  readonly status: number;
  readonly code: RegistryErrorCode;
  readonly headers: Readonly<Record<string, string>>;

  constructor(
    status: number,
    code: RegistryErrorCode,
    message: string,
    headers: Readonly<Record<string, string>> = {},
  ) {
    super(message);
    this.name = 'RegistryError';
    this.status = status;
    this.code = code;
    this.headers = headers;
  }
}

/** 401 with a challenge: docker asks its credential store, and says `no basic auth credentials` when it has none. */
export function unauthorized(realm: string, service?: string): RegistryError {
  const of = service === undefined ? '' : `,service="${service}"`;
  return new RegistryError(401, 'UNAUTHORIZED', 'Not Authorized', {
    'www-authenticate': `Basic realm="${realm.replace(/["\\]/g, '')}"${of}`,
  });
}

export function denied(message: string): RegistryError {
  return new RegistryError(403, 'DENIED', message);
}

/**
 * ECR's errors in the registry's format. Observed on ECR: NAME_UNKNOWN, DENIED, TAG_INVALID and MANIFEST_UNKNOWN with
 * the API's own messages. unverified: the others.
 */
const FROM_AWS: Readonly<Record<string, readonly [number, RegistryErrorCode]>> = {
  RepositoryNotFoundException: [404, 'NAME_UNKNOWN'],
  ImageNotFoundException: [404, 'MANIFEST_UNKNOWN'],
  ImageTagAlreadyExistsException: [400, 'TAG_INVALID'],
  ImageDigestDoesNotMatchException: [400, 'DIGEST_INVALID'],
  InvalidLayerException: [400, 'DIGEST_INVALID'],
  InvalidParameterException: [400, 'MANIFEST_INVALID'],
  LayersNotFoundException: [400, 'MANIFEST_BLOB_UNKNOWN'],
  ReferencedImagesNotFoundException: [400, 'MANIFEST_BLOB_UNKNOWN'],
  UploadNotFoundException: [404, 'BLOB_UPLOAD_UNKNOWN'],
};

/** The error as the registry tells it; undefined for what is no refusal but a bug. */
export function asRegistryError(error: unknown): RegistryError | undefined {
  if (error instanceof RegistryError) return error;
  if (!(error instanceof AwsError)) return undefined;
  if (error.fault === 'server') return new RegistryError(500, 'UNKNOWN', error.message);
  if (/^AccessDenied/.test(error.code)) return denied(error.message);
  const [status, code] = FROM_AWS[error.code] ?? [error.status ?? 400, 'UNKNOWN' as const];
  return new RegistryError(status, code, error.message);
}

/** Docker asks for this header before it believes that it talks to a registry. */
const VERSION = { 'docker-distribution-api-version': 'registry/2.0' } as const;

export function send(
  response: ServerResponse,
  status: number,
  headers: Readonly<Record<string, string | number>>,
  body: string | Buffer = '',
): void {
  const length = typeof body === 'string' ? Buffer.byteLength(body) : body.length;
  // Source: RFC 9110, 8.6: no length where there can be no content.
  const stated = status === 204 ? {} : { 'content-length': length };
  response.writeHead(status, { ...VERSION, ...stated, ...headers });
  response.end(response.req.method === 'HEAD' ? undefined : body);
}

export function sendError(response: ServerResponse, { status, code, message, headers }: RegistryError): void {
  const body = `${JSON.stringify({ errors: [{ code, message }] })}\n`;
  send(response, status, { 'content-type': 'application/json; charset=utf-8', ...headers }, body);
}
