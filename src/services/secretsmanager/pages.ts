import { invalidNextToken } from './errors.ts';

const PREFIX = 'secretsmanager:';

/** Cuts a page out of a list in any order. The token names the last item of the page before. */
export function page<T>(
  all: readonly T[],
  keyOf: (item: T) => string,
  input: { readonly MaxResults?: number | undefined; readonly NextToken?: string | undefined },
  defaultSize: number,
): { items: readonly T[]; NextToken?: string } {
  let start = 0;
  if (input.NextToken !== undefined) {
    const text = Buffer.from(input.NextToken, 'base64url').toString();
    const last = text.startsWith(PREFIX) ? text.slice(PREFIX.length) : undefined;
    const index = all.findIndex((item) => keyOf(item) === last);
    if (index < 0) throw invalidNextToken();
    start = index + 1;
  }
  const items = all.slice(start, start + (input.MaxResults ?? defaultSize));
  const last = items.at(-1);
  if (last === undefined || start + items.length >= all.length) return { items };
  return { items, NextToken: Buffer.from(PREFIX + keyOf(last)).toString('base64url') };
}
