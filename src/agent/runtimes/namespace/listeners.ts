import type { Server, Socket } from 'node:net';
import { RuntimeFailure } from '../runtime.ts';
import { listenInside } from '../socket-handover.ts';
import type { TaskNamespaces } from './namespaces.ts';
import type { Tools } from './tools.ts';

/** A socket to listen on inside of a task. */
export interface Place {
  readonly name: string;
  readonly host: string;
  readonly port: number;
}

export interface NetworkPlan {
  /** IPv4 addresses of the task's loopback interface, besides 127.0.0.1. */
  readonly addresses: readonly string[];
  /** Files below /proc/sys/net and what to write there; both are checked where they come from. */
  readonly settings: ReadonlyMap<string, string>;
  readonly places: readonly Place[];
}

/** How containers reach the server itself. */
export interface ServerAccess {
  /** The base URL that containers are told. */
  endpoint(): string;
  /** Takes a connection that a container opened to that URL. It must answer AWS requests alone, not the admin endpoints. */
  accept(socket: Socket): void;
}

/**
 * Gives the namespace its addresses and settings, and listens in it. Answers the listening sockets by name.
 * Throws RuntimeFailure.
 */
export async function openListeners(
  tools: Tools,
  namespaces: TaskNamespaces,
  { addresses, settings, places }: NetworkPlan,
  server: ServerAccess,
): Promise<Map<string, Server>> {
  // What the kernel shows below /proc/sys/net is that of the reader's network namespace.
  const script = [...settings].map(([file, value]) => `printf %s '${value}' > /proc/sys/net/${file} && `).join('');
  try {
    const servers = await listenInside({
      enter: namespaces.enter(['user', 'net'], [tools.sh, '-c', `${script}exec "$@"`, 'sh']),
      network: ['link set lo up', ...addresses.map((address) => `address replace ${address}/32 dev lo`)],
      listeners: places.map(({ host, port }) => ({ host, port })),
    });
    // A task alone does not keep the agent's process going.
    for (const each of servers) each.unref();
    const listeners = new Map(places.map(({ name }, index) => [name, servers[index] as Server]));
    listeners.get('server')?.on('connection', (socket: Socket) => server.accept(socket));
    return listeners;
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    throw new RuntimeFailure('create', `the network of the task cannot be made: ${message}`);
  }
}
