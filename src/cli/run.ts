import { UserError } from '../core/errors.ts';
import type { LaunchType } from '../roles/duty.ts';
import { type LoadReport, load, requireLoadable } from '../sources/load/load.ts';
import { placeOf } from '../sources/origin.ts';
import { readWorkload, settingsOf } from '../sources/read-workload.ts';
import type { Workload } from '../sources/workload.ts';
import type { AwsClient } from '../wire/client.ts';
import type { Command } from './command.ts';
import { DEFAULT_ACCOUNT, refusedCall, regionOf, unreachable } from './connection.ts';
import { accountId, pairs, readArguments, regionCode } from './flags.ts';
import type { Io } from './io.ts';
import { clusterOf, instanceDefaults, launchTypesFor } from './launch-types.ts';
import { containerLine } from './output/container-output.ts';
import { ledgerHeader, ledgerLine, ledgerRow } from './output/ledger.ts';
import { styleOf } from './output/style.ts';
import { loadLines, taskSummary } from './output/summary.ts';
import { runDocument } from './run-json.ts';
import { runTask, type TaskListener } from './run-task.ts';
import { RUNTIME_FLAG, TRANSPARENT_FLAG } from './runtime-choice.ts';
import { openSession, serverAccount } from './session.ts';
import { type TaskResult, worstExitCode } from './task-result.ts';
import { missingRoles, requireAccount, writtenFor } from './workload-account.ts';

const FLAGS = {
  'launch-type': { value: 'TYPE', oneOf: ['fargate', 'ec2', 'external'], summary: 'run on this launch type only' },
  'task-role': { value: 'ARN|NAME', summary: 'override the task role, as RunTask does' },
  'execution-role': { value: 'ARN|NAME', summary: 'override the task execution role, as RunTask does' },
  runtime: RUNTIME_FLAG,
  transparent: TRANSPARENT_FLAG,
  'stand-in': { value: 'IMAGE=DIR|host', repeatable: true, summary: 'run a local program in place of an image' },
  'no-stand-ins': { summary: 'leave images.json aside: run the images themselves' },
  parameter: {
    value: 'NAME=VALUE',
    repeatable: true,
    summary: 'a parameter of the template, or a value that it cannot know',
  },
  account: { value: 'ID', summary: 'account of the server (default: that of the roles, else 000000000000)' },
  region: { value: 'REGION', summary: 'Region (default: the workload’s, else AWS_REGION, else eu-west-1)' },
  endpoint: { value: 'URL', summary: 'use this running server in place of one of its own' },
  json: { summary: 'print one JSON document at the end, and nothing else' },
  keep: { summary: 'keep the data and the containers’ scratch directories' },
} as const;

type RunFlags = ReturnType<typeof readArguments<typeof FLAGS>>['flags'];

export const runCommand: Command = {
  usage: 'PATH... [options]',
  flags: FLAGS,
  notes: [
    'PATH is a folder with task-definition*.json, roles/NAME/{trust.json,policies/*.json,managed.txt}, template.yaml and images.json, or one CloudFormation template or task definition.',
    'Exit code: that of the essential container; 3 when a task could not start; 2 for bad input; of several tasks, the worst.',
  ],
  async run(args, io) {
    const { flags, positionals } = readArguments('run', FLAGS, args);
    if (positionals.length === 0)
      throw new UserError('path-missing', 'nothing to run: no PATH is given', 'Example: rolecall run examples/orders');
    if (flags.transparent && flags.endpoint !== undefined)
      throw new UserError(
        'flag-conflict',
        '--transparent is a setting of the server, and --endpoint names one that runs already',
        'Start that server with `rolecall up --transparent`, or leave --endpoint out.',
      );
    const there = flags.endpoint === undefined ? undefined : await serverAccount(flags.endpoint, io);
    const workload = chosenWorkload(positionals, flags, there, io);
    if (workload.taskDefinitions.length === 0)
      throw new UserError(
        'nothing-to-run',
        `${positionals.join(', ')} holds no task definition`,
        'Add task-definition.json, or an AWS::ECS::TaskDefinition to the template.',
      );
    return runWorkload(workload, flags, io);
  },
};

/** The workload, read for the account and Region it is to run in. @throws UserError */
function chosenWorkload(paths: readonly string[], flags: RunFlags, there: string | undefined, io: Io): Workload {
  const settings = settingsOf(paths);
  const parameters = pairs('parameter', flags.parameter);
  const account = flags.account === undefined ? settings.account : accountId(flags.account);
  const region = flags.region === undefined ? settings.region : regionCode(flags.region);
  const read = (found: { account?: string; region?: string }) =>
    readWorkload(paths, {
      account: account ?? there ?? found.account ?? DEFAULT_ACCOUNT,
      region: region ?? found.region ?? regionOf(io),
      parameters,
    });
  const first = read({});
  const written = writtenFor(first);
  const same =
    (written.account ?? first.account) === first.account && (written.region ?? first.region) === first.region;
  // A running server has its account already; one of our own takes the account that the workload is written for.
  const workload = same || flags.endpoint !== undefined ? first : read(written);
  if (there !== undefined && workload.account !== there)
    throw new UserError(
      'account-mismatch',
      `the workload is for account ${workload.account}, and the server's account is ${there}`,
      `Start the server with --account ${workload.account}, or give --account ${there}.`,
    );
  requireAccount(workload, flags.endpoint === undefined ? 'flag' : 'server');
  requireLoadable(workload);
  return workload;
}

async function runWorkload(workload: Workload, flags: RunFlags, io: Io): Promise<number> {
  const style = styleOf(io, io.stdout);
  const say = (lines: readonly string[]) => {
    if (!flags.json) for (const line of lines) io.stdout.write(`${line}\n`);
  };
  const session = await openSession(workload, flags, io);
  const results: TaskResult[] = [];
  try {
    say(session.about.map((line) => style.dim(line)));
    const report = await load(workload, session.client, session.address, session.accessTo);
    const missing = flags.endpoint === undefined ? missingRoles(workload) : [];
    say([...loadLines(report, style), ...missing.map(missingLine), '']);
    const listener: TaskListener = {
      onCall: ({ value }) => say([ledgerLine(ledgerRow(value), style)]),
      onOutput: (line) => say([containerLine(line, style)]),
    };
    for await (const { title, start } of runsOf(workload, report, session.client, flags, io)) {
      if (io.interrupted.aborted) break;
      say([style.bold(title), ledgerHeader(style)]);
      const result = await start(listener);
      results.push(result);
      say(['', ...taskSummary(result, style), '']);
    }
    if (flags.json)
      io.stdout.write(`${JSON.stringify(runDocument(session.endpoint, report, results), undefined, 2)}\n`);
    say([style.dim(session.trail)]);
  } catch (error) {
    throw unreachable(session.endpoint, error);
  } finally {
    await session.stop();
  }
  return io.interrupted.aborted ? 130 : worstExitCode(results);
}

function missingLine({ role, origin }: ReturnType<typeof missingRoles>[number]): string {
  return `missing   role ${role} (${placeOf(origin)}): the workload does not declare it; add roles/${role}/trust.json`;
}

interface PlannedRun {
  readonly title: string;
  start(listener: TaskListener): Promise<TaskResult>;
}

async function* runsOf(
  workload: Workload,
  report: LoadReport,
  client: AwsClient,
  flags: RunFlags,
  io: Io,
): AsyncGenerator<PlannedRun> {
  const cluster = clusterOf(workload);
  await client.call('ecs', 'CreateCluster', { clusterName: cluster });
  // One container instance for each launch type that needs one.
  const served = new Set<LaunchType>();
  for (const { source, arn } of report.taskDefinitions) {
    const { taskDefinition } = await client.call('ecs', 'DescribeTaskDefinition', { taskDefinition: arn });
    const types = launchTypesFor(source, taskDefinition?.compatibilities ?? [], workload, flags['launch-type']);
    for (const launchType of types) {
      const addInstance = launchType !== 'FARGATE' && !served.has(launchType);
      served.add(launchType);
      yield plannedRun(client, workload, { arn, cluster, launchType, addInstance, flags, interrupted: io.interrupted });
    }
  }
}

interface RunChoice {
  readonly arn: string;
  readonly cluster: string;
  readonly launchType: LaunchType;
  readonly addInstance: boolean;
  readonly flags: RunFlags;
  readonly interrupted: AbortSignal;
}

function plannedRun(
  client: AwsClient,
  workload: Workload,
  { arn, cluster, launchType, addInstance, flags, interrupted }: RunChoice,
): PlannedRun {
  const roleArn = (given: string) =>
    given.startsWith('arn:') ? given : `arn:aws:iam::${workload.account}:role/${given}`;
  const request = {
    taskDefinition: arn,
    launchType,
    cluster,
    addInstance,
    instances: workload.settings.instances ?? [],
    instanceDefaults: instanceDefaults(workload, launchType),
    interrupted,
    ...(flags['task-role'] === undefined ? {} : { taskRoleArn: roleArn(flags['task-role']) }),
    ...(flags['execution-role'] === undefined ? {} : { executionRoleArn: roleArn(flags['execution-role']) }),
  };
  return {
    title: `${arn.slice(arn.lastIndexOf('/') + 1)} on ${launchType}`,
    async start(listener) {
      try {
        return await runTask(client, request, listener);
      } catch (error) {
        throw refusedCall('a call of `rolecall run`', error);
      }
    },
  };
}
