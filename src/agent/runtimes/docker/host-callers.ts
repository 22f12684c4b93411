import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import type { Socket } from 'node:net';

/** Processes of containers that asked lately, the last one first: whoever asks once asks again, and looking at all takes its time. */
let recent: readonly number[] = [];
const MOST_RECENT = 16;

/**
 * The container whose process is at the other end of a connection within this machine's own network: the connection's
 * inode (proc(5), /proc/net/tcp), a process that holds that socket, and the control group which that process is in.
 * Undefined when no container's process holds it.
 */
export function containerAtOtherEnd(socket: Socket): string | undefined {
  const inode = inodeOf(socket);
  if (inode === undefined) return undefined;
  const name = `socket:[${inode}]`;
  return lookAt(recent, name) ?? lookAt(allProcesses(), name);
}

/** The container of the first of these processes that holds the socket. */
function lookAt(pids: Iterable<number>, name: string): string | undefined {
  for (const pid of pids) {
    const container = containerOf(pid);
    if (container === undefined || !holds(pid, name)) continue;
    recent = [pid, ...recent.filter((other) => other !== pid)].slice(0, MOST_RECENT);
    return container;
  }
  return undefined;
}

function* allProcesses(): Generator<number> {
  for (const entry of readdirSync('/proc')) {
    const pid = Number(entry);
    if (Number.isInteger(pid) && pid !== process.pid) yield pid;
  }
}

/** Id of the container that a process runs in. Source: Docker names the control group after it: `…/docker/ID`, `…/docker-ID.scope`. */
export function containerOf(pid: number): string | undefined {
  try {
    return /[0-9a-f]{64}/.exec(readFileSync(`/proc/${pid}/cgroup`, 'utf8'))?.[0];
  } catch {
    return undefined;
  }
}

/** The inode of the client's end: its local address is our remote one. */
function inodeOf({ remoteAddress, remotePort, localAddress, localPort }: Socket): string | undefined {
  if (remoteAddress === undefined || localAddress === undefined) return undefined;
  const client = new RegExp(`${hexAddress(remoteAddress)}:${hexPort(remotePort ?? 0)}$`);
  const server = new RegExp(`${hexAddress(localAddress)}:${hexPort(localPort ?? 0)}$`);
  // Clients with sockets for both families (Java) stand among the IPv6 connections, their addresses mapped.
  for (const table of ['/proc/net/tcp', '/proc/net/tcp6']) {
    for (const line of readTable(table)) {
      const fields = line.trim().split(/\s+/);
      if (client.test(fields[1] ?? '') && server.test(fields[2] ?? '')) return fields[9];
    }
  }
  return undefined;
}

function readTable(file: string): string[] {
  try {
    return readFileSync(file, 'utf8').split('\n');
  } catch {
    return [];
  }
}

/** IPv4 as the tables have it: the four bytes in the machine's order, which is little-endian wherever Docker runs. */
function hexAddress(address: string): string {
  const bytes = address
    .replace(/^::ffff:/, '')
    .split('.')
    .map(Number);
  return bytes
    .reverse()
    .map((byte) => byte.toString(16).toUpperCase().padStart(2, '0'))
    .join('');
}

function hexPort(port: number): string {
  return port.toString(16).toUpperCase().padStart(4, '0');
}

function holds(pid: number, name: string): boolean {
  try {
    return readdirSync(`/proc/${pid}/fd`).some((fd) => {
      try {
        return readlinkSync(`/proc/${pid}/fd/${fd}`) === name;
      } catch {
        return false;
      }
    });
  } catch {
    return false;
  }
}
