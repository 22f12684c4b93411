import { AwsError } from '../../core/errors.ts';

/** Texts: observed answers of CloudWatch Logs unless marked. */
export const groupNotFound = (): AwsError =>
  new AwsError('ResourceNotFoundException', 'The specified log group does not exist.');

export const streamNotFound = (): AwsError =>
  new AwsError('ResourceNotFoundException', 'The specified log stream does not exist.');

export const groupExists = (): AwsError =>
  new AwsError('ResourceAlreadyExistsException', 'The specified log group already exists');

export const streamExists = (): AwsError =>
  new AwsError('ResourceAlreadyExistsException', 'The specified log stream already exists');

export const invalidParameter = (message: string): AwsError => new AwsError('InvalidParameterException', message);

/** What this server does not serve is refused by name. */
export const unsupported = (what: string): AwsError => invalidParameter(`${what} is not supported by Rolecall.`);

export const invalidToken = (): AwsError => invalidParameter('The specified nextToken is invalid.');
