import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { type HttpRequest, type HttpResponse, httpRequest } from '../wire/http.ts';

/** The largest request body, in bytes: the largest object the S3 part takes, and room for the rest. */
const MAX_BODY = 32 * 1024 * 1024;

const NO_BODY = Buffer.alloc(0);

export interface Handler {
  /** Answers an AWS request. `abandoned` gives a signal that aborts when the client goes before it has its answer. */
  aws(request: HttpRequest, abandoned: () => AbortSignal): Promise<HttpResponse>;
  /** Takes over requests below `/_rolecall/`; the answer may be a stream. */
  admin(request: HttpRequest, response: ServerResponse): Promise<void>;
  /** The image registry, which reads its own bodies: layers are never held in memory. */
  readonly registry?: {
    handles(path: string, message: IncomingMessage): boolean;
    handle(message: IncomingMessage, response: ServerResponse): Promise<void>;
  };
}

/**
 * node:http as AWS clients need it: connections stay open longer than SDK pools keep them (the default of 5 s races them),
 * long polls are not cut, headers may be large.
 */
export function createListener(handler: Handler): Server {
  const server = createServer(
    { keepAliveTimeout: 75_000, requestTimeout: 0, maxHeaderSize: 64 * 1024 },
    (message, response) => {
      void answer(handler, message, response);
    },
  );
  return server;
}

/**
 * Answers of one turn of the event loop leave together. Each write may wake a client that sleeps on another core, which
 * costs more than the write itself; the first one wakes it for all.
 */
let outgoing: (() => void)[] = [];

function sendAll(): void {
  const answers = outgoing;
  outgoing = [];
  for (const send of answers) send();
}

async function answer(handler: Handler, message: IncomingMessage, response: ServerResponse): Promise<void> {
  try {
    if (handler.registry?.handles(pathOf(message), message) === true) {
      await handler.registry.handle(message, response);
      return;
    }
    const body = await readBody(message);
    if (body === undefined) {
      response.writeHead(413, { connection: 'close', 'content-type': 'text/plain' });
      response.end(`request bodies are limited to ${MAX_BODY} bytes\n`);
      return;
    }
    const request = httpRequest(
      message.method ?? 'GET',
      message.url ?? '/',
      message.rawHeaders,
      body,
      message.socket.remoteAddress,
    );
    if (request.path.startsWith('/_rolecall/')) {
      await handler.admin(request, response);
      return;
    }
    const answered = await handler.aws(request, () => goneSignal(response));
    const length = typeof answered.body === 'string' ? Buffer.byteLength(answered.body) : answered.body.length;
    // An answer to HEAD states the length of what GET would carry; its operation has set it.
    const headers =
      message.method === 'HEAD' ? answered.headers : { ...answered.headers, 'content-length': String(length) };
    outgoing.push(() => {
      response.writeHead(answered.status, headers);
      response.end(answered.body);
    });
    if (outgoing.length === 1) setImmediate(sendAll);
  } catch {
    // The connection broke while the request was read or the answer written: there is nobody to tell.
    response.destroy();
  }
}

function pathOf(message: IncomingMessage): string {
  const target = message.url ?? '/';
  const mark = target.indexOf('?');
  return mark === -1 ? target : target.slice(0, mark);
}

/** Made only for the few requests that wait: a signal costs more than the rest of a quick answer. */
function goneSignal(response: ServerResponse): AbortSignal {
  const gone = new AbortController();
  response.once('close', () => {
    if (!response.writableFinished) gone.abort();
  });
  return gone.signal;
}

/** The whole body; undefined when it is too large. Rejects when the client goes before it has sent all. */
function readBody(message: IncomingMessage): Promise<Buffer | undefined> {
  return new Promise((resolve, reject) => {
    let first: Buffer | undefined;
    let chunks: Buffer[] | undefined;
    let length = 0;
    message.on('data', (chunk: Buffer) => {
      length += chunk.length;
      if (length > MAX_BODY) {
        message.removeAllListeners('data');
        message.resume();
        resolve(undefined);
      } else if (first === undefined) first = chunk;
      else if (chunks === undefined) chunks = [first, chunk];
      else chunks.push(chunk);
    });
    message.on('end', () => resolve(chunks === undefined ? (first ?? NO_BODY) : Buffer.concat(chunks, length)));
    // An error, or the client has gone: emitted for both.
    message.on('error', reject);
  });
}
