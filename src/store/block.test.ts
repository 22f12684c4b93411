import fc from 'fast-check';
import { expect, it } from 'vitest';
import { Block, entriesOf } from './block.ts';

function stored(values: readonly unknown[]): { readonly json: string; readonly values: unknown[] } {
  const [first, ...later] = values.map((value, index) => ({ sequence: index + 1, at: 100 - index, value }));
  const block = new Block('log', 'partition', first as NonNullable<typeof first>);
  for (const entry of later) block.add(entry);
  const entries = entriesOf(block.json);
  expect(entries.map(({ sequence, at }) => [sequence, at])).toEqual(values.map((_, index) => [index + 1, 100 - index]));
  return { json: block.json, values: entries.map(({ value }) => value) };
}

it('gives back what it was given, whatever the values have in common', () => {
  const members = fc.record(
    {
      id: fc.string(),
      same: fc.constant('as ever'),
      maybe: fc.constantFrom(undefined, null, 0, false, ''),
      nested: fc.constantFrom({ a: [1, { b: 2 }] }, { a: [] }, []),
      toString: fc.constant('own'),
    },
    { requiredKeys: ['id'] },
  );
  const value = fc.oneof(
    { weight: 3, arbitrary: members as fc.Arbitrary<unknown> },
    { weight: 1, arbitrary: fc.jsonValue() as fc.Arbitrary<unknown> },
  );
  fc.assert(
    fc.property(fc.array(value, { minLength: 1, maxLength: 20 }), (values) => {
      expect(stored(values).values).toEqual(JSON.parse(JSON.stringify(values)));
    }),
  );
});

it('writes what is the same in every value once', () => {
  const call = (id: number) => ({ id, operation: 'GetCallerIdentity', checks: [{ effect: 'Allowed' }] });
  const { json, values } = stored([call(1), call(2), call(3)]);
  expect(values).toEqual([call(1), call(2), call(3)]);
  expect(json.split('GetCallerIdentity')).toHaveLength(2);
  expect(json.split('Allowed')).toHaveLength(2);
});

it('knows the ranges of what it holds', () => {
  const block = new Block('log', 'partition', { sequence: 4, at: 20, value: 'a' });
  block.add({ sequence: 6, at: 10, value: 'b' });
  block.add({ sequence: 9, at: 30, value: 'c' });
  expect(block).toMatchObject({ first: 4, last: 9, earliest: 10, latest: 30 });
});
