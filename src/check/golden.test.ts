import { readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { checkCase, goldenCases } from './golden-cases.ts';
import { jsonReport } from './report/json.ts';
import { ruleInfos } from './rules/rules.ts';

/** `GOLDEN=write` writes what is reported as what is expected: for a person to read before it is kept. */
const WRITE = process.env.GOLDEN === 'write';

function reportOf(folder: string) {
  const report = jsonReport(checkCase(folder));
  // Places are told from the case's folder.
  return JSON.parse(JSON.stringify(report).replaceAll(`${folder}/`, '')) as typeof report;
}

describe.each(goldenCases.map((folder) => basename(folder)))('%s', (name) => {
  it('is reported as expected', () => {
    const folder = goldenCases.find((one) => basename(one) === name)!;
    const report = reportOf(folder);
    const file = join(folder, 'expected.json');
    if (WRITE) writeFileSync(file, `${JSON.stringify(report, undefined, 2)}\n`);
    const id = /^RC\d{3}/.exec(name)?.[0];
    if (id !== undefined) expect(report.findings.map((finding) => finding.id)).toContain(id);
    expect(report).toEqual(JSON.parse(readFileSync(file, 'utf8')));
    for (const { source } of report.findings) expect(source.line).toBeGreaterThan(0);
  });
});

it('has a case for every rule', () => {
  const covered = new Set(goldenCases.map((folder) => basename(folder).slice(0, 5)));
  const missing = ruleInfos.map(({ id }) => id).filter((id) => !covered.has(id));
  expect(missing).toEqual([]);
});
