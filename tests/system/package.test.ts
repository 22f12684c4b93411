import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const NOT_COPIED = new Set(['node_modules', '.git', '.rolecall', 'dist'].map((name) => join(ROOT, name)));

let folder: string;
let files: string[];

/** Packs a copy, since packing builds, and installs the tarball where npm would. */
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'rolecall-package-'));
  const copy = join(folder, 'copy');
  cpSync(ROOT, copy, { recursive: true, filter: (path) => !NOT_COPIED.has(path) });
  symlinkSync(join(ROOT, 'node_modules'), join(copy, 'node_modules'));
  const packed = execFileSync('npm', ['pack', '--json', '--silent', '--pack-destination', folder], {
    cwd: copy,
    encoding: 'utf8',
  });
  const [said] = JSON.parse(packed.slice(packed.indexOf('['))) as { filename: string; files: { path: string }[] }[];
  files = said!.files.map(({ path }) => path);
  const modules = join(folder, 'node_modules');
  mkdirSync(join(modules, 'rolecall'), { recursive: true });
  execFileSync('tar', ['xzf', join(folder, said!.filename), '--strip-components=1', '-C', join(modules, 'rolecall')]);
  for (const name of readdirSync(join(ROOT, 'node_modules')))
    if (!name.startsWith('.')) symlinkSync(join(ROOT, 'node_modules', name), join(modules, name));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const USE = `import { check, type Finding, readWorkload, rolePlan } from 'rolecall';

const workload = readWorkload([process.argv[2] ?? ''], { account: '000000000000', region: 'eu-west-1' });
const findings: readonly Finding[] = check(workload, { launchTypes: ['FARGATE'] }).findings;
const plan = rolePlan(
  {
    family: 'app',
    executionRoleArn: 'arn:aws:iam::000000000000:role/e',
    containerDefinitions: [{ name: 'app', image: '000000000000.dkr.ecr.eu-west-1.amazonaws.com/app:1' }],
  },
  { launchType: 'FARGATE', region: 'eu-west-1', account: '000000000000', cluster: 'main' },
);
console.log(findings.map(({ id }) => id).includes('RC102'), plan.map(({ action }) => action).join());
`;

describe('the package', () => {
  it('holds the program, the library with its types, and what the documents refer to', () => {
    expect(files).toEqual(
      expect.arrayContaining([
        'bin/rolecall.js',
        'dist/main.js',
        'dist/index.js',
        'dist/types/index.d.ts',
        'docs/rules/RC101.md',
        'examples/wrong-role/task-definition.json',
      ]),
    );
    expect(files.filter((path) => /\.test\.|^(src|tests)\//.test(path))).toEqual([]);
  });

  it('is a typed library', () => {
    writeFileSync(join(folder, 'package.json'), '{ "type": "module" }');
    writeFileSync(join(folder, 'use.ts'), USE);
    const wrong = USE.replace("['FARGATE']", "['LAMBDA']");
    const options = { module: 'nodenext', target: 'es2023', strict: true, noEmit: true, types: ['node'] };
    const checked = (text: string) => {
      writeFileSync(join(folder, 'use.ts'), text);
      writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions: options, files: ['use.ts'] }));
      const tsc = join(ROOT, 'node_modules/.bin/tsc');
      try {
        return execFileSync(tsc, ['-p', folder], { encoding: 'utf8' });
      } catch (error) {
        return (error as { stdout: string }).stdout;
      }
    };
    expect(checked(wrong)).toContain('"LAMBDA"');
    expect(checked(USE)).toBe('');
  });

  it('works as a library', () => {
    writeFileSync(join(folder, 'use.mjs'), USE.replace('type Finding, ', '').replace(': readonly Finding[]', ''));
    const said = execFileSync(process.execPath, ['use.mjs', join(ROOT, 'examples/wrong-role')], {
      cwd: folder,
      encoding: 'utf8',
    });
    expect(said).toBe('true ecr:GetAuthorizationToken,ecr:BatchGetImage,ecr:GetDownloadUrlForLayer\n');
  });
});
