import { mkdirSync, readdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { ContainerLimits, TaskLimits } from './limits.ts';

/** What a cgroup counts of its processes, those that have ended included. */
export interface CgroupUsage {
  /** CPU time, nanoseconds. */
  readonly cpu: number;
  /** Bytes, without what could be given back at once. */
  readonly memory: number;
}

/** One setting: a file below a cgroup's directory and what is written there. */
interface Setting {
  readonly controller: string;
  readonly file: string;
  readonly value: string;
  /** Where the kernel has no such file there is nothing to be limited. */
  readonly optional?: boolean;
  /** A cgroup further up may already allow less: then that holds. */
  readonly mayBeTighter?: boolean;
}

/** A version of cgroups: which files say what. */
export interface CgroupVersion {
  readonly number: 1 | 2;
  /** Controllers in which a cgroup is made; one directory for all of them in version 2. */
  readonly controllers: readonly string[];
  /**
   * File that a process of one thread writes `0` to in order to join. Who names whole processes waits until every
   * processor has passed through the scheduler, up to 20 ms; version 2 has no other way.
   * Source: kernel, cgroup_procs_write_start.
   */
  readonly entrance: 'tasks' | 'cgroup.procs';
  task(limits: TaskLimits): readonly Setting[];
  container(limits: ContainerLimits): readonly Setting[];
  /** File with the line `oom_kill N`. */
  readonly oomFile: string;
  usage(read: (controller: string, file: string) => string): CgroupUsage;
}

/** Microseconds. Source: agent, task_linux.go, defaultCPUPeriod. */
const PERIOD = 100_000;
/** The least quota that Linux takes. Source: kernel, sched/core.c, min_cfs_quota_period. */
const LEAST_QUOTA = 1000;

const quotaOf = (cpus: number) => Math.max(LEAST_QUOTA, Math.round(cpus * PERIOD));

/** Source: kernel, Documentation/admin-guide/cgroup-v1/memory.rst; Documentation/scheduler/sched-bwc.rst. */
export const VERSION_1: CgroupVersion = {
  number: 1,
  controllers: ['memory', 'cpu', 'cpuacct'],
  entrance: 'tasks',
  task: ({ memory, swap, cpus, shares }) => [
    // Kernels before 5.8 count what is below only when they are told to.
    { controller: 'memory', file: 'memory.use_hierarchy', value: '1', optional: true },
    ...memory1(memory, swap),
    ...(cpus === undefined
      ? [{ controller: 'cpu', file: 'cpu.shares', value: String(shares) }]
      : [
          { controller: 'cpu', file: 'cpu.cfs_period_us', value: String(PERIOD) },
          { controller: 'cpu', file: 'cpu.cfs_quota_us', value: String(quotaOf(cpus)), mayBeTighter: true },
        ]),
  ],
  container: ({ memory, reservation, swap, swappiness, shares }) => [
    ...memory1(memory, swap),
    ...(reservation === undefined
      ? []
      : [{ controller: 'memory', file: 'memory.soft_limit_in_bytes', value: String(reservation) }]),
    ...(swappiness === undefined
      ? []
      : [{ controller: 'memory', file: 'memory.swappiness', value: String(swappiness) }]),
    { controller: 'cpu', file: 'cpu.shares', value: String(shares) },
  ],
  oomFile: 'memory.oom_control',
  usage: (read) => ({
    cpu: Number(read('cpuacct', 'cpuacct.usage')),
    memory: withoutCache(
      Number(read('memory', 'memory.usage_in_bytes')),
      lineOf(read('memory', 'memory.stat'), 'total_inactive_file'),
    ),
  }),
};

function memory1(memory: number | undefined, swap: number): readonly Setting[] {
  if (memory === undefined) return [];
  return [
    { controller: 'memory', file: 'memory.limit_in_bytes', value: String(memory) },
    // Memory and swap together; there is no such file where the kernel does not count swap.
    { controller: 'memory', file: 'memory.memsw.limit_in_bytes', value: String(memory + swap), optional: true },
  ];
}

/** Source: kernel, Documentation/admin-guide/cgroup-v2.rst. */
export const VERSION_2: CgroupVersion = {
  number: 2,
  controllers: ['memory', 'cpu'],
  entrance: 'cgroup.procs',
  task: ({ memory, swap, cpus, shares }) => [
    ...memory2(memory, swap),
    cpus === undefined
      ? { controller: 'cpu', file: 'cpu.weight', value: String(weightOf(shares)) }
      : { controller: 'cpu', file: 'cpu.max', value: `${quotaOf(cpus)} ${PERIOD}` },
  ],
  container: ({ memory, reservation, swap, shares }) => [
    ...memory2(memory, swap),
    ...(reservation === undefined ? [] : [{ controller: 'memory', file: 'memory.low', value: String(reservation) }]),
    { controller: 'cpu', file: 'cpu.weight', value: String(weightOf(shares)) },
  ],
  oomFile: 'memory.events',
  usage: (read) => ({
    cpu: lineOf(read('cpu', 'cpu.stat'), 'usage_usec') * 1000,
    memory: withoutCache(
      Number(read('memory', 'memory.current')),
      lineOf(read('memory', 'memory.stat'), 'inactive_file'),
    ),
  }),
};

function memory2(memory: number | undefined, swap: number): readonly Setting[] {
  if (memory === undefined) return [];
  return [
    { controller: 'memory', file: 'memory.max', value: String(memory) },
    { controller: 'memory', file: 'memory.swap.max', value: String(swap), optional: true },
  ];
}

/** 2 to 262144 shares are weights 1 to 10000. Source: runc, ConvertCPUSharesToCgroupV2Value. */
function weightOf(shares: number): number {
  return 1 + Math.floor(((Math.min(Math.max(shares, 2), 262_144) - 2) * 9999) / 262_142);
}

/** As `docker stats` counts memory. */
function withoutCache(bytes: number, inactive: number): number {
  return Math.max(0, bytes - inactive);
}

/** The number behind a word at the begin of a line; 0 where there is none. */
function lineOf(text: string, word: string): number {
  for (const line of text.split('\n')) if (line.startsWith(`${word} `)) return Number(line.slice(word.length + 1));
  return 0;
}

/** Directories of a cgroup by controller. They can be stored: a later agent goes on with them. */
export type CgroupDirectories = Readonly<Record<string, string>>;

/** Milliseconds between two attempts to remove a cgroup whose last process is just ending. */
const REMOVE_INTERVAL = 5;
const REMOVE_ATTEMPTS = 400;

/** The kernel has no such file, or it has been set before. */
const OF_NO_USE = new Set(['ENOENT', 'EACCES', 'EPERM', 'EOPNOTSUPP', 'EBUSY', 'EINVAL']);

/** One cgroup: a directory for each controller. */
export class Cgroup {
  readonly directories: CgroupDirectories;
  readonly #version: CgroupVersion;

  constructor(version: CgroupVersion, directories: CgroupDirectories) {
    this.#version = version;
    this.directories = directories;
  }

  /** Made where it is missing, with the limits. Throws the system's error. */
  static make(version: CgroupVersion, directories: CgroupDirectories, settings: readonly Setting[]): Cgroup {
    for (const directory of new Set(Object.values(directories))) mkdirSync(directory, { recursive: true });
    const cgroup = new Cgroup(version, directories);
    for (const setting of settings) cgroup.#set(setting);
    return cgroup;
  }

  /** The files that a process of one thread writes `0` to, to join with all that it will start. */
  get entrances(): readonly string[] {
    return this.#files(this.#version.entrance);
  }

  /** Lets a process of this server join, with all its threads. */
  take(pid: number): void {
    for (const file of this.#files('cgroup.procs')) writeFileSync(file, String(pid));
  }

  below(name: string): CgroupDirectories {
    return Object.fromEntries(Object.entries(this.directories).map(([key, directory]) => [key, join(directory, name)]));
  }

  /** How many processes the kernel has killed in it because a limit of memory was reached. */
  get oomKills(): number {
    try {
      return lineOf(this.#read('memory', this.#version.oomFile), 'oom_kill');
    } catch {
      return 0;
    }
  }

  get usage(): CgroupUsage | undefined {
    try {
      return this.#version.usage((controller, file) => this.#read(controller, file));
    } catch {
      return undefined;
    }
  }

  /** Removes it with what is below it, once no process is left in there. */
  async remove(): Promise<void> {
    for (const directory of new Set(Object.values(this.directories))) await removeDirectory(directory);
  }

  #files(name: string): readonly string[] {
    return [...new Set(Object.values(this.directories))].map((directory) => join(directory, name));
  }

  #read(controller: string, file: string): string {
    return readFileSync(join(this.directories[controller] ?? '', file), 'utf8');
  }

  #set({ controller, file, value, optional, mayBeTighter }: Setting): void {
    const path = join(this.directories[controller] ?? '', file);
    try {
      writeFileSync(path, value);
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (optional === true && OF_NO_USE.has(code ?? '')) return;
      if (mayBeTighter === true && code === 'EINVAL') return;
      throw error;
    }
  }
}

/** A directory of cgroups is removed by rmdir alone; its files are the kernel's. */
async function removeDirectory(directory: string): Promise<void> {
  for (const name of directoriesIn(directory)) await removeDirectory(join(directory, name));
  for (let left = REMOVE_ATTEMPTS; left > 0; left--) {
    try {
      rmdirSync(directory);
      return;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EBUSY') return;
      await delay(REMOVE_INTERVAL);
    }
  }
}

export function directoriesIn(directory: string): string[] {
  try {
    return readdirSync(directory, { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map(({ name }) => name);
  } catch {
    return [];
  }
}
