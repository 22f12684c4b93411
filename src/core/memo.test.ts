import { expect, test } from 'vitest';
import { Memo } from './memo.ts';

test('makes a result once, and forgets all when it is full', () => {
  const made: string[] = [];
  const memo = new Memo((text) => {
    made.push(text);
    return text.toUpperCase();
  }, 2);
  expect([memo.of('a'), memo.of('a'), memo.of('b'), memo.of('a')]).toEqual(['A', 'A', 'B', 'A']);
  expect(made).toEqual(['a', 'b']);
  memo.of('c');
  memo.of('a');
  expect(made).toEqual(['a', 'b', 'c', 'a']);
});

test('keeps no error', () => {
  let calls = 0;
  const memo = new Memo(() => {
    calls += 1;
    throw new Error('no');
  });
  expect(() => memo.of('a')).toThrow('no');
  expect(() => memo.of('a')).toThrow('no');
  expect(calls).toBe(2);
});
