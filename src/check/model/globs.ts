/** Whether two patterns with `*` and `?` have a text in common. */
export function globsMeet(one: string, other: string): boolean {
  // Rows: places in `one`; a row holds the places in `other` that can be reached together with it.
  let row = closure(new Set([0]), other);
  let reached = row;
  for (let at = 0; at <= one.length; at++) {
    if (at === one.length) return row.has(other.length);
    const sign = one[at]!;
    const next = new Set<number>();
    if (sign === '*') {
      // Any run of what `other` allows from here.
      reached = new Set();
      const from = Math.min(...row);
      for (let place = from; place <= other.length; place++) if (row.has(place) || place > from) reached.add(place);
      row = closure(reached, other);
      continue;
    }
    for (const place of row) {
      const wanted = other[place];
      if (wanted === undefined) continue;
      if (wanted === '*') next.add(place);
      else if (sign === '?' || wanted === '?' || wanted === sign) next.add(place + 1);
    }
    if (next.size === 0) return false;
    row = closure(next, other);
  }
  return false;
}

/** A `*` may also stand for nothing. */
function closure(places: Set<number>, pattern: string): Set<number> {
  for (const place of places) if (pattern[place] === '*') places.add(place + 1);
  return places;
}
