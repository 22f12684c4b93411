import { describe, expect, test } from 'vitest';
import type { ContextValue } from '../context.ts';
import { CompiledCondition } from './condition.ts';
import { isStorableDate, parseDate } from './date.ts';
import { parseAddress, parseNetwork } from './ip-address.ts';
import { parseNumber } from './numeric.ts';
import { operatorNames, readOperator } from './operators.ts';

function holds(operator: string, values: readonly string[], found: ContextValue | undefined): boolean {
  const use = readOperator(operator);
  if (use === undefined) throw new Error(`there is no ${operator}`);
  return new CompiledCondition(operator, use, 'aws:k', values, '2012-10-17').holds(
    found === undefined ? {} : { 'aws:k': found },
  );
}

/** For each operator: values of a policy, a value that fits, one that does not, one it cannot read. */
const samples: Readonly<Record<string, readonly [string[], string, string, string | undefined]>> = {
  StringEquals: [['a', 'b'], 'b', 'c', undefined],
  StringEqualsIgnoreCase: [['A'], 'a', 'b', undefined],
  StringLike: [['x', 'a?c*'], 'abcd', 'ac', undefined],
  NumericEquals: [['1', '10'], '10.0', '11', 'ten'],
  NumericLessThan: [['10'], '9.5', '10', 'ten'],
  NumericLessThanEquals: [['10'], '10', '10.1', 'ten'],
  NumericGreaterThan: [['10'], '1e2', '10', 'ten'],
  NumericGreaterThanEquals: [['10'], '10', '-11', 'ten'],
  DateEquals: [['2026-01-01'], '2026-01-01T01:00:00+01:00', '2026-01-02', 'soon'],
  DateLessThan: [['2026-01-01'], '2025-12-31T23:59:59Z', '2026-01-01', 'soon'],
  DateLessThanEquals: [['2026-01-01'], '2026-01-01', '2026-01-01T00:00:01Z', 'soon'],
  DateGreaterThan: [['2026-01-01'], '1767225601', '1767225600', 'soon'],
  DateGreaterThanEquals: [['2026-01-01'], '1767225600', '1767225599', 'soon'],
  Bool: [['True'], 'true', 'false', 'yes'],
  BinaryEquals: [['QUI='], 'QUI', 'QUE=', '!'],
  IpAddress: [['10.0.0.0/8', '2001:db8::/32'], '2001:DB8:0::7', '11.0.0.1', 'nowhere'],
  ArnEquals: [['arn:aws:s3:::b*'], 'arn:aws:s3:::bucket/x:y', 'arn:aws:s3:::a', 'b'],
  ArnLike: [['arn:aws:*:*:1:*'], 'arn:aws:sqs:eu-west-1:1:q', 'arn:aws:sqs:eu-west-1:2:q', 'q'],
};
const negations: Readonly<Record<string, string>> = {
  StringEquals: 'StringNotEquals',
  StringEqualsIgnoreCase: 'StringNotEqualsIgnoreCase',
  StringLike: 'StringNotLike',
  NumericEquals: 'NumericNotEquals',
  DateEquals: 'DateNotEquals',
  IpAddress: 'NotIpAddress',
  ArnEquals: 'ArnNotEquals',
  ArnLike: 'ArnNotLike',
};

test('every operator has a sample', () => {
  const covered = [...Object.keys(samples), ...Object.values(negations), 'Null'];
  expect([...covered].sort()).toEqual([...operatorNames].sort());
});

describe.each(Object.entries(samples))('%s', (name, [values, fitting, other, unreadable]) => {
  test('a value that fits, one that does not, and no value', () => {
    expect([fitting, other, undefined].map((found) => holds(name, values, found))).toEqual([true, false, false]);
    if (unreadable !== undefined) expect(holds(name, values, unreadable)).toBe(false);
  });

  test('IfExists', () => {
    expect([fitting, other, undefined].map((found) => holds(`${name}IfExists`, values, found))).toEqual([
      true,
      false,
      true,
    ]);
  });

  test('ForAllValues and ForAnyValue', () => {
    const lists = [[fitting], [fitting, other], [other], []];
    expect(lists.map((found) => holds(`ForAllValues:${name}`, values, found))).toEqual([true, false, false, true]);
    expect(lists.map((found) => holds(`ForAnyValue:${name}`, values, found))).toEqual([true, true, false, false]);
  });

  const negated = negations[name];
  if (negated === undefined) return;
  test(`its negation, ${negated}`, () => {
    expect([fitting, other, undefined].map((found) => holds(negated, values, found))).toEqual([false, true, true]);
    expect(holds(`${negated}IfExists`, values, undefined)).toBe(true);
    const lists = [[fitting], [fitting, other], [other], []];
    expect(lists.map((found) => holds(`ForAllValues:${negated}`, values, found))).toEqual([false, false, true, true]);
    expect(lists.map((found) => holds(`ForAnyValue:${negated}`, values, found))).toEqual([false, true, true, false]);
  });
});

test.each([
  ['StringEquals', 'none', false],
  ['ForAnyValue:StringLikeIfExists', 'any', true],
  ['forallvalues:stringnotequals', 'all', false],
])('%s is read', (text, quantifier, ifExists) => {
  expect(readOperator(text)).toMatchObject({ quantifier: quantifier === 'none' ? 'one' : quantifier, ifExists });
});

test.each([
  '',
  'StringEqual',
  'IfExists',
  'NullIfExists',
  'ForAnyValue:',
  'ForSomeValue:StringEquals',
  'StringEquals ',
  'constructor',
])('%j is no operator', (text) => {
  expect(readOperator(text)).toBeUndefined();
});

test.each<[string, number | undefined]>([
  ['2026', 2026_000],
  ['1767225600', Date.UTC(2026, 0, 1)],
  ['1767225600.5', Date.UTC(2026, 0, 1) + 500],
  ['2026-01', Date.UTC(2026, 0, 1)],
  ['2026-01-01', Date.UTC(2026, 0, 1)],
  ['2026-01-01T10:20Z', Date.UTC(2026, 0, 1, 10, 20)],
  ['2026-01-01T10:20:30Z', Date.UTC(2026, 0, 1, 10, 20, 30)],
  ['2026-01-01t10:20:30.250z', Date.UTC(2026, 0, 1, 10, 20, 30, 250)],
  ['2026-01-01T10:20:30+02:30', Date.UTC(2026, 0, 1, 7, 50, 30)],
  ['2026-01-01T10:20:30-0100', Date.UTC(2026, 0, 1, 11, 20, 30)],
  ['2024-02-29', Date.UTC(2024, 1, 29)],
  ['2026-02-29', undefined],
  ['2026-13-01', undefined],
  ['2026-01-01T24:00:00Z', undefined],
  ['2026-01-01T10:20:30', undefined],
  ['20130930T231548Z', undefined],
  ['', undefined],
])('the date %j', (text, expected) => {
  expect(parseDate(text)).toBe(expected);
});

test('dates that are stored though they match nothing', () => {
  expect(['01T', '-292275054', '2016-12-13t2:00:00.593194+23'].map(isStorableDate)).toEqual([true, true, true]);
  expect(['soon', '1.5', '2016-12-13T25', '2016-1-1-1', ''].map(isStorableDate)).toEqual([
    false,
    false,
    false,
    false,
    false,
  ]);
});

test.each<[string, number[] | undefined]>([
  ['10.0.0.1', [0x0a000001]],
  ['255.255.255.255', [0xffffffff]],
  ['10.0.0.256', undefined],
  ['10.0.0', undefined],
  ['::', [0, 0, 0, 0]],
  ['::1', [0, 0, 0, 1]],
  ['2001:DB8::', [0x20010db8, 0, 0, 0]],
  ['1:2:3:4:5:6:7:8', [0x10002, 0x30004, 0x50006, 0x70008]],
  ['::ffff:192.0.2.1', [0, 0, 0xffff, 0xc0000201]],
  ['1:2:3:4:5:6:7', undefined],
  ['1::2::3', undefined],
  ['1:2:3:4:5:6:7:8:9', undefined],
  ['12345::', undefined],
])('the address %s', (text, expected) => {
  expect(parseAddress(text)).toEqual(expected);
});

test('networks', () => {
  expect(parseNetwork('10.0.0.1')?.prefix).toBe(32);
  expect(parseNetwork('::1')?.prefix).toBe(128);
  expect(['10.0.0.0/33', '10.0.0.0/', '10.0.0.0/x', '::/129', '/8'].map(parseNetwork)).toEqual(
    new Array(5).fill(undefined),
  );
});

test('numbers', () => {
  expect(['10', '+10', '-1.50', '.5', '1e3', '5.'].map(parseNumber)).toEqual([10, 10, -1.5, 0.5, 1000, 5]);
  expect(['', ' 1', '0x10', 'NaN', 'Infinity', '1,5'].map(parseNumber)).toEqual(new Array(6).fill(undefined));
});
