import { AwsError } from '../../core/errors.ts';

export const validation = (message: string): AwsError => new AwsError('ValidationException', message);

/** What this server does not serve is refused by name. */
export const unsupported = (what: string): AwsError => validation(`${what} is not supported by Rolecall.`);

/** AWS sends no message with this code (SDKs show "UnknownError"). Observed. */
export const parameterNotFound = (): AwsError => new AwsError('ParameterNotFound', '');

export const versionNotFound = (version: string, name: string): AwsError =>
  new AwsError(
    'ParameterVersionNotFound',
    `Systems Manager could not find version ${version} of ${name}. Verify the version and try again.`,
  );

export const labelNotFound = (label: string, name: string): AwsError =>
  new AwsError(
    'ParameterVersionNotFound',
    `Systems Manager could not find label ${label} for parameter ${name}. Verify the label and try again.`,
  );

export const parameterExists = (): AwsError =>
  new AwsError(
    'ParameterAlreadyExists',
    'The parameter already exists. To overwrite this value, set the overwrite option in the request to true.',
  );

export const invalidNextToken = (): AwsError =>
  // unverified: text
  new AwsError('InvalidNextToken', 'The specified token is not valid.');

/** What KMS refused, in the words in which Parameter Store passes it on. Observed. */
export function kmsRefused(error: AwsError, requestId: string): AwsError {
  const message = `${error.message} (Service: AWSKMS; Status Code: 400; Error Code: ${error.code}; Request ID: ${requestId}; Proxy: null)`;
  return new AwsError(error.code === 'AccessDeniedException' ? error.code : 'InvalidKeyId', message);
}
