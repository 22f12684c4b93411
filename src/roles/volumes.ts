import { arn } from '../core/arn.ts';
import { actorOf } from './actors.ts';
import type { PlannedCall, PlanOptions, PlanTaskDefinition } from './plan-types.ts';

/** EFS volumes with IAM authorization are mounted with the task role. Source: ECS Developer Guide, efs-volumes; agent, efs volume plugin. */
export function volumeCalls(definition: PlanTaskDefinition, options: PlanOptions): readonly PlannedCall[] {
  return (definition.volumes ?? []).flatMap((volume, index) => {
    const efs = volume.efsVolumeConfiguration;
    if (efs?.authorizationConfig?.iam !== 'ENABLED' || efs.fileSystemId === undefined) return [];
    const fileSystem = arn('elasticfilesystem', options.region, options.account, `file-system/${efs.fileSystemId}`);
    return [
      {
        id: `volumes/efs/${index}`,
        stage: 'volumes',
        role: actorOf('volumes', definition, options),
        service: 'elasticfilesystem',
        operation: 'ClientMount',
        region: options.region,
        input: {
          fileSystemId: efs.fileSystemId,
          ...(efs.authorizationConfig.accessPointId === undefined
            ? {}
            : { accessPointId: efs.authorizationConfig.accessPointId }),
        },
        containers: [],
        because: [`/volumes/${index}/efsVolumeConfiguration`],
        occurs: 'once',
        checks: [{ action: 'elasticfilesystem:ClientMount', resource: fileSystem }],
      },
    ] satisfies PlannedCall[];
  });
}
