import { dockerSupport } from './docker/support.ts';
import { namespaceDetails, namespaceSupport } from './namespace/support.ts';
import type { RuntimeName } from './runtime.ts';

/** Whether a runtime can be used on this machine by this user. */
export interface RuntimeAvailability {
  readonly name: RuntimeName;
  readonly available: boolean;
  /** What stands in the way; absent when it is available. */
  readonly reason?: string;
  /** What depends on this machine and this user: how limits are kept, which users a container can have. */
  readonly details?: Readonly<Record<'limits' | 'users', string>>;
}

/** Looks at this machine: tries to make namespaces, asks the Docker Engine. In the order in which `auto` prefers them. */
export async function availableRuntimes(): Promise<readonly RuntimeAvailability[]> {
  const docker = await dockerSupport();
  const namespace = namespaceSupport();
  return [
    // It runs stand-ins and images alike, and needs neither root nor a daemon.
    { name: 'namespace', ...namespace, ...(namespace.available ? { details: await namespaceDetails() } : {}) },
    docker.supported
      ? { name: 'docker', available: true }
      : { name: 'docker', available: false, reason: docker.reason },
    { name: 'process', available: true },
  ];
}

/** What `--runtime auto` stands for. */
export function preferredRuntime(runtimes: readonly RuntimeAvailability[]): RuntimeName {
  return runtimes.find(({ available }) => available)?.name ?? 'process';
}
