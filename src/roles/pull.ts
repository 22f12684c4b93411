import { arn } from '../core/arn.ts';
import { actorOf } from './actors.ts';
import type { PlannedCall, PlanOptions, PlanTaskDefinition } from './plan-types.ts';
import { type EcrImage, parseEcrImage } from './references.ts';

interface Pulled {
  readonly image: EcrImage;
  readonly containers: string[];
  readonly because: string[];
}

/** ecr:GetAuthorizationToken, once for each registry and Region. Source: agent, ecr auth provider (`registryIds` of one). */
export function registryTokenCalls(definition: PlanTaskDefinition, options: PlanOptions): readonly PlannedCall[] {
  const registries = new Map<string, Pulled>();
  for (const pulled of ecrImages(definition).values()) {
    const key = `${pulled.image.registryId}/${pulled.image.region}`;
    const known = registries.get(key);
    if (known === undefined)
      registries.set(key, { ...pulled, containers: [...pulled.containers], because: [...pulled.because] });
    else {
      known.containers.push(...pulled.containers);
      known.because.push(...pulled.because);
    }
  }
  return [...registries].map(([key, { image, containers, because }]) => ({
    id: `pull/token/${key}`,
    stage: 'pull',
    role: actorOf('pull', definition, options),
    service: 'ecr',
    operation: 'GetAuthorizationToken',
    region: image.region,
    input: { registryIds: [image.registryId] },
    containers,
    because,
    occurs: 'once',
    checks: [{ action: 'ecr:GetAuthorizationToken', resource: '*' }],
  }));
}

/**
 * The calls behind a pull from ECR: the manifest, then each layer. A registry client pulls with these two actions;
 * BatchCheckLayerAvailability belongs to pushes (AmazonEC2ContainerRegistryPullOnly does without it).
 */
export function imageCalls(definition: PlanTaskDefinition, options: PlanOptions): readonly PlannedCall[] {
  return [...ecrImages(definition)].flatMap(([name, { image, containers, because }]) => {
    const resource = arn('ecr', image.region, image.registryId, `repository/${image.repository}`);
    const common = {
      stage: 'pull',
      role: actorOf('pull', definition, options),
      service: 'ecr',
      region: image.region,
      containers,
      because,
    } as const;
    const target = { registryId: image.registryId, repositoryName: image.repository };
    const imageId = image.digest === undefined ? { imageTag: image.tag } : { imageDigest: image.digest };
    return [
      {
        ...common,
        id: `pull/manifest/${name}`,
        operation: 'BatchGetImage',
        input: { ...target, imageIds: [imageId] },
        // The manifest of an index leads to that of the platform's image.
        occurs: 'repeated',
        checks: [{ action: 'ecr:BatchGetImage', resource }],
      },
      {
        ...common,
        id: `pull/layers/${name}`,
        operation: 'GetDownloadUrlForLayer',
        input: target,
        occurs: 'repeated',
        checks: [{ action: 'ecr:GetDownloadUrlForLayer', resource }],
      },
    ] satisfies PlannedCall[];
  });
}

function ecrImages(definition: PlanTaskDefinition): Map<string, Pulled> {
  const images = new Map<string, Pulled>();
  for (const [index, container] of (definition.containerDefinitions ?? []).entries()) {
    // A container with repositoryCredentials is pulled with those, wherever its image is.
    if (container.image === undefined || container.repositoryCredentials?.credentialsParameter !== undefined) continue;
    const image = parseEcrImage(container.image);
    if (image === undefined) continue;
    const pulled = images.get(container.image) ?? { image, containers: [], because: [] };
    pulled.containers.push(container.name ?? String(index));
    pulled.because.push(`/containerDefinitions/${index}/image`);
    images.set(container.image, pulled);
  }
  return images;
}
