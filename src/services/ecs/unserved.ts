import { arn, parseArn } from '../../core/arn.ts';
import { AwsError } from '../../core/errors.ts';
import type { AuthorizationCheck, ReadContext } from '../../gateway/operation.ts';
import { type ClusterName, clusterName } from './identifiers.ts';

type Input = Readonly<Record<string, unknown>>;

/** Members by which operations that are not served name what they work on. */
const MEMBERS: readonly { readonly member: string; readonly kind: string; readonly inCluster: boolean }[] = [
  { member: 'task', kind: 'task', inCluster: true },
  { member: 'service', kind: 'service', inCluster: true },
  { member: 'serviceName', kind: 'service', inCluster: true },
  { member: 'services', kind: 'service', inCluster: true },
  { member: 'capacityProvider', kind: 'capacity-provider', inCluster: false },
  { member: 'capacityProviders', kind: 'capacity-provider', inCluster: false },
  { member: 'name', kind: 'capacity-provider', inCluster: false },
];

/** The operations of the table above, as far as their resources are told by those members. */
const BY_MEMBER: ReadonlySet<string> = new Set([
  'CreateService',
  'UpdateService',
  'DeleteService',
  'DescribeServices',
  'CreateTaskSet',
  'ExecuteCommand',
  'CreateCapacityProvider',
  'DeleteCapacityProvider',
  'UpdateCapacityProvider',
  'DescribeCapacityProviders',
]);

/**
 * What an operation that is not served would be authorized against, so that a policy for its resources counts as it does
 * in AWS. Source: Service Authorization Reference, Amazon ECS.
 */
export function authorizeUnserved(operation: string, context: ReadContext<Input>): readonly AuthorizationCheck[] {
  const action = `ecs:${operation}`;
  const cluster = clusterOf(context);
  const key = cluster === undefined ? {} : { context: { 'ecs:cluster': cluster.arn } };
  const resources = BY_MEMBER.has(operation) ? resourcesOf(context, cluster) : [];
  if (resources.length === 0) return [{ action, resource: '*', ...key }];
  return resources.map((resource) => ({ action, resource, ...key }));
}

function clusterOf({ input, account, region }: ReadContext<Input>): ClusterName | undefined {
  const { cluster: given } = input;
  if (given !== undefined && typeof given !== 'string') return undefined;
  try {
    return clusterName(given, { account, region });
  } catch (error) {
    if (error instanceof AwsError) return undefined;
    throw error;
  }
}

function resourcesOf({ input, account, region }: ReadContext<Input>, cluster: ClusterName | undefined): string[] {
  for (const { member, kind, inCluster } of MEMBERS) {
    const given = input[member];
    const names = typeof given === 'string' ? [given] : Array.isArray(given) ? given : [];
    if (names.length === 0 || (inCluster && cluster === undefined)) continue;
    return names.map((name) => {
      const text = String(name);
      if (parseArn(text) !== undefined) return text;
      return arn('ecs', region, account, inCluster ? `${kind}/${cluster?.name}/${text}` : `${kind}/${text}`);
    });
  }
  return [];
}
