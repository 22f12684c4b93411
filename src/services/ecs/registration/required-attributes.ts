import { parseArn } from '../../../core/arn.ts';
import type * as Ecs from '../../../wire/generated/types/ecs.ts';
import { isEcrImage } from './fargate.ts';
import type { Registration } from './rule.ts';

const AWS = 'com.amazonaws.ecs.capability';
const ECS = 'ecs.capability';

/**
 * What a container instance must be able to do for this task: its agent registers the same names.
 * Source: observed answers of RegisterTaskDefinition; names that were not observed are the agent's (agent/app/agent_capability.go).
 */
export function requiredAttributes(registration: Registration): readonly Ecs.Attribute[] {
  const names = new Set<string>();
  const api = (version: string) => names.add(`${AWS}.docker-remote-api.${version}`);
  const { executionRoleArn, taskRoleArn, networkMode } = registration;
  if (executionRoleArn !== undefined) {
    names.add(`${ECS}.execution-role-ecr-pull`);
    api('1.18');
  }
  if (taskRoleArn !== undefined) {
    names.add(networkMode === 'host' ? `${AWS}.task-iam-role-network-host` : `${AWS}.task-iam-role`);
  }
  if (networkMode === 'awsvpc') names.add(`${ECS}.task-eni`);
  for (const container of registration.containerDefinitions) {
    if (isEcrImage(container.image ?? '')) names.add(`${AWS}.ecr-auth`);
    if (container.repositoryCredentials !== undefined) {
      names.add(`${ECS}.private-registry-authentication.secretsmanager`);
    }
    addLogDriver(container, executionRoleArn !== undefined, names, api);
    for (const secret of container.secrets ?? []) {
      names.add(`${ECS}.secrets.${providerOf(secret.valueFrom)}.environment-variables`);
    }
    if ((container.environmentFiles ?? []).length > 0) names.add(`${ECS}.env-files.s3`);
    if (container.healthCheck !== undefined) {
      names.add(`${ECS}.container-health-check`);
      api('1.29');
    }
    if ((container.dependsOn ?? []).length > 0) names.add(`${ECS}.container-ordering`);
    if (container.firelensConfiguration !== undefined) addFirelens(container.firelensConfiguration, names);
    if (container.privileged === true) names.add(`${AWS}.privileged-container`);
  }
  for (const { efsVolumeConfiguration: efs } of registration.volumes ?? []) {
    if (efs === undefined) continue;
    names.add(efs.authorizationConfig === undefined ? `${ECS}.efs` : `${ECS}.efsAuth`);
    api('1.25');
  }
  return [...names].sort().map((name) => ({ name }));
}

function addLogDriver(
  container: Ecs.ContainerDefinition,
  executionRole: boolean,
  names: Set<string>,
  api: (version: string) => void,
): void {
  const log = container.logConfiguration;
  if (log === undefined) return;
  names.add(`${AWS}.logging-driver.${log.logDriver}`);
  if (log.logDriver === 'awslogs') {
    api('1.19');
    if (executionRole) names.add(`${ECS}.execution-role-awslogs`);
  }
  for (const secret of log.secretOptions ?? []) {
    names.add(`${ECS}.secrets.${providerOf(secret.valueFrom)}.bootstrap.log-driver`);
  }
}

function addFirelens(firelens: Ecs.FirelensConfiguration, names: Set<string>): void {
  names.add(`${ECS}.firelens.${firelens.type}`);
  const source = firelens.options?.['config-file-type'];
  if (source !== undefined) names.add(`${ECS}.firelens.options.config.${source}`);
}

function providerOf(valueFrom: string): 'ssm' | 'asm' {
  return parseArn(valueFrom)?.service === 'secretsmanager' ? 'asm' : 'ssm';
}
