import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, fstatSync, openSync, readFileSync, truncateSync } from 'node:fs';
import { constants } from 'node:os';
import { dirname } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type * as Ecs from '../../../wire/generated/types/ecs.ts';
import { followFiles } from '../output-files.ts';
import { identify, isAlive, type ProcessIdentity } from '../process-table.ts';
import {
  type ContainerExit,
  type ContainerUsage,
  type ExecResult,
  type OutputLine,
  type OutputPosition,
  type RuntimeContainer,
  RuntimeFailure,
} from '../runtime.ts';
import { checkStart } from '../start-check.ts';
import { TOOL_ENVIRONMENT } from '../tool-environment.ts';
import { entryError } from './entry-program.ts';
import { executeInside } from './execute.ts';
import type { Limiter } from './limits/limiter.ts';
import type { TaskNamespaces } from './namespaces.ts';
import { childrenOf, environmentOf, runsFile, sameProgram, usageOfNamespace, withoutInherited } from './processes.ts';
import type { PublishedPorts } from './published-ports.ts';
import { ENTRY_FD } from './sandbox.ts';
import { cannotStart, entryReason, startReason } from './start-reason.ts';
import type { Tools } from './tools.ts';

export interface ContainerFiles {
  readonly stdout: string;
  readonly stderr: string;
  /** bubblewrap writes there what became of the program; it outlives the agent. */
  readonly status: string;
}

/** How a container is run. */
export interface ContainerPlan {
  readonly name: string;
  readonly runtimeId: string;
  readonly commandLine: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  /** bubblewrap's arguments. */
  readonly sandbox: readonly string[];
  /** prlimit's arguments; empty when no limits are asked for. */
  readonly limits: readonly string[];
  readonly init: boolean;
  readonly stopSignal: NodeJS.Signals;
  readonly files: ContainerFiles;
  /** Of its program, and of what is run beside it. */
  readonly capabilities: readonly string[];
  /** Undefined: the container has one user alone. */
  readonly user: ContainerIdentity | undefined;
}

/** Of a container with several users, the one that its program is run as. */
export interface ContainerIdentity {
  readonly uid: number;
  readonly gid: number;
  readonly groups: readonly number[];
  /** The entry program; a later agent has no use for it. */
  readonly entry?: string;
}

/** What a later agent needs to find a container again. */
export interface ContainerProcesses {
  /** Outside of the task; ends when the container has ended. */
  readonly watcher: ProcessIdentity;
  /** The container's program. */
  readonly program: ProcessIdentity;
  /** The first process of its pid namespace: the program itself, unless there is an init process. */
  readonly first: ProcessIdentity;
}

export interface ContainerEvents {
  /** The program runs: what a later agent needs to go on with it. */
  started(processes: ContainerProcesses, at: number, bindings: readonly Ecs.NetworkBinding[]): Promise<void>;
  /** Opens the ports of this machine that lead to the container. Throws RuntimeFailure. */
  publish(): Promise<PublishedPorts>;
  readonly limiter: Limiter;
}

/** Milliseconds between two looks at a process that is not this agent's child. */
const WATCH_INTERVAL = 100;
/** Milliseconds between two looks at a program that is about to start. */
const START_INTERVAL = 1;

interface Status {
  readonly exitCode: number | undefined;
}

/** A container in namespaces of its own. */
export class NamespaceContainer implements RuntimeContainer {
  readonly name: string;
  readonly runtimeId: string;
  readonly #plan: ContainerPlan;
  readonly #tools: Tools;
  readonly #namespaces: TaskNamespaces;
  readonly #exit: Promise<ContainerExit>;
  readonly #publish: () => Promise<PublishedPorts>;
  readonly #limiter: Limiter;
  #ports: PublishedPorts | undefined;
  #settle!: (exit: ContainerExit) => void;
  readonly #started: ContainerEvents['started'];
  #ended = false;
  #processes: ContainerProcesses | undefined;
  #startedAt: number | undefined;

  constructor(tools: Tools, namespaces: TaskNamespaces, plan: ContainerPlan, events: ContainerEvents) {
    this.name = plan.name;
    this.runtimeId = plan.runtimeId;
    this.#plan = plan;
    this.#tools = tools;
    this.#namespaces = namespaces;
    this.#started = events.started;
    this.#publish = events.publish;
    this.#limiter = events.limiter;
    this.#exit = new Promise((resolve) => {
      this.#settle = resolve;
    });
  }

  /** Takes over a container that an earlier agent started. `ports`: opened again where they were. */
  static adopt(
    tools: Tools,
    namespaces: TaskNamespaces,
    plan: ContainerPlan,
    processes: ContainerProcesses,
    startedAt: number,
    ports: PublishedPorts | undefined,
    limiter: Limiter,
  ): NamespaceContainer {
    const events: ContainerEvents = {
      limiter,
      started: async () => {},
      publish: () => Promise.reject(new RuntimeFailure('start', 'it was started before')),
    };
    const container = new NamespaceContainer(tools, namespaces, plan, events);
    container.#ports = ports;
    container.#processes = processes;
    container.#startedAt = startedAt;
    limiter.started(processes.first);
    void container.#watch(processes);
    return container;
  }

  get startedAt(): number | undefined {
    return this.#startedAt;
  }

  get networkBindings(): readonly Ecs.NetworkBinding[] | undefined {
    return this.#ports?.bindings;
  }

  async start(): Promise<void> {
    checkStart(this.#plan.commandLine, this.#plan.environment);
    this.#ports = await this.#publish();
    try {
      await this.#launch();
    } catch (error) {
      if (this.#processes !== undefined) signal(this.#processes.first, 'SIGKILL');
      this.#ports.close();
      await this.#limiter.release();
      throw error;
    }
  }

  async #launch(): Promise<void> {
    const { files } = this.#plan;
    const fds = [files.stdout, files.stderr, files.status].map((file) => openSync(file, 'a', 0o600));
    const [out, err, status] = fds as [number, number, number];
    const before = fstatSync(err).size;
    try {
      const child = this.#spawn(out, err, status);
      const exited = new Promise<ContainerExit>((resolve) => {
        child.once('error', (error) => resolve({ code: 127, reason: error.message }));
        child.once('exit', (code, signal) => resolve({ code: code ?? signalCode(signal) }));
      });
      let over: ContainerExit | undefined;
      void exited.then((exit) => {
        over = exit;
      });
      const processes = await this.#whenRunning(child.pid ?? 0, () => over !== undefined);
      const refused = readFileSync(files.stderr).subarray(before);
      if (processes === undefined && (this.#status().exitCode === undefined || entryError(refused) !== undefined)) {
        throw new RuntimeFailure('start', this.#startReason(before));
      }
      this.#startedAt = Date.now();
      if (processes !== undefined) {
        this.#processes = processes;
        this.#limiter.started(processes.first);
        await this.#started(processes, this.#startedAt, this.networkBindings ?? []);
      }
      void exited.then((exit) => this.#end({ code: this.#status().exitCode ?? exit.code }));
    } finally {
      for (const fd of fds) closeSync(fd);
    }
  }

  /** The image's stop signal (SIGTERM) goes to the program; what is left when the time is over gets SIGKILL. */
  async stop(graceMilliseconds: number): Promise<void> {
    if (this.#ended || this.#processes === undefined) return;
    signal(this.#processes.program, this.#plan.stopSignal);
    const timer = new AbortController();
    await Promise.race([this.#exit, delay(graceMilliseconds, undefined, { signal: timer.signal }).catch(() => {})]);
    timer.abort();
    await this.kill();
  }

  wait(): Promise<ContainerExit> {
    return this.#exit;
  }

  async execute(command: readonly string[], timeoutMilliseconds: number): Promise<ExecResult> {
    const program = this.#processes?.program;
    if (this.#ended || program === undefined || !isAlive(program)) return { code: 137, output: '', timedOut: false };
    // A container that an earlier agent started: its secrets were never stored, but its program still has them.
    const known = this.#plan.environment;
    const environment = Object.keys(known).length > 0 ? known : environmentOf(program.pid);
    return executeInside(this.#tools, this.#namespaces, program.pid, {
      command,
      environment,
      timeoutMilliseconds,
      user: this.#plan.user,
      capabilities: this.#plan.capabilities,
      directory: dirname(this.#plan.files.status),
      limiter: this.#limiter,
    });
  }

  async usage(): Promise<ContainerUsage | undefined> {
    if (this.#ended || this.#processes === undefined) return undefined;
    const seen = usageOfNamespace(this.#processes.first.pid);
    // A cgroup counts exactly, and what has ended too.
    return seen === undefined ? undefined : { ...seen, ...this.#limiter.usage };
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

  /** Ends everything at once, without grace: nothing outlives the first process of a pid namespace. */
  async kill(): Promise<void> {
    if (this.#ended || this.#processes === undefined) return;
    signal(this.#processes.first, 'SIGKILL');
    await this.#exit;
  }

  #spawn(out: number, err: number, status: number): ChildProcess {
    const { sandbox, limits, commandLine, environment, user } = this.#plan;
    const begin = user === undefined ? commandLine : [`/proc/self/fd/${ENTRY_FD}`, ...commandLine];
    const bwrap = [this.#tools.bwrap, '--json-status-fd', '3', '--args', '4', ...sandbox, '--', ...begin];
    const program = limits.length === 0 ? bwrap : [this.#tools.prlimit, ...limits, ...bwrap];
    const kinds = ['user', 'mount', 'pid', 'net', 'ipc', 'uts'] as const;
    const entered = this.#namespaces.enter(kinds, program, user === undefined ? 'kept' : 'put-down');
    const [command, ...args] = this.#limiter.around(entered);
    const nothing = openSync('/dev/null', 'r');
    const opened: number[] = [];
    try {
      // In the places of USER_NAMESPACE_FD and ENTRY_FD.
      if (user?.entry !== undefined)
        opened.push(openSync(this.#namespaces.userNamespaceBelow, 'r'), openSync(user.entry, 'r'));
      const child = spawn(command, args, {
        cwd: '/',
        // None of the container's variables is one of these programs': LD_PRELOAD and its like act inside only.
        env: TOOL_ENVIRONMENT,
        // A session of its own: signals to the agent's group do not reach it, and it survives the agent.
        detached: true,
        stdio: withoutInherited(['ignore', out, err, status, 'pipe' as const, ...opened], nothing),
      });
      // Through a pipe, not as arguments: those are readable for everyone on the machine.
      const variables = Object.entries(environment).flatMap(([name, value]) => ['--setenv', name, value]);
      const pipe = child.stdio[4] as NodeJS.WritableStream;
      pipe.on('error', () => {});
      pipe.end(['--clearenv', ...variables, ''].join('\0'));
      return child;
    } finally {
      for (const fd of [nothing, ...opened]) closeSync(fd);
    }
  }

  /** Waits until the program itself runs in the sandbox; undefined when it ended before it was seen. */
  async #whenRunning(watcherPid: number, over: () => boolean): Promise<ContainerProcesses | undefined> {
    for (;;) {
      const found = this.#look(watcherPid);
      if (found !== undefined) return found;
      if (over()) return undefined;
      await delay(START_INTERVAL);
    }
  }

  #look(watcherPid: number): ContainerProcesses | undefined {
    const monitor = childrenOf(watcherPid)[0];
    const first = monitor === undefined ? undefined : childrenOf(monitor)[0];
    if (first === undefined) return undefined;
    const program = this.#plan.init ? childrenOf(first)[0] : first;
    if (program === undefined) return undefined;
    // The first process is bubblewrap itself until it becomes the container's program.
    if (sameProgram(program, monitor as number)) return undefined;
    // Then it is the entry program, which becomes the container's.
    const entry = this.#plan.user?.entry;
    if (entry !== undefined && runsFile(program, entry, String(ENTRY_FD))) return undefined;
    const [watcher, identity, leader] = [identify(watcherPid), identify(program), identify(first)];
    if (watcher === undefined || identity === undefined || leader === undefined) return undefined;
    return { watcher, program: identity, first: leader };
  }

  async #watch({ watcher }: ContainerProcesses): Promise<void> {
    while (isAlive(watcher)) await delay(WATCH_INTERVAL);
    this.#end({ code: this.#status().exitCode });
  }

  /** The last run's documents: the file is new for each. Source: bwrap(1), --json-status-fd. */
  #status(): Status {
    let exitCode: number | undefined;
    try {
      for (const line of readFileSync(this.#plan.files.status, 'utf8').split('\n')) {
        if (line.trim() === '') continue;
        const document = JSON.parse(line) as { 'exit-code'?: number };
        if (document['exit-code'] !== undefined) exitCode = document['exit-code'];
      }
    } catch {
      // Half a document: the machine went down, or the watcher was killed while it wrote.
    }
    return { exitCode };
  }

  /** What bubblewrap said is none of the container's output. */
  #startReason(before: number): string {
    const said = readFileSync(this.#plan.files.stderr).subarray(before);
    truncateSync(this.#plan.files.stderr, before);
    // Source: runc, as quoted in stopped reasons (observed).
    if (this.#limiter.outOfMemory) return cannotStart('container init was OOM-killed (memory limit too low?)');
    const error = entryError(said);
    const program = this.#plan.commandLine[0] ?? '';
    return error === undefined ? startReason(program, said.toString('utf8').trim()) : entryReason(program, error);
  }

  #end(exit: ContainerExit): void {
    if (this.#ended) return;
    this.#ended = true;
    // Should only its watcher have ended: nothing runs on that nobody looks after.
    if (this.#processes !== undefined) signal(this.#processes.first, 'SIGKILL');
    this.#ports?.close();
    const outOfMemory = this.#limiter.outOfMemory;
    this.#settle(outOfMemory ? { ...exit, outOfMemory } : exit);
    void this.#limiter.release();
  }
}

function signal(identity: ProcessIdentity, name: NodeJS.Signals): void {
  if (!isAlive(identity)) return;
  try {
    process.kill(identity.pid, name);
  } catch {
    // Ended meanwhile.
  }
}

/** What a shell and Docker answer for a program that a signal ended. */
function signalCode(name: NodeJS.Signals | null): number {
  return 128 + (name === null ? 0 : (constants.signals[name] ?? 0));
}
