import { arn } from '../core/arn.ts';
import { actorOf } from './actors.ts';
import type { PlannedCall, PlanOptions, PlanTaskDefinition } from './plan-types.ts';

/**
 * The awslogs driver's calls for each container: the stream (and the group, where it is missing and `awslogs-create-group`
 * says so), then batches of events. Source: dockerd, daemon/logger/awslogs; Fargate makes the same calls (observed).
 */
export function logCalls(definition: PlanTaskDefinition, options: PlanOptions): readonly PlannedCall[] {
  return (definition.containerDefinitions ?? []).flatMap((container, index) => {
    const log = container.logConfiguration;
    const group = log?.options?.['awslogs-group'];
    if (log?.logDriver !== 'awslogs' || group === undefined) return [];
    const region = log.options?.['awslogs-region'] ?? options.region;
    const name = container.name ?? String(index);
    const stream = logStreamName(log.options?.['awslogs-stream-prefix'], name, options.taskId ?? 'TASK_ID');
    const groupArn = arn('logs', region, options.account, `log-group:${group}`);
    const common = {
      stage: 'logs',
      role: actorOf('logs', definition, options),
      service: 'logs',
      region,
      containers: [name],
      because: [`/containerDefinitions/${index}/logConfiguration`],
    } as const;
    const streamArn = `${groupArn}:log-stream:${stream}`;
    const target = { logGroupName: group, logStreamName: stream };
    const createStream: PlannedCall = {
      ...common,
      id: `logs/stream/${name}`,
      operation: 'CreateLogStream',
      input: target,
      occurs: 'once',
      checks: [{ action: 'logs:CreateLogStream', resource: streamArn }],
    };
    const createGroup: PlannedCall = {
      ...common,
      id: `logs/group/${name}`,
      because: [`/containerDefinitions/${index}/logConfiguration/options/awslogs-create-group`],
      operation: 'CreateLogGroup',
      input: { logGroupName: group },
      occurs: 'if-needed',
      checks: [{ action: 'logs:CreateLogGroup', resource: `${groupArn}:log-stream:` }],
    };
    const put: PlannedCall = {
      ...common,
      id: `logs/events/${name}`,
      operation: 'PutLogEvents',
      input: target,
      occurs: 'repeated',
      checks: [{ action: 'logs:PutLogEvents', resource: streamArn }],
    };
    return log.options?.['awslogs-create-group'] === 'true' ? [createStream, createGroup, put] : [createStream, put];
  });
}

/** `PREFIX/CONTAINER/TASK_ID`; without a prefix the driver names the stream after the container's own id (EC2 only). */
export function logStreamName(
  prefix: string | undefined,
  container: string,
  taskId: string,
  containerId = 'CONTAINER_ID',
): string {
  return prefix === undefined ? containerId : `${prefix}/${container}/${taskId}`;
}
