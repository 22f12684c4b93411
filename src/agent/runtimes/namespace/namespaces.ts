import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import { identify, isAlive, type ProcessIdentity } from '../process-table.ts';
import { RuntimeFailure } from '../runtime.ts';
import { TOOL_ENVIRONMENT } from '../tool-environment.ts';
import { type Identities, mapIdentities, mapLines } from './identities.ts';
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
/**
 * What comes first. Once it has its users it sees the task's processes at /proc: bubblewrap looks there for those that it
 * starts, by their numbers in the task. `$1`: mount; the rest goes on from there.
 */
const FIRST = 'echo; read mapped && "$1" -t proc proc /proc && shift && exec "$@"';

export type NamespaceKind = 'user' | 'net' | 'mount' | 'pid' | 'ipc' | 'uts';

/**
 * Run in the task's user namespace: the one below has the same users, and none can be made in it. `$1`: number of the
 * process that is in there; `$2`, `$3`: its maps; `$4`: nsenter.
 */
const MAP_BELOW =
  'printf %s "$2" > "/proc/$1/uid_map" && printf %s "$3" > "/proc/$1/gid_map" && ' +
  'exec "$4" "--user=/proc/$1/ns/user" --preserve-credentials sh -c "echo 0 > /proc/sys/user/max_user_namespaces"';

/**
 * The namespaces of one task: user, network, mount, pid, IPC and UTS, held open by a process that only sleeps. Root in
 * them is the agent's own user outside, with no right over anything that is not the task's.
 * Where there are several users, programs of containers are in a second user namespace, so that none of them has a right
 * over the others: the sandboxes are made in the first one.
 */
export class TaskNamespaces {
  readonly holders: NamespaceHolders;
  readonly #tools: Tools;
  #confirm: (() => void) | undefined;
  /** Resolves when containers can run in them; rejects with RuntimeFailure. */
  completed: Promise<void> = Promise.resolve();

  constructor(tools: Tools, holders: NamespaceHolders, confirm?: () => void) {
    this.#tools = tools;
    this.holders = holders;
    this.#confirm = confirm;
  }

  /** Makes new ones: a network can be set up in them at once, containers run in them when they are `completed`. Until they are `noted` they end with the agent; with `keep` they outlive it from then on. Throws RuntimeFailure. */
  static async create(tools: Tools, keep: boolean, identities: Identities): Promise<TaskNamespaces> {
    const hold = keep ? KEPT : TIED;
    const several = identities.range !== undefined;
    const args = [
      '--user',
      '--net',
      '--ipc',
      '--uts',
      '--mount',
      '--pid',
      '--fork',
      '--kill-child=SIGKILL',
      tools.sh,
      '-c',
      FIRST,
      'sh',
      tools.mount,
      // Programs of containers with several users are in a user namespace below the task's.
      ...(several ? [tools.unshare, '--user'] : []),
      tools.sh,
      '-c',
      hold,
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
      await mapIdentities(inner.pid, identities);
      const namespaces = new TaskNamespaces(tools, { outer, inner }, () => {
        if (keep) child.stdin?.end('\n');
        else child.stdin?.write('\n');
      });
      namespaces.completed = namespaces.#complete(child, several ? identities : undefined);
      // Whoever waits for it hears of a failure; nobody may have begun to wait yet.
      namespaces.completed.catch(() => {});
      return namespaces;
    } catch (error) {
      throw notMade(child, error);
    }
  }

  /** What no network needs: /proc, and the user namespace below. `below`: its users; undefined: there is none. */
  async #complete(child: ChildProcess, below: Identities | undefined): Promise<void> {
    try {
      const holding = ready(child);
      child.stdin?.write('\n');
      await holding;
      if (below !== undefined) await this.#mapBelow(below);
      letGo(child);
    } catch (error) {
      throw notMade(child, error);
    }
  }

  /** A later agent knows of them: `note` writes them down, durably. Throws RuntimeFailure when they do not come to be complete. */
  async noted(note: (holders: NamespaceHolders) => Promise<void>): Promise<void> {
    await this.completed;
    await note(this.holders);
    this.#confirm?.();
    this.#confirm = undefined;
  }

  get alive(): boolean {
    return isAlive(this.holders.inner);
  }

  /**
   * The command line that runs a program inside some of the namespaces, as root of the task. The groups of the agent stay
   * unless they are to be put down, which takes a task with several users.
   */
  enter(
    kinds: readonly NamespaceKind[],
    program: readonly string[],
    groups: 'kept' | 'put-down' = 'kept',
  ): readonly [string, ...string[]] {
    const { inner, outer } = this.holders;
    // The first process may itself be in the user namespace below.
    const options = kinds.map((kind) => (kind === 'user' ? `--user=/proc/${outer.pid}/ns/user` : `--${kind}`));
    if (groups === 'kept') options.push('--preserve-credentials');
    return [this.#tools.nsenter, '--target', String(inner.pid), ...options, '--', ...program];
  }

  /** File of the user namespace of containers with several users. */
  get userNamespaceBelow(): string {
    return `/proc/${this.holders.inner.pid}/ns/user`;
  }

  async #mapBelow({ range }: Identities): Promise<void> {
    const map = mapLines(0, 1, range?.count);
    const { sh, nsenter } = this.#tools;
    const script = [sh, '-c', MAP_BELOW, 'sh', String(this.holders.inner.pid), map, map, nsenter];
    const [program, ...args] = this.enter(['user'], script);
    await promisify(execFile)(program, args, { cwd: '/', env: TOOL_ENVIRONMENT });
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

function notMade(child: ChildProcess, error: unknown): RuntimeFailure {
  child.kill('SIGKILL');
  const message = error instanceof Error ? error.message : String(error);
  return new RuntimeFailure('create', `the namespaces of the task cannot be made: ${message}`);
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
