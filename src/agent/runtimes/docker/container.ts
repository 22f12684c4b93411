import { setTimeout as delay } from 'node:timers/promises';
import type * as Ecs from '../../../wire/generated/types/ecs.ts';
import { signalGroup } from '../process-table.ts';
import {
  type ContainerExit,
  type ContainerUsage,
  type ExecResult,
  type OutputLine,
  type OutputPosition,
  type RuntimeContainer,
  RuntimeFailure,
} from '../runtime.ts';
import { readOutput } from './container-output.ts';
import { type Engine, EngineError, isStatus } from './engine.ts';
import type { ContainerInspection, ContainerStats } from './engine-types.ts';
import { ExecOutput } from './exec-output.ts';
import { startReason } from './start-reason.ts';

export interface DockerContainerParts {
  readonly engine: Engine;
  readonly id: string;
  readonly name: string;
  readonly runtimeId: string;
  readonly tty: boolean;
  readonly fargate: boolean;
  /** Address and published ports of the container's own network, where it has one. */
  readonly address?: string | undefined;
  readonly networkBindings?: readonly Ecs.NetworkBinding[] | undefined;
  /** Resolves when the endpoint answers in the container's network. */
  readonly ready: Promise<void>;
  /** Called when it has been started. */
  readonly started: () => void;
}

/** Exit code after SIGKILL. */
const KILLED = 137;

/** Milliseconds before an Engine that has gone away is asked again. */
const RETRY = 250;

/** A container of the Docker Engine. */
export class DockerContainer implements RuntimeContainer {
  readonly name: string;
  readonly runtimeId: string;
  readonly networkBindings: readonly Ecs.NetworkBinding[] | undefined;
  readonly address: string | undefined;
  readonly #parts: DockerContainerParts;
  readonly #readers = new Set<Promise<void>>();
  readonly #begun: Promise<void>;
  #begin: () => void = () => {};
  #exit: Promise<ContainerExit> | undefined;
  #over = false;
  #startedAt: number | undefined;

  constructor(parts: DockerContainerParts) {
    this.#parts = parts;
    this.name = parts.name;
    // On EC2 Docker's id is what ECS reports.
    this.runtimeId = parts.fargate ? parts.runtimeId : parts.id;
    this.networkBindings = parts.networkBindings;
    this.address = parts.address;
    this.#begun = new Promise((resolve) => {
      this.#begin = resolve;
    });
  }

  /** Goes on with a container that has been started. */
  adopt({ State }: ContainerInspection): void {
    this.#startedAt = Date.parse(State.StartedAt);
    this.#exit = this.#awaitExit();
    this.#begin();
  }

  get id(): string {
    return this.#parts.id;
  }

  get startedAt(): number | undefined {
    return this.#startedAt;
  }

  async start(): Promise<void> {
    const { engine, id, ready, fargate, started } = this.#parts;
    try {
      await ready;
      await engine.post(`/containers/${id}/start`);
      this.adopt(await engine.get<ContainerInspection>(`/containers/${id}/json`));
    } catch (error) {
      if (error instanceof RuntimeFailure) throw error;
      throw new RuntimeFailure('start', startReason(error, fargate));
    }
    started();
  }

  async stop(graceMilliseconds: number): Promise<void> {
    if (this.#exit === undefined || this.#over) return;
    await this.#signal(await this.#stopSignal());
    const timer = new AbortController();
    await Promise.race([this.#exit, delay(graceMilliseconds, undefined, { signal: timer.signal }).catch(() => {})]);
    timer.abort();
    await this.kill();
  }

  wait(): Promise<ContainerExit> {
    return this.#exit ?? Promise.reject(new Error(`container ${this.name} was not started`));
  }

  /** Runs in the container by the Engine's exec: with its user, directory and environment. */
  async execute(command: readonly string[], timeoutMilliseconds: number): Promise<ExecResult> {
    const { engine, id } = this.#parts;
    const output = new ExecOutput();
    const request = { AttachStdout: true, AttachStderr: true, Cmd: command };
    try {
      const { Id } = await engine.post<{ Id: string }>(`/containers/${id}/exec`, {}, request);
      const timedOut = await this.#runExec(Id, output, timeoutMilliseconds);
      const { ExitCode } = await engine.get<{ ExitCode: number | null }>(`/exec/${Id}/json`);
      return { code: execCode(ExitCode, output.text), output: output.text, timedOut };
    } catch (error) {
      if (!(error instanceof EngineError)) throw error;
      return { code: execCode(126, error.message), output: error.message, timedOut: false };
    }
  }

  async usage(): Promise<ContainerUsage | undefined> {
    if (this.#over || this.#exit === undefined) return undefined;
    try {
      const query = { stream: false, 'one-shot': true };
      const stats = await this.#parts.engine.get<ContainerStats>(`/containers/${this.id}/stats`, query);
      const { cpu_stats: cpu, memory_stats: memory, pids_stats: pids } = stats;
      if (memory.usage === undefined) return undefined;
      // What could be given back at once is not counted, as docker stats has it.
      const cache = memory.stats?.total_inactive_file ?? memory.stats?.inactive_file ?? 0;
      return {
        cpu: cpu.cpu_usage.total_usage,
        systemCpu: cpu.system_cpu_usage ?? 0,
        cpus: cpu.online_cpus ?? 1,
        memory: Math.max(0, memory.usage - cache),
        processes: pids?.current ?? 0,
      };
    } catch (error) {
      if (error instanceof EngineError) return undefined;
      throw error;
    }
  }

  async *output(from: OutputPosition | undefined, signal: AbortSignal): AsyncGenerator<OutputLine[]> {
    const { engine, id, tty } = this.#parts;
    let done = () => {};
    const reader = new Promise<void>((resolve) => {
      done = resolve;
    });
    this.#readers.add(reader);
    try {
      await Promise.race([this.#begun, aborted(signal)]);
      yield* readOutput({ engine, id, tty, running: () => this.#running() }, from, signal);
    } finally {
      this.#readers.delete(reader);
      done();
    }
  }

  /** Ends it at once, and resolves when nothing of it runs. */
  async kill(): Promise<void> {
    if (this.#exit === undefined) return;
    if (!this.#over) await this.#signal('SIGKILL');
    await this.#exit;
  }

  /** Resolves when nobody reads its output any more. */
  async drained(): Promise<void> {
    await Promise.all(this.#readers);
  }

  /** The image says it (STOPSIGNAL), or it is SIGTERM. */
  async #stopSignal(): Promise<string> {
    try {
      const { Config } = await this.#parts.engine.get<ContainerInspection>(`/containers/${this.id}/json`);
      return Config.StopSignal || 'SIGTERM';
    } catch (error) {
      if (isStatus(error, 404)) return 'SIGTERM';
      throw error;
    }
  }

  async #signal(signal: string): Promise<void> {
    try {
      await this.#parts.engine.post(`/containers/${this.id}/kill`, { signal });
    } catch (error) {
      // It has ended meanwhile, or is gone.
      if (!isStatus(error, 404, 409)) throw error;
    }
  }

  async #running(): Promise<boolean> {
    const { State } = await this.#parts.engine.get<ContainerInspection>(`/containers/${this.id}/json`);
    return State.Running;
  }

  async #awaitExit(): Promise<ContainerExit> {
    for (;;) {
      try {
        const exit = await this.#waitOnce();
        this.#over = true;
        return exit;
      } catch (error) {
        if (isStatus(error, 404)) {
          this.#over = true;
          return { code: undefined, reason: 'the container was removed by someone else' };
        }
        // The Engine is being started again.
        await delay(RETRY);
      }
    }
  }

  async #waitOnce(): Promise<ContainerExit> {
    const { engine } = this.#parts;
    await engine.post(`/containers/${this.id}/wait`, { condition: 'not-running' });
    const { State } = await engine.get<ContainerInspection>(`/containers/${this.id}/json`);
    // The kernel tells all containers of a task that shares its limit, also those that it has let live.
    const outOfMemory = State.OOMKilled && State.ExitCode === KILLED;
    return { code: State.ExitCode, ...(outOfMemory ? { outOfMemory } : {}) };
  }

  /** True when it had to be ended because it took too long. */
  async #runExec(exec: string, output: ExecOutput, timeoutMilliseconds: number): Promise<boolean> {
    const { engine } = this.#parts;
    const giveUp = new AbortController();
    let timedOut = false;
    const timer = setTimeout(async () => {
      timedOut = true;
      // The Engine cannot end it; its process leads a session of its own.
      const { Pid } = await engine.get<{ Pid: number }>(`/exec/${exec}/json`).catch(() => ({ Pid: 0 }));
      if (Pid > 0) signalGroup({ pid: Pid, started: '' }, 'SIGKILL');
      giveUp.abort();
    }, timeoutMilliseconds);
    try {
      const answer = await engine.stream(
        'POST',
        `/exec/${exec}/start`,
        {},
        { body: { Detach: false, Tty: false }, signal: giveUp.signal },
      );
      for await (const chunk of answer) output.add(chunk as Buffer);
    } catch (error) {
      if (!timedOut) throw error;
    } finally {
      clearTimeout(timer);
    }
    return timedOut;
  }
}

/** A program that is not there is 127 to a shell and to newer Engines; older ones say 126 of it, as of what cannot be run. */
function execCode(code: number | null, output: string): number {
  if (code === 126 && /executable file not found|no such file or directory/.test(output)) return 127;
  return code ?? 137;
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    signal.addEventListener('abort', () => resolve(), { once: true });
  });
}
