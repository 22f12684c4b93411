import { execFile } from 'node:child_process';
import type { Server as HttpServer } from 'node:http';
import { createServer, type Server, type Socket } from 'node:net';
import { promisify } from 'node:util';
import { AGENT_ADDRESS } from '../beside.ts';
import { RuntimeFailure } from '../runtime.ts';
import { TOOL_ENVIRONMENT } from '../tool-environment.ts';
import { containerAtOtherEnd } from './host-callers.ts';

const run = promisify(execFile);

interface Guest {
  readonly server: HttpServer;
  has(container: string): boolean;
}

/**
 * 169.254.170.2 in this machine's own network, for tasks in host mode, as long as there are any. All of them share it:
 * whose a connection is, its container tells.
 */
export class HostEndpoint {
  readonly #guests = new Set<Guest>();
  readonly #known = new WeakMap<Socket, boolean>();
  #listener: Server | undefined;
  /** Opening and closing follow each other. */
  #turn: Promise<void> = Promise.resolve();

  /** `server` answers the connections of the guest's containers until it is closed. Throws RuntimeFailure. */
  async add(guest: Guest): Promise<void> {
    this.#guests.add(guest);
    try {
      await this.#next();
    } catch (error) {
      this.#guests.delete(guest);
      const message = error instanceof Error ? error.message : String(error);
      throw new RuntimeFailure(
        'create',
        `host mode: nothing can listen on ${AGENT_ADDRESS}:80 of this machine: ${message}`,
      );
    }
    guest.server.emit('listening');
    guest.server.once('close', () => {
      this.#guests.delete(guest);
      this.#next().catch(() => {});
    });
  }

  /** Whether a container of a guest is at the other end of a connection. Looked up once for each. */
  isGuest(socket: Socket): boolean {
    if (this.#guests.size === 0) return false;
    let guest = this.#known.get(socket);
    if (guest === undefined) {
      const container = containerAtOtherEnd(socket);
      guest = container !== undefined && [...this.#guests].some((each) => each.has(container));
      this.#known.set(socket, guest);
    }
    return guest;
  }

  /** Makes it so that there is a listener as long as there are guests. */
  #next(): Promise<void> {
    this.#turn = this.#turn
      .catch(() => {})
      .then(async () => {
        if (this.#guests.size > 0) this.#listener ??= await this.#open();
        else if (this.#listener !== undefined) await this.#close(this.#listener);
      });
    return this.#turn;
  }

  async #open(): Promise<Server> {
    await run('ip', ['address', 'replace', `${AGENT_ADDRESS}/32`, 'dev', 'lo'], { env: TOOL_ENVIRONMENT });
    const listener = createServer((socket) => this.#take(socket));
    await new Promise<void>((resolve, reject) => {
      listener.once('error', reject);
      listener.listen(80, AGENT_ADDRESS, resolve);
    });
    return listener;
  }

  async #close(listener: Server): Promise<void> {
    this.#listener = undefined;
    listener.close();
    await run('ip', ['address', 'delete', `${AGENT_ADDRESS}/32`, 'dev', 'lo'], { env: TOOL_ENVIRONMENT });
  }

  #take(socket: Socket): void {
    const container = containerAtOtherEnd(socket);
    const guests = [...this.#guests];
    // A stranger is sent to any of them: it is refused there, and the attempt is noted.
    const guest = guests.find((each) => container !== undefined && each.has(container)) ?? guests[0];
    if (guest === undefined) socket.destroy();
    else guest.server.emit('connection', socket);
  }
}
