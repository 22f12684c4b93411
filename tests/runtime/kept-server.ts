import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const PROGRAM = fileURLToPath(new URL('../../bin/rolecall.js', import.meta.url));

/**
 * Runs the command, and inherits every process that anything started by it leaves behind, whatever session or namespace
 * it went to (PR_SET_CHILD_SUBREAPER). Ends when there is none left.
 */
const KEEPER = `
import ctypes, os, sys
if ctypes.CDLL(None, use_errno=True).prctl(36, 1, 0, 0, 0) != 0:
    sys.exit(1)
child = os.fork()
if child == 0:
    os.execvp(sys.argv[1], sys.argv[1:])
sys.stderr.write('pid %d\\n' % child)
sys.stderr.flush()
while True:
    try:
        os.wait()
    except ChildProcessError:
        break
`;

/** Why nothing can be said of the processes that a server leaves; undefined when it can. */
export const noKeeper: string | undefined =
  process.platform !== 'linux'
    ? 'processes are looked for in /proc'
    : spawnSync('python3', ['-c', 'import ctypes']).status === 0
      ? undefined
      : 'there is no python3';

/** `rolecall up` below a process that inherits what it leaves. */
export class KeptServer {
  readonly endpoint: string;
  /** Process id of the server. */
  readonly pid: number;
  readonly #keeper: ChildProcess;
  readonly #said: () => string;

  private constructor(keeper: ChildProcess, pid: number, endpoint: string, said: () => string) {
    this.#keeper = keeper;
    this.pid = pid;
    this.endpoint = endpoint;
    this.#said = said;
  }

  /** Resolves when the server listens and its runtime is ready. */
  static async start(args: readonly string[], environment: NodeJS.ProcessEnv): Promise<KeptServer> {
    const command = [process.execPath, PROGRAM, 'up', '--quiet', '--port', '0', ...args];
    const keeper = spawn('python3', ['-c', KEEPER, ...command], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, NO_COLOR: '1', ...environment },
    });
    let said = '';
    const ready = new Promise<void>((resolve, reject) => {
      const hear = (chunk: Buffer) => {
        said += chunk;
        if (said.includes('ready; Ctrl-C')) resolve();
      };
      keeper.stdout.on('data', hear);
      keeper.stderr.on('data', hear);
      keeper.once('exit', (code) => reject(new Error(`the server ended with ${code}: ${said}`)));
    });
    await ready;
    const pid = Number(/^pid (\d+)$/m.exec(said)?.[1]);
    const endpoint = /http:\/\/127\.0\.0\.1:\d+/.exec(said)?.[0] ?? '';
    return new KeptServer(keeper, pid, endpoint, () => said);
  }

  /** All that the server has printed. */
  get said(): string {
    return this.#said();
  }

  /** Processes that descend from the server, or did before it ended. Without itself. */
  get descendants(): readonly string[] {
    const children = new Map<number, number[]>();
    for (const name of readdirSync('/proc')) {
      if (!/^\d+$/.test(name)) continue;
      try {
        const stat = readFileSync(`/proc/${name}/stat`, 'utf8');
        const [state, parent] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
        if (state === 'Z') continue;
        children.set(Number(parent), [...(children.get(Number(parent)) ?? []), Number(name)]);
      } catch {
        // ended meanwhile
      }
    }
    const found: number[] = [];
    const look = (parent: number) => {
      for (const child of children.get(parent) ?? []) {
        if (child !== this.pid) found.push(child);
        look(child);
      }
    };
    look(this.#keeper.pid ?? 0);
    return found.map((pid) => `${pid} ${commandLine(pid)}`);
  }

  /** Sockets of the server, of whatever network namespace, that are not Unix ones. */
  get networkSockets(): number {
    const unix = new Set(
      readFileSync(`/proc/${this.pid}/net/unix`, 'utf8')
        .split('\n')
        .map((line) => line.split(/\s+/)[6]),
    );
    return readdirSync(`/proc/${this.pid}/fd`).filter((fd) => {
      try {
        const inode = /^socket:\[(\d+)\]$/.exec(readlinkSync(`/proc/${this.pid}/fd/${fd}`))?.[1];
        return inode !== undefined && !unix.has(inode);
      } catch {
        return false;
      }
    }).length;
  }

  signal(signal: NodeJS.Signals): void {
    process.kill(this.pid, signal);
  }

  /** Resolves when the server has ended. What it left behind may still run. */
  async ended(): Promise<void> {
    while (isThere(this.pid)) await new Promise((resolve) => setTimeout(resolve, 20));
  }

  /** Resolves when the server and all that ever descended from it has ended. */
  async gone(): Promise<void> {
    if (this.#keeper.exitCode !== null || this.#keeper.signalCode !== null) return;
    await new Promise((resolve) => this.#keeper.once('exit', resolve));
  }

  /** Ends everything, as a test does that has failed. */
  clear(): void {
    for (const line of this.descendants) kill(Number.parseInt(line, 10));
    kill(this.pid);
  }
}

function isThere(pid: number): boolean {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return stat[stat.lastIndexOf(')') + 2] !== 'Z';
  } catch {
    return false;
  }
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // ended meanwhile
  }
}

function commandLine(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ').slice(0, 200);
  } catch {
    return '';
  }
}
