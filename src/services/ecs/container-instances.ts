import { AwsError } from '../../core/errors.ts';
import { operation, type ReadContext } from '../../gateway/operation.ts';
import type { Read } from '../../store/collections.ts';
import type * as Ecs from '../../wire/generated/types/ecs.ts';
import { activeCluster, onCluster } from './clusters.ts';
import { containerInstanceView } from './container-instance-view.ts';
import { containerInstanceNotFound, invalidParameter } from './errors.ts';
import { type ClusterName, clusterName, containerInstanceName, type MemberName } from './identifiers.ts';
import { page } from './pages.ts';
import { activeTasks, readQuery, subjectsOf } from './placement/place.ts';
import { satisfies } from './placement/query-match.ts';
import { containerInstances } from './records.ts';
import { tagged, tagsOf } from './tags.ts';
import { applyTaskState, requestStop } from './task-state.ts';

interface OfInstance {
  readonly cluster: ClusterName;
  readonly named: MemberName;
}

interface OfInstances {
  readonly cluster: ClusterName;
  readonly named: readonly MemberName[];
}

function resolveInstance({
  input,
  account,
  region,
}: ReadContext<{ readonly cluster?: string | undefined; readonly containerInstance: string }>): OfInstance {
  const cluster = clusterName(input.cluster, { account, region });
  return { cluster, named: containerInstanceName(input.containerInstance, cluster) };
}

function resolveInstances(
  most: number,
): (
  context: ReadContext<{ readonly cluster?: string | undefined; readonly containerInstances: readonly string[] }>,
) => OfInstances {
  return ({ input, account, region }) => {
    const cluster = clusterName(input.cluster, { account, region });
    // Source of the limits: ECS API. unverified: texts
    if (input.containerInstances.length === 0) throw invalidParameter('Container Instances cannot be empty.');
    if (input.containerInstances.length > most) {
      throw invalidParameter(`containerInstances can have at most ${most} items.`);
    }
    return { cluster, named: input.containerInstances.map((text) => containerInstanceName(text, cluster)) };
  };
}

/** The check of an action on a container instance: its tags and ecs:cluster. Source: Service Authorization Reference. */
export function onContainerInstance(action: string, read: Read, cluster: ClusterName, named: MemberName) {
  return {
    action: `ecs:${action}`,
    resource: named.arn,
    ...tagged(tagsOf(read, named, named.arn), { 'ecs:cluster': cluster.arn }),
  };
}

const NO_FIELDS: ReadonlySet<Ecs.ContainerInstanceField> = new Set();

export const DeregisterContainerInstance = operation<'ecs', 'DeregisterContainerInstance', OfInstance>(
  'ecs',
  'DeregisterContainerInstance',
  {
    resolve: resolveInstance,
    authorize: (context) => [onCluster('DeregisterContainerInstance', context)],
    handle: ({ input, tx, now, cluster, named }) => {
      activeCluster(tx, cluster);
      const instance = tx.get(containerInstances, cluster.arn, named.arn);
      if (instance === undefined || instance.status === 'INACTIVE') throw containerInstanceNotFound();
      const active = activeTasks(tx, instance);
      if (active.length > 0 && input.force !== true) {
        throw invalidParameter('Found running tasks on the instance.'); // source: observed
      }
      for (const task of active) {
        // Source of the reason: ECS Developer Guide. unverified: the code
        requestStop(tx, now, task.arn, 'UserInitiated', 'Container instance deregistration forced by user');
        // An agent that is connected stops the containers and says so; without one nobody would.
        if (!instance.agentConnected) applyTaskState(tx, now, task.arn, { status: 'STOPPED' });
      }
      const current = tx.get(containerInstances, cluster.arn, named.arn) ?? instance;
      const gone = {
        ...current,
        status: 'INACTIVE' as const,
        agentConnected: false,
        deregisteredAt: now,
        version: current.version + 1,
      };
      tx.put(containerInstances, cluster.arn, named.arn, gone);
      return { containerInstance: containerInstanceView(tx, gone, NO_FIELDS) };
    },
  },
);

export const DescribeContainerInstances = operation<'ecs', 'DescribeContainerInstances', OfInstances>(
  'ecs',
  'DescribeContainerInstances',
  {
    resolve: resolveInstances(100),
    authorize: ({ tx, cluster, named }) =>
      named.map((name) => onContainerInstance('DescribeContainerInstances', tx, cluster, name)),
    handle: ({ input, tx, cluster, named }) => {
      activeCluster(tx, cluster);
      const include = new Set(input.include ?? []);
      const found: Ecs.ContainerInstance[] = [];
      const failures: Ecs.Failure[] = [];
      for (const { arn } of named) {
        const instance = tx.get(containerInstances, cluster.arn, arn);
        if (instance === undefined) failures.push({ arn, reason: 'MISSING' });
        else found.push(containerInstanceView(tx, instance, include));
      }
      return { containerInstances: found, failures };
    },
  },
);

export const ListContainerInstances = operation<'ecs', 'ListContainerInstances', { readonly cluster: ClusterName }>(
  'ecs',
  'ListContainerInstances',
  {
    resolve: ({ input, account, region }) => ({ cluster: clusterName(input.cluster, { account, region }) }),
    authorize: (context) => [onCluster('ListContainerInstances', context)],
    handle: ({ input, tx, cluster }) => {
      activeCluster(tx, cluster);
      const query = input.filter === undefined || input.filter === '' ? undefined : readQuery(input.filter);
      // Source: ECS API, ListContainerInstances (status): without it, all that are not INACTIVE.
      const found = tx
        .list(containerInstances, cluster.arn)
        .filter((instance) =>
          input.status === undefined ? instance.status !== 'INACTIVE' : instance.status === input.status,
        )
        .filter((instance) => query === undefined || satisfies(query, subjectsOf(tx, instance)));
      const { items, nextToken } = page(found, (instance) => instance.arn, input);
      return { containerInstanceArns: items.map((instance) => instance.arn), nextToken };
    },
  },
);

export const UpdateContainerInstancesState = operation<'ecs', 'UpdateContainerInstancesState', OfInstances>(
  'ecs',
  'UpdateContainerInstancesState',
  {
    resolve: resolveInstances(10),
    authorize: ({ tx, cluster, named }) =>
      named.map((name) => onContainerInstance('UpdateContainerInstancesState', tx, cluster, name)),
    handle: ({ input, tx, cluster, named }) => {
      activeCluster(tx, cluster);
      const { status } = input;
      if (status !== 'ACTIVE' && status !== 'DRAINING') {
        // Source: ECS API, UpdateContainerInstancesState: the only two a user can set. unverified: text
        throw invalidParameter('Container instance status should be one of [ACTIVE,DRAINING]');
      }
      const changed: Ecs.ContainerInstance[] = [];
      const failures: Ecs.Failure[] = [];
      for (const { arn } of named) {
        const instance = tx.get(containerInstances, cluster.arn, arn);
        if (instance === undefined || instance.status === 'INACTIVE') {
          failures.push({ arn, reason: instance === undefined ? 'MISSING' : 'INACTIVE' });
          continue;
        }
        const next = { ...instance, status, version: instance.version + 1 };
        tx.put(containerInstances, cluster.arn, arn, next);
        changed.push(containerInstanceView(tx, next, NO_FIELDS));
      }
      return { containerInstances: changed, failures };
    },
  },
);

/** The agents here are part of the server: there is never a newer one. Source of the text: ECS API, NoUpdateAvailableException. */
export const UpdateContainerAgent = operation<'ecs', 'UpdateContainerAgent', OfInstance>(
  'ecs',
  'UpdateContainerAgent',
  {
    resolve: resolveInstance,
    authorize: ({ tx, cluster, named }) => [onContainerInstance('UpdateContainerAgent', tx, cluster, named)],
    handle: ({ tx, cluster, named }) => {
      activeCluster(tx, cluster);
      const instance = tx.get(containerInstances, cluster.arn, named.arn);
      if (instance === undefined || instance.status === 'INACTIVE') throw containerInstanceNotFound();
      throw new AwsError(
        'NoUpdateAvailableException',
        "There's no update available for this Amazon ECS container agent. This might be because the agent is already running the latest version or because it's so old that there's no update path to the current version.",
      );
    },
  },
);

/** Where the agent's connections go. Source: agent, ecs-agent/api/ecs/client; no resource-level permissions. */
export const DiscoverPollEndpoint = operation('ecs', 'DiscoverPollEndpoint', {
  authorize: () => [{ action: 'ecs:DiscoverPollEndpoint', resource: '*' }],
  handle: ({ endpoint }) => ({
    endpoint: `${endpoint}/`,
    telemetryEndpoint: `${endpoint}/`,
    serviceConnectEndpoint: `${endpoint}/`,
  }),
});
