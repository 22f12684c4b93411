import { invalidParameter } from './errors.ts';

export interface PageRequest {
  readonly nextToken?: string | undefined;
  readonly maxResults?: number | undefined;
}

/** ECS's lists answer at most 100 at a time. Source: ECS API, maxResults of the List operations. */
const MOST = 100;

/**
 * The part of a list that a request asks for. `items` must be in the order of `keyOf`; a token is the last key answered.
 * `at` finds where the key stands, so that the page goes on even when that item has gone.
 */
export function page<T>(
  items: readonly T[],
  keyOf: (item: T) => string,
  request: PageRequest,
): { readonly items: readonly T[]; readonly nextToken?: string } {
  const limit = request.maxResults ?? MOST;
  // unverified: text
  if (limit < 1 || limit > MOST) throw invalidParameter(`maxResults should be between 1 and ${MOST}`);
  const after = request.nextToken === undefined || request.nextToken === '' ? undefined : readToken(request.nextToken);
  let start = 0;
  if (after !== undefined) {
    const found = items.findIndex((item) => keyOf(item) === after.key);
    start = found >= 0 ? found + 1 : Math.min(after.index, items.length);
  }
  const taken = items.slice(start, start + limit);
  const last = taken.at(-1);
  if (last === undefined || start + limit >= items.length) return { items: taken };
  return { items: taken, nextToken: writeToken(keyOf(last), start + limit) };
}

interface Position {
  readonly key: string;
  /** Where the next page began when the token was made. */
  readonly index: number;
}

function writeToken(key: string, index: number): string {
  return Buffer.from(JSON.stringify([index, key])).toString('base64');
}

function readToken(token: string): Position {
  try {
    const value: unknown = JSON.parse(Buffer.from(token, 'base64').toString('utf8'));
    if (Array.isArray(value) && typeof value[0] === 'number' && value[0] >= 0 && typeof value[1] === 'string') {
      return { index: value[0], key: value[1] };
    }
  } catch {
    // falls through to the refusal
  }
  // unverified: text
  throw invalidParameter('Invalid token.');
}
