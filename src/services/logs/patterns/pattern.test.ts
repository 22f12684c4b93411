import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { AwsError } from '../../../core/errors.ts';
import { parsePattern } from './pattern.ts';

describe('terms', () => {
  it.each([
    ['', 'anything', true],
    ['  ', '', true],
    ['ERROR', 'an ERROR here', true],
    ['ERROR', 'an error here', false],
    ['ERROR Exception', 'Exception: ERROR', true],
    ['ERROR Exception', 'ERROR only', false],
    ['?ERROR ?WARN', 'a WARN', true],
    ['?ERROR ?WARN', 'an INFO', false],
    ['ERROR -timeout', 'ERROR: refused', true],
    ['ERROR -timeout', 'ERROR: timeout', false],
    ['-DEBUG', 'INFO', true],
    ['?ERROR -DEBUG', 'INFO', true],
    ['"ERROR: disk full"', 'x ERROR: disk full y', true],
    ['"ERROR: disk full"', 'ERROR disk full', false],
    ['-"disk full"', 'disk full', false],
    ['"say \\"hi\\""', 'say "hi"', true],
    ['%AUTHORIZED%', '[ERROR 401] UNAUTHORIZED REQUEST', true],
    ['%[Ee]rror|[Ff]ail%', 'it failed', true],
    ['%^abc%', 'x abc', false],
    ['%\\d{3}%', 'code 40', false],
  ])('%s on %s: %s', (pattern, message, expected) => {
    expect(parsePattern(pattern)(message)).toBe(expected);
  });

  it.each([
    ['a:b', "Invalid character(s) in term ':'"],
    ['?Status: timeout', "Invalid character(s) in term ':'"],
    ['foo-bar', "Invalid character(s) in term '-'"],
    ['(', "Invalid character(s) in term '('"],
    ['?', "Invalid character(s) in term '?'"],
    ['%a(b)%', "Invalid character(s) in term '('"],
    ['[a, b]', 'A space-delimited filter pattern is not supported by Rolecall.'],
  ])('refuses %s', (pattern, message) => {
    expect(() => parsePattern(pattern)).toThrow(message);
  });
});

describe('JSON', () => {
  const event = {
    level: 'ERROR',
    status: 404,
    ok: false,
    none: null,
    text: '5',
    user: { name: 'ann', 'first-name': 'A' },
    list: [{ id: 1 }, { id: 2 }],
    tags: ['a', 'b'],
  };
  const message = JSON.stringify(event);

  it.each([
    ['{ $.level = "ERROR" }', true],
    ['{ $.level = ERROR }', true],
    ['{ $.level = "error" }', false],
    ['{ $.level != "INFO" }', true],
    ['{ $.missing != "x" }', false],
    ['{ $.level = "ERR*" }', true],
    ['{ $.level = "*RR*R" }', true],
    ['{ $.level = "E*X*R" }', false],
    ['{ $.status = 404 }', true],
    ['{ $.status = 4e2 }', false],
    ['{ $.status = 40* }', true],
    ['{ $.status >= 400 && $.status < 500 }', true],
    ['{ $.status > 404 }', false],
    ['{ $.text > 1 }', false],
    ['{ $.user.name = "ann" }', true],
    ['{ $.user.first-name = "A" }', true],
    ['{ $.list[1].id = 2 }', true],
    ['{ $.list[2].id = 2 }', false],
    ['{ $.list[*].id = 2 }', true],
    ['{ $.tags[0] = "a" }', true],
    ['{ $.ok IS FALSE }', true],
    ['{ $.ok IS TRUE }', false],
    ['{ $.none IS NULL }', true],
    ['{ $.missing IS NULL }', false],
    ['{ $.missing NOT EXISTS }', true],
    ['{ $.level NOT EXISTS }', false],
    ['{ $.level EXISTS }', true],
    ['{ ($.status = 500) || ($.level = "ERROR") }', true],
    ['{ $.status = 500 || $.level = "ERROR" && $.ok IS TRUE }', false],
    ['{ ($.status = 404 || $.x = 1) && $.level = %^ERR% }', true],
  ])('%s: %s', (pattern, expected) => {
    expect(parsePattern(pattern)(message)).toBe(expected);
  });

  it('never matches what is no JSON object', () => {
    for (const text of ['plain', '"text"', '5', 'null', ''])
      expect(parsePattern('{ $.a NOT EXISTS }')(text)).toBe(false);
  });

  it.each([
    '{',
    '{ }',
    '{ $.a }',
    '{ $.a = }',
    '{ $.a = 1',
    '{ $.a = 1 } x',
    '{ $."a" = 1 }',
    '{ a = 1 }',
    '{ $.a > "x" }',
    '{ $.a IS x }',
    '{ $.a NOT x }',
    '{ ($.a = 1 }',
  ])('refuses %s', (pattern) => {
    expect(() => parsePattern(pattern)).toThrow(AwsError);
  });
});

it('reads or refuses any text, and nothing else', () => {
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string(),
        fc.string().map((inner) => `{ ${inner} }`),
      ),
      fc.string(),
      (pattern, message) => {
        try {
          expect(typeof parsePattern(pattern)(message)).toBe('boolean');
        } catch (error) {
          expect(error).toBeInstanceOf(AwsError);
        }
      },
    ),
  );
});
