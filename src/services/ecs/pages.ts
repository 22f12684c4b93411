import { invalidParameter } from './errors.ts';

export interface PageRequest {
  readonly nextToken?: string | undefined;
  readonly maxResults?: number | undefined;
}

/** ECS's lists answer at most 100 at a time. Source: ECS API, maxResults of the List operations. */
const MOST = 100;

/**
 * The part of a list that a request asks for, in the order of the items' keys (no two alike). A token is the last key
 * answered: the next page goes on behind it, also when that item has gone. Errors: InvalidParameterException.
 */
export function page<T>(
  items: readonly T[],
  keyOf: (item: T) => string,
  request: PageRequest,
  order: 'ascending' | 'descending' = 'ascending',
): { readonly items: readonly T[]; readonly nextToken?: string } {
  const limit = request.maxResults ?? MOST;
  // unverified: text
  if (limit < 1 || limit > MOST) throw invalidParameter(`maxResults should be between 1 and ${MOST}`);
  const after = request.nextToken === undefined || request.nextToken === '' ? undefined : readToken(request.nextToken);
  const sign = order === 'ascending' ? 1 : -1;
  const compare = (left: string, right: string) => (left === right ? 0 : left < right ? -sign : sign);
  const rest = items
    .map((item) => ({ item, key: keyOf(item) }))
    .filter(({ key }) => after === undefined || compare(key, after) > 0)
    .sort((left, right) => compare(left.key, right.key));
  const taken = rest.slice(0, limit);
  const last = taken.at(-1);
  const found = taken.map(({ item }) => item);
  return last === undefined || rest.length <= limit
    ? { items: found }
    : { items: found, nextToken: writeToken(last.key) };
}

function writeToken(key: string): string {
  return Buffer.from(JSON.stringify([key])).toString('base64');
}

function readToken(token: string): string {
  try {
    const value: unknown = JSON.parse(Buffer.from(token, 'base64').toString('utf8'));
    if (Array.isArray(value) && typeof value[0] === 'string') return value[0];
  } catch {
    // falls through to the refusal
  }
  // unverified: text
  throw invalidParameter('Invalid token.');
}
