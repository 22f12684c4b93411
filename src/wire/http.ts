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
}

export interface HttpResponse {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer | string;
}

/** Builds a request from what node:http gives. `target` is the request target: path and query string. */
export function httpRequest(
  method: string,
  target: string,
  rawHeaders: readonly string[],
  body: Buffer,
  remoteAddress?: string,
): HttpRequest {
  const mark = target.indexOf('?');
  const headers: Record<string, string> = Object.create(null);
  for (let i = 0; i + 1 < rawHeaders.length; i += 2) {
    const name = rawHeaders[i]!.toLowerCase();
    const value = rawHeaders[i + 1]!;
    const before = headers[name];
    headers[name] = before === undefined ? value : `${before}, ${value}`;
  }
  return {
    method,
    path: mark === -1 ? target : target.slice(0, mark),
    query: mark === -1 ? '' : target.slice(mark + 1),
    rawHeaders,
    headers,
    body,
    remoteAddress,
  };
}
