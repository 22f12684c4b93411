// Bundles src/main.ts into dist/main.js and lays the model tables beside it. Quick enough to run before every start.
import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const { version, dependencies } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
const dist = join(root, 'dist');

mkdirSync(dist, { recursive: true });
// Types are made when the package is packed, before npm builds once more.
for (const name of readdirSync(dist)) if (name !== 'types') rmSync(join(dist, name), { recursive: true, force: true });
cpSync(join(root, 'src/wire/generated/models'), join(dist, 'models'), { recursive: true });
await build({
  absWorkingDir: root,
  entryPoints: ['src/main.ts', 'src/index.ts'],
  outdir: 'dist',
  bundle: true,
  // What a command does not need is not loaded: each stays a file of its own behind a dynamic import.
  splitting: true,
  platform: 'node',
  format: 'esm',
  target: 'node20.19',
  // Less to read at start; names stay for the stacks of bug reports.
  minifyWhitespace: true,
  minifySyntax: true,
  external: Object.keys(dependencies),
  define: { ROLECALL_VERSION: JSON.stringify(version) },
  logLevel: 'warning',
});
