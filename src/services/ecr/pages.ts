import { AwsError } from '../../core/errors.ts';

const DEFAULT_PAGE = 100;
const PREFIX = 'ecr ';

/** One page of a list in order of `keyOf`. The token is opaque: it holds the last key. */
export function pageOf<T>(
  all: readonly T[],
  keyOf: (item: T) => string,
  input: { readonly maxResults?: number | undefined; readonly nextToken?: string | undefined },
): { readonly items: readonly T[]; readonly nextToken: { readonly nextToken?: string } } {
  const size = input.maxResults ?? DEFAULT_PAGE;
  const after = input.nextToken === undefined ? undefined : decode(input.nextToken);
  const rest = after === undefined ? all : all.filter((item) => keyOf(item) > after);
  const items = rest.slice(0, size);
  const last = items.at(-1);
  return { items, nextToken: rest.length > size && last !== undefined ? { nextToken: encode(keyOf(last)) } : {} };
}

function encode(key: string): string {
  return Buffer.from(PREFIX + key, 'utf8').toString('base64');
}

function decode(token: string): string {
  const text = Buffer.from(token, 'base64').toString('utf8');
  if (!text.startsWith(PREFIX) || encode(text.slice(PREFIX.length)) !== token) {
    // unverified: the text.
    throw new AwsError('InvalidParameterException', 'Invalid parameter: nextToken');
  }
  return text.slice(PREFIX.length);
}
