import type { LeftOut, Sourced, Workload } from '../workload.ts';

const GROUPS = 'users get no policies from groups here';

/** What a workload may hold that is not put into a server: tasks run without it. */
export function notMade(workload: Workload): LeftOut[] {
  const why = 'this is not served; tasks run without it';
  const named = (what: string, things: readonly (Sourced & { readonly name: unknown })[], reason = why): LeftOut[] =>
    things.map(({ name, origin }) => ({ what: `${what} ${name}`, why: reason, origin }));
  return [
    ...named('service', workload.services, 'its task definition is run as a task; services are not started'),
    ...named('capacity provider', workload.capacityProviders),
    ...workload.launches.map(({ kind, name, origin }) => ({
      what: `${kind.replaceAll('-', ' ')} ${name}`,
      why: 'no EC2 instances are started',
      origin,
    })),
    ...workload.fileSystems.map(({ fileSystemId, origin }) => ({ what: `file system ${fileSystemId}`, why, origin })),
    ...workload.accessPoints.map(({ accessPointId, origin }) => ({
      what: `access point ${accessPointId}`,
      why,
      origin,
    })),
    ...workload.taskStarters.map(({ kind, name, origin }) => ({
      what: `${kind} ${name}`,
      why: 'its task definition is run as a task; rules and schedules start nothing here',
      origin,
    })),
    ...named('target group', workload.targetGroups),
    ...workload.serviceLinkedRoles.map(({ service, origin }) => ({
      what: `service-linked role of ${service}`,
      why: 'services have their roles already',
      origin,
    })),
    ...named('group', workload.groups, GROUPS),
    ...[...workload.inlinePolicies, ...workload.attachments].flatMap(({ holder, origin }) =>
      holder.kind === 'group' ? [{ what: `policy of group ${holder.name}`, why: GROUPS, origin }] : [],
    ),
    ...workload.memberships.map(({ group, user, origin }) => ({
      what: `user ${user} in group ${group}`,
      why: GROUPS,
      origin,
    })),
    ...workload.managedPolicies
      .filter(({ arn }) => isAwsOwn(arn))
      .map(({ name, origin }) => ({
        what: `managed policy ${name}`,
        why: 'it is AWS’s own, and there already',
        origin,
      })),
  ];
}

/** One of AWS's own managed policies, as an account's export holds them. */
export function isAwsOwn(arn: unknown): boolean {
  return typeof arn === 'string' && arn.startsWith('arn:aws:iam::aws:');
}

/** Ids of what is not made: whether it would be made in AWS does not matter. */
export function idsNotMade(workload: Workload): ReadonlySet<string | undefined> {
  const { services, capacityProviders, launches, fileSystems, accessPoints } = workload;
  const { taskStarters, targetGroups, serviceLinkedRoles, groups, memberships } = workload;
  const lists: readonly (readonly Sourced[])[] = [
    services,
    capacityProviders,
    launches,
    fileSystems,
    accessPoints,
    taskStarters,
    targetGroups,
    serviceLinkedRoles,
    groups,
    memberships,
  ];
  return new Set(lists.flat().map(({ id }) => id));
}
