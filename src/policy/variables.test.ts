import { expect, test } from 'vitest';
import type { RequestContext } from './types.ts';
import { splitAtColons, Template } from './variables.ts';

function fits(text: string, value: string, context: RequestContext = {}): boolean | undefined {
  return new Template(text, '2012-10-17', true).glob(context)?.matches(value);
}

test.each<[string, string, RequestContext, boolean | undefined]>([
  ['${aws:username}', 'ana', { 'aws:username': 'ana' }, true],
  ['${ aws:username }', 'ana', { 'aws:username': 'ana' }, true],
  ['${aws:username}', 'ana', {}, undefined],
  ["${aws:username, 'none'}", 'none', {}, true],
  ["${aws:username,'none'}", 'none', {}, true],
  ["${aws:username, ''}", '', {}, true],
  ["${aws:username, 'a}b'}", 'a}b', {}, true],
  ["${aws:username, 'a*'}", 'ab', {}, false],
  ['${*}', '*', {}, true],
  ['${*}', 'a', {}, false],
  ['${?}${$}', '?$', {}, true],
  ['${aws:username', '${aws:username', {}, true],
  ['${unknown}', 'x', {}, undefined],
  ['${aws:TagKeys}', 'a', { 'aws:TagKeys': ['a'] }, undefined],
])('%s on %s', (text, value, context, expected) => {
  expect(fits(text, value, context)).toBe(expected);
});

test('members that every object has are no context keys', () => {
  expect(fits('${constructor}', 'x')).toBe(undefined);
  expect(fits('${__proto__}', 'x')).toBe(undefined);
});

test('colons inside a variable do not cut', () => {
  expect(splitAtColons('a:${b:c}:d', '2012-10-17')).toEqual(['a', '${b:c}', 'd']);
  expect(splitAtColons('a:${b:c}:d', '2008-10-17')).toEqual(['a', '${b', 'c}', 'd']);
});
