import { execFile } from 'node:child_process';
import { chmodSync, cpSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { TOOL_ENVIRONMENT } from '../socket-handover.ts';
import type { TaskNamespaces } from './namespaces.ts';
import type { Tools } from './tools.ts';

/** Characters that mean something in mount options or in mount's own tables. */
const AWKWARD = /[,:\\"\s]/;

/**
 * A writable view of a directory that leaves it as it is: an overlay mounted in the task's mount namespace, or a copy
 * where the system mounts none. Answers where it is. `directory` is emptied first; `prepare` may put something into the
 * new layer before it is used.
 */
export async function writableView(
  tools: Tools,
  namespaces: TaskNamespaces,
  lower: string,
  directory: string,
  prepare: (layer: string) => void,
): Promise<string> {
  removeTree(directory);
  const [upper, work, view] = ['upper', 'work', 'view'].map((name) => join(directory, name)) as [
    string,
    string,
    string,
  ];
  for (const each of [upper, work, view]) mkdirSync(each, { recursive: true, mode: 0o755 });
  prepare(upper);
  if (!AWKWARD.test(lower + directory)) {
    // `userxattr`: the marks of the overlay in attributes that a user namespace may set.
    const options = `lowerdir=${lower},upperdir=${upper},workdir=${work},userxattr`;
    const mount = [tools.mount, '-t', 'overlay', 'overlay', '-o', options, view];
    if (await succeeds(namespaces.enter(['user', 'mount'], mount))) return view;
  }
  rmSync(view, { recursive: true });
  cpSync(lower, view, { recursive: true, verbatimSymlinks: true, preserveTimestamps: true });
  prepare(view);
  return view;
}

/** Removes a tree in which a container may have taken rights away from directories. */
export function removeTree(directory: string): void {
  try {
    rmSync(directory, { recursive: true, force: true });
  } catch {
    unlock(directory);
    rmSync(directory, { recursive: true, force: true });
  }
}

function unlock(directory: string): void {
  chmodSync(directory, 0o700);
  for (const entry of readdirSync(directory, { withFileTypes: true })) {
    if (entry.isDirectory()) unlock(join(directory, entry.name));
  }
}

function succeeds([program, ...args]: readonly [string, ...string[]]): Promise<boolean> {
  return new Promise((resolve) => {
    execFile(program, args, { cwd: '/', env: TOOL_ENVIRONMENT }, (error) => resolve(error === null));
  });
}
