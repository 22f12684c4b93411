import type { Socket as Datagrams } from 'node:dgram';
import type { Server, Socket } from 'node:net';
import { answerQuery, type Names } from './dns-answers.ts';

/** Milliseconds; a connection on which nothing is asked is closed. Source: RFC 7766, 6.2.3: a few seconds. */
const IDLE = 5000;
/** Connections at once: the task's own programs are the only ones that could use them up. */
const MOST_CONNECTIONS = 64;

/** Whether it is the task that asks, by the address that the question comes from. */
export type IsOwn = (address: string | undefined) => boolean;

/** Answers queries that arrive as datagrams. Others than the task get no answer. */
export function answerDatagrams(socket: Datagrams, names: Names, isOwn: IsOwn): void {
  socket.on('message', (message, { address, port }) => {
    if (!isOwn(address)) return;
    const answer = answerQuery(message, names);
    // One that cannot be sent is asked for again.
    if (answer !== undefined) socket.send(answer, port, address, () => {});
  });
  socket.on('error', () => {});
}

/** Answers queries over TCP. Source: RFC 1035, 4.2.2: each message after its length. */
export function answerConnections(server: Server, names: Names, isOwn: IsOwn): void {
  server.maxConnections = MOST_CONNECTIONS;
  server.on('connection', (socket) => {
    if (isOwn(socket.remoteAddress)) converse(socket, names);
    else socket.destroy();
  });
}

function converse(socket: Socket, names: Names): void {
  let received: Buffer = Buffer.alloc(0);
  socket.setTimeout(IDLE, () => socket.destroy());
  socket.on('error', () => socket.destroy());
  socket.on('data', (chunk: Buffer) => {
    received = Buffer.concat([received, chunk]);
    while (received.length >= 2) {
      const length = received.readUInt16BE(0);
      if (received.length < 2 + length) return;
      const answer = answerQuery(received.subarray(2, 2 + length), names);
      received = received.subarray(2 + length);
      if (answer === undefined) {
        socket.destroy();
        return;
      }
      const prefix = Buffer.alloc(2);
      prefix.writeUInt16BE(answer.length);
      socket.write(Buffer.concat([prefix, answer]));
    }
  });
}
