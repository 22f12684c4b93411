import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type IncomingHttpHeaders, request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { close, listen } from '../../../core/listening.ts';
import type { Principal } from '../../../gateway/principals.ts';
import { createTestBench, TEST_ACCOUNT, TEST_REGION, type TestBench } from '../../../gateway/testing.ts';
import { createEcrService } from '../index.ts';
import type { Access } from './access.ts';
import { BlobStore } from './blob-store.ts';
import type { PullsUnderWay } from './pulls-under-way.ts';
import { createRegistry } from './registry.ts';

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

export interface Asked {
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Buffer | string;
  /** Password of `docker login -u AWS`; default: the root user's. `null`: none. */
  readonly token?: string | null;
}

/** A registry on a socket of its own, over a test bench. */
export interface TestRegistry {
  readonly bench: TestBench;
  readonly blobs: BlobStore;
  readonly directory: string;
  readonly endpoint: string;
  readonly rootToken: string;
  ask(method: string, target: string, asked?: Asked): Promise<Answer>;
  /** The password that a principal gets. */
  tokenOf(principal: Principal): Promise<string>;
  stop(): Promise<void>;
}

/** The prefix of the test account's repositories in paths. */
export const HOME = `${TEST_ACCOUNT}/${TEST_REGION}`;

export async function startTestRegistry(
  access?: (bench: TestBench) => Access,
  pulls?: PullsUnderWay,
): Promise<TestRegistry> {
  const directory = mkdtempSync(join(tmpdir(), 'rolecall-registry-'));
  const blobs = new BlobStore({ directory, durable: false });
  const bench = createTestBench([createEcrService(blobs)]);
  const registry = createRegistry({
    gateway: bench.gateway,
    store: bench.store,
    clock: bench.clock,
    blobs,
    ...(access === undefined ? {} : { access: access(bench) }),
    ...(pulls === undefined ? {} : { pulls }),
  });
  const server = createServer((message, response) => {
    if (registry.handles((message.url ?? '/').split('?')[0] as string, message)) {
      void registry.handle(message, response);
      return;
    }
    response.writeHead(404).end('not the registry');
  });
  const port = await listen(server, 0, '127.0.0.1');
  const tokenOf = async (as: Principal) => {
    const { authorizationData } = await bench.call('ecr', 'GetAuthorizationToken', {}, { as });
    const decoded = Buffer.from(authorizationData?.[0]?.authorizationToken ?? '', 'base64').toString('utf8');
    return decoded.slice('AWS:'.length);
  };
  const rootToken = await tokenOf(bench.root);
  return {
    bench,
    blobs,
    directory,
    endpoint: `http://127.0.0.1:${port}`,
    rootToken,
    tokenOf,
    ask: (method, target, { headers, body, token = rootToken } = {}) =>
      new Promise((resolve, reject) => {
        const authorization = token === null ? {} : { authorization: basic('AWS', token) };
        const length = body === undefined ? {} : { 'content-length': Buffer.byteLength(body) };
        const asked = request(
          { host: '127.0.0.1', port, method, path: target, headers: { ...authorization, ...length, ...headers } },
          (answer) => {
            const pieces: Buffer[] = [];
            answer.on('data', (piece: Buffer) => pieces.push(piece));
            answer.on('error', reject);
            answer.on('end', () =>
              resolve({ status: answer.statusCode ?? 0, headers: answer.headers, body: Buffer.concat(pieces) }),
            );
          },
        );
        asked.on('error', reject);
        asked.end(body);
      }),
    stop: async () => {
      await close(server);
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

export function basic(user: string, password: string): string {
  return `Basic ${Buffer.from(`${user}:${password}`, 'utf8').toString('base64')}`;
}

export function digestOf(content: Buffer | string): string {
  return `sha256:${createHash('sha256').update(content).digest('hex')}`;
}

/** Code and message of a refusal in the distribution spec's format. */
export function refusalOf({ body }: Answer): { readonly code: string; readonly message: string } {
  const { errors } = JSON.parse(body.toString('utf8')) as { errors: { code: string; message: string }[] };
  return errors[0] ?? { code: '', message: '' };
}
