import { type ChildProcess, spawn } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { identify, isAlive, type ProcessIdentity } from '../process-table.ts';
import { RuntimeFailure } from '../runtime.ts';
import { TOOL_ENVIRONMENT } from '../socket-handover.ts';
import { childrenOf } from './processes.ts';
import type { Tools } from './tools.ts';

/** The two processes that hold a task's namespaces open. */
export interface NamespaceHolders {
  /** Outside of the task's pid namespace; waits for the other one and ends with it. */
  readonly outer: ProcessIdentity;
  /** The first process of the task's pid namespace: when it ends, the kernel ends every other process in there. */
  readonly inner: ProcessIdentity;
}

/** The holder waits for one line, so that nothing is left of it when the agent dies before it has noted it down. */
const UNTIL_NOTED = "trap '' CHLD; echo; read noted";
/** Children that nobody waits for vanish by themselves (SIGCHLD is ignored). */
const KEPT = `${UNTIL_NOTED} && exec sleep 2147483647 <&- >&- 2>&-`;
/** Ends with the agent, whatever ends that: its standard input comes from there. */
const TIED = `${UNTIL_NOTED} && read agent`;

export type NamespaceKind = 'user' | 'net' | 'mount' | 'pid' | 'ipc' | 'uts';

/**
 * The namespaces of one task: user, network, mount, pid, IPC and UTS, held open by a process that only sleeps. Root in
 * them is the agent's own user outside, with no right over anything that is not the task's.
 */
export class TaskNamespaces {
  readonly holders: NamespaceHolders;
  readonly #tools: Tools;
  #confirm: (() => void) | undefined;

  constructor(tools: Tools, holders: NamespaceHolders, confirm?: () => void) {
    this.#tools = tools;
    this.holders = holders;
    this.#confirm = confirm;
  }

  /** Makes new ones. Until they are `noted` they end with the agent; with `keep` they outlive it from then on. Throws RuntimeFailure. */
  static async create(tools: Tools, keep: boolean): Promise<TaskNamespaces> {
    // biome-ignore format: one option after the other
    const args = [
      '--user', '--net', '--ipc', '--uts', '--mount', '--pid', '--fork', '--kill-child=SIGKILL',
      tools.sh, '-c', keep ? KEPT : TIED,
    ];
    const child = spawn(tools.unshare, args, {
      detached: true,
      cwd: '/',
      env: TOOL_ENVIRONMENT,
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    try {
      await ready(child);
      const outer = identify(child.pid ?? 0);
      const innerPid = childrenOf(child.pid ?? 0)[0];
      const inner = innerPid === undefined ? undefined : identify(innerPid);
      if (outer === undefined || inner === undefined) throw new Error('the first process of the task is gone');
      mapIdentities(inner.pid);
      letGo(child);
      return new TaskNamespaces(tools, { outer, inner }, () => {
        if (keep) child.stdin?.end('\n');
        else child.stdin?.write('\n');
      });
    } catch (error) {
      child.kill('SIGKILL');
      const message = error instanceof Error ? error.message : String(error);
      throw new RuntimeFailure('create', `the namespaces of the task cannot be made: ${message}`);
    }
  }

  /** A later agent knows of them: `note` writes them down, durably. */
  async noted(note: (holders: NamespaceHolders) => Promise<void>): Promise<void> {
    await note(this.holders);
    this.#confirm?.();
    this.#confirm = undefined;
  }

  get alive(): boolean {
    return isAlive(this.holders.inner);
  }

  /** The command line that runs a program inside some of the namespaces, as root of the task. */
  enter(kinds: readonly NamespaceKind[], program: readonly string[]): readonly [string, ...string[]] {
    const { inner } = this.holders;
    const options = kinds.map((kind) => `--${kind}`);
    // Credentials stay: the agent's user is root in there, and its groups could not be put down by an ordinary user.
    return [this.#tools.nsenter, '--target', String(inner.pid), ...options, '--preserve-credentials', '--', ...program];
  }

  /** Ends every process in them. Resolves when nothing of them is left. */
  async end(): Promise<void> {
    const { inner, outer } = this.holders;
    for (const holder of [inner, outer]) {
      try {
        if (isAlive(holder)) process.kill(holder.pid, 'SIGKILL');
      } catch {
        // Ended meanwhile.
      }
    }
    // The kernel lets the first process go when all others have ended.
    while (isAlive(inner) || isAlive(outer)) await delay(2);
  }
}

/** Root in there is this user, and there is nobody else. */
function mapIdentities(pid: number): void {
  const uid = process.getuid?.() ?? 0;
  const gid = process.getgid?.() ?? 0;
  // Without a right over the parent namespace the group list must be given up first. Source: user_namespaces(7).
  if (readFileSync(`/proc/${pid}/setgroups`, 'utf8').trim() === 'allow')
    writeFileSync(`/proc/${pid}/setgroups`, 'deny');
  writeFileSync(`/proc/${pid}/uid_map`, `0 ${uid} 1`);
  writeFileSync(`/proc/${pid}/gid_map`, `0 ${gid} 1`);
}

function ready(child: ChildProcess): Promise<void> {
  return new Promise((resolve, reject) => {
    let said = '';
    child.stderr?.on('data', (chunk: Buffer) => {
      said += chunk;
    });
    child.stdout?.once('data', () => resolve());
    child.once('error', reject);
    child.once('close', (code) => reject(new Error(said.trim() || `unshare ended with ${code}`)));
  });
}

/** The agent may end without waiting for the holder. */
function letGo(child: ChildProcess): void {
  child.stdout?.destroy();
  child.stderr?.destroy();
  child.on('error', () => {});
  child.stdin?.on('error', () => {});
  (child.stdin as unknown as { unref?: () => void } | null)?.unref?.();
  child.unref();
}
