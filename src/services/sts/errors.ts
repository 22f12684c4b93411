import { AwsError } from '../../core/errors.ts';

// Texts are STS's own, as clients of the real service report them, unless marked otherwise.

export function accessDenied(message: string): AwsError {
  return new AwsError('AccessDenied', message, { status: 403 });
}

/** The one sentence with which STS refuses a role, whether it is missing, does not trust, or may not be asked for. */
export function notAuthorized(principalArn: string, action: string, resource: string): AwsError {
  return accessDenied(`User: ${principalArn} is not authorized to perform: ${action} on resource: ${resource}`);
}

export function validationError(message: string): AwsError {
  return new AwsError('ValidationError', message, { status: 400 });
}

export function invalidParameterValue(message: string): AwsError {
  return new AwsError('InvalidParameterValue', message, { status: 400 });
}

/** @param cause what the parser found and where. */
export function malformedPolicyDocument(message: string, cause?: unknown): AwsError {
  return new AwsError('MalformedPolicyDocumentException', message, { status: 400, cause });
}

export function packedPolicyTooLarge(percent: number): AwsError {
  return new AwsError(
    'PackedPolicyTooLargeException',
    `Packed policy consumes ${percent}% of allotted space, please use smaller policy.`,
    { status: 400 },
  );
}

/** There are no MFA devices here, so no code is right. */
export function noMfa(): AwsError {
  return accessDenied(
    'MultiFactorAuthentication failed, unable to validate MFA code.  Please verify your MFA serial number is valid and associated with this user.',
  );
}

/** Our own words: a parameter that would change the outcome is refused, not ignored. */
export function unsupported(parameter: string): AwsError {
  return validationError(`Rolecall does not support the parameter ${parameter} of this operation.`);
}
