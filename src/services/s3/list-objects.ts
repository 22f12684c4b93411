import { operation } from '../../gateway/operation.ts';
import { invalidArgument, refuseMembers } from './errors.ts';
import { canonicalId, type ObjectRecord, objects } from './records.ts';
import { bucketCheck, existing, targetBucket } from './target.ts';

const MOST_KEYS = 1000;

export const ListObjectsV2 = operation('s3', 'ListObjectsV2', {
  resolve: targetBucket,
  authorize: ({ input, bucket }) =>
    bucketCheck('ListBucket', bucket, {
      context: {
        ...(input.Prefix === undefined ? {} : { 's3:prefix': input.Prefix }),
        ...(input.Delimiter === undefined ? {} : { 's3:delimiter': input.Delimiter }),
        ...(input.MaxKeys === undefined ? {} : { 's3:max-keys': String(input.MaxKeys) }),
      },
    }),
  handle: (context) => {
    const bucket = existing(context);
    const { input, tx } = context;
    refuseMembers('ListObjectsV2', input, ['RequestPayer', 'OptionalObjectAttributes']);
    const { Prefix = '', Delimiter = '', StartAfter = '', ContinuationToken } = input;
    if (input.MaxKeys !== undefined && input.MaxKeys < 0) {
      throw invalidArgument(
        'Argument maxKeys must be an integer between 0 and 2147483647',
        'maxKeys',
        String(input.MaxKeys),
      );
    }
    const most = Math.min(input.MaxKeys ?? MOST_KEYS, MOST_KEYS);
    const after = ContinuationToken === undefined ? StartAfter : readToken(ContinuationToken);
    const { keys, prefixes, last, more } = page(tx.list(objects, bucket.id), { Prefix, Delimiter, after, most });
    const shown = (text: string): string => (input.EncodingType === 'url' ? urlEncoded(text) : text);
    return {
      Name: bucket.name,
      Prefix: shown(Prefix),
      ...(Delimiter === '' ? {} : { Delimiter: shown(Delimiter) }),
      MaxKeys: most,
      ...(input.EncodingType === undefined ? {} : { EncodingType: input.EncodingType }),
      KeyCount: keys.length + prefixes.length,
      IsTruncated: more,
      ...(ContinuationToken === undefined ? {} : { ContinuationToken }),
      ...(more ? { NextContinuationToken: writeToken(last) } : {}),
      ...(input.StartAfter === undefined ? {} : { StartAfter: shown(StartAfter) }),
      ...(keys.length === 0
        ? {}
        : {
            Contents: keys.map((object) => ({
              Key: shown(object.key),
              LastModified: object.lastModified,
              ETag: object.etag,
              Size: object.size,
              StorageClass: 'STANDARD' as const,
              ...(input.FetchOwner === true ? { Owner: { ID: canonicalId(bucket.account) } } : {}),
            })),
          }),
      ...(prefixes.length === 0 ? {} : { CommonPrefixes: prefixes.map((prefix) => ({ Prefix: shown(prefix) })) }),
    };
  },
});

interface Asked {
  readonly Prefix: string;
  readonly Delimiter: string;
  readonly after: string;
  readonly most: number;
}

interface Page {
  readonly keys: readonly ObjectRecord[];
  readonly prefixes: readonly string[];
  /** The last key or common prefix of the page. */
  readonly last: string;
  readonly more: boolean;
}

/** Keys and common prefixes in order, each counting as one. */
function page(all: readonly ObjectRecord[], { Prefix, Delimiter, after, most }: Asked): Page {
  const keys: ObjectRecord[] = [];
  const prefixes: string[] = [];
  let last = after;
  for (const object of all) {
    const { key } = object;
    if (!key.startsWith(Prefix) || key <= after) continue;
    const end = Delimiter === '' ? -1 : key.indexOf(Delimiter, Prefix.length);
    const common = end === -1 ? undefined : key.slice(0, end + Delimiter.length);
    // A common prefix that the page before ended with is not shown again.
    if (common !== undefined && (common === prefixes.at(-1) || common === after)) continue;
    if (keys.length + prefixes.length === most) return { keys, prefixes, last, more: most > 0 };
    if (common === undefined) keys.push(object);
    else prefixes.push(common);
    last = common ?? key;
  }
  return { keys, prefixes, last, more: false };
}

const TOKEN = 'after ';

function writeToken(last: string): string {
  return Buffer.from(TOKEN + last, 'utf8').toString('base64');
}

function readToken(token: string): string {
  const text = Buffer.from(token, 'base64').toString('utf8');
  if (!text.startsWith(TOKEN) || writeToken(text.slice(TOKEN.length)) !== token) {
    throw invalidArgument('The continuation token provided is incorrect', 'continuation-token', token);
  }
  return text.slice(TOKEN.length);
}

/** As S3 encodes keys in a listing: slashes stay, spaces are `+`. Observed. */
function urlEncoded(text: string): string {
  return encodeURIComponent(text)
    .replace(/%2F/g, '/')
    .replace(/%20/g, '+')
    .replace(/[!'()]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`);
}
