import { placeOf, SourceError } from './origin.ts';
import type { Text } from './unknown.ts';
import type { OpenWorkload, Sourced } from './workload.ts';

type Named = Sourced & { readonly name: Text; readonly arn?: Text };

/** The same thing declared twice would make the later one win; that is a mistake. @throws SourceError with both places */
export function refuseTwins(workload: OpenWorkload): void {
  const lists: readonly (readonly [string, readonly Named[]])[] = [
    ['role', workload.roles],
    ['user', workload.users],
    ['group', workload.groups],
    ['managed policy', workload.managedPolicies],
    ['instance profile', workload.instanceProfiles],
    ['queue', workload.queues],
    ['parameter', workload.parameters],
    ['secret', workload.secrets],
    ['alias', workload.aliases],
    ['log group', workload.logGroups],
    ['repository', workload.repositories],
    ['bucket', workload.buckets],
    ['table', workload.tables],
    ['cluster', workload.clusters],
    ['service', workload.services],
  ];
  for (const [what, things] of lists) {
    const seen = new Map<string, Sourced>();
    for (const thing of things) {
      if (typeof thing.name !== 'string') continue;
      // The same name may be used in another account or Region, or (services) cluster.
      const key = typeof thing.arn === 'string' ? thing.arn : thing.name;
      const first = seen.get(key);
      if (first !== undefined)
        throw new SourceError(
          'declared-twice',
          thing.origin,
          `the ${what} \`${thing.name}\` is declared twice`,
          `It is also declared at ${placeOf(first.origin)}; keep one of them, or read them one after the other.`,
        );
      seen.set(key, thing);
    }
  }
}
