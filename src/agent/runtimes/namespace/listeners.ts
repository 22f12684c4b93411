import type { Server, Socket } from 'node:net';
import type { Transparent } from '../../transparent/transparent.ts';
import { bindBeside, writing } from '../beside.ts';
import { RuntimeFailure } from '../runtime.ts';
import { listenInside } from '../socket-handover.ts';
import type { TaskNamespaces } from './namespaces.ts';

/** A socket that a task reaches. */
export interface Place {
  readonly name: string;
  readonly host: string;
  readonly port: number;
}

export interface NetworkPlan {
  /** Files below /proc/sys/net and what to write there; both are checked where they come from. */
  readonly settings: ReadonlyMap<string, string>;
  /** What listens in the task's network itself. */
  readonly own: readonly Place[];
  /** What listens beside it. Nothing in both of them: there is loopback alone. */
  readonly beside: readonly Place[];
}

/** How containers reach the server itself. */
export interface ServerAccess {
  /** The base URL that containers are told. */
  endpoint(): string;
  /** Takes a connection that a container opened to that URL. It must answer AWS requests alone, not the admin endpoints. */
  accept(socket: Socket): void;
  /** Containers take the server for AWS. */
  readonly transparent?: Transparent | undefined;
}

/** What is open in a task: listening sockets by the name of their place, and under `aws` all that transparent mode has. */
export type Opened = Map<string, Server | { close(): void }>;

/**
 * Gives the namespace its addresses and settings, and listens in it. A task in which nobody answers has no AWS either.
 * Throws RuntimeFailure.
 */
export async function openListeners(
  namespaces: TaskNamespaces,
  { settings, own, beside }: NetworkPlan,
  server: ServerAccess,
): Promise<Opened> {
  try {
    const enter = namespaces.enter(['user', 'net'], []);
    if (own.length + beside.length === 0) {
      await listenInside({ enter: [...enter, ...writing(settings)], network: ['link set lo up'], listeners: [] });
      return new Map();
    }
    const { transparent } = server;
    const made = await bindBeside({ enter, settings, listeners: beside, own, network: [], also: transparent });
    const servers = [...made.own, ...made.listeners];
    // A task alone does not keep the agent's process going.
    for (const each of servers) each.unref();
    const opened: Opened = new Map([...own, ...beside].map(({ name }, index) => [name, servers[index] as Server]));
    made.own[own.findIndex(({ name }) => name === 'server')]?.on('connection', (socket) => server.accept(socket));
    if (transparent !== undefined) opened.set('aws', { close: made.close });
    return opened;
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    throw new RuntimeFailure('create', `the network of the task cannot be made: ${message}`);
  }
}
