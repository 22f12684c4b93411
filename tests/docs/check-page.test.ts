import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { parse } from 'yaml';
import { runProgram } from '../../src/cli/program.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const PAGE = readFileSync(join(ROOT, 'docs/check.md'), 'utf8');

interface Workflow {
  readonly permissions: Readonly<Record<string, string>>;
  readonly jobs: Readonly<
    Record<string, { readonly steps: readonly { readonly run?: string; readonly uses?: string }[] }>
  >;
}

it('the workflow of docs/check.md is YAML whose commands this program takes', async () => {
  const workflow = parse(/```yaml\n([\s\S]*?)```/.exec(PAGE)?.[1] ?? '') as Workflow;
  const { steps } = workflow.jobs.check!;
  expect(steps.some(({ uses }) => uses?.startsWith('github/codeql-action/upload-sarif@'))).toBe(true);
  expect(workflow.permissions['security-events']).toBe('write');
  const commands = steps.flatMap(({ run }) => /^npx rolecall (.*?)(?: >> .*)?$/.exec(run ?? '')?.[1] ?? []);
  expect(commands).toHaveLength(3);
  const folder = mkdtempSync(join(tmpdir(), 'rolecall-docs-'));
  try {
    for (const command of commands) {
      const given: Readonly<Record<string, string>> = {
        'cdk.out': join(ROOT, 'src/sources/testdata/cdk.out'),
        'rolecall.sarif': join(folder, 'rolecall.sarif'),
      };
      let errors = '';
      const io = {
        stdout: new Writable({ write: (_chunk, _, done) => done() }),
        stderr: new Writable({
          write(chunk, _, done) {
            errors += String(chunk);
            done();
          },
        }),
        env: {},
        version: '0.0.0',
        interrupted: new AbortController().signal,
        startServer: () => Promise.reject(new Error('no server is needed')),
        logBug: () => 'bug.log',
      };
      const code = await runProgram(
        command.split(' ').map((word) => given[word] ?? word),
        io,
      );
      expect([0, 1], `${command}: ${errors}`).toContain(code);
      if (command.includes('--fail-on never')) expect(code).toBe(0);
    }
    expect(JSON.parse(readFileSync(join(folder, 'rolecall.sarif'), 'utf8'))).toHaveProperty('version', '2.1.0');
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

it('the options of docs/check.md are those of `rolecall check --help`', async () => {
  const page = [...PAGE.matchAll(/^\| (`--.*?)\|/gm)].flatMap(([, cell]) =>
    [...cell!.matchAll(/--([a-z-]+)/g)].map(([, name]) => name!),
  );
  const help =
    readFileSync(join(ROOT, 'src/cli/check.ts'), 'utf8') +
    readFileSync(join(ROOT, 'src/cli/checked-workload.ts'), 'utf8');
  expect(page.length).toBeGreaterThan(10);
  for (const name of page) expect(help).toMatch(new RegExp(`^\\s+'?${name}'?: \\{`, 'm'));
});
