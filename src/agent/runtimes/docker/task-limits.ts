import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { identify } from '../process-table.ts';
import { TOOL_ENVIRONMENT } from '../tool-environment.ts';
import type { SystemInfo } from './engine-types.ts';

/** What all containers of a task may use together. */
export interface TaskLimits {
  /** vCPUs. */
  readonly cpu: number | undefined;
  /** MiB. */
  readonly memory: number | undefined;
}

/** Control groups that hold the containers of a task: what they use is counted, and limited, together. */
export interface TaskGroups {
  /** Makes the group of a task; answers what the Engine is to be told as `CgroupParent`. Throws Error. */
  make(taskId: string, limits: TaskLimits): Promise<string>;
  /** Removes the group once nothing is in it. */
  remove(taskId: string): Promise<void>;
  /** Removes the groups of tasks that are not known any more, and of servers that run no longer, unless they are in use. */
  clear(isKnown: (taskId: string) => boolean): Promise<void>;
}

const MEBIBYTE = 1024 * 1024;
/** Microseconds. Source: agent, task cgroup: a period of 100 ms. */
const PERIOD = 100_000;
const ROOT = 'rolecall-docker';

/**
 * The groups as the Engine's own driver needs them, or why there are none. `server`: names the groups of one data
 * directory. Source: agent, task cgroup (`/ecs/TASK`, or `ecstasks-TASK.slice` with the systemd driver).
 */
export function taskGroups(
  info: Pick<SystemInfo, 'CgroupDriver' | 'CgroupVersion'>,
  server: string,
  hierarchy = '/sys/fs/cgroup',
): TaskGroups | { readonly unavailable: string } {
  if (info.CgroupDriver === 'systemd') return new SystemdGroups(server);
  if (info.CgroupDriver !== 'cgroupfs')
    return { unavailable: `the Engine's control group driver is ${info.CgroupDriver}` };
  const unified = info.CgroupVersion === '2';
  const groups = new FileGroups(hierarchy, server, unified);
  const why = groups.obstacle();
  return why === undefined ? groups : { unavailable: why };
}

/** Groups made in the file system of control groups itself, of version 1 or 2. */
class FileGroups implements TaskGroups {
  readonly #hierarchy: string;
  readonly #server: string;
  readonly #own: string;
  readonly #unified: boolean;

  constructor(hierarchy: string, server: string, unified: boolean) {
    this.#hierarchy = hierarchy;
    this.#server = server;
    this.#own = `${server}-${process.pid}-${startOf(process.pid)}`;
    this.#unified = unified;
  }

  /** Why groups cannot be made here; undefined when they can. */
  obstacle(): string | undefined {
    const root = this.#unified
      ? join(this.#hierarchy, 'cgroup.controllers')
      : join(this.#hierarchy, 'memory', 'cgroup.procs');
    if (!existsSync(root)) return `there are no control groups in ${this.#hierarchy}`;
    try {
      const path = join(ROOT, this.#own);
      for (const controller of this.#limiting) mkdirSync(join(controller, path), { recursive: true });
      if (this.#unified) this.#delegate(join(path, 'task'));
    } catch (error) {
      return error instanceof Error ? error.message : String(error);
    }
    return undefined;
  }

  async make(taskId: string, { cpu, memory }: TaskLimits): Promise<string> {
    const path = join(ROOT, this.#own, taskId);
    for (const controller of this.#limiting) mkdirSync(join(controller, path), { recursive: true });
    const quota = cpu === undefined ? undefined : Math.round(cpu * PERIOD);
    const bytes = memory === undefined ? undefined : memory * MEBIBYTE;
    if (this.#unified) {
      this.#delegate(path);
      if (quota !== undefined) this.#write('', path, 'cpu.max', `${quota} ${PERIOD}`);
      if (bytes !== undefined) this.#write('', path, 'memory.max', bytes);
    } else {
      if (quota !== undefined) {
        this.#write('cpu', path, 'cpu.cfs_period_us', PERIOD);
        this.#write('cpu', path, 'cpu.cfs_quota_us', quota);
      }
      if (bytes !== undefined) this.#write('memory', path, 'memory.limit_in_bytes', bytes);
    }
    return `/${path}`;
  }

  async remove(taskId: string): Promise<void> {
    for (const { group, server } of this.#groups()) if (server === this.#server) removeEmpty(join(group, taskId));
  }

  async clear(isKnown: (taskId: string) => boolean): Promise<void> {
    for (const { group, server, alive } of this.#groups()) {
      if (server === this.#server) {
        for (const taskId of directoriesIn(group)) if (!isKnown(taskId)) removeEmpty(join(group, taskId));
        removeIfEmpty(group);
      } else if (!alive) removeEmpty(group);
    }
    for (const root of this.#all) removeIfEmpty(join(root, ROOT));
  }

  /** The groups of all servers of this machine, one for each controller. */
  *#groups(): Generator<{ readonly group: string; readonly server: string; readonly alive: boolean }> {
    for (const root of this.#all) {
      for (const name of directoriesIn(join(root, ROOT))) {
        const [server = '', pid = '', start = ''] = name.split('-');
        yield { group: join(root, ROOT, name), server, alive: startOf(Number(pid)) === start };
      }
    }
  }

  /** Where limits are set. */
  get #limiting(): readonly string[] {
    return this.#unified ? [this.#hierarchy] : ['cpu', 'memory'].map((name) => join(this.#hierarchy, name));
  }

  /** The Engine makes the same group for every controller there is. */
  get #all(): readonly string[] {
    if (this.#unified) return [this.#hierarchy];
    return directoriesIn(this.#hierarchy).map((name) => join(this.#hierarchy, name));
  }

  #write(controller: string, path: string, file: string, value: string | number): void {
    writeFileSync(join(this.#hierarchy, controller, path, file), String(value));
  }

  /** Version 2: a controller is there in a group when the one above passes it on. */
  #delegate(path: string): void {
    const parts = path.split('/');
    for (let length = 0; length < parts.length; length++) {
      const group = join(this.#hierarchy, ...parts.slice(0, length));
      const there = readFileSync(join(group, 'cgroup.controllers'), 'utf8').trim().split(/\s+/);
      const wanted = ['cpu', 'memory'].filter((name) => there.includes(name)).map((name) => `+${name}`);
      writeFileSync(join(group, 'cgroup.subtree_control'), wanted.join(' '));
    }
  }
}

/** Slices of systemd: where it rules the control groups nobody else may write to them. */
class SystemdGroups implements TaskGroups {
  readonly #server: string;

  constructor(server: string) {
    this.#server = server;
  }

  async make(taskId: string, { cpu, memory }: TaskLimits): Promise<string> {
    const slice = this.#slice(taskId);
    await systemctl('set-property', '--runtime', slice, ...sliceProperties({ cpu, memory }));
    return slice;
  }

  async remove(taskId: string): Promise<void> {
    await this.#end(this.#slice(taskId));
  }

  async clear(isKnown: (taskId: string) => boolean): Promise<void> {
    const listed = await systemctl('list-units', '--plain', '--no-legend', '--all', this.#slice('*')).catch(() => '');
    for (const line of listed.split('\n')) {
      const slice = line.trim().split(/\s+/)[0] ?? '';
      const taskId = /-([0-9a-f]{32})\.slice$/.exec(slice)?.[1];
      if (taskId !== undefined && !isKnown(taskId)) await this.#end(slice);
    }
  }

  /** Dashes are levels: all slices of a server lie in one. */
  #slice(taskId: string): string {
    return `${ROOT.replace('-', '_')}-${this.#server}-${taskId}.slice`;
  }

  async #end(slice: string): Promise<void> {
    await systemctl('stop', slice).catch(() => '');
    await systemctl('revert', slice).catch(() => '');
  }
}

/** Source: systemd.resource-control(5). */
export function sliceProperties({ cpu, memory }: TaskLimits): readonly string[] {
  return [
    ...(cpu === undefined ? [] : [`CPUQuota=${Math.round(cpu * 100)}%`]),
    ...(memory === undefined ? [] : [`MemoryMax=${memory * MEBIBYTE}`]),
  ];
}

/** When a process was started, in ticks since the machine was. Control groups do not outlive that. */
function startOf(pid: number): string {
  return identify(pid)?.started.split('/').at(-1) ?? '';
}

async function systemctl(...args: readonly string[]): Promise<string> {
  const { stdout } = await promisify(execFile)('systemctl', [...args], { env: TOOL_ENVIRONMENT });
  return stdout;
}

function directoriesIn(directory: string): string[] {
  try {
    return readdirSync(directory, { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map(({ name }) => name);
  } catch {
    return [];
  }
}

/** A group and those in it, as far as nothing runs in them. */
function removeEmpty(group: string): void {
  for (const name of directoriesIn(group)) removeEmpty(join(group, name));
  removeIfEmpty(group);
}

function removeIfEmpty(group: string): void {
  try {
    rmdirSync(group);
  } catch {
    // gone already, or in use
  }
}
