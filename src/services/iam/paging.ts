import { validationError } from './errors.ts';

/** A page as IAM's List operations answer it. */
export interface Page<T> {
  readonly items: readonly T[];
  readonly IsTruncated: boolean;
  readonly Marker?: string;
}

export interface PageRequest {
  readonly MaxItems?: number | undefined;
  readonly Marker?: string | undefined;
}

/** Source: IAM API reference, MaxItems: "If you do not include this parameter, the number of items defaults to 100". */
const DEFAULT_MAX_ITEMS = 100;

/**
 * Cuts a list that is ordered by `keyOf`. A marker holds the key of the last item given, so that entries that come and
 * go between two calls neither repeat nor hide others.
 */
export function page<T>(all: readonly T[], keyOf: (item: T) => string, request: PageRequest): Page<T> {
  const after = request.Marker === undefined ? undefined : decodeMarker(request.Marker);
  const from = after === undefined ? 0 : firstAfter(all, keyOf, after);
  const items = all.slice(from, from + (request.MaxItems ?? DEFAULT_MAX_ITEMS));
  const last = items.at(-1);
  if (last === undefined || from + items.length >= all.length) return { items, IsTruncated: false };
  return { items, IsTruncated: true, Marker: encodeMarker(keyOf(last)) };
}

/** The same with the items under the name that the operation gives them. */
export function namedPage<N extends string, T, R>(
  name: N,
  all: readonly T[],
  keyOf: (item: T) => string,
  request: PageRequest,
  show: (item: T) => R,
): { readonly [K in N]: readonly R[] } & { readonly IsTruncated: boolean; readonly Marker?: string } {
  const { items, ...rest } = page(all, keyOf, request);
  return { [name]: items.map(show), ...rest } as never;
}

/** Orders by code units, as keys of the store are. */
export function byKey<T>(items: Iterable<T>, keyOf: (item: T) => string): T[] {
  return [...items].sort((a, b) => {
    const [left, right] = [keyOf(a), keyOf(b)];
    return left < right ? -1 : left > right ? 1 : 0;
  });
}

function firstAfter<T>(all: readonly T[], keyOf: (item: T) => string, key: string): number {
  const index = all.findIndex((item) => keyOf(item) > key);
  return index === -1 ? all.length : index;
}

const PREFIX = 'v1:';

function encodeMarker(key: string): string {
  return Buffer.from(PREFIX + key, 'utf8').toString('base64');
}

function decodeMarker(marker: string): string {
  const text = Buffer.from(marker, 'base64').toString('utf8');
  // unverified: IAM's text for a marker it did not make.
  if (!text.startsWith(PREFIX) || encodeMarker(text.slice(PREFIX.length)) !== marker) {
    throw validationError('Invalid Marker.');
  }
  return text.slice(PREFIX.length);
}
