import fc from 'fast-check';
import { expect, test } from 'vitest';
import { JsonSyntaxError, lineAndColumn, memberPath, plainJson, readJson } from './json.ts';

test('what JSON.parse reads is read the same', () => {
  fc.assert(
    fc.property(fc.json(), (text) => {
      let repeated = false;
      try {
        expect(plainJson(readJson(text))).toEqual(JSON.parse(text));
      } catch (error) {
        repeated = error instanceof JsonSyntaxError && error.message.includes('given twice');
        if (!repeated) throw error;
      }
    }),
  );
});

test('what JSON.parse refuses is refused', () => {
  const fragment = fc.string({
    unit: fc.constantFrom('{', '}', '[', ']', '"', ':', ',', '1', 'a', ' ', '\\', 'e', '-', '.', 'true'),
  });
  fc.assert(
    fc.property(fragment, (text) => {
      let valid = true;
      try {
        JSON.parse(text);
      } catch {
        valid = false;
      }
      if (!valid) expect(() => readJson(text)).toThrow(JsonSyntaxError);
    }),
    { numRuns: 2000 },
  );
});

test.each([
  ['{"a": 1, "a": 2}', '$.a', 9, 'the member "a" is given twice'],
  ['{"x": {"y": tru}}', '$.x.y', 12, 'a value is expected'],
  ['[1, "a', '$[1]', 4, 'the string is not closed'],
  ['{"a": 1} x', '$', 9, 'nothing may follow the JSON value'],
  ['["\\q"]', '$[0]', 3, 'the escape is unknown'],
  ['["\\u12g4"]', '$[0]', 3, 'four hex digits are expected after \\u'],
  ['["a\nb"]', '$[0]', 3, 'a control character must be escaped in a string'],
  ['', '$', 0, 'the text ends where a value is expected'],
])('%j is refused at %s', (text, path, at, message) => {
  try {
    readJson(text);
    expect.unreachable();
  } catch (error) {
    expect(error).toMatchObject({ path, at, message });
  }
});

test('deep nesting is refused, not fatal', () => {
  expect(() => readJson('['.repeat(100_000))).toThrow('nested deeper');
});

test('members called like built-ins are plain members', () => {
  const value = plainJson(readJson('{"__proto__": 1, "constructor": 2}')) as object;
  expect(Object.keys(value)).toEqual(['__proto__', 'constructor']);
});

test('places', () => {
  expect(lineAndColumn('a\nbc\nd', 3)).toEqual({ line: 2, column: 2 });
  expect(lineAndColumn('a\nbc\nd', 0)).toEqual({ line: 1, column: 1 });
  expect(memberPath('$', 'Action')).toBe('$.Action');
  expect(memberPath('$', 'aws:x')).toBe('$["aws:x"]');
});
