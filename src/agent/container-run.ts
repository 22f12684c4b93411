import type { ContainerRecord } from '../services/ecs/records.ts';
import type { ContainerChange } from '../services/ecs/task-state.ts';
import type * as Ecs from '../wire/generated/types/ecs.ts';
import type { ContainerState } from './container-order.ts';
import type { ContainerFacts } from './endpoints/metadata.ts';
import { type HealthState, watchHealth } from './health-check.ts';
import type { LogDriver } from './log-driver.ts';
import type {
  ContainerExit,
  ContainerSpec,
  ContainerUsage,
  OutputLine,
  OutputPosition,
  RuntimeContainer,
  RuntimeTask,
} from './runtimes/runtime.ts';

/** Seconds. Source: ECS API, ContainerDefinition.stopTimeout; agent, ECS_CONTAINER_STOP_TIMEOUT. */
const STOP_TIMEOUT = 30;
/** Seconds. Source: ECS API, ContainerRestartPolicy. */
const RESTART_PERIOD = 300;

export interface ContainerIdentity {
  /** Docker's id, or Fargate's. */
  readonly runtimeId: string;
  /** Id in metadata URLs. */
  readonly endpointId: string;
  readonly dockerName: string;
}

export interface ContainerRunParts {
  readonly definition: Ecs.ContainerDefinition;
  readonly record: ContainerRecord;
  readonly identity: ContainerIdentity;
  readonly networkMode: string;
  readonly now: () => number;
  /** Something about the container changed. */
  readonly changed: () => void;
  readonly output: (lines: readonly OutputLine[]) => void;
}

/** One container of a task, as the agent sees it: its process, its output, its health. */
export class ContainerRun {
  readonly name: string;
  readonly definition: Ecs.ContainerDefinition;
  readonly essential: boolean;
  readonly identity: ContainerIdentity;
  readonly #parts: ContainerRunParts;
  readonly #leaving = new AbortController();
  #status: ContainerState['status'] = 'PENDING';
  #container: RuntimeContainer | undefined;
  /** As the runtime has it, once there is a container. */
  #runtimeId: string;
  #log: LogDriver | undefined;
  #position: OutputPosition | undefined;
  #health: HealthState | undefined;
  #createdAt: number | undefined;
  #startedAt: number | undefined;
  #finishedAt: number | undefined;
  #exitCode: number | undefined;
  #reason: string | undefined;
  #restarts = 0;
  #stopping = false;
  #finished: Promise<void> = Promise.resolve();
  imageDigest: string | undefined;

  constructor(parts: ContainerRunParts) {
    this.#parts = parts;
    this.definition = parts.definition;
    this.name = parts.definition.name ?? '';
    this.essential = parts.record.essential;
    this.identity = parts.identity;
    this.#runtimeId = parts.identity.runtimeId;
    this.imageDigest = parts.record.imageDigest;
  }

  get status(): ContainerState['status'] {
    return this.#status;
  }

  get started(): boolean {
    return this.#startedAt !== undefined;
  }

  get state(): ContainerState {
    return {
      name: this.name,
      status: this.#status,
      exitCode: this.#exitCode,
      health: this.#health?.status ?? 'UNKNOWN',
      startedAt: this.#startedAt,
      startTimeout: this.definition.startTimeout,
    };
  }

  get facts(): ContainerFacts {
    return {
      definition: this.definition,
      containerArn: this.#parts.record.containerArn,
      ...this.identity,
      runtimeId: this.#runtimeId,
      imageDigest: this.imageDigest,
      desiredStatus: this.#stopping || this.#status === 'STOPPED' ? 'STOPPED' : 'RUNNING',
      knownStatus: this.#status === 'PENDING' ? (this.#createdAt === undefined ? 'NONE' : 'CREATED') : this.#status,
      exitCode: this.#exitCode,
      createdAt: this.#createdAt,
      startedAt: this.#startedAt,
      finishedAt: this.#finishedAt,
      health:
        this.#health ??
        (this.definition.healthCheck === undefined ? undefined : { status: 'UNKNOWN', since: this.#createdAt ?? 0 }),
      restartCount: this.#restarts,
    };
  }

  /** What the control plane should know of it. */
  get change(): ContainerChange {
    return {
      containerName: this.name,
      status: this.#status,
      runtimeId: this.#createdAt === undefined ? undefined : this.#runtimeId,
      exitCode: this.#exitCode,
      reason: this.#reason,
      imageDigest: this.imageDigest,
      healthStatus: this.#health?.status,
      networkBindings: this.started
        ? (this.#container?.networkBindings ?? networkBindings(this.definition, this.#parts.networkMode))
        : undefined,
    };
  }

  /** Creates, opens the log (`openLog`: EC2; on Fargate it is open already), and starts. Throws what went wrong. */
  async start(runtime: RuntimeTask, spec: ContainerSpec, log: LogDriver | undefined, openLog: boolean): Promise<void> {
    this.#log = log;
    this.#createdAt = this.#parts.now();
    const container = await runtime.create(spec);
    this.#runtimeId = container.runtimeId;
    if (openLog) await log?.open();
    await container.start();
    this.#run(container, runtime, spec);
  }

  /** Goes on with a container that an earlier agent started. */
  adopt(container: RuntimeContainer, log: LogDriver | undefined, position: OutputPosition | undefined): void {
    this.#log = log;
    this.#position = position;
    this.#createdAt = container.startedAt;
    this.#run(container, undefined, undefined);
  }

  /** Takes over what is known of a container that had ended before. */
  restoreStopped(): void {
    const { record } = this.#parts;
    this.#status = 'STOPPED';
    this.#exitCode = record.exitCode;
    this.#reason = record.reason;
    this.#startedAt = this.#parts.now();
  }

  /** The container will not start, or is gone. */
  fail(reason: string, exitCode?: number): void {
    if (this.#status === 'STOPPED') return;
    this.#reason = reason;
    this.#exitCode = exitCode;
    this.#status = 'STOPPED';
    this.#finishedAt = this.#parts.now();
    this.#parts.changed();
  }

  async stop(): Promise<void> {
    this.#stopping = true;
    await this.#container?.stop((this.definition.stopTimeout ?? STOP_TIMEOUT) * 1000);
    await this.#finished;
  }

  usage(): Promise<ContainerUsage | undefined> {
    return this.#container?.usage() ?? Promise.resolve(undefined);
  }

  /** Lets go of the container without ending it; a later agent will find it. */
  async leave(): Promise<void> {
    this.#leaving.abort();
    await this.#finished;
  }

  #run(container: RuntimeContainer, runtime: RuntimeTask | undefined, spec: ContainerSpec | undefined): void {
    this.#container = container;
    this.#runtimeId = container.runtimeId;
    this.#startedAt = runtime === undefined ? (container.startedAt ?? this.#parts.now()) : this.#parts.now();
    this.#status = 'RUNNING';
    this.#finished = this.#follow(container, runtime, spec).catch((error: unknown) => {
      this.fail(error instanceof Error ? error.message : String(error));
    });
    this.#parts.changed();
  }

  /** From the start to the end of one run: output, health, exit; then a restart where the policy says so. */
  async #follow(
    container: RuntimeContainer,
    runtime: RuntimeTask | undefined,
    spec: ContainerSpec | undefined,
  ): Promise<void> {
    const ended = new AbortController();
    const stopWatching = AbortSignal.any([ended.signal, this.#leaving.signal]);
    if (this.definition.healthCheck !== undefined) {
      const told = (state: HealthState) => {
        this.#health = state;
        this.#parts.changed();
      };
      // A check that cannot be run at all leaves the health unknown.
      watchHealth(container, this.definition.healthCheck, stopWatching, told).catch(() => {});
    }
    const drained = this.#drain(container);
    const left = new Promise<'left'>((resolve) => {
      if (this.#leaving.signal.aborted) resolve('left');
      this.#leaving.signal.addEventListener('abort', () => resolve('left'), { once: true });
    });
    const exit = await Promise.race([container.wait(), left]);
    ended.abort();
    await drained;
    if (exit === 'left') {
      await this.#log?.close();
      return;
    }
    if (runtime !== undefined && spec !== undefined && this.#mayRestart(exit)) {
      this.#restarts++;
      try {
        const again = await runtime.create(spec);
        await again.start();
        this.#run(again, runtime, spec);
        return await this.#finished;
      } catch (error) {
        this.#reason = error instanceof Error ? error.message : String(error);
      }
    }
    await this.#log?.close();
    this.#ended(exit);
  }

  async #drain(container: RuntimeContainer): Promise<void> {
    for await (const lines of container.output(this.#position, this.#leaving.signal)) {
      this.#parts.output(lines);
      this.#log?.write(lines);
      this.#position = lines.at(-1)?.position ?? this.#position;
    }
  }

  #ended(exit: ContainerExit): void {
    // Source: agent, dockerapi: the program's own, which may have gone on without the process that was killed.
    this.#exitCode = exit.outOfMemory === true ? (exit.code ?? 137) : exit.code;
    this.#reason = exit.outOfMemory === true ? OUT_OF_MEMORY : (exit.reason ?? this.#reason);
    if (exit.code === undefined && this.#reason === undefined) {
      this.#reason = 'the container ended; its exit code is not known, since the agent had been restarted meanwhile';
    }
    this.#status = 'STOPPED';
    this.#finishedAt = this.#parts.now();
    this.#parts.changed();
  }

  /** Source: ECS API, ContainerRestartPolicy: only a container that ran for the period is started again. */
  #mayRestart(exit: ContainerExit): boolean {
    const policy = this.definition.restartPolicy;
    if (policy?.enabled !== true || this.#stopping || this.#leaving.signal.aborted) return false;
    if (exit.code !== undefined && policy.ignoredExitCodes?.includes(exit.code) === true) return false;
    const ran = this.#parts.now() - (this.#startedAt ?? 0);
    return ran >= (policy.restartAttemptPeriod ?? RESTART_PERIOD) * 1000;
  }
}

/** Source: agent, OutOfMemoryError. */
const OUT_OF_MEMORY = 'OutOfMemoryError: Container killed due to memory usage';

/** In bridge and host mode a process listens on its container port itself. awsvpc tasks have no bindings. */
function networkBindings(definition: Ecs.ContainerDefinition, mode: string): readonly Ecs.NetworkBinding[] {
  if (mode === 'awsvpc' || mode === 'none') return [];
  return (definition.portMappings ?? []).flatMap(({ containerPort, protocol }) =>
    containerPort === undefined
      ? []
      : [{ bindIP: '0.0.0.0', containerPort, hostPort: containerPort, protocol: protocol ?? 'tcp' }],
  );
}
