import { AwsError } from '../../core/errors.ts';
import { operation, type ReadContext } from '../../gateway/operation.ts';
import type { Read, Tx } from '../../store/collections.ts';
import type * as Ecs from '../../wire/generated/types/ecs.ts';
import { settingOf } from './account-settings.ts';
import {
  checkConfiguration,
  checkProviders,
  checkSettings,
  providerKey,
  refuseServiceConnect,
  storageKey,
} from './cluster-settings.ts';
import { clusterView } from './cluster-view.ts';
import { clusterNotActive, clusterNotFound, invalidParameter } from './errors.ts';
import { type ClusterName, clusterName } from './identifiers.ts';
import { page } from './pages.ts';
import { type ClusterRecord, clusters, containerInstances, regional, tasks } from './records.ts';
import { ensureServiceLinkedRole, noServiceLinkedRole } from './service-linked-role.ts';
import { readTags, requestedTags, setTags, tagged, tagOnCreate, tagsOf } from './tags.ts';

/** The cluster of that name, or undefined; INACTIVE ones too. */
export function findCluster(read: Read, name: ClusterName): ClusterRecord | undefined {
  return read.get(clusters, regional(name.account, name.region), name.name);
}

/** Errors: ClusterNotFoundException. */
export function activeCluster(read: Read, name: ClusterName): ClusterRecord {
  const record = findCluster(read, name);
  if (record === undefined) throw clusterNotFound();
  if (record.status !== 'ACTIVE') throw clusterNotActive();
  return record;
}

interface OfCluster {
  readonly cluster: ClusterName;
}

/** For operations that name a cluster: what they mean, and the check of their action on it. */
export function resolveCluster({
  input,
  account,
  region,
}: ReadContext<{ readonly cluster?: string | undefined }>): OfCluster {
  return { cluster: clusterName(input.cluster, { account, region }) };
}

/** The check of an action on a cluster, with its tags. */
export function onCluster(
  action: string,
  { tx, cluster }: { readonly tx: Read; readonly cluster: ClusterName },
  context: Readonly<Record<string, string | readonly string[]>> = {},
) {
  return { action: `ecs:${action}`, resource: cluster.arn, ...tagged(tagsOf(tx, cluster, cluster.arn), context) };
}

function put(tx: Tx, name: ClusterName, record: ClusterRecord): ClusterRecord {
  tx.put(clusters, regional(name.account, name.region), name.name, record);
  return record;
}

export const CreateCluster = operation<'ecs', 'CreateCluster', OfCluster>('ecs', 'CreateCluster', {
  resolve: ({ input, account, region }) => ({ cluster: clusterName(input.clusterName, { account, region }) }),
  authorize: ({ input, tx, cluster }) => [
    {
      action: 'ecs:CreateCluster',
      resource: cluster.arn,
      requestTags: requestedTags(input.tags),
      ...tagged(tagsOf(tx, cluster, cluster.arn), {
        ...providerKey(cluster, input.capacityProviders ?? []),
        ...storageKey(input.configuration),
      }),
    },
    ...tagOnCreate('CreateCluster', cluster.arn, input.tags),
  ],
  handle: (context) => {
    const { input, tx, cluster } = context;
    const tags = readTags(input.tags);
    const settings = checkSettings(input.settings ?? []);
    checkConfiguration(input.configuration);
    checkProviders(input.capacityProviders ?? [], input.defaultCapacityProviderStrategy ?? []);
    refuseServiceConnect(input.serviceConnectDefaults);
    const known = findCluster(tx, cluster);
    if (known?.status === 'ACTIVE') {
      checkSame(tx, cluster, known, input);
      return { cluster: clusterView(tx, cluster, known) };
    }
    const linked = ensureServiceLinkedRole(context, cluster.account);
    if (!linked && (input.capacityProviders ?? []).length > 0) throw noServiceLinkedRole();
    const insights = settingOf(tx, cluster, context.principal, 'containerInsights');
    const record = put(tx, cluster, {
      arn: cluster.arn,
      name: cluster.name,
      status: 'ACTIVE',
      settings: settings.length > 0 ? settings : [{ name: 'containerInsights', value: insights }],
      ...(input.configuration === undefined ? {} : { configuration: input.configuration }),
      capacityProviders: input.capacityProviders ?? [],
      defaultCapacityProviderStrategy: input.defaultCapacityProviderStrategy ?? [],
    });
    setTags(tx, cluster, cluster.arn, tags);
    return { cluster: clusterView(tx, cluster, record) };
  },
});

/** The same request again answers the cluster; one that says something else is refused. Source: observed with CreateCluster. */
function checkSame(read: Read, name: ClusterName, known: ClusterRecord, input: Ecs.CreateClusterRequest): void {
  const differs = (given: unknown, present: unknown) =>
    given !== undefined && JSON.stringify(given) !== JSON.stringify(present);
  if (
    differs(input.settings, known.settings) ||
    differs(input.configuration, known.configuration) ||
    differs(input.capacityProviders, known.capacityProviders) ||
    differs(input.defaultCapacityProviderStrategy, known.defaultCapacityProviderStrategy) ||
    ((input.tags ?? []).length > 0 && differs(readTags(input.tags), tagsOf(read, name, name.arn)))
  ) {
    throw invalidParameter(
      'Arguments on this idempotent request are inconsistent with arguments used in previous request(s).',
    );
  }
}

export const DeleteCluster = operation<'ecs', 'DeleteCluster', OfCluster>('ecs', 'DeleteCluster', {
  resolve: resolveCluster,
  authorize: (context) => [onCluster('DeleteCluster', context)],
  handle: ({ tx, cluster }) => {
    const record = findCluster(tx, cluster);
    if (record === undefined) throw clusterNotFound();
    // Source of the texts: observed (aws/aws-cli#2078, gruntwork-io/cloud-nuke#368).
    if (tx.list(containerInstances, cluster.arn).some((instance) => instance.status !== 'INACTIVE')) {
      throw new AwsError(
        'ClusterContainsContainerInstancesException',
        'The Cluster cannot be deleted while Container Instances are active or draining.',
      );
    }
    if (tx.list(tasks, cluster.arn).some((task) => task.lastStatus !== 'STOPPED')) {
      throw new AwsError('ClusterContainsTasksException', 'The Cluster cannot be deleted while Tasks are active.');
    }
    // An inactive cluster is still described for a while. Source: ECS API, DeleteCluster.
    const gone = put(tx, cluster, {
      ...record,
      status: 'INACTIVE',
      capacityProviders: [],
      defaultCapacityProviderStrategy: [],
    });
    const answer = { cluster: clusterView(tx, cluster, gone) };
    setTags(tx, cluster, cluster.arn, {});
    return answer;
  },
});

export const DescribeClusters = operation<'ecs', 'DescribeClusters', { readonly named: readonly ClusterName[] }>(
  'ecs',
  'DescribeClusters',
  {
    resolve: ({ input, account, region }) => {
      const names = input.clusters === undefined || input.clusters.length === 0 ? [undefined] : input.clusters;
      // Source: ECS API, DescribeClusters (clusters): up to 100. unverified: text
      if (names.length > 100) throw invalidParameter('clusters can have at most 100 items.');
      return { named: names.map((name) => clusterName(name, { account, region })) };
    },
    authorize: ({ tx, named }) => named.map((cluster) => onCluster('DescribeClusters', { tx, cluster })),
    handle: ({ input, tx, named }) => {
      const include = new Set(input.include ?? []);
      const found: Ecs.Cluster[] = [];
      const failures: Ecs.Failure[] = [];
      for (const name of named) {
        const record = findCluster(tx, name);
        if (record === undefined) failures.push({ arn: name.arn, reason: 'MISSING' });
        else found.push(clusterView(tx, name, record, include));
      }
      return { clusters: found, failures };
    },
  },
);

export const ListClusters = operation('ecs', 'ListClusters', {
  authorize: () => [{ action: 'ecs:ListClusters', resource: '*' }],
  handle: ({ input, tx, account, region }) => {
    const active = tx.list(clusters, regional(account, region)).filter((record) => record.status === 'ACTIVE');
    const { items, nextToken } = page(active, (record) => record.name, input);
    return { clusterArns: items.map((record) => record.arn), nextToken };
  },
});

export const UpdateCluster = operation<'ecs', 'UpdateCluster', OfCluster>('ecs', 'UpdateCluster', {
  resolve: resolveCluster,
  authorize: (context) => [onCluster('UpdateCluster', context, storageKey(context.input.configuration))],
  handle: ({ input, tx, cluster }) => {
    const record = activeCluster(tx, cluster);
    refuseServiceConnect(input.serviceConnectDefaults);
    checkConfiguration(input.configuration);
    const settings = input.settings === undefined ? record.settings : merged(record, checkSettings(input.settings));
    const configuration = input.configuration ?? record.configuration;
    const updated = put(tx, cluster, {
      ...record,
      settings,
      ...(configuration === undefined ? {} : { configuration }),
    });
    return { cluster: clusterView(tx, cluster, updated) };
  },
});

export const UpdateClusterSettings = operation<'ecs', 'UpdateClusterSettings', OfCluster>(
  'ecs',
  'UpdateClusterSettings',
  {
    resolve: resolveCluster,
    authorize: (context) => [onCluster('UpdateClusterSettings', context)],
    handle: ({ input, tx, cluster }) => {
      const record = activeCluster(tx, cluster);
      const updated = put(tx, cluster, { ...record, settings: merged(record, checkSettings(input.settings)) });
      return { cluster: clusterView(tx, cluster, updated) };
    },
  },
);

function merged(record: ClusterRecord, settings: readonly Ecs.ClusterSetting[]): readonly Ecs.ClusterSetting[] {
  const names = new Set(settings.map((setting) => setting.name));
  return [...record.settings.filter((setting) => !names.has(setting.name)), ...settings];
}

export const PutClusterCapacityProviders = operation<'ecs', 'PutClusterCapacityProviders', OfCluster>(
  'ecs',
  'PutClusterCapacityProviders',
  {
    resolve: resolveCluster,
    authorize: (context) => [
      onCluster('PutClusterCapacityProviders', context, providerKey(context.cluster, context.input.capacityProviders)),
    ],
    handle: ({ input, tx, cluster }) => {
      const record = activeCluster(tx, cluster);
      checkProviders(input.capacityProviders, input.defaultCapacityProviderStrategy);
      const inUse = tx
        .list(tasks, cluster.arn)
        .find(
          (task) =>
            task.lastStatus !== 'STOPPED' &&
            task.capacityProviderName !== undefined &&
            !input.capacityProviders.includes(task.capacityProviderName),
        );
      if (inUse !== undefined) {
        // Source: ECS API, PutClusterCapacityProviders: a provider in use cannot be removed; text observed.
        throw new AwsError(
          'ResourceInUseException',
          'The specified capacity provider is in use and cannot be removed.',
        );
      }
      const updated = put(tx, cluster, {
        ...record,
        capacityProviders: input.capacityProviders,
        defaultCapacityProviderStrategy: input.defaultCapacityProviderStrategy,
      });
      return { cluster: clusterView(tx, cluster, updated) };
    },
  },
);
