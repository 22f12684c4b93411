import { expect, test } from 'vitest';
import { DEFAULT_INSTANCE_TYPE, instanceTypes, sizeOf } from './instance-types.ts';

test('instance types have the vCPUs that EC2 gives them, and a little less memory', () => {
  expect(sizeOf('m5.large')).toEqual({ vcpus: 2, memory: 7680 });
  expect(sizeOf('t3.micro')).toEqual({ vcpus: 2, memory: 944 });
  expect(sizeOf('c5.9xlarge')?.vcpus).toBe(36);
  expect(sizeOf('c5.8xlarge')).toBeUndefined();
  for (const [type, gibibytes] of [
    ['t3.nano', 0.5],
    ['c5.large', 4],
    ['r5.24xlarge', 768],
    ['m7a.medium', 4],
  ] as const) {
    const { memory = 0 } = sizeOf(type) ?? {};
    expect(memory).toBeLessThan(gibibytes * 1024);
    expect(memory).toBeGreaterThan(gibibytes * 1024 * 0.88);
  }
});

test('the type that nobody chose is one of them; names are whole', () => {
  expect(instanceTypes).toContain(DEFAULT_INSTANCE_TYPE);
  expect(instanceTypes.every((type) => /^[a-z]\d[a-z]*\.[a-z0-9]+$/.test(type))).toBe(true);
  expect([sizeOf('m5'), sizeOf('toString'), sizeOf('m5.')]).toEqual([undefined, undefined, undefined]);
});
