// Builds the program and tests/prediction/over-folder.ts, and goes through a folder of inputs with them.
import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, rmSync, statSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const [given] = process.argv.slice(2);
if (given === undefined || statSync(given, { throwIfNoEntry: false })?.isDirectory() !== true) {
  if (given !== undefined) process.stderr.write(`${given} is no folder\n`);
  process.stderr.write('usage: node scripts/corpus.mjs FOLDER\n');
  process.exit(2);
}
const folder = resolve(given);
process.chdir(root);
execFileSync(process.execPath, ['scripts/build.mjs'], { stdio: 'inherit' });
await build({
  entryPoints: ['tests/prediction/over-folder.ts'],
  outfile: 'dist/corpus.js',
  bundle: true,
  platform: 'node',
  format: 'esm',
  packages: 'external',
  define: { ROLECALL_VERSION: '"0.0.0-corpus"' },
  logLevel: 'warning',
});
// A copy of its own: it takes minutes, and somebody may build meanwhile.
const copy = mkdtempSync(join(tmpdir(), 'rolecall-corpus-'));
try {
  for (const part of ['bin', 'dist', 'package.json']) cpSync(part, join(copy, part), { recursive: true });
  symlinkSync(join(root, 'node_modules'), join(copy, 'node_modules'));
  const { status } = spawnSync(process.execPath, [join('dist', 'corpus.js'), folder], {
    cwd: copy,
    stdio: 'inherit',
  });
  process.exitCode = status ?? 1;
} finally {
  rmSync(copy, { recursive: true, force: true });
}
