import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import type { Socket } from 'node:net';
import { belongsTo } from './process-table.ts';
import type { Caller } from './runtime.ts';

/**
 * Whether the process at the other end of a loopback connection is one of the leaders' processes: their descendants,
 * process groups or sessions. Linux tells it through /proc (the connection's inode, then who holds that socket);
 * elsewhere the answer is `unknown` and the task's authorization token alone decides. A daemon that left its session as
 * well as its parent cannot be told from a stranger and is refused.
 */
export function callerOf(socket: Socket, leaders: readonly number[]): Caller {
  if (process.platform !== 'linux')
    return { belongs: 'unknown', why: `${process.platform} does not tell whose a connection is` };
  const inode = inodeOf(socket.remotePort ?? 0, socket.localPort ?? 0);
  if (inode === undefined) return { belongs: false, who: 'a connection that is not there any more' };
  const name = `socket:[${inode}]`;
  let stranger: number | undefined;
  for (const entry of readdirSync('/proc')) {
    const pid = Number(entry);
    if (!Number.isInteger(pid) || pid === process.pid) continue;
    if (!leaders.some((leader) => belongsTo(pid, leader))) continue;
    if (holds(pid, name)) return { belongs: true };
  }
  for (const entry of readdirSync('/proc')) {
    const pid = Number(entry);
    if (!Number.isInteger(pid) || !holds(pid, name)) continue;
    stranger = pid;
    break;
  }
  return { belongs: false, who: stranger === undefined ? 'a process of another user' : `process ${stranger}` };
}

/** The inode of the client's end: its local port is our remote one. Source: proc(5), /proc/net/tcp. */
function inodeOf(clientPort: number, serverPort: number): string | undefined {
  const client = hexPort(clientPort);
  const server = hexPort(serverPort);
  // Clients with dual-stack sockets (Java) appear among the IPv6 connections.
  for (const table of ['/proc/net/tcp', '/proc/net/tcp6']) {
    let text: string;
    try {
      text = readFileSync(table, 'utf8');
    } catch {
      continue;
    }
    for (const line of text.split('\n')) {
      const fields = line.trim().split(/\s+/);
      if (fields[1]?.endsWith(client) === true && fields[2]?.endsWith(server) === true) return fields[9];
    }
  }
  return undefined;
}

function hexPort(port: number): string {
  return `:${port.toString(16).toUpperCase().padStart(4, '0')}`;
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
