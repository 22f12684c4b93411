import { existsSync } from 'node:fs';
import { text as readAll } from 'node:stream/consumers';
import { type CheckResult, check } from '../check/check.ts';
import { explainErrorText, type TextDiagnosis } from '../check/explain/explain-text.ts';
import type { CheckOptions } from '../check/model/world.ts';
import { messageOf } from '../check/report/report.ts';
import { wrapped } from '../check/report/wrap.ts';
import { UserError } from '../core/errors.ts';
import { placeOf } from '../sources/origin.ts';
import type { Workload } from '../sources/workload.ts';
import { optionsOf } from './check.ts';
import { WORKLOAD_FLAGS, workloadFor } from './checked-workload.ts';
import type { Command } from './command.ts';
import { readArguments } from './flags.ts';
import { harmless, type Style, styleOf } from './output/style.ts';

const FLAGS = {
  'launch-type': {
    value: 'TYPE',
    oneOf: ['fargate', 'ec2', 'external'],
    repeatable: true,
    summary: 'the task ran on this launch type',
  },
  'instance-role': { value: 'NAME|ARN', summary: 'the role of the container instances' },
  cluster: { value: 'NAME', summary: 'the cluster (default: the one of the workload)' },
  exec: { summary: 'tasks run with ECS Exec enabled' },
  json: { summary: 'print one JSON document' },
  ...WORKLOAD_FLAGS,
} as const;

export const explainCommand: Command = {
  usage: '[TEXT] [PATH...] [options]',
  flags: FLAGS,
  notes: [
    'TEXT is an error of AWS: a stopped reason, a service event, a refusal; without it, standard input is read. PATH is the workload it happened to.',
    'Exit code: 0 when the text is recognised, 1 when it is not.',
  ],
  async run(args, io) {
    const { flags, positionals } = readArguments('explain', FLAGS, args);
    // The first that is no file is the text; a path that does not exist is then still said to be one.
    const at = positionals.findIndex((given) => !existsSync(given));
    const paths = at === -1 ? positionals : positionals.toSpliced(at, 1);
    const pasted = positionals[at] ?? (process.stdin.isTTY ? '' : await readAll(process.stdin));
    if (pasted.trim() === '')
      throw new UserError(
        'text-missing',
        'there is no text to explain',
        'Example: rolecall explain "ECS was unable to assume the role …" examples/orders',
      );
    const result =
      paths.length === 0
        ? undefined
        : checked(
            workloadFor('explain', paths, flags, io),
            optionsOf({ ...flags, caller: undefined, scp: [] }),
            pasted,
          );
    const diagnosis = explainErrorText(pasted, result);
    if (flags.json) {
      io.stdout.write(`${JSON.stringify(documentOf(diagnosis), undefined, 2)}\n`);
      return diagnosis === undefined ? 1 : 0;
    }
    const style = styleOf(io, io.stdout);
    const lines = diagnosis === undefined ? notRecognised() : diagnosisLines(diagnosis, result, style);
    io.stdout.write(`${lines.join('\n')}\n`);
    return diagnosis === undefined ? 1 : 0;
  },
};

/** Who may not pass a role stands in the text: where the input has that role or user, it is the caller. */
function checked(workload: Workload, options: CheckOptions, text: string): CheckResult {
  const caller = callerIn(text);
  try {
    return check(workload, caller === undefined ? options : { ...options, caller });
  } catch (error) {
    if (!(error instanceof UserError) || error.code !== 'caller-not-found') throw error;
    return check(workload, options);
  }
}

function callerIn(text: string): string | undefined {
  if (!text.includes('iam:PassRole')) return undefined;
  return /User: (arn:[\w-]+:(?:sts::\d{12}:assumed-role|iam::\d{12}:user)\/[^\s]+)/.exec(text)?.[1];
}

function documentOf(diagnosis: TextDiagnosis | undefined): object {
  if (diagnosis === undefined) return { version: 1, recognised: false };
  const { meaning, facts, findings } = diagnosis;
  const { fits: _, ...said } = meaning;
  const { text: _text, ...read } = facts;
  return {
    version: 1,
    recognised: true,
    ...said,
    facts: read,
    findings: findings.map(({ remedy: _remedy, ...finding }, index) => ({
      ...finding,
      why: messageOf(findings[index]!),
    })),
  };
}

function notRecognised(): string[] {
  return [
    'This text is none that Rolecall knows.',
    'Run `rolecall check` on the workload: it needs no error to find what will be refused.',
  ];
}

const KINDS: Readonly<Record<TextDiagnosis['meaning']['kind'], string>> = {
  role: 'a role problem',
  'not-a-role-problem': 'not a role problem',
  local: 'a problem of the local tool',
  unseen: 'no error, and a role problem all the same',
};

function diagnosisLines(
  { meaning, facts, findings }: TextDiagnosis,
  result: CheckResult | undefined,
  style: Style,
): string[] {
  const width = style.width ?? 120;
  const row = (word: string, text: string) => {
    const [first, ...rest] = wrapped(harmless(text), width, '         ');
    return [`  ${word.padEnd(7)}${first!.trimStart()}`, ...rest];
  };
  const lines = [
    style.bold(`${meaning.key}: ${KINDS[meaning.kind]}`),
    ...row('role', meaning.role),
    ...(facts.roleName === undefined ? [] : row('as', facts.roleName)),
    ...row('stage', meaning.stage),
    ...row('cause', meaning.cause),
    ...row('fix', meaning.fix),
  ];
  const told = new Set<string>();
  for (const finding of findings) {
    if (told.has(finding.why)) continue;
    told.add(finding.why);
    lines.push('', `${style.yellow(`${finding.id} in your input`)}  ${finding.taskDefinition ?? ''}`.trimEnd());
    if (finding.source.file !== '') lines.push(style.dim(`  at ${placeOf(finding.source)}`));
    lines.push(...wrapped(messageOf(finding), width, '  '));
    for (const { policy } of finding.fix)
      for (const statement of policy.Statement)
        lines.push(
          ...JSON.stringify(statement, undefined, 2)
            .split('\n')
            .map((line) => `       ${line}`),
        );
  }
  if (result !== undefined && findings.length === 0)
    lines.push('', 'The input does not show it: `rolecall check` finds nothing of this kind there.');
  return lines;
}
