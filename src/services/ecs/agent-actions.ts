import type { AuthorizationCheck } from '../../gateway/operation.ts';
import { memberOfArn } from './identifiers.ts';

/**
 * The checks of the agent's two connections, IAM actions without a public API operation: on the container instance, with
 * ecs:cluster. Source: Service Authorization Reference; AmazonECSInstanceRolePolicyForManagedInstances.
 */
export function agentActionChecks(
  action: 'Poll' | 'StartTelemetrySession',
  containerInstanceArn: string,
): readonly AuthorizationCheck[] {
  const cluster = memberOfArn(containerInstanceArn)?.clusterArn;
  return [
    {
      action: `ecs:${action}`,
      resource: containerInstanceArn,
      ...(cluster === undefined ? {} : { context: { 'ecs:cluster': cluster } }),
    },
  ];
}
