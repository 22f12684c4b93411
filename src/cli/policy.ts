import { check } from '../check/check.ts';
import { difference } from '../check/least-privilege/difference.ts';
import { leastPolicies, type RolePolicies } from '../check/least-privilege/role-policies.ts';
import type { Tokens } from '../check/model/tokens.ts';
import { ROLE_NAMES } from '../check/role-names.ts';
import type { RoleKind } from '../roles/duty.ts';
import { optionsOf } from './check.ts';
import { WORKLOAD_FLAGS, workloadFor } from './checked-workload.ts';
import type { Command } from './command.ts';
import { readArguments } from './flags.ts';
import { type Style, styleOf } from './output/style.ts';
import { observedCalls } from './trail-input.ts';

const FLAGS = {
  'launch-type': {
    value: 'TYPE',
    oneOf: ['fargate', 'ec2', 'external'],
    repeatable: true,
    summary: 'for this launch type only',
  },
  'instance-role': { value: 'NAME|ARN', summary: 'the role of the container instances' },
  cluster: { value: 'NAME', summary: 'the cluster (default: the one of the workload)' },
  exec: { summary: 'tasks run with ECS Exec enabled' },
  trail: {
    value: 'FILE|URL',
    summary:
      'what the task role was seen to do: `rolecall trail --json`, a server, CloudTrail’s files or a folder of them',
  },
  diff: { summary: 'show the difference to what the roles have' },
  json: { summary: 'print one JSON document' },
  ...WORKLOAD_FLAGS,
} as const;

export const policyCommand: Command = {
  usage: 'PATH... [options]',
  flags: FLAGS,
  notes: [
    'Execution and instance role: from the plan, so exactly what ECS will ask. Task role: from a trail, so what was seen.',
    'Each document fits into one managed policy (6,144 characters).',
  ],
  async run(args, io) {
    const { flags, positionals } = readArguments('policy', FLAGS, args);
    const workload = workloadFor('policy', positionals, flags, io);
    const observed = flags.trail === undefined ? undefined : await observedCalls(flags.trail, io);
    const result = check(workload, optionsOf({ ...flags, caller: undefined, scp: [] }));
    const policies = leastPolicies(result, observed);
    const { tokens } = result.world;
    if (flags.json) {
      const roles = policies.map(({ view: _, ...rest }, index) =>
        flags.diff ? { ...rest, difference: difference(policies[index]!, tokens) } : rest,
      );
      io.stdout.write(`${JSON.stringify({ version: 1, roles }, undefined, 2)}\n`);
      return 0;
    }
    const style = styleOf(io, io.stdout);
    for (const each of policies)
      io.stdout.write(
        `${(flags.diff ? differenceLines(each, tokens, style) : documentLines(each, style)).join('\n')}\n\n`,
      );
    return 0;
  },
};

function heading({ role, roleName, from, notes }: RolePolicies, style: Style): string[] {
  const word = ROLE_NAMES[role as RoleKind];
  return [style.bold(`# ${word} ${roleName}, from the ${from}`), ...notes.map((note) => style.yellow(`# ${note}`))];
}

function documentLines(policies: RolePolicies, style: Style): string[] {
  const { documents } = policies;
  return [
    ...heading(policies, style),
    ...(documents.length === 0 ? [style.dim('# needs no policy')] : []),
    ...documents.flatMap((document, index) => [
      ...(documents.length > 1 ? [style.dim(`# document ${index + 1} of ${documents.length}`)] : []),
      JSON.stringify(document, undefined, 2),
    ]),
  ];
}

function differenceLines(policies: RolePolicies, tokens: Tokens, style: Style): string[] {
  const { added, removed, detached, kept } = difference(policies, tokens);
  return [
    ...heading(policies, style),
    ...detached.map((arn) => style.red(`- ${arn}`)),
    ...removed.map(({ action, resource, policy }) => style.red(`- ${action} on ${resource} (${policy})`)),
    ...added.map(({ action, resource }) => style.green(`+ ${action} on ${resource}`)),
    style.dim(`  ${kept} unchanged`),
  ];
}
