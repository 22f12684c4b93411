import { describe, expect, it } from 'vitest';
import { loadModel } from '../wire/model.ts';
import { HIDDEN, redact } from './redaction.ts';

describe('redact', () => {
  it('hides secrets at any depth and keeps the rest, in camelCase', () => {
    const input = {
      Name: 'db',
      SecretString: 'hunter2',
      Nested: [{ SessionToken: 'tok', RoleArn: 'arn' }],
      Blob: new Uint8Array([1]),
      Absent: undefined,
    };
    expect(redact(input, new Set())).toEqual({
      name: 'db',
      secretString: HIDDEN,
      nested: [{ sessionToken: HIDDEN, roleArn: 'arn' }],
      blob: HIDDEN,
    });
  });

  it('hides what a service names, and values of environments', () => {
    const input = {
      Value: 'v',
      containerDefinitions: [
        { environment: [{ name: 'PASSWORD', value: 'p' }], secrets: [{ name: 'S', valueFrom: 'arn' }] },
      ],
    };
    expect(redact(input, new Set(['Value']))).toEqual({
      value: HIDDEN,
      containerDefinitions: [
        { environment: [{ name: 'PASSWORD', value: HIDDEN }], secrets: [{ name: 'S', valueFrom: 'arn' }] },
      ],
    });
  });

  it('keeps the keys of maps, and hides what the model calls sensitive', () => {
    const encrypt = loadModel('kms').operation('Encrypt')?.input;
    const input = { KeyId: 'k', Plaintext: 'x', EncryptionContext: { PARAMETER_ARN: 'arn' } };
    expect(redact(input, new Set(), encrypt)).toEqual({
      keyId: 'k',
      plaintext: HIDDEN,
      encryptionContext: { PARAMETER_ARN: 'arn' },
    });
    const put = loadModel('ssm').operation('PutParameter')?.input;
    expect(redact({ Name: 'n', Value: 'secret' }, new Set(), put)).toEqual({ name: 'n', value: HIDDEN });
  });

  it('shortens what is very long', () => {
    expect((redact({ Description: 'x'.repeat(5000) }, new Set()) as { description: string }).description).toHaveLength(
      4097,
    );
  });
});
