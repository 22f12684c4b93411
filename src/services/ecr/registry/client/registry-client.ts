import { Agent, request as httpSend, type IncomingMessage } from 'node:http';
import { Agent as HttpsAgent, request as httpsSend } from 'node:https';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';

/** What a registry answered instead of doing what it was asked. */
export class RegistryRefusal extends Error {
  readonly status: number;
  /** The distribution spec's code, e.g. `DENIED`; empty when the answer had none. */
  readonly code: string;

  constructor(status: number, code: string, message: string) {
    super(message);
    this.name = 'RegistryRefusal';
    this.status = status;
    this.code = code;
  }
}

export interface RegistryClientOptions {
  /** Base URL, e.g. `http://127.0.0.1:4566`. */
  readonly endpoint: string;
  /** Value of the Authorization header. */
  readonly authorization?: string | undefined;
  readonly signal?: AbortSignal | undefined;
}

interface StreamedBody {
  readonly stream: Readable;
  readonly length: number;
}

interface Sent {
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Buffer | StreamedBody;
}

const MOST_REDIRECTS = 5;
/** What is kept of the text of a refusal, in bytes. */
const LONGEST_REFUSAL = 64 * 1024;

/** Talks to one registry. Speaks Basic authentication only. */
export class RegistryClient {
  readonly #endpoint: URL;
  readonly #authorization: string | undefined;
  readonly #signal: AbortSignal | undefined;
  readonly #agents = { 'http:': new Agent({ keepAlive: true }), 'https:': new HttpsAgent({ keepAlive: true }) };

  constructor({ endpoint, authorization, signal }: RegistryClientOptions) {
    this.#endpoint = new URL(endpoint);
    this.#authorization = authorization;
    this.#signal = signal;
  }

  /** Sends a request and gives an answer below 300. @throws RegistryRefusal, or node's error when there is no registry */
  async ask(method: string, target: string, sent: Sent = {}): Promise<IncomingMessage> {
    const answer = await this.tryOut(method, target, sent);
    if ((answer.statusCode ?? 0) < 300) return answer;
    throw await refusalOf(answer);
  }

  /** Sends a request and gives the answer whatever its status. Its body must be read or let through. */
  async tryOut(method: string, target: string, sent: Sent = {}): Promise<IncomingMessage> {
    let url = new URL(target, this.#endpoint);
    for (let redirects = 0; ; redirects++) {
      const answer = await this.#send(method, url, sent);
      const { location } = answer.headers;
      const redirected = [301, 302, 303, 307, 308].includes(answer.statusCode ?? 0) && location !== undefined;
      if (!redirected || (method !== 'GET' && method !== 'HEAD')) return answer;
      answer.resume();
      if (redirects === MOST_REDIRECTS) throw new RegistryRefusal(508, '', `${url.host} redirects without end`);
      url = new URL(location, url);
    }
  }

  close(): void {
    for (const agent of Object.values(this.#agents)) agent.destroy();
  }

  #send(method: string, url: URL, { headers, body }: Sent): Promise<IncomingMessage> {
    if (url.protocol !== 'http:' && url.protocol !== 'https:')
      throw new RegistryRefusal(400, '', `a registry cannot lead to ${url.protocol}`);
    const own = url.origin === this.#endpoint.origin;
    const length = body?.length;
    const options = {
      method,
      agent: this.#agents[url.protocol],
      headers: {
        'user-agent': 'rolecall',
        // A password is shown to its own registry only, wherever that one leads.
        ...(own && this.#authorization !== undefined ? { authorization: this.#authorization } : {}),
        ...(length === undefined
          ? method === 'POST' || method === 'PUT'
            ? { 'content-length': 0 }
            : {}
          : { 'content-length': length }),
        ...headers,
      },
      ...(this.#signal === undefined ? {} : { signal: this.#signal }),
    };
    return new Promise((resolve, reject) => {
      const request = (url.protocol === 'https:' ? httpsSend : httpSend)(url, options);
      let answered = false;
      request.once('response', (answer) => {
        answered = true;
        resolve(answer);
      });
      request.on('error', (error) => {
        if (!answered) reject(error);
      });
      if (body === undefined || !('stream' in body)) request.end(body);
      else pipeline(body.stream, request).catch((error: unknown) => !answered && reject(error));
    });
  }
}

/** The body of an answer, whole. @throws when it is longer than `most` bytes */
export async function readAll(answer: IncomingMessage, most: number): Promise<Buffer> {
  const pieces: Buffer[] = [];
  let length = 0;
  for await (const piece of answer) {
    length += (piece as Buffer).length;
    if (length > most) throw new RegistryRefusal(answer.statusCode ?? 0, '', `an answer has more than ${most} bytes`);
    pieces.push(piece as Buffer);
  }
  return Buffer.concat(pieces, length);
}

async function refusalOf(answer: IncomingMessage): Promise<RegistryRefusal> {
  const status = answer.statusCode ?? 0;
  const text = (await readAll(answer, LONGEST_REFUSAL).catch(() => Buffer.alloc(0))).toString('utf8');
  try {
    const { errors } = JSON.parse(text) as { errors: { code?: unknown; message?: unknown }[] };
    const [first] = errors;
    if (typeof first?.code === 'string') return new RegistryRefusal(status, first.code, String(first.message ?? ''));
  } catch {
    // Not the format of registries.
  }
  if (status === 401 && /^bearer/i.test(answer.headers['www-authenticate'] ?? '')) {
    return new RegistryRefusal(
      status,
      'UNAUTHORIZED',
      'the registry asks for a bearer token; only passwords are served',
    );
  }
  return new RegistryRefusal(status, '', text.trim() === '' ? `HTTP ${status}` : text.trim().slice(0, 1000));
}

/** The Authorization header of a user and password. */
export function basicAuthorization(user: string, password: string): string {
  return `Basic ${Buffer.from(`${user}:${password}`, 'utf8').toString('base64')}`;
}
