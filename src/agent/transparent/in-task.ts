import type { Server, Socket } from 'node:net';
import { isTask } from '../runtimes/beside.ts';
import type { HandedOver } from '../runtimes/socket-handover.ts';
import type { Names } from './dns-answers.ts';
import { answerConnections, answerDatagrams } from './name-server.ts';

/** Where Amazon's own name server answers in a VPC, besides its address there. Source: VPC User Guide, Amazon DNS server. */
export const TRANSPARENT_ADDRESS = '169.254.169.253';
const DNS = 53;
const HTTP = 80;
const HTTPS = 443;

const at = (port: number) => ({ host: TRANSPARENT_ADDRESS, port });
/** What a task asks at 169.254.169.253: HTTPS, HTTP and names. */
export const ENDPOINTS = { listeners: [at(HTTPS), at(HTTP), at(DNS)], datagrams: [at(DNS)] } as const;

/** Who takes over what programs of a task connect to. */
export interface EndpointAccess {
  readonly names: Names;
  /** A connection to the port of HTTPS. */
  readonly tls: (socket: Socket) => void;
  /** A connection to the port of HTTP. */
  readonly plain: (socket: Socket) => void;
}

/** Answers a task at the sockets of `ENDPOINTS`. What is answered lets all go. */
export function answerInTask({ servers, datagrams }: HandedOver, access: EndpointAccess): () => void {
  const open = new Set<Socket>();
  const [https, http, dns] = servers as [Server, Server, Server];
  take(https, open, access.tls);
  take(http, open, access.plain);
  answerConnections(dns, access.names, isTask);
  for (const socket of datagrams) answerDatagrams(socket, access.names, isTask);
  // A task alone does not keep the agent's process going.
  for (const each of [...servers, ...datagrams]) each.unref();
  return () => {
    for (const each of [...servers, ...datagrams]) each.close();
    // With an open connection the network would stay.
    for (const socket of open) socket.destroy();
  };
}

function take(server: Server, open: Set<Socket>, by: (socket: Socket) => void): void {
  server.on('connection', (socket) => {
    if (!isTask(socket.remoteAddress)) {
      socket.destroy();
      return;
    }
    open.add(socket);
    socket.once('close', () => open.delete(socket));
    by(socket);
  });
}
