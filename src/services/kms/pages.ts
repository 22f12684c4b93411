import { invalidMarker } from './errors.ts';

export interface Page<T> {
  readonly items: readonly T[];
  readonly NextMarker?: string;
  readonly Truncated: boolean;
}

/** Cuts a page out of a list that is sorted by `keyOf`. The marker holds the last key of the page before. */
export function page<T>(
  all: readonly T[],
  keyOf: (item: T) => string,
  { Limit, Marker }: { readonly Limit?: number | undefined; readonly Marker?: string | undefined },
  defaultLimit: number,
): Page<T> {
  const after = Marker === undefined ? undefined : decodeMarker(Marker);
  const rest = after === undefined ? all : all.filter((item) => keyOf(item) > after);
  const items = rest.slice(0, Limit ?? defaultLimit);
  const last = items.at(-1);
  if (last === undefined || items.length === rest.length) return { items, Truncated: false };
  return { items, Truncated: true, NextMarker: Buffer.from(`kms:${keyOf(last)}`).toString('base64url') };
}

function decodeMarker(marker: string): string {
  const text = Buffer.from(marker, 'base64url').toString();
  if (!text.startsWith('kms:')) throw invalidMarker(marker);
  return text.slice(4);
}
