import { existsSync, lstatSync, readdirSync, readlinkSync, realpathSync, statSync } from 'node:fs';
import { homedir } from 'node:os';
import { basename, delimiter, dirname, isAbsolute, join } from 'node:path';
import type { Mount } from './sandbox.ts';

/** What a host program needs to run: shown read-only. `/usr/local` is part of it. */
const PROGRAMS = ['/usr', '/bin', '/sbin', '/lib', '/lib32', '/lib64', '/libx32', '/nix/store', '/gnu/store'];
/** Of /etc what programs read in order to start, to resolve names and to trust: no keys, no passwords, no host’s own settings. */
const SETTINGS = [
  'ld.so.cache',
  'ld.so.conf',
  'ld.so.conf.d',
  'alternatives',
  'localtime',
  'timezone',
  'os-release',
  'debian_version',
  'mime.types',
  'protocols',
  'services',
  'ssl/certs',
  'ssl/openssl.cnf',
  'ca-certificates',
  'pki/tls/certs',
  'pki/tls/openssl.cnf',
  'pki/ca-trust',
  'crypto-policies',
  'java',
  'python3',
  'perl',
  'fonts',
  'magic',
  'locale.conf',
];
const SYSTEM = new Set(['/usr', '/bin', '/sbin', '/lib', '/lib32', '/lib64', '/libx32']);

let known: readonly Mount[] | undefined;

/** The file system of a stand-in: this machine's programs, and nothing else of it. Looked up once. */
export function hostRoot(): readonly Mount[] {
  known ??= lookUp();
  return known;
}

function lookUp(): Mount[] {
  const mounts: Mount[] = [];
  for (const path of PROGRAMS) {
    if (!existsSync(path)) continue;
    if (lstatSync(path).isSymbolicLink()) mounts.push({ kind: 'link', target: path, to: readlinkSync(path) });
    else mounts.push({ kind: 'bind', source: path, target: path, readOnly: true });
  }
  for (const name of SETTINGS) {
    const path = `/etc/${name}`;
    if (existsSync(path)) mounts.push({ kind: 'bind', source: realpathSync(path), target: path, readOnly: true });
  }
  for (const target of ['/run', '/var', '/root', '/home', '/opt', '/srv']) mounts.push({ kind: 'directory', target });
  for (const target of ['/tmp', '/var/tmp']) mounts.push({ kind: 'tmpfs', target, mode: '1777', readOnly: false });
  return mounts;
}

/** Folders of programs outside of the system's own, and the PATH by which they are found. */
export interface Toolchains {
  readonly mounts: readonly Mount[];
  readonly path: string;
}

/**
 * Language installations that a developer keeps below the home directory (nvm, pyenv, virtual environments, …) as far
 * as PATH names them. `bin` brings its installation along, read-only; a home directory is never shown as a whole.
 */
export function toolchains(path: string, home: string = homedir()): Toolchains {
  const earlier = lookedUp.get(path);
  if (earlier !== undefined && earlier.home === home && Date.now() - earlier.at < FRESH) return earlier.found;
  const found = lookUpToolchains(path, home);
  lookedUp.set(path, { home, at: Date.now(), found });
  return found;
}

/** Milliseconds for which what PATH names is not looked at again: fifty tasks at once ask fifty times. */
const FRESH = 5000;
const lookedUp = new Map<string, { readonly home: string; readonly at: number; readonly found: Toolchains }>();

function lookUpToolchains(path: string, home: string): Toolchains {
  const shown = new Set<string>();
  const kept: string[] = [];
  for (const directory of path.split(delimiter)) {
    if (!isAbsolute(directory) || kept.includes(directory) || !isDirectory(directory)) continue;
    if (isSystem(directory)) {
      kept.push(directory);
      continue;
    }
    const real = realpathSync(directory);
    if (contains(real, home)) continue;
    kept.push(directory);
    for (const each of new Set([directory, real])) {
      const installation = installationOf(each, home);
      shown.add(installation ?? each);
    }
    for (const target of linkedInstallations(real, home)) shown.add(target);
  }
  const mounts = [...shown]
    .filter((each) => ![...shown].some((other) => other !== each && contains(other, each)))
    .map((source): Mount => ({ kind: 'bind', source, target: source, readOnly: true }));
  return { mounts, path: kept.join(delimiter) };
}

/** What an installation has beside its `bin`; a project has not. */
const MARKS = ['lib', 'lib64', 'libexec', 'pyvenv.cfg', 'conda-meta'];

/** The folder that `bin` belongs to, where it is an installation and not a place where a user keeps other things too. */
function installationOf(directory: string, home: string): string | undefined {
  if (!['bin', 'sbin', 'shims', 'condabin'].includes(basename(directory))) return undefined;
  const parent = dirname(directory);
  if (contains(parent, home) || parent === join(home, '.local') || parent === join(home, '.config')) return undefined;
  return MARKS.some((mark) => existsSync(join(parent, mark))) ? parent : undefined;
}

/** Installations that the interpreters in a folder are links to, as in a virtual environment. */
function linkedInstallations(directory: string, home: string): string[] {
  const found: string[] = [];
  for (const name of ['python3', 'python', 'node', 'ruby', 'java']) {
    try {
      const program = realpathSync(join(directory, name));
      if (isSystem(program)) continue;
      const installation = installationOf(dirname(program), home);
      if (installation !== undefined) found.push(installation);
    } catch {
      // There is no such program.
    }
  }
  return found;
}

function isSystem(path: string): boolean {
  return SYSTEM.has(`/${path.split('/')[1]}`);
}

function isDirectory(path: string): boolean {
  try {
    return statSync(path).isDirectory() && readdirSync(path) !== undefined;
  } catch {
    return false;
  }
}

/** Whether `inner` is `outer` or lies in it. */
export function contains(outer: string, inner: string): boolean {
  const base = outer.endsWith('/') ? outer : `${outer}/`;
  return inner === outer || inner.startsWith(base);
}
