import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { httpRequest } from '../http.ts';
import { authenticate } from './verify.ts';

interface Vector {
  name: string;
  method: string;
  target: string;
  headers: [string, string][];
  signedHeaders: string;
  body: string;
  signature: string;
  credential: string;
  scope: string;
  presigned?: boolean;
}
const file = JSON.parse(readFileSync(new URL('./vectors.json', import.meta.url), 'utf8')) as {
  secrets: Record<string, string>;
  vectors: Vector[];
};

function verify(vector: Vector, signature = vector.signature) {
  const [date, , service] = vector.scope.split('/') as [string, string, string];
  const headers = vector.headers.flat();
  let { target } = vector;
  if (vector.presigned === true) target = target.replace(vector.signature, signature);
  else {
    headers.push(
      'Authorization',
      `AWS4-HMAC-SHA256 Credential=${vector.credential}/${vector.scope}, SignedHeaders=${vector.signedHeaders}, Signature=${signature}`,
    );
  }
  const token = vector.headers.find(([name]) => name.toLowerCase() === 'x-amz-security-token')?.[1];
  const time = `${date.slice(0, 4)}-${date.slice(4, 6)}-${date.slice(6)}T${service === 's3' ? '00:00' : '12:36'}:00Z`;
  return authenticate(httpRequest(vector.method, target, headers, Buffer.from(vector.body)), {
    now: Date.parse(time),
    family: service === 's3' ? 'rest-xml' : 'query',
    service,
    lookup: (id) =>
      file.secrets[id] === undefined ? undefined : { secretAccessKey: file.secrets[id], sessionToken: token },
  });
}

describe('published examples', () => {
  it.each(file.vectors)('$name', (vector) => {
    expect(verify(vector)).toMatchObject({
      accessKeyId: vector.credential,
      scope: { date: vector.scope.split('/')[0] },
    });
    const wrong = vector.signature.replace(/.$/, (c) => (c === '0' ? '1' : '0'));
    expect(() => verify(vector, wrong)).toThrow(/does not match the signature you provided/);
  });
});

describe('the published example of a body in signed chunks', () => {
  // Source: S3 API reference, "Signature Calculations for the Authorization Header: Transferring Payload in Multiple Chunks".
  const chunks: [number, string][] = [
    [65536, 'ad80c730a21e5b8d04586a2213dd63b9a0e99e0e2307b0ade35a65485a288648'],
    [1024, '0055627c9e194cb4542bae2aa5492e3c1575bbb81b612b7d234b86a503ef5497'],
    [0, 'b6c6ea8a5354eaf15b3cb7646744f4275b71ea724fed81ceb9323e279d449df9'],
  ];
  const body = chunks
    .map(([size, signature]) => `${size.toString(16)};chunk-signature=${signature}\r\n${'a'.repeat(size)}\r\n`)
    .join('');
  const send = (text: string) =>
    authenticate(
      httpRequest(
        'PUT',
        '/examplebucket/chunkObject.txt',
        [
          ['Host', 's3.amazonaws.com'],
          ['x-amz-date', '20130524T000000Z'],
          ['x-amz-storage-class', 'REDUCED_REDUNDANCY'],
          [
            'Authorization',
            'AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request,SignedHeaders=content-encoding;content-length;host;x-amz-content-sha256;x-amz-date;x-amz-decoded-content-length;x-amz-storage-class,Signature=4f232c4386841ef735655705268965c44a0e4690baa4adea153f7db9fa80a0a9',
          ],
          ['x-amz-content-sha256', 'STREAMING-AWS4-HMAC-SHA256-PAYLOAD'],
          ['Content-Encoding', 'aws-chunked'],
          ['x-amz-decoded-content-length', '66560'],
          ['Content-Length', '66824'],
        ].flat(),
        Buffer.from(text),
      ),
      {
        now: Date.UTC(2013, 4, 24),
        family: 'rest-xml',
        service: 's3',
        lookup: () => ({ secretAccessKey: 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY' }),
      },
    );

  it('verifies and gives the payload', () => {
    expect(send(body).body.toString()).toBe('a'.repeat(66560));
  });
  it('refuses a byte changed inside a chunk, and a body cut short', () => {
    expect(() => send(body.replace('\r\na', '\r\nb'))).toThrow(/does not match/);
    expect(() => send(body.slice(0, -200))).toThrow(/terminated unexpectedly/);
  });
});
