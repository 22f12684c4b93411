import { AwsError } from '../../core/errors.ts';

// Codes are the names of the modelled errors (CloudTrail shows them so); the query protocol drops their `Exception`.
// Texts are IAM's own, as clients of the real service report them, unless marked otherwise.

export type EntityKind = 'user' | 'group' | 'role';

export function noSuchEntity(message: string): AwsError {
  return new AwsError('NoSuchEntityException', message, { status: 404 });
}

export function entityNotFound(kind: EntityKind, name: string): AwsError {
  return noSuchEntity(`The ${kind} with name ${name} cannot be found.`);
}

export function instanceProfileNotFound(name: string): AwsError {
  return noSuchEntity(`Instance Profile ${name} cannot be found.`);
}

export function inlinePolicyNotFound(kind: EntityKind, name: string): AwsError {
  return noSuchEntity(`The ${kind} policy with name ${name} cannot be found.`);
}

export function accessKeyNotFound(id: string): AwsError {
  return noSuchEntity(`The Access Key with id ${id} cannot be found.`);
}

export function policyNotFound(arn: string): AwsError {
  return noSuchEntity(`Policy ${arn} was not found.${unknownAwsPolicy(arn)}`);
}

export function policyNotAttachable(arn: string): AwsError {
  return noSuchEntity(`Policy ${arn} does not exist or is not attachable.${unknownAwsPolicy(arn)}`);
}

export function policyVersionNotFound(arn: string, version: string): AwsError {
  return noSuchEntity(`Policy ${arn} version ${version} does not exist or is not attachable.`);
}

/** Our own words: Rolecall holds only some of AWS's policies, and a missing one must not look like a misspelled one. */
function unknownAwsPolicy(arn: string): string {
  return arn.startsWith('arn:aws:iam::aws:policy/')
    ? ' (Rolecall holds the AWS managed policies that roles of ECS tasks commonly use, and not this one. Create it as a customer managed policy with the same document.)'
    : '';
}

export function entityExists(message: string): AwsError {
  return new AwsError('EntityAlreadyExistsException', message, { status: 409 });
}

export function deleteConflict(message: string): AwsError {
  return new AwsError('DeleteConflictException', message, { status: 409 });
}

export function limitExceeded(message: string): AwsError {
  return new AwsError('LimitExceededException', message, { status: 409 });
}

export function invalidInput(message: string): AwsError {
  return new AwsError('InvalidInputException', message, { status: 400 });
}

export function validationError(message: string): AwsError {
  return new AwsError('ValidationError', message, { status: 400 });
}

/** @param cause what the parser found and where: our own words, for those who ask from inside. */
export function malformedPolicyDocument(message: string, cause?: unknown): AwsError {
  return new AwsError('MalformedPolicyDocumentException', message, { status: 400, cause });
}

export function unmodifiableRole(name: string): AwsError {
  return new AwsError(
    'UnmodifiableEntityException',
    `Cannot perform the operation on the protected role '${name}' - this role is only modifiable by AWS`,
    { status: 400 },
  );
}

export function serviceRolePolicyNotAttachable(): AwsError {
  return new AwsError('PolicyNotAttachableException', 'Cannot attach a Service Role Policy to a Customer Role.', {
    status: 400,
  });
}

export function mustNameUser(): AwsError {
  return validationError('Must specify userName when calling with non-User credentials');
}
