import { describe, expect, it } from 'vitest';
import { AwsError } from '../core/errors.ts';
import { readJsonBody, writeJsonBody } from './json-codec.ts';
import { loadModel } from './model.ts';

type Service = 'ecs' | 'ssm' | 'kms' | 'dynamodb';
const input = (service: Service, operation: string) => loadModel(service).operation(operation)?.input;
const read = (text: string, service: Service = 'ecs', operation = 'RunTask') =>
  readJsonBody(input(service, operation), Buffer.from(text));
function refusal(text: string, service: Service = 'ecs', operation = 'RunTask'): string {
  try {
    read(text, service, operation);
  } catch (error) {
    if (error instanceof AwsError && error.code === 'SerializationException') return error.message;
    throw error;
  }
  throw new Error('accepted');
}

describe('bodies that are not of the model', () => {
  it.each([
    ['{', ''],
    ['', ''],
    ['null', ''],
    ['"x"', ''],
    ['[]', 'Start of list found where not expected'],
    ['{"count":"1"}', 'STRING_VALUE can not be converted to an Integer'],
    ['{"count":true}', 'TRUE_VALUE can not be converted to an Integer'],
    ['{"count":[1]}', 'Start of list found where not expected'],
    ['{"count":{}}', 'Start of structure or map found where not expected.'],
    ['{"count":1e30}', ''],
    ['{"cluster":1}', 'NUMBER_VALUE can not be converted to a String'],
    ['{"cluster":false}', 'FALSE_VALUE can not be converted to a String'],
    ['{"tags":"x"}', 'Expected list or null'],
    ['{"tags":{}}', 'Start of structure or map found where not expected.'],
    ['{"overrides":1}', 'Expected null'],
    ['{"overrides":[]}', 'Start of list found where not expected'],
    ['{"overrides":{"containerOverrides":[{"command":["a",1]}]}}', 'NUMBER_VALUE can not be converted to a String'],
  ])('%s', (text, message) => {
    expect(refusal(text)).toBe(message);
  });
  it('nested deeper than anything needs', () => {
    const item = `{"a":${'{"M":{"a":'.repeat(500)}{"S":"x"}${'}}'.repeat(500)}}`;
    expect(refusal(`{"TableName":"orders","Item":${item}}`, 'dynamodb', 'PutItem')).toBe('');
  });
});

describe('what AWS lets pass', () => {
  it('null is absence, at any depth; unknown members are ignored; fractions are cut', () => {
    expect(read('{"cluster":null,"count":1.9,"nonsense":{"x":1},"tags":[null,{"key":"k","value":null}]}')).toEqual({
      count: 1,
      tags: [{ key: 'k' }],
    });
  });
  it('a key called __proto__ is a key', () => {
    const { EncryptionContext } = read(
      '{"KeyId":"k","Plaintext":"eA==","EncryptionContext":{"__proto__":"p"}}',
      'kms',
      'Encrypt',
    ) as {
      EncryptionContext: Record<string, string>;
    };
    expect(Object.entries(EncryptionContext)).toEqual([['__proto__', 'p']]);
    expect(Object.getPrototypeOf(EncryptionContext)).toBe(Object.prototype);
  });
});

describe('answers', () => {
  const output = loadModel('ssm').operation('GetParameter')?.output;
  it('hold only what the model has', () => {
    const text = writeJsonBody(output, {
      Parameter: { Name: 'n', internal: 'never', LastModifiedDate: 1_700_000_000_500, Version: 1 },
      alsoInternal: 1,
    });
    expect(text).toBe('{"Parameter":{"Name":"n","LastModifiedDate":1700000000.5,"Version":1}}');
  });
  it('of operations that give nothing are an empty object', () => {
    expect(writeJsonBody(undefined, undefined)).toBe('{}');
  });
});
