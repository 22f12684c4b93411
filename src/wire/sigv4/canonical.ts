import { hash } from 'node:crypto';

/**
 * The parts of a SigV4 canonical request. Text here is latin1: one character per byte as received, which is what
 * node:http gives, so that the hash is over the client's own bytes.
 * Source: IAM User Guide, "Create a signed AWS API request".
 */

export const EMPTY_SHA256 = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855';

// biome-ignore lint/suspicious/noControlCharactersInRegex: what is not ASCII.
const NOT_ASCII = /[^\u0000-\u007f]/;

/** Hex SHA-256 of latin1 text. */
export function sha256Text(text: string): string {
  return hash('sha256', NOT_ASCII.test(text) ? Buffer.from(text, 'latin1') : text, 'hex');
}

export function sha256Bytes(bytes: Uint8Array): string {
  return bytes.length === 0 ? EMPTY_SHA256 : hash('sha256', bytes, 'hex');
}

/** Percent-encodes every byte but A-Z a-z 0-9 - . _ ~ (and those of `keep`). */
function encodeBytes(bytes: Buffer, keepSlash: boolean): string {
  let out = '';
  for (const byte of bytes) {
    const unreserved =
      (byte >= 0x30 && byte <= 0x39) ||
      (byte >= 0x41 && byte <= 0x5a) ||
      (byte >= 0x61 && byte <= 0x7a) ||
      byte === 0x2d ||
      byte === 0x2e ||
      byte === 0x5f ||
      byte === 0x7e ||
      (keepSlash && byte === 0x2f);
    out += unreserved ? String.fromCharCode(byte) : `%${byte < 16 ? '0' : ''}${byte.toString(16).toUpperCase()}`;
  }
  return out;
}

/** Undoes percent-encoding byte by byte; a percent sign that starts no pair of hex digits stays. */
function decodeBytes(text: string): Buffer {
  return Buffer.from(
    text.replace(/%([0-9a-fA-F]{2})/g, (_, pair: string) => String.fromCharCode(Number.parseInt(pair, 16))),
    'latin1',
  );
}

const CANONICAL_PATH = /^[A-Za-z0-9\-._~/]*$/;

/** S3 signs the path encoded once and as it stands; every other service normalises it and encodes it again. */
export function canonicalPath(path: string, service: string): string {
  if (path === '/' || path === '') return '/';
  if (service === 's3') {
    if (CANONICAL_PATH.test(path)) return path;
    // Segment by segment: an encoded slash inside a key stays encoded.
    return path
      .split('/')
      .map((segment) => encodeBytes(decodeBytes(segment), false))
      .join('/');
  }
  const normal = normalPath(path);
  return CANONICAL_PATH.test(normal) ? normal : encodeBytes(Buffer.from(normal, 'latin1'), true);
}

/** Takes out empty, `.` and `..` segments (RFC 3986, 5.2.4). */
function normalPath(path: string): string {
  const kept: string[] = [];
  for (const segment of path.split('/')) {
    if (segment === '..') kept.pop();
    else if (segment !== '' && segment !== '.') kept.push(segment);
  }
  const last = path.slice(path.lastIndexOf('/') + 1);
  return `/${kept.join('/')}${kept.length > 0 && (last === '' || last === '.' || last === '..') ? '/' : ''}`;
}

const CANONICAL_WORD = /^(?:[A-Za-z0-9\-._~]|%[0-9A-F]{2})*$/;

function canonicalWord(word: string): string {
  if (CANONICAL_WORD.test(word) && !/%(?:2[DE]|3[0-9]|4[1-9A-F]|5[0-9AF]|6[1-9A-F]|7[0-9AE])/.test(word)) return word;
  return encodeBytes(decodeBytes(word.replaceAll('+', ' ')), false);
}

/** Names and values encoded alike and sorted by name, then value. `without` leaves one name out (the signature itself). */
export function canonicalQuery(query: string, without?: string): string {
  if (query === '') return '';
  const pairs: [string, string][] = [];
  for (const part of query.split('&')) {
    if (part === '') continue;
    const equals = part.indexOf('=');
    const name = canonicalWord(equals === -1 ? part : part.slice(0, equals));
    if (name !== without) pairs.push([name, equals === -1 ? '' : canonicalWord(part.slice(equals + 1))]);
  }
  pairs.sort(([a, x], [b, y]) => (a < b ? -1 : a > b ? 1 : x < y ? -1 : x > y ? 1 : 0));
  return pairs.map(([name, value]) => `${name}=${value}`).join('&');
}

/** A header value without space around it and with single spaces inside. */
export function canonicalValue(value: string): string {
  const trimmed = value.trim();
  return trimmed.includes('  ') ? trimmed.replace(/ {2,}/g, ' ') : trimmed;
}

/**
 * Every value of a header, in the order received, joined with commas; undefined when the request has none. A repeated
 * header shows as a comma and a space in `joined`; only then are the raw headers gone through.
 */
export function signedValue(
  rawHeaders: readonly string[],
  joined: string | undefined,
  name: string,
): string | undefined {
  if (joined === undefined) return undefined;
  if (!joined.includes(', ')) return canonicalValue(joined);
  const values: string[] = [];
  for (let i = 0; i + 1 < rawHeaders.length; i += 2) {
    if (rawHeaders[i]!.toLowerCase() === name) values.push(canonicalValue(rawHeaders[i + 1]!));
  }
  return values.join(',');
}
