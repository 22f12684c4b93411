import type { FurtherOptions } from '../../roles/further-plan.ts';
import type { World } from './world.ts';

interface ClusterInput {
  readonly configuration?: {
    readonly executeCommandConfiguration?: {
      readonly kmsKeyId?: string;
      readonly logConfiguration?: {
        readonly cloudWatchLogGroupName?: string;
        readonly s3BucketName?: string;
      };
    };
  };
}

/** Where sessions of ECS Exec are logged, as the cluster says. Source: ECS API, ExecuteCommandConfiguration. */
export function execOptions({ workload, tokens, resources, cluster }: World): NonNullable<FurtherOptions['exec']> {
  const source = workload.clusters.find(({ name }) => tokens.text(name) === cluster);
  if (source === undefined) return {};
  const { configuration } = tokens.plain(source.input) as ClusterInput;
  const { kmsKeyId, logConfiguration } = configuration?.executeCommandConfiguration ?? {};
  const { cloudWatchLogGroupName: logGroup, s3BucketName: bucket } = logConfiguration ?? {};
  const key = kmsKeyId === undefined ? undefined : resources.keyArn(kmsKeyId, workload.region);
  return {
    ...(logGroup === undefined ? {} : { logGroup }),
    ...(bucket === undefined ? {} : { bucket }),
    ...(key === undefined ? {} : { key }),
  };
}
