import { randomBytes, randomUUID } from 'node:crypto';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { createServer as createSocketServer } from 'node:net';
import { networkInterfaces, tmpdir } from 'node:os';
import { join } from 'node:path';
import { close, listen } from '../../../src/core/listening.ts';
import type { Leaks } from './attack.ts';
import { Outside } from './outside.ts';

export const secret = () => `secret${randomBytes(12).toString('hex')}`;

/** What the machine has that is worth having: files, services on each kind of address, a network beyond it. */
export class Machine {
  /** All of what is made for the tests, but for `home`. */
  readonly root: string;
  /** A directory that is none of Rolecall's; a file `secret` is in it. */
  readonly directory: string;
  /** Of the user who starts the server. */
  readonly home: string;
  readonly developer = secret();
  readonly file = secret();
  /** What its services answer. */
  readonly service = secret();
  readonly #undo: (() => Promise<unknown> | unknown)[] = [];
  #facts!: Omit<Leaks['machine'], 'outside'>;
  #outside: Outside | undefined;

  private constructor(name: string) {
    this.root = mkdtempSync(join(tmpdir(), `rolecall-attacks-${name}-`));
    this.directory = join(this.root, 'machine');
    // Of its own: where containers know the name of a home directory, they know that of the directory above it.
    this.home = mkdtempSync(join(tmpdir(), 'rolecall-attacks-home-'));
  }

  static async open(name: string): Promise<Machine> {
    const machine = new Machine(name);
    try {
      await machine.#open();
    } catch (error) {
      await machine.close();
      throw error;
    }
    return machine;
  }

  /** What may be known of it. */
  get facts(): Leaks['machine'] {
    return { ...this.#facts, outside: this.#outside?.address ?? '' };
  }

  get outside(): Outside | undefined {
    return this.#outside;
  }

  async close(): Promise<void> {
    for (const undo of this.#undo.reverse()) await undo();
    for (const directory of [this.root, this.home]) rmSync(directory, { recursive: true, force: true });
  }

  async #open(): Promise<void> {
    for (const directory of [this.directory, join(this.home, '.aws')]) mkdirSync(directory, { recursive: true });
    writeFileSync(join(this.directory, 'secret'), this.file, { mode: 0o644 });
    writeFileSync(
      join(this.home, '.aws', 'credentials'),
      `[default]\naws_access_key_id = AKIAIOSFODNN7EXAMPLE\naws_secret_access_key = ${this.developer}\n`,
      { mode: 0o600 },
    );
    await this.#serve();
    this.#outside = await Outside.open(this.service);
    if (this.#outside !== undefined) this.#undo.push(() => this.#outside?.close());
  }

  async #serve(): Promise<void> {
    const web = () => {
      const server = createServer((_request, response) => response.end(this.service));
      this.#undo.push(() => close(server));
      return server;
    };
    const loopbackPort = await listen(web(), 0, '127.0.0.1');
    await listen(web(), loopbackPort, '::1').catch(() => {});
    const anyPort = await listen(web(), 0, '0.0.0.0');
    const socketFile = join(this.directory, 'service.sock');
    const abstractSocket = `rolecall-attacks-${randomUUID()}`;
    for (const path of [socketFile, `\0${abstractSocket}`]) {
      const server = createSocketServer((socket) => socket.end(this.service));
      await new Promise<void>((resolve) => server.listen(path, resolve));
      this.#undo.push(() => server.close());
    }
    const addresses = Object.values(networkInterfaces())
      .flatMap((each) => each ?? [])
      .filter(({ internal, address }) => !internal && !address.startsWith('fe80'))
      .map(({ address }) => address);
    const host = process.env.DOCKER_HOST ?? '';
    this.#facts = {
      addresses,
      loopbackPort,
      anyPort,
      socketFile,
      abstractSocket,
      engineSocket: host.startsWith('unix://') ? host.slice('unix://'.length) : '/var/run/docker.sock',
      directory: this.directory,
    };
  }
}

/** The number of a process of this machine that has such a variable; 0 when it cannot be seen. */
export function pidWith(variable: string): number {
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    try {
      if (readFileSync(`/proc/${name}/environ`, 'utf8').split('\0').includes(variable)) return Number(name);
    } catch {
      // It has ended, or is somebody else's.
    }
  }
  return 0;
}
