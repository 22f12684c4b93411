import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import type { ProcessIdentity } from '../../process-table.ts';

/** A container whose memory is looked at. */
export interface WatchedContainer {
  readonly taskArn: string;
  /** The first process of its pid namespace. */
  readonly first: ProcessIdentity;
  /** Bytes; undefined: the task's limit alone. */
  readonly limit: number | undefined;
  /** Bytes for all containers of the task. */
  readonly taskLimit: number | undefined;
  /** Called before a process of it is killed because it used too much. */
  readonly exceeded: () => void;
}

/** What a process uses and nobody could give back. Bytes. */
interface Use {
  readonly pid: number;
  readonly bytes: number;
}

/** How a process table is read; another one is there for tests. */
export interface MemoryTable {
  pids(): readonly number[];
  /** Identity of the process's pid namespace; undefined when it is gone, or somebody else's. */
  namespaceOf(pid: number): string | undefined;
  /** Quick: pages that processes share count for each of them. */
  roughly(pid: number): number;
  /** Slow: shared pages are divided among those that have them. */
  exactly(pid: number): number;
  kill(pid: number): void;
}

/** Milliseconds between two looks. */
const INTERVAL = 100;
/** A look that takes long is made less often: the share of one processor that all looks may take. */
const SHARE = 0.05;

/**
 * Keeps containers within their memory where the kernel is not to be asked for it: looks at what their processes use,
 * and kills the largest one of a container that uses more than it may, as the kernel does. What is allocated between two
 * looks is not seen in time. Files, which the kernel can drop, are not counted.
 */
export class MemoryWatch {
  readonly #table: MemoryTable;
  readonly #watched = new Set<WatchedContainer>();
  #timer: NodeJS.Timeout | undefined;

  constructor(table: MemoryTable = procTable) {
    this.#table = table;
  }

  /** Answers what ends it. */
  add(container: WatchedContainer): () => void {
    if (container.limit === undefined && container.taskLimit === undefined) return () => {};
    this.#watched.add(container);
    this.#schedule(INTERVAL);
    return () => {
      this.#watched.delete(container);
    };
  }

  /** One look at all containers. */
  look(): void {
    const used = this.#measure((pid) => this.#table.roughly(pid));
    const suspects = new Set<WatchedContainer>();
    for (const [container, uses] of used) if (exceeds(container.limit, uses)) suspects.add(container);
    for (const containers of this.#tasks()) {
      const all = containers.flatMap((each) => used.get(each) ?? []);
      if (exceeds(containers[0]?.taskLimit, all)) for (const each of containers) suspects.add(each);
    }
    if (suspects.size === 0) return;
    const exact = new Map<WatchedContainer, Use[]>();
    for (const container of suspects) {
      const uses = (used.get(container) ?? []).map(({ pid }) => ({ pid, bytes: this.#table.exactly(pid) }));
      exact.set(container, uses);
      if (exceeds(container.limit, uses)) this.#kill(container, uses);
    }
    for (const containers of this.#tasks()) {
      const all = containers.flatMap((each) => exact.get(each) ?? []);
      if (!containers.every((each) => exact.has(each)) || !exceeds(containers[0]?.taskLimit, all)) continue;
      const largest = containers.reduce((a, b) => (sum(exact.get(a) ?? []) >= sum(exact.get(b) ?? []) ? a : b));
      if (!exceeds(largest.limit, exact.get(largest) ?? [])) this.#kill(largest, exact.get(largest) ?? []);
    }
  }

  #kill(container: WatchedContainer, uses: readonly Use[]): void {
    const largest = uses.reduce<Use | undefined>((a, b) => (a === undefined || b.bytes > a.bytes ? b : a), undefined);
    if (largest === undefined) return;
    container.exceeded();
    this.#table.kill(largest.pid);
  }

  #tasks(): WatchedContainer[][] {
    const tasks = new Map<string, WatchedContainer[]>();
    for (const each of this.#watched) tasks.set(each.taskArn, [...(tasks.get(each.taskArn) ?? []), each]);
    return [...tasks.values()];
  }

  /** All processes once, whatever the number of containers. */
  #measure(of: (pid: number) => number): Map<WatchedContainer, Use[]> {
    const byNamespace = new Map<string, WatchedContainer>();
    for (const container of this.#watched) {
      const namespace = this.#table.namespaceOf(container.first.pid);
      if (namespace !== undefined) byNamespace.set(namespace, container);
    }
    const used = new Map<WatchedContainer, Use[]>();
    for (const pid of this.#table.pids()) {
      const namespace = this.#table.namespaceOf(pid);
      const container = namespace === undefined ? undefined : byNamespace.get(namespace);
      if (container === undefined) continue;
      const uses = used.get(container) ?? [];
      uses.push({ pid, bytes: of(pid) });
      used.set(container, uses);
    }
    return used;
  }

  #schedule(wait: number): void {
    if (this.#timer !== undefined || this.#watched.size === 0) return;
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      const begun = performance.now();
      this.look();
      this.#schedule(Math.max(INTERVAL, (performance.now() - begun) / SHARE));
    }, wait).unref();
  }
}

function exceeds(limit: number | undefined, uses: readonly Use[]): boolean {
  return limit !== undefined && sum(uses) > limit;
}

function sum(uses: readonly Use[]): number {
  return uses.reduce((total, { bytes }) => total + bytes, 0);
}

/** Source: proc(5), /proc/PID/status and /proc/PID/smaps_rollup. What lies in swap counts: there is none for containers. */
const procTable: MemoryTable = {
  pids: () => readdirSync('/proc').map(Number).filter(Number.isInteger),
  namespaceOf(pid) {
    try {
      return readlinkSync(`/proc/${pid}/ns/pid`);
    } catch {
      return undefined;
    }
  },
  roughly: (pid) => kilobytes(`/proc/${pid}/status`, ['RssAnon', 'RssShmem', 'VmSwap']) ?? 0,
  // Kernels before 5.9 do not divide it by kind.
  exactly: (pid) =>
    kilobytes(`/proc/${pid}/smaps_rollup`, ['Pss_Anon', 'Pss_Shmem', 'SwapPss']) ?? procTable.roughly(pid),
  kill(pid) {
    try {
      process.kill(pid, 'SIGKILL');
    } catch {
      // Ended meanwhile.
    }
  },
};

/** The sum of some lines, as bytes; undefined when there is none of them. */
function kilobytes(file: string, names: readonly string[]): number | undefined {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
  let total: number | undefined;
  for (const name of names) {
    const found = new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(text)?.[1];
    if (found !== undefined) total = (total ?? 0) + Number(found) * 1024;
  }
  return total;
}
