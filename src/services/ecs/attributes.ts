import { AwsError } from '../../core/errors.ts';
import { operation, type ReadContext } from '../../gateway/operation.ts';
import type { Read } from '../../store/collections.ts';
import type * as Ecs from '../../wire/generated/types/ecs.ts';
import { activeCluster, onCluster } from './clusters.ts';
import { onContainerInstance } from './container-instances.ts';
import { invalidParameter } from './errors.ts';
import { type ClusterName, clusterName, containerInstanceName, type MemberName } from './identifiers.ts';
import { page } from './pages.ts';
import { type ContainerInstanceRecord, containerInstances } from './records.ts';

interface Target {
  readonly attribute: Ecs.Attribute;
  readonly named: MemberName;
}

interface OfTargets {
  readonly cluster: ClusterName;
  readonly targets: readonly Target[];
}

/** Source of the limits: ECS API, PutAttributes and Attribute. unverified: texts */
function resolveTargets({
  input,
  account,
  region,
}: ReadContext<{ readonly cluster?: string | undefined; readonly attributes: readonly Ecs.Attribute[] }>): OfTargets {
  const cluster = clusterName(input.cluster, { account, region });
  if (input.attributes.length === 0) throw invalidParameter('Attributes cannot be empty.');
  if (input.attributes.length > 10) throw invalidParameter('attributes can have at most 10 items.');
  const targets = input.attributes.map((attribute) => {
    if (!/^[\w./\\-]{1,128}$/.test(attribute.name)) throw invalidParameter(`Invalid attribute name: ${attribute.name}`);
    if (attribute.targetId === undefined) throw invalidParameter('Attribute targetId cannot be null.');
    return { attribute, named: containerInstanceName(attribute.targetId, cluster) };
  });
  return { cluster, targets };
}

function checks(action: string) {
  return ({ tx, cluster, targets }: { readonly tx: Read } & OfTargets) => {
    const named = new Map(targets.map((target) => [target.named.arn, target.named]));
    return [...named.values()].map((name) => onContainerInstance(action, tx, cluster, name));
  };
}

/** Errors: TargetNotFoundException. Source of the text: ECS API. */
function targetOf(read: Read, cluster: ClusterName, named: MemberName): ContainerInstanceRecord {
  const instance = read.get(containerInstances, cluster.arn, named.arn);
  if (instance === undefined || instance.status === 'INACTIVE') {
    throw new AwsError(
      'TargetNotFoundException',
      "The specified target wasn't found. You can view your available container instances with ListContainerInstances. Amazon ECS container instances are cluster-specific and Region-specific.",
    );
  }
  return instance;
}

function view(instance: ContainerInstanceRecord, { name, value }: Ecs.Attribute): Ecs.Attribute {
  return {
    name,
    ...(value === undefined ? {} : { value }),
    targetType: 'container-instance',
    targetId: instance.arn,
  };
}

export const PutAttributes = operation<'ecs', 'PutAttributes', OfTargets>('ecs', 'PutAttributes', {
  resolve: resolveTargets,
  authorize: checks('PutAttributes'),
  handle: ({ tx, cluster, targets }) => {
    activeCluster(tx, cluster);
    const attributes = targets.map(({ attribute, named }) => {
      const { name, value } = attribute;
      if (value !== undefined && value.length > 128) throw invalidParameter('Attribute value longer than 128.');
      const instance = targetOf(tx, cluster, named);
      const kept = instance.attributes.filter((one) => one.name !== name);
      tx.put(containerInstances, cluster.arn, instance.arn, {
        ...instance,
        attributes: [...kept, { name, ...(value === undefined ? {} : { value }) }],
        version: instance.version + 1,
      });
      return view(instance, attribute);
    });
    return { attributes };
  },
});

export const DeleteAttributes = operation<'ecs', 'DeleteAttributes', OfTargets>('ecs', 'DeleteAttributes', {
  resolve: resolveTargets,
  authorize: checks('DeleteAttributes'),
  handle: ({ tx, cluster, targets }) => {
    activeCluster(tx, cluster);
    const attributes = targets.map(({ attribute, named }) => {
      const instance = targetOf(tx, cluster, named);
      tx.put(containerInstances, cluster.arn, instance.arn, {
        ...instance,
        attributes: instance.attributes.filter(
          (one) =>
            one.name !== attribute.name || (attribute.value !== undefined && (one.value ?? '') !== attribute.value),
        ),
        version: instance.version + 1,
      });
      return view(instance, attribute);
    });
    return { attributes };
  },
});

export const ListAttributes = operation<'ecs', 'ListAttributes', { readonly cluster: ClusterName }>(
  'ecs',
  'ListAttributes',
  {
    resolve: ({ input, account, region }) => ({ cluster: clusterName(input.cluster, { account, region }) }),
    authorize: (context) => [onCluster('ListAttributes', context)],
    handle: ({ input, tx, cluster }) => {
      activeCluster(tx, cluster);
      // Source: ECS API, ListAttributes (attributeValue): a name must come with it. unverified: text
      if (input.attributeValue !== undefined && input.attributeName === undefined) {
        throw invalidParameter('attributeName must be specified with attributeValue.');
      }
      const found = tx
        .list(containerInstances, cluster.arn)
        .filter((instance) => instance.status !== 'INACTIVE')
        .flatMap((instance) => instance.attributes.map((attribute) => view(instance, attribute)))
        .filter(
          (attribute) =>
            (input.attributeName === undefined || attribute.name === input.attributeName) &&
            (input.attributeValue === undefined || (attribute.value ?? '') === input.attributeValue),
        );
      const { items, nextToken } = page(found, (one) => `${one.targetId ?? ''} ${one.name}`, input);
      return { attributes: items, nextToken };
    },
  },
);
