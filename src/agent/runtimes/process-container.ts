import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, existsSync, openSync } from 'node:fs';
import { constants } from 'node:os';
import { setTimeout as delay } from 'node:timers/promises';
import { followFiles } from './output-files.ts';
import { identify, isAlive, type ProcessIdentity, signalGroup, usageOf } from './process-table.ts';
import {
  type ContainerExit,
  type ContainerUsage,
  type ExecResult,
  type OutputLine,
  type OutputPosition,
  type RuntimeContainer,
  RuntimeFailure,
} from './runtime.ts';
import { checkStart } from './start-check.ts';

/** How a container is run as a process. */
export interface ProcessPlan {
  readonly name: string;
  readonly runtimeId: string;
  readonly commandLine: readonly string[];
  readonly directory: string;
  readonly environment: Readonly<Record<string, string>>;
  readonly files: { readonly stdout: string; readonly stderr: string };
}

export interface ProcessEvents {
  /** The process runs: what a later agent needs to find it again. */
  started(identity: ProcessIdentity, at: number): void;
  /** A command beside the program (a health check) began or ended: its processes belong to the task. */
  executing(pid: number, running: boolean): void;
}

/** How often a process that is not this agent's child is looked for. Milliseconds. */
const WATCH_INTERVAL = process.platform === 'linux' ? 100 : 500;
const EXEC_OUTPUT_LIMIT = 4096;

/** A container that is an ordinary process in a session and process group of its own. */
export class ProcessContainer implements RuntimeContainer {
  readonly name: string;
  readonly runtimeId: string;
  readonly #plan: ProcessPlan;
  readonly #events: ProcessEvents;
  readonly #exit: Promise<ContainerExit>;
  #settle!: (exit: ContainerExit) => void;
  #ended = false;
  #identity: ProcessIdentity | undefined;
  #startedAt: number | undefined;

  constructor(plan: ProcessPlan, events: ProcessEvents) {
    this.name = plan.name;
    this.runtimeId = plan.runtimeId;
    this.#plan = plan;
    this.#events = events;
    this.#exit = new Promise((resolve) => {
      this.#settle = resolve;
    });
  }

  /** Takes over a process that an earlier agent started. Its exit code cannot be learned any more. */
  static adopt(
    plan: ProcessPlan,
    events: ProcessEvents,
    identity: ProcessIdentity,
    startedAt: number,
  ): ProcessContainer {
    const container = new ProcessContainer(plan, events);
    container.#identity = identity;
    container.#startedAt = startedAt;
    void container.#watch(identity);
    return container;
  }

  get startedAt(): number | undefined {
    return this.#startedAt;
  }

  /** The process that leads the container's group; undefined before the start and after the end. */
  get leader(): number | undefined {
    return this.#ended ? undefined : this.#identity?.pid;
  }

  async start(): Promise<void> {
    const { commandLine, directory, environment, files } = this.#plan;
    if (!existsSync(directory)) {
      throw new RuntimeFailure('start', `workingDirectory: there is no directory ${directory} on this machine`);
    }
    checkStart(commandLine, environment);
    const [program, ...args] = commandLine as [string, ...string[]];
    const out = openSync(files.stdout, 'a', 0o600);
    const err = openSync(files.stderr, 'a', 0o600);
    let child: ChildProcess;
    try {
      child = spawn(program, args, {
        cwd: directory,
        env: environment,
        // A session of its own: signals reach it and nothing else, and it survives the agent.
        detached: true,
        stdio: ['ignore', out, err],
      });
      await new Promise<void>((resolve, reject) => {
        child.once('spawn', resolve);
        child.once('error', reject);
      });
    } catch (error) {
      throw new RuntimeFailure('start', startReason(program, error));
    } finally {
      closeSync(out);
      closeSync(err);
    }
    const pid = child.pid as number;
    const exited = new Promise<ContainerExit>((resolve) => {
      child.once('exit', (code, signal) => resolve({ code: code ?? signalCode(signal) }));
    });
    this.#startedAt = Date.now();
    // A process that has already ended has no identity any more; its number alone then serves to end its group.
    this.#identity = identify(pid) ?? { pid, started: '' };
    this.#events.started(this.#identity, this.#startedAt);
    void exited.then((exit) => this.#end(exit));
  }

  /**
   * SIGTERM goes to the container's program, as Docker sends it to process 1 alone; what is left when the time is over,
   * or when the program has ended, gets SIGKILL together with everything that it started.
   */
  async stop(graceMilliseconds: number): Promise<void> {
    const leader = this.leader;
    if (leader === undefined) return;
    trySignal(leader, 'SIGTERM');
    const timer = new AbortController();
    await Promise.race([this.#exit, delay(graceMilliseconds, undefined, { signal: timer.signal }).catch(() => {})]);
    timer.abort();
    if (!this.#ended) this.#killAll();
    await this.#exit;
  }

  wait(): Promise<ContainerExit> {
    return this.#exit;
  }

  async execute(command: readonly string[], timeoutMilliseconds: number): Promise<ExecResult> {
    const [program, ...args] = command as [string, ...string[]];
    const child = spawn(program, args, {
      cwd: this.#plan.directory,
      env: this.#plan.environment,
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const pid = child.pid;
    if (pid !== undefined) this.#events.executing(pid, true);
    let output = '';
    const collect = (chunk: Buffer) => {
      if (output.length < EXEC_OUTPUT_LIMIT) output += chunk.toString('utf8');
    };
    child.stdout?.on('data', collect);
    child.stderr?.on('data', collect);
    let timedOut = false;
    const timer = setTimeout(() => {
      timedOut = true;
      if (pid !== undefined) signalGroup({ pid, started: '' }, 'SIGKILL');
    }, timeoutMilliseconds);
    try {
      const code = await new Promise<number>((resolve) => {
        child.once('error', () => resolve(127));
        child.once('exit', (exitCode, signal) => resolve(exitCode ?? signalCode(signal)));
      });
      return { code, output: output.slice(0, EXEC_OUTPUT_LIMIT), timedOut };
    } finally {
      clearTimeout(timer);
      if (pid !== undefined) {
        signalGroup({ pid, started: '' }, 'SIGKILL');
        this.#events.executing(pid, false);
      }
    }
  }

  async usage(): Promise<ContainerUsage | undefined> {
    return this.leader === undefined ? undefined : usageOf(this.leader);
  }

  output(from: OutputPosition | undefined, signal: AbortSignal): AsyncIterable<OutputLine[]> {
    const container = this;
    const ending = {
      get ended() {
        return container.#ended;
      },
      whenEnded: this.#exit,
    };
    return followFiles(this.#plan.files, from, ending, signal);
  }

  /** Ends everything at once, without grace. */
  async kill(): Promise<void> {
    if (this.leader === undefined) return;
    this.#killAll();
    await this.#exit;
  }

  async #watch(identity: ProcessIdentity): Promise<void> {
    while (isAlive(identity)) await delay(WATCH_INTERVAL);
    this.#end({ code: undefined });
  }

  #killAll(): void {
    if (this.#identity !== undefined) signalGroup(this.#identity, 'SIGKILL');
  }

  #end(exit: ContainerExit): void {
    if (this.#ended) return;
    // As in a container, nothing outlives the main program.
    this.#killAll();
    this.#ended = true;
    this.#settle(exit);
  }
}

function trySignal(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {
    // Ended meanwhile.
  }
}

/** What a shell and Docker answer for a program that a signal ended. */
function signalCode(signal: NodeJS.Signals | null): number {
  return 128 + (signal === null ? 0 : (constants.signals[signal] ?? 0));
}

/** As the OCI runtime says it. Source: runc's texts, as quoted in stopped reasons (observed). */
function startReason(program: string, error: unknown): string {
  const code = (error as NodeJS.ErrnoException).code;
  const where = program.includes('/')
    ? `stat ${program}: no such file or directory`
    : 'executable file not found in $PATH';
  const why = code === 'ENOENT' ? where : code === 'EACCES' ? 'permission denied' : (code ?? 'it cannot be run');
  return `OCI runtime create failed: runc create failed: unable to start container process: exec: "${program}": ${why}: unknown`;
}
