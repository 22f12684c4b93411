import { arn } from '../core/arn.ts';
import type { FurtherOptions } from './further-plan.ts';
import type { PlannedCall, PlanTaskDefinition } from './plan-types.ts';

/** The channels of the SSM agent that ECS Exec puts into each container. Source: ECS Developer Guide, ecs-exec. */
const CHANNELS = ['CreateControlChannel', 'CreateDataChannel', 'OpenControlChannel', 'OpenDataChannel'] as const;

/**
 * ECS Exec: the SSM agent in the containers works with the task role (without one, it finds the instance role on EC2),
 * and so does its logging where the cluster says so. Source: ECS Developer Guide, ecs-exec.
 */
export function execCalls(definition: PlanTaskDefinition, options: FurtherOptions): readonly PlannedCall[] {
  const { exec } = options;
  if (exec === undefined) return [];
  const taskRole = options.taskRoleArn ?? definition.taskRoleArn;
  const role = taskRole === undefined && options.launchType === 'EC2' ? 'container-instance' : 'task';
  const call = (
    service: PlannedCall['service'],
    operation: string,
    resource: string,
    because: string,
    action = `${service}:${operation}`,
  ): PlannedCall => ({
    id: `exec/${service}/${operation}/${resource}`,
    stage: 'exec',
    role,
    service,
    operation,
    region: options.region,
    input: {},
    containers: [],
    because: [because],
    occurs: 'if-needed',
    checks: [{ action, resource }],
  });
  const calls = CHANNELS.map((operation) => call('ssmmessages', operation, '*', ''));
  if (exec.logGroup !== undefined) {
    const group = arn('logs', options.region, options.account, `log-group:${exec.logGroup}`);
    calls.push(
      call('logs', 'DescribeLogGroups', '*', ''),
      call('logs', 'DescribeLogStreams', `${group}:log-stream:`, ''),
      call('logs', 'CreateLogStream', `${group}:log-stream:ecs-execute-command-*`, ''),
      call('logs', 'PutLogEvents', `${group}:log-stream:ecs-execute-command-*`, ''),
    );
  }
  if (exec.bucket !== undefined) {
    const bucket = `arn:aws:s3:::${exec.bucket}`;
    calls.push(
      call('s3', 'GetBucketLocation', bucket, ''),
      call('s3', 'GetBucketEncryption', bucket, '', 's3:GetEncryptionConfiguration'),
      call('s3', 'PutObject', `${bucket}/*`, ''),
    );
  }
  if (exec.key !== undefined) calls.push(call('kms', 'Decrypt', exec.key, ''));
  return calls;
}
