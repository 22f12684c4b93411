import { expect, test } from 'vitest';
import { containerLimits, taskLimits } from './limits.ts';

const MEBIBYTE = 1024 * 1024;

test.each([
  [{ cpu: '256', memory: '512' }, 0.25, 512],
  [{ cpu: '.5 vCPU', memory: '1 GB' }, 0.5, 1024],
  [{ cpu: '4 vcpu', memory: '30GB' }, 4, 30 * 1024],
])('a task of %j has its quota of CPU and its memory', (definition, cpus, memory) => {
  expect(taskLimits(definition)).toMatchObject({ cpus, memory: memory * MEBIBYTE, swap: 0 });
});

test('a task without a limit weighs as much as its containers together', () => {
  const containerDefinitions = [{ cpu: 100 }, { cpu: 28 }, {}];
  expect(taskLimits({ containerDefinitions })).toEqual({ cpus: undefined, memory: undefined, swap: 0, shares: 128 });
  expect(taskLimits({ cpu: '0' })).toMatchObject({ cpus: undefined, shares: 2 });
});

test('a container has its hard and soft memory, and its weight', () => {
  expect(containerLimits({ cpu: 10, memory: 64, memoryReservation: 32 })).toEqual({
    memory: 64 * MEBIBYTE,
    reservation: 32 * MEBIBYTE,
    swap: 0,
    swappiness: undefined,
    shares: 10,
  });
  expect(containerLimits({ cpu: 0 })).toMatchObject({ memory: undefined, reservation: undefined, shares: 2 });
});

test('swap is what maxSwap says; without it swappiness says nothing', () => {
  const linuxParameters = { maxSwap: 128, swappiness: 20 };
  expect(containerLimits({ memory: 64, linuxParameters })).toMatchObject({ swap: 128 * MEBIBYTE, swappiness: 20 });
  expect(containerLimits({ memory: 64, linuxParameters: { swappiness: 20 } })).toMatchObject({
    swap: 0,
    swappiness: undefined,
  });
  expect(taskLimits({ containerDefinitions: [{ linuxParameters }, { linuxParameters }] }).swap).toBe(256 * MEBIBYTE);
});
