import { expect, test } from 'vitest';
import { goObjectError, goValue } from './go-format.ts';

test.each([
  [null, '<nil>'],
  [true, 'true'],
  ['text', 'text'],
  [0, '0'],
  [5432, '5432'],
  [-1.5, '-1.5'],
  [123456, '123456'],
  [1000000, '1e+06'],
  [1234567, '1.234567e+06'],
  [1e21, '1e+21'],
  [1e100, '1e+100'],
  [0.0001, '0.0001'],
  [0.00001, '1e-05'],
  [0.1, '0.1'],
  [[1, 'a', null], '[1 a <nil>]'],
  [{ b: 2, a: { c: [true] } }, 'map[a:map[c:[true]] b:2]'],
  [{}, 'map[]'],
])('%j is printed %s', (value, text) => {
  expect(goValue(value)).toBe(text);
});

test.each([
  ['{"a":1}', undefined],
  ['null', undefined],
  ['hunter2', "invalid character 'h' looking for beginning of value"],
  ['', 'unexpected end of JSON input'],
  ['{"a":', 'unexpected end of JSON input'],
  ['[1]', 'json: cannot unmarshal array into Go value of type map[string]interface {}'],
  ['"text"', 'json: cannot unmarshal string into Go value of type map[string]interface {}'],
  ['5', 'json: cannot unmarshal number into Go value of type map[string]interface {}'],
  ['true', 'json: cannot unmarshal bool into Go value of type map[string]interface {}'],
])('%s as an object: %s', (text, error) => {
  expect(goObjectError(text)).toBe(error);
});
