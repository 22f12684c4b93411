import type * as Ecs from '../../../../wire/generated/types/ecs.ts';

/** What the containers of a task may use together. */
export interface TaskLimits {
  /** Bytes; undefined: no limit. */
  readonly memory: number | undefined;
  /** Bytes of swap, over the memory. */
  readonly swap: number;
  /** vCPUs; undefined: no limit. */
  readonly cpus: number | undefined;
  /** Weight against other tasks. */
  readonly shares: number;
}

/** What one container may use. */
export interface ContainerLimits {
  /** Bytes; undefined: the task's limit alone. */
  readonly memory: number | undefined;
  /** Bytes that stay when memory is short. */
  readonly reservation: number | undefined;
  /** Bytes of swap, over the memory. */
  readonly swap: number;
  /** 0 to 100; undefined: the machine's. */
  readonly swappiness: number | undefined;
  /** Weight against the other containers of the task. */
  readonly shares: number;
}

const MEBIBYTE = 1024 * 1024;
/** Source: agent, task_linux.go, minimumCPUShare: the least that Linux knows. */
const LEAST_SHARES = 2;
/** CPU units of a vCPU. */
const UNITS = 1024;

/**
 * Source: agent, task_linux.go, BuildLinuxResourceSpec: a task's CPU is a quota; without it the task weighs as much as its
 * containers together.
 */
export function taskLimits(definition: Ecs.TaskDefinition): TaskLimits {
  const containers = definition.containerDefinitions ?? [];
  const units = amount(definition.cpu, /vCPU/i, UNITS);
  const memory = amount(definition.memory, /GB/i, 1024);
  const shares = containers.reduce((sum, { cpu = 0 }) => sum + cpu, 0);
  return {
    memory: memory === undefined ? undefined : Math.round(memory) * MEBIBYTE,
    swap: containers.reduce((sum, { linuxParameters }) => sum + (linuxParameters?.maxSwap ?? 0), 0) * MEBIBYTE,
    cpus: units === undefined ? undefined : units / UNITS,
    shares: Math.max(LEAST_SHARES, shares),
  };
}

/**
 * Source: agent, createContainer (CPU units are shares); ECS API, LinuxParameters: swap is what `maxSwap` says. Without
 * it there is none: as on Fargate, and on instances of the ECS-optimized images, which have no swap.
 */
export function containerLimits({
  memory,
  memoryReservation,
  cpu = 0,
  linuxParameters,
}: Ecs.ContainerDefinition): ContainerLimits {
  return {
    memory: bytes(memory),
    reservation: bytes(memoryReservation),
    swap: (linuxParameters?.maxSwap ?? 0) * MEBIBYTE,
    swappiness: linuxParameters?.maxSwap === undefined ? undefined : linuxParameters.swappiness,
    shares: Math.max(LEAST_SHARES, cpu),
  };
}

/** Source: ECS API, RegisterTaskDefinition: `1024` or `1 vCPU`; `2048` or `2 GB`. */
function amount(text: string | undefined, unit: RegExp, perUnit: number): number | undefined {
  const found = /^\s*([\d.]+)\s*([a-z]*)\s*$/i.exec(text ?? '');
  const value = Number(found?.[1]);
  if (found === null || !(value > 0)) return undefined;
  return unit.test(found[2] ?? '') ? value * perUnit : value;
}

function bytes(mebibytes: number | undefined): number | undefined {
  return mebibytes === undefined || mebibytes === 0 ? undefined : mebibytes * MEBIBYTE;
}
