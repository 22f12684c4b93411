#!/usr/bin/env node
// Starts the bundled program; builds it first where only the sources are there (a fresh clone).
import { existsSync } from 'node:fs';
import { fileURLToPath, pathToFileURL } from 'node:url';

const [major, minor] = process.versions.node.split('.').map(Number);
if (major < 20 || (major === 20 && minor < 19)) {
  process.stderr.write(
    `error[node-too-old]: this is Node ${process.versions.node}, and Rolecall needs 20.19 or newer\n  help: install a newer Node\n`,
  );
  process.exit(2);
}

const program = fileURLToPath(new URL('../dist/main.js', import.meta.url));
if (!existsSync(program)) {
  const build = fileURLToPath(new URL('../scripts/build.mjs', import.meta.url));
  if (!existsSync(build)) {
    process.stderr.write(`error[not-built]: ${program} is missing\n  help: install the package again\n`);
    process.exit(2);
  }
  const { spawnSync } = await import('node:child_process');
  const { status, stderr, error } = spawnSync(process.execPath, [build], {
    stdio: ['ignore', 'ignore', 'pipe'],
    encoding: 'utf8',
  });
  if (status !== 0 || !existsSync(program)) {
    process.stderr.write(
      `error[build-failed]: the build failed: ${(error?.message ?? stderr).trim()}\n  help: run npm ci, then try again\n`,
    );
    process.exit(2);
  }
}
await import(pathToFileURL(program).href);
