import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parsePolicy } from '../policy/parse.ts';
import { readWorkload, settingsOf } from '../sources/read-workload.ts';
import { type CheckResult, check } from './check.ts';
import { callsOfText } from './least-privilege/trail-calls.ts';
import type { CheckOptions } from './model/world.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));

/** The input folders of tests/golden. */
export const goldenCases: readonly string[] = readdirSync(join(ROOT, 'tests/golden'), { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map(({ name }) => join(ROOT, 'tests/golden', name));

export const examples: readonly string[] = ['orders', 'my-dev-service', 'my-dev-service/fixed', 'wrong-role'].map(
  (name) => join(ROOT, 'examples', name),
);

interface GivenOptions extends Omit<CheckOptions, 'scp' | 'observed'> {
  readonly scp?: readonly (readonly string[])[];
  readonly trail?: string;
}

export function optionsOf(folder: string): CheckOptions {
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

/** A folder checked with the options that stand in its `options.json`. */
export function checkCase(folder: string): CheckResult {
  const { account = '000000000000', region = 'eu-west-1' } = settingsOf([folder]);
  return check(readWorkload([folder], { account, region }), optionsOf(folder));
}
