import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { readInput, route } from '../decode.ts';
import { encodeResponse } from '../encode.ts';
import { type HttpRequest, httpRequest } from '../http.ts';
import { sdkClient } from '../testing/sdk.ts';
import { canonicalQuery, EMPTY_SHA256 } from './canonical.ts';
import { signRequest } from './sign.ts';
import { deriveKey } from './signing-key.ts';
import { authenticate } from './verify.ts';

const credentials = { accessKeyId: 'AKIAIOSFODNN7EXAMPLE', secretAccessKey: 'secret' };
const options = { now: Date.now(), family: 'rest-xml' as const, service: 's3', lookup: () => credentials };

describe('bodies in chunks', () => {
  it("the SDK's stream with a trailing checksum arrives as it was meant", async () => {
    let received: Record<string, unknown> = {};
    let framed: HttpRequest | undefined;
    const client = await sdkClient(
      's3',
      credentials,
      (request) => {
        framed = request;
        const found = route(request);
        const meant = authenticate(request, { ...options, now: Date.now() }).request;
        received = readInput(found, meant, meant.body);
        return encodeResponse(found, { ETag: '"x"' }, 'r');
      },
      { forcePathStyle: true },
    );
    const text = 'hello '.repeat(5000);
    await client.send('PutObject', {
      Bucket: 'orders',
      Key: 'k',
      Body: Readable.from([Buffer.from(text.slice(0, 10_000)), Buffer.from(text.slice(10_000))]),
      ContentLength: text.length,
      ContentEncoding: 'br',
    });
    expect(framed?.headers['x-amz-content-sha256']).toBe('STREAMING-UNSIGNED-PAYLOAD-TRAILER');
    expect(framed?.headers['content-encoding']).toContain('aws-chunked');
    expect(String(received.Body)).toBe(text);
    expect(received).toMatchObject({ ContentEncoding: 'br', ContentLength: text.length });
    expect(received.ChecksumCRC32).toMatch(/^[A-Za-z0-9+/]{6}==$/);
  });

  /** What the Java SDK sends: signed chunks and a signed trailer. */
  function signedUpload(change: (body: string) => string = (b) => b): HttpRequest {
    const mode = 'STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER';
    const chunks = ['first ', 'second', ''];
    const now = options.now;
    const timestamp = `${new Date(now).toISOString().slice(0, 19).replace(/[-:]/g, '')}Z`;
    const scope = `${timestamp.slice(0, 8)}/eu-west-1/s3/aws4_request`;
    const key = deriveKey(credentials.secretAccessKey, timestamp.slice(0, 8), 'eu-west-1', 's3');
    const sha = (s: string) => createHash('sha256').update(s).digest('hex');
    const headers: Record<string, string> = {
      host: 'localhost',
      'x-amz-content-sha256': mode,
      'x-amz-date': timestamp,
      'x-amz-decoded-content-length': '12',
      'x-amz-trailer': 'x-amz-checksum-crc32c',
    };
    const names = Object.keys(headers).sort();
    const canonical = `PUT\n/b/k\n${canonicalQuery('')}\n${names.map((n) => `${n}:${headers[n]}\n`).join('')}\n${names.join(';')}\n${mode}`;
    const seed = key.sign(`AWS4-HMAC-SHA256\n${timestamp}\n${scope}\n${sha(canonical)}`);
    let previous = seed;
    let body = '';
    for (const chunk of chunks) {
      previous = key.sign(
        `AWS4-HMAC-SHA256-PAYLOAD\n${timestamp}\n${scope}\n${previous}\n${EMPTY_SHA256}\n${sha(chunk)}`,
      );
      body += `${chunk.length.toString(16)};chunk-signature=${previous}\r\n${chunk}${chunk === '' ? '' : '\r\n'}`;
    }
    const trailer = 'x-amz-checksum-crc32c:sOO8/Q==\n';
    const trailerSignature = key.sign(`AWS4-HMAC-SHA256-TRAILER\n${timestamp}\n${scope}\n${previous}\n${sha(trailer)}`);
    body += `${trailer.trim()}\r\nx-amz-trailer-signature:${trailerSignature}\r\n\r\n`;
    const authorization = `AWS4-HMAC-SHA256 Credential=${credentials.accessKeyId}/${scope},SignedHeaders=${names.join(';')},Signature=${seed}`;
    return httpRequest('PUT', '/b/k', Object.entries({ ...headers, authorization }).flat(), Buffer.from(change(body)));
  }

  it('signed chunks with a signed trailer', () => {
    const { request } = authenticate(signedUpload(), options);
    expect(request.body.toString()).toBe('first second');
    expect(request.headers['x-amz-checksum-crc32c']).toBe('sOO8/Q==');
  });
  it.each([
    ['a changed chunk', (b: string) => b.replace('second', 'secend')],
    ['a changed trailer', (b: string) => b.replace('sOO8', 'sOO9')],
    ['a trailer left out', (b: string) => b.replace(/x-amz-checksum[^\r]*\r\n/, '')],
    [
      'chunks in another order',
      (b: string) => b.replace('first ', 'XXXXXX').replace('second', 'first ').replace('XXXXXX', 'second'),
    ],
    ['a chunk left out', (b: string) => b.replace(/^6;[^\r]*\r\nfirst \r\n/, '')],
  ])('refuses %s', (_, change) => {
    expect(() => authenticate(signedUpload(change), options)).toThrow(/does not match the signature/);
  });

  it('a hash that is not that of the body', () => {
    const headers = signRequest(
      { method: 'PUT', host: 'h', target: '/b/k', headers: {}, body: Buffer.from('a') },
      credentials,
      { region: 'r', service: 's3' },
      options.now,
    );
    expect(() =>
      authenticate(httpRequest('PUT', '/b/k', Object.entries(headers).flat(), Buffer.from('b')), options),
    ).toThrow("The provided 'x-amz-content-sha256' header does not match what was computed.");
  });
});
