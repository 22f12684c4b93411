import { expect, test } from 'vitest';
import type { AwsError } from '../../core/errors.ts';
import { httpRequest } from '../http.ts';
import type { Family } from '../model.ts';
import { signRequest } from './sign.ts';
import { authenticate } from './verify.ts';

const NOW = Date.UTC(2026, 0, 2, 3, 4, 5);
const key = { accessKeyId: 'AKIAIOSFODNN7EXAMPLE', secretAccessKey: 'secret' };

/** A request signed for eu-west-1, sent to an endpoint of `region`. */
function verify(family: Family, service: string, region: string | undefined) {
  const host = `${service}.example`;
  const body = Buffer.from('{}');
  const headers = signRequest(
    { method: 'POST', host, target: '/', headers: {}, body },
    key,
    { region: 'eu-west-1', service },
    NOW,
  );
  const request = httpRequest('POST', '/', Object.entries(headers).flat(), body);
  return authenticate(request, { now: NOW, family, service, region, lookup: () => key });
}

test('the scope’s Region must be that of the endpoint, where the host name tells it', () => {
  expect(verify('json', 'sqs', 'eu-west-1').scope.region).toBe('eu-west-1');
  expect(verify('json', 'sqs', undefined).scope.region).toBe('eu-west-1');
});

test.each([
  ['json', 'sqs', 'InvalidSignatureException', 400, "Credential should be scoped to a valid region, not 'eu-west-1'. "],
  ['query', 'sts', 'SignatureDoesNotMatch', 403, "Credential should be scoped to a valid region, not 'eu-west-1'. "],
  [
    'rest-xml',
    's3',
    'AuthorizationHeaderMalformed',
    400,
    "The authorization header is malformed; the region 'eu-west-1' is wrong; expecting 'us-east-1'",
  ],
] as const)('another one is refused: %s', (family, service, code, status, message) => {
  let error: AwsError | undefined;
  try {
    verify(family, service, 'us-east-1');
  } catch (thrown) {
    error = thrown as AwsError;
  }
  expect(error).toMatchObject({ code, status, message });
  if (family === 'rest-xml') expect(error?.members).toEqual({ Region: 'us-east-1' });
});
