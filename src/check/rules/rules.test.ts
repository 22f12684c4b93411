import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { MEANINGS } from '../explain/recognisers.ts';
import { ruleInfos } from './rules.ts';

const DOCS = fileURLToPath(new URL('../../../docs/rules/', import.meta.url));
const ids = ruleInfos.map(({ id }) => id);

it('gives every rule an id of its own', () => {
  expect(new Set(ids).size).toBe(ids.length);
  for (const id of ids) expect(id).toMatch(/^RC[1-9]\d{2}$/);
});

it('has a page for every rule, named so, with all its parts', () => {
  for (const { id, title, verdict } of ruleInfos) {
    expect(existsSync(`${DOCS}${id}.md`), id).toBe(true);
    const page = readFileSync(`${DOCS}${id}.md`, 'utf8');
    expect(page).toContain(`# ${id}: ${title}`);
    expect(page).toContain(`Verdict: ${verdict} `);
    for (const part of ['What happens in AWS', 'The text one sees there', 'Why', 'Fix'])
      expect(page, id).toMatch(new RegExp(`## ${part}\n\n\\S`));
  }
});

it('has no page and no entry of the index for what is no rule', () => {
  const pages = readdirSync(DOCS).filter((name) => name !== 'README.md');
  expect(pages.map((name) => name.replace('.md', '')).sort()).toEqual([...ids].sort());
  const index = readFileSync(`${DOCS}README.md`, 'utf8');
  expect([...index.matchAll(/\[(RC\d{3})\]/g)].map((match) => match[1]).sort()).toEqual([...ids].sort());
});

it('names only rules that there are in what error texts mean', () => {
  const named = MEANINGS.flatMap(({ rules }) => rules);
  expect(named.filter((id) => !ids.includes(id))).toEqual([]);
});
