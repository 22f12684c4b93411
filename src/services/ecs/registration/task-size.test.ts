import { expect, it } from 'vitest';
import { parseTaskCpu, parseTaskMemory } from './task-size.ts';

it.each([
  ['256', 256],
  ['1 vCPU', 1024],
  ['1 vcpu', 1024],
  ['.25 vCPU', 256],
  ['0.5vCPU', 512],
  ['16 vCPU', 16384],
  ['0.3 vCPU', undefined],
  ['much', undefined],
  ['', undefined],
  ['-1', undefined],
  ['1.5', undefined],
])('%j is %s CPU units', (text, units) => {
  expect(parseTaskCpu(text)).toBe(units);
});

it.each([
  ['512', 512],
  ['1 GB', 1024],
  ['1gb', 1024],
  ['0.5 GB', 512],
  ['30 GB', 30720],
  ['1 TB', undefined],
  ['', undefined],
  ['1.5', undefined],
])('%j is %s MiB', (text, mib) => {
  expect(parseTaskMemory(text)).toBe(mib);
});
