import { UserError } from '../core/errors.ts';
import { nearestName } from '../sources/suggest.ts';
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
  'launch-type': { value: 'TYPE', oneOf: ['ec2', 'external'], summary: 'kind of instance (default: ec2)' },
  switch: { value: 'NAME=true|false', repeatable: true, summary: 'a switch of its agent' },
  endpoint: { value: 'URL', summary: 'the server (default: AWS_ENDPOINT_URL, else http://127.0.0.1:4566)' },
  region: { value: 'REGION', summary: 'Region (default: AWS_REGION, else eu-west-1)' },
} as const;

export const instanceCommand: Command = {
  usage: 'add [options]',
  flags: FLAGS,
  notes: [`Switches: ${Object.keys(SWITCHES).join(', ')}.`],
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
    const client = await connect(
      flags.endpoint,
      flags.region === undefined ? regionOf(io) : regionCode(flags.region),
      io,
    );
    const answer = (await askServer(client, 'POST', '/_rolecall/instances', {
      cluster: flags.cluster ?? 'default',
      launchType: (flags['launch-type'] ?? 'ec2').toUpperCase(),
      ...(flags.role === undefined ? {} : { role: flags.role }),
      ...(Object.keys(switches).length === 0 ? {} : { switches }),
    })) as { containerInstanceArn: string; ec2InstanceId: string };
    client.close();
    io.stdout.write(`${answer.containerInstanceArn}  ${answer.ec2InstanceId}\n`);
    return 0;
  },
};

function agentSwitches(texts: readonly string[]): Record<string, boolean> {
  const names = Object.keys(SWITCHES);
  const result: Record<string, boolean> = {};
  for (const [name, value] of pairs('switch', texts)) {
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
