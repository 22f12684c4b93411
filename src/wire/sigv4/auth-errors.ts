import { AwsError } from '../../core/errors.ts';
import type { Family } from '../model.ts';

/** What may be wrong with a request's authentication. */
export type AuthFailure =
  | 'missing'
  | 'incomplete'
  | 'signature'
  | 'unknown-key'
  | 'expired-token'
  | 'invalid-token'
  | 'wrong-service'
  | 'skewed';

type Answer = readonly [code: string, status: number, message?: string];

const INVALID_TOKEN = 'The security token included in the request is invalid.';
const EXPIRED_TOKEN = 'The security token included in the request is expired';
const MISMATCH =
  'The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method. Consult the service documentation for details.';

/**
 * Code, status and text of each failure by protocol family. Observed on STS (query) and S3; JSON: the services' common
 * error lists and what clients report. A failure without a text here is worded where it is found.
 */
const ANSWERS: Readonly<Record<Family, Readonly<Record<AuthFailure, Answer>>>> = {
  json: {
    missing: ['MissingAuthenticationTokenException', 400, 'Missing Authentication Token'],
    incomplete: ['IncompleteSignatureException', 400],
    signature: ['InvalidSignatureException', 400, MISMATCH],
    'unknown-key': ['UnrecognizedClientException', 400, INVALID_TOKEN],
    'expired-token': ['ExpiredTokenException', 400, EXPIRED_TOKEN],
    'invalid-token': ['UnrecognizedClientException', 400, INVALID_TOKEN],
    'wrong-service': ['InvalidSignatureException', 400],
    skewed: ['InvalidSignatureException', 400],
  },
  query: {
    missing: ['MissingAuthenticationToken', 403, 'Request is missing Authentication Token'],
    incomplete: ['IncompleteSignature', 400],
    signature: ['SignatureDoesNotMatch', 403, MISMATCH],
    'unknown-key': ['InvalidClientTokenId', 403, INVALID_TOKEN],
    'expired-token': ['ExpiredToken', 403, EXPIRED_TOKEN],
    'invalid-token': ['InvalidClientTokenId', 403, INVALID_TOKEN],
    'wrong-service': ['SignatureDoesNotMatch', 403],
    skewed: ['SignatureDoesNotMatch', 403],
  },
  'rest-xml': {
    missing: ['AccessDenied', 403, 'Access Denied'],
    incomplete: ['AuthorizationHeaderMalformed', 400],
    signature: [
      'SignatureDoesNotMatch',
      403,
      'The request signature we calculated does not match the signature you provided. Check your key and signing method.',
    ],
    'unknown-key': ['InvalidAccessKeyId', 403, 'The AWS Access Key Id you provided does not exist in our records.'],
    'expired-token': ['ExpiredToken', 400, 'The provided token has expired.'],
    // Observed: a token of another session, or none where the key has one, is answered like an unknown key.
    'invalid-token': ['InvalidAccessKeyId', 403, 'The AWS Access Key Id you provided does not exist in our records.'],
    'wrong-service': ['AuthorizationHeaderMalformed', 400],
    skewed: ['RequestTimeTooSkewed', 403, 'The difference between the request time and the current time is too large.'],
  },
};

/** The error that the family answers for a failure. */
export function authError(
  family: Family,
  failure: AuthFailure,
  options: { message?: string; code?: string; members?: Record<string, unknown> } = {},
): AwsError {
  const [code, status, message] = ANSWERS[family][failure];
  return new AwsError(options.code ?? code, options.message ?? message ?? '', {
    status,
    members: options.members ?? {},
  });
}
