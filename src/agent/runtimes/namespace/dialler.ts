import { type ChildProcess, spawn } from 'node:child_process';
import type { Socket } from 'node:net';
import { TOOL_ENVIRONMENT } from '../tool-environment.ts';
import type { TaskNamespaces } from './namespaces.ts';

/**
 * Runs inside of a task's network, dials what it is told to, and hands the connected sockets over. It reads nothing of
 * them: a server may speak first. It ends with the agent.
 */
const DIALLER = `
const net = require('node:net');
process.on('disconnect', () => process.exit(0));
process.on('message', ({ id, hosts, port }) => {
  const dial = ([host, ...others]) => {
    const socket = net.connect({ host, port });
    socket.pause();
    socket.once('error', () => (others.length > 0 ? dial(others) : process.send({ id })));
    socket.once('connect', () => { socket.removeAllListeners('error'); process.send({ id }, socket); });
  };
  dial(hosts);
});
`;

/** Connects from outside to what listens inside of a task. Started when it is first needed. */
export class Dialler {
  readonly #namespaces: TaskNamespaces;
  readonly #waiting = new Map<number, (socket: Socket | undefined) => void>();
  #child: ChildProcess | undefined;
  #next = 0;

  constructor(namespaces: TaskNamespaces) {
    this.#namespaces = namespaces;
  }

  /** Undefined when nobody listens there. */
  dial(hosts: readonly string[], port: number): Promise<Socket | undefined> {
    const child = this.#running();
    this.#next += 1;
    const id = this.#next;
    return new Promise((resolve) => {
      this.#waiting.set(id, resolve);
      child.send({ id, hosts, port }, (error) => {
        if (error !== null) this.#answer(id, undefined);
      });
    });
  }

  close(): void {
    this.#child?.kill('SIGKILL');
  }

  #running(): ChildProcess {
    if (this.#child !== undefined) return this.#child;
    const [command, ...args] = this.#namespaces.enter(['user', 'net'], [process.execPath, '-e', DIALLER]);
    const child = spawn(command, args, {
      cwd: '/',
      env: TOOL_ENVIRONMENT,
      stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
    });
    child.on('message', ({ id }: { id: number }, handle) => this.#answer(id, handle as Socket | undefined));
    const over = () => {
      if (this.#child === child) this.#child = undefined;
      for (const id of [...this.#waiting.keys()]) this.#answer(id, undefined);
    };
    child.once('error', over);
    child.once('close', over);
    // An open connection keeps this process going, the dialler itself does not.
    child.unref();
    child.channel?.unref();
    this.#child = child;
    return child;
  }

  #answer(id: number, socket: Socket | undefined): void {
    const resolve = this.#waiting.get(id);
    this.#waiting.delete(id);
    if (resolve === undefined) socket?.destroy();
    else resolve(socket);
  }
}
