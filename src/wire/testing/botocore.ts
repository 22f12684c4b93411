import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { type HttpRequest, type HttpResponse, httpRequest } from '../http.ts';
import type { ServiceId } from '../model.ts';

/** True when python3 with botocore is on this machine. */
export function hasBotocore(): boolean {
  return spawnSync('python3', ['-c', 'import botocore'], { stdio: 'ignore' }).status === 0;
}

export interface BotocoreAnswer {
  /** The part of the input that botocore's model knows. */
  readonly input?: unknown;
  readonly output?: unknown;
  /** The part of the given output that botocore's model knows. */
  readonly expected?: unknown;
  readonly failure?: {
    readonly code: string;
    readonly message: string;
    readonly class: string;
    readonly status: number;
  };
  /** botocore does not know the operation (its model is older). */
  readonly unknown?: true;
  /** botocore could not make the request or read the answer. */
  readonly broken?: string;
}

/** A real botocore in one process; its requests go to `serve`. */
export class Botocore {
  readonly #process: ChildProcess;
  readonly #lines: AsyncIterator<string>;

  constructor(settings: { endpoint: string; accessKeyId: string; secretAccessKey: string; sessionToken: string }) {
    const script = fileURLToPath(new URL('./botocore_oracle.py', import.meta.url));
    this.#process = spawn('python3', [script], {
      stdio: ['pipe', 'pipe', 'inherit'],
      env: { PATH: process.env.PATH, AWS_EC2_METADATA_DISABLED: 'true', AWS_CONFIG_FILE: '/dev/null' },
    });
    this.#lines = createInterface({ input: this.#process.stdout as NodeJS.ReadableStream })[Symbol.asyncIterator]();
    this.#say(settings);
  }

  async call(
    service: ServiceId,
    operation: string,
    input: unknown,
    output: unknown,
    serve: (request: HttpRequest) => HttpResponse,
  ): Promise<BotocoreAnswer> {
    this.#say({ service, operation, input: tagged(input), output: tagged(output) });
    const first = await this.#hear();
    const request = first.request as
      | { method: string; url: string; headers: [string, string][]; body: string }
      | undefined;
    if (request === undefined) return first;
    const url = /^https?:\/\/([^/?]+)(.*)$/.exec(request.url) as RegExpExecArray;
    const target = (url[2] as string).startsWith('/') ? (url[2] as string) : `/${url[2]}`;
    const raw = request.headers.flat();
    if (!request.headers.some(([name]) => name.toLowerCase() === 'host')) raw.push('Host', url[1] as string);
    const answer = serve(httpRequest(request.method, target, raw, Buffer.from(request.body, 'base64')));
    this.#say({
      status: answer.status,
      headers: answer.headers,
      body: Buffer.from(answer.body as string).toString('base64'),
    });
    const last = await this.#hear();
    return {
      ...last,
      input: untagged(first.input),
      expected: untagged(first.expected),
      ...(last.output === undefined ? {} : { output: untagged(last.output) }),
    } as BotocoreAnswer;
  }

  close(): void {
    this.#process.stdin?.end();
  }

  #say(value: unknown): void {
    this.#process.stdin?.write(`${JSON.stringify(value)}\n`);
  }

  async #hear(): Promise<Record<string, unknown>> {
    const { value, done } = await this.#lines.next();
    if (done === true) throw new Error('botocore ended');
    return JSON.parse(value) as Record<string, unknown>;
  }
}

function tagged(value: unknown): unknown {
  if (value instanceof Date) return { $time: value.getTime() };
  if (value instanceof Uint8Array) return { $bytes: Buffer.from(value).toString('base64') };
  if (Array.isArray(value)) return value.map(tagged);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, element]) => [name, tagged(element)]));
}

function untagged(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(untagged);
  if (typeof value !== 'object' || value === null) return value;
  if ('$time' in value) return value.$time;
  if ('$bytes' in value) return Buffer.from(value.$bytes as string, 'base64');
  return Object.fromEntries(Object.entries(value).map(([name, element]) => [name, untagged(element)]));
}
