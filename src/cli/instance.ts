import { UserError } from '../core/errors.ts';
import { metadataOptionProblem, metadataOptionValue } from '../core/metadata-options.ts';
import { nearestName } from '../sources/suggest.ts';
import type { AwsClient } from '../wire/client.ts';
import type { Command } from './command.ts';
import { askServer, connect, regionOf } from './connection.ts';
import { pairs, readArguments, regionCode } from './flags.ts';

/** The agent's own switches, and one of ours. Source: Amazon ECS Developer Guide, ecs-agent-config. */
const SWITCHES: Readonly<Record<string, string>> = {
  ECS_ENABLE_AWSLOGS_EXECUTIONROLE_OVERRIDE: 'logsWithExecutionRole',
  ECS_PULL_WITH_EXECUTION_ROLE: 'pullsWithExecutionRole',
  ECS_AWSVPC_BLOCK_IMDS: 'awsvpcBlockImds',
  ECS_ENABLE_TASK_IAM_ROLE: 'taskIamRole',
  ECS_ENABLE_TASK_IAM_ROLE_NETWORK_HOST: 'taskIamRoleNetworkHost',
};

const FLAGS = {
  cluster: { value: 'NAME', summary: 'cluster (default: default)' },
  role: { value: 'NAME', summary: 'instance role (default: ecsInstanceRole, made when it is missing)' },
  type: { value: 'TYPE', summary: 'instance type: how much CPU and memory it has (default: m5.xlarge)' },
  attribute: { value: 'NAME=VALUE', repeatable: true, summary: 'a custom attribute, for placement constraints' },
  'availability-zone': { value: 'ZONE', summary: 'Availability Zone (default: the first of the Region)' },
  count: { value: 'N', summary: 'how many (default: 1)' },
  'launch-type': { value: 'TYPE', oneOf: ['ec2', 'external'], summary: 'kind of instance (default: ec2)' },
  'metadata-options': {
    value: 'NAME=VALUE,…',
    summary:
      'of the instance metadata: HttpTokens=required|optional, HttpPutResponseHopLimit=1-64, HttpEndpoint=enabled|disabled',
  },
  switch: { value: 'NAME=true|false', repeatable: true, summary: 'a switch of its agent' },
  endpoint: { value: 'URL', summary: 'the server (default: AWS_ENDPOINT_URL, else http://127.0.0.1:4566)' },
  region: { value: 'REGION', summary: 'Region, that of the server: instances are in no other' },
} as const;

export const instanceCommand: Command = {
  usage: 'add [options]',
  flags: FLAGS,
  notes: [
    'Metadata options that are not given: HttpTokens=required,HttpPutResponseHopLimit=2,HttpEndpoint=enabled.',
    `Switches: ${Object.keys(SWITCHES).join(', ')}.`,
  ],
  async run(args, io) {
    const { flags, positionals } = readArguments('instance', FLAGS, args);
    const [what, ...more] = positionals;
    if (what !== 'add' || more.length > 0)
      throw new UserError(
        'argument-unexpected',
        what === undefined
          ? '`rolecall instance` needs to know what to do'
          : `\`rolecall instance\` cannot \`${positionals.join(' ')}\``,
        'Write `rolecall instance add`.',
      );
    const switches = agentSwitches(flags.switch);
    const attributes = Object.fromEntries(pairs('attribute', flags.attribute, 'stack=blue'));
    const metadataOptions = optionsOfMetadata(flags['metadata-options']);
    const count = instanceCount(flags.count);
    const client = await connect(
      flags.endpoint,
      flags.region === undefined ? regionOf(io) : regionCode(flags.region),
      io,
    );
    const request = {
      cluster: flags.cluster ?? 'default',
      launchType: (flags['launch-type'] ?? 'ec2').toUpperCase(),
      ...(flags.role === undefined ? {} : { role: flags.role }),
      ...(flags.type === undefined ? {} : { instanceType: flags.type }),
      ...(flags['availability-zone'] === undefined ? {} : { availabilityZone: flags['availability-zone'] }),
      ...(Object.keys(attributes).length === 0 ? {} : { attributes }),
      ...(metadataOptions === undefined ? {} : { metadataOptions }),
      ...(Object.keys(switches).length === 0 ? {} : { switches }),
    };
    try {
      if (flags.region !== undefined) await requireRegion(client, flags.region);
      for (let made = 0; made < count; made++) {
        const answer = (await askServer(client, 'POST', '/_rolecall/instances', request)) as {
          containerInstanceArn: string;
          ec2InstanceId: string;
        };
        io.stdout.write(`${answer.containerInstanceArn}  ${answer.ec2InstanceId}\n`);
      }
    } finally {
      client.close();
    }
    return 0;
  },
};

/** @throws UserError for a Region that is not the server's */
async function requireRegion(client: AwsClient, wanted: string): Promise<void> {
  const { region } = (await askServer(client, 'GET', '/_rolecall/health')) as { region: string };
  if (region === wanted) return;
  throw new UserError(
    'flag-value',
    `--region ${wanted} is not the Region of the server, ${region}, which its container instances are in`,
    `Give --region ${region} or leave it out, or start a server with \`rolecall up --region ${wanted}\`.`,
  );
}

function instanceCount(text: string | undefined): number {
  if (text === undefined) return 1;
  const count = Number(text);
  if (/^\d+$/.test(text) && count >= 1 && count <= 100) return count;
  throw new UserError('flag-value', `--count does not take \`${text}\``, 'Give a number from 1 to 100.');
}

/** As `aws ec2 run-instances --metadata-options` takes them. */
function optionsOfMetadata(text: string | undefined): Record<string, unknown> | undefined {
  if (text === undefined) return undefined;
  const wrong = (what: string, help: string) => new UserError('flag-value', `--metadata-options: ${what}`, help);
  const result: Record<string, unknown> = {};
  for (const part of text.split(',')) {
    const [, name, value] = /^([^=]+)=(.*)$/.exec(part) ?? [];
    if (name === undefined)
      throw wrong(
        `\`${part}\` is not of the form NAME=VALUE`,
        'Example: --metadata-options HttpTokens=required,HttpPutResponseHopLimit=1',
      );
    if (Object.hasOwn(result, name)) throw wrong(`${name} is given twice`, 'Give it once.');
    const option = metadataOptionValue(name, value);
    const problem = metadataOptionProblem(name, option);
    if (problem !== undefined) throw wrong(problem.what, problem.help);
    result[name] = option;
  }
  return result;
}

function agentSwitches(texts: readonly string[]): Record<string, boolean> {
  const names = Object.keys(SWITCHES);
  const result: Record<string, boolean> = {};
  for (const [name, value] of pairs('switch', texts, 'ECS_AWSVPC_BLOCK_IMDS=true')) {
    const member = Object.hasOwn(SWITCHES, name) ? SWITCHES[name] : undefined;
    if (member === undefined) {
      const similar = nearestName(name, names);
      throw new UserError(
        'flag-value',
        `--switch: the agent has no switch \`${name}\``,
        similar === undefined ? `Switches: ${names.join(', ')}.` : `Did you mean \`${similar}\`?`,
      );
    }
    if (value !== 'true' && value !== 'false')
      throw new UserError('flag-value', `--switch ${name} does not take \`${value}\``, 'Values: true, false.');
    result[member] = value === 'true';
  }
  return result;
}
