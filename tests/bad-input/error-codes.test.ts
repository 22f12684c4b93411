import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** Codes as they are written where an error is made. */
function codesInSources(): Set<string> {
  const files = readdirSync(`${ROOT}src`, { recursive: true, encoding: 'utf8' }).filter(
    (name) => name.endsWith('.ts') && !name.endsWith('.test.ts'),
  );
  const codes = new Set<string>();
  for (const file of files)
    for (const found of readFileSync(`${ROOT}src/${file}`, 'utf8').matchAll(/new (?:User|Source)Error\(\s*'([^']+)'/g))
      codes.add(found[1]!);
  return codes;
}

it('every code of an error is listed in docs/errors.md', () => {
  const listed = new Set(
    Array.from(readFileSync(`${ROOT}docs/errors.md`, 'utf8').matchAll(/^\| `([^`]+)` \|/gm), (row) => row[1]!),
  );
  expect(listed.size).toBeGreaterThan(50);
  expect([...codesInSources()].filter((code) => !listed.has(code))).toEqual([]);
});
