import { randomBytes } from 'node:crypto';
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import type { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { handleAdmin } from './admin.ts';
import { Agent } from './agent/agent.ts';
import type { AgentNote } from './agent/ports.ts';
import type { Isolation, RuntimeName } from './agent/runtimes/runtime.ts';
import { parseImagesFile } from './agent/runtimes/stand-in-files.ts';
import type { StandIn } from './agent/runtimes/stand-ins.ts';
import type { Transparent } from './agent/transparent/transparent.ts';
import { createDiagnosis } from './check/refused-call.ts';
import { systemClock } from './core/clock.ts';
import { UserError } from './core/errors.ts';
import { randomIds } from './core/ids.ts';
import { close, listen } from './core/listening.ts';
import { makeDirectory } from './core/make-directory.ts';
import { Gateway } from './gateway/gateway.ts';
import { handleHttp } from './gateway/http.ts';
import { createListener, type Handler } from './gateway/listener.ts';
import { Trail, type TrailEntry } from './gateway/trail.ts';
import { openRuntime, type RuntimeChoice } from './open-runtime.ts';
import { servicesOver } from './services/all.ts';
import { BlobStore, createRegistry, PullsUnderWay } from './services/ecr/index.ts';
import { putStandInImage } from './services/ecr/stand-in.ts';
import { refreshTaskCredentials } from './services/ecs/credentials.ts';
import { createRootAccessKey, ensureAccount } from './services/iam/accounts.ts';
import { createIdentities } from './services/iam/identities.ts';
import type { LogEntry } from './store/collections.ts';
import { Store } from './store/store.ts';
import type { HttpRequest } from './wire/http.ts';

/** Replaced at build time by the package's version. */
declare const ROLECALL_VERSION: string;

export interface ServerOptions {
  readonly host: string;
  /** 0: any free port. */
  readonly port: number;
  /** Data directory; without one everything is gone when the server stops. */
  readonly data?: string;
  readonly region: string;
  readonly account: string;
  readonly standIns: readonly StandIn[];
  /** How containers are run; default: `process`. */
  readonly runtime?: RuntimeChoice;
  /** Containers take the server for AWS: its names and certificates are AWS's in there, and nothing tells them. */
  readonly transparent?: boolean;
  /** How many empty tasks a runtime that isolates holds ready; default: its own. */
  readonly ready?: number;
  /** Keep the tasks' scratch directories of a server without data directory. */
  readonly keep?: boolean;
  /** Called for every record of the trail, and for what the agent has to say. */
  readonly onCall?: (entry: LogEntry<TrailEntry>) => void;
  readonly onNote?: (note: AgentNote) => void;
  /** For errors that are bugs in Rolecall. */
  readonly onBug?: (requestId: string, error: unknown) => void;
}

export interface RunningServer {
  readonly endpoint: string;
  readonly region: string;
  readonly account: string;
  readonly credentials: { readonly accessKeyId: string; readonly secretAccessKey: string };
  /** Where generated keys are kept, readable by the owner only; undefined with the well-known pair. */
  readonly credentialsFile: string | undefined;
  /** A key pair of another account's root user, made now; its last one is then worth nothing. */
  openAccount(account: string): RunningServer['credentials'];
  readonly runtime: RuntimeName;
  readonly isolation: Isolation;
  /** Directory of the tasks' scratch directories. */
  readonly scratch: string;
  stop(): Promise<void>;
}

export const version: string = ROLECALL_VERSION;

/** Addresses from which only this machine reaches the server. */
const LOOPBACK = new Set(['127.0.0.1', '::1', 'localhost']);

/** The key pair that people know from other emulators; never given to a server that others can reach. */
const WELL_KNOWN = { accessKeyId: 'test', secretAccessKey: 'test' } as const;

/**
 * Builds the server and starts it. Everything is wired here and nowhere else.
 * Throws UserError when the data directory or the port cannot be used.
 */
export async function startServer(options: ServerOptions): Promise<RunningServer> {
  const home = options.data ?? mkdtempSync(join(tmpdir(), 'rolecall-'));
  const store = options.data === undefined ? Store.inMemory() : Store.open(options.data);
  const stopped: (() => Promise<void> | void)[] = [
    () => {
      if (options.data === undefined && options.keep !== true) rmSync(home, { recursive: true, force: true });
    },
    () => store.close(),
  ];
  try {
    return await build(options, home, store, stopped);
  } catch (error) {
    for (const undo of stopped.reverse()) await undo();
    throw error;
  }
}

async function build(
  options: ServerOptions,
  home: string,
  store: Store,
  stopped: (() => Promise<void> | void)[],
): Promise<RunningServer> {
  const loopback = LOOPBACK.has(options.host);
  let port = options.port;
  const endpoint = () => `http://${options.host.includes(':') ? `[${options.host}]` : options.host}:${port}`;
  // Containers reach the server on loopback whatever else it listens on.
  const inside = () => (loopback ? endpoint() : `http://127.0.0.1:${port}`);
  const logBug =
    options.onBug ??
    ((requestId, error) =>
      process.stderr.write(`bug in request ${requestId}: ${error instanceof Error ? error.stack : error}\n`));
  const trail = new Trail();
  const blobs = new BlobStore({ directory: join(home, 'registry'), durable: options.data !== undefined });
  const pulls = new PullsUnderWay();
  const identities = createIdentities();
  const gateway = new Gateway({
    store,
    clock: systemClock,
    ids: randomIds,
    services: servicesOver(trail, blobs),
    identities,
    region: options.region,
    endpoint: inside,
    trail,
    logBug,
    diagnose: createDiagnosis(store, identities),
  });
  if (options.onCall !== undefined) trail.follow(options.onCall);

  const { credentials, credentialsFile } = rootKeys(home, loopback);
  const bootstrap = () =>
    store.transact((tx) => {
      ensureAccount(tx, options.account, systemClock.now());
      createRootAccessKey(tx, options.account, credentials, systemClock.now());
    });
  bootstrap();

  const standIns: StandIn[] = [...options.standIns];
  const aws = (request: HttpRequest, abandoned: () => AbortSignal) => handleHttp(gateway, request, abandoned);
  const registry = createRegistry({ gateway, store, clock: systemClock, blobs, pulls });
  // What containers reach in a network of their own: the AWS APIs, and not what the command line asks of a server.
  const forTasks: Handler = {
    aws: (request, abandoned) => handleHttp(gateway, request, abandoned, 'task'),
    admin: async (_request, response) => void response.writeHead(404).end(),
    // Under the names of AWS there is a registry, too.
    ...(options.transparent === true ? { registry } : {}),
  };
  const inner = createListener(forTasks);
  // It listens nowhere itself, and keeps track of its connections from here on.
  inner.emit('listening');
  let accepting = true;
  const accept = (socket: Socket) => {
    if (accepting) inner.emit('connection', socket);
    else socket.destroy();
  };
  const transparent = options.transparent === true ? () => openTransparent(options, home, accept) : undefined;
  const {
    runtime,
    listening,
    close: closeRuntime,
  } = await openRuntime(options.runtime ?? 'process', {
    store,
    standIns,
    home,
    durable: options.data !== undefined,
    transparent,
    ready: options.ready,
    endpoint: inside,
    accept,
  });
  stopped.push(closeRuntime, () => {
    // Containers that run on ask whoever comes after.
    accepting = false;
    return close(inner);
  });
  const scratch = join(home, 'tasks');
  const note = options.onNote ?? (() => {});
  const newAgent = () =>
    new Agent({
      gateway,
      store,
      clock: systemClock,
      ids: randomIds,
      runtime,
      account: options.account,
      region: options.region,
      directory: scratch,
      endpoint: () => (transparent === undefined ? inside() : undefined),
      refreshCredentials: (task, credentialsId) =>
        gateway.work((context) => refreshTaskCredentials(context, task, credentialsId)),
      standInImage: ({ registryId, region, repository, tag, digest }) =>
        store.transact((tx) =>
          putStandInImage(
            tx,
            {
              account: registryId,
              region,
              repository,
              ...(tag === undefined ? {} : { tag }),
              ...(digest === undefined ? {} : { digest }),
            },
            systemClock.now(),
          ),
        ),
      beginPull: (pull) => pulls.begin(pull),
      note,
      attempt: ({ taskArn, why }) => {
        gateway.recordRefusedCredentials(taskArn, why);
        note({ level: 'warning', message: `refused at the credentials endpoint: ${why}`, taskArn });
      },
    });
  let agent = newAgent();

  const listener = createListener(
    {
      aws,
      registry,
      admin: (request, response) =>
        handleAdmin(
          {
            gateway,
            version,
            resettable: loopback && options.data === undefined,
            reset: async () => {
              await agent.stop({ tasks: 'end' });
              store.reset();
              bootstrap();
              agent = newAgent();
              await agent.start();
            },
            addInstance: (instance) => agent.addContainerInstance(instance),
            addStandIns: (json) => {
              standIns.push(...parseImagesFile('the stand-ins sent', json));
            },
            output: (taskArn, follow, signal) => agent.output(taskArn, follow, signal),
          },
          request,
          response,
        ),
    },
    // A task in host mode reaches the server as this machine's programs do.
    (socket) => (runtime.isTask?.(socket) === true ? forTasks : undefined),
  );
  try {
    port = await listen(listener, options.port, options.host);
  } catch (error) {
    throw portError(options, error);
  }
  stopped.push(() => close(listener));
  await agent.start();
  await listening();
  stopped.push(async () => {
    gateway.stop();
    // Tasks of a server with data run on and are found again; without data nobody would.
    await agent.stop({ tasks: options.data === undefined ? 'end' : 'keep' });
  });
  let ended: Promise<void> | undefined;
  return {
    endpoint: endpoint(),
    region: options.region,
    account: options.account,
    credentials,
    credentialsFile,
    openAccount: (account) => {
      // One id for each account, so that keys do not pile up in a data directory.
      const key = { accessKeyId: `AKIA${account}LOAD`, secretAccessKey: randomBytes(30).toString('base64') };
      store.transact((tx) => {
        ensureAccount(tx, account, systemClock.now());
        createRootAccessKey(tx, account, key, systemClock.now());
      });
      return key;
    },
    runtime: runtime.name,
    isolation: runtime.isolation,
    scratch,
    stop: () => {
      ended ??= (async () => {
        for (const undo of stopped.reverse()) await undo();
      })();
      return ended;
    },
  };
}

/** Loaded only where it is asked for. */
async function openTransparent(
  { region, data }: ServerOptions,
  home: string,
  accept: (socket: Socket) => void,
): Promise<Transparent> {
  const { Transparent } = await import('./agent/transparent/transparent.ts');
  return Transparent.open({ home, durable: data !== undefined, region, accept, now: () => systemClock.now() });
}

/** The root user's key pair: the well-known one on loopback, else one made for this server and kept in a file of the owner's. */
function rootKeys(home: string, loopback: boolean): Pick<RunningServer, 'credentials' | 'credentialsFile'> {
  if (loopback) return { credentials: WELL_KNOWN, credentialsFile: undefined };
  const file = join(home, 'credentials.json');
  if (existsSync(file)) {
    chmodSync(file, 0o600);
    return {
      credentials: JSON.parse(readFileSync(file, 'utf8')) as RunningServer['credentials'],
      credentialsFile: file,
    };
  }
  const credentials = { accessKeyId: randomIds.iam('AKIA'), secretAccessKey: randomBytes(30).toString('base64') };
  makeDirectory(home, 0o700);
  writeFileSync(file, `${JSON.stringify(credentials, undefined, 2)}\n`, { mode: 0o600 });
  return { credentials, credentialsFile: file };
}

function portError({ host, port }: ServerOptions, error: unknown): unknown {
  const code = (error as NodeJS.ErrnoException).code;
  if (code === 'EADDRINUSE') {
    return new UserError(
      'port-in-use',
      `port ${port} on ${host} is taken`,
      'Stop what listens there, or choose another with --port (0 takes any free one).',
    );
  }
  if (code === 'EACCES')
    return new UserError(
      'port-refused',
      `this user may not listen on port ${port}`,
      'Choose a port above 1023 with --port.',
    );
  if (code === 'EADDRNOTAVAIL' || code === 'ENOTFOUND') {
    return new UserError(
      'host-unknown',
      `${host} is no address of this machine`,
      'Use 127.0.0.1, or an address that `ip address` lists.',
    );
  }
  return error;
}
