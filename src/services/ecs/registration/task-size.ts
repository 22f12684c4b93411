/**
 * Task-level sizes. CPU is given in units (`1024`) or vCPUs (`1 vCPU`, `.5 vcpu`), memory in MiB (`2048`) or GB (`2 GB`).
 * Source: ECS Developer Guide, task definition parameters, task size: "converted to an integer when registered".
 */

/** CPU units; undefined for what is no size. */
export function parseTaskCpu(text: string): number | undefined {
  const units = /^\s*(\d+)\s*$/.exec(text);
  if (units !== null) return Number(units[1]);
  const cores = /^\s*(\d+|\d*\.\d+)\s*vcpus?\s*$/i.exec(text);
  return cores === null ? undefined : whole(Number(cores[1]) * 1024);
}

/** MiB; undefined for what is no size. */
export function parseTaskMemory(text: string): number | undefined {
  const mib = /^\s*(\d+)\s*(?:mb|mib)?\s*$/i.exec(text);
  if (mib !== null) return Number(mib[1]);
  const gib = /^\s*(\d+|\d*\.\d+)\s*(?:gb|gib)\s*$/i.exec(text);
  return gib === null ? undefined : whole(Number(gib[1]) * 1024);
}

function whole(value: number): number | undefined {
  return Number.isInteger(value) ? value : undefined;
}

/** CPU units → lowest, highest and step of memory in MiB. Source: ECS Developer Guide, Fargate task size. */
const FARGATE_MEMORY: Readonly<Record<number, readonly [number, number, number]>> = {
  512: [1024, 4096, 1024],
  1024: [2048, 8192, 1024],
  2048: [4096, 16384, 1024],
  4096: [8192, 30720, 1024],
  8192: [16384, 61440, 4096],
  16384: [32768, 122880, 8192],
};

/** True for the pairs that Fargate offers. */
export function isFargateSize(cpu: number, memory: number): boolean {
  if (cpu === 256) return memory === 512 || memory === 1024 || memory === 2048;
  const range = FARGATE_MEMORY[cpu];
  if (range === undefined) return false;
  const [lowest, highest, step] = range;
  return memory >= lowest && memory <= highest && (memory - lowest) % step === 0;
}
