import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { type HttpRequest, type HttpResponse, httpRequest } from '../wire/http.ts';
import type { Later } from './http.ts';

/** The largest request body, in bytes: the largest object the S3 part takes, and room for the rest. */
const MAX_BODY = 32 * 1024 * 1024;

const NO_BODY = Buffer.alloc(0);

export interface Handler {
  /** Answers an AWS request. `abandoned` gives a signal that aborts when the client goes before it has its answer. */
  aws(request: HttpRequest, abandoned: () => AbortSignal): HttpResponse | Later;
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
 * long polls are not cut, headers may be large. `other`: who answers a connection in the handler's place.
 */
export function createListener(handler: Handler, other?: (socket: Socket) => Handler | undefined): Server {
  return createServer(
    { keepAliveTimeout: 75_000, requestTimeout: 0, maxHeaderSize: 64 * 1024, joinDuplicateHeaders: true },
    (message, response) => {
      const chosen = other?.(message.socket) ?? handler;
      if (chosen.registry?.handles(pathOf(message), message) === true)
        chosen.registry.handle(message, response).catch(() => response.destroy());
      else readBody(message, response, (body) => answer(chosen, message, response, body));
    },
  );
}

/**
 * Answers of one turn of the event loop leave together. Each write may wake a client that sleeps on another core, which
 * costs more than the write itself; the first one wakes it for all.
 */
let outgoing: Outgoing[] = [];

interface Outgoing {
  readonly message: IncomingMessage;
  readonly response: ServerResponse;
  readonly answer: HttpResponse;
}

function sendAll(): void {
  const answers = outgoing;
  outgoing = [];
  for (const each of answers) write(each);
  process.nextTick(endAll, answers);
}

function endAll(answers: readonly Outgoing[]): void {
  for (const { response } of answers) response.end();
}

function answer(handler: Handler, message: IncomingMessage, response: ServerResponse, body: Buffer): void {
  const request = httpRequest(
    message.method ?? 'GET',
    message.url ?? '/',
    message.rawHeaders,
    body,
    message.socket.remoteAddress,
    'encrypted' in message.socket,
    message.headers as Record<string, string>,
  );
  if (request.path.startsWith('/_rolecall/')) {
    // A connection that breaks while the answer is made or written: there is nobody to tell.
    handler.admin(request, response).catch(() => response.destroy());
    return;
  }
  const answered = handler.aws(request, () => goneSignal(response));
  // Answers that waited for the disk come together: nothing is gained by another turn of the event loop.
  if ('whenReady' in answered) answered.whenReady((settled) => send(message, response, settled, process.nextTick));
  else send(message, response, answered, setImmediate);
}

function send(
  message: IncomingMessage,
  response: ServerResponse,
  answer: HttpResponse,
  later: (work: () => void) => void,
): void {
  outgoing.push({ message, response, answer });
  if (outgoing.length === 1) later(sendAll);
}

function write({ message, response, answer }: Outgoing): void {
  const length = typeof answer.body === 'string' ? Buffer.byteLength(answer.body) : answer.body.length;
  // An answer to HEAD states the length of what GET would carry; its operation has set it.
  const headers = message.method === 'HEAD' ? answer.headers : { ...answer.headers, 'content-length': length };
  try {
    response.writeHead(answer.status, headers);
    if (length > 0) response.write(answer.body);
  } catch {
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

/** Calls back with the whole body. Answers itself when the body is too large, and ends what a client leaves unfinished. */
function readBody(message: IncomingMessage, response: ServerResponse, whole: (body: Buffer) => void): void {
  let first: Buffer | undefined;
  let chunks: Buffer[] | undefined;
  let length = 0;
  message.on('data', (chunk: Buffer) => {
    length += chunk.length;
    if (length > MAX_BODY) {
      message.removeAllListeners('data').removeAllListeners('end');
      message.resume();
      response.writeHead(413, { connection: 'close', 'content-type': 'text/plain' });
      response.end(`request bodies are limited to ${MAX_BODY} bytes\n`);
    } else if (first === undefined) first = chunk;
    else if (chunks === undefined) chunks = [first, chunk];
    else chunks.push(chunk);
  });
  message.on('end', () => whole(chunks === undefined ? (first ?? NO_BODY) : Buffer.concat(chunks, length)));
  // An error, or the client has gone: emitted for both.
  message.on('error', () => response.destroy());
}
