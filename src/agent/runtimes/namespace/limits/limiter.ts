import { appendFileSync, readFileSync } from 'node:fs';
import type * as Ecs from '../../../../wire/generated/types/ecs.ts';
import { identify, type ProcessIdentity } from '../../process-table.ts';
import { RuntimeFailure } from '../../runtime.ts';
import { Cgroup, type CgroupDirectories, type CgroupUsage, VERSION_1, VERSION_2 } from './cgroup.ts';
import { findCgroups, type NoCgroups, TaskCgroups } from './cgroup-place.ts';
import { type ContainerLimits, containerLimits, taskLimits } from './limits.ts';
import { MemoryWatch } from './memory-watch.ts';

/** How limits are kept on this machine by this user. */
export type Enforcement =
  | { readonly by: 'kernel'; readonly version: 1 | 2; readonly swap: boolean; readonly swappiness: boolean }
  | ({ readonly by: 'agent' } & NoCgroups);

/** Looks; nothing is changed. */
export function findEnforcement(place = findCgroups()): Enforcement {
  if ('reason' in place) return { by: 'agent', ...place };
  const { version, swap } = place;
  return { by: 'kernel', version: version.number, swap: swap.limit, swappiness: swap.swappiness };
}

/** What a later agent needs to keep the limits of a container. */
export interface LimiterRecord {
  readonly version?: 1 | 2;
  readonly cgroup?: CgroupDirectories;
  /** Bytes. */
  readonly memory?: number | undefined;
  readonly taskMemory?: number | undefined;
}

/** Keeps one container within its limits. */
export interface Limiter {
  readonly record: LimiterRecord;
  /** The command line that runs another one, and all that it starts, within the limits. */
  around(command: readonly [string, ...string[]]): readonly [string, ...string[]];
  /** The container runs. */
  started(first: ProcessIdentity): void;
  /** Whether a process was killed because of memory. */
  readonly outOfMemory: boolean;
  readonly usage: CgroupUsage | undefined;
  /** Nothing of the container runs any more. */
  release(): Promise<void>;
}

/** The limits of a task's containers. */
export interface TaskLimiter {
  /** Cgroups that are made for the task, for who clears up after a killed server. */
  readonly cgroup: CgroupDirectories | undefined;
  /** Bytes that a tmpfs without a size of its own may take; undefined where memory is counted by the kernel. */
  tmpfsSize(container: Ecs.ContainerDefinition): number | undefined;
  /** `notes`: file that keeps what must outlive the agent. Throws RuntimeFailure. */
  container(container: Ecs.ContainerDefinition, run: number, notes: string): Limiter;
  adopt(record: LimiterRecord, notes: string): Limiter;
  remove(): Promise<void>;
}

/** Keeps the tasks of one server within their limits: by cgroups, or by looking at them. */
export class Limits {
  readonly enforcement: Enforcement;
  readonly #cgroups: TaskCgroups | undefined;
  readonly #watch = new MemoryWatch();

  private constructor(enforcement: Enforcement, cgroups: TaskCgroups | undefined) {
    this.enforcement = enforcement;
    this.#cgroups = cgroups;
  }

  /** Removes what ended servers left of their cgroups, but for the `known` ones: directories that will be asked for. */
  static async open(place = findCgroups(), known: ReadonlySet<string> = new Set()): Promise<Limits> {
    if ('reason' in place) return new Limits({ by: 'agent', ...place }, undefined);
    try {
      const cgroups = await TaskCgroups.open(place, serverName(process.pid), hasEnded, known);
      return new Limits(findEnforcement(place), cgroups);
    } catch (error) {
      return new Limits({ by: 'agent', reason: `cgroups cannot be made: ${(error as Error).message}` }, undefined);
    }
  }

  /** `known`: cgroup that an earlier agent made for the task. Throws RuntimeFailure. */
  task(taskArn: string, definition: Ecs.TaskDefinition, known?: CgroupDirectories): TaskLimiter {
    const cgroups = this.#cgroups;
    if (cgroups === undefined) return new WatchedTask(this.#watch, taskArn, definition);
    return new LimitedTask(
      cgroups,
      definition,
      known ?? cgroups.directoriesOf(taskArn.split('/').at(-1) ?? ''),
      this.#watch,
    );
  }

  async close(): Promise<void> {
    await this.#cgroups?.close();
  }
}

/** Removes the cgroups of a task of an earlier server. */
export async function removeCgroups(directories: CgroupDirectories): Promise<void> {
  await new Cgroup(VERSION_1, directories).remove();
}

/** A process's number and the time of its start: no other process ever has both. */
function serverName(pid: number): string {
  return `${pid}-${identify(pid)?.started.split('/')[1] ?? ''}`;
}

function hasEnded(server: string): boolean {
  return serverName(Number(server.split('-')[0])) !== server;
}

class LimitedTask implements TaskLimiter {
  readonly cgroup: CgroupDirectories;
  readonly #cgroups: TaskCgroups;
  readonly #watch: MemoryWatch;
  readonly #task: Cgroup;

  constructor(
    cgroups: TaskCgroups,
    definition: Ecs.TaskDefinition,
    directories: CgroupDirectories,
    watch: MemoryWatch,
  ) {
    this.#cgroups = cgroups;
    this.#watch = watch;
    this.cgroup = directories;
    try {
      cgroups.prepare(directories);
      this.#task = Cgroup.make(cgroups.version, directories, cgroups.version.task(taskLimits(definition)));
    } catch (error) {
      throw cannotLimit('the task', error);
    }
  }

  tmpfsSize(): undefined {
    return undefined;
  }

  container(container: Ecs.ContainerDefinition, run: number): Limiter {
    const { version } = this.#cgroups;
    try {
      const directories = this.#task.below(`${container.name}.${run}`);
      const cgroup = Cgroup.make(version, directories, version.container(containerLimits(container)));
      return new CgroupLimiter(cgroup, { version: version.number, cgroup: cgroup.directories });
    } catch (error) {
      throw cannotLimit(`container ${container.name}`, error);
    }
  }

  adopt(record: LimiterRecord, notes: string): Limiter {
    return adopted(record, notes, this.#watch, '');
  }

  async remove(): Promise<void> {
    await this.#task.remove();
    await this.#cgroups.close();
  }
}

class CgroupLimiter implements Limiter {
  readonly record: LimiterRecord;
  readonly #cgroup: Cgroup;
  #outOfMemory = false;

  constructor(cgroup: Cgroup, record: LimiterRecord) {
    this.#cgroup = cgroup;
    this.record = record;
  }

  around(command: readonly [string, ...string[]]): readonly [string, ...string[]] {
    return ['sh', '-c', JOIN, 'sh', ...this.#cgroup.entrances, '--', ...command];
  }

  started(): void {}

  get outOfMemory(): boolean {
    this.#outOfMemory ||= this.#cgroup.oomKills > 0;
    return this.#outOfMemory;
  }

  get usage(): CgroupUsage | undefined {
    return this.#cgroup.usage;
  }

  async release(): Promise<void> {
    await this.#cgroup.remove();
  }
}

/** The process itself joins, before it becomes the program: nothing that it starts is outside. */
const JOIN = 'while [ "$1" != -- ]; do echo 0 > "$1" || exit 125; shift; done; shift; exec "$@"';

class WatchedTask implements TaskLimiter {
  readonly cgroup = undefined;
  readonly #watch: MemoryWatch;
  readonly #taskArn: string;
  readonly #memory: number | undefined;

  constructor(watch: MemoryWatch, taskArn: string, definition: Ecs.TaskDefinition) {
    this.#watch = watch;
    this.#taskArn = taskArn;
    this.#memory = taskLimits(definition).memory;
  }

  tmpfsSize(container: Ecs.ContainerDefinition): number | undefined {
    return containerLimits(container).memory ?? this.#memory;
  }

  container(container: Ecs.ContainerDefinition, _run: number, notes: string): Limiter {
    const { memory }: ContainerLimits = containerLimits(container);
    return new WatchedLimiter(this.#watch, this.#taskArn, { memory, taskMemory: this.#memory }, notes);
  }

  adopt(record: LimiterRecord, notes: string): Limiter {
    return adopted(record, notes, this.#watch, this.#taskArn);
  }

  async remove(): Promise<void> {}
}

class WatchedLimiter implements Limiter {
  readonly record: LimiterRecord;
  readonly usage = undefined;
  readonly #watch: MemoryWatch;
  readonly #taskArn: string;
  readonly #notes: string;
  #stop = () => {};

  constructor(watch: MemoryWatch, taskArn: string, record: LimiterRecord, notes: string) {
    this.#watch = watch;
    this.#taskArn = taskArn;
    this.record = record;
    this.#notes = notes;
  }

  around(command: readonly [string, ...string[]]): readonly [string, ...string[]] {
    return command;
  }

  started(first: ProcessIdentity): void {
    this.#stop = this.#watch.add({
      taskArn: this.#taskArn,
      first,
      limit: this.record.memory,
      taskLimit: this.record.taskMemory,
      exceeded: () => appendFileSync(this.#notes, `${JSON.stringify({ 'out-of-memory': true })}\n`),
    });
  }

  get outOfMemory(): boolean {
    try {
      return readFileSync(this.#notes, 'utf8').includes('"out-of-memory"');
    } catch {
      return false;
    }
  }

  async release(): Promise<void> {
    this.#stop();
  }
}

/** A container stays as it was started, whatever this agent would do. */
function adopted(record: LimiterRecord, notes: string, watch: MemoryWatch, taskArn: string): Limiter {
  const { cgroup, version } = record;
  if (cgroup === undefined) return new WatchedLimiter(watch, taskArn, record, notes);
  return new CgroupLimiter(new Cgroup(version === 2 ? VERSION_2 : VERSION_1, cgroup), record);
}

function cannotLimit(what: string, error: unknown): RuntimeFailure {
  return new RuntimeFailure('create', `the limits of ${what} cannot be set: ${(error as Error).message}`);
}
