import { spawnSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { AwsError } from '../../core/errors.ts';
import { httpRequest } from '../http.ts';
import { hasBotocore } from '../testing/botocore.ts';
import { authenticate } from './verify.ts';

interface Signed {
  kind: 'header' | 'query' | 'v2';
  service: string;
  method: string;
  url: string;
  headers: [string, string][];
  body: string;
  token: string | null;
}

/** Signs in every way botocore knows: header, query string, S3's own, S3's version 2. */
const SCRIPT = `
import json
from botocore.auth import SigV4Auth, SigV4QueryAuth, S3SigV4Auth, S3SigV4QueryAuth, HmacV1QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

paths = ['/', '/a', '/a/b/', '/a%20b', '/%C3%A9/x%2By', '//a//b', '/a/./b/../c', '/~-._%2A', '/it%27s%281%29', '/a%2Fb']
queries = ['', 'a=1', 'b=2&a=1', 'a=2&a=10&a=1', 'k=%20%2B%2F', 'acl', 'x=&y', 'prefix=%C3%A9']
out = []
for token in (None, 'FwoGZXIv/+=='):
    creds = Credentials('AKIAIOSFODNN7EXAMPLE', 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY', token)
    for i, path in enumerate(paths):
        for j, query in enumerate(queries):
            url = 'http://127.0.0.1:4566' + path + ('?' + query if query else '')
            method = ['GET', 'POST', 'PUT'][(i + j) % 3]
            body = b'' if method == 'GET' else b'{"a": 1}'
            for kind, service, auth in [
                ('header', 'sqs', SigV4Auth(creds, 'sqs', 'eu-west-1')),
                ('header', 's3', S3SigV4Auth(creds, 's3', 'eu-west-1')),
                ('query', 'sts', SigV4QueryAuth(creds, 'sts', 'eu-west-1', expires=60)),
                ('query', 's3', S3SigV4QueryAuth(creds, 's3', 'eu-west-1', expires=60)),
                ('v2', 's3', HmacV1QueryAuth(creds, expires=60)),
            ]:
                if kind != 'header' and method != 'GET':
                    continue
                request = AWSRequest(method, url, headers={'X-Custom': '  a   b  ', 'Content-Type': 'text/plain'} if kind == 'header' else {}, data=body)
                auth.add_auth(request)
                prepared = request.prepare()
                headers = [[k, v.decode() if isinstance(v, bytes) else str(v)] for k, v in prepared.headers.items()]
                if not any(k.lower() == 'host' for k, _ in headers):
                    headers.append(['Host', '127.0.0.1:4566'])
                out.append(dict(kind=kind, service=service, method=method, url=prepared.url, headers=headers, body=body.decode(), token=token))
print(json.dumps(out))
`;

describe.skipIf(!hasBotocore())("botocore's signers (skipped without python3 and botocore)", () => {
  it('are all accepted, and refused once the path is changed', () => {
    const run = spawnSync('python3', ['-c', SCRIPT], { encoding: 'utf8', maxBuffer: 64 * 1024 * 1024 });
    expect(run.stderr).toBe('');
    const all = JSON.parse(run.stdout) as Signed[];
    expect(all.length).toBeGreaterThan(400);
    const failures: string[] = [];
    for (const signed of all) {
      const target = signed.url.replace(/^http:\/\/[^/?]+/, '');
      const request = httpRequest(signed.method, target, signed.headers.flat(), Buffer.from(signed.body));
      const options = {
        now: Date.now(),
        family:
          signed.service === 's3'
            ? ('rest-xml' as const)
            : signed.service === 'sts'
              ? ('query' as const)
              : ('json' as const),
        service: signed.service,
        lookup: () => ({
          secretAccessKey: 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY',
          sessionToken: signed.token ?? undefined,
        }),
      };
      try {
        expect(authenticate(request, options).signatureVersion).toBe(signed.kind === 'v2' ? 'AWS' : 'AWS4-HMAC-SHA256');
      } catch (error) {
        failures.push(`${signed.kind} ${signed.service} ${signed.method} ${target}: ${(error as Error).message}`);
      }
      expect(() => authenticate({ ...request, path: `${request.path}!` }, options)).toThrow(AwsError);
    }
    expect(failures).toEqual([]);
  });
});
