import { describe, expect, it } from 'vitest';
import { AwsError } from '../core/errors.ts';
import { loadModel, type ServiceId } from './model.ts';
import { validateInput } from './validate.ts';

function refusal(service: ServiceId, operation: string, input: Record<string, unknown>): [string, string] | undefined {
  try {
    validateInput(service, loadModel(service).operation(operation)?.input, input);
    return undefined;
  } catch (error) {
    if (error instanceof AwsError) return [error.code, error.message];
    throw error;
  }
}

const long = (n: number) => 'k'.repeat(n);
const TAG_PATTERN = '[\\p{L}\\p{Z}\\p{N}_.:/=+\\-@]';

describe('IAM, as observed on TagUser and UntagUser', () => {
  const tags = (...list: Record<string, string>[]) => refusal('iam', 'TagUser', { UserName: 'u', Tags: list });
  it('accepts what AWS accepts', () => {
    expect(tags({ Key: 'ok_.:/=+-@ key', Value: 'ключ' }, { Key: 'é'.repeat(128), Value: '' })).toBeUndefined();
  });
  it.each([
    [
      { Key: 'novalue' },
      "1 validation error detected: Value at 'tags.1.member.value' failed to satisfy constraint: Member must not be null",
    ],
    [
      { Key: 'bad#key', Value: 'v' },
      `1 validation error detected: Value at 'tags.1.member.key' failed to satisfy constraint: Member must satisfy regular expression pattern: ${TAG_PATTERN}+`,
    ],
    [
      { Key: 'é'.repeat(129), Value: 'v' },
      "1 validation error detected: Value at 'tags.1.member.key' failed to satisfy constraint: Member must have length less than or equal to 128",
    ],
    [
      { Key: '', Value: 'v' },
      `2 validation errors detected: Value at 'tags.1.member.key' failed to satisfy constraint: Member must have length greater than or equal to 1; Value at 'tags.1.member.key' failed to satisfy constraint: Member must satisfy regular expression pattern: ${TAG_PATTERN}+`,
    ],
  ])('%j', (tag, message) => {
    expect(tags(tag as Record<string, string>)).toEqual(['ValidationError', message]);
  });
  it('names the failing member', () => {
    expect(tags({ Key: 'a', Value: '1' }, { Value: 'v' })?.[1]).toBe(
      "1 validation error detected: Value at 'tags.2.member.key' failed to satisfy constraint: Member must not be null",
    );
  });
  it('counts the list before its members', () => {
    const fifty = Array.from({ length: 50 }, (_, i) => ({ Key: `k${i}`, Value: 'v' }));
    expect(tags(...fifty, { Key: 'bad#key', Value: 'v' })?.[1]).toBe(
      `2 validation errors detected: Value at 'tags' failed to satisfy constraint: Member must have length less than or equal to 50; Value at 'tags.51.member.key' failed to satisfy constraint: Member must satisfy regular expression pattern: ${TAG_PATTERN}+`,
    );
  });
  it('several bad members of a plain list are one violation that names all rules', () => {
    expect(refusal('iam', 'UntagUser', { UserName: 'u', TagKeys: ['bad#', 'k', 'bad*'] })?.[1]).toBe(
      `1 validation error detected: Value at 'tagKeys' failed to satisfy constraint: Member must satisfy constraint: [Member must have length less than or equal to 128, Member must have length greater than or equal to 1, Member must satisfy regular expression pattern: ${TAG_PATTERN}+, Member must not be null]`,
    );
  });
});

describe('the words of each service', () => {
  it.each<[ServiceId, string, Record<string, unknown>, string, string]>([
    [
      'sts',
      'AssumeRole',
      { RoleArn: 'arn:aws:iam::000000000000:role/r', RoleSessionName: 'a b' },
      'ValidationError',
      "1 validation error detected: Value 'a b' at 'roleSessionName' failed to satisfy constraint: Member must satisfy regular expression pattern: [\\w+=,.@-]*",
    ],
    [
      'sts',
      'AssumeRole',
      { RoleArn: 'arn:aws:iam::000000000000:role/r', RoleSessionName: 'ab', DurationSeconds: 60 },
      'ValidationError',
      "1 validation error detected: Value '60' at 'durationSeconds' failed to satisfy constraint: Member must have value greater than or equal to 900",
    ],
    [
      'ssm',
      'GetParameters',
      {},
      'ValidationException',
      "1 validation error detected: Value null at 'names' failed to satisfy constraint: Member must not be null",
    ],
    [
      'kms',
      'Decrypt',
      { CiphertextBlob: new Uint8Array(0) },
      'ValidationException',
      "1 validation error detected: Value at 'ciphertextBlob' failed to satisfy constraint: Member must have length greater than or equal to 1",
    ],
    [
      'logs',
      'CreateLogGroup',
      { logGroupName: '' },
      'InvalidParameterException',
      "2 validation errors detected: Value '' at 'logGroupName' failed to satisfy constraint: Member must have length greater than or equal to 1; Value '' at 'logGroupName' failed to satisfy constraint: Member must satisfy regular expression pattern: [\\.\\-_/#A-Za-z0-9]+",
    ],
    [
      'ecr',
      'CreateRepository',
      { repositoryName: 'Bad' },
      'InvalidParameterException',
      "Invalid parameter at 'repositoryName' failed to satisfy constraint: 'must satisfy regular expression '[a-z0-9]+((\\.|_|__|-+)[a-z0-9]+)*(/[a-z0-9]+((\\.|_|__|-+)[a-z0-9]+)*)*''",
    ],
    [
      'sqs',
      'SendMessage',
      { QueueUrl: 'u' },
      'MissingParameter',
      'The request must contain the parameter MessageBody.',
    ],
    [
      'iam',
      'UpdateAccessKey',
      { AccessKeyId: 'AKIAIOSFODNN7EXAMPLE', Status: 'Off' },
      'ValidationError',
      "1 validation error detected: Value at 'status' failed to satisfy constraint: Member must satisfy enum value set: [Active, Inactive, Expired]",
    ],
  ])('%s %s', (service, operation, input, code, message) => {
    expect(refusal(service, operation, input)).toEqual([code, message]);
  });

  it('a secret value is never repeated', () => {
    const answer = refusal('secretsmanager', 'CreateSecret', { Name: 'n', SecretString: 'S3CRET'.repeat(20_000) });
    expect(answer?.[1]).toBe(
      "1 validation error detected: Value at 'secretString' failed to satisfy constraint: Member must have length less than or equal to 65536",
    );
    expect(refusal('ssm', 'PutParameter', { Name: long(3000), Value: 'S3CRET' })?.[1]).not.toContain('S3CRET');
  });

  it('SQS judges its attribute names itself', () => {
    expect(refusal('sqs', 'GetQueueAttributes', { QueueUrl: 'u', AttributeNames: ['Nonsense'] })).toBeUndefined();
  });
});

describe('constraints of shapes that contain themselves', () => {
  it('reach every depth', () => {
    const deep = { M: { a: { L: [{ M: { b: { S: 'x' } } }] } } };
    expect(refusal('dynamodb', 'PutItem', { TableName: 'orders', Item: { id: deep } })).toBeUndefined();
    expect(refusal('dynamodb', 'PutItem', { TableName: '', Item: { id: deep } })?.[0]).toBe('ValidationException');
  });
});
