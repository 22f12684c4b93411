import { type RunningServer, type ServerOptions, startServer } from '../../src/server.ts';

/** A whole server on a free port, with everything in memory. */
export function startTestServer(options: Partial<ServerOptions> = {}): Promise<RunningServer> {
  return startServer({
    host: '127.0.0.1',
    port: 0,
    region: 'eu-west-1',
    account: '000000000000',
    standIns: [],
    ...options,
  });
}
