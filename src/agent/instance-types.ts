/** vCPUs and memory (MiB, as the agent sees it) of the instance types that can be played. Source: EC2 instance types. */
const TYPES: Readonly<Record<string, { readonly vcpus: number; readonly memory: number }>> = {
  't3.micro': { vcpus: 2, memory: 944 },
  't3.small': { vcpus: 2, memory: 1910 },
  't3.medium': { vcpus: 2, memory: 3843 },
  't3.large': { vcpus: 2, memory: 7753 },
  'm5.large': { vcpus: 2, memory: 7680 },
  'm5.xlarge': { vcpus: 4, memory: 15_573 },
  'm5.2xlarge': { vcpus: 8, memory: 31_358 },
  'm5.4xlarge': { vcpus: 16, memory: 62_928 },
};

/** The size of an instance that nobody chose. */
export const DEFAULT_INSTANCE_TYPE = 'm5.xlarge';

export const instanceTypes: readonly string[] = Object.keys(TYPES);

/** Undefined for a type that is not known. */
export function sizeOf(instanceType: string): { readonly vcpus: number; readonly memory: number } | undefined {
  return Object.hasOwn(TYPES, instanceType) ? TYPES[instanceType] : undefined;
}
