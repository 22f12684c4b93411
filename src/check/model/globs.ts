import { globOf } from '../../policy/glob.ts';

const WILDCARD = /[*?]/;

/** Whether two patterns with `*` and `?` have a text in common. */
export function globsMeet(one: string, other: string): boolean {
  if (one === other) return true;
  if (!WILDCARD.test(other)) return WILDCARD.test(one) && globOf(one).matches(other);
  if (!WILDCARD.test(one)) return globOf(other).matches(one);
  return bothMeet(one, other);
}

/** Walks through both at once: `reached[place]` says that `other` can be read up to there while `one` is read up to `at`. */
function bothMeet(one: string, other: string): boolean {
  let reached = skipStars(new Uint8Array(other.length + 1).fill(0), other, 0);
  for (let at = 0; at < one.length; at++) {
    const sign = one[at]!;
    const next = new Uint8Array(other.length + 1);
    if (sign === '*') {
      // Any run of what `other` allows from the first place on.
      next.fill(1, reached.indexOf(1));
    } else {
      for (let place = 0; place < other.length; place++) {
        if (reached[place] === 0) continue;
        const wanted = other[place]!;
        if (wanted === '*') next[place] = 1;
        else if (sign === '?' || wanted === '?' || wanted === sign) next[place + 1] = 1;
      }
    }
    const first = next.indexOf(1);
    if (first === -1) return false;
    reached = skipStars(next, other, undefined);
  }
  return reached[other.length] === 1;
}

/** A `*` may also stand for nothing. */
function skipStars(reached: Uint8Array, pattern: string, from: number | undefined): Uint8Array {
  if (from !== undefined) reached[from] = 1;
  for (let place = 0; place < pattern.length; place++)
    if (reached[place] === 1 && pattern[place] === '*') reached[place + 1] = 1;
  return reached;
}
