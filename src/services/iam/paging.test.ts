import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { byKey, page } from './paging.ts';

const same = (text: string) => text;

describe('page', () => {
  it('cuts at MaxItems, 100 by default', () => {
    const all = Array.from({ length: 150 }, (_, n) => String(n).padStart(3, '0'));
    expect(page(all, same, {}).items).toHaveLength(100);
    expect(page(all, same, { MaxItems: 150 })).toEqual({ items: all, IsTruncated: false });
    expect(page([], same, {})).toEqual({ items: [], IsTruncated: false });
  });

  it('goes on after the last key, though that entry has gone', () => {
    const first = page(['a', 'b', 'c'], same, { MaxItems: 2 });
    expect(page(['a', 'c'], same, { Marker: first.Marker }).items).toEqual(['c']);
    expect(page(['a', 'b', 'bb', 'c'], same, { Marker: first.Marker }).items).toEqual(['bb', 'c']);
  });

  it('refuses a marker that is none of ours', () => {
    for (const Marker of ['', 'x', `${page(['a', 'b'], same, { MaxItems: 1 }).Marker}=`]) {
      expect(() => page(['a'], same, { Marker })).toThrow('Invalid Marker.');
    }
  });

  it('gives every entry once', () => {
    const property = fc.property(
      fc.uniqueArray(fc.string({ maxLength: 4 })),
      fc.integer({ min: 1, max: 5 }),
      (keys, size) => {
        const all = byKey(keys, same);
        const seen: string[] = [];
        let Marker: string | undefined;
        do {
          const one = page(all, same, { MaxItems: size, ...(Marker === undefined ? {} : { Marker }) });
          expect(one.IsTruncated).toBe(one.Marker !== undefined);
          seen.push(...one.items);
          Marker = one.Marker;
        } while (Marker !== undefined);
        expect(seen).toEqual(all);
      },
    );
    fc.assert(property);
  });
});
