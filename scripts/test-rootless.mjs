// Runs the tests of the namespace runtime as an ordinary user: `npm run test:rootless`, as root.
//
// Root of this machine becomes nobody, in a copy of the project that nobody owns: the project itself may lie where others
// cannot read. A second run has users of its own by newuidmap, where that is installed.
import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const NOBODY = 65534;
const project = fileURLToPath(new URL('..', import.meta.url));
const PARTS = ['bin', 'package.json', 'scripts', 'src', 'tests', 'tsconfig.json', 'vitest.config.ts'];
/** Tools for other tests, and what tools leave behind. */
const LEFT_OUT = new Set(['@biomejs', '@cedar-policy', '@typescript', 'typescript', '.cache', '.vite', '.vite-temp']);
const TESTS = [
  'contract',
  'attacks.test',
  'attacks/namespace',
  'images',
  'users',
  'limits',
  'killed-agent',
  'ports',
  'process-numbers',
];

/** The same as the machine has for a user who was given numbers. */
const GIVEN = `${NOBODY}:600000:65536\nnobody:600000:65536\n`;

function skip(why) {
  console.log(`rootless tests SKIPPED: ${why}`);
  process.exit(0);
}

if (process.platform !== 'linux') skip('they need Linux');
if (process.getuid() !== 0)
  skip('this is no root, who could become another user; `npm run test:docker` runs them as you');
if (spawnSync('setpriv', ['--version']).status !== 0) skip('setpriv (util-linux) is not installed');

const home = mkdtempSync(join(tmpdir(), 'rolecall-rootless-'));
let failed = false;
try {
  const copy = join(home, 'project');
  mkdirSync(join(copy, 'node_modules'), { recursive: true });
  for (const part of PARTS) command('cp', '-a', join(project, part), copy);
  const modules = readdirSync(join(project, 'node_modules')).filter((name) => !LEFT_OUT.has(name));
  command('cp', '-a', ...modules.map((name) => join(project, 'node_modules', name)), join(copy, 'node_modules'));
  for (const name of ['home', 'tmp']) mkdirSync(join(home, name));
  const node = nodeForAll();
  command('chown', '-hR', `${NOBODY}:${NOBODY}`, home);
  failed = !run('one user alone', [], TESTS, node);
  const lists = ['/etc/subuid', '/etc/subgid'];
  const mapper = spawnSync('sh', ['-c', 'command -v newuidmap newgidmap']).status === 0;
  if (!mapper) console.log('rootless tests with several users SKIPPED: newuidmap is not installed (package uidmap)');
  else if (!lists.every((file) => existsSync(file)))
    console.log(`rootless tests with several users SKIPPED: there is no ${lists[0]}`);
  else {
    const given = join(home, 'given');
    writeFileSync(given, GIVEN);
    // Seen by these tests alone: a mount namespace of their own has other lists.
    const binds = lists.map((file) => `mount --bind ${given} ${file}`).join(' && ');
    const own = ['unshare', '--mount', '--propagation', 'private', 'sh', '-c', `${binds} && exec "$@"`, 'sh'];
    failed = !run('several users', own, ['users', 'images', 'contract'], node) || failed;
  }
} finally {
  rmSync(home, { recursive: true, force: true });
}
process.exit(failed ? 1 : 0);

/** Nobody may not reach a Node below somebody's home directory. */
function nodeForAll() {
  const asNobody = spawnSync('setpriv', [...identity(), process.execPath, '--version'], { cwd: '/' });
  if (asNobody.status === 0) return process.execPath;
  mkdirSync(join(home, 'node', 'bin'), { recursive: true });
  const node = join(home, 'node', 'bin', 'node');
  copyFileSync(process.execPath, node);
  chmodSync(node, 0o755);
  return node;
}

function identity() {
  return ['--reuid', String(NOBODY), '--regid', String(NOBODY), '--clear-groups'];
}

function command(program, ...args) {
  const { status, error } = spawnSync(program, args, { stdio: 'inherit' });
  if (status !== 0) throw error ?? new Error(`${program} ended with ${status}`);
}

function run(what, around, tests, node) {
  console.log(`\nThe namespace runtime as uid ${NOBODY}, ${what}:`);
  const vitest = join(home, 'project', 'node_modules', 'vitest', 'vitest.mjs');
  const files = tests.map((name) => `tests/runtime/${name}`);
  const line = [
    ...around,
    'setpriv',
    ...identity(),
    node,
    vitest,
    'run',
    '--project',
    'system',
    '--reporter',
    'verbose',
    ...files,
  ];
  const { status } = spawnSync(line[0], line.slice(1), {
    cwd: join(home, 'project'),
    stdio: 'inherit',
    env: {
      PATH: `${dirname(node)}:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin`,
      HOME: join(home, 'home'),
      TMPDIR: join(home, 'tmp'),
      ...(process.env.CI === undefined ? {} : { CI: process.env.CI }),
    },
  });
  return status === 0;
}
