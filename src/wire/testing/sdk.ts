import { type HttpRequest, type HttpResponse, httpRequest } from '../http.ts';
import type { ServiceId } from '../model.ts';

/** What the SDK hands to a request handler, and what it wants back. */
interface SdkRequest {
  method: string;
  path: string;
  query?: Record<string, string | string[] | null>;
  headers: Record<string, string>;
  body?: unknown;
}

const PACKAGES: Readonly<Record<ServiceId, () => Promise<Record<string, unknown>>>> = {
  ecs: () => import('@aws-sdk/client-ecs'),
  iam: () => import('@aws-sdk/client-iam'),
  sts: () => import('@aws-sdk/client-sts'),
  ecr: () => import('@aws-sdk/client-ecr'),
  logs: () => import('@aws-sdk/client-cloudwatch-logs'),
  ssm: () => import('@aws-sdk/client-ssm'),
  secretsmanager: () => import('@aws-sdk/client-secrets-manager'),
  kms: () => import('@aws-sdk/client-kms'),
  sqs: () => import('@aws-sdk/client-sqs'),
  cloudtrail: () => import('@aws-sdk/client-cloudtrail'),
  s3: () => import('@aws-sdk/client-s3'),
  dynamodb: () => import('@aws-sdk/client-dynamodb'),
};

export interface SdkClient {
  send(operation: string, input: unknown): Promise<Record<string, unknown>>;
}

/** A real SDK client whose requests go to `serve` instead of a socket. */
export async function sdkClient(
  service: ServiceId,
  credentials: { accessKeyId: string; secretAccessKey: string; sessionToken?: string },
  serve: (request: HttpRequest) => HttpResponse,
  settings: Record<string, unknown> = {},
): Promise<SdkClient> {
  const module = await PACKAGES[service]();
  const className = Object.keys(module).find(
    (name) => /^[A-Z]\w*Client$/.test(name) && !name.startsWith('_'),
  ) as string;
  const { HttpResponse: SdkResponse } = await import('@smithy/core/protocols');
  type Command = new (input: unknown) => object;
  type Client = new (config: object) => { send(command: object): Promise<Record<string, unknown>> };
  const client = new (module[className] as Client)({
    region: 'eu-west-1',
    endpoint: 'http://127.0.0.1:4566',
    credentials,
    maxAttempts: 1,
    requestHandler: {
      async handle(request: SdkRequest) {
        const answer = serve(await plainRequest(request));
        const body = typeof answer.body === 'string' ? Buffer.from(answer.body) : answer.body;
        const { Readable } = await import('node:stream');
        const headers = Object.fromEntries(
          Object.entries(answer.headers).map(([name, value]) => [name.toLowerCase(), value]),
        );
        headers['content-length'] ??= String(body.length);
        return {
          response: new SdkResponse({
            statusCode: answer.status,
            headers,
            body: Readable.from(body.length === 0 ? [] : [body]),
          }),
        };
      },
    },
    ...settings,
  });
  return { send: (operation, input) => client.send(new (module[`${operation}Command`] as Command)(input)) };
}

/** The request as it would come off a socket. */
async function plainRequest(request: SdkRequest): Promise<HttpRequest> {
  const query = Object.entries(request.query ?? {}).flatMap(([name, value]) =>
    (Array.isArray(value) ? value : [value]).map((v) =>
      v === null ? percentEncode(name) : `${percentEncode(name)}=${percentEncode(v)}`,
    ),
  );
  const rawHeaders = Object.entries(request.headers).flatMap(([name, value]) => [
    name,
    Buffer.from(String(value), 'utf8').toString('latin1'),
  ]);
  const target = request.path + (query.length === 0 ? '' : `?${query.join('&')}`);
  return httpRequest(request.method, target, rawHeaders, await bytesOf(request.body));
}

const percentEncode = (text: string): string =>
  encodeURIComponent(text).replace(/[!'()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`);

async function bytesOf(body: unknown): Promise<Buffer> {
  if (body === undefined || body === null) return Buffer.alloc(0);
  if (typeof body === 'string') return Buffer.from(body);
  if (body instanceof Uint8Array) return Buffer.from(body);
  const pieces: Buffer[] = [];
  for await (const piece of body as AsyncIterable<Uint8Array>) pieces.push(Buffer.from(piece));
  return Buffer.concat(pieces);
}
