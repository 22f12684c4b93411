import { arn } from '../core/arn.ts';
import { actorOf } from './actors.ts';
import type { FurtherOptions } from './further-plan.ts';
import type { PlannedCall, PlanTaskDefinition } from './plan-types.ts';
import { parseEcrImage } from './references.ts';

/**
 * The first pull through a cache: ECR imports the image with the permissions of whoever pulls, and makes the repository.
 * Source: ECR User Guide, pull-through-cache-working ("IAM permissions").
 */
export function pullThroughCalls(definition: PlanTaskDefinition, options: FurtherOptions): readonly PlannedCall[] {
  const prefixes = options.pullThroughPrefixes ?? [];
  if (prefixes.length === 0) return [];
  const seen = new Set<string>();
  return (definition.containerDefinitions ?? []).flatMap((container, index) => {
    const image = parseEcrImage(container.image ?? '');
    if (image === undefined || seen.has(image.repository)) return [];
    if (!prefixes.some((prefix) => image.repository.startsWith(`${prefix}/`))) return [];
    seen.add(image.repository);
    const resource = arn('ecr', image.region, image.registryId, `repository/${image.repository}`);
    return ['BatchImportUpstreamImage', 'CreateRepository'].map(
      (operation): PlannedCall => ({
        id: `pull/through/${operation}/${image.repository}`,
        stage: 'pull',
        role: actorOf('pull', definition, options),
        service: 'ecr',
        operation,
        region: image.region,
        input: {},
        containers: [container.name ?? String(index)],
        because: [`/containerDefinitions/${index}/image`],
        occurs: 'if-needed',
        checks: [{ action: `ecr:${operation}`, resource }],
      }),
    );
  });
}
