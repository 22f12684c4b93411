import { type CheckResult, check } from '../check/check.ts';
import { optionsOf } from './check.ts';
import { WORKLOAD_FLAGS, workloadFor } from './checked-workload.ts';
import type { Command } from './command.ts';
import { readArguments } from './flags.ts';
import { cut, type Style, styleOf } from './output/style.ts';

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
  json: { summary: 'print one JSON document' },
  ...WORKLOAD_FLAGS,
} as const;

export const planCommand: Command = {
  usage: 'PATH... [options]',
  flags: FLAGS,
  notes: [
    'Every AWS call that ECS will make for a task: which role makes it, at which stage, because of what. Nothing is decided.',
  ],
  async run(args, io) {
    const { flags, positionals } = readArguments('plan', FLAGS, args);
    const workload = workloadFor('plan', positionals, flags, io);
    const result = check(workload, optionsOf({ ...flags, caller: undefined, scp: [] }));
    if (flags.json) {
      const duties = result.duties.map(({ verdict: _, ...duty }) => duty);
      io.stdout.write(`${JSON.stringify({ version: 1, duties }, undefined, 2)}\n`);
      return 0;
    }
    io.stdout.write(
      planLines(result, styleOf(io, io.stdout))
        .map((line) => `${line}\n`)
        .join(''),
    );
    return 0;
  },
};

function planLines({ tasks, world }: CheckResult, style: Style): string[] {
  return tasks.flatMap(({ family, launchType, duties }) => [
    style.bold(`${family} on ${launchType}`),
    ...duties.map(({ call, role, action, resource, because }) => {
      const sometimes = call.occurs === 'if-needed' ? ' (if needed)' : '';
      const line =
        `  ${call.stage.padEnd(18)}${role.padEnd(20)}${action.padEnd(34)} ${world.tokens.shown(resource)}${sometimes}  ${because}`.trimEnd();
      return style.width === undefined ? line : cut(line, style.width);
    }),
    '',
  ]);
}
