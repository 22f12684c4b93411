import { resolve } from 'node:path';
import { UserError } from '../core/errors.ts';
import type { TrailEntry } from '../gateway/trail.ts';
import type { LogEntry } from '../store/collections.ts';
import { AwsClient } from '../wire/client.ts';
import type { Command } from './command.ts';
import { DEFAULT_ACCOUNT, regionOf } from './connection.ts';
import { accountId, pairs, portNumber, readArguments, regionCode } from './flags.ts';
import type { Io, StartedServer } from './io.ts';
import { otherAccounts } from './other-accounts.ts';
import { ledgerLine, ledgerRow } from './output/ledger.ts';
import { harmless, type Style, styleOf } from './output/style.ts';
import { loadLines } from './output/summary.ts';
import { RUNTIME_FLAG, runtimeChoice, TRANSPARENT_FLAG, TRANSPARENT_LINE } from './runtime-choice.ts';
import { standInsOf } from './stand-ins.ts';
import { readAsWritten, requireAccount } from './workload-account.ts';

const FLAGS = {
  port: { value: 'PORT', summary: 'port to listen on (default: 4566; 0: any free one)' },
  host: { value: 'ADDRESS', summary: 'address to listen on (default: 127.0.0.1); beyond loopback keys are generated' },
  data: { value: 'DIR', summary: 'data directory (default: .rolecall)' },
  ephemeral: { summary: 'keep nothing: everything is gone when the server stops' },
  load: { value: 'PATH', repeatable: true, summary: 'load a workload: a folder, a template or a task definition' },
  parameter: { value: 'NAME=VALUE', repeatable: true, summary: 'a parameter of a loaded template' },
  runtime: RUNTIME_FLAG,
  transparent: TRANSPARENT_FLAG,
  'stand-in': { value: 'IMAGE=DIR|host', repeatable: true, summary: 'run a local program in place of an image' },
  'no-stand-ins': { summary: 'leave images.json aside: run the images themselves' },
  region: { value: 'REGION', summary: 'Region (default: the loaded workload’s, else AWS_REGION, else eu-west-1)' },
  account: { value: 'ID', summary: 'account (default: that of the loaded workload’s roles, else 000000000000)' },
  quiet: { summary: 'do not print a line for each call' },
} as const;

export const upCommand: Command = {
  usage: '[options]',
  flags: FLAGS,
  notes: ['Exit code: 0 after Ctrl-C, 2 when it cannot start.'],
  async run(args, io) {
    const { flags, positionals } = readArguments('up', FLAGS, args);
    if (flags.data !== undefined && flags.ephemeral)
      throw new UserError('flag-conflict', '--data and --ephemeral exclude each other', 'Give one of them.');
    // `--load A B`: what follows is loaded, too.
    if (positionals.length > 0 && flags.load.length === 0)
      throw new UserError(
        'argument-unexpected',
        `\`rolecall up\` takes no \`${positionals[0]}\``,
        `To load a workload: --load ${positionals[0]}`,
      );
    const paths = [...flags.load, ...positionals];
    // Reading and loading workloads is a large part of the program: a server without one starts without it.
    const sources =
      paths.length === 0
        ? undefined
        : {
            ...(await import('../sources/read-workload.ts')),
            ...(await import('../sources/load/load.ts')),
            ...(await import('./launch-types.ts')),
            ...(await import('./workload-instances.ts')),
          };
    const settings = sources?.settingsOf(paths) ?? {};
    const given = {
      account: flags.account === undefined ? settings.account : accountId(flags.account),
      region: flags.region === undefined ? settings.region : regionCode(flags.region),
    };
    const defaults = { account: DEFAULT_ACCOUNT, region: given.region ?? regionOf(io) };
    const parameters = pairs('parameter', flags.parameter);
    const workload =
      sources && readAsWritten((place) => sources.readWorkload(paths, { ...place, parameters }), given, defaults);
    const account = workload?.account ?? given.account ?? defaults.account;
    const region = workload?.region ?? defaults.region;
    if (workload !== undefined) {
      requireAccount(workload, 'flag');
      sources?.requireLoadable(workload);
    }
    const style = styleOf(io, io.stdout);
    const write = (line: string) => io.stdout.write(`${line}\n`);
    const data = flags.ephemeral ? undefined : resolve(flags.data ?? '.rolecall');
    const server = await io.startServer({
      runtime: runtimeChoice(flags.runtime, io),
      transparent: flags.transparent,
      host: flags.host ?? '127.0.0.1',
      port: flags.port === undefined ? 4566 : portNumber(flags.port),
      region,
      account,
      standIns: standInsOf(flags['no-stand-ins'] ? [] : (workload?.imageFiles ?? []), flags['stand-in'], process.cwd()),
      ...(data === undefined ? {} : { data }),
      onBug: (requestId, error) =>
        io.stderr.write(`this is a bug in Rolecall (request ${requestId}); more in ${io.logBug(error)}\n`),
      onNote: ({ level, message }) =>
        (level === 'warning' ? io.stderr : io.stdout).write(`note: ${harmless(message)}\n`),
      ...(flags.quiet ? {} : { onCall: (entry) => write(callLine(entry, style)) }),
    });
    try {
      const setting = { account, region, data, transparent: flags.transparent };
      for (const line of banner(server, setting, style)) write(line);
      if (sources !== undefined && workload !== undefined) {
        const address = { endpoint: loopbackOf(server.endpoint), region, credentials: server.credentials };
        const client = new AwsClient(address);
        const { accessTo, close } = otherAccounts(server, address.endpoint);
        const report = await sources.load(workload, client, address, accessTo);
        const instances = await sources.addMissingInstances(
          client,
          sources.clusterOf(workload),
          workload.settings.instances ?? [],
          (launchType) => sources.instanceDefaults(workload, launchType),
        );
        client.close();
        close();
        for (const line of loadLines(report, style)) write(line);
        if (instances > 0) write(`created   ${instances} container instance${instances === 1 ? '' : 's'}`);
      }
      write(style.dim('ready; Ctrl-C stops it'));
      await interrupted(io);
    } finally {
      await server.stop();
    }
    write('stopped');
    return 0;
  },
};

interface Setting {
  readonly account: string;
  readonly region: string;
  readonly data: string | undefined;
  readonly transparent: boolean;
}

function banner(server: StartedServer, { account, region, data, transparent }: Setting, style: Style): string[] {
  const { endpoint, credentials, credentialsFile, runtime, isolation } = server;
  const keys =
    credentialsFile === undefined
      ? [`export AWS_ACCESS_KEY_ID=${credentials.accessKeyId} AWS_SECRET_ACCESS_KEY=${credentials.secretAccessKey}`]
      : [`# the key pair is in ${credentialsFile}, readable by you only`];
  return [
    `${style.bold('Rolecall')}  ${endpoint}  account ${account}, ${region}`,
    '',
    `  export AWS_ENDPOINT_URL=${endpoint} AWS_REGION=${region}`,
    ...keys.map((line) => `  ${line}`),
    `  aws sts get-caller-identity --endpoint-url ${endpoint}`,
    '',
    `policies  enforced: what AWS would refuse is refused (the key pair above is the account's root user)`,
    `runtime   ${runtime}: ${isolation.summary}`,
    ...(transparent ? [TRANSPARENT_LINE] : []),
    `data      ${data ?? 'in memory; gone when the server stops'}`,
    '',
  ];
}

function loopbackOf(endpoint: string): string {
  return endpoint.replace('://0.0.0.0:', '://127.0.0.1:').replace('://[::]:', '://[::1]:');
}

/** The time, who called, and the ledger's line. */
function callLine({ at, value }: LogEntry<TrailEntry>, style: Style): string {
  const time = new Date(at).toISOString().slice(11, 23);
  const row = ledgerRow(value);
  return `${style.dim(time)} ${ledgerLine(row, { ...style, width: style.width === undefined ? undefined : style.width - 13 })}`;
}

function interrupted(io: Io): Promise<void> {
  return new Promise((done) => {
    if (io.interrupted.aborted) done();
    else io.interrupted.addEventListener('abort', () => done(), { once: true });
  });
}
