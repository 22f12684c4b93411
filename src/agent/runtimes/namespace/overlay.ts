import { execFile } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { TOOL_ENVIRONMENT } from '../tool-environment.ts';
import { type Identities, runAsRoot } from './identities.ts';
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
    if (await succeeds(namespaces.enter(['user', 'mount', 'pid'], mount))) return view;
  }
  await copyTree(namespaces, lower, view);
  prepare(view);
  return view;
}

/** Copies the content of a directory as it is, owners and permissions included, as root of the task. Throws Error. */
export async function copyTree(namespaces: TaskNamespaces, from: string, to: string): Promise<void> {
  const [program, ...args] = namespaces.enter(['user'], ['cp', '-a', '--', `${from}/.`, to]);
  await promisify(execFile)(program, args, { cwd: '/', env: TOOL_ENVIRONMENT });
}

/** Removes directories whose files belong to users of the task: root of the task may, the agent’s user may not. */
export async function removeAsTask(identities: Identities, directories: readonly string[]): Promise<void> {
  if (identities.range !== undefined && identities.uid !== 0 && directories.some((each) => existsSync(each))) {
    // What it leaves is tried again below, and then said.
    await runAsRoot(identities, ['rm', '-rf', '--', ...directories]).catch(() => {});
  }
  for (const directory of directories) removeTree(directory);
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
