import type { HttpRequest } from './http.ts';
import { loadModel, type OperationModel, type RestRoute } from './model.ts';
import { UnknownOperation } from './not-served.ts';

/** What an S3 request is about. */
export interface S3Address {
  readonly bucket: string | undefined;
  /** Decoded. */
  readonly key: string | undefined;
}

/** S3's host names; the bucket, if any, stands before them. */
const S3_HOST = /^(?:(.+)\.)?s3(?:[.-][a-z0-9.-]*)?$/;

/** The bucket of a virtual-hosted request (`bucket.localhost`, `bucket.s3.eu-west-1.amazonaws.com`). */
export function bucketOfHost(host: string): string | undefined {
  const name = host.replace(/:\d+$/, '').toLowerCase();
  const ofS3 = S3_HOST.exec(name);
  if (ofS3 !== null) return ofS3[1];
  return name.endsWith('.localhost') ? name.slice(0, -'.localhost'.length) : undefined;
}

function addressOf(request: HttpRequest): S3Address {
  const inHost = bucketOfHost(request.headers.host ?? '');
  const path = request.path.startsWith('/') ? request.path.slice(1) : request.path;
  const slash = path.indexOf('/');
  const bucket = inHost ?? decode(slash === -1 ? path : path.slice(0, slash));
  const key = inHost === undefined ? (slash === -1 ? '' : path.slice(slash + 1)) : path;
  return { bucket: bucket === '' ? undefined : bucket, key: key === '' ? undefined : decode(key) };
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** Finds the S3 operation by method, level, and what the query string and headers hold; the most particular wins. */
export function routeS3(request: HttpRequest): { operation: string; model: OperationModel; s3: S3Address } {
  const s3 = addressOf(request);
  const level = s3.bucket === undefined ? 'service' : s3.key === undefined ? 'bucket' : 'object';
  const words = request.query === '' ? [] : request.query.split('&');
  const names = new Set(words.map((word) => word.split('=', 1)[0]));
  const service = loadModel('s3');
  let best: RestRoute | undefined;
  let bestWeight = -1;
  for (const candidate of service.routes) {
    if (candidate.method !== request.method || candidate.level !== level) continue;
    if (!candidate.literals.every((literal) => (literal.includes('=') ? words.includes(literal) : names.has(literal))))
      continue;
    if (!candidate.query.every((name) => names.has(name))) continue;
    if (!candidate.headers.every((name) => request.headers[name] !== undefined)) continue;
    const weight = candidate.literals.length * 4 + candidate.query.length + candidate.headers.length;
    if (weight > bestWeight) {
      best = candidate;
      bestWeight = weight;
    }
  }
  if (best === undefined) throw new UnknownOperation('rest-xml', 's3', `${request.method} on a ${level}`);
  const model = service.operation(best.operation);
  if (model === undefined) throw new UnknownOperation('rest-xml', 's3', best.operation);
  return { operation: best.operation, model, s3 };
}
