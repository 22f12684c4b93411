import { AwsError } from '../../core/errors.ts';

/** Texts: observed answers of AWS KMS unless marked. */
export const keyNotFound = (keyArn: string): AwsError =>
  new AwsError('NotFoundException', `Key '${keyArn}' does not exist`);

export const aliasNotFound = (aliasArn: string): AwsError =>
  new AwsError('NotFoundException', `Alias ${aliasArn} is not found.`);

export const invalidKeyId = (keyId: string): AwsError => new AwsError('NotFoundException', `Invalid keyId '${keyId}'`);

/** A key ARN of another Region. */
export const wrongRegion = (region: string): AwsError => new AwsError('NotFoundException', `Invalid arn ${region}`);

export const keyDisabled = (keyArn: string): AwsError => new AwsError('DisabledException', `${keyArn} is disabled.`);

export const pendingDeletion = (keyArn: string): AwsError =>
  new AwsError('KMSInvalidStateException', `${keyArn} is pending deletion.`);

export const notPendingDeletion = (keyArn: string): AwsError =>
  new AwsError('KMSInvalidStateException', `${keyArn} is not pending deletion.`);

export const aliasExists = (aliasArn: string): AwsError =>
  new AwsError('AlreadyExistsException', `An alias with the name ${aliasArn} already exists`);

export const malformedPolicy = (message: string): AwsError => new AwsError('MalformedPolicyDocumentException', message);

export const lockout = (): AwsError =>
  malformedPolicy('The new key policy will not allow you to update the key policy in the future.');

/** AWS KMS sends no message with this code. */
export const invalidCiphertext = (): AwsError => new AwsError('InvalidCiphertextException', '');

export const incorrectKey = (): AwsError =>
  new AwsError(
    'IncorrectKeyException',
    'The key ID in the request does not identify a CMK that can perform this operation.',
  );

/**
 * Decrypt without KeyId: the key that the ciphertext names is not there, or its policy does not let the caller in. (The
 * text before 2021: "The ciphertext refers to a customer master key that does not exist, does not exist in this region, or
 * you are not allowed to access.")
 */
export const ciphertextKeyClosed = (caller: string, action: string): AwsError =>
  new AwsError(
    'AccessDeniedException',
    `User: ${caller} is not authorized to perform: ${action} on the resource associated with this ciphertext because the resource does not exist in this Region, no resource-based policies allow access, or a resource-based policy explicitly denies access`,
  );

export const validation = (message: string): AwsError => new AwsError('ValidationException', message);

/** What this server does not serve is refused by name. */
export const unsupported = (what: string): AwsError =>
  new AwsError('UnsupportedOperationException', `${what} is not supported: Rolecall serves symmetric encryption keys.`);

export const invalidMarker = (marker: string): AwsError =>
  // unverified: text
  new AwsError('InvalidMarkerException', `Could not deserialize marker '${marker}'`);

export const tagError = (message: string): AwsError => new AwsError('TagException', message);

export const dryRun = (): AwsError =>
  new AwsError('DryRunOperationException', 'The request would have succeeded, but the DryRun option is set.');
