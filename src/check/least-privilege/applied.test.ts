import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { readWorkload, settingsOf } from '../../sources/read-workload.ts';
import { check } from '../check.ts';
import type { CheckOptions } from '../model/world.ts';
import { leastPolicies } from './role-policies.ts';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
const within = (folder: string) =>
  readdirSync(join(ROOT, folder), { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => `${folder}/${name}`);

/** What no policy of a role can cure: trust, boundaries, organizations, key policies, and task definitions themselves. */
const NOT_BY_POLICY = new Set(['RC106-key-policy', 'RC121-service-control-policy', 'RC120-boundary']);

const folders = [...within('examples'), 'examples/my-dev-service/fixed', ...within('tests/golden')].filter(
  (folder) => existsSync(join(ROOT, folder, 'roles')) && !NOT_BY_POLICY.has(folder.slice('tests/golden/'.length)),
);

function optionsOf(folder: string): CheckOptions {
  const file = join(folder, 'options.json');
  if (!existsSync(file)) return {};
  const { scp: _scp, trail: _trail, caller: _caller, ...options } = JSON.parse(readFileSync(file, 'utf8'));
  return options;
}

/** Puts the printed policies in place of what the roles have. */
function apply(folder: string): void {
  const options = optionsOf(folder);
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
      const { findings, duties } = checked(folder, optionsOf(folder));
      const left = findings.filter(
        ({ id, role }) => /^RC1/.test(id) || ((id === 'RC302' || id === 'RC303' || id === 'RC309') && role !== 'task'),
      );
      expect(left.map(({ id, why }) => `${id} ${why}`).filter((line) => !line.startsWith('RC125'))).toEqual([]);
      const refused = duties.filter(
        ({ verdict, action, roleArn }) => verdict === 'refused' && action !== 'sts:AssumeRole' && roleArn !== null,
      );
      expect(refused).toEqual([]);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
});
