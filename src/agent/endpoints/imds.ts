import { randomBytes } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { close } from '../../core/listening.ts';
import type { MetadataOptions } from '../../core/metadata-options.ts';
import type { RuntimeTask } from '../runtimes/runtime.ts';
import { type Answer, send, text } from './answer.ts';

/** The instance role's session as the metadata service hands it out. */
export interface InstanceCredentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken: string;
  /** Epoch milliseconds. */
  readonly issuedAt: number;
  readonly expiresAt: number;
}

export interface InstanceFacts {
  readonly instanceId: string;
  readonly account: string;
  readonly region: string;
  readonly availabilityZone: string;
  readonly instanceType: string;
  readonly imageId: string;
  readonly architecture: string;
  readonly privateIp: string;
  readonly roleName: string;
  readonly instanceProfileArn: string | undefined;
  readonly instanceProfileId: string | undefined;
  /** Epoch milliseconds. */
  readonly launchedAt: number;
  readonly mac: string;
}

const MAX_TTL = 21_600;
const TOKEN_HEADER = 'x-aws-ec2-metadata-token';
const TTL_HEADER = 'x-aws-ec2-metadata-token-ttl-seconds';

/** Sessions of IMDSv2: tokens made by PUT, good for the seconds that were asked for. */
export class MetadataTokens {
  readonly #tokens = new Map<string, number>();

  issue(now: number, seconds: number): string {
    for (const [token, until] of this.#tokens) if (until <= now) this.#tokens.delete(token);
    const token = `${randomBytes(40).toString('base64url')}==`;
    this.#tokens.set(token, now + seconds * 1000);
    return token;
  }

  /** Seconds that are left; undefined for a token that is unknown or over. */
  remaining(now: number, token: string): number | undefined {
    const until = this.#tokens.get(token);
    return until === undefined || until <= now ? undefined : Math.floor((until - now) / 1000);
  }
}

export interface MetadataParts {
  readonly facts: () => InstanceFacts;
  readonly options: MetadataOptions;
  /** Undefined when the role could not be assumed. `version`: of the metadata service that delivers them. */
  readonly credentials: (version: RoleDelivery) => Promise<InstanceCredentials | undefined>;
  readonly now: () => number;
  /** For how long a caller waits at most for an answer that does not reach it. */
  readonly waitMilliseconds?: number;
}

/** Source: IAM condition keys, ec2:RoleDelivery; EC2 API, HttpTokens: asked without a token, credentials are version 1.0. */
export type RoleDelivery = '1.0' | '2.0';

/** Longer than clients wait; without an end they would be kept for ever. */
const WAIT_MILLISECONDS = 60_000;

/**
 * The instance metadata service: version 2, and version 1 where tokens are optional.
 * Source: EC2 User Guide, instancedata-data-retrieval and instancedata-data-categories.
 */
export class InstanceMetadata {
  readonly #parts: MetadataParts;
  readonly #tokens = new MetadataTokens();

  constructor(parts: MetadataParts) {
    this.#parts = parts;
  }

  /** Listens for one task; only its own containers are answered. `hops`: from the service to them. */
  async listenFor(
    runtime: RuntimeTask,
    hops: number,
    port?: number,
  ): Promise<{ url: string; port: number; close: () => Promise<void> }> {
    const server: Server = createServer((request, response) => void this.#serve(runtime, hops, request, response));
    const bound = await runtime.listen(server, 'instance-metadata', port);
    return { ...bound, close: () => close(server) };
  }

  /** Undefined: the answer is lost on its way of so many hops. */
  async answer(
    method: string,
    path: string,
    headers: IncomingMessage['headers'],
    hops: number,
  ): Promise<Answer | undefined> {
    const now = this.#parts.now();
    const { HttpEndpoint, HttpPutResponseHopLimit } = this.#parts.options;
    // Source: EC2 User Guide, instancedata-data-retrieval: 403: "The request is not allowed or the IMDS is turned off."
    if (HttpEndpoint === 'disabled') return status(403, 'Forbidden');
    if (path === '/latest/api/token') {
      if (method !== 'PUT') return status(405, 'Method Not Allowed');
      // The limit is of this answer alone: whoever has a token, or needs none, is answered at any distance.
      return hops > HttpPutResponseHopLimit ? undefined : this.#token(now, headers);
    }
    if (method !== 'GET' && method !== 'HEAD') return status(405, 'Method Not Allowed');
    const session = this.#session(now, headers[TOKEN_HEADER]);
    if (session === undefined) return status(401, 'Unauthorized');
    const body = await this.#read(path, session.version);
    return body === undefined ? status(404, 'Not Found') : text(200, body, session.headers);
  }

  /** Undefined: the request is not let in. */
  #session(
    now: number,
    token: string | readonly string[] | undefined,
  ): { readonly version: RoleDelivery; readonly headers: Readonly<Record<string, string>> } | undefined {
    if (token === undefined)
      return this.#parts.options.HttpTokens === 'optional' ? { version: '1.0', headers: {} } : undefined;
    // A token that is given must be good, also where none is needed. Source: the page above: 401, "an invalid token".
    const remaining = typeof token === 'string' ? this.#tokens.remaining(now, token) : undefined;
    if (remaining === undefined) return undefined;
    return { version: '2.0', headers: { [TTL_HEADER]: String(remaining) } };
  }

  async #serve(runtime: RuntimeTask, hops: number, request: IncomingMessage, response: ServerResponse): Promise<void> {
    const caller = await runtime.caller(request.socket);
    const path = new URL(request.url ?? '/', 'http://instance').pathname;
    const answer =
      caller.belongs === false
        ? status(403, 'Forbidden')
        : await this.answer(request.method ?? 'GET', path, request.headers, hops);
    if (answer === undefined) this.#leave(request);
    else send(response, answer);
  }

  /** The caller hears nothing, and goes when it has waited long enough. */
  #leave({ socket }: IncomingMessage): void {
    const timer = setTimeout(() => socket.destroy(), this.#parts.waitMilliseconds ?? WAIT_MILLISECONDS);
    timer.unref();
    socket.once('close', () => clearTimeout(timer));
  }

  #token(now: number, headers: IncomingMessage['headers']): Answer {
    // A request that came through a proxy gets no token. Source: EC2 User Guide, IMDSv2.
    if (headers['x-forwarded-for'] !== undefined) return status(403, 'Forbidden');
    const seconds = Number(headers[TTL_HEADER] ?? Number.NaN);
    if (!Number.isInteger(seconds) || seconds < 1 || seconds > MAX_TTL) return status(400, 'Bad Request');
    return text(200, this.#tokens.issue(now, seconds), { [TTL_HEADER]: String(seconds) });
  }

  async #read(path: string, version: RoleDelivery): Promise<string | undefined> {
    const facts = this.#parts.facts();
    const leaf = path.replace(/^\/(latest|20\d\d-\d\d-\d\d)\//, '').replace(/\/$/, '');
    if (leaf === path) return path === '/' ? 'latest' : undefined;
    if (leaf === 'meta-data/iam/security-credentials') return facts.roleName;
    if (leaf === `meta-data/iam/security-credentials/${facts.roleName}`) return this.#credentialsDocument(version);
    const values = metadataValues(facts);
    if (values[leaf] !== undefined) return values[leaf];
    return listing(Object.keys(values), leaf);
  }

  async #credentialsDocument(version: RoleDelivery): Promise<string | undefined> {
    const credentials = await this.#parts.credentials(version);
    if (credentials === undefined) return undefined;
    return JSON.stringify(
      {
        Code: 'Success',
        LastUpdated: seconds(credentials.issuedAt),
        Type: 'AWS-HMAC',
        AccessKeyId: credentials.accessKeyId,
        SecretAccessKey: credentials.secretAccessKey,
        Token: credentials.sessionToken,
        Expiration: seconds(credentials.expiresAt),
      },
      undefined,
      2,
    );
  }
}

function metadataValues(facts: InstanceFacts): Record<string, string> {
  const network = `meta-data/network/interfaces/macs/${facts.mac}`;
  return {
    'meta-data/ami-id': facts.imageId,
    'meta-data/hostname': `ip-${facts.privateIp.replaceAll('.', '-')}.${facts.region}.compute.internal`,
    'meta-data/instance-id': facts.instanceId,
    'meta-data/instance-type': facts.instanceType,
    'meta-data/local-ipv4': facts.privateIp,
    'meta-data/mac': facts.mac,
    'meta-data/placement/availability-zone': facts.availabilityZone,
    'meta-data/placement/region': facts.region,
    'meta-data/services/domain': 'amazonaws.com',
    'meta-data/services/partition': 'aws',
    [`${network}/local-ipv4s`]: facts.privateIp,
    [`${network}/mac`]: facts.mac,
    // The listing under `iam/` needs both leaves; the second one is answered before this table is asked.
    'meta-data/iam/info': JSON.stringify(
      {
        Code: 'Success',
        LastUpdated: seconds(facts.launchedAt),
        ...(facts.instanceProfileArn === undefined ? {} : { InstanceProfileArn: facts.instanceProfileArn }),
        ...(facts.instanceProfileId === undefined ? {} : { InstanceProfileId: facts.instanceProfileId }),
      },
      undefined,
      2,
    ),
    [`meta-data/iam/security-credentials/${facts.roleName}`]: '',
    'dynamic/instance-identity/document': JSON.stringify(
      {
        accountId: facts.account,
        architecture: facts.architecture,
        availabilityZone: facts.availabilityZone,
        imageId: facts.imageId,
        instanceId: facts.instanceId,
        instanceType: facts.instanceType,
        pendingTime: seconds(facts.launchedAt),
        privateIp: facts.privateIp,
        region: facts.region,
        version: '2017-09-30',
      },
      undefined,
      2,
    ),
  };
}

/** Names below a folder, one a line, folders with a slash at their end; undefined when there is no such folder. */
function listing(paths: readonly string[], folder: string): string | undefined {
  const prefix = folder === '' ? '' : `${folder}/`;
  const names = new Set<string>();
  for (const path of paths) {
    if (!path.startsWith(prefix)) continue;
    const [name, ...rest] = path.slice(prefix.length).split('/');
    names.add(rest.length > 0 ? `${name}/` : (name as string));
  }
  return names.size === 0 ? undefined : [...names].sort().join('\n');
}

function status(code: number, title: string): Answer {
  // Source: observed: the service answers errors with a small XHTML page.
  const body = `<?xml version="1.0" encoding="iso-8859-1"?>
<!DOCTYPE html PUBLIC "-//W3C//DTD XHTML 1.0 Transitional//EN"
	"http://www.w3.org/TR/xhtml1/DTD/xhtml1-transitional.dtd">
<html xmlns="http://www.w3.org/1999/xhtml" xml:lang="en" lang="en">
 <head>
  <title>${code} - ${title}</title>
 </head>
 <body>
  <h1>${code} - ${title}</h1>
 </body>
</html>
`;
  return { status: code, type: 'text/html', body };
}

function seconds(milliseconds: number): string {
  return `${new Date(milliseconds).toISOString().slice(0, 19)}Z`;
}
