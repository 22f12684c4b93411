import { AwsError } from '../../core/errors.ts';

/** Errors of Amazon ECR. Texts observed on AWS unless marked. */

interface Named {
  readonly account: string;
  readonly name: string;
}

export function repositoryNotFound({ account, name }: Named): AwsError {
  return new AwsError(
    'RepositoryNotFoundException',
    `The repository with name '${name}' does not exist in the registry with id '${account}'`,
  );
}

export function repositoryAlreadyExists({ account, name }: Named): AwsError {
  return new AwsError(
    'RepositoryAlreadyExistsException',
    `The repository with name '${name}' already exists in the registry with id '${account}'`,
  );
}

export function repositoryNotEmpty({ account, name }: Named): AwsError {
  return new AwsError(
    'RepositoryNotEmptyException',
    `The repository with name '${name}' in registry with id '${account}' cannot be deleted because it still contains images`,
  );
}

export function repositoryPolicyNotFound({ account, name }: Named): AwsError {
  return new AwsError(
    'RepositoryPolicyNotFoundException',
    `Repository policy does not exist for the repository with name '${name}' in the registry with id '${account}'`,
  );
}

export function lifecyclePolicyNotFound({ account, name }: Named): AwsError {
  return new AwsError(
    'LifecyclePolicyNotFoundException',
    `Lifecycle policy does not exist for the repository with name '${name}' in the registry with id '${account}'`,
  );
}

export function registryPolicyNotFound(account: string): AwsError {
  return new AwsError(
    'RegistryPolicyNotFoundException',
    `Registry policy does not exist in the registry with id '${account}'`,
  );
}

export function imageNotFound(
  { account, name }: Named,
  id: { readonly imageDigest?: string | undefined; readonly imageTag?: string | undefined },
): AwsError {
  const quoted = (value: string | undefined): string => `'${value ?? 'null'}'`;
  return new AwsError(
    'ImageNotFoundException',
    `The image with imageId {imageDigest:${quoted(id.imageDigest)}, imageTag:${quoted(id.imageTag)}} does not exist within the repository with name '${name}' in the registry with id '${account}'`,
  );
}

export function imageAlreadyExists({ account, name }: Named, digest: string, tag: string | undefined): AwsError {
  return new AwsError(
    'ImageAlreadyExistsException',
    `Image with digest '${digest}' and tag '${tag ?? 'null'}' already exists in the repository with name '${name}' in registry with id '${account}'`,
  );
}

export function imageTagAlreadyExists({ name }: Named, tag: string): AwsError {
  return new AwsError(
    'ImageTagAlreadyExistsException',
    `The image tag '${tag}' already exists in the '${name}' repository and cannot be overwritten because the tag is immutable.`,
  );
}

/** unverified: the text. */
export function layersNotFound({ account, name }: Named, digests: readonly string[]): AwsError {
  return new AwsError(
    'LayersNotFoundException',
    `Layers with digests '[${digests.join(', ')}]' do not exist in the repository with name '${name}' in the registry with id '${account}'`,
  );
}

/** unverified: the text. */
export function referencedImagesNotFound({ account, name }: Named, digests: readonly string[]): AwsError {
  return new AwsError(
    'ReferencedImagesNotFoundException',
    `Images with digests '[${digests.join(', ')}]' required for pushing image into repository with name '${name}' in the registry with id '${account}' do not exist`,
  );
}

/** unverified: the text. */
export function uploadNotFound({ account, name }: Named, uploadId: string): AwsError {
  return new AwsError(
    'UploadNotFoundException',
    `The upload with id '${uploadId}' does not exist in the repository with name '${name}' in the registry with id '${account}'`,
  );
}

/** unverified: the text. */
export function layerAlreadyExists({ account, name }: Named, digest: string): AwsError {
  return new AwsError(
    'LayerAlreadyExistsException',
    `The layer with digest '${digest}' already exists in the repository with name '${name}' in the registry with id '${account}'`,
  );
}

/** unverified: the text. */
export function wrongLayerDigest(digest: string, actual: string): AwsError {
  return new AwsError(
    'InvalidLayerException',
    `The layer digest '${digest}' does not match the digest '${actual}' of the uploaded content`,
  );
}

/** Source: API Reference, UploadLayerPart, InvalidLayerPartException. */
export function invalidLayerPart({ account, name }: Named, uploadId: string, received: number): AwsError {
  return new AwsError(
    'InvalidLayerPartException',
    'The layer part size is not valid, or the first byte specified is not consecutive to the last byte of a previous layer part upload.',
    {
      members: {
        registryId: account,
        repositoryName: name,
        uploadId,
        lastValidByteReceived: Math.max(received - 1, 0),
      },
    },
  );
}

/** Source: API Reference, CompleteLayerUpload, LayerPartTooSmallException. */
export function layerPartTooSmall(): AwsError {
  return new AwsError('LayerPartTooSmallException', 'Layer parts must be at least 5 MiB in size.');
}

/** Source: API Reference, CompleteLayerUpload, EmptyUploadException. */
export function emptyUpload(): AwsError {
  return new AwsError('EmptyUploadException', 'The specified layer upload does not contain any layer parts.');
}

/** `Invalid parameter at 'P' failed to satisfy constraint: 'C'` */
export function invalidParameter(parameter: string, constraint: string): AwsError {
  return new AwsError(
    'InvalidParameterException',
    `Invalid parameter at '${parameter}' failed to satisfy constraint: '${constraint}'`,
  );
}
