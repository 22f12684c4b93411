import { arn } from '../core/arn.ts';
import type { PlannedCall } from './plan-types.ts';

export interface InstancePlanOptions {
  readonly region: string;
  readonly account: string;
  /** Cluster name. */
  readonly cluster: string;
  /** Known once it is registered. */
  readonly containerInstanceArn?: string;
}

/**
 * The calls of the agent on a container instance for itself: registration, its two connections, and what it reports of
 * tasks. Source: agent, app/agent.go, acs and tcs sessions, api/ecsclient; resources as in the managed policy
 * AmazonECSInstanceRolePolicyForManagedInstances. `Poll` and `StartTelemetrySession` are actions without an API operation.
 */
export function instancePlan(options: InstancePlanOptions): readonly PlannedCall[] {
  const cluster = arn('ecs', options.region, options.account, `cluster/${options.cluster}`);
  const instance =
    options.containerInstanceArn ??
    arn('ecs', options.region, options.account, `container-instance/${options.cluster}/*`);
  const call = (operation: string, resource: string, occurs: PlannedCall['occurs'] = 'once'): PlannedCall => ({
    id: `instance/${operation}`,
    stage: 'instance',
    role: 'container-instance',
    service: 'ecs',
    operation,
    region: options.region,
    input: {},
    containers: [],
    because: [],
    occurs,
    checks: [{ action: `ecs:${operation}`, resource }],
  });
  return [
    call('RegisterContainerInstance', cluster),
    call('DiscoverPollEndpoint', '*'),
    call('Poll', instance),
    call('StartTelemetrySession', instance),
    call('SubmitTaskStateChange', cluster, 'repeated'),
  ];
}
