import { arn } from '../../core/arn.ts';
import { operation } from '../../gateway/operation.ts';
import type { Principal } from '../../gateway/principals.ts';
import type { Read, Tx } from '../../store/collections.ts';
import type * as Ecs from '../../wire/generated/types/ecs.ts';
import { switchesOf } from './agent-switches.ts';
import { activeCluster, onCluster, resolveCluster } from './clusters.ts';
import { containerInstanceView } from './container-instance-view.ts';
import { clientError, containerInstanceNotFound, notSupported } from './errors.ts';
import { type ClusterName, containerInstanceName } from './identifiers.ts';
import { changedBy } from './instance-resources.ts';
import { activeTasks } from './placement/place.ts';
import { type ContainerInstanceRecord, containerInstances } from './records.ts';
import { readTags, requestedTags, setTags, tagOnCreate } from './tags.ts';

/** The instance identity document, as far as ECS reads it. Source: EC2 User Guide, instance identity documents. */
interface IdentityDocument {
  readonly instanceId?: string;
  readonly instanceType?: string;
  readonly imageId?: string;
  readonly availabilityZone?: string;
  readonly architecture?: string;
}

/**
 * Registers an instance, or again: the same instance keeps its container instance. Every attribute is answered as it was
 * sent, else the agent gives up; availability zone, type, image and architecture are ECS's own.
 * Source: agent, ecs-agent/api/ecs/client (attribute validation); ECS Developer Guide, built-in attributes.
 */
export const RegisterContainerInstance = operation<
  'ecs',
  'RegisterContainerInstance',
  { readonly cluster: ClusterName }
>('ecs', 'RegisterContainerInstance', {
  resolve: resolveCluster,
  authorize: (context) => {
    const { input, cluster } = context;
    const instance = arn('ecs', cluster.region, cluster.account, `container-instance/${cluster.name}/*`);
    return [
      { ...onCluster('RegisterContainerInstance', context), requestTags: requestedTags(input.tags) },
      ...tagOnCreate('RegisterContainerInstance', instance, input.tags),
    ];
  },
  handle: ({ input, tx, now, ids, cluster, principal }) => {
    activeCluster(tx, cluster);
    forgetDeregistered(tx, cluster, now);
    if ((input.platformDevices ?? []).length > 0) throw notSupported('platformDevices (GPUs)');
    const document = readDocument(input.instanceIdentityDocument);
    const sent = input.attributes ?? [];
    const external = sent.some((attribute) => attribute.name === 'ecs.capability.external');
    const ec2InstanceId = document.instanceId ?? instanceOf(principal, external);
    checkOwn(principal, ec2InstanceId);
    const known = findKnown(tx, cluster, input.containerInstanceArn, ec2InstanceId);
    if (known !== undefined) checkSameKind(known, document);
    const tags = readTags(input.tags);
    const record: ContainerInstanceRecord = {
      arn:
        known?.arn ?? arn('ecs', cluster.region, cluster.account, `container-instance/${cluster.name}/${ids.hex(32)}`),
      clusterArn: cluster.arn,
      ec2InstanceId,
      external,
      status: known?.status ?? 'ACTIVE',
      // The agent is connected once it polls.
      agentConnected: known?.agentConnected ?? false,
      registeredAt: known?.registeredAt ?? now,
      attributes: attributesOf(sent, document, cluster, known),
      registeredResources: input.totalResources ?? [],
      remainingResources: remaining(tx, input.totalResources ?? [], known),
      versionInfo: input.versionInfo ?? {},
      switches: switchesOf(sent),
      version: (known?.version ?? 0) + 1,
      identity: identityOf(document),
    };
    tx.put(containerInstances, cluster.arn, record.arn, record);
    if (known === undefined || Object.keys(tags).length > 0) setTags(tx, cluster, record.arn, tags);
    return { containerInstance: containerInstanceView(tx, record, new Set(['TAGS'])) };
  },
});

/** How long a deregistered instance is still described. unverified: ECS says "for a period of time" and gives no figure. */
const KEPT_INACTIVE = 60 * 60 * 1000;

function forgetDeregistered(tx: Tx, cluster: ClusterName, now: number): void {
  for (const { arn: gone, deregisteredAt } of tx.list(containerInstances, cluster.arn)) {
    if (deregisteredAt === undefined || now - deregisteredAt < KEPT_INACTIVE) continue;
    tx.delete(containerInstances, cluster.arn, gone);
    setTags(tx, cluster, gone, {});
  }
}

/** Errors: ClientException for a document that is none. unverified: text */
function readDocument(text: string | undefined): IdentityDocument {
  if (text === undefined || text === '') return {};
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
      return Object.fromEntries(Object.entries(value).filter(([, member]) => typeof member === 'string'));
    }
  } catch {
    // falls through to the refusal
  }
  throw clientError('The instance identity document is not valid.');
}

/**
 * Without a document (external instances send none) the session says which instance it is: instance credentials are
 * sessions named by the instance. Errors: ClientException when it is no instance's. unverified: text
 */
function instanceOf(principal: Principal, external: boolean): string {
  const session = principal.type === 'role-session' ? principal.sessionName : '';
  if ((external ? /^mi-[0-9a-f]+$/ : /^i-[0-9a-f]+$/).test(session)) return session;
  throw clientError('The instance identity document is missing, and the caller is not an instance.');
}

/**
 * An instance's credentials register that instance and no other: AWS tells by the document's signature, here the session
 * tells. unverified: text
 */
function checkOwn(principal: Principal, ec2InstanceId: string): void {
  if (principal.type !== 'role-session' || principal.origin?.role !== 'container-instance') return;
  if (principal.sessionName === ec2InstanceId) return;
  throw clientError('The instance identity document is not that of the instance whose credentials are used.');
}

function findKnown(
  read: Read,
  cluster: ClusterName,
  containerInstanceArn: string | undefined,
  ec2InstanceId: string,
): ContainerInstanceRecord | undefined {
  if (containerInstanceArn !== undefined) {
    const named = containerInstanceName(containerInstanceArn, cluster);
    const record = read.get(containerInstances, cluster.arn, named.arn);
    if (record === undefined || record.status === 'INACTIVE') throw containerInstanceNotFound();
    return record;
  }
  return read
    .list(containerInstances, cluster.arn)
    .find((record) => record.ec2InstanceId === ec2InstanceId && record.status !== 'INACTIVE');
}

/** Source: agent, ecs-agent/api/ecs/client: it looks for this text. */
function checkSameKind(known: ContainerInstanceRecord, document: IdentityDocument): void {
  const type = known.identity?.instanceType;
  if (type !== undefined && document.instanceType !== undefined && type !== document.instanceType) {
    throw clientError('Container instance type changes are not supported.');
  }
}

function attributesOf(
  sent: readonly Ecs.Attribute[],
  document: IdentityDocument,
  cluster: ClusterName,
  known: ContainerInstanceRecord | undefined,
): Ecs.Attribute[] {
  const names = new Set(sent.map((attribute) => attribute.name));
  const own: Ecs.Attribute[] = [
    { name: 'ecs.availability-zone', value: document.availabilityZone ?? `${cluster.region}a` },
    ...(document.instanceType === undefined ? [] : [{ name: 'ecs.instance-type', value: document.instanceType }]),
    ...(document.imageId === undefined ? [] : [{ name: 'ecs.ami-id', value: document.imageId }]),
    ...(document.architecture === undefined ? [] : [{ name: 'ecs.cpu-architecture', value: document.architecture }]),
  ].filter((attribute) => !names.has(attribute.name));
  const given = new Set([...names, ...own.map((attribute) => attribute.name)]);
  // Attributes that users put on the instance stay when it registers again.
  const custom = (known?.attributes ?? []).filter(
    (attribute) => !given.has(attribute.name) && !/^(com\.amazonaws\.)?ecs\./.test(attribute.name),
  );
  return [...sent, ...own, ...custom];
}

/** What is left after the tasks that the instance still runs. */
function remaining(
  read: Read,
  total: readonly Ecs.Resource[],
  known: ContainerInstanceRecord | undefined,
): readonly Ecs.Resource[] {
  if (known === undefined) return total;
  return activeTasks(read, known).reduce<readonly Ecs.Resource[]>(
    (resources, task) => (task.reservation === undefined ? resources : changedBy(resources, task.reservation, 'take')),
    total,
  );
}

function identityOf(document: IdentityDocument): NonNullable<ContainerInstanceRecord['identity']> {
  const { instanceType, imageId, availabilityZone } = document;
  return {
    ...(instanceType === undefined ? {} : { instanceType }),
    ...(imageId === undefined ? {} : { imageId }),
    ...(availabilityZone === undefined ? {} : { availabilityZone }),
  };
}
