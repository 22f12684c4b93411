import { actorOf } from './actors.ts';
import type { PlannedCall, PlanOptions, PlanTaskDefinition } from './plan-types.ts';
import { parseS3ObjectArn } from './references.ts';

/** environmentFiles: the bucket's Region, then the file. Source: ECS Developer Guide, use-environment-file; agent, envFiles resource. */
export function environmentFileCalls(definition: PlanTaskDefinition, options: PlanOptions): readonly PlannedCall[] {
  const role = actorOf('environment-files', definition, options);
  return (definition.containerDefinitions ?? []).flatMap((container, index) =>
    (container.environmentFiles ?? []).flatMap((file, position) => {
      const object = parseS3ObjectArn(file.value ?? '');
      if (object === undefined) return [];
      const common = {
        stage: 'environment-files',
        role,
        service: 's3',
        region: options.region,
        containers: [container.name ?? String(index)],
        because: [`/containerDefinitions/${index}/environmentFiles/${position}/value`],
        occurs: 'once',
      } as const;
      const id = `environment-files/${index}/${position}`;
      const bucketArn = `arn:aws:s3:::${object.bucket}`;
      return [
        {
          ...common,
          id: `${id}/location`,
          operation: 'GetBucketLocation',
          input: { Bucket: object.bucket },
          checks: [{ action: 's3:GetBucketLocation', resource: bucketArn }],
        },
        {
          ...common,
          id: `${id}/object`,
          operation: 'GetObject',
          input: { Bucket: object.bucket, Key: object.key },
          checks: [{ action: 's3:GetObject', resource: `${bucketArn}/${object.key}` }],
        },
      ] satisfies PlannedCall[];
    }),
  );
}
