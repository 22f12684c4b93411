import { writeFileSync } from 'node:fs';
import { type CheckResult, check } from '../check/check.ts';
import type { CheckOptions } from '../check/model/world.ts';
import { githubReport } from '../check/report/github.ts';
import { jsonReport } from '../check/report/json.ts';
import { junitReport } from '../check/report/junit.ts';
import { markdownReport } from '../check/report/markdown.ts';
import { notReadLines } from '../check/report/not-read.ts';
import { exitCode, type FailOn, PLAIN, VERDICTS } from '../check/report/report.ts';
import { sarifReport } from '../check/report/sarif.ts';
import { textReport } from '../check/report/text.ts';
import { UserError } from '../core/errors.ts';
import { MalformedPolicyDocument } from '../policy/malformed.ts';
import { parsePolicy } from '../policy/parse.ts';
import type { LaunchType } from '../roles/duty.ts';
import { fileText, WORKLOAD_FLAGS, workloadFor } from './checked-workload.ts';
import type { Command } from './command.ts';
import { readArguments } from './flags.ts';
import type { Io } from './io.ts';
import { harmless, styleOf } from './output/style.ts';
import { observedCalls } from './trail-input.ts';

const FLAGS = {
  'launch-type': {
    value: 'TYPE',
    oneOf: ['fargate', 'ec2', 'external'],
    repeatable: true,
    summary: 'check for this launch type only',
  },
  caller: { value: 'ARN', summary: 'who deploys: may this role or user pass the roles?' },
  'instance-role': { value: 'NAME|ARN', summary: 'the role of the container instances' },
  scp: {
    value: 'FILE,…',
    repeatable: true,
    summary: 'service control policies of one level, root first; once for each level',
  },
  cluster: { value: 'NAME', summary: 'the cluster (default: the one of the workload)' },
  exec: { summary: 'tasks run with ECS Exec enabled' },
  trail: {
    value: 'FILE|URL',
    summary: 'what the task roles were seen to do: shows which of their grants were never used',
  },
  ...WORKLOAD_FLAGS,
  format: {
    value: 'FORMAT',
    oneOf: ['text', 'json', 'sarif', 'junit', 'github', 'markdown'],
    summary: 'how the report is written (default: text)',
  },
  out: { value: 'FILE', summary: 'write the report to FILE' },
  'fail-on': {
    value: 'VERDICT',
    oneOf: [...VERDICTS, 'never'],
    summary: 'exit with 1 from this verdict on (default: refused)',
  },
} as const;

type CheckFlags = ReturnType<typeof readArguments<typeof FLAGS>>['flags'];

export const checkCommand: Command = {
  usage: 'PATH... [options]',
  flags: FLAGS,
  notes: [
    'PATH is a folder or file as for `rolecall run`. Nothing is called and no account is needed.',
    'Exit code: 0 when nothing at or above --fail-on is found, 1 when something is, 2 when the input is not usable.',
    'What is of other accounts is told apart by the CDK app, the Terraform provider, the ARNs of an export, or rolecall.json: { "accounts": { "FOLDER/": "222222222222" } }.',
    'Every finding has an id; docs/rules/ID.md says what happens in AWS. Silence one in rolecall.json: { "silence": [{ "id": "RC301", "reason": "…" }] }.',
  ],
  async run(args, io) {
    const { flags, positionals } = readArguments('check', FLAGS, args);
    const progress = startProgress(io);
    let result: CheckResult;
    try {
      let files = 0;
      const workload = workloadFor('check', positionals, flags, io, () => progress.say(`reading: ${++files} files`));
      const observed = flags.trail === undefined ? undefined : await observedCalls(flags.trail, io);
      result = check(workload, {
        ...optionsOf(flags),
        ...(observed === undefined ? {} : { observed }),
        onProgress: (done, of) => progress.say(`checking: ${done} of ${of} task definitions`),
      });
    } finally {
      progress.end();
    }
    const failOn = (flags['fail-on'] ?? 'refused') as FailOn;
    const text = reportText(result, flags, failOn, io);
    // Reports for people say it themselves.
    if (flags.format !== undefined && !['text', 'markdown'].includes(flags.format))
      for (const line of notReadLines(result)) io.stderr.write(`${harmless(line)}\n`);
    if (flags.out === undefined) io.stdout.write(text);
    else write(flags.out, text);
    return exitCode(result.findings, failOn);
  },
};

/** @throws UserError */
export function optionsOf(
  flags: Pick<CheckFlags, 'launch-type' | 'caller' | 'instance-role' | 'cluster' | 'scp' | 'exec'>,
): CheckOptions {
  const launchTypes = flags['launch-type'].map((type) => type.toUpperCase() as LaunchType);
  return {
    exec: flags.exec,
    ...(launchTypes.length === 0 ? {} : { launchTypes }),
    ...(flags.caller === undefined ? {} : { caller: flags.caller }),
    ...(flags.cluster === undefined ? {} : { cluster: flags.cluster }),
    ...(flags['instance-role'] === undefined ? {} : { instanceRole: flags['instance-role'] }),
    ...(flags.scp.length === 0 ? {} : { scp: flags.scp.map(scpLevel) }),
  };
}

function scpLevel(files: string) {
  return files.split(',').map((file) => {
    const text = fileText('scp', file);
    try {
      return { name: file, policy: parsePolicy(text, 'scp', { purpose: 'evaluate' }) };
    } catch (error) {
      if (!(error instanceof MalformedPolicyDocument)) throw error;
      throw new UserError(
        'malformed-policy',
        `${file} is no service control policy: ${error.detail} (line ${error.line})`,
        'Correct the policy at this place.',
      );
    }
  });
}

function reportText(result: CheckResult, flags: CheckFlags, failOn: FailOn, io: Io): string {
  const json = (value: object) => `${JSON.stringify(value, undefined, 2)}\n`;
  switch (flags.format) {
    case 'json':
      return json(jsonReport(result));
    case 'sarif':
      return json(sarifReport(result, io.version));
    case 'junit':
      return junitReport(result, failOn);
    case 'github':
      return githubReport(result);
    case 'markdown':
      return markdownReport(result);
    default:
      // Names come from files of others: nothing of them may move the cursor.
      return harmless(textReport(result, flags.out === undefined ? styleOf(io, io.stdout) : PLAIN));
  }
}

function write(file: string, text: string): void {
  try {
    writeFileSync(file, text);
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    throw new UserError('file-not-writable', `--out ${file} cannot be written (${code})`, 'Check the path.');
  }
}

/** A line on a terminal when it takes over a second. */
function startProgress(io: Io): { say(text: string): void; end(): void } {
  let shownAt = performance.now();
  let shown = false;
  return {
    say(text) {
      const now = performance.now();
      if (io.stderr.isTTY !== true || now - shownAt < 1000) return;
      shownAt = now;
      shown = true;
      io.stderr.write(`\r${text}\u001b[K`);
    },
    end() {
      if (shown) io.stderr.write('\r\u001b[K');
    },
  };
}
