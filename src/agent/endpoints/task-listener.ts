import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { close } from '../../core/listening.ts';
import type { Principal } from '../../gateway/principals.ts';
import type { TaskRecord } from '../../services/ecs/records.ts';
import type { AgentGateway } from '../ports.ts';
import type { ContainerUsage, RuntimeTask } from '../runtimes/runtime.ts';
import { type Answer, json, readBody, send, text } from './answer.ts';
import { answerCredentials, type CredentialsSource, isOwnId } from './credentials.ts';
import { type ContainerFacts, containerDocument, type TagFacts, type TaskFacts, taskDocument } from './metadata.ts';
import { RateLimit, TOO_MANY } from './rate-limit.ts';
import { Statistics } from './statistics.ts';
import { answerTaskProtection } from './task-protection.ts';

/** What the listener shows and guards. */
export interface ListenerParts {
  readonly gateway: AgentGateway;
  readonly runtime: RuntimeTask;
  /** The task as it is now. */
  readonly facts: () => TaskFacts;
  readonly tags: () => TagFacts;
  readonly credentials: CredentialsSource;
  /** The task role's session, for calls that the endpoint makes itself. */
  readonly session: () => Promise<Principal | undefined>;
  /** Undefined while there is nothing to measure. */
  readonly usage: (container: ContainerFacts) => Promise<ContainerUsage | undefined>;
  readonly now: () => number;
}

/** The HTTP endpoint of one task: credentials, metadata v3 and v4, task protection. Nobody else's is to be had there. */
export class TaskListener {
  readonly #parts: ListenerParts;
  readonly #server: Server;
  readonly #limit = new RateLimit();
  readonly #statistics = new Statistics();
  #url = '';
  #port = 0;

  constructor(parts: ListenerParts) {
    this.#parts = parts;
    this.#server = createServer((request, response) => void this.#serve(request, response));
    // Source: agent, tmds: read and write time-outs of 5 s.
    this.#server.requestTimeout = 5000;
    this.#server.headersTimeout = 5000;
  }

  get url(): string {
    return this.#url;
  }

  get port(): number {
    return this.#port;
  }

  /** `port`: the one that containers of an earlier agent know. */
  async open(port?: number): Promise<void> {
    const bound = await this.#parts.runtime.listen(this.#server, 'agent', port);
    this.#url = bound.url;
    this.#port = bound.port;
  }

  async close(): Promise<void> {
    await close(this.#server);
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    try {
      send(response, await this.#answer(request));
    } catch {
      // Source: agent: anything unforeseen.
      send(response, json(500, { code: 'InternalServerError', message: 'Internal server error', HTTPErrorCode: 500 }));
    }
  }

  async #answer(request: IncomingMessage): Promise<Answer> {
    const url = new URL(request.url ?? '/', 'http://task');
    const { pathname } = url;
    const { credentials, runtime } = this.#parts;
    const method = request.method ?? 'GET';
    const caller = () => runtime.caller(request.socket);
    if (pathname === '/v1/credentials' || pathname.startsWith('/v2/credentials/')) {
      const version = pathname.startsWith('/v1') ? 'V1' : 'V2';
      const id = version === 'V1' ? (url.searchParams.get('id') ?? '') : pathname.slice('/v2/credentials/'.length);
      // Unlike the agent's, all ids that are not the task's own count together: guesses have no allowance each.
      const key = isOwnId(id, credentials) ? pathname : '/v2/credentials/';
      if (!this.#limit.allow(key, this.#parts.now())) return text(429, TOO_MANY);
      if (method !== 'GET') return notAllowed();
      const { authorization } = request.headers;
      return answerCredentials({ version, id, authorization, caller }, credentials);
    }
    if (!this.#limit.allow(pathname, this.#parts.now())) return text(429, TOO_MANY);
    const metadata = /^\/(v[34])\/([^/]+)(?:\/(.*))?$/.exec(pathname);
    if (metadata !== null) {
      if (method !== 'GET') return notAllowed();
      const [, version, id = '', rest = ''] = metadata;
      return this.#metadata(version as 'v3' | 'v4', id, rest, (await caller()).belongs !== false);
    }
    const api = /^\/api\/([^/]+)\/(.*)$/.exec(pathname);
    if (api !== null) return this.#api(request, method, api[1] as string, api[2] as string);
    return text(404, '404 page not found\n');
  }

  /** To whoever is not of the task (`own` false) every id is unknown: ids are no secret, `DescribeTasks` shows Fargate's. */
  async #metadata(version: 'v3' | 'v4', id: string, rest: string, own: boolean): Promise<Answer> {
    const facts = this.#parts.facts();
    const container = own ? facts.containers.find((each) => each.endpointId === id) : undefined;
    const handler = version.toUpperCase();
    const ofTask = rest === 'task' || rest === 'taskWithTags' || rest === 'task/stats';
    if (container === undefined) {
      // Source: agent, tmds handlers: the text goes on with the reason.
      const what = ofTask ? 'task' : 'container';
      return json(
        404,
        `${handler} ${what} metadata handler: unable to get ${what} ID from request: unable to get docker ID from v3 endpoint ID: ${id}`,
      );
    }
    switch (rest) {
      case '':
        return json(200, containerDocument(container, facts, version));
      case 'task':
        return json(200, taskDocument(facts, version));
      case 'taskWithTags':
        return json(200, taskDocument(facts, version, this.#parts.tags()));
      case 'stats':
        return json(200, await this.#statistics.read(container, this.#parts.usage));
      case 'task/stats': {
        const all = await Promise.all(
          facts.containers.map(
            async (each) => [each.runtimeId, await this.#statistics.read(each, this.#parts.usage)] as const,
          ),
        );
        return json(200, Object.fromEntries(all));
      }
      default:
        return text(404, '404 page not found\n');
    }
  }

  async #api(request: IncomingMessage, method: string, id: string, rest: string): Promise<Answer> {
    const { gateway, session, runtime } = this.#parts;
    const facts = this.#parts.facts();
    if (rest !== 'task-protection/v1/state') return text(404, '404 page not found\n');
    if (method !== 'GET' && method !== 'PUT') return notAllowed();
    const caller = await runtime.caller(request.socket);
    if (caller.belongs === false || !facts.containers.some((each) => each.endpointId === id)) {
      return json(404, {
        error: { Code: 'ResourceNotFoundException', Message: 'Failed to find a task for the request' },
      });
    }
    const task: TaskRecord = facts.task;
    return answerTaskProtection(method, await readBody(request), { gateway, task, session });
  }
}

function notAllowed(): Answer {
  return text(405, 'Method Not Allowed\n');
}
