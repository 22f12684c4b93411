import { expect, it } from 'vitest';
import { readTimestamp, writeTimestamp } from './timestamps.ts';

const MOMENT = Date.UTC(2026, 0, 2, 3, 4, 5);

it.each([
  ['2026-01-02T03:04:05Z', MOMENT],
  ['2026-01-02T03:04:05', MOMENT],
  ['2026-01-02T03:04:05.250Z', MOMENT + 250],
  ['2026-01-02T05:04:05+02:00', MOMENT],
  ['Fri, 02 Jan 2026 03:04:05 GMT', MOMENT],
  ['1767323045', MOMENT],
  ['1767323045.25', MOMENT + 250],
  ['2026-01-02', Date.UTC(2026, 0, 2)],
  ['yesterday', undefined],
  ['2026-13-45T00:00:00Z', undefined],
  ['', undefined],
])('reads %s', (text, expected) => {
  expect(readTimestamp(text)).toBe(expected);
});

it('writes each format', () => {
  expect(writeTimestamp(MOMENT, 'date-time')).toBe('2026-01-02T03:04:05Z');
  expect(writeTimestamp(MOMENT + 250, 'date-time')).toBe('2026-01-02T03:04:05.250Z');
  expect(writeTimestamp(MOMENT, 'http-date')).toBe('Fri, 02 Jan 2026 03:04:05 GMT');
  expect(writeTimestamp(MOMENT + 250, 'epoch-seconds')).toBe(1767323045.25);
});
