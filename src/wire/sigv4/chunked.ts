import { AwsError } from '../../core/errors.ts';
import type { HttpRequest } from '../http.ts';
import { EMPTY_SHA256, sha256Bytes, sha256Text } from './canonical.ts';
import type { SigningKey } from './signing-key.ts';

/** What chunk signatures are made with. */
export interface ChunkSigning {
  readonly key: SigningKey;
  /** The signature of the request's head: the first link of the chain. */
  readonly seed: string;
  readonly timestamp: string;
  /** `20260102/eu-west-1/s3/aws4_request` */
  readonly scope: string;
}

const UNSIGNED_TRAILER = 'STREAMING-UNSIGNED-PAYLOAD-TRAILER';
const SIGNED = 'STREAMING-AWS4-HMAC-SHA256-PAYLOAD';
const SIGNED_TRAILER = 'STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER';

/** True for the values of x-amz-content-sha256 that say the body is framed in chunks. */
export function isChunked(contentHash: string): boolean {
  return contentHash === UNSIGNED_TRAILER || contentHash === SIGNED || contentHash === SIGNED_TRAILER;
}

function incomplete(): AwsError {
  return new AwsError('IncompleteBody', 'The request body terminated unexpectedly', { status: 400 });
}

function mismatch(): AwsError {
  return new AwsError(
    'SignatureDoesNotMatch',
    'The request signature we calculated does not match the signature you provided. Check your key and signing method.',
    { status: 403 },
  );
}

/**
 * The request that the client meant by an aws-chunked one: body without framing, the announced trailers as headers,
 * and neither `aws-chunked` nor the framed length left.
 */
export function unframed(request: HttpRequest, mode: string, signing: ChunkSigning): HttpRequest {
  const { decoded, trailer } = decodeBody(request, mode, signing);
  const headers: Record<string, string> = { ...request.headers, 'content-length': String(decoded.length) };
  const encoding = (headers['content-encoding'] ?? '').split(',').map((word) => word.trim());
  const kept = encoding.filter((word) => word !== '' && word !== 'aws-chunked').join(', ');
  if (kept === '') delete headers['content-encoding'];
  else headers['content-encoding'] = kept;
  const announced = (headers['x-amz-trailer'] ?? '').split(',').map((word) => word.trim().toLowerCase());
  for (const [name, value] of trailerHeaders(trailer)) {
    if (announced.includes(name) && name.startsWith('x-amz-checksum-')) headers[name] = value;
  }
  return { ...request, headers, body: decoded };
}

function trailerHeaders(trailer: string): [string, string][] {
  return trailer
    .split(/\r?\n/)
    .filter((line) => line.includes(':'))
    .map((line) => [line.slice(0, line.indexOf(':')).trim().toLowerCase(), line.slice(line.indexOf(':') + 1).trim()]);
}

/**
 * Takes the chunk framing off an aws-chunked body, checking the chain of signatures where the mode has one.
 * Source: S3 API reference, "Signature Calculations for the Authorization Header: Transferring Payload in Multiple Chunks".
 */
function decodeBody(request: HttpRequest, mode: string, signing: ChunkSigning): { decoded: Buffer; trailer: string } {
  const { body } = request;
  const signed = mode !== UNSIGNED_TRAILER;
  const pieces: Buffer[] = [];
  let previous = signing.seed;
  let at = 0;
  for (;;) {
    const end = body.indexOf('\r\n', at, 'latin1');
    if (end === -1) throw incomplete();
    const found = /^([0-9a-fA-F]{1,8})(?:;chunk-signature=([0-9a-f]{64}))?$/.exec(body.toString('latin1', at, end));
    if (found === null) throw incomplete();
    const length = Number.parseInt(found[1]!, 16);
    const data = body.subarray(end + 2, end + 2 + length);
    if (data.length !== length) throw incomplete();
    if (signed) previous = checkChunk(signing, previous, data, found[2]);
    at = end + 2 + length;
    if (length === 0) break;
    if (body.toString('latin1', at, at + 2) !== '\r\n') throw incomplete();
    at += 2;
    pieces.push(data);
  }
  const trailer = body.toString('latin1', at);
  if (mode === SIGNED_TRAILER) checkTrailer(signing, previous, trailer);
  const decoded = Buffer.concat(pieces);
  const declared = request.headers['x-amz-decoded-content-length'];
  if (declared !== undefined && Number(declared) !== decoded.length) throw incomplete();
  return { decoded, trailer };
}

function checkChunk(signing: ChunkSigning, previous: string, data: Buffer, given: string | undefined): string {
  const text = `AWS4-HMAC-SHA256-PAYLOAD\n${signing.timestamp}\n${signing.scope}\n${previous}\n${EMPTY_SHA256}\n${sha256Bytes(data)}`;
  const expected = signing.key.sign(text);
  if (given !== expected) throw mismatch();
  return expected;
}

function checkTrailer(signing: ChunkSigning, previous: string, trailer: string): void {
  let headers = '';
  let given: string | undefined;
  for (const [name, value] of trailerHeaders(trailer)) {
    if (name === 'x-amz-trailer-signature') given = value;
    else headers += `${name}:${value}\n`;
  }
  const text = `AWS4-HMAC-SHA256-TRAILER\n${signing.timestamp}\n${signing.scope}\n${previous}\n${sha256Text(headers)}`;
  if (given !== signing.key.sign(text)) throw mismatch();
}
