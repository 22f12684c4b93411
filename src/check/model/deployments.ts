import { parseArn } from '../../core/arn.ts';
import type { LaunchType } from '../../roles/duty.ts';
import { type Text, Unknown } from '../../sources/unknown.ts';
import type { ServiceSource, TaskDefinitionSource, TaskStarterSource, Workload } from '../../sources/workload.ts';
import type { Tokens } from './tokens.ts';

/** What a task definition is run by, and how. */
export interface Deployment {
  readonly services: readonly ServiceView[];
  readonly starters: readonly TaskStarterSource[];
}

/** A service, with its options as CreateService takes them. */
export interface ServiceView {
  readonly source: ServiceSource;
  readonly launchTypes: readonly LaunchType[];
  readonly exec: boolean;
  /** Name of the cluster, where it is known. */
  readonly cluster?: string;
  /** ARNs of infrastructure roles: volumes, Service Connect, VPC Lattice. */
  readonly infrastructureRoles: readonly string[];
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
    const roles = [
      ...(input.volumeConfigurations ?? []).map((one) => one?.managedEBSVolume?.roleArn),
      ...(input.serviceConnectConfiguration?.services ?? []).map((one) => one?.tls?.roleArn),
      ...(input.vpcLatticeConfigurations ?? []).map((one) => one?.roleArn),
    ];
    return {
      source,
      launchTypes: launchTypesIn(input),
      exec: input.enableExecuteCommand === true,
      infrastructureRoles: roles.filter((role) => role !== undefined),
      ...(cluster === undefined ? {} : { cluster }),
    };
  }
}

interface ServiceInput {
  readonly launchType?: string;
  readonly capacityProviderStrategy?: readonly { readonly capacityProvider?: string }[];
  readonly enableExecuteCommand?: boolean;
  readonly volumeConfigurations?: readonly { readonly managedEBSVolume?: { readonly roleArn?: string } }[];
  readonly serviceConnectConfiguration?: {
    readonly services?: readonly { readonly tls?: { readonly roleArn?: string } }[];
  };
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
