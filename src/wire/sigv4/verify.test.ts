import { createHash, createHmac } from 'node:crypto';
import { SignatureV4 } from '@smithy/signature-v4';
import { describe, expect, it } from 'vitest';
import { AwsError } from '../../core/errors.ts';
import { type HttpRequest, httpRequest } from '../http.ts';
import type { Family } from '../model.ts';
import { Random } from '../testing/values.ts';
import { signRequest } from './sign.ts';
import { authenticate, isSigned } from './verify.ts';

const NOW = Date.UTC(2026, 0, 2, 3, 4, 5);
const permanent = { accessKeyId: 'AKIAIOSFODNN7EXAMPLE', secretAccessKey: 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY' };
const temporary = {
  accessKeyId: 'ASIAIOSFODNN7EXAMPLE',
  secretAccessKey: 'another+secret/key',
  sessionToken: 'FwoGZXIvYXdzE/+==',
  expiresAt: NOW + 3_600_000,
};

function lookup(accessKeyId: string) {
  return [permanent, temporary].find((c) => c.accessKeyId === accessKeyId);
}
function verify(request: HttpRequest, options: { family?: Family; service?: string; now?: number } = {}) {
  return authenticate(request, { now: NOW, family: 'query', service: 'sts', lookup, ...options });
}
function failure(work: () => unknown): { code: string; status: number | undefined; message: string } {
  try {
    work();
  } catch (error) {
    if (error instanceof AwsError) return { code: error.code, status: error.status, message: error.message };
    throw error;
  }
  throw new Error('accepted');
}

class Sha256 {
  readonly #digest;
  constructor(secret?: string | ArrayBuffer | ArrayBufferView) {
    this.#digest =
      secret === undefined
        ? createHash('sha256')
        : createHmac('sha256', typeof secret === 'string' ? secret : Buffer.from(secret as Uint8Array));
  }
  update(data: Uint8Array) {
    this.#digest.update(data);
  }
  async digest() {
    return new Uint8Array(this.#digest.digest());
  }
  reset() {}
}
const smithy = (service: string, credentials: typeof permanent & { sessionToken?: string }) =>
  new SignatureV4({
    service,
    region: 'eu-west-1',
    credentials,
    sha256: Sha256 as never,
    uriEscapePath: service !== 's3',
    applyChecksum: service === 's3',
  });

/** The request as the client puts it on the wire. */
function onTheWire(signed: {
  method: string;
  path: string;
  headers: Record<string, string>;
  query?: unknown;
  body?: unknown;
}): HttpRequest {
  const encode = (text: string) =>
    encodeURIComponent(text).replace(/[!'()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`);
  const query = Object.entries((signed.query ?? {}) as Record<string, string | string[]>).flatMap(([name, value]) =>
    [value].flat().map((v) => `${encode(name)}=${encode(v)}`),
  );
  const raw = Object.entries(signed.headers).flatMap(([name, value]) => [name, Buffer.from(value).toString('latin1')]);
  return httpRequest(
    signed.method,
    signed.path + (query.length > 0 ? `?${query.join('&')}` : ''),
    raw,
    Buffer.from((signed.body as string) ?? ''),
  );
}

describe('requests of the SDK signer', () => {
  const random = new Random(20260102);
  const words = ['a', 'b c', 'é', 'x/y', "it's", '%', '+', '~*()', '日本', 'a=b&c', ''];
  const encodeSegment = (s: string) =>
    encodeURIComponent(s).replace(/[!'()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`);
  const cases = Array.from({ length: 150 }, (_, i) => {
    const service = i % 2 === 0 ? 's3' : 'sqs';
    const segments = Array.from({ length: random.below(4) }, () => encodeSegment(random.pick(words)));
    const query: Record<string, string | string[]> = {};
    for (let n = random.below(4); n > 0; n--)
      query[random.pick(words) || 'k'] = random.pick([random.pick(words), ['2', '10', '1']]);
    const headers: Record<string, string> = {
      host: '127.0.0.1:4566',
      'x-custom': `  ${random.pick(words)}   z `,
      'content-type': 'text/plain',
    };
    return {
      i,
      service,
      credentials: random.next() < 0.5 ? permanent : temporary,
      request: {
        method: random.pick(['GET', 'POST', 'PUT']),
        protocol: 'http:',
        hostname: '127.0.0.1',
        port: 4566,
        path: `/${segments.join('/')}`,
        query,
        headers,
        body: random.pick(['', '{"a":"é"}']),
      },
    };
  });

  it('are accepted when signed in the header, and refused once anything is changed', async () => {
    for (const { service, credentials, request } of cases) {
      const signed = (await smithy(service, credentials).sign(request as never, {
        signingDate: new Date(NOW),
      })) as never;
      const received = onTheWire(signed);
      const options = { service, family: service === 's3' ? ('rest-xml' as const) : ('json' as const) };
      expect(verify(received, options).accessKeyId, JSON.stringify(request)).toBe(credentials.accessKeyId);
      const tampered: HttpRequest[] = [
        { ...received, method: 'DELETE' },
        { ...received, path: `${received.path}x` },
        { ...received, query: received.query === '' ? 'x=1' : `${received.query}&x=1` },
        { ...received, body: Buffer.concat([received.body, Buffer.from('x')]) },
        httpRequest(received.method, '/', [...received.rawHeaders, 'x-custom', 'more'], received.body),
      ];
      for (const changed of tampered) expect(() => verify(changed, options)).toThrow(AwsError);
    }
  });

  it('are accepted when presigned', async () => {
    for (const { service, credentials, request } of cases) {
      const signed = (await smithy(service, credentials).presign({ ...request, body: '' } as never, {
        signingDate: new Date(NOW),
        expiresIn: 600,
      })) as {
        method: string;
        path: string;
        headers: Record<string, string>;
        query: Record<string, string>;
      };
      // The SDK's S3 presigner leaves the payload unsigned; the plain signer hashes an empty one, as STS clients do.
      if (service === 's3') continue;
      const received = onTheWire(signed);
      expect(verify(received, { service, family: 'query' }).authType).toBe('REST-QUERY-STRING');
      expect(() =>
        verify({ ...received, query: received.query.replace('X-Amz-Date=2026', 'X-Amz-Date=2025') }, { service }),
      ).toThrow(AwsError);
    }
  });

  it('are accepted from the S3 presigner', async () => {
    const { S3Client, GetObjectCommand } = await import('@aws-sdk/client-s3');
    const { getSignedUrl } = await import('@aws-sdk/s3-request-presigner');
    for (const credentials of [permanent, temporary]) {
      const client = new S3Client({
        region: 'eu-west-1',
        endpoint: 'http://127.0.0.1:4566',
        forcePathStyle: true,
        credentials,
      });
      const url = new URL(
        await getSignedUrl(client, new GetObjectCommand({ Bucket: 'orders', Key: 'a b/é+1' }), {
          expiresIn: 60,
          signingDate: new Date(NOW),
        }),
      );
      const received = httpRequest('GET', url.pathname + url.search, ['Host', url.host], Buffer.alloc(0));
      const options = { family: 'rest-xml' as const, service: 's3' };
      expect(verify(received, options).accessKeyId).toBe(credentials.accessKeyId);
      expect(failure(() => verify(received, { ...options, now: NOW + 61_000 }))).toMatchObject({
        code: 'AccessDenied',
        message: 'Request has expired',
      });
      expect(failure(() => verify({ ...received, path: '/orders/other' }, options)).code).toBe('SignatureDoesNotMatch');
    }
  });
});

describe('failures', () => {
  const body = Buffer.from('Action=GetCallerIdentity&Version=2011-06-15');
  const signed = (
    credentials: typeof permanent & { sessionToken?: string },
    service = 'sts',
    now = NOW,
    extra: Record<string, string> = {},
  ) => {
    const headers = signRequest(
      { method: 'POST', host: 'localhost:4566', target: '/', headers: extra, body },
      credentials,
      { region: 'eu-west-1', service },
      now,
    );
    return httpRequest('POST', '/', Object.entries(headers).flat(), body);
  };
  const without = (request: HttpRequest, name: string) =>
    httpRequest(
      request.method,
      '/',
      request.rawHeaders.filter((_, i) => request.rawHeaders[i - (i % 2)] !== name),
      request.body,
    );
  const rows: [string, HttpRequest, [Family, string, number | undefined, RegExp | string][]][] = [
    [
      'no signature',
      httpRequest('POST', '/', ['Host', 'x'], body),
      [
        ['json', 'MissingAuthenticationTokenException', 400, 'Missing Authentication Token'],
        ['query', 'MissingAuthenticationToken', 403, 'Request is missing Authentication Token'],
        ['rest-xml', 'AccessDenied', 403, 'Access Denied'],
      ],
    ],
    [
      'a wrong secret',
      signed({ ...permanent, secretAccessKey: 'wrong' }),
      [
        ['json', 'InvalidSignatureException', 400, /^The request signature we calculated/],
        ['query', 'SignatureDoesNotMatch', 403, /Consult the service documentation for details\.$/],
      ],
    ],
    [
      'an unknown key',
      signed({ ...permanent, accessKeyId: 'AKIAUNKNOWN' }),
      [
        ['json', 'UnrecognizedClientException', 400, 'The security token included in the request is invalid.'],
        ['query', 'InvalidClientTokenId', 403, 'The security token included in the request is invalid.'],
      ],
    ],
    [
      'a temporary key without its token',
      signed({ ...temporary, sessionToken: undefined } as never),
      [['query', 'InvalidClientTokenId', 403, /is invalid/]],
    ],
    [
      'another session token',
      signed({ ...temporary, sessionToken: 'FwoGZXIvYXdzE/+=!' }),
      [['json', 'UnrecognizedClientException', 400, /is invalid/]],
    ],
    [
      'a token with a permanent key',
      signed({ ...permanent, sessionToken: 'x' }),
      [['query', 'InvalidClientTokenId', 403, /is invalid/]],
    ],
    [
      'the scope of another service',
      signed(permanent, 'iam'),
      [
        ['query', 'SignatureDoesNotMatch', 403, "Credential should be scoped to correct service: 'sts'. "],
        ['json', 'InvalidSignatureException', 400, "Credential should be scoped to correct service: 'sts'. "],
      ],
    ],
    [
      'a clock 16 minutes slow',
      signed(permanent, 'sts', NOW - 16 * 60_000),
      [
        [
          'query',
          'SignatureDoesNotMatch',
          403,
          'Signature expired: 20260102T024805Z is now earlier than 20260102T024905Z (20260102T030405Z - 15 min.)',
        ],
        [
          'json',
          'InvalidSignatureException',
          400,
          'Signature expired: 20260102T024805Z is now earlier than 20260102T025905Z (20260102T030405Z - 5 min.)',
        ],
      ],
    ],
    [
      'a clock 16 minutes fast',
      signed(permanent, 'sts', NOW + 16 * 60_000),
      [
        [
          'query',
          'SignatureDoesNotMatch',
          403,
          'Signature not yet current: 20260102T032005Z is still later than 20260102T031905Z (20260102T030405Z + 15 min.)',
        ],
      ],
    ],
    [
      'no date',
      without(signed(permanent), 'x-amz-date'),
      [
        [
          'query',
          'IncompleteSignature',
          400,
          /^Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header\. /,
        ],
      ],
    ],
    [
      'another algorithm',
      httpRequest('POST', '/', ['Host', 'x', 'Authorization', 'Basic abc'], body),
      [['json', 'IncompleteSignatureException', 400, "Unsupported AWS 'algorithm': 'Basic'."]],
    ],
  ];
  it.each(rows)('%s', (_, request, expected) => {
    for (const [family, code, status, message] of expected) {
      const got = failure(() => verify(request, { family }));
      expect(got).toMatchObject({ code, status });
      if (typeof message === 'string') expect(got.message).toBe(message);
      else expect(got.message).toMatch(message);
    }
  });

  it('a session that is over', () => {
    const later = temporary.expiresAt;
    const request = signed(temporary, 'sts', later);
    expect(failure(() => verify(request, { now: later }))).toMatchObject({
      code: 'ExpiredToken',
      status: 403,
      message: 'The security token included in the request is expired',
    });
    expect(failure(() => verify(request, { now: later, family: 'json' })).code).toBe('ExpiredTokenException');
  });

  it('a header that S3 wants signed and is not', () => {
    const request = signed(permanent, 's3');
    const more = httpRequest('POST', '/', [...request.rawHeaders, 'x-amz-acl', 'public-read'], body);
    const options = { family: 'rest-xml' as const, service: 's3' };
    expect(verify(request, options).accessKeyId).toBe(permanent.accessKeyId);
    expect(failure(() => verify(more, options))).toMatchObject({
      code: 'AccessDenied',
      message: 'There were headers present in the request which were not signed',
    });
  });

  it('never says a secret, a token or what the right signature would be', () => {
    const request = signed({ ...temporary, secretAccessKey: 'wrong' });
    for (const family of ['json', 'query', 'rest-xml'] as const) {
      try {
        verify(request, { family, service: 'sts' });
        expect.unreachable();
      } catch (error) {
        const text = JSON.stringify([(error as AwsError).message, (error as AwsError).members]);
        expect(text).not.toContain(temporary.sessionToken);
        expect(text).not.toContain(temporary.secretAccessKey);
      }
    }
  });

  it('a key id that comes back with another secret is verified with the new one', () => {
    const other = { ...permanent, secretAccessKey: 'rotated' };
    const answer = (secretAccessKey: string, request: HttpRequest) =>
      authenticate(request, { now: NOW, family: 'query', service: 'sts', lookup: () => ({ secretAccessKey }) });
    expect(answer(permanent.secretAccessKey, signed(permanent)).accessKeyId).toBe(permanent.accessKeyId);
    expect(() => answer('rotated', signed(permanent))).toThrow(AwsError);
    expect(answer('rotated', signed(other)).accessKeyId).toBe(permanent.accessKeyId);
  });

  it('isSigned tells signed from unsigned', () => {
    expect(isSigned(signed(permanent))).toBe(true);
    expect(isSigned(httpRequest('GET', '/b/k?X-Amz-Signature=0', [], body))).toBe(true);
    expect(isSigned(httpRequest('GET', '/b/k?AWSAccessKeyId=x', [], body))).toBe(true);
    expect(isSigned(httpRequest('GET', '/b/k?prefix=a', [], body))).toBe(false);
  });
});
