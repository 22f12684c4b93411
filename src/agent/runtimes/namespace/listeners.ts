import type { Server } from 'node:net';
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

/**
 * Gives the namespace its addresses and settings, and listens in it. Answers the listening sockets by name.
 * Throws RuntimeFailure.
 */
export async function openListeners(
  tools: Tools,
  namespaces: TaskNamespaces,
  { addresses, settings, places }: NetworkPlan,
): Promise<Map<string, Server>> {
  // What the kernel shows below /proc/sys/net is that of the reader's network namespace.
  const script = [...settings].map(([file, value]) => `printf %s '${value}' > /proc/sys/net/${file} && `).join('');
  try {
    const servers = await listenInside({
      enter: namespaces.enter(['user', 'net'], [tools.sh, '-c', `${script}exec "$@"`, 'sh']),
      network: ['link set lo up', ...addresses.map((address) => `address replace ${address}/32 dev lo`)],
      listeners: places.map(({ host, port }) => ({ host, port })),
    });
    return new Map(places.map(({ name }, index) => [name, servers[index] as Server]));
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    throw new RuntimeFailure('create', `the network of the task cannot be made: ${message}`);
  }
}
