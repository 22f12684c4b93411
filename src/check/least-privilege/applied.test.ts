import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { readWorkload, settingsOf } from '../../sources/read-workload.ts';
import { check } from '../check.ts';
import { examples, goldenCases, optionsOf } from '../golden-cases.ts';
import type { CheckOptions } from '../model/world.ts';
import { remaining, withPolicies } from '../testing.ts';
import { leastPolicies } from './role-policies.ts';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
const within = (folder: string) =>
  readdirSync(join(ROOT, folder), { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => `${folder}/${name}`);

const folders = [...within('examples'), 'examples/my-dev-service/fixed', ...within('tests/golden')].filter((folder) =>
  existsSync(join(ROOT, folder, 'roles')),
);

function givenOptions(folder: string): CheckOptions {
  const file = join(folder, 'options.json');
  if (!existsSync(file)) return {};
  const { scp: _scp, trail: _trail, caller: _caller, ...options } = JSON.parse(readFileSync(file, 'utf8'));
  return options;
}

/** Puts the printed policies in place of what the roles have. */
function apply(folder: string): void {
  const options = givenOptions(folder);
  for (const { roleName, documents, role } of leastPolicies(checked(folder, options), undefined)) {
    const own = join(folder, 'roles', roleName);
    // The task role's needs are the application's: only what the plan knows is added.
    if (!existsSync(own)) continue;
    if (role !== 'task') {
      rmSync(join(own, 'policies'), { recursive: true, force: true });
      rmSync(join(own, 'managed.txt'), { force: true });
    }
    for (const [index, document] of documents.entries()) {
      cpSync(join(own, 'trust.json'), join(own, 'policies', `least-${index}.json`));
      writeFileSync(join(own, 'policies', `least-${index}.json`), JSON.stringify(document));
    }
  }
}

function checked(folder: string, options: CheckOptions) {
  const { account = '000000000000', region = 'eu-west-1' } = settingsOf([folder]);
  return check(readWorkload([folder], { account, region }), options);
}

describe.each(folders)('%s with the policies that are printed for it', (given) => {
  it('is refused nothing for want of a permission, and granted nothing beyond need', () => {
    const folder = mkdtempSync(join(tmpdir(), 'rolecall-applied-'));
    try {
      cpSync(join(ROOT, given), folder, { recursive: true });
      apply(folder);
      expect(remaining(checked(folder, givenOptions(folder)))).toEqual([]);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
});

describe.each([...examples, ...goldenCases].map((folder) => [basename(folder), folder]))(
  '%s, of whatever form, with the policies that are printed for it',
  (_name, folder) => {
    it('is refused nothing for want of a permission, and granted nothing beyond need', () => {
      const { scp: _, ...options } = optionsOf(folder);
      const { account = '000000000000', region = 'eu-west-1' } = settingsOf([folder]);
      const workload = readWorkload([folder], { account, region });
      const printed = leastPolicies(check(workload, options), undefined);
      expect(remaining(check(withPolicies(workload, printed), options))).toEqual([]);
    });
  },
);
