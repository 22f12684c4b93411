import type { Socket } from 'node:net';
import { createSecureContext, createServer, type SecureContext } from 'node:tls';
import type { Authority, ServerCertificate } from './authority.ts';

/** Milliseconds for a handshake: the client is on this machine. */
const HANDSHAKE = 10_000;

/**
 * Speaks TLS on connections to AWS's endpoints, with the certificate of whichever the client names (SNI), and hands on
 * what it has decrypted. A client that names none, or a name that is not AWS's, gets no certificate: the handshake fails.
 */
export function createTlsEndpoint(authority: Authority, accept: (socket: Socket) => void): (socket: Socket) => void {
  const contexts = new WeakMap<ServerCertificate, SecureContext>();
  const contextOf = (name: string): SecureContext | undefined => {
    const issued = authority.issue(name);
    if (issued === undefined) return undefined;
    const known = contexts.get(issued);
    if (known !== undefined) return known;
    const context = createSecureContext({ cert: issued.certificate, key: issued.key });
    contexts.set(issued, context);
    return context;
  };
  const server = createServer(
    {
      // Without one of its own the server has no certificate to show.
      SNICallback: (name, done) => done(null, contextOf(name)),
      ALPNProtocols: ['http/1.1'],
      minVersion: 'TLSv1.2',
      handshakeTimeout: HANDSHAKE,
    },
    accept,
  );
  // A handshake that fails is the client's own affair: it is told by an alert.
  server.on('tlsClientError', (_error, socket) => socket.destroy());
  return (socket) => {
    server.emit('connection', socket);
  };
}
