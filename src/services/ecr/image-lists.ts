import { operation } from '../../gateway/operation.ts';
import type { Read } from '../../store/collections.ts';
import type { ImageDetail, ImageStatusFilter, TagStatus } from '../../wire/generated/types/ecr.ts';
import { imageNotFound, invalidParameter } from './errors.ts';
import { findImage, tagsOfImage } from './images.ts';
import { pageOf } from './pages.ts';
import { type ImageRecord, images, type RepositoryRecord } from './records.ts';
import { existing, onRepository, targetRepository } from './target.ts';

interface Filter {
  readonly tagStatus?: TagStatus | undefined;
  readonly imageStatus?: ImageStatusFilter | undefined;
}

interface Listed {
  readonly image: ImageRecord;
  readonly tags: readonly string[];
}

/** Images that pass the filter, in order of digest. No image is ever archived here. */
function listed(read: Read, repository: RepositoryRecord, filter: Filter = {}): Listed[] {
  if (filter.imageStatus === 'ARCHIVED' || filter.imageStatus === 'ACTIVATING') return [];
  return read
    .list(images, repository.id)
    .map((image) => ({ image, tags: tagsOfImage(read, repository, image.digest) }))
    .filter(({ tags }) => {
      if (filter.tagStatus === 'TAGGED') return tags.length > 0;
      return filter.tagStatus === 'UNTAGGED' ? tags.length === 0 : true;
    });
}

export const ListImages = operation('ecr', 'ListImages', {
  resolve: targetRepository,
  authorize: onRepository('ListImages'),
  handle: (context) => {
    const repository = existing(context);
    const all = listed(context.tx, repository, context.input.filter).flatMap(({ image, tags }) =>
      tags.length === 0
        ? [{ imageDigest: image.digest }]
        : tags.map((imageTag) => ({ imageDigest: image.digest, imageTag })),
    );
    const { items, nextToken } = pageOf(
      all,
      (id) => `${id.imageDigest} ${'imageTag' in id ? id.imageTag : ''}`,
      context.input,
    );
    return { imageIds: items, ...nextToken };
  },
});

export const DescribeImages = operation('ecr', 'DescribeImages', {
  resolve: targetRepository,
  authorize: onRepository('DescribeImages'),
  handle: (context) => {
    const repository = existing(context);
    const { input, tx } = context;
    if (input.imageIds !== undefined) {
      // Source: API Reference, DescribeImages: neither is allowed with imageIds.
      if (input.maxResults !== undefined) throw invalidParameter('maxResults', 'cannot be used with imageIds');
      if (input.nextToken !== undefined) throw invalidParameter('nextToken', 'cannot be used with imageIds');
      const imageDetails = input.imageIds.map((id) => {
        const image = findImage(tx, repository, id);
        if (image === undefined) throw imageNotFound(repository, id);
        return shownDetail(repository, { image, tags: tagsOfImage(tx, repository, image.digest) });
      });
      return { imageDetails };
    }
    const all = listed(tx, repository, input.filter);
    const { items, nextToken } = pageOf(all, ({ image }) => image.digest, input);
    return { imageDetails: items.map((one) => shownDetail(repository, one)), ...nextToken };
  },
});

function shownDetail(repository: RepositoryRecord, { image, tags }: Listed): ImageDetail {
  return {
    registryId: repository.account,
    repositoryName: repository.name,
    imageDigest: image.digest,
    ...(tags.length === 0 ? {} : { imageTags: tags }),
    imageSizeInBytes: image.size,
    imagePushedAt: image.pushedAt,
    imageManifestMediaType: image.mediaType,
    ...(image.artifactMediaType === undefined ? {} : { artifactMediaType: image.artifactMediaType }),
    ...(image.pulledAt === undefined ? {} : { lastRecordedPullTime: image.pulledAt }),
    imageStatus: 'ACTIVE',
  };
}
