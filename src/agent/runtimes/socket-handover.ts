import { spawn } from 'node:child_process';
import { Socket as Datagrams } from 'node:dgram';
import { Server } from 'node:net';
import { availableParallelism } from 'node:os';
import { perlBinder, systemPerl } from './perl-binder.ts';
import { TOOL_ENVIRONMENT } from './tool-environment.ts';

/** A TCP or UDP address inside of a network namespace. */
export interface NamespaceAddress {
  /** IPv4. */
  readonly host: string;
  readonly port: number;
}

export interface HandoverRequest {
  /** Command that runs what follows it inside of the namespace, e.g. `nsenter --net=/proc/PID/ns/net --`. */
  readonly enter: readonly string[];
  /** Lines for `ip -batch`, carried out before anything listens; empty: none. */
  readonly network: readonly string[];
  readonly listeners: readonly NamespaceAddress[];
  /** UDP; default: none. */
  readonly datagrams?: readonly NamespaceAddress[];
  /** Path of the Perl that binds where it can; false: Node does. Default: the system's. */
  readonly perl?: string | false;
  /** Command line that binds and hands over; default: chosen by what is asked for. */
  readonly program?: readonly string[] | undefined;
}

/** Sockets of another namespace, in the order in which they were asked for. */
export interface HandedOver {
  readonly servers: Server[];
  readonly datagrams: readonly Datagrams[];
}

/** A process start under load costs tens of milliseconds of CPU: more of them at once than CPUs gain nothing. */
const AT_ONCE = Math.max(2, availableParallelism());
let running = 0;
const waiting: (() => void)[] = [];

/** As `bindInside`, where there is TCP alone. Answers one listening server for each address, in their order. */
export async function listenInside(request: Omit<HandoverRequest, 'datagrams'>): Promise<Server[]> {
  return (await bindInside(request)).servers;
}

/**
 * Listens inside of another network namespace and gives the listening sockets to this process: it accepts the
 * connections, and by the listener it knows the namespace they came from, whatever address they carry. A process of
 * its own enters the namespace for it and ends; nothing of it stays.
 *
 * Throws Error with what `ip` or the system said.
 */
export async function bindInside(request: HandoverRequest): Promise<HandedOver> {
  if (running >= AT_ONCE) await new Promise<void>((resolve) => waiting.push(resolve));
  else running++;
  try {
    return await handOver(request);
  } finally {
    const next = waiting.shift();
    if (next === undefined) running--;
    else next();
  }
}

/** Runs inside: sets the addresses up, then becomes the program that binds. Nothing secret is in its arguments. */
const SHELL = 'printf "%s\\n" "$1" | ip -batch - || exit 1; shift; exec "$@"';

/** Plain JavaScript, since it runs in a bare Node: the bundle need not be found from inside of a namespace. */
const BIND = `
const { createServer } = require('node:net');
const { createSocket } = require('node:dgram');
const listen = async ({ host, port }) => {
  const server = createServer();
  await new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen({ host, port, backlog: 511 }, resolve);
  });
  process.send({ listening: true }, server);
};
const bind = async ({ host, port }) => {
  const socket = createSocket('udp4');
  await new Promise((resolve, reject) => {
    socket.once('error', reject);
    socket.bind({ address: host, port }, resolve);
  });
  process.send({ host, port }, socket);
};
// Whoever asked is gone: nobody takes the sockets any more. Node says so by no event while a socket is on its way.
setInterval(() => process.connected || process.exit(1), 100);
(async () => {
  try {
    const { listeners, datagrams } = JSON.parse(process.argv[1]);
    for (const address of listeners) await listen(address);
    for (const address of datagrams) await bind(address);
    // Not only disconnected: its own copies of the sockets would go on taking connections.
    process.send({ done: true }, () => process.exit(0));
  } catch (error) {
    process.send({ error: error.message }, () => process.exit(1));
  }
})();
`;

type Message =
  | NamespaceAddress
  | { readonly fd: number }
  | { readonly listening: true }
  | { readonly done: true }
  | { readonly error: string };

function handOver(request: HandoverRequest): Promise<HandedOver> {
  const { enter, network, listeners, datagrams = [] } = request;
  const [command = 'sh', ...prefix] = enter;
  // Without anything to bind there is nothing to start for it.
  const empty = listeners.length + datagrams.length === 0;
  const byPerl = datagrams.length === 0 ? perlBinder(listeners, request.perl ?? systemPerl()) : undefined;
  const byNode = [process.execPath, '-e', BIND, JSON.stringify({ listeners, datagrams })];
  const bind = empty ? ['true'] : (request.program ?? byPerl ?? byNode);
  const program = network.length === 0 ? bind : ['sh', '-c', SHELL, 'sh', network.join('\n'), ...bind];
  return new Promise((resolve, reject) => {
    const child = spawn(command, [...prefix, ...program], {
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
      env: TOOL_ENVIRONMENT,
    });
    const servers: Server[] = [];
    const sockets: Datagrams[] = [];
    let said = '';
    let settled = false;
    const fail = (why: string) => {
      if (settled) return;
      settled = true;
      for (const each of [...servers, ...sockets]) each.close();
      reject(new Error(why));
    };
    child.stderr?.on('data', (chunk: Buffer) => {
      if (said.length < 2000) said += chunk.toString('utf8');
    });
    child.on('message', (message: Message, handle: unknown) => {
      if (handle instanceof Server) servers.push(handle);
      else if (handle instanceof Datagrams) sockets.push(handle);
      else if ('error' in message) fail(message.error);
      else if ('done' in message && !settled) {
        settled = true;
        resolve({ servers, datagrams: sockets });
      }
    });
    child.once('error', (error) => fail(`${command}: ${error.message}`));
    // `exit` can come before the last message; `close` comes after all of them.
    child.once('close', (code) => {
      if (code === 0 && empty && !settled) {
        settled = true;
        resolve({ servers, datagrams: sockets });
      }
      fail(said.trim() === '' ? `${command} ended with ${code}` : said.trim());
    });
  });
}
