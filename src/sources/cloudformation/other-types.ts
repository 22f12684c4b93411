import { nearestName } from '../suggest.ts';

/**
 * Types of the services that are read, by service, which no role of a task depends on. EC2 is not among them: it has
 * more than a hundred, and gets new ones often. Source: CloudFormation Template Reference, AWS resource types.
 */
const OTHERS: Readonly<Record<string, string>> = {
  AutoScaling: 'LifecycleHook ScalingPolicy ScheduledAction WarmPool',
  DynamoDB: 'GlobalTable',
  ECR: 'PublicRepository PullThroughCacheRule PullTimeUpdateExclusion RegistryPolicy RegistryScanningConfiguration ReplicationConfiguration RepositoryCreationTemplate SigningConfiguration',
  ECS: 'ExpressGatewayService PrimaryTaskSet TaskSet',
  EFS: 'MountTarget',
  ElasticLoadBalancingV2: 'Listener ListenerCertificate ListenerRule LoadBalancer TrustStore TrustStoreRevocation',
  Events: 'ApiDestination Archive Connection Endpoint EventBus EventBusPolicy',
  IAM: 'AccessKey OIDCProvider SAMLProvider ServerCertificate VirtualMFADevice',
  KMS: 'ReplicaKey',
  Logs: 'AccountPolicy Delivery DeliveryDestination DeliverySource Destination Integration LogAnomalyDetector MetricFilter QueryDefinition ResourcePolicy ScheduledQuery SubscriptionFilter Transformer',
  S3: 'AccessGrant AccessGrantsInstance AccessGrantsLocation AccessPoint MultiRegionAccessPoint MultiRegionAccessPointPolicy StorageLens StorageLensGroup',
  SQS: 'QueueInlinePolicy',
  SSM: 'Association Document MaintenanceWindow MaintenanceWindowTarget MaintenanceWindowTask PatchBaseline ResourceDataSync ResourcePolicy',
  Scheduler: 'ScheduleGroup',
  SecretsManager: 'RotationSchedule',
};

/**
 * Why a type is taken for a mistyped one: it is of a service that is read and not one of its types, or a read type in
 * another spelling. Undefined for every other type. `read`: the types that are read.
 */
export function mistyped(type: string, read: readonly string[]): string | undefined {
  const service = /^AWS::(\w+)::/.exec(type)?.[1] ?? '';
  const prefix = `AWS::${service}::`;
  const others = Object.hasOwn(OTHERS, service) ? OTHERS[service]!.split(' ').map((name) => prefix + name) : undefined;
  if (others?.includes(type) === true) return undefined;
  const ofService = read.filter((name) => name.startsWith(prefix));
  const similar =
    read.find((name) => plainly(name) === plainly(type)) ?? near(type, prefix, [...ofService, ...(others ?? [])]);
  if (others === undefined && similar === undefined) return undefined;
  const hint = similar === undefined ? 'check its spelling' : `did you mean \`${similar}\`?`;
  return `no such type is known, so nothing of it is checked; ${hint}`;
}

/** Only the part after the service counts: the rest is the same. */
function near(type: string, prefix: string, names: readonly string[]): string | undefined {
  const name = nearestName(
    type.slice(prefix.length),
    names.map((each) => each.slice(prefix.length)),
  );
  return name === undefined ? undefined : prefix + name;
}

function plainly(type: string): string {
  return type.toLowerCase().replaceAll(/[^a-z0-9]/g, '');
}
