import { AwsError } from '../../core/errors.ts';

/** Errors of Amazon DynamoDB. Texts observed unless marked. */

export function validation(message: string): AwsError {
  return new AwsError('ValidationException', message);
}

export function invalidValues(problem: string): AwsError {
  return validation(`One or more parameter values were invalid: ${problem}`);
}

/** For operations on tables. */
export function tableNotFound(name: string): AwsError {
  return new AwsError('ResourceNotFoundException', `Requested resource not found: Table: ${name} not found`);
}

/** For operations on items. */
export function resourceNotFound(): AwsError {
  return new AwsError('ResourceNotFoundException', 'Requested resource not found');
}

export function tableInUse(name: string): AwsError {
  return new AwsError('ResourceInUseException', `Table already exists: ${name}`);
}

/** What Rolecall does not carry out is refused by name. */
export function notSupported(member: string, operation: string): AwsError {
  return validation(`Rolecall does not support ${member} of ${operation}.`);
}

export function refuseMembers(operation: string, input: object, members: readonly string[]): void {
  for (const member of members) {
    if ((input as Readonly<Record<string, unknown>>)[member] !== undefined) throw notSupported(member, operation);
  }
}
