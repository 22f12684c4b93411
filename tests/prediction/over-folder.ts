import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative, resolve } from 'node:path';
import { check } from '../../src/check/check.ts';
import { leastPolicies } from '../../src/check/least-privilege/role-policies.ts';
import { remaining, withPolicies } from '../../src/check/testing.ts';
import { UserError } from '../../src/core/errors.ts';
import { readWorkload, settingsOf } from '../../src/sources/read-workload.ts';
import { differences, type Predicted, type Ran, refusedRegistration } from './compare.ts';
import { inputsOf } from './inputs.ts';

/**
 * `node scripts/corpus.mjs FOLDER`: every input of a folder is checked; what can start is run, and what was predicted is
 * compared with what happened, call by call; the policies that are printed for it are put in place of its own, and it is
 * checked again. Exit code 1 when something differs, crashes, or is still refused.
 */
const [given] = process.argv.slice(2);
if (given === undefined) {
  process.stderr.write('usage: node scripts/corpus.mjs FOLDER\n');
  process.exit(2);
}
const folder = resolve(given);
const PROGRAM = resolve('bin/rolecall.js');
const SIDE_BY_SIDE = 2;

interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

function rolecall(...args: string[]): Promise<Ended> {
  return new Promise((done) => {
    const options = { env: { ...process.env, NO_COLOR: '1' }, maxBuffer: 256 * 1024 * 1024, timeout: 180_000 };
    execFile(process.execPath, [PROGRAM, ...args], options, (error, stdout, stderr) =>
      done({ code: error === null ? 0 : typeof error.code === 'number' ? error.code : -1, stdout, stderr }),
    );
  });
}

const counts = new Map<string, number>();
const count = (what: string, by = 1) => counts.set(what, (counts.get(what) ?? 0) + by);
const wrong: string[] = [];

/** The error code that a command printed; a crash has none. */
function errorCode({ stderr }: Ended): string | undefined {
  return /^error\[([a-z-]+)\]/m.exec(stderr)?.[1];
}

async function predicted(path: string, name: string, standIn: string): Promise<void> {
  const checked = await rolecall('check', path, '--format', 'json');
  count('inputs');
  if (checked.code !== 0 && checked.code !== 1) {
    const code = errorCode(checked);
    if (code === undefined) wrong.push(`${name}: check crashed: ${checked.stderr.slice(0, 300)}`);
    else count(`check: not usable (${code})`);
    return;
  }
  count('check: reported');
  const { duties, findings } = JSON.parse(checked.stdout) as {
    duties: Predicted[];
    findings: { verdict: string; why: string }[];
  };
  for (const { verdict } of duties) count(`check: calls ${verdict}`);
  for (const { verdict, why } of findings) {
    count(`check: findings ${verdict}`);
    if (verdict === 'unknown' && !/ Fix: \S/.test(why)) wrong.push(`${name}: says not what is missing: ${why}`);
  }
  const ran = await rolecall('run', path, '--json', '--stand-in', `*=${standIn}`);
  if (!ran.stdout.startsWith('{')) {
    const code = errorCode(ran);
    if (code === undefined) wrong.push(`${name}: run crashed: ${ran.stderr.slice(0, 300)}`);
    else count(`run: cannot start (${code})`);
    const refused = refusedRegistration(ran.stderr);
    if (refused === undefined) return;
    count('run: registrations refused, and compared');
    if (!findings.some(({ why }) => why.includes(refused))) wrong.push(`${name}: not predicted: ${refused}`);
    return;
  }
  const { tasks } = JSON.parse(ran.stdout) as { tasks: (Ran & { readonly taskDefinition: string })[] };
  count('run: inputs compared');
  for (const task of tasks) {
    const family = task.taskDefinition.split(':')[0];
    const own = duties.filter(({ taskDefinition }) => taskDefinition === family);
    count('run: tasks compared');
    count(task.started ? 'run: tasks started' : 'run: tasks stopped before they started');
    count(
      'run: checks of calls compared',
      task.calls.reduce((sum, { checks }) => sum + checks.length, 0),
    );
    for (const difference of differences(own, task)) wrong.push(`${name} on ${task.launchType}: ${difference}`);
  }
}

/** The printed policies in place of the roles' own: nothing refused for want of a permission, nothing beyond need. */
function applied(path: string, name: string): void {
  try {
    const { account = '000000000000', region = 'eu-west-1' } = settingsOf([path]);
    const workload = readWorkload([path], { account, region });
    const printed = leastPolicies(check(workload), undefined);
    if (printed.length === 0) return;
    count('policy: inputs');
    count('policy: roles', printed.length);
    count(
      'policy: documents',
      printed.reduce((sum, { documents }) => sum + documents.length, 0),
    );
    for (const line of remaining(check(withPolicies(workload, printed))))
      wrong.push(`${name} with its printed policies: ${line}`);
  } catch (error) {
    if (!(error instanceof UserError)) wrong.push(`${name}: policy crashed: ${(error as Error).stack}`);
  }
}

const standIn = mkdtempSync(join(tmpdir(), 'rolecall-corpus-'));
writeFileSync(join(standIn, 'stand-in.json'), JSON.stringify({ command: [process.execPath, '-e', ''] }));
try {
  const inputs = inputsOf(folder);
  if (inputs.length === 0) wrong.push(`${given} holds no input: no folder of a workload, no JSON and no YAML`);
  const work = inputs[Symbol.iterator]();
  const worker = async () => {
    for (const path of work) {
      const name = relative(folder, path);
      await predicted(path, name, standIn);
      applied(path, name);
    }
  };
  await Promise.all(Array.from({ length: SIDE_BY_SIDE }, worker));
} finally {
  rmSync(standIn, { recursive: true, force: true });
}
for (const line of wrong) process.stdout.write(`${line}\n`);
for (const [what, number] of [...counts].sort(([a], [b]) => (a < b ? -1 : 1)))
  process.stdout.write(`${String(number).padStart(7)}  ${what}\n`);
process.stdout.write(`${String(wrong.length).padStart(7)}  differences\n`);
process.exitCode = wrong.length === 0 ? 0 : 1;
