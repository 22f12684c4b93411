import type { ServerResponse } from 'node:http';
import { AwsError, UserError } from './core/errors.ts';
import type { Gateway } from './gateway/gateway.ts';
import type { Principal } from './gateway/principals.ts';
import type { TrailEntry } from './gateway/trail.ts';
import { placeOf, SourceError } from './sources/origin.ts';
import type { LogEntry } from './store/collections.ts';
import type { HttpRequest } from './wire/http.ts';
import { authenticate } from './wire/sigv4/verify.ts';

/** One line of a container's output, as `rolecall run` prints it. */
export interface OutputLine {
  readonly taskArn: string;
  readonly container: string;
  readonly stream: 'stdout' | 'stderr';
  readonly line: string;
}

/** A container instance to be added, as the command line asks for it. */
export interface InstanceRequest {
  readonly cluster: string;
  readonly launchType: 'EC2' | 'EXTERNAL';
  /** Role name. Default: ecsInstanceRole (external: ecsExternalInstanceRole), made when it is missing. */
  readonly role?: string;
  readonly switches?: Readonly<Record<string, boolean>>;
  /** E.g. `m5.large`: how much CPU and memory it has. */
  readonly instanceType?: string;
  readonly attributes?: Readonly<Record<string, string>>;
  readonly availabilityZone?: string;
  /** Of the instance metadata service: `HttpTokens`, `HttpPutResponseHopLimit`, `HttpEndpoint`. */
  readonly metadataOptions?: Readonly<Record<string, unknown>>;
}

/** What the admin endpoints need of the rest of the server. */
export interface AdminPorts {
  readonly gateway: Gateway;
  readonly version: string;
  /** Reset is for servers on loopback whose data lives in memory. */
  readonly resettable: boolean;
  readonly reset: () => Promise<void>;
  readonly addInstance: (request: InstanceRequest) => Promise<{ containerInstanceArn: string; ec2InstanceId: string }>;
  /** Adds stand-ins, as in images.json with absolute directories. Throws UserError. */
  readonly addStandIns: (json: string) => void;
  /** Lines so far, then new ones; ends when `signal` aborts. */
  readonly output: (taskArn: string, follow: boolean, signal: AbortSignal) => AsyncIterable<OutputLine>;
}

type Endpoint = (
  ports: AdminPorts,
  request: HttpRequest,
  query: URLSearchParams,
  response: ServerResponse,
) => Promise<void>;

/** Open to whoever reaches the server; everything else is for the account's root user, signed for the service `rolecall`. */
const open: Readonly<Record<string, Endpoint>> = {
  'GET /_rolecall/health': health,
  'POST /_rolecall/reset': reset,
};

const signed: Readonly<Record<string, Endpoint>> = {
  'GET /_rolecall/trail': trail,
  'GET /_rolecall/output': output,
  'POST /_rolecall/stand-ins': standIns,
  'POST /_rolecall/instances': instances,
};

/** Answers what the command line asks of a running server, below `/_rolecall/`. */
export async function handleAdmin(ports: AdminPorts, request: HttpRequest, response: ServerResponse): Promise<void> {
  const name = `${request.method} ${request.path}`;
  try {
    const endpoint = open[name] ?? signed[name];
    if (endpoint === undefined) return answer(response, 404, { error: `there is no ${name}` });
    // A page in a browser on this machine is not the user: browsers name the page that asks.
    if (request.headers.origin !== undefined) return answer(response, 403, { error: 'not for web pages' });
    if (signed[name] !== undefined) requireRoot(ports.gateway, request);
    await endpoint(ports, request, new URLSearchParams(request.query), response);
  } catch (error) {
    fail(ports, response, error);
  }
}

function requireRoot({ environment }: Gateway, request: HttpRequest): void {
  const { credential } = authenticate(request, {
    now: environment.clock.now(),
    family: 'json',
    service: 'rolecall',
    lookup: (accessKeyId) =>
      environment.identities.credential(environment.store, accessKeyId) as
        | { principal: Principal; secretAccessKey: string }
        | undefined,
  });
  if (credential.principal.type !== 'root') {
    throw new AwsError('AccessDeniedException', "only the account's root user may ask this", { status: 403 });
  }
}

async function health(
  ports: AdminPorts,
  _request: HttpRequest,
  _query: URLSearchParams,
  response: ServerResponse,
): Promise<void> {
  answer(response, 200, { status: 'ok', version: ports.version, region: ports.gateway.region });
}

async function reset(
  ports: AdminPorts,
  _request: HttpRequest,
  _query: URLSearchParams,
  response: ServerResponse,
): Promise<void> {
  if (!ports.resettable)
    return answer(response, 403, {
      error: 'reset is for ephemeral servers on loopback only: start one with --ephemeral',
    });
  await ports.reset();
  answer(response, 200, { status: 'reset' });
}

const WHOLE = /^\d{1,15}$/;

/** Refuses what an endpoint would not look at. @throws UserError */
function requireMembers(query: URLSearchParams, forms: Readonly<Record<string, RegExp>>): void {
  for (const [name, value] of query) {
    const form = Object.hasOwn(forms, name) ? forms[name] : undefined;
    if (form === undefined)
      throw wrongQuery(`there is no query member ${name}; there are ${Object.keys(forms).join(', ')}`);
    if (query.getAll(name).length > 1) throw wrongQuery(`${name} is given twice`);
    if (!form.test(value)) throw wrongQuery(`${name} does not take \`${value}\``);
  }
}

function wrongQuery(what: string): UserError {
  return new UserError(
    'server-refused',
    what,
    'Flags are 1 or left out; numbers are whole; `task` is the ARN of a task.',
  );
}

async function trail(
  ports: AdminPorts,
  _request: HttpRequest,
  query: URLSearchParams,
  response: ServerResponse,
): Promise<void> {
  requireMembers(query, { task: /./, denied: /^1$/, after: WHOLE, last: WHOLE, follow: /^1$/ });
  if (query.has('after') && query.has('last')) throw wrongQuery('`after` and `last` exclude each other');
  const task = query.get('task');
  const denied = query.get('denied') === '1';
  const wanted = ({ value }: LogEntry<TrailEntry>) =>
    (task === null || value.taskArn === task) && (!denied || value.outcome === 'denied');
  const { gateway } = ports;
  response.writeHead(200, { 'content-type': 'application/x-ndjson' });
  const write = (entry: LogEntry<TrailEntry>) => {
    if (wanted(entry)) response.write(`${JSON.stringify(entry)}\n`);
  };
  let sent = Number(query.get('after') ?? 0);
  const last = query.get('last');
  const range = last === null ? { after: sent } : { descending: true, limit: Number(last) };
  const entries = gateway.trail.read(gateway.store, range);
  for (const entry of last === null ? entries : entries.reverse()) {
    write(entry);
    sent = entry.sequence;
  }
  if (query.get('follow') !== '1') {
    response.end();
    return;
  }
  const stop = gateway.trail.follow((entry) => {
    if (entry.sequence > sent) write(entry);
  });
  await closed(response);
  stop();
}

async function output(
  ports: AdminPorts,
  _request: HttpRequest,
  query: URLSearchParams,
  response: ServerResponse,
): Promise<void> {
  requireMembers(query, { task: /./, follow: /^1$/ });
  const task = query.get('task');
  if (task === null) return answer(response, 400, { error: 'name the task: ?task=ARN' });
  const gone = new AbortController();
  response.once('close', () => gone.abort());
  response.writeHead(200, { 'content-type': 'application/x-ndjson' });
  for await (const line of ports.output(task, query.get('follow') === '1', gone.signal)) {
    response.write(`${JSON.stringify(line)}\n`);
  }
  response.end();
}

async function standIns(
  ports: AdminPorts,
  request: HttpRequest,
  _query: URLSearchParams,
  response: ServerResponse,
): Promise<void> {
  ports.addStandIns(request.body.toString('utf8'));
  answer(response, 200, { status: 'ok' });
}

async function instances(
  ports: AdminPorts,
  request: HttpRequest,
  _query: URLSearchParams,
  response: ServerResponse,
): Promise<void> {
  answer(response, 200, await ports.addInstance(readInstance(request.body.toString('utf8'))));
}

function readInstance(json: string): InstanceRequest {
  const help =
    'Send { "cluster": NAME, "role": NAME, "launchType": "EC2" or "EXTERNAL", "instanceType": TYPE, "availabilityZone": ZONE, "attributes": { NAME: VALUE }, "metadataOptions": { NAME: VALUE }, "switches": { NAME: true or false } }.';
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch {
    throw new UserError('instance-request-unreadable', 'the request is not JSON', help);
  }
  const wrong = (what: string) => new UserError('instance-request-invalid', what, help);
  if (!isObject(value)) throw wrong('the request is not an object');
  const {
    cluster,
    role,
    launchType = 'EC2',
    switches,
    instanceType,
    attributes,
    availabilityZone,
    metadataOptions,
    ...rest
  } = value;
  const unknown = Object.keys(rest)[0];
  if (unknown !== undefined) throw wrong(`there is no member ${unknown}`);
  if (typeof cluster !== 'string' || cluster === '') throw wrong('/cluster is not a name');
  if (role !== undefined && typeof role !== 'string') throw wrong('/role is not a name');
  if (launchType !== 'EC2' && launchType !== 'EXTERNAL') throw wrong('/launchType is neither EC2 nor EXTERNAL');
  if (instanceType !== undefined && typeof instanceType !== 'string') throw wrong('/instanceType is not a text');
  if (availabilityZone !== undefined && typeof availabilityZone !== 'string')
    throw wrong('/availabilityZone is not a text');
  if (attributes !== undefined && !isTexts(attributes)) throw wrong('/attributes is not an object of texts');
  if (metadataOptions !== undefined && !isObject(metadataOptions)) throw wrong('/metadataOptions is not an object');
  if (switches !== undefined && !isObject(switches)) throw wrong('/switches is not an object');
  return {
    cluster,
    launchType,
    ...(role === undefined ? {} : { role }),
    ...(switches === undefined ? {} : { switches: switches as Record<string, boolean> }),
    ...(instanceType === undefined ? {} : { instanceType }),
    ...(attributes === undefined ? {} : { attributes }),
    ...(availabilityZone === undefined ? {} : { availabilityZone }),
    ...(metadataOptions === undefined ? {} : { metadataOptions }),
  };
}

function isTexts(value: unknown): value is Record<string, string> {
  return isObject(value) && Object.values(value).every((member) => typeof member === 'string');
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function closed(response: ServerResponse): Promise<void> {
  return new Promise((resolve) => response.once('close', resolve));
}

function fail(ports: AdminPorts, response: ServerResponse, error: unknown): void {
  if (response.headersSent) {
    response.destroy();
    return;
  }
  if (error instanceof AwsError) answer(response, error.status ?? 400, { code: error.code, error: error.message });
  else if (error instanceof UserError) {
    const place = error instanceof SourceError ? `${placeOf(error.origin)}: ` : '';
    answer(response, 400, { code: error.code, error: `${place}${error.message}`, help: error.help });
  } else {
    ports.gateway.environment.logBug('admin', error);
    answer(response, 500, { error: 'this is a bug in Rolecall; its log says more' });
  }
}

function answer(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(`${JSON.stringify(body)}\n`);
}
