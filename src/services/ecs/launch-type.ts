import { AwsError } from '../../core/errors.ts';
import type * as Ecs from '../../wire/generated/types/ecs.ts';
import { invalidParameter, notSupported } from './errors.ts';
import type { ClusterRecord } from './records.ts';

/** Where the tasks of one request go. */
export interface Destination {
  readonly launchType: 'EC2' | 'FARGATE' | 'EXTERNAL';
  /** Of each task in turn, when a capacity provider strategy decided. */
  readonly capacityProviders?: readonly string[];
}

const FARGATE_PROVIDERS: readonly string[] = ['FARGATE', 'FARGATE_SPOT'];

/**
 * The launch type of RunTask: asked for, or by the capacity provider strategy (the request's, else the cluster's
 * default), else EC2. Errors: InvalidParameterException; texts observed unless marked.
 */
export function destinationOf(
  request: Pick<Ecs.RunTaskRequest, 'launchType' | 'capacityProviderStrategy'>,
  cluster: ClusterRecord,
  count: number,
): Destination {
  const asked = request.capacityProviderStrategy ?? [];
  if (request.launchType !== undefined) {
    if (asked.length > 0) {
      throw invalidParameter('Specify either Launch Type or Capacity Provider Strategy, but not both.');
    }
    if (request.launchType === 'MANAGED_INSTANCES') {
      throw invalidParameter('launch type should be one of [EC2,FARGATE,EXTERNAL]');
    }
    return { launchType: request.launchType };
  }
  const strategy = asked.length > 0 ? asked : cluster.defaultCapacityProviderStrategy;
  if (strategy.length === 0) return { launchType: 'EC2' };
  checkStrategy(strategy, cluster.capacityProviders);
  return { launchType: 'FARGATE', capacityProviders: distribute(strategy, count) };
}

/** The rules of a strategy over the Fargate providers. Source: ECS API, CapacityProviderStrategyItem. */
export function checkStrategy(
  strategy: readonly Ecs.CapacityProviderStrategyItem[],
  associated: readonly string[],
): void {
  // unverified: texts of this function but the first and the last, which are observed (CreateService)
  for (const { capacityProvider } of strategy) {
    if (!associated.includes(capacityProvider)) {
      throw invalidParameter(
        'The specified capacity provider strategy cannot contain a capacity provider that is not associated with the cluster. Associate the capacity provider with the cluster and try again.',
      );
    }
    checkProvider(capacityProvider);
  }
  if (strategy.length > 20) throw invalidParameter('capacityProviderStrategy can have at most 20 items.');
  if (new Set(strategy.map((item) => item.capacityProvider)).size < strategy.length) {
    throw invalidParameter('The capacity provider strategy cannot name a capacity provider twice.');
  }
  if (strategy.filter((item) => (item.base ?? 0) > 0).length > 1) {
    throw invalidParameter('Only one capacity provider in a capacity provider strategy can have a base defined.');
  }
  if (!strategy.some((item) => (item.weight ?? 0) > 0 || (item.base ?? 0) > 0)) {
    throw invalidParameter(
      'There are no capacity providers in the capacity provider strategy with a weight value greater than zero',
    );
  }
}

/** Only the two of Fargate are served: others need Auto Scaling groups. */
export function checkProvider(name: string): void {
  if (!FARGATE_PROVIDERS.includes(name))
    throw notSupported(`the capacity provider ${name}: only FARGATE and FARGATE_SPOT`);
}

/** The provider of each of `count` tasks: the base first, the rest by weight. Source: ECS API, CapacityProviderStrategyItem. */
export function distribute(strategy: readonly Ecs.CapacityProviderStrategyItem[], count: number): readonly string[] {
  const providers: string[] = [];
  for (const { capacityProvider, base } of strategy) {
    for (let index = 0; index < (base ?? 0) && providers.length < count; index += 1) providers.push(capacityProvider);
  }
  const weighted = strategy
    .filter((item) => (item.weight ?? 0) > 0)
    .map((item) => ({ name: item.capacityProvider, weight: item.weight ?? 0, placed: 0 }));
  while (providers.length < count && weighted.length > 0) {
    const next = weighted.reduce((best, item) =>
      (item.placed + 1) / item.weight < (best.placed + 1) / best.weight ? item : best,
    );
    next.placed += 1;
    providers.push(next.name);
  }
  return providers;
}

/** Errors: InvalidParameterException. Source: observed. */
export function checkSupports(definition: Ecs.TaskDefinition, launchType: Destination['launchType']): void {
  if (!(definition.compatibilities ?? []).includes(launchType)) {
    throw invalidParameter(`Task definition does not support launch_type ${launchType}.`);
  }
}

/**
 * The platform version a Fargate task runs on. Source: ECS Developer Guide, platform versions: LATEST is 1.4.0 for Linux.
 * Errors: PlatformUnknownException; the text for other launch types is observed (CreateService).
 */
export function platformVersionOf(
  asked: string | undefined,
  launchType: Destination['launchType'],
): string | undefined {
  if (launchType !== 'FARGATE') {
    if (asked === undefined || asked === '') return undefined;
    throw invalidParameter('The platform version must be null when specifying an EC2 launch type');
  }
  if (asked === undefined || asked === '' || asked === 'LATEST' || asked === '1.4.0') return '1.4.0';
  if (asked === '1.3.0') throw notSupported('platform version 1.3.0: tasks run on 1.4.0');
  throw new AwsError('PlatformUnknownException', 'The specified platform does not exist.');
}
