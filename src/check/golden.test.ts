import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { parsePolicy } from '../policy/parse.ts';
import { readWorkload, settingsOf } from '../sources/read-workload.ts';
import { check } from './check.ts';
import { callsOfText } from './least-privilege/trail-calls.ts';
import type { CheckOptions } from './model/world.ts';
import { jsonReport } from './report/json.ts';
import { ruleInfos } from './rules/rules.ts';

const ROOT = fileURLToPath(new URL('../../tests/golden/', import.meta.url));
const cases = readdirSync(ROOT, { withFileTypes: true }).filter((entry) => entry.isDirectory());
/** `GOLDEN=write` writes what is reported as what is expected: for a person to read before it is kept. */
const WRITE = process.env.GOLDEN === 'write';

interface GivenOptions extends Omit<CheckOptions, 'scp' | 'observed'> {
  readonly scp?: readonly (readonly string[])[];
  readonly trail?: string;
}

function optionsOf(folder: string): CheckOptions {
  const file = join(folder, 'options.json');
  const { scp, trail, ...given } = (existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : {}) as GivenOptions;
  const policy = (name: string) => ({
    name,
    policy: parsePolicy(readFileSync(join(folder, name), 'utf8'), 'scp', { purpose: 'evaluate' }),
  });
  const observed = trail === undefined ? undefined : callsOfText(readFileSync(join(folder, trail), 'utf8'));
  return {
    ...given,
    ...(scp === undefined ? {} : { scp: scp.map((level) => level.map(policy)) }),
    ...(observed === undefined ? {} : { observed }),
  };
}

function reportOf(folder: string) {
  const { account = '000000000000', region = 'eu-west-1' } = settingsOf([folder]);
  const report = jsonReport(check(readWorkload([folder], { account, region }), optionsOf(folder)));
  // Places are told from the case's folder.
  return JSON.parse(JSON.stringify(report).replaceAll(`${folder}/`, '')) as typeof report;
}

describe.each(cases.map(({ name }) => name))('%s', (name) => {
  it('is reported as expected', () => {
    const folder = join(ROOT, name);
    const report = reportOf(folder);
    const file = join(folder, 'expected.json');
    if (WRITE) writeFileSync(file, `${JSON.stringify(report, undefined, 2)}\n`);
    const id = /^RC\d{3}/.exec(name)?.[0];
    if (id !== undefined) expect(report.findings.map((finding) => finding.id)).toContain(id);
    expect(report).toEqual(JSON.parse(readFileSync(file, 'utf8')));
    for (const { source } of report.findings) expect(source.line).toBeGreaterThan(0);
  });
});

/** Rules about resources of another account: no input of these forms says such a resource's policy. */
const ELSEWHERE = new Set(['RC109', 'RC126']);

it('has a case for every rule', () => {
  const covered = new Set(cases.map(({ name }) => name.slice(0, 5)));
  const missing = ruleInfos.map(({ id }) => id).filter((id) => !covered.has(id) && !ELSEWHERE.has(id));
  expect(missing).toEqual([]);
});
