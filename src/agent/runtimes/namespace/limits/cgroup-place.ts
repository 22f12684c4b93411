import { accessSync, constants, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { Cgroup, type CgroupDirectories, type CgroupVersion, directoriesIn, VERSION_1, VERSION_2 } from './cgroup.ts';

/** What this system says of its cgroups. Other directories than the system's own are there for tests. */
export interface CgroupSystem {
  /** Text of /proc/self/mountinfo. */
  readonly mounts: string;
  /** Text of /proc/self/cgroup. */
  readonly own: string;
  readonly pid: number;
  readonly root: boolean;
}

/** Where cgroups of tasks can be made. */
export interface CgroupPlace {
  readonly version: CgroupVersion;
  readonly directories: CgroupDirectories;
  /** What of swap can be set: how much of it (`maxSwap`), how readily it is used (`swappiness`). */
  readonly swap: { readonly limit: boolean; readonly swappiness: boolean };
  /** This process has to leave `directories` for a cgroup of its own in there, before others can be limited. */
  readonly leave: boolean;
}

export interface NoCgroups {
  /** Why no cgroup can be made here. */
  readonly reason: string;
  /** What would help; absent when nothing does. */
  readonly remedy?: string;
}

interface Hierarchy {
  /** The cgroup that is mounted, and where. */
  readonly root: string;
  readonly mount: string;
  readonly readOnly: boolean;
}

const SCOPE = 'systemd-run --user --scope -p Delegate=yes rolecall …';

export function readCgroupSystem(): CgroupSystem | undefined {
  if (process.platform !== 'linux') return undefined;
  try {
    return {
      mounts: readFileSync('/proc/self/mountinfo', 'utf8'),
      own: readFileSync('/proc/self/cgroup', 'utf8'),
      pid: process.pid,
      root: process.geteuid?.() === 0,
    };
  } catch {
    return undefined;
  }
}

/** Looks for a place; nothing is made or changed. */
export function findCgroups(system = readCgroupSystem()): CgroupPlace | NoCgroups {
  if (system === undefined) return { reason: 'this system has no cgroups' };
  const first = legacy(system);
  if (first !== undefined) return first;
  return unified(system);
}

/**
 * Version 1, one hierarchy for each controller: only root can make cgroups there. They are made at the top, as Docker does
 * it, where the next start finds them; a server that is limited itself makes its tasks' below its own.
 */
function legacy({ mounts, own, root }: CgroupSystem): CgroupPlace | NoCgroups | undefined {
  const directories: Record<string, string> = {};
  for (const controller of VERSION_1.controllers) {
    const hierarchy = findMount(mounts, (type, options) => type === 'cgroup' && options.includes(controller));
    if (hierarchy === undefined) return undefined;
    if (hierarchy.readOnly) return { reason: `the cgroups at ${hierarchy.mount} are read-only` };
    if (!root) return { reason: 'cgroups of version 1 are root’s alone' };
    const path = pathOf(own, (list) => list.split(',').includes(controller));
    const limited = controller === 'memory' ? limitedMemory1 : limitedCpu1;
    directories[controller] = narrowest(hierarchy, inHierarchy(hierarchy, path), limited);
  }
  if (!Object.values(directories).every(isWritable)) return { reason: 'this user may make no cgroups' };
  const memory = directories.memory ?? '';
  return {
    version: VERSION_1,
    directories,
    swap: {
      limit: existsSync(join(memory, 'memory.memsw.limit_in_bytes')),
      swappiness: existsSync(join(memory, 'memory.swappiness')),
    },
    leave: false,
  };
}

/**
 * Version 2, one hierarchy for all: whoever has been given a cgroup (a unit of systemd with `Delegate=yes`) makes others
 * in it; a cgroup with processes cannot limit cgroups below, so this process must be alone in there to leave it. Root
 * makes them at the top.
 */
function unified({ mounts, own, pid, root }: CgroupSystem): CgroupPlace | NoCgroups {
  const hierarchy = findMount(mounts, (type) => type === 'cgroup2');
  if (hierarchy === undefined) return { reason: 'no cgroups are mounted' };
  if (hierarchy.readOnly) return { reason: `the cgroups at ${hierarchy.mount} are read-only` };
  const mine = inHierarchy(
    hierarchy,
    pathOf(own, (list) => list === ''),
  );
  const place = (directory: string, leave: boolean): CgroupPlace => ({
    version: VERSION_2,
    directories: Object.fromEntries(VERSION_2.controllers.map((controller) => [controller, directory])),
    // The top has no such files; whether swap is counted shows below it.
    swap: { limit: directory === hierarchy.mount || existsSync(join(directory, 'memory.swap.max')), swappiness: false },
    leave,
  });
  // Once it has left its cgroup it is in the one that was made for it.
  const given = mine.endsWith(`/${OWN}`) ? dirname(mine) : mine;
  if (given !== hierarchy.mount || !isTop(hierarchy.mount)) {
    const lacking = lackingControllers(given);
    const alone = given !== mine || processesIn(given).every((each) => each === pid);
    if (isWritable(given) && alone && lacking.length === 0) return place(given, given === mine);
  }
  if (root && narrowest(hierarchy, given, limited2) === hierarchy.mount && isWritable(hierarchy.mount)) {
    const lacking = lackingControllers(hierarchy.mount);
    if (lacking.length > 0)
      return { reason: `the cgroups at ${hierarchy.mount} have no controller ${lacking.join(', ')}` };
    // All but the top of the machine must be empty to limit what is below.
    if (isTop(hierarchy.mount) || processesIn(hierarchy.mount).length === 0) return place(hierarchy.mount, false);
  }
  return { reason: 'this process was given no cgroup of its own', remedy: SCOPE };
}

/** Name of the cgroup that this process leaves its own for. */
const OWN = 'rolecall-server';
/** Name of the directory below which all cgroups of tasks are made. */
const ALL = 'rolecall';

/** The cgroups of one server's tasks. */
export class TaskCgroups {
  readonly version: CgroupVersion;
  readonly swap: CgroupPlace['swap'];
  readonly #all: Cgroup;
  readonly #server: Cgroup;

  private constructor({ version, swap, directories }: CgroupPlace, server: string) {
    this.version = version;
    this.swap = swap;
    this.#all = new Cgroup(version, new Cgroup(version, directories).below(ALL));
    this.#server = new Cgroup(version, this.#all.below(server));
  }

  /**
   * Makes the place ready. `server`: names this server and nobody else, at any time; `ended`: whether the server of a
   * name has ended, so that its empty cgroups can go, but for those that are `known`: what they have counted is still to
   * be read. Throws the system's error.
   */
  static async open(
    place: CgroupPlace,
    server: string,
    ended: (server: string) => boolean,
    known: ReadonlySet<string> = new Set(),
  ): Promise<TaskCgroups> {
    const cgroups = new TaskCgroups(place, server);
    const base = new Cgroup(place.version, place.directories);
    if (place.leave) {
      Cgroup.make(place.version, base.below(OWN), []).take(process.pid);
    }
    if (place.version.number === 2) delegate(Object.values(place.directories)[0] ?? '');
    await cgroups.#sweep(ended, known);
    return cgroups;
  }

  /** Where the cgroup of a task is, or will be. */
  directoriesOf(taskId: string): CgroupDirectories {
    return this.#server.below(taskId);
  }

  /** Lets the cgroups below these have limits. Nothing to do in version 1. */
  prepare(directories: CgroupDirectories): void {
    if (this.version.number === 1) return;
    const task = Object.values(directories)[0] ?? '';
    for (const each of [dirname(dirname(task)), dirname(task), task]) {
      Cgroup.make(this.version, Object.fromEntries(this.version.controllers.map((name) => [name, each])), []);
      delegate(each);
    }
  }

  /** Removes what is empty of this server’s. */
  async close(): Promise<void> {
    await removeEmpty(this.#server);
    await removeEmpty(this.#all);
  }

  /** Cgroups of servers that have ended, unless processes are still in there: those may be found again. */
  async #sweep(ended: (server: string) => boolean, known: ReadonlySet<string>): Promise<void> {
    const names = new Set(Object.values(this.#all.directories).flatMap((directory) => directoriesIn(directory)));
    for (const name of names) {
      if (!ended(name)) continue;
      const server = new Cgroup(this.version, this.#all.below(name));
      const tasks = new Set(Object.values(server.directories).flatMap((directory) => directoriesIn(directory)));
      for (const task of tasks) {
        const cgroup = new Cgroup(this.version, server.below(task));
        const wanted = Object.values(cgroup.directories).some((directory) => known.has(directory));
        if (!wanted && !hasProcesses(cgroup)) await cgroup.remove();
      }
      await removeEmpty(server);
    }
  }
}

async function removeEmpty(cgroup: Cgroup): Promise<void> {
  if (Object.values(cgroup.directories).every((directory) => directoriesIn(directory).length === 0))
    await cgroup.remove();
}

function hasProcesses({ directories }: Cgroup): boolean {
  return Object.values(directories).some(populated);
}

function populated(directory: string): boolean {
  return processesIn(directory).length > 0 || directoriesIn(directory).some((name) => populated(join(directory, name)));
}

function delegate(directory: string): void {
  const all = VERSION_2.controllers.map((name) => `+${name}`).join(' ');
  writeFileSync(join(directory, 'cgroup.subtree_control'), all);
}

function processesIn(directory: string): number[] {
  try {
    return readFileSync(join(directory, 'cgroup.procs'), 'utf8').split('\n').filter(Boolean).map(Number);
  } catch {
    return [];
  }
}

function lackingControllers(directory: string): string[] {
  const there = read(join(directory, 'cgroup.controllers')).trim().split(' ');
  return VERSION_2.controllers.filter((name) => !there.includes(name));
}

/** The top of the machine has no limits of its own, nor the files for them. Source: cgroup-v2.rst, cgroup.type. */
function isTop(directory: string): boolean {
  return !existsSync(join(directory, 'cgroup.type'));
}

const UNLIMITED = 2 ** 62;
const limitedMemory1 = (directory: string) =>
  Number(read(join(directory, 'memory.limit_in_bytes')) || UNLIMITED) < UNLIMITED;
const limitedCpu1 = (directory: string) => Number(read(join(directory, 'cpu.cfs_quota_us')) || -1) > 0;
const limited2 = (directory: string) =>
  ['memory.max', 'cpu.max'].some((file) => /^\d/.test(read(join(directory, file))));

/** The first cgroup upwards that is limited; the top when none is. */
function narrowest({ mount }: Hierarchy, directory: string, limited: (directory: string) => boolean): string {
  for (let each = directory; each !== mount && each.startsWith(`${mount}/`); each = dirname(each)) {
    if (limited(each)) return each;
  }
  return mount;
}

/** Source: proc(5), /proc/PID/mountinfo. */
function findMount(mounts: string, fits: (type: string, options: readonly string[]) => boolean): Hierarchy | undefined {
  for (const line of mounts.split('\n')) {
    const [before = '', after = ''] = line.split(' - ');
    const [, , , root = '', mount = '', flags = ''] = before.split(' ');
    const [type = '', , options = ''] = after.split(' ');
    if (fits(type, options.split(','))) return { root, mount, readOnly: flags.split(',').includes('ro') };
  }
  return undefined;
}

/** Source: cgroups(7), /proc/PID/cgroup: `NUMBER:CONTROLLERS:PATH`. */
function pathOf(own: string, fits: (controllers: string) => boolean): string {
  for (const line of own.split('\n')) {
    const [, controllers, ...path] = line.split(':');
    if (controllers !== undefined && fits(controllers)) return path.join(':');
  }
  return '/';
}

/** In a container the mounted cgroup need not be the top, nor this process’s own be in sight: then the mounted one is taken. */
function inHierarchy({ root, mount }: Hierarchy, path: string): string {
  if (root === '/') return path === '/' || path.startsWith('/..') ? mount : join(mount, path);
  if (path === root) return mount;
  return path.startsWith(`${root}/`) ? join(mount, path.slice(root.length)) : mount;
}

function isWritable(directory: string): boolean {
  try {
    accessSync(directory, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}

function read(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}
