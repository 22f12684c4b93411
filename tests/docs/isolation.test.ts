import { readFileSync, writeFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import {
  MODES,
  type Mode,
  modesOf,
  NO_HOST_MODE,
  RUNTIMES,
  type Verdict,
  verdictOf,
} from '../runtime/attacks/attack.ts';
import { families } from '../runtime/attacks/list.ts';

type Attack = (typeof families)[number]['attacks'][number];

const INTRODUCTION = `# Isolation

What a task cannot get at, and what it can: from other tasks, from the server, from this machine. Each line is an attack that a test carries out from inside of
a real task, on each runtime and in each network mode; this page is made from the list of those attacks (\`tests/runtime/attacks\`), and the tests fail
where what happens is not what it says.

- **holds** — nothing is obtained.
- **does not hold** — something is obtained, and the test sees that it is.
- **–** — there is nothing to attack: what the attack needs is refused, or is not there. The namespace runtime refuses host mode as such.

Tasks in awsvpc mode are on Fargate and those in the other modes on EC2, unless the attack is about the instance.

In short:

- **process**: the endpoint tells the tasks apart, and that is all. Programs run as your user, on your network, with your files, the server’s among them. It is
  for programs that you trust as you trust what you run in a shell.
- **namespace**: a task can reach its own endpoints and the AWS APIs of Rolecall, and nothing else. It refuses every task definition that asks for more.
- **docker**: the walls of ECS on EC2, and stronger ones around credentials and the machine’s own metadata. What a task definition asks for there, it gets: host
  mode, \`privileged\`, \`pidMode: host\`, capabilities and paths of the host open what they open in ECS, and the start of the task says so.
`;

/** Modes that come to the same, together. */
function rows(
  attack: Attack,
): { readonly modes: readonly Mode[]; readonly verdicts: readonly (Verdict | undefined)[] }[] {
  const found: { modes: Mode[]; verdicts: (Verdict | undefined)[]; key: string }[] = [];
  for (const mode of MODES.filter((each) => modesOf(attack).includes(each))) {
    const verdicts = RUNTIMES.map((runtime) => verdictOf(attack, runtime, mode));
    const key = verdicts.map((each) => each?.verdict ?? '').join();
    const same = found.find((row) => row.key === key);
    if (same === undefined) found.push({ modes: [mode], verdicts, key });
    else same.modes.push(mode);
  }
  return found;
}

const CELLS = { holds: 'holds', 'does not hold': '**does not hold**', 'not applicable': '–' } as const;

function table(attacks: readonly Attack[]): string[] {
  const lines = [
    `| attack | network mode | ${RUNTIMES.join(' | ')} |`,
    `|---|---|${RUNTIMES.map(() => '---|').join('')}`,
  ];
  for (const attack of attacks) {
    for (const [index, { modes, verdicts }] of rows(attack).entries()) {
      const cells = verdicts.map((each) => (each === undefined ? '' : CELLS[each.verdict]));
      lines.push(
        `| ${index === 0 ? `[${attack.title}](#${attack.id})` : ''} | ${modes.join(', ')} | ${cells.join(' | ')} |`,
      );
    }
  }
  return lines;
}

function details(attack: Attack): string[] {
  const lines = [`### ${attack.id}`, '', `${attack.title}.`, ''];
  for (const runtime of RUNTIMES) {
    const reasons = new Map<string, Mode[]>();
    for (const mode of modesOf(attack)) {
      const verdict = verdictOf(attack, runtime, mode);
      // Said once for all, in the introduction.
      if (verdict === undefined || verdict === NO_HOST_MODE) continue;
      const text = `${verdict.verdict}: ${verdict.why}`;
      reasons.set(text, [...(reasons.get(text) ?? []), mode]);
    }
    for (const [text, modes] of reasons) {
      lines.push(`- *${runtime}*${reasons.size > 1 ? ` (${modes.join(', ')})` : ''} ${text}.`);
    }
  }
  lines.push(`- *ECS*: ${attack.ecs}`, '');
  return lines;
}

function page(): string {
  const lines = [INTRODUCTION];
  for (const { title, attacks } of families)
    lines.push(`## ${title}`, '', ...table(attacks), '', ...attacks.flatMap(details));
  return lines.join('\n');
}

// `UPDATE_DOCS=1 npx vitest run --project unit tests/docs` writes the page anew.
it('docs/isolation.md says what the list of attacks says', () => {
  const file = new URL('../../docs/isolation.md', import.meta.url);
  if (process.env.UPDATE_DOCS === '1') writeFileSync(file, page());
  expect(readFileSync(file, 'utf8')).toBe(page());
});

it('every attack has a name of its own, and a word for each runtime and mode in which it is tried', () => {
  const attacks = families.flatMap((family) => family.attacks);
  expect(new Set(attacks.map(({ id }) => id)).size).toBe(attacks.length);
  for (const attack of attacks) {
    expect({ id: attack.id, ways: [attack.program, attack.attempt].filter((way) => way !== undefined).length }).toEqual(
      { id: attack.id, ways: 1 },
    );
    for (const mode of modesOf(attack)) {
      for (const runtime of RUNTIMES)
        expect({ id: attack.id, runtime, mode, verdict: verdictOf(attack, runtime, mode)?.verdict }).toHaveProperty(
          'verdict',
          expect.any(String),
        );
    }
    for (const runtime of RUNTIMES) {
      for (const mode of modesOf(attack)) expect(verdictOf(attack, runtime, mode)?.why).not.toMatch(/\.$/);
    }
  }
});
