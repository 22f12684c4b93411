import { createServer, type Server } from 'node:http';
import { createServer as createNetServer, type Server as NetServer } from 'node:net';
import { connect, type TLSSocket } from 'node:tls';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { endpointDomains } from '../../wire/aws-host.ts';
import { Authority } from './authority.ts';
import { createTlsEndpoint } from './tls-endpoint.ts';

const open = () => Authority.open({ domains: endpointDomains('eu-west-1'), now: Date.now });

describe('the TLS endpoint', () => {
  const authority = open();
  let http: Server;
  let listener: NetServer;
  let port: number;
  beforeAll(async () => {
    http = createServer((request, response) => {
      response.end(`${request.headers.host} ${'encrypted' in request.socket}`);
    });
    const accept = createTlsEndpoint(authority, (socket) => http.emit('connection', socket));
    listener = createNetServer(accept);
    await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', resolve));
    port = (listener.address() as { port: number }).port;
  });
  afterAll(() => {
    listener.close();
    http.closeAllConnections();
  });

  /** What a client gets that connects under a name. */
  function ask(servername: string | undefined, options: { ca?: string; protocol?: string } = {}): Promise<string> {
    const { ca = authority.certificate, protocol = 'http/1.1' } = options;
    return new Promise((resolve) => {
      const socket: TLSSocket = connect({
        port,
        host: '127.0.0.1',
        ca,
        ALPNProtocols: [protocol],
        ...(servername === undefined ? {} : { servername }),
      });
      let answer = '';
      socket.once('secureConnect', () => {
        socket.end(`GET / HTTP/1.1\r\nHost: ${servername}\r\nConnection: close\r\n\r\n`);
      });
      socket.on('data', (chunk) => {
        answer += chunk;
      });
      socket.once('close', () => resolve(answer.split('\r\n\r\n')[1] ?? 'closed'));
      socket.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
    });
  }

  it.each(['sqs.eu-west-1.amazonaws.com', 'bucket.s3.eu-west-1.amazonaws.com', 'sqs.eu-west-1.api.aws'])(
    'answers as %s to whoever trusts the authority',
    async (name) => {
      expect(await ask(name)).toBe(`${name} true`);
    },
  );

  it('is not trusted by anybody else', async () => {
    expect(await ask('sqs.eu-west-1.amazonaws.com', { ca: open().certificate })).toMatch(
      /UNABLE_TO_VERIFY_LEAF_SIGNATURE|UNABLE_TO_GET_ISSUER_CERT_LOCALLY/,
    );
  });

  it.each([undefined, 'example.com', 'sqs.eu-west-1.amazonaws.com.example.com', 'localhost'])(
    'has no certificate for %s',
    async (name) => {
      expect(await ask(name)).toMatch(/HANDSHAKE_FAILURE/);
    },
  );

  it('a bucket with a dot in its name does not match its certificate, as on AWS', async () => {
    expect(await ask('a.b.s3.eu-west-1.amazonaws.com')).toBe('ERR_TLS_CERT_ALTNAME_INVALID');
  });

  it('speaks HTTP/1.1 alone', async () => {
    expect(await ask('sqs.eu-west-1.amazonaws.com', { protocol: 'h2' })).toMatch(/NO_APPLICATION_PROTOCOL/);
  });
});
