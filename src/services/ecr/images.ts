import { createHash } from 'node:crypto';
import { AwsError } from '../../core/errors.ts';
import { operation } from '../../gateway/operation.ts';
import type { RequestContext } from '../../policy/types.ts';
import type { Read, Tx } from '../../store/collections.ts';
import type { Image, ImageFailure, ImageIdentifier } from '../../wire/generated/types/ecr.ts';
import { imageAlreadyExists, imageTagAlreadyExists, layersNotFound, referencedImagesNotFound } from './errors.ts';
import { isDigest, type Manifest, readManifest } from './manifests.ts';
import { type ImageRecord, images, imageTags, layers, type RepositoryRecord, THROUGH_REGISTRY } from './records.ts';
import { existing, onRepository, targetRepository } from './target.ts';

/** Tags of an image, in their order. */
export function tagsOfImage(read: Read, repository: RepositoryRecord, digest: string): string[] {
  return read
    .list(imageTags, repository.id)
    .filter((one) => one.digest === digest)
    .map(({ tag }) => tag);
}

/** The image that an id names by tag, by digest or (then both must fit) by both. */
export function findImage(read: Read, repository: RepositoryRecord, id: ImageIdentifier): ImageRecord | undefined {
  const digest = id.imageTag === undefined ? id.imageDigest : read.get(imageTags, repository.id, id.imageTag)?.digest;
  if (digest === undefined || (id.imageDigest !== undefined && id.imageDigest !== digest)) return undefined;
  return read.get(images, repository.id, digest);
}

/** Puts an image and its tag. A tag that another image had moves to this one. */
export function storeImage(tx: Tx, repository: RepositoryRecord, image: ImageRecord, tag: string | undefined): void {
  tx.put(images, repository.id, image.digest, image);
  if (tag !== undefined) tx.put(imageTags, repository.id, tag, { tag, digest: image.digest });
}

export const PutImage = operation('ecr', 'PutImage', {
  resolve: targetRepository,
  authorize: onRepository('PutImage'),
  handle: (context) => {
    const repository = existing(context);
    const { input, tx, now } = context;
    const { imageManifest: text, imageTag: tag } = input;
    const digest = `sha256:${createHash('sha256').update(text, 'utf8').digest('hex')}`;
    if (input.imageDigest !== undefined && input.imageDigest !== digest) {
      // unverified: the text.
      throw new AwsError(
        'ImageDigestDoesNotMatchException',
        `The image digest '${input.imageDigest}' does not match the digest '${digest}' of the image manifest`,
      );
    }
    const manifest = readManifest(text, input.imageManifestMediaType);
    refuseMissing(tx, repository, manifest);
    // Observed: docker may push the same image again; put-image is told that it is there already.
    const again = pushesAgain(context.callerContext, tx, repository, digest, tag);
    if (!again) refuseExisting(tx, repository, digest, tag);
    nameLayers(tx, repository, manifest);
    const image: ImageRecord = tx.get(images, repository.id, digest) ?? {
      digest,
      manifest: text,
      mediaType: manifest.mediaType,
      ...(manifest.artifactMediaType === undefined ? {} : { artifactMediaType: manifest.artifactMediaType }),
      pushedAt: now,
      size: manifest.blobs.reduce((sum, blob) => sum + blob.size, 0),
    };
    storeImage(tx, repository, image, tag);
    return { image: shownImage(repository, image, tag) };
  },
});

/** Whether a push through the registry changes nothing. Observed: under an immutable tag it is refused all the same. */
function pushesAgain(
  callerContext: RequestContext,
  read: Read,
  repository: RepositoryRecord,
  digest: string,
  tag: string | undefined,
): boolean {
  if (callerContext[THROUGH_REGISTRY] === undefined) return false;
  if (tag === undefined) return read.get(images, repository.id, digest) !== undefined;
  if (read.get(imageTags, repository.id, tag)?.digest !== digest) return false;
  if (isImmutable(repository, tag)) throw imageTagAlreadyExists(repository, tag);
  return true;
}

/** Layers learn their media type from the manifest that names them. */
function nameLayers(tx: Tx, repository: RepositoryRecord, { blobs }: Manifest): void {
  for (const { digest, mediaType } of blobs) {
    const layer = tx.get(layers, repository.id, digest);
    if (layer === undefined || mediaType === undefined || layer.mediaType === mediaType) continue;
    tx.put(layers, repository.id, digest, { ...layer, mediaType });
  }
}

function refuseMissing(read: Read, repository: RepositoryRecord, manifest: Manifest): void {
  const missingBlobs = manifest.blobs.filter(({ digest }) => read.get(layers, repository.id, digest) === undefined);
  if (missingBlobs.length > 0) {
    throw layersNotFound(
      repository,
      missingBlobs.map(({ digest }) => digest),
    );
  }
  const missingImages = manifest.manifests.filter(
    ({ digest }) => read.get(images, repository.id, digest) === undefined,
  );
  if (missingImages.length > 0) {
    throw referencedImagesNotFound(
      repository,
      missingImages.map(({ digest }) => digest),
    );
  }
}

function refuseExisting(read: Read, repository: RepositoryRecord, digest: string, tag: string | undefined): void {
  if (tag === undefined) {
    if (read.get(images, repository.id, digest) !== undefined) throw imageAlreadyExists(repository, digest, tag);
    return;
  }
  const tagged = read.get(imageTags, repository.id, tag)?.digest;
  if (tagged === digest) throw imageAlreadyExists(repository, digest, tag);
  if (tagged !== undefined && isImmutable(repository, tag)) throw imageTagAlreadyExists(repository, tag);
}

/** Source: ECR User Guide, tag mutability: exclusion filters turn the setting round for tags that match (`*` is a wildcard). */
function isImmutable({ tagMutability, tagMutabilityExclusions }: RepositoryRecord, tag: string): boolean {
  const excluded = tagMutabilityExclusions.some(({ filter }) => {
    const pattern = filter.split('*').map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'));
    return new RegExp(`^${pattern.join('.*')}$`).test(tag);
  });
  return tagMutability.startsWith('IMMUTABLE') ? !excluded : excluded;
}

function shownImage(repository: RepositoryRecord, image: ImageRecord, tag: string | undefined): Image {
  return {
    registryId: repository.account,
    repositoryName: repository.name,
    imageId: { imageDigest: image.digest, ...(tag === undefined ? {} : { imageTag: tag }) },
    imageManifest: image.manifest,
    imageManifestMediaType: image.mediaType,
  };
}

/** What is wrong with an image id before it is looked for. */
function malformed(imageId: ImageIdentifier): ImageFailure | undefined {
  if (imageId.imageDigest === undefined && imageId.imageTag === undefined) {
    return {
      imageId,
      failureCode: 'MissingDigestAndTag',
      failureReason: 'Invalid request parameters: both tag and digest cannot be null',
    };
  }
  if (imageId.imageDigest !== undefined && !isDigest(imageId.imageDigest)) {
    return {
      imageId,
      failureCode: 'InvalidImageDigest',
      failureReason:
        "Invalid request parameters: image digest should satisfy the regex '[a-zA-Z0-9-_+.]+:[a-fA-F0-9]+'",
    };
  }
  return undefined;
}

function notFound(read: Read, repository: RepositoryRecord, imageId: ImageIdentifier): ImageFailure {
  const { imageDigest, imageTag } = imageId;
  const tagged = imageTag === undefined ? undefined : read.get(imageTags, repository.id, imageTag);
  const known = imageDigest === undefined ? undefined : read.get(images, repository.id, imageDigest);
  if (tagged !== undefined && known !== undefined) {
    return { imageId, failureCode: 'ImageTagDoesNotMatchDigest', failureReason: 'Tag does not match digest' };
  }
  return { imageId, failureCode: 'ImageNotFound', failureReason: 'Requested image not found' };
}

const PULL_TIME_KEPT_FOR = 24 * 3_600_000;

export const BatchGetImage = operation('ecr', 'BatchGetImage', {
  resolve: targetRepository,
  authorize: onRepository('BatchGetImage'),
  handle: (context) => {
    const repository = existing(context);
    const { input, tx, now } = context;
    const found: Image[] = [];
    const failures: ImageFailure[] = [];
    for (const id of input.imageIds) {
      const image = findImage(tx, repository, id);
      const problem = malformed(id) ?? (image === undefined ? notFound(tx, repository, id) : undefined);
      if (problem !== undefined || image === undefined) {
        if (problem !== undefined) failures.push(problem);
        continue;
      }
      const { acceptedMediaTypes: accepted = [] } = input;
      // Source: API Reference, BatchGetImage. ECR does not convert manifests of schema 2 and OCI into each other.
      if (accepted.length > 0 && !accepted.includes(image.mediaType)) {
        failures.push({ imageId: id, failureCode: 'ImageNotFound', failureReason: 'Requested image not found' });
        continue;
      }
      // Source: API Reference, ImageDetail.lastRecordedPullTime: "refreshed at least once every 24 hours".
      if (now - (image.pulledAt ?? 0) >= PULL_TIME_KEPT_FOR) {
        tx.put(images, repository.id, image.digest, { ...image, pulledAt: now });
      }
      found.push(shownImage(repository, image, id.imageTag));
    }
    return { images: found, failures };
  },
});

export const BatchDeleteImage = operation('ecr', 'BatchDeleteImage', {
  resolve: targetRepository,
  authorize: onRepository('BatchDeleteImage'),
  handle: (context) => {
    const repository = existing(context);
    const deleted: ImageIdentifier[] = [];
    const failures: ImageFailure[] = [];
    for (const id of context.input.imageIds) {
      const done = malformed(id) ?? deleteImage(context.tx, repository, id);
      if (Array.isArray(done)) deleted.push(...done);
      else failures.push(done);
    }
    return { imageIds: deleted, failures };
  },
});

/** By tag: removes the tag, and the image with its last tag. By digest: removes the image and all its tags. */
function deleteImage(tx: Tx, repository: RepositoryRecord, id: ImageIdentifier): ImageIdentifier[] | ImageFailure {
  const image = findImage(tx, repository, id);
  if (image === undefined) return notFound(tx, repository, id);
  const { digest } = image;
  const tags = tagsOfImage(tx, repository, digest);
  const going = id.imageTag === undefined ? tags : [id.imageTag];
  const last = going.length === tags.length;
  if (last && isReferenced(tx, repository, digest)) {
    return {
      imageId: id,
      failureCode: 'ImageReferencedByManifestList',
      failureReason: 'Requested image referenced by manifest list',
    };
  }
  for (const tag of going) tx.delete(imageTags, repository.id, tag);
  if (last) tx.delete(images, repository.id, digest);
  return going.length === 0 ? [{ imageDigest: digest }] : going.map((imageTag) => ({ imageDigest: digest, imageTag }));
}

function isReferenced(read: Read, repository: RepositoryRecord, digest: string): boolean {
  return read
    .list(images, repository.id)
    .some(({ manifest, mediaType }) => /index|list/.test(mediaType) && manifest.includes(digest));
}
