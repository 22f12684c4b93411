import { existsSync, readdirSync, readFileSync, readlinkSync, statSync } from 'node:fs';
import { cpus } from 'node:os';
import type { ContainerUsage } from '../runtime.ts';

/** Clock ticks in a second and bytes of a page: the same on every Linux that Node runs on but for 16 and 64 KiB pages of some ARM kernels. */
const TICK_NANOSECONDS = 1e9 / 100;
const PAGE_BYTES = 4096;

interface Stat {
  readonly parent: number;
  readonly ticks: number;
  readonly pages: number;
}

/** Kernels without CONFIG_PROC_CHILDREN do not tell it directly. */
const TELLS_CHILDREN = existsSync(`/proc/self/task/${process.pid}/children`);

/** Children of a process, oldest first; empty when there is no such process. */
export function childrenOf(pid: number): number[] {
  if (!TELLS_CHILDREN) return pids().filter((each) => stat(each)?.parent === pid);
  try {
    const text = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim();
    return text === '' ? [] : text.split(' ').map(Number);
  } catch {
    return [];
  }
}

/** Whether two processes run the same program. Its file is not told of programs that may not be read; then its name decides. */
export function sameProgram(pid: number, other: number): boolean {
  const told = (read: (process: number) => string) => {
    try {
      return [read(pid), read(other)] as const;
    } catch {
      return undefined;
    }
  };
  const [own, its] = told((each) => readlinkSync(`/proc/${each}/exe`)) ??
    told((each) => readFileSync(`/proc/${each}/comm`, 'utf8')) ?? ['', ''];
  return own === its;
}

/**
 * Descriptors that whoever started this process has left open for all that it starts. Node's own are not among them: they
 * close by themselves. Source: proc(5), /proc/PID/fdinfo; open(2), O_CLOEXEC.
 */
export function inheritedDescriptors(): readonly number[] {
  inherited ??= readdirSync('/proc/self/fd')
    .map(Number)
    .filter((descriptor) => descriptor > 2 && staysOpen(descriptor));
  return inherited;
}

let inherited: readonly number[] | undefined;

function staysOpen(descriptor: number): boolean {
  try {
    const flags = /^flags:\s+([0-7]+)/m.exec(readFileSync(`/proc/self/fdinfo/${descriptor}`, 'utf8'))?.[1];
    return flags !== undefined && (Number.parseInt(flags, 8) & 0o2000000) === 0;
  } catch {
    // Closed meanwhile.
    return false;
  }
}

/** The same places, with `instead` where a container would be given what this process has inherited. */
export function withoutInherited<Place>(places: readonly Place[], instead: number): (Place | number | 'ignore')[] {
  const all: (Place | number | 'ignore')[] = [...places];
  for (const descriptor of inheritedDescriptors()) {
    if (descriptor < places.length) continue;
    while (all.length < descriptor) all.push('ignore');
    all[descriptor] = instead;
  }
  return all;
}

/**
 * Whether a process runs exactly this file, or did as long as it ran anything. Of a process that has changed its user, or is
 * ending, the file is not told; then `name` decides: what execve was given. Source: proc(5), /proc/PID/comm.
 */
export function runsFile(pid: number, file: string, name: string): boolean {
  try {
    const [its, wanted] = [statSync(`/proc/${pid}/exe`), statSync(file)];
    return its.ino === wanted.ino && its.dev === wanted.dev;
  } catch {
    try {
      return readFileSync(`/proc/${pid}/comm`, 'utf8').trim() === name;
    } catch {
      return true;
    }
  }
}

/** The environment that a process was started with. Empty when it cannot be read. */
export function environmentOf(pid: number): Record<string, string> {
  try {
    const entries = readFileSync(`/proc/${pid}/environ`, 'utf8')
      .split('\0')
      .filter((entry) => entry.includes('='));
    return Object.fromEntries(
      entries.map((entry) => [entry.slice(0, entry.indexOf('=')), entry.slice(entry.indexOf('=') + 1)]),
    );
  } catch {
    return {};
  }
}

/** What all processes in the pid namespace of `pid` use together. */
export function usageOfNamespace(pid: number): ContainerUsage | undefined {
  const namespace = namespaceOf(pid);
  if (namespace === undefined) return undefined;
  let [ticks, pages, processes] = [0, 0, 0];
  for (const each of pids()) {
    if (namespaceOf(each) !== namespace) continue;
    const found = stat(each);
    if (found === undefined) continue;
    ticks += found.ticks;
    pages += found.pages;
    processes++;
  }
  if (processes === 0) return undefined;
  const all = cpus();
  const busy = all.reduce((sum, { times }) => sum + times.user + times.nice + times.sys + times.idle + times.irq, 0);
  return {
    cpu: ticks * TICK_NANOSECONDS,
    systemCpu: busy * 1e6,
    cpus: all.length,
    memory: pages * PAGE_BYTES,
    processes,
  };
}

function namespaceOf(pid: number): string | undefined {
  try {
    return readlinkSync(`/proc/${pid}/ns/pid`);
  } catch {
    return undefined;
  }
}

function pids(): number[] {
  return readdirSync('/proc').map(Number).filter(Number.isInteger);
}

/** Source: proc(5): the command name stands in parentheses and may hold any character. */
function stat(pid: number): Stat | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
    return { parent: Number(fields[1]), ticks: Number(fields[11]) + Number(fields[12]), pages: Number(fields[21]) };
  } catch {
    return undefined;
  }
}
