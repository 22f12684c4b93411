import { invalidToken } from './errors.ts';

const PREFIX = 'logs:';

/** Cuts a page out of a list in any order. The token names the last item of the page before. */
export function page<T>(
  all: readonly T[],
  keyOf: (item: T) => string,
  input: { readonly limit?: number | undefined; readonly nextToken?: string | undefined },
  defaultLimit: number,
): { items: readonly T[]; nextToken?: string } {
  let start = 0;
  if (input.nextToken !== undefined) {
    const text = Buffer.from(input.nextToken, 'base64url').toString();
    const last = text.startsWith(PREFIX) ? text.slice(PREFIX.length) : undefined;
    const index = all.findIndex((item) => keyOf(item) === last);
    if (index < 0) throw invalidToken();
    start = index + 1;
  }
  const items = all.slice(start, start + (input.limit ?? defaultLimit));
  const last = items.at(-1);
  if (last === undefined || start + items.length >= all.length) return { items };
  return { items, nextToken: Buffer.from(PREFIX + keyOf(last)).toString('base64url') };
}
