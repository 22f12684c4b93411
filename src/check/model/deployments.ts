import { parseArn } from '../../core/arn.ts';
import type { LaunchType } from '../../roles/duty.ts';
import { expandRole } from '../../services/ecs/task-roles.ts';
import { type Text, Unknown } from '../../sources/unknown.ts';
import type { ServiceSource, TaskDefinitionSource, TaskStarterSource, Workload } from '../../sources/workload.ts';
import { hasToken, type Tokens } from './tokens.ts';

/** What a task definition is run by, and how. */
export interface Deployment {
  readonly services: readonly ServiceView[];
  readonly starters: readonly TaskStarterSource[];
}

export interface InfrastructureRole {
  readonly arn: string;
  readonly what: 'infrastructure role' | 'service role';
}

/** A service, with its options as CreateService takes them. */
export interface ServiceView {
  readonly source: ServiceSource;
  readonly launchTypes: readonly LaunchType[];
  readonly exec: boolean;
  /** Name of the cluster, where it is known. */
  readonly cluster?: string;
  /** Roles that ECS itself works with: for volumes, Service Connect, VPC Lattice, load balancers. */
  readonly infrastructureRoles: readonly InfrastructureRole[];
}

/** The services and rules of a workload by the task definition that they run. */
export class DeploymentBook {
  readonly #workload: Workload;
  readonly #tokens: Tokens;

  constructor(workload: Workload, tokens: Tokens) {
    this.#workload = workload;
    this.#tokens = tokens;
  }

  of(definition: TaskDefinitionSource): Deployment {
    return {
      services: this.#workload.services
        .filter(({ taskDefinition }) => taskDefinition !== undefined && this.#means(taskDefinition, definition))
        .map((source) => this.#service(source)),
      starters: this.#workload.taskStarters.filter(({ taskDefinition }) => this.#means(taskDefinition, definition)),
    };
  }

  #means(given: Text, { id, family }: TaskDefinitionSource): boolean {
    if (given instanceof Unknown)
      return id !== undefined && given.missing.some(({ deferred }) => deferred?.resource === id);
    const name = (parseArn(given)?.resource ?? given).replace(/^task-definition\//, '').replace(/:\d+$/, '');
    return typeof family === 'string' && name === family;
  }

  #service(source: ServiceSource): ServiceView {
    const input = this.#tokens.plain(source.input) as ServiceInput;
    const cluster =
      typeof source.cluster === 'string' ? source.cluster.slice(source.cluster.lastIndexOf('/') + 1) : undefined;
    const strategy = input.capacityProviderStrategy ?? this.#defaultStrategy(source.cluster);
    const roles = [
      ...(input.volumeConfigurations ?? []).map((one) => one?.managedEBSVolume?.roleArn),
      ...(input.serviceConnectConfiguration?.services ?? []).map((one) => one?.tls?.roleArn),
      ...(input.vpcLatticeConfigurations ?? []).map((one) => one?.roleArn),
      ...(input.loadBalancers ?? []).map((one) => one?.advancedConfiguration?.roleArn),
    ];
    const { role } = input;
    const serviceRole = role === undefined || hasToken(role) ? role : expandRole(role, this.#workload.account);
    return {
      source,
      launchTypes: launchTypesIn({
        ...input,
        ...(strategy === undefined ? {} : { capacityProviderStrategy: strategy }),
      }),
      exec: input.enableExecuteCommand === true,
      infrastructureRoles: [
        ...roles.flatMap((arn) => (arn === undefined ? [] : [{ arn, what: 'infrastructure role' } as const])),
        ...(serviceRole === undefined ? [] : [{ arn: serviceRole, what: 'service role' } as const]),
      ],
      ...(cluster === undefined ? {} : { cluster }),
    };
  }

  /** What a service that names neither a launch type nor a strategy takes. Source: ECS API, CreateService capacityProviderStrategy. */
  #defaultStrategy(given: Text | undefined): Strategy | undefined {
    const named = given === undefined ? 'default' : this.#tokens.text(given);
    const cluster = this.#workload.clusters.find(({ name, arn }) =>
      [name, arn].some((text) => this.#tokens.text(text) === named),
    );
    if (cluster === undefined) return undefined;
    const own = cluster.defaultCapacityProviderStrategy ?? cluster.input.members.get('defaultCapacityProviderStrategy');
    const strategy = own === undefined ? undefined : this.#tokens.plain(own);
    return Array.isArray(strategy) && strategy.length > 0 ? (strategy as Strategy) : undefined;
  }
}

type Strategy = readonly { readonly capacityProvider?: string }[];

interface ServiceInput {
  readonly launchType?: string;
  readonly capacityProviderStrategy?: Strategy;
  readonly enableExecuteCommand?: boolean;
  readonly volumeConfigurations?: readonly { readonly managedEBSVolume?: { readonly roleArn?: string } }[];
  readonly serviceConnectConfiguration?: {
    readonly services?: readonly { readonly tls?: { readonly roleArn?: string } }[];
  };
  readonly loadBalancers?: readonly { readonly advancedConfiguration?: { readonly roleArn?: string } }[];
  /** Name or ARN: of services behind a load balancer before there was the service-linked role. */
  readonly role?: string;
  readonly vpcLatticeConfigurations?: readonly { readonly roleArn?: string }[];
}

/** Source: ECS API, CreateService: a launch type, or a strategy of capacity providers, of which FARGATE and FARGATE_SPOT are reserved. */
function launchTypesIn({ launchType, capacityProviderStrategy }: ServiceInput): readonly LaunchType[] {
  if (launchType === 'FARGATE' || launchType === 'EC2' || launchType === 'EXTERNAL') return [launchType];
  if (!Array.isArray(capacityProviderStrategy)) return [];
  return [
    ...new Set(
      capacityProviderStrategy.flatMap(({ capacityProvider = '' }): LaunchType[] =>
        capacityProvider === '' ? [] : [capacityProvider.startsWith('FARGATE') ? 'FARGATE' : 'EC2'],
      ),
    ),
  ];
}
