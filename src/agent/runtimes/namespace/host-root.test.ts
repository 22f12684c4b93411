import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { contains, hostRoot, toolchains } from './host-root.ts';

let home: string;
beforeEach(() => {
  home = realpathSync(mkdtempSync(join(tmpdir(), 'rolecall-home-')));
});
afterEach(() => rmSync(home, { recursive: true, force: true }));

function folder(...parts: string[]): string {
  const path = join(home, ...parts);
  mkdirSync(path, { recursive: true });
  return path;
}

const shown = (path: string[]) => toolchains(path.join(':'), home).mounts.map((mount) => mount.target);

test('an installation comes as a whole, and only for reading', () => {
  const bin = folder('.nvm', 'v20', 'bin');
  folder('.nvm', 'v20', 'lib');
  const found = toolchains(`/usr/bin:${bin}:/no/such/folder:relative`, home);
  expect(found.mounts).toEqual([
    { kind: 'bind', source: join(home, '.nvm', 'v20'), target: join(home, '.nvm', 'v20'), readOnly: true },
  ]);
  expect(found.path).toBe(`/usr/bin:${bin}`);
});

test('a home directory is never shown, nor a project beside its programs, nor what else lies in ~/.local', () => {
  folder('lib');
  folder('.local', 'lib');
  const project = folder('project', 'bin');
  writeFileSync(join(home, 'project', '.env'), 'secret');
  expect(shown([home, join(home, '..')])).toEqual([]);
  expect(shown([folder('bin'), folder('.local', 'bin'), project])).toEqual([
    join(home, 'bin'),
    join(home, '.local', 'bin'),
    project,
  ]);
});

test('a virtual environment brings the interpreter that it links to', () => {
  const real = folder('.pyenv', 'versions', '3.12', 'bin');
  folder('.pyenv', 'versions', '3.12', 'lib');
  writeFileSync(join(real, 'python3'), '');
  const bin = folder('venv', 'bin');
  writeFileSync(join(home, 'venv', 'pyvenv.cfg'), '');
  symlinkSync(join(real, 'python3'), join(bin, 'python3'));
  expect(shown([bin])).toEqual([join(home, 'venv'), join(home, '.pyenv', 'versions', '3.12')]);
});

test('of the machine only programs and what they need to start', () => {
  const targets = hostRoot().map(({ target }) => target);
  expect(targets).toContain('/usr');
  for (const hidden of ['/etc', '/etc/shadow', '/etc/ssh', '/etc/ssl', '/var/lib', '/sys', '/mnt', '/boot'])
    expect(targets).not.toContain(hidden);
  for (const mount of hostRoot()) if (mount.kind === 'bind') expect(mount.readOnly).toBe(true);
});

test('whether a path lies in another goes by whole names', () => {
  expect(contains('/a/b', '/a/b/c')).toBe(true);
  expect(contains('/a/b', '/a/b')).toBe(true);
  expect(contains('/', '/a')).toBe(true);
  expect(contains('/a/b', '/a/bc')).toBe(false);
});
