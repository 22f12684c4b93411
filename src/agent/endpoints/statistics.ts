import type { ContainerUsage } from '../runtimes/runtime.ts';
import type { ContainerFacts } from './metadata.ts';

interface Reading {
  readonly at: number;
  readonly usage: ContainerUsage;
}

/** Statistics in the form of Docker's, each beside the reading before it. Source: Docker Engine API, ContainerStats. */
export class Statistics {
  readonly #last = new Map<string, Reading>();

  /** Null while there is nothing to measure, as in the agent. */
  async read(
    container: ContainerFacts,
    measure: (container: ContainerFacts) => Promise<ContainerUsage | undefined>,
  ): Promise<Record<string, unknown> | null> {
    const usage = await measure(container);
    if (usage === undefined) return null;
    const before = this.#last.get(container.runtimeId);
    const now = { at: Date.now(), usage };
    this.#last.set(container.runtimeId, now);
    return {
      read: new Date(now.at).toISOString(),
      preread: before === undefined ? '0001-01-01T00:00:00Z' : new Date(before.at).toISOString(),
      pids_stats: { current: usage.processes },
      num_procs: 0,
      cpu_stats: cpu(usage),
      precpu_stats: before === undefined ? { cpu_usage: { total_usage: 0 } } : cpu(before.usage),
      memory_stats: { usage: usage.memory, ...limit(container) },
      name: `/${container.dockerName}`,
      id: container.runtimeId,
    };
  }
}

function cpu(usage: ContainerUsage): Record<string, unknown> {
  return {
    cpu_usage: { total_usage: usage.cpu },
    system_cpu_usage: usage.systemCpu,
    online_cpus: usage.cpus,
  };
}

/** What the definition allows, in bytes; nobody enforces it on a process. */
function limit(container: ContainerFacts): { limit?: number } {
  const { memory } = container.definition;
  return memory === undefined ? {} : { limit: memory * 1024 * 1024 };
}
