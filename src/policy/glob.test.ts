import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ANY_RUN, Glob, globOf } from './glob.ts';

test.each([
  ['', '', true],
  ['', 'a', false],
  ['*', '', true],
  ['**', 'abc', true],
  ['a*', 'a', true],
  ['a*c', 'abbbc', true],
  ['a*c', 'abbbd', false],
  ['*b*', 'abc', true],
  ['a*b*c', 'a-c-b-c', true],
  ['a*b*c', 'a-c-b', false],
  ['ab*ba', 'aba', false],
  ['?', '', false],
  ['?', 'a', true],
  ['a?c*', 'abcd', true],
  ['*?', '', false],
  ['*?b', 'ab', true],
  ['a*', 'a\nb', true],
  ['a.c', 'abc', false],
  ['[ab]', 'a', false],
])('%j on %j is %j', (pattern, text, expected) => {
  expect(globOf(pattern).matches(text)).toBe(expected);
});

test('a literal token may hold wildcard characters', () => {
  expect(new Glob(['a*', ANY_RUN]).matches('a*b')).toBe(true);
  expect(new Glob(['a*', ANY_RUN]).matches('abb')).toBe(false);
});

test('a part of a text can be matched', () => {
  expect(globOf('b*d').matches('abcde', 1, 4)).toBe(true);
  expect(globOf('b*e').matches('abcde', 1, 4)).toBe(false);
  expect(globOf('*cd*').matches('abcde', 0, 3)).toBe(false);
});

/** The plainest matcher there is, slow and obviously right. */
function naive(pattern: string, text: string): boolean {
  if (pattern === '') return text === '';
  if (pattern[0] === '*') return naive(pattern.slice(1), text) || (text !== '' && naive(pattern, text.slice(1)));
  return text !== '' && (pattern[0] === '?' || pattern[0] === text[0]) && naive(pattern.slice(1), text.slice(1));
}

test('it agrees with the plainest matcher', () => {
  const pattern = fc.string({ unit: fc.constantFrom('a', 'b', '*', '?'), maxLength: 8 });
  const text = fc.string({ unit: fc.constantFrom('a', 'b'), maxLength: 10 });
  fc.assert(
    fc.property(pattern, text, (p, t) => {
      expect(globOf(p).matches(t)).toBe(naive(p, t));
    }),
    { numRuns: 2000 },
  );
});

test('patterns that make backtracking matchers explode are answered', () => {
  const text = 'a'.repeat(20_000);
  expect(globOf(`${'a*'.repeat(500)}b`).matches(text)).toBe(false);
  expect(globOf(`${'*a'.repeat(500)}*b*`).matches(text)).toBe(false);
  expect(globOf(`${'?*'.repeat(500)}b`).matches(text)).toBe(false);
  expect(globOf('a*'.repeat(500)).matches(text)).toBe(true);
});
