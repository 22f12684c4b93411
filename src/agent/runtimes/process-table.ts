import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { cpus } from 'node:os';
import type { ContainerUsage } from './runtime.ts';

/** A process, told apart from a later one that was given the same number. */
export interface ProcessIdentity {
  readonly pid: number;
  /** Boot and start time, in whatever form the system gives them. */
  readonly started: string;
}

interface ProcessStat {
  readonly state: string;
  readonly parent: number;
  readonly group: number;
  readonly session: number;
  readonly startTicks: string;
  /** User and system time, clock ticks. */
  readonly ticks: number;
  /** Resident memory, pages. */
  readonly pages: number;
}

/** Clock ticks in a second and bytes of a page: the same on every Linux that Node runs on but for 16 and 64 KiB pages of some ARM kernels. */
const TICK_NANOSECONDS = 1e9 / 100;
const PAGE_BYTES = 4096;

const linux = process.platform === 'linux';

/** Reads /proc/PID/stat. Source: proc(5): the command name stands in parentheses and may hold any character. */
function stat(pid: number): ProcessStat | undefined {
  let text: string;
  try {
    text = readFileSync(`/proc/${pid}/stat`, 'utf8');
  } catch {
    return undefined;
  }
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  return {
    state: fields[0] ?? '',
    parent: Number(fields[1]),
    group: Number(fields[2]),
    session: Number(fields[3]),
    startTicks: fields[19] ?? '',
    ticks: Number(fields[11]) + Number(fields[12]),
    pages: Number(fields[21]),
  };
}

let boot: string | undefined;
function bootId(): string {
  boot ??= readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
  return boot;
}

/** Undefined when there is no such process, or only its remains (a zombie). */
export function identify(pid: number): ProcessIdentity | undefined {
  if (linux) {
    const found = stat(pid);
    if (found === undefined || found.state === 'Z' || found.state === 'X') return undefined;
    return { pid, started: `${bootId()}/${found.startTicks}` };
  }
  try {
    const line = execFileSync('ps', ['-o', 'state=,lstart=', '-p', String(pid)], { encoding: 'utf8' }).trim();
    return line === '' || line.startsWith('Z') ? undefined : { pid, started: line.replace(/^\S+\s+/, '') };
  } catch {
    return undefined;
  }
}

export function isAlive(identity: ProcessIdentity): boolean {
  return identify(identity.pid)?.started === identity.started;
}

/**
 * Whether `pid` is `leader`, descends from it, or belongs to its process group or session (a daemon of the container
 * whose parent has ended). Linux only.
 */
export function belongsTo(pid: number, leader: number): boolean {
  const first = stat(pid);
  if (first === undefined) return false;
  if (first.group === leader || first.session === leader) return true;
  for (let current = pid, steps = 0; current > 1 && steps < 64; steps++) {
    if (current === leader) return true;
    const found = stat(current);
    if (found === undefined) return false;
    current = found.parent;
  }
  return false;
}

/**
 * Sends a signal to the process group of the leader; on Linux also to what left the group but not the session.
 * Nothing is sent when the leader's number belongs to another process by now, or the machine was started again.
 */
export function signalGroup(leader: ProcessIdentity, signal: NodeJS.Signals): void {
  if (isReused(leader)) return;
  const pids = linux ? [-leader.pid, ...sessionMembers(leader.pid)] : [-leader.pid];
  for (const pid of pids) {
    try {
      process.kill(pid, signal);
    } catch {
      // Nothing of it is left.
    }
  }
}

/**
 * A number is not given again while a group or session of that number lives: only where its process is another one, or
 * after a restart of the machine, is a group of that number not the leader's own.
 */
function isReused(leader: ProcessIdentity): boolean {
  // A process that had ended before it could be looked at was this agent's own child a moment ago.
  if (leader.started === '') return false;
  if (!linux) {
    const now = identify(leader.pid);
    return now !== undefined && now.started !== leader.started;
  }
  const [boot, ticks] = leader.started.split('/');
  if (boot !== bootId()) return true;
  const found = stat(leader.pid);
  return found !== undefined && found.startTicks !== ticks;
}

/** What the processes of the leader's session use together; undefined where the system does not tell. Linux only. */
export function usageOf(leader: number): ContainerUsage | undefined {
  if (!linux) return undefined;
  let [ticks, pages, processes] = [0, 0, 0];
  for (const name of readdirSync('/proc')) {
    const pid = Number(name);
    const found = Number.isInteger(pid) ? stat(pid) : undefined;
    if (found === undefined || found.session !== leader || found.state === 'Z') continue;
    ticks += found.ticks;
    pages += found.pages;
    processes++;
  }
  if (processes === 0) return undefined;
  const all = cpus();
  const systemMilliseconds = all.reduce(
    (sum, { times }) => sum + times.user + times.nice + times.sys + times.idle + times.irq,
    0,
  );
  return {
    cpu: ticks * TICK_NANOSECONDS,
    systemCpu: systemMilliseconds * 1e6,
    cpus: all.length,
    memory: pages * PAGE_BYTES,
    processes,
  };
}

/** Members of the leader's session outside of its group. */
function sessionMembers(leader: number): number[] {
  const members: number[] = [];
  for (const name of readdirSync('/proc')) {
    const pid = Number(name);
    if (!Number.isInteger(pid) || pid === leader) continue;
    const found = stat(pid);
    if (found !== undefined && found.session === leader && found.group !== leader && found.state !== 'Z')
      members.push(pid);
  }
  return members;
}
