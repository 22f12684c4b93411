import type { Server as HttpServer } from 'node:http';
import type { Server, Socket } from 'node:net';
import type * as Ecs from '../../../wire/generated/types/ecs.ts';
import { RuntimeFailure } from '../runtime.ts';
import { listenInside } from '../socket-handover.ts';
import { type Engine, isStatus } from './engine.ts';
import type { ContainerInspection } from './engine-types.ts';
import { LABEL, type ObjectRole } from './labels.ts';
import { type NetworkSettings, networkBindings } from './network-settings.ts';
import { ensureNetwork } from './tasks-network.ts';

/** Source: ECS, the task endpoint; EC2, the instance metadata service. */
export const AGENT_ADDRESS = '169.254.170.2';
export const METADATA_ADDRESS = '169.254.169.254';
const HTTP_PORT = 80;
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
   * Listens at the task's endpoint and at the server's own port, and at that of the instance's metadata where a task
   * may ask for it. What is there already stays. Who answers, `serve` says.
   */
  async open(metadata: boolean): Promise<void> {
    if (this.pid === 0) return;
    if (this.#agent !== undefined && !metadata) return this.#metadata === undefined ? undefined : this.#block();
    const wantsAgent = this.#agent === undefined;
    const wantsMetadata = metadata && this.#metadata === undefined;
    if (!wantsAgent && !wantsMetadata) return;
    const servers = await listenInside({
      enter: this.#enter,
      network: [
        ...(wantsAgent ? [`address replace ${AGENT_ADDRESS}/32 dev lo`] : []),
        ...(wantsMetadata ? [`address replace ${METADATA_ADDRESS}/32 dev lo`] : [BLOCK_METADATA]),
      ],
      listeners: [
        ...(wantsAgent
          ? [
              { host: AGENT_ADDRESS, port: HTTP_PORT },
              { host: '127.0.0.1', port: this.#parts.serverPort() },
            ]
          : []),
        ...(wantsMetadata ? [{ host: METADATA_ADDRESS, port: HTTP_PORT }] : []),
      ],
    });
    if (wantsMetadata) this.#metadata = servers.pop();
    if (!wantsAgent) return;
    [this.#agent, this.#endpoint] = servers;
    this.#endpoint?.on('connection', (socket: Socket) => {
      if (isFromOutside(socket, [this.address])) socket.destroy();
      else this.#parts.connect(socket);
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
    this.#agent = undefined;
    this.#endpoint = undefined;
    this.#metadata = undefined;
    this.#served.clear();
  }

  get #enter(): readonly string[] {
    return ['nsenter', `--net=/proc/${this.pid}/ns/net`, '--'];
  }

  /** The task may not ask for the instance's metadata after all. */
  async #block(): Promise<void> {
    this.#metadata?.close();
    this.#metadata = undefined;
    await listenInside({
      enter: this.#enter,
      network: [`address delete ${METADATA_ADDRESS}/32 dev lo`, BLOCK_METADATA],
      listeners: [],
    });
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
