import { expect, test } from 'vitest';
import { datetimePattern, MessageJoiner } from './multiline.ts';

test.each([
  ['%Y-%m-%d %H:%M:%S', '2026-01-31 23:59:59 started'],
  ['[%b %d, %Y %I:%M %p]', '[Jan 02, 2026 03:04 PM] started'],
  ['%d/%B/%y %z', '02/January/26 +0100'],
  ['%H:%M:%S%L', '12:00:00.123'],
  ['100%%', 'at 100% now'],
])('%s matches %s', (format, line) => {
  expect(datetimePattern(format)?.test(line)).toBe(true);
  expect(datetimePattern(format)?.test('    at line 5')).toBe(false);
});

test('an unknown directive is no pattern', () => {
  expect(datetimePattern('%Q')).toBeUndefined();
});

test('a message goes on until a line begins the next one; it has the time of its first line', () => {
  const joiner = new MessageJoiner<string>(/^\d/);
  expect(joiner.add('before any match', 1, 'a')).toEqual([]);
  expect(joiner.add('1 first', 2, 'b')).toEqual([{ message: 'before any match', at: 1, position: 'a' }]);
  expect(joiner.add('  more', 3, 'c')).toEqual([]);
  expect(joiner.add('2 second', 4, 'd')).toEqual([{ message: '1 first\n  more', at: 2, position: 'c' }]);
  expect(joiner.flush()).toEqual([{ message: '2 second', at: 4, position: 'd' }]);
  expect(joiner.flush()).toEqual([]);
});

test('without a pattern every line is a message', () => {
  expect(new MessageJoiner<string>(undefined).add('line', 1, 'a')).toEqual([{ message: 'line', at: 1, position: 'a' }]);
});
