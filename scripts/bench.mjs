// Builds the program and the benchmarks, runs them, and prints the table that the README quotes.
import { execFileSync, spawnSync } from 'node:child_process';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
process.chdir(root);
execFileSync(process.execPath, ['scripts/build.mjs'], { stdio: 'inherit' });
await build({
  entryPoints: ['bench/main.ts'],
  outfile: 'dist/bench.js',
  bundle: true,
  platform: 'node',
  format: 'esm',
  packages: 'external',
  define: { ROLECALL_VERSION: JSON.stringify('bench') },
  logLevel: 'warning',
});
const { status } = spawnSync(process.execPath, ['--expose-gc', join('dist', 'bench.js'), ...process.argv.slice(2)], {
  stdio: 'inherit',
});
process.exitCode = status ?? 1;
