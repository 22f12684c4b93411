import { expect, test } from 'vitest';
import { RateLimit } from './rate-limit.ts';

test('a burst of 60, then 40 a second, for each path', () => {
  const limit = new RateLimit();
  const allowed = (path: string, now: number, tries: number) =>
    Array.from({ length: tries }, () => limit.allow(path, now)).filter(Boolean).length;
  expect(allowed('/a', 0, 100)).toBe(60);
  expect(allowed('/b', 0, 100)).toBe(60);
  expect(allowed('/a', 500, 100)).toBe(20);
  expect(allowed('/a', 10_000, 100)).toBe(60);
});
