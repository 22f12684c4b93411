import { spawn } from 'node:child_process';
import { Server } from 'node:net';
import { availableParallelism } from 'node:os';

/** A TCP address inside of a network namespace. */
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
}

/** Nothing of the server's own environment goes inside, and programs are the system's, whatever a PATH names first. */
export const TOOL_ENVIRONMENT: Readonly<Record<string, string>> = {
  PATH: '/usr/sbin:/usr/bin:/sbin:/bin:/usr/local/sbin:/usr/local/bin:/run/current-system/sw/bin',
  LC_ALL: 'C',
};

/** A process start under load costs tens of milliseconds of CPU: more of them at once than CPUs gain nothing. */
const AT_ONCE = Math.max(2, availableParallelism());
let running = 0;
const waiting: (() => void)[] = [];

/**
 * Listens inside of another network namespace and gives the listening sockets to this process: it accepts the
 * connections, and by the listener it knows the namespace they came from, whatever address they carry. A process of
 * its own enters the namespace for it and ends; nothing of it stays.
 *
 * Answers one listening server for each address, in their order. Throws Error with what `ip` or the system said.
 */
export async function listenInside(request: HandoverRequest): Promise<Server[]> {
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
const SHELL = 'if [ -n "$1" ]; then printf "%s\\n" "$1" | ip -batch - || exit 1; fi; shift; exec "$@"';

/** Plain JavaScript, since it runs in a bare Node: the bundle need not be found from inside of a namespace. */
const BIND = `
const { createServer } = require('node:net');
const listen = async ({ host, port }) => {
  const server = createServer();
  await new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen({ host, port, backlog: 511 }, resolve);
  });
  process.send({ host, port }, server);
};
// Whoever asked is gone: nobody takes the sockets any more.
process.on('disconnect', () => process.exit(1));
(async () => {
  try {
    for (const address of JSON.parse(process.argv[1])) await listen(address);
    // Not only disconnected: its own copies of the sockets would go on taking connections.
    process.send({ done: true }, () => process.exit(0));
  } catch (error) {
    process.send({ error: error.message }, () => process.exit(1));
  }
})();
`;

type Message = NamespaceAddress | { readonly done: true } | { readonly error: string };

function handOver({ enter, network, listeners }: HandoverRequest): Promise<Server[]> {
  const [command = 'sh', ...prefix] = enter;
  // Without anything to bind there is nothing to start Node for.
  const bind = listeners.length === 0 ? ['true'] : [process.execPath, '-e', BIND, JSON.stringify(listeners)];
  const program = ['sh', '-c', SHELL, 'sh', network.join('\n'), ...bind];
  return new Promise((resolve, reject) => {
    const child = spawn(command, [...prefix, ...program], {
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
      env: TOOL_ENVIRONMENT,
    });
    const servers: Server[] = [];
    let said = '';
    let settled = false;
    const fail = (why: string) => {
      if (settled) return;
      settled = true;
      for (const server of servers) server.close();
      reject(new Error(why));
    };
    child.stderr?.on('data', (chunk: Buffer) => {
      if (said.length < 2000) said += chunk.toString('utf8');
    });
    child.on('message', (message: Message, handle: unknown) => {
      if (handle instanceof Server) servers.push(handle);
      else if ('error' in message) fail(message.error);
      else if ('done' in message && !settled) {
        settled = true;
        resolve(servers);
      }
    });
    child.once('error', (error) => fail(`${command}: ${error.message}`));
    // `exit` can come before the last message; `close` comes after all of them.
    child.once('close', (code) => {
      if (code === 0 && listeners.length === 0 && !settled) {
        settled = true;
        resolve([]);
      }
      fail(said.trim() === '' ? `${command} ended with ${code}` : said.trim());
    });
  });
}
