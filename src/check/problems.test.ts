import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { explainErrorText } from './explain/explain-text.ts';
import { LOOK_ALIKE_MEANINGS } from './explain/meanings/look-alike.ts';
import { MEANINGS } from './explain/recognisers.ts';
import { checkCase, goldenCases } from './golden-cases.ts';

/** One of the problems that people had with the roles of ECS, and where it is shown. */
interface Problem {
  readonly n: number;
  readonly title: string;
  /** Golden cases, with the finding that names the problem. */
  readonly cases?: readonly { readonly folder: string; readonly finds: string; readonly role: string | null }[];
  /** Why no input can show it. */
  readonly unseen?: string;
  /** The error as one sees it; `{resource}` and `{session:ROLE}` as in the first case. */
  readonly text: string;
  /** What `rolecall explain` makes of it. */
  readonly means: string;
}

const FILE = fileURLToPath(new URL('../../tests/golden/problems.json', import.meta.url));
const problems = JSON.parse(readFileSync(FILE, 'utf8')) as Problem[];
const folderOf = (name: string) => goldenCases.find((folder) => basename(folder) === name);

it('are numbered, each shown by a case or said to be unseen, never both', () => {
  expect(problems.map(({ n }) => n)).toEqual(Array.from({ length: 44 }, (_, index) => index + 1));
  for (const { n, cases = [], unseen } of problems)
    expect([n, cases.length > 0], String(n)).toEqual([n, unseen === undefined]);
});

it('are all the meanings of texts that there are', () => {
  const named = new Set(problems.map(({ means }) => means));
  const further = ['invalid-secret-arn', 'log-stream', ...LOOK_ALIKE_MEANINGS.map(({ key }) => key)];
  expect(MEANINGS.map(({ key }) => key).filter((key) => !named.has(key) && !further.includes(key))).toEqual([]);
});

describe.each(problems.map((problem) => [`${problem.n}: ${problem.title}`, problem] as const))('%s', (_, problem) => {
  const { cases = [], text, means } = problem;
  it.each(cases)('is found in $folder as $finds', ({ folder, finds, role }) => {
    const path = folderOf(folder);
    expect(path, `there is no golden case ${folder}`).toBeDefined();
    const found = checkCase(path!).findings.filter(({ id }) => id === finds);
    expect(found.map((finding) => finding.role)).toContain(role);
    for (const { why, remedy } of found) expect(`${why.length > 20} ${remedy.length > 5}`).toBe('true true');
  });

  it(`is explained as ${means}, with the finding of the case`, () => {
    const [first] = cases;
    const result = first === undefined ? undefined : checkCase(folderOf(first.folder)!);
    const finding = result?.findings.find(({ id }) => id === first?.finds);
    const written = text
      .replaceAll('{resource}', finding?.resource ?? '')
      .replaceAll(
        /\{session:([\w-]+)\}/g,
        'arn:aws:sts::111122223333:assumed-role/$1/0123456789abcdef0123456789abcdef',
      );
    const diagnosis = explainErrorText(written, result);
    expect(diagnosis?.meaning.key).toBe(means);
    if (first !== undefined) expect(diagnosis?.findings.map(({ id }) => id)).toContain(first.finds);
  });
});
