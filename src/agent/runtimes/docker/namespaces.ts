import type { Server as HttpServer } from 'node:http';
import type { Server, Socket } from 'node:net';
import type * as Ecs from '../../../wire/generated/types/ecs.ts';
import type { Transparent } from '../../transparent/transparent.ts';
import { AGENT_ADDRESS, bindBeside, METADATA_ADDRESS, wayTo } from '../beside.ts';
import { RuntimeFailure } from '../runtime.ts';
import { listenInside } from '../socket-handover.ts';
import { type Engine, isStatus } from './engine.ts';
import type { ContainerInspection } from './engine-types.ts';
import { LABEL, type ObjectRole } from './labels.ts';
import { type NetworkSettings, networkBindings } from './network-settings.ts';
import { ensureNetwork } from './tasks-network.ts';

const HTTP_PORT = 80;
/** What is not AWS is not reached: a connection fails at once. Names lead nowhere either, but an address might. */
const NO_WAY_OUT = 'route replace unreachable default';
/**
 * Nobody answers there, least of all the machine that this runs on: a connection fails at once.
 * Source: agent, ECS_AWSVPC_BLOCK_IMDS.
 */
const BLOCK_METADATA = `route replace blackhole ${METADATA_ADDRESS}/32`;

export type ListeningPurpose = 'agent' | 'instance-metadata';

/** What the network namespaces of all tasks are made of. */
export interface NamespaceParts {
  readonly engine: Engine;
  readonly pauseImage: string;
  readonly network: string;
  readonly labels: Readonly<Record<string, string>>;
  /** Port at which containers reach the server on their own loopback address. */
  readonly serverPort: () => number;
  /** Takes over a connection that a container made to that port. */
  readonly connect: (socket: Socket) => void;
  /** Containers take this server for AWS. */
  readonly transparent: Transparent | undefined;
}

/** A container that holds a network namespace, and the agent's listeners in there. */
export class Namespace {
  readonly id: string;
  readonly pid: number;
  /** IPv4 address on the tasks' network; empty when the holder has ended. */
  readonly address: string;
  readonly bindings: readonly Ecs.NetworkBinding[];
  readonly #parts: NamespaceParts;
  readonly #served = new Map<ListeningPurpose, HttpServer>();
  #agent: Server | undefined;
  #endpoint: Server | undefined;
  #metadata: Server | undefined;
  #closeTransparent: (() => void) | undefined;
  /** Whether the metadata's address leads anywhere. */
  #reachesMetadata = false;

  constructor(parts: NamespaceParts, inspection: ContainerInspection) {
    this.#parts = parts;
    this.id = inspection.Id;
    this.pid = inspection.State.Pid;
    this.address = inspection.NetworkSettings.Networks?.[parts.network]?.IPAddress ?? '';
    this.bindings = networkBindings(inspection.NetworkSettings.Ports);
  }

  /** Makes a namespace. Throws RuntimeFailure. */
  static async create(
    parts: NamespaceParts,
    options: {
      readonly role: ObjectRole;
      readonly labels?: Readonly<Record<string, string>>;
      readonly settings?: NetworkSettings;
      /** False: a namespace without any network, held for processes and IPC. */
      readonly networked?: boolean;
    },
  ): Promise<Namespace> {
    const { engine, pauseImage, network } = parts;
    const { role, labels, settings, networked = true } = options;
    const config = {
      Image: pauseImage,
      Labels: { ...parts.labels, ...labels, [LABEL.role]: role },
      ...(settings?.hostname === undefined ? {} : { Hostname: settings.hostname }),
      ExposedPorts: settings?.exposedPorts ?? {},
      HostConfig: {
        ...settings?.hostConfig,
        NetworkMode: networked ? network : 'none',
        // The Engine's own name server knows its containers, and asks this one for everything else.
        ...(parts.transparent === undefined || !networked ? {} : { Dns: [parts.transparent.address] }),
        IpcMode: 'shareable',
        LogConfig: { Type: 'none', Config: {} },
        ReadonlyRootfs: true,
        CapDrop: ['ALL'],
        SecurityOpt: ['no-new-privileges'],
      },
    };
    try {
      return await startHolder(parts, config);
    } catch (error) {
      // Another server on this machine may have removed the network, seeing nobody in it.
      if (!isStatus(error, 404) || !(error as Error).message.includes(`network ${network} not found`))
        throw failure(error);
    }
    try {
      await ensureNetwork(engine);
      return await startHolder(parts, config);
    } catch (error) {
      throw failure(error);
    }
  }

  /**
   * Listens at the task's endpoint and at the server's own port, and lets the address of the instance's metadata lead
   * there where a task may ask for it. What listens already stays. Who answers, `serve` says; until then nobody is.
   */
  async open(metadata: boolean): Promise<void> {
    if (this.pid === 0) return;
    if (this.#agent !== undefined && this.#reachesMetadata === metadata) return;
    const way = metadata ? wayTo(METADATA_ADDRESS) : BLOCK_METADATA;
    if (this.#agent !== undefined) await listenInside({ enter: this.#enter, network: [way], listeners: [] });
    else await this.#listen(way);
    this.#reachesMetadata = metadata;
  }

  async #listen(way: string): Promise<void> {
    const { transparent, serverPort, connect } = this.#parts;
    const made = await bindBeside({
      enter: this.#enter,
      listeners: [AGENT_ADDRESS, METADATA_ADDRESS].map((host) => ({ host, port: HTTP_PORT })),
      own: [{ host: '127.0.0.1', port: serverPort() }],
      network: [way, ...(transparent === undefined ? [] : [NO_WAY_OUT])],
      also: transparent,
    });
    [this.#agent, this.#metadata] = made.listeners;
    [this.#endpoint] = made.own;
    this.#closeTransparent = made.close;
    this.#agent?.on('connection', (socket: Socket) => this.#served.has('agent') || socket.destroy());
    this.#metadata?.on('connection', (socket: Socket) => this.#served.has('instance-metadata') || socket.destroy());
    this.#endpoint?.on('connection', (socket: Socket) => {
      if (isFromOutside(socket, [this.address])) socket.destroy();
      else connect(socket);
    });
  }

  /** From now on `server` answers what arrives at the agent's (the metadata's) address. */
  serve(purpose: ListeningPurpose, server: HttpServer): void {
    const listener = purpose === 'agent' ? this.#agent : this.#metadata;
    if (listener === undefined || this.#served.get(purpose) === server) return;
    this.#served.set(purpose, server);
    forward(listener, server);
    // An agent that lets go of its endpoint lets go of the task: a later one must find the addresses free.
    if (purpose === 'agent') server.once('close', () => this.close());
  }

  /** Lets the listeners go: an open one would keep the namespace. */
  close(): void {
    for (const server of [this.#agent, this.#endpoint, this.#metadata]) server?.close();
    this.#closeTransparent?.();
    this.#closeTransparent = undefined;
    this.#agent = undefined;
    this.#endpoint = undefined;
    this.#metadata = undefined;
    this.#served.clear();
  }

  get #enter(): readonly string[] {
    return ['nsenter', `--net=/proc/${this.pid}/ns/net`, '--'];
  }

  async remove(): Promise<void> {
    this.close();
    await removeContainer(this.#parts.engine, this.id);
  }
}

async function startHolder(parts: NamespaceParts, config: object): Promise<Namespace> {
  const { engine } = parts;
  const { Id } = await engine.post<{ Id: string }>('/containers/create', {}, config);
  try {
    await engine.post(`/containers/${Id}/start`);
    return new Namespace(parts, await engine.get<ContainerInspection>(`/containers/${Id}/json`));
  } catch (error) {
    await removeContainer(engine, Id);
    throw error;
  }
}

function failure(error: unknown): RuntimeFailure {
  return new RuntimeFailure('create', error instanceof Error ? error.message : String(error));
}

const prepared = new WeakSet<HttpServer>();

/**
 * Connections of a listener become those of an HTTP server that listens nowhere itself, until that is closed.
 * Node sets a server's time limits up when it listens.
 */
export function forward(listener: Server, server: HttpServer): void {
  if (!server.listening && !prepared.has(server)) {
    prepared.add(server);
    server.emit('listening');
  }
  const take = (socket: Socket) => server.emit('connection', socket);
  listener.on('connection', take);
  server.once('close', () => {
    listener.off('connection', take);
    listener.close();
  });
}

/**
 * A connection to an address of the loopback interface that was not made in its own namespace. Linux takes a packet
 * for any of its addresses from any interface: a neighbour that may set routes can send one. It cannot pretend to come
 * from an address that the namespace has itself, for such packets are dropped on arrival. `own`: its other addresses.
 */
export function isFromOutside(socket: Socket, own: readonly string[]): boolean {
  const { remoteAddress, localAddress } = socket;
  if (remoteAddress === undefined || remoteAddress === '') return true;
  return remoteAddress !== localAddress && !own.includes(remoteAddress);
}

/** Ends and removes a container with its anonymous volumes; one that is gone already is fine. */
export async function removeContainer(engine: Engine, id: string): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    try {
      await engine.delete(`/containers/${id}`, { force: true, v: true });
      return;
    } catch (error) {
      if (isStatus(error, 404)) return;
      // Somebody else is removing it, or the Engine was not quick enough to end it.
      if (!isStatus(error, 409, 500) || attempt === 5) throw error;
      await new Promise((resolve) => setTimeout(resolve, 100 * attempt));
    }
  }
}
