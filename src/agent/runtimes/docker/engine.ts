import { Agent, type IncomingMessage, request } from 'node:http';
import type { Readable } from 'node:stream';

/** An error that the Engine answered. `message` is dockerd's own text. */
export class EngineError extends Error {
  readonly status: number;
  constructor(status: number, message: string) {
    super(message);
    this.name = 'EngineError';
    this.status = status;
  }
}

export interface EngineVersion {
  readonly Version: string;
  readonly ApiVersion: string;
  readonly MinAPIVersion?: string;
  readonly Os: string;
  readonly Arch: string;
}

interface StreamOptions {
  readonly body?: unknown;
  /** Sent as it is, e.g. a tar archive. */
  readonly upload?: Buffer | Readable;
  readonly headers?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal;
}

type Query = Readonly<Record<string, string | number | boolean | undefined>>;

/**
 * The version whose shapes are used here; an Engine that has left it behind is asked for its oldest. Nothing is used that
 * later versions (up to 1.52, Engine 29) have dropped.
 */
const API_VERSION = '1.41';
/** The first with IPC that other containers can share (Engine 17.09). Source: Docker Engine API, version history. */
const OLDEST = '1.32';

/** A client of the Docker Engine API over its local socket. Errors of the Engine are thrown as EngineError. */
export class Engine {
  readonly #socketPath: string;
  readonly #agent = new Agent({ keepAlive: true, maxSockets: Number.POSITIVE_INFINITY });
  #prefix = `/v${API_VERSION}`;

  constructor(socketPath: string) {
    this.#socketPath = socketPath;
  }

  /** Asks the Engine for its version and speaks one that it knows from then on. */
  async negotiate(): Promise<EngineVersion> {
    const version = await this.#json<EngineVersion>('GET', '/version', {}, '');
    if (isNewer(version.MinAPIVersion ?? API_VERSION, API_VERSION)) this.#prefix = `/v${version.MinAPIVersion}`;
    else if (isNewer(API_VERSION, version.ApiVersion)) this.#prefix = `/v${version.ApiVersion}`;
    return version;
  }

  get<T>(path: string, query: Query = {}): Promise<T> {
    return this.#json('GET', withQuery(path, query), {});
  }

  post<T>(path: string, query: Query = {}, body?: unknown): Promise<T> {
    return this.#json('POST', withQuery(path, query), body === undefined ? {} : { body });
  }

  async delete(path: string, query: Query = {}): Promise<void> {
    await this.#json('DELETE', withQuery(path, query), {});
  }

  /** Resolves when the answer's headers are there; its body is read by the caller. */
  stream(method: 'GET' | 'POST', path: string, query: Query, options: StreamOptions = {}): Promise<IncomingMessage> {
    return this.#open(method, this.#prefix + withQuery(path, query), options);
  }

  /** Closes connections that nothing uses. */
  close(): void {
    this.#agent.destroy();
  }

  async #json<T>(method: string, path: string, options: StreamOptions, prefix = this.#prefix): Promise<T> {
    const text = await readText(await this.#open(method, prefix + path, options));
    return (text === '' ? undefined : JSON.parse(text)) as T;
  }

  #open(method: string, path: string, { body, upload, headers, signal }: StreamOptions): Promise<IncomingMessage> {
    const payload = body === undefined ? undefined : Buffer.from(JSON.stringify(body));
    return new Promise((resolve, reject) => {
      const outgoing = request({
        socketPath: this.#socketPath,
        agent: this.#agent,
        method,
        path,
        headers: {
          host: 'docker',
          ...(payload === undefined
            ? {}
            : { 'content-type': 'application/json', 'content-length': String(payload.length) }),
          ...(upload === undefined ? {} : { 'content-type': 'application/x-tar' }),
          ...headers,
        },
        ...(signal === undefined ? {} : { signal }),
      });
      outgoing.once('error', reject);
      outgoing.once('response', (answer) => {
        const status = answer.statusCode ?? 0;
        if (status < 400) resolve(answer);
        else readText(answer).then((text) => reject(new EngineError(status, messageOf(text))), reject);
      });
      if (upload === undefined || Buffer.isBuffer(upload)) outgoing.end(upload ?? payload);
      else upload.on('error', (error) => outgoing.destroy(error)).pipe(outgoing);
    });
  }
}

/** Whether the Engine lacks what tasks need. */
export function isTooOld({ ApiVersion }: EngineVersion): boolean {
  return isNewer(OLDEST, ApiVersion);
}

/** True for an answer of the Engine with this status. */
export function isStatus(error: unknown, ...statuses: readonly number[]): boolean {
  return error instanceof EngineError && statuses.includes(error.status);
}

async function readText(answer: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of answer) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString('utf8');
}

function messageOf(text: string): string {
  try {
    return (JSON.parse(text) as { message?: string }).message ?? text;
  } catch {
    return text.trim();
  }
}

function withQuery(path: string, query: Query): string {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) if (value !== undefined) search.set(name, String(value));
  const text = search.toString();
  return text === '' ? path : `${path}?${text}`;
}

function isNewer(left: string, right: string): boolean {
  const [leftMajor = 0, leftMinor = 0] = left.split('.').map(Number);
  const [rightMajor = 0, rightMinor = 0] = right.split('.').map(Number);
  return leftMajor === rightMajor ? leftMinor > rightMinor : leftMajor > rightMajor;
}
