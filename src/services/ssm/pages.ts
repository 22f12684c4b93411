import { invalidNextToken } from './errors.ts';

export interface Page<T> {
  readonly items: readonly T[];
  readonly NextToken?: string;
}

const PREFIX = 'ssm:';

/** Cuts a page out of a list that is sorted by `keyOf`. The token holds the last key of the page before. */
export function page<T>(
  all: readonly T[],
  keyOf: (item: T) => string,
  input: { readonly MaxResults?: number | undefined; readonly NextToken?: string | undefined },
  defaultSize: number,
): Page<T> {
  const after = input.NextToken === undefined ? undefined : decode(input.NextToken);
  const rest = after === undefined ? all : all.filter((item) => keyOf(item) > after);
  const items = rest.slice(0, input.MaxResults ?? defaultSize);
  const last = items.at(-1);
  if (last === undefined || items.length === rest.length) return { items };
  return { items, NextToken: Buffer.from(PREFIX + keyOf(last)).toString('base64url') };
}

function decode(token: string): string {
  const text = Buffer.from(token, 'base64url').toString();
  if (!text.startsWith(PREFIX)) throw invalidNextToken();
  return text.slice(PREFIX.length);
}
