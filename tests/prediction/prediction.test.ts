import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { rolecall } from '../system/program.ts';
import { differences, type Predicted, type Ran, refusedRegistration } from './compare.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));

/** Every folder with a workload: the examples and the golden cases. */
const cases = [
  ...['orders', 'my-dev-service', 'my-dev-service/fixed', 'wrong-role'].map((name) => join('examples', name)),
  ...readdirSync(join(ROOT, 'tests/golden'), { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => join('tests/golden', name)),
].filter((folder) =>
  readdirSync(join(ROOT, folder)).some((name) =>
    /^task-definition.*\.json$|^template\.(ya?ml|json)$|^cdk\.out$|^(plan|state)\.json$/.test(name),
  ),
);

/** Made by the CDK or Terraform, or of several accounts, and not to be run all the same. */
const NOT_RUN: Readonly<Record<string, string>> = {
  'tests/golden/RC102-terraform-modules': 'what one of its task definitions runs is only known after apply',
};
const real = cases.filter(
  (folder) =>
    readdirSync(join(ROOT, folder)).some((name) => /^cdk\.out$|^(plan|state)\.json$/.test(name)) ||
    /"accounts"/.test(textOf(join(ROOT, folder, 'rolecall.json'))),
);

function textOf(file: string): string {
  return existsSync(file) ? readFileSync(file, 'utf8') : '';
}

const compared: string[] = [];
let standIn: string;

beforeAll(() => {
  standIn = mkdtempSync(join(tmpdir(), 'rolecall-prediction-'));
  writeFileSync(join(standIn, 'stand-in.json'), JSON.stringify({ command: [process.execPath, '-e', ''] }));
});
afterAll(() => rmSync(standIn, { recursive: true, force: true }));

describe('what check predicts is what happens', () => {
  it.concurrent.each(cases)('%s', async (folder) => {
    const options = { cwd: ROOT };
    const own = existsSync(join(ROOT, folder, 'images.json'));
    const [checked, ran] = await Promise.all([
      rolecall(['check', folder, '--format', 'json'], options),
      rolecall(['run', folder, '--json', ...(own ? [] : ['--stand-in', `*=${standIn}`])], options),
    ]);
    expect([0, 1], checked.stderr).toContain(checked.code);
    if (ran.code === 2 || !ran.stdout.startsWith('{')) {
      // AWS would not take it either, or a value is missing: there is nothing to run.
      expect(ran.stderr).toMatch(/^error\[(load-failed|unknown-value)\]/);
      const refused = refusedRegistration(ran.stderr);
      if (refused !== undefined) expect(checked.stdout).toContain(refused);
      return;
    }
    const { duties } = JSON.parse(checked.stdout) as { duties: Predicted[] };
    const { tasks } = JSON.parse(ran.stdout) as { tasks: (Ran & { readonly taskDefinition: string })[] };
    for (const task of tasks) {
      const family = task.taskDefinition.split(':')[0];
      expect(
        differences(
          duties.filter(({ taskDefinition }) => taskDefinition === family),
          task,
        ),
        `${folder} on ${task.launchType}`,
      ).toEqual([]);
    }
    compared.push(folder);
  });

  it('was compared for most cases', () => {
    expect(compared.length).toBeGreaterThan(cases.length / 2);
    expect(compared).toEqual(expect.arrayContaining(cases.filter((folder) => folder.startsWith('examples'))));
    expect(real.length).toBeGreaterThan(10);
    expect(real.filter((folder) => !compared.includes(folder))).toEqual(Object.keys(NOT_RUN));
  });
});

it.each([[], ['/no/such/folder'], ['package.json']])('over a folder needs one: %j', (...args) => {
  const { status, stdout, stderr } = spawnSync(process.execPath, ['scripts/corpus.mjs', ...args], {
    cwd: ROOT,
    encoding: 'utf8',
  });
  expect([status, stdout]).toEqual([2, '']);
  const said = args.length === 0 ? '' : `${args[0]} is no folder\n`;
  expect(stderr).toBe(`${said}usage: node scripts/corpus.mjs FOLDER\n`);
});
