import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { globOf } from '../../policy/glob.ts';
import { globsMeet } from './globs.ts';

describe('globsMeet', () => {
  it.each([
    ['a*', '*b', true],
    ['a*c', 'ab*', true],
    ['secret:db-??????', 'secret:db-AbCdEf', true],
    ['secret:db-??????', 'secret:db-*', true],
    ['secret:db-??????', 'secret:other-*', false],
    ['*', '', true],
    ['?', '', false],
    ['a?c', 'a*d', false],
    ['log-group:/x:*', 'log-group:/x:log-stream:*', true],
  ])('%s and %s: %s', (one, other, expected) => {
    expect(globsMeet(one, other)).toBe(expected);
    expect(globsMeet(other, one)).toBe(expected);
  });

  it('finds a text whenever there is one', () => {
    const sign = fc.constantFrom('a', 'b', '*', '?');
    const pattern = fc.array(sign, { maxLength: 6 }).map((signs) => signs.join(''));
    const text = fc.array(fc.constantFrom('a', 'b'), { maxLength: 6 }).map((signs) => signs.join(''));
    fc.assert(
      fc.property(pattern, pattern, text, (one, other, common) => {
        if (globOf(one).matches(common) && globOf(other).matches(common)) expect(globsMeet(one, other)).toBe(true);
      }),
    );
  });

  it('finds none when there is none', () => {
    const sign = fc.constantFrom('a', 'b', '*', '?');
    const pattern = fc.array(sign, { maxLength: 4 }).map((signs) => signs.join(''));
    // Every text of up to eight letters: long enough for two patterns of four signs.
    const texts: string[] = [''];
    for (let at = 0; at < texts.length && texts[at]!.length < 8; at++) texts.push(`${texts[at]}a`, `${texts[at]}b`);
    fc.assert(
      fc.property(pattern, pattern, (one, other) => {
        const meet = texts.some((text) => globOf(one).matches(text) && globOf(other).matches(text));
        expect(globsMeet(one, other)).toBe(meet);
      }),
    );
  });
});
