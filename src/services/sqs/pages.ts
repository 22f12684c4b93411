import { invalidParameter, invalidValue } from './errors.ts';

const MOST = 1000;

/**
 * One page of a list that is in order of `keyOf`. Without MaxResults there is one page of at most 1000 and no token.
 * Source: API Reference, ListQueues.
 */
export function pageOf<T>(
  all: Iterable<T>,
  keyOf: (item: T) => string,
  { MaxResults, NextToken }: { readonly MaxResults?: number | undefined; readonly NextToken?: string | undefined },
): { readonly items: T[]; readonly nextToken: string | undefined } {
  if (MaxResults !== undefined && (MaxResults < 1 || MaxResults > MOST)) {
    // unverified: the text.
    throw invalidValue(MaxResults, 'MaxResults', `Must be between 1 and ${MOST}, if provided.`);
  }
  const after = NextToken === undefined ? undefined : decode(NextToken);
  const items: T[] = [];
  let last = '';
  for (const item of all) {
    const key = keyOf(item);
    if (after !== undefined && key <= after) continue;
    if (items.length === (MaxResults ?? MOST)) {
      return { items, nextToken: MaxResults === undefined ? undefined : encode(last) };
    }
    items.push(item);
    last = key;
  }
  return { items, nextToken: undefined };
}

const PREFIX = 'after ';

function encode(key: string): string {
  return Buffer.from(PREFIX + key, 'utf8').toString('base64');
}

function decode(token: string): string {
  const text = Buffer.from(token, 'base64').toString('utf8');
  // unverified: the text.
  if (!text.startsWith(PREFIX) || encode(text.slice(PREFIX.length)) !== token) {
    throw invalidParameter('Invalid or expired next token.');
  }
  return text.slice(PREFIX.length);
}
