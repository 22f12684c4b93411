import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Access } from '../sources/load/load.ts';
import type { Address } from '../sources/load/s3.ts';
import type { Workload } from '../sources/workload.ts';
import { AwsClient } from '../wire/client.ts';
import { connect, credentialsOf, DEFAULT_ACCOUNT, refusedCall, regionOf } from './connection.ts';
import { endpointUrl } from './flags.ts';
import type { Io } from './io.ts';
import { otherAccounts } from './other-accounts.ts';
import { harmless } from './output/style.ts';
import { runtimeChoice, TRANSPARENT_LINE } from './runtime-choice.ts';
import { sendStandIns, standInsOf } from './stand-ins.ts';

/** The flags of `run` that say which server it is. */
export interface SessionFlags {
  readonly endpoint: string | undefined;
  readonly 'stand-in': readonly string[];
  readonly 'no-stand-ins': boolean;
  readonly keep: boolean;
  readonly runtime: string | undefined;
  readonly transparent: boolean;
}

/** A server that a workload runs on, and the way to it. */
export interface Session {
  readonly client: AwsClient;
  readonly address: Address;
  /** The keys of another account, where the server is our own. */
  readonly accessTo: (other: Workload) => Access | undefined;
  readonly endpoint: string;
  /** Lines for people. */
  readonly about: readonly string[];
  /** Where to read the trail afterwards. */
  readonly trail: string;
  stop(): Promise<void>;
}

/** A server of our own on a free port, or the one named. @throws UserError */
export async function openSession(workload: Workload, flags: SessionFlags, io: Io): Promise<Session> {
  const standIns = standInsOf(flags['no-stand-ins'] ? [] : workload.imageFiles, flags['stand-in'], process.cwd());
  const { region, account } = workload;
  if (flags.endpoint !== undefined) {
    const endpoint = endpointUrl(flags.endpoint);
    const client = await connect(endpoint, region, io);
    await sendStandIns(client, standIns);
    return {
      client,
      address: { endpoint, region, credentials: credentialsOf(io) },
      accessTo: () => undefined,
      endpoint,
      about: [`server    ${endpoint} (running already), account ${account}, ${region}`],
      trail: `trail     rolecall trail --endpoint ${endpoint}`,
      stop: async () => client.close(),
    };
  }
  const data = flags.keep ? mkdtempSync(join(tmpdir(), 'rolecall-run-')) : undefined;
  const server = await io.startServer({
    host: '127.0.0.1',
    port: 0,
    region,
    account,
    standIns,
    runtime: runtimeChoice(flags.runtime, io),
    transparent: flags.transparent,
    ...(data === undefined ? {} : { data, keep: true }),
    onBug: (_, error) => io.stderr.write(`this is a bug in Rolecall; more in ${io.logBug(error)}\n`),
    onNote: ({ level, message }) => {
      if (level === 'warning') io.stderr.write(`note: ${harmless(message)}\n`);
    },
  });
  const client = new AwsClient({ endpoint: server.endpoint, region, credentials: server.credentials });
  const { accessTo, close } = otherAccounts(server, server.endpoint);
  const kept = data === undefined ? [] : [`data      ${data} (kept)`];
  return {
    client,
    address: { endpoint: server.endpoint, region, credentials: server.credentials },
    accessTo,
    endpoint: server.endpoint,
    about: [
      `server    ${server.endpoint}, account ${account}, ${region}, policies enforced`,
      `runtime   ${server.runtime}: ${server.isolation.summary}`,
      ...(flags.transparent ? [TRANSPARENT_LINE] : []),
      ...kept,
    ],
    trail:
      data === undefined
        ? 'trail     shown above; --json gives every call, --keep keeps it for `rolecall trail`'
        : `trail     rolecall up --data ${data}, then rolecall trail`,
    async stop() {
      client.close();
      close();
      await server.stop();
    },
  };
}

/** The account of a running server: that of the keys we have for it. @throws UserError */
export async function serverAccount(endpoint: string, io: Io): Promise<string> {
  const client = await connect(endpoint, regionOf(io), io);
  try {
    return (await client.call('sts', 'GetCallerIdentity', {})).Account ?? DEFAULT_ACCOUNT;
  } catch (error) {
    throw refusedCall('sts:GetCallerIdentity', error);
  } finally {
    client.close();
  }
}
