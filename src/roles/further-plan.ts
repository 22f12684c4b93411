import { arn } from '../core/arn.ts';
import { actorOf } from './actors.ts';
import { execCalls } from './exec.ts';
import { firelensCalls } from './firelens.ts';
import type { InstancePlanOptions } from './instance-plan.ts';
import type { PlannedCall, PlanOptions, PlanTaskDefinition } from './plan-types.ts';
import { pullThroughCalls } from './pull-through.ts';

/** What else is switched on around the task. */
export interface FurtherOptions extends PlanOptions {
  /** ECS Exec is enabled for the task; where its sessions are logged, as the cluster is configured. */
  readonly exec?: { readonly logGroup?: string; readonly bucket?: string; readonly key?: string };
  /** Repository prefixes of the registry's pull-through cache rules, without the slash. */
  readonly pullThroughPrefixes?: readonly string[];
}

/**
 * Calls that AWS makes for a task and that `taskPlan` has not: they come from a container (ECS Exec, a log router, writes
 * to a file system) or from inside ECR. Nothing of the agent makes them, so they are no part of the plan that it carries
 * out; all of them are `if-needed`.
 */
export function furtherPlan(definition: PlanTaskDefinition, options: FurtherOptions): readonly PlannedCall[] {
  return [pullThroughCalls, fileSystemWrites, firelensCalls, execCalls].flatMap((part) => part(definition, options));
}

/** A volume that some container may write to. Source: EFS User Guide, iam-access-control-nfs-efs. */
function fileSystemWrites(definition: PlanTaskDefinition, options: FurtherOptions): readonly PlannedCall[] {
  return (definition.volumes ?? []).flatMap((volume, index) => {
    const efs = volume.efsVolumeConfiguration;
    if (efs?.authorizationConfig?.iam !== 'ENABLED' || efs.fileSystemId === undefined) return [];
    const written = (definition.containerDefinitions ?? []).some(({ mountPoints }) =>
      (mountPoints ?? []).some(({ sourceVolume, readOnly }) => sourceVolume === volume.name && readOnly !== true),
    );
    if (!written) return [];
    return [
      {
        id: `volumes/efs/${index}/write`,
        stage: 'volumes',
        role: actorOf('volumes', definition, options),
        service: 'elasticfilesystem',
        operation: 'ClientWrite',
        region: options.region,
        input: {},
        containers: [],
        because: [`/volumes/${index}/efsVolumeConfiguration`],
        occurs: 'if-needed',
        checks: [
          {
            action: 'elasticfilesystem:ClientWrite',
            resource: arn('elasticfilesystem', options.region, options.account, `file-system/${efs.fileSystemId}`),
          },
        ],
      } satisfies PlannedCall,
    ];
  });
}

/**
 * Calls of the agent for itself that depend on its settings or on what happens to the instance: attachments of tasks with
 * their own network interface, draining, tags. Source: agent, api/ecsclient and app/agent.go; the statements of
 * AmazonEC2ContainerServiceforEC2Role.
 */
export function furtherInstancePlan(options: InstancePlanOptions): readonly PlannedCall[] {
  const { region, account } = options;
  const cluster = arn('ecs', region, account, `cluster/${options.cluster}`);
  const instance = arn('ecs', region, account, `container-instance/${options.cluster}/*`);
  const call = (operation: string, resource: string): PlannedCall => ({
    id: `instance/${operation}`,
    stage: 'instance',
    role: 'container-instance',
    service: 'ecs',
    operation,
    region,
    input: {},
    containers: [],
    because: [],
    occurs: 'if-needed',
    checks: [{ action: `ecs:${operation}`, resource }],
  });
  return [
    call('SubmitContainerStateChange', cluster),
    call('SubmitAttachmentStateChanges', cluster),
    call('UpdateContainerInstancesState', instance),
    call('DeregisterContainerInstance', cluster),
    call('ListTagsForResource', instance),
    call('ListTagsForResource', arn('ecs', region, account, `task/${options.cluster}/*`)),
  ];
}
