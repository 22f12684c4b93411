/** An HTTP request as it came off the socket. Nothing in it is rewritten: signatures are over these bytes. */
export interface HttpRequest {
  readonly method: string;
  /** The path as received, still percent-encoded, without the query string. */
  readonly path: string;
  /** The query string as received, without the question mark; empty when there is none. */
  readonly query: string;
  /** Names and values alternating, in the order and spelling received (node:http's `rawHeaders`). */
  readonly rawHeaders: readonly string[];
  /** Lower-case names; values of a repeated header joined with `, `. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
  readonly remoteAddress?: string | undefined;
  /** It came over TLS. */
  readonly secure?: boolean | undefined;
}

export interface HttpResponse {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer | string;
}

/**
 * Builds a request from what node:http gives. `target` is the request target: path and query string. `headers` where
 * they are read already, with repeated ones joined.
 */
export function httpRequest(
  method: string,
  target: string,
  rawHeaders: readonly string[],
  body: Buffer,
  remoteAddress?: string,
  secure?: boolean,
  headers = joined(rawHeaders),
): HttpRequest {
  const mark = target.indexOf('?');
  return {
    method,
    path: mark === -1 ? target : target.slice(0, mark),
    query: mark === -1 ? '' : target.slice(mark + 1),
    rawHeaders,
    headers,
    body,
    remoteAddress,
    secure,
  };
}

function joined(rawHeaders: readonly string[]): Record<string, string> {
  const headers: Record<string, string> = {};
  for (let i = 0; i + 1 < rawHeaders.length; i += 2) {
    const name = rawHeaders[i]!.toLowerCase();
    const value = rawHeaders[i + 1]!;
    const before = Object.hasOwn(headers, name) ? headers[name] : undefined;
    headers[name] = before === undefined ? value : `${before}, ${value}`;
  }
  return headers;
}
