import { arn } from '../../core/arn.ts';
import type { ReadContext } from '../../gateway/operation.ts';
import { defineService, type Service } from '../../gateway/service.ts';
import { GetAuthorizationToken } from './authorization-tokens.ts';
import { DescribeImages, ListImages } from './image-lists.ts';
import { BatchDeleteImage, BatchGetImage, PutImage } from './images.ts';
import { BatchCheckLayerAvailability, GetDownloadUrlForLayer } from './layers.ts';
import { DeleteLifecyclePolicy, GetLifecyclePolicy, PutLifecyclePolicy } from './lifecycle-policies.ts';
import type { BlobStore } from './registry/blob-store.ts';
import { createLayerUploads, InitiateLayerUpload } from './registry/layer-uploads.ts';
import { ListImageReferrers } from './registry/referrers.ts';
import { DeleteRegistryPolicy, DescribeRegistry, GetRegistryPolicy, PutRegistryPolicy } from './registry.ts';
import {
  CreateRepository,
  DeleteRepository,
  DescribeRepositories,
  PutImageScanningConfiguration,
  PutImageTagMutability,
} from './repositories.ts';
import { DeleteRepositoryPolicy, GetRepositoryPolicy, SetRepositoryPolicy } from './repository-policies.ts';
import { ListTagsForResource, TagResource, UntagResource } from './tags.ts';
import { findRepository, repositoryCheck } from './target.ts';

export { findAuthorizationToken } from './authorization-tokens.ts';
export { findLayerContent, LAYER_PATH } from './layers.ts';
export { BlobStore } from './registry/blob-store.ts';
export { PullsUnderWay, type PullUnderWay } from './registry/pulls-under-way.ts';
export { createRegistry, type Registry } from './registry/registry.ts';
export { putStandInImage, STAND_IN_ANNOTATION, type StandInImage } from './stand-in.ts';

export const ecrService: Service = defineService({
  id: 'ecr',
  actionPrefix: 'ecr',
  eventSource: 'ecr.amazonaws.com',
  operations: {
    BatchCheckLayerAvailability,
    BatchDeleteImage,
    BatchGetImage,
    CreateRepository,
    DeleteLifecyclePolicy,
    DeleteRegistryPolicy,
    DeleteRepository,
    DeleteRepositoryPolicy,
    DescribeImages,
    DescribeRegistry,
    DescribeRepositories,
    GetAuthorizationToken,
    GetDownloadUrlForLayer,
    GetLifecyclePolicy,
    GetRegistryPolicy,
    GetRepositoryPolicy,
    ListImages,
    ListTagsForResource,
    PutImage,
    PutImageScanningConfiguration,
    PutImageTagMutability,
    PutLifecyclePolicy,
    PutRegistryPolicy,
    SetRepositoryPolicy,
    TagResource,
    UntagResource,
  },
  authorizeUnserved: (name, context) => [unservedCheck(name, context)],
  hiddenInTrail: ['downloadUrl'],
});

/** Operations that name a repository are about it; those that name several, about any; the others about the registry. */
function unservedCheck(name: string, { input, account, region, tx }: ReadContext<Record<string, unknown>>) {
  const { repositoryName, registryId } = input;
  if (typeof repositoryName === 'string') {
    const address = { account: typeof registryId === 'string' ? registryId : account, region, name: repositoryName };
    return repositoryCheck(name, { address, repository: findRepository(tx, address) });
  }
  const repositories = name === 'BatchGetRepositoryScanningConfiguration';
  return { action: `ecr:${name}`, resource: repositories ? arn('ecr', region, account, 'repository/*') : '*' };
}

/** The service with a place for layers: what is pushed through its API and through its registry is there. */
export function createEcrService(blobs: BlobStore): Service {
  const pushed = { InitiateLayerUpload, ...createLayerUploads(blobs), ListImageReferrers };
  return { ...ecrService, operations: { ...ecrService.operations, ...pushed } };
}
