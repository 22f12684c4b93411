import { readFileSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import type * as Ecs from '../../../wire/generated/types/ecs.ts';
import { RuntimeFailure } from '../runtime.ts';
import type { Dialler } from './dialler.ts';

/** A port of this machine that is to lead into a task. */
export interface WantedPort {
  readonly bindIP: string;
  readonly containerPort: number;
  /** 0: any that is free. */
  readonly hostPort: number;
}

/**
 * The TCP ports that a container's mappings ask for. In awsvpc mode a task has an address of its own, as an ENI gives it:
 * there one of 127.0.0.0/8, so that tasks with the same ports do not meet; otherwise ports are those of 127.0.0.1.
 */
export function wantedPorts(
  container: Ecs.ContainerDefinition,
  networkMode: string,
  address: string,
): readonly WantedPort[] {
  if (networkMode === 'none' || container.disableNetworking === true) return [];
  const awsvpc = networkMode === 'awsvpc';
  const bindIP = awsvpc ? address : '127.0.0.1';
  const wanted = (container.portMappings ?? []).flatMap(({ containerPort, containerPortRange, hostPort, protocol }) => {
    if (protocol === 'udp') return [];
    if (containerPort !== undefined)
      return [{ bindIP, containerPort, hostPort: awsvpc ? containerPort : (hostPort ?? 0) }];
    const [first = 0, last = 0] = (containerPortRange ?? '').split('-').map(Number);
    const count = containerPortRange === undefined ? 0 : last - first + 1;
    return Array.from({ length: count }, (_, index) => ({
      bindIP,
      containerPort: first + index,
      hostPort: awsvpc ? first + index : 0,
    }));
  });
  return awsvpc ? wanted.filter(({ hostPort }) => hostPort >= lowestPort()) : wanted;
}

/** Ports below are root's. */
export function lowestPort(): number {
  if (process.getuid?.() === 0) return 0;
  try {
    return Number(readFileSync('/proc/sys/net/ipv4/ip_unprivileged_port_start', 'utf8'));
  } catch {
    return 1024;
  }
}

/** Ports of this machine, on loopback, that lead to ports inside of a task. */
export class PublishedPorts {
  readonly bindings: readonly Ecs.NetworkBinding[];
  readonly #servers: readonly Server[];
  readonly #open: Set<Socket>;

  private constructor(servers: readonly Server[], bindings: readonly Ecs.NetworkBinding[], open: Set<Socket>) {
    this.#servers = servers;
    this.bindings = bindings;
    this.#open = open;
  }

  /** Throws RuntimeFailure with Docker's text when a port is taken. */
  static async open(wanted: readonly WantedPort[], dialler: Dialler, address: string): Promise<PublishedPorts> {
    const servers: Server[] = [];
    const bindings: Ecs.NetworkBinding[] = [];
    const open = new Set<Socket>();
    try {
      for (const { bindIP, containerPort, hostPort } of wanted) {
        // `allowHalfOpen`: each side ends when it has said all, as if nobody stood between them.
        const server = createServer({ allowHalfOpen: true, pauseOnConnect: true }, (socket) => {
          void connect(socket, dialler, address, containerPort, open);
        });
        const port = await listening(server, bindIP, hostPort);
        servers.push(server);
        bindings.push({ bindIP, containerPort, hostPort: port, protocol: 'tcp' });
      }
    } catch (error) {
      for (const server of servers) server.close();
      throw error;
    }
    return new PublishedPorts(servers, bindings, open);
  }

  close(): void {
    for (const server of this.#servers) server.close();
    for (const socket of this.#open) socket.destroy();
  }
}

async function connect(
  outer: Socket,
  dialler: Dialler,
  address: string,
  port: number,
  open: Set<Socket>,
): Promise<void> {
  open.add(outer);
  outer.once('close', () => open.delete(outer));
  outer.on('error', () => outer.destroy());
  const inner = await dialler.dial(['127.0.0.1', address], port);
  if (inner === undefined || outer.destroyed) {
    inner?.destroy();
    outer.resetAndDestroy();
    return;
  }
  inner.allowHalfOpen = true;
  inner.on('error', () => outer.destroy());
  outer.once('close', () => inner.destroy());
  inner.once('close', () => outer.destroy());
  outer.pipe(inner);
  inner.pipe(outer);
}

function listening(server: Server, host: string, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      // Source: dockerd, as quoted in stopped reasons (observed).
      const why = error.code === 'EADDRINUSE' ? 'port is already allocated' : (error.code ?? error.message);
      reject(
        new RuntimeFailure(
          'start',
          `driver failed programming external connectivity: Bind for ${host}:${port} failed: ${why}`,
        ),
      );
    });
    server.listen({ host, port }, () => {
      server.unref();
      const address = server.address();
      resolve(typeof address === 'object' && address !== null ? address.port : port);
    });
  });
}
