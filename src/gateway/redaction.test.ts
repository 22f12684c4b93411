import { describe, expect, it } from 'vitest';
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

  it('shortens what is very long', () => {
    expect((redact({ Description: 'x'.repeat(5000) }, new Set()) as { description: string }).description).toHaveLength(
      4097,
    );
  });
});
