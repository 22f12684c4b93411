import type { Tx } from '../../store/collections.ts';
import type * as Ecs from '../../wire/generated/types/ecs.ts';
import { type AgentSwitches, containerInstances } from './records.ts';
import { findContainerInstance } from './task-lookup.ts';

/** As ecs-init sets them. Source: agent, ecs-init/engine; agent README. */
export const DEFAULT_SWITCHES: AgentSwitches = {
  logsWithExecutionRole: true,
  pullsWithExecutionRole: true,
  awsvpcBlockImds: false,
  taskIamRole: true,
  taskIamRoleNetworkHost: true,
};

/** What the attributes of a registration say about the agent's switches. Pulls leave no attribute: they follow the agent. */
export function switchesOf(attributes: readonly Ecs.Attribute[]): AgentSwitches {
  const has = (name: string) => attributes.some((attribute) => attribute.name === name);
  return {
    logsWithExecutionRole: has('ecs.capability.execution-role-awslogs'),
    pullsWithExecutionRole: DEFAULT_SWITCHES.pullsWithExecutionRole,
    awsvpcBlockImds: has('ecs.capability.task-eni-block-instance-metadata'),
    taskIamRole: has('com.amazonaws.ecs.capability.task-iam-role'),
    taskIamRoleNetworkHost: has('com.amazonaws.ecs.capability.task-iam-role-network-host'),
  };
}

/**
 * Says how an instance's agent is set, where its attributes do not (Rolecall's own switch), or say otherwise: an agent
 * may offer `execution-role-awslogs`, so that tasks are placed, and still log with the instance role.
 */
export function setAgentSwitches(tx: Tx, instanceArn: string, switches: Partial<AgentSwitches>): void {
  const instance = findContainerInstance(tx, instanceArn);
  if (instance === undefined) return;
  tx.put(containerInstances, instance.clusterArn, instance.arn, {
    ...instance,
    switches: { ...instance.switches, ...switches },
    version: instance.version + 1,
  });
}

/** Whether the instance's agent has its connection to the control plane (ecs:Poll). Without it no task is placed there. */
export function setAgentConnected(tx: Tx, instanceArn: string, connected: boolean): void {
  const instance = findContainerInstance(tx, instanceArn);
  if (instance === undefined || instance.agentConnected === connected) return;
  tx.put(containerInstances, instance.clusterArn, instance.arn, {
    ...instance,
    agentConnected: connected,
    version: instance.version + 1,
  });
}

/** Attributes that the agent of a Linux instance registers. Source: agent, agent/app/agent_capability*.go (v1.105). */
export function agentCapabilities(options: {
  readonly switches: AgentSwitches;
  readonly external: boolean;
  readonly architecture: 'x86_64' | 'arm64';
}): readonly Ecs.Attribute[] {
  const { switches, external } = options;
  const names = [
    ...Array.from({ length: 28 }, (_, index) => `com.amazonaws.ecs.capability.docker-remote-api.1.${17 + index}`),
    ...['json-file', 'syslog', 'awslogs', 'fluentd', 'none', 'awsfirelens'].map(
      (driver) => `com.amazonaws.ecs.capability.logging-driver.${driver}`,
    ),
    'com.amazonaws.ecs.capability.ecr-auth',
    'com.amazonaws.ecs.capability.privileged-container',
    ...(switches.taskIamRole ? ['com.amazonaws.ecs.capability.task-iam-role'] : []),
    ...(switches.taskIamRoleNetworkHost ? ['com.amazonaws.ecs.capability.task-iam-role-network-host'] : []),
    'ecs.capability.execution-role-ecr-pull',
    ...(switches.logsWithExecutionRole ? ['ecs.capability.execution-role-awslogs'] : []),
    'ecs.capability.private-registry-authentication.secretsmanager',
    'ecs.capability.secrets.ssm.environment-variables',
    'ecs.capability.secrets.asm.environment-variables',
    'ecs.capability.secrets.ssm.bootstrap.log-driver',
    'ecs.capability.secrets.asm.bootstrap.log-driver',
    'ecs.capability.env-files.s3',
    'ecs.capability.container-health-check',
    'ecs.capability.container-ordering',
    'ecs.capability.firelens.fluentd',
    'ecs.capability.firelens.fluentbit',
    'ecs.capability.firelens.options.config.file',
    'ecs.capability.firelens.options.config.s3',
    ...(external
      ? ['ecs.capability.external']
      : [
          'ecs.capability.task-eni',
          'ecs.capability.efs',
          'ecs.capability.efsAuth',
          ...(switches.awsvpcBlockImds ? ['ecs.capability.task-eni-block-instance-metadata'] : []),
        ]),
  ];
  return [
    ...names.map((name) => ({ name })),
    { name: 'ecs.os-type', value: 'linux' },
    { name: 'ecs.os-family', value: 'LINUX' },
    // On EC2 the backend reads the architecture from the identity document.
    ...(external ? [{ name: 'ecs.cpu-architecture', value: options.architecture }] : []),
  ];
}
