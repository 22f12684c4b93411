import { UserError } from '../core/errors.ts';
import type { TrailEntry } from '../gateway/trail.ts';
import type { LogEntry } from '../store/collections.ts';
import type { Command } from './command.ts';
import { connect, regionOf, unreachable } from './connection.ts';
import { readArguments, regionCode } from './flags.ts';
import { readTrail } from './follow.ts';
import { ledgerHeader, ledgerLine, ledgerRow } from './output/ledger.ts';
import { styleOf } from './output/style.ts';

const FLAGS = {
  task: { value: 'ARN|ID', summary: 'calls of this task only' },
  denied: { summary: 'refused calls only' },
  json: { summary: 'print each record as a line of JSON, CloudTrail’s own record included' },
  endpoint: { value: 'URL', summary: 'the server (default: AWS_ENDPOINT_URL, else http://127.0.0.1:4566)' },
  region: { value: 'REGION', summary: 'Region of the signature (default: AWS_REGION, else eu-west-1)' },
} as const;

export const trailCommand: Command = {
  usage: '[options]',
  flags: FLAGS,
  notes: [
    'Reads with the key pair of the account’s root user: AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, else test/test.',
  ],
  async run(args, io) {
    const { flags, positionals } = readArguments('trail', FLAGS, args);
    if (positionals.length > 0)
      throw new UserError(
        'argument-unexpected',
        `\`rolecall trail\` takes no \`${positionals[0]}\``,
        'To see one task: --task ARN or its id.',
      );
    const { task } = flags;
    if (task !== undefined && !/^(arn:aws[a-z-]*:ecs:.+:task\/.+|[0-9a-f]{32})$/.test(task))
      throw new UserError('flag-value', `--task ${task} is neither a task's ARN nor its id`, 'Ids are 32 hex digits.');
    const client = await connect(
      flags.endpoint,
      flags.region === undefined ? regionOf(io) : regionCode(flags.region),
      io,
    );
    let entries: LogEntry<TrailEntry>[];
    try {
      entries = await readTrail(client, flags.denied ? { denied: '1' } : {});
    } catch (error) {
      throw refusedTrail(unreachable(flags.endpoint ?? 'the endpoint', error));
    } finally {
      client.close();
    }
    const wanted = entries.filter(
      ({ value }) => task === undefined || value.taskArn === task || value.taskArn?.endsWith(`/${task}`) === true,
    );
    if (flags.json) {
      for (const entry of wanted) io.stdout.write(`${JSON.stringify(entry)}\n`);
      return 0;
    }
    const style = styleOf(io, io.stdout);
    io.stdout.write(`${ledgerHeader(style)}\n`);
    for (const { value } of wanted) io.stdout.write(`${ledgerLine(ledgerRow(value), style)}\n`);
    return 0;
  },
};

function refusedTrail(error: unknown): unknown {
  if (!(error instanceof Error) || !('status' in error) || (error.status !== 403 && error.status !== 400)) return error;
  return new UserError(
    'trail-refused',
    'the server does not show the trail to these keys',
    'Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY to the key pair of the account’s root user.',
  );
}
