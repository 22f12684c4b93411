import { Agent, type ClientRequest, request as httpSend, type IncomingMessage } from 'node:http';
import { request as httpsSend } from 'node:https';
import { createInterface } from 'node:readline';
import { AwsError } from '../core/errors.ts';
import { readAnswer, readFailure } from './client-answers.ts';
import { writeJsonBody } from './json-codec.ts';
import { loadModel, type OperationModel, type ServiceId, type ServiceOperations } from './model.ts';
import { writeQueryInput } from './query-codec.ts';
import { type Credentials, signRequest } from './sigv4/sign.ts';

type Name<S extends ServiceId> = keyof ServiceOperations[S] & string;
type In<S extends ServiceId, O extends Name<S>> = ServiceOperations[S][O] extends { in: infer I } ? I : never;
type Out<S extends ServiceId, O extends Name<S>> = ServiceOperations[S][O] extends { out: infer R } ? R : never;

export interface AwsClientOptions {
  /** Base URL, e.g. `http://127.0.0.1:4566`. */
  readonly endpoint: string;
  readonly region: string;
  readonly credentials: Credentials;
  /** Epoch milliseconds; only tests replace it. */
  readonly now?: () => number;
}

export interface SignedAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

/** A small client for our own calls of the served APIs (json and query protocols) and of the server's own paths. */
export class AwsClient {
  readonly #endpoint: URL;
  readonly #region: string;
  readonly #credentials: Credentials;
  readonly #now: () => number;
  readonly #agent: Agent | undefined;

  constructor({ endpoint, region, credentials, now }: AwsClientOptions) {
    this.#endpoint = new URL(endpoint);
    this.#region = region;
    this.#credentials = credentials;
    this.#now = now ?? Date.now;
    this.#agent = this.#endpoint.protocol === 'https:' ? undefined : new Agent({ keepAlive: true });
  }

  /** Calls an operation. Throws AwsError with the code and message that the service answered. */
  async call<S extends ServiceId, O extends Name<S>>(service: S, operation: O, input: In<S, O>): Promise<Out<S, O>> {
    const model = loadModel(service).operation(operation);
    if (model === undefined) throw new Error(`the model of ${service} has no operation ${operation}`);
    const { headers, body } = encode(model, input as Readonly<Record<string, unknown>>);
    const answer = await this.#collect(await this.#send(service, 'POST', '/', headers, body));
    if (answer.status >= 300) throw readFailure(model.service, answer);
    return readAnswer(model, answer) as Out<S, O>;
  }

  /** Sends a request signed for the server itself (service name `rolecall`) and gives the answer whatever its status. */
  async fetchSigned(method: string, target: string, body: Uint8Array | string = ''): Promise<SignedAnswer> {
    return this.#collect(await this.#send('rolecall', method, target, {}, Buffer.from(body)));
  }

  /** Like fetchSigned, giving newline-delimited JSON values as they come. Ends when the server does, or when aborted. */
  async *streamSigned(
    method: string,
    target: string,
    options: { signal?: AbortSignal; body?: string } = {},
  ): AsyncGenerator<unknown> {
    const response = await this.#send('rolecall', method, target, {}, Buffer.from(options.body ?? ''), options.signal);
    if ((response.statusCode ?? 0) >= 300) {
      const { status, body } = await this.#collect(response);
      throw new AwsError('StreamRefused', body.toString('utf8').slice(0, 1000), { status });
    }
    try {
      for await (const line of createInterface({ input: response, crlfDelay: Number.POSITIVE_INFINITY })) {
        if (line !== '') yield JSON.parse(line);
      }
    } finally {
      response.destroy();
    }
  }

  /** Lets idle connections go. */
  close(): void {
    this.#agent?.destroy();
  }

  #send(
    service: string,
    method: string,
    target: string,
    headers: Readonly<Record<string, string>>,
    body: Buffer,
    signal?: AbortSignal,
  ): Promise<IncomingMessage> {
    const { protocol, host, hostname, port, pathname } = this.#endpoint;
    const path = pathname === '/' ? target : pathname.replace(/\/$/, '') + target;
    const signed = signRequest(
      { method, host, target: path, headers, body },
      this.#credentials,
      { region: this.#region, service },
      this.#now(),
    );
    const send = protocol === 'https:' ? httpsSend : httpSend;
    return new Promise((resolve, reject) => {
      const request: ClientRequest = send({
        method,
        hostname: hostname.replace(/^\[(.*)\]$/, '$1'),
        port,
        path,
        headers: { ...signed, 'content-length': body.length },
        ...(this.#agent === undefined ? {} : { agent: this.#agent }),
        ...(signal === undefined ? {} : { signal }),
      });
      request.once('response', resolve);
      request.once('error', reject);
      request.end(body);
    });
  }

  async #collect(response: IncomingMessage): Promise<SignedAnswer> {
    const pieces: Buffer[] = [];
    for await (const piece of response) pieces.push(piece as Buffer);
    const headers: Record<string, string> = {};
    for (const [name, value] of Object.entries(response.headers))
      headers[name] = Array.isArray(value) ? value.join(', ') : (value ?? '');
    return { status: response.statusCode ?? 0, headers, body: Buffer.concat(pieces) };
  }
}

function encode(
  model: OperationModel,
  input: Readonly<Record<string, unknown>>,
): { headers: Record<string, string>; body: Buffer } {
  const { service } = model;
  switch (service.protocol) {
    case 'json-1.0':
    case 'json-1.1':
      return {
        headers: {
          'content-type': service.protocol === 'json-1.0' ? 'application/x-amz-json-1.0' : 'application/x-amz-json-1.1',
          'x-amz-target': `${service.targets[0]}.${model.name}`,
        },
        body: Buffer.from(writeJsonBody(model.input, input)),
      };
    case 'query': {
      const form = new URLSearchParams([
        ['Action', model.name],
        ['Version', service.version],
        ...writeQueryInput(model.input, input),
      ]);
      return {
        headers: { 'content-type': 'application/x-www-form-urlencoded; charset=utf-8' },
        body: Buffer.from(form.toString()),
      };
    }
    case 'rest-xml':
      throw new Error(`${service.id} is called through its own clients`);
  }
}
