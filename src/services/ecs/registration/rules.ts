import type * as Ecs from '../../../wire/generated/types/ecs.ts';
import {
  containerCpu,
  containerList,
  containerMemory,
  containerNames,
  healthChecks,
  restartPolicies,
} from './containers.ts';
import { dependencies } from './dependencies.ts';
import { environmentFiles, secretNames, secretSources } from './environment.ts';
import { external } from './external.ts';
import { family } from './family.ts';
import {
  fargateContainers,
  fargateExecutionRole,
  fargateLogs,
  fargateNetwork,
  fargateSize,
  fargateTask,
} from './fargate.ts';
import { awslogsOptions, firelensRouter } from './log-drivers.ts';
import { networkMode, portMappings, proxy } from './network.ts';
import { repositoryCredentialsNeedExecutionRole, roleSyntax, secretsNeedExecutionRole } from './roles.ts';
import type { Registration, Rule, Violation } from './rule.ts';
import { accelerators, ephemeralStorage, taskSizes } from './sizes.ts';
import { efsVolumes, mounts, volumeNames } from './volumes.ts';

/** Rules for every task definition, in their order: role syntax comes first (observed). unverified: the order of the rest */
const EVERY: readonly Rule[] = [
  roleSyntax,
  family,
  containerList,
  containerNames,
  taskSizes,
  accelerators,
  ephemeralStorage,
  secretsNeedExecutionRole,
  repositoryCredentialsNeedExecutionRole,
  networkMode,
  portMappings,
  proxy,
  volumeNames,
  mounts,
  efsVolumes,
  environmentFiles,
  secretNames,
  secretSources,
  awslogsOptions,
  firelensRouter,
  dependencies,
  healthChecks,
  restartPolicies,
];

/** Rules about sizes inside the task come after those of the launch type: Fargate asks for task sizes first. */
const SIZES: readonly Rule[] = [containerMemory, containerCpu];

const FARGATE: readonly Rule[] = [
  fargateNetwork,
  fargateSize,
  fargateExecutionRole,
  fargateLogs,
  fargateContainers,
  fargateTask,
];

const EXTERNAL: readonly Rule[] = [external];

/**
 * Everything for which ECS would not register the task definition, in the order in which ECS would say it: RegisterTaskDefinition
 * answers the first.
 */
export function* registrationViolations(registration: Registration): Iterable<Violation> {
  const asked = registration.requiresCompatibilities ?? [];
  yield* apply(EVERY, registration);
  if (asked.includes('FARGATE')) yield* apply(FARGATE, registration);
  if (asked.includes('EXTERNAL')) yield* apply(EXTERNAL, registration);
  yield* apply(SIZES, registration);
}

/** Why a task definition that registers could still not run there. */
export function launchTypeViolations(
  registration: Registration,
  compatibility: Ecs.Compatibility,
): readonly Violation[] {
  switch (compatibility) {
    case 'FARGATE':
      return [...apply(FARGATE, registration)];
    case 'EXTERNAL':
      return [...apply(EXTERNAL, registration)];
    default:
      return [];
  }
}

function* apply(rules: readonly Rule[], registration: Registration): Iterable<Violation> {
  for (const rule of rules) yield* rule(registration);
}

/**
 * All that a task definition would be valid for, whatever it asks for. Source: observed answers, e.g. `["EXTERNAL","EC2"]`
 * for a bridge task and `["EC2","FARGATE"]` for a Fargate one.
 */
export function compatibilitiesOf(registration: Registration): readonly Ecs.Compatibility[] {
  const result: Ecs.Compatibility[] = [];
  if (launchTypeViolations(registration, 'EXTERNAL').length === 0) result.push('EXTERNAL');
  result.push('EC2');
  if (launchTypeViolations(registration, 'FARGATE').length === 0) result.push('FARGATE');
  // Source: ECS Developer Guide, managed instances: awsvpc and host. unverified: what else it asks for
  if (registration.networkMode === 'awsvpc' || registration.networkMode === 'host') result.push('MANAGED_INSTANCES');
  return result;
}
