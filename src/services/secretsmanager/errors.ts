import { AwsError } from '../../core/errors.ts';

/** Texts: observed answers of AWS Secrets Manager unless marked. */
export const notFound = (): AwsError =>
  new AwsError('ResourceNotFoundException', "Secrets Manager can't find the specified secret.");

export const valueNotFound = (what: string): AwsError =>
  new AwsError('ResourceNotFoundException', `Secrets Manager can't find the specified secret value for ${what}`);

export const exists = (message: string): AwsError => new AwsError('ResourceExistsException', message);

export const invalidRequest = (message: string): AwsError => new AwsError('InvalidRequestException', message);

export const invalidParameter = (message: string): AwsError => new AwsError('InvalidParameterException', message);

export const markedForDeletion = (): AwsError =>
  invalidRequest("You can't perform this operation on the secret because it was marked for deletion.");

/** What this server does not serve is refused by name. */
export const unsupported = (what: string): AwsError => invalidParameter(`${what} is not supported by Rolecall.`);

export const invalidNextToken = (): AwsError =>
  // unverified: text
  new AwsError('InvalidNextTokenException', 'The NextToken value is invalid.');
