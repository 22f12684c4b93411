import fc from 'fast-check';
import { expect, it } from 'vitest';
import { AwsError } from '../core/errors.ts';
import { familyOf, parseInput, route } from './decode.ts';
import { encodeError } from './encode.ts';
import { type HttpRequest, httpRequest } from './http.ts';
import { authenticate, isSigned } from './sigv4/verify.ts';

const latin1 = fc.string({
  unit: fc.integer({ min: 0x20, max: 0xff }).map((c) => String.fromCharCode(c)),
  maxLength: 40,
});
const word = fc.oneof(
  latin1,
  fc.constantFrom(
    'Action',
    'GetUser',
    'Version',
    '2010-05-08',
    '2011-06-15',
    'GetCallerIdentity',
    '%',
    '%zz',
    '%C3',
    '+',
    'a.b.1',
    '__proto__',
    'constructor',
    '',
  ),
);
const pairs = fc
  .array(fc.tuple(word, word), { maxLength: 6 })
  .map((list) => list.map(([k, v]) => `${k}=${v}`).join('&'));
const header = fc.oneof(
  fc.tuple(
    fc.constantFrom(
      'Authorization',
      'X-Amz-Date',
      'X-Amz-Target',
      'Content-Type',
      'Content-Encoding',
      'X-Amz-Content-Sha256',
      'Host',
      'X-Amz-Security-Token',
      'X-Amz-Trailer',
    ),
    fc.oneof(
      latin1,
      fc.constantFrom(
        'AWS4-HMAC-SHA256 Credential=AKIA/20260101/eu-west-1/sts/aws4_request, SignedHeaders=host, Signature=0',
        'AWS4-HMAC-SHA256 Credential=AKIA/20260101/eu-west-1/s3/aws4_request, SignedHeaders=host;x-amz-date, Signature=0',
        'AWS4-HMAC-SHA256 Credential=, SignedHeaders=;;, Signature=',
        '20260101T000000Z',
        '20269999T999999Z',
        'AmazonSSM.GetParameter',
        'AmazonSQS.SendMessage',
        'DynamoDB_20120810.PutItem',
        'secretsmanager.__proto__',
        'application/x-amz-json-1.1',
        'application/x-www-form-urlencoded',
        'gzip',
        'STREAMING-UNSIGNED-PAYLOAD-TRAILER',
        'UNSIGNED-PAYLOAD',
      ),
    ),
  ),
);
const body = fc.oneof(
  pairs.map((text) => Buffer.from(text, 'latin1')),
  fc.json().map((text) => Buffer.from(text)),
  fc.record({ Name: fc.anything(), MessageBody: fc.anything(), Item: fc.anything() }).map((value) => {
    try {
      return Buffer.from(JSON.stringify(value));
    } catch {
      return Buffer.from('{');
    }
  }),
  fc.uint8Array({ maxLength: 60 }).map((bytes) => Buffer.from(bytes)),
);
const anyRequest = fc
  .record({
    method: fc.constantFrom('GET', 'POST', 'PUT', 'HEAD', 'DELETE', 'OPTIONS'),
    path: word,
    query: pairs,
    headers: fc.array(header, { maxLength: 6 }),
    body,
  })
  .map(({ method, path, query, headers, body }) =>
    httpRequest(method, `/${path}${query === '' ? '' : `?${query}`}`, headers.flat(), body),
  );

/** What a server does with a request; anything but an AwsError is a fault in this layer. */
function serve(request: HttpRequest): void {
  let family = familyOf(request);
  try {
    const found = route(request);
    family = found.family;
    parseInput(found, request);
    if (isSigned(request))
      authenticate(request, {
        now: Date.UTC(2026, 0, 1),
        family,
        service: found.service,
        lookup: () => ({ secretAccessKey: 's' }),
      });
  } catch (error) {
    if (!(error instanceof AwsError)) throw error;
    expect(encodeError(family, error, 'r').status).toBeGreaterThanOrEqual(400);
  }
}

it('no request, however broken, ends in anything but an error of the protocol', () => {
  fc.assert(fc.property(anyRequest, serve), { numRuns: 3000, seed: 20260102 });
});
