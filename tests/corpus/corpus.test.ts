import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { readCases } from '../../src/policy/cases/policy-case.ts';
import { runCase } from '../../src/policy/cases/run-case.ts';
import { decide } from '../../src/policy/decide.ts';
import { explanationLines } from '../../src/policy/explanation-text.ts';
import { plainJson, readJson } from '../../src/policy/json.ts';
import { preparePolicies } from '../../src/policy/prepare.ts';
import { awsManagedPolicy } from '../../src/services/iam/managed-policies.ts';

const folder = new URL('.', import.meta.url);
const files = readdirSync(folder).filter((name) => name.endsWith('.json'));

function managedDocument(arn: string): string {
  const policy = awsManagedPolicy(arn);
  if (policy === undefined) throw new Error(`${arn} is unknown`);
  return policy.document;
}

describe.each(files)('%s', (file) => {
  const text = readFileSync(new URL(file, folder), 'utf8');
  const root = readJson(text);
  const cases = readCases(text, root, managedDocument);

  test.each(cases.map((each) => [`${each.id}: ${each.name}`, each] as const))('%s', (_title, policyCase) => {
    const result = runCase(policyCase);
    expect(result.passed, explanationLines(result.explanation).join('\n')).toBe(true);
    expect(decide(policyCase.request, preparePolicies(policyCase.policies))).toEqual(result.explanation.decision);
  });

  test('every case names the page it comes from', () => {
    for (const { source } of plainJson(root) as { source: unknown }[]) expect(source).toMatch(/^https:\/\//);
  });
});

test('the corpus holds at least 300 decisions, each with its own id', () => {
  const ids = files.flatMap((file) =>
    (JSON.parse(readFileSync(new URL(file, folder), 'utf8')) as { id: string }[]).map(({ id }) => id),
  );
  expect(ids.length).toBeGreaterThanOrEqual(300);
  expect(new Set(ids).size).toBe(ids.length);
});
