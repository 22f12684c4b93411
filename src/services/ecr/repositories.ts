import { operation } from '../../gateway/operation.ts';
import type { Repository } from '../../wire/generated/types/ecr.ts';
import { invalidParameter, repositoryAlreadyExists, repositoryNotEmpty, repositoryNotFound } from './errors.ts';
import { pageOf } from './pages.ts';
import {
  images,
  imageTags,
  layers,
  type RepositoryRecord,
  regional,
  registryHost,
  repositories,
  repositoryArn,
  uploads,
} from './records.ts';
import { tagsOf } from './tags.ts';
import { existing, findRepository, onRepository, putRepository, repositoryCheck, targetRepository } from './target.ts';

export function shownRepository(repository: RepositoryRecord): Repository {
  const { account, region, name } = repository;
  return {
    repositoryArn: repositoryArn(repository),
    registryId: account,
    repositoryName: name,
    repositoryUri: `${registryHost(account, region)}/${name}`,
    createdAt: repository.createdAt,
    imageTagMutability: repository.tagMutability,
    ...(repository.tagMutabilityExclusions.length === 0
      ? {}
      : { imageTagMutabilityExclusionFilters: repository.tagMutabilityExclusions }),
    imageScanningConfiguration: { scanOnPush: repository.scanOnPush },
    encryptionConfiguration: repository.encryption,
  };
}

type Settings = Pick<RepositoryRecord, 'tagMutability' | 'tagMutabilityExclusions'>;

/** Exclusion filters go with the two settings that speak of them, and only with those. unverified: the texts. */
function tagMutability(
  mutability: RepositoryRecord['tagMutability'],
  filters: RepositoryRecord['tagMutabilityExclusions'],
): Settings {
  const excluding = mutability.endsWith('_WITH_EXCLUSION');
  if (excluding && filters.length === 0) {
    throw invalidParameter(
      'imageTagMutabilityExclusionFilters',
      `must be present when imageTagMutability is ${mutability}`,
    );
  }
  if (!excluding && filters.length > 0) {
    throw invalidParameter(
      'imageTagMutabilityExclusionFilters',
      `must not be present when imageTagMutability is ${mutability}`,
    );
  }
  return { tagMutability: mutability, tagMutabilityExclusions: filters };
}

export const CreateRepository = operation('ecr', 'CreateRepository', {
  resolve: targetRepository,
  authorize: (context) => {
    const requestTags = Object.fromEntries((context.input.tags ?? []).map(({ Key, Value }) => [Key, Value]));
    const check = { ...repositoryCheck('CreateRepository', context), requestTags };
    // Observed: a repository made with tags needs ecr:TagResource too.
    return Object.keys(requestTags).length === 0 ? [check] : [check, { ...check, action: 'ecr:TagResource' }];
  },
  handle: ({ input, address, repository, tx, now, ids }) => {
    if (repository !== undefined) throw repositoryAlreadyExists(address);
    const { encryptionType = 'AES256', kmsKey } = input.encryptionConfiguration ?? {};
    if (encryptionType === 'AES256' && kmsKey !== undefined) {
      // unverified: the text.
      throw invalidParameter('encryptionConfiguration', 'kmsKey must not be present when encryptionType is AES256');
    }
    const made: RepositoryRecord = {
      ...address,
      id: ids.hex(32),
      createdAt: now,
      ...tagMutability(input.imageTagMutability ?? 'MUTABLE', input.imageTagMutabilityExclusionFilters ?? []),
      scanOnPush: input.imageScanningConfiguration?.scanOnPush ?? false,
      encryption: { encryptionType, ...(kmsKey === undefined ? {} : { kmsKey }) },
      tags: tagsOf(input.tags ?? []),
    };
    putRepository(tx, made);
    return { repository: shownRepository(made) };
  },
});

export const DescribeRepositories = operation('ecr', 'DescribeRepositories', {
  authorize: ({ input, account, region, tx }) => {
    const registry = input.registryId ?? account;
    // Observed: without names the resource is every repository of the registry.
    return (input.repositoryNames ?? ['*']).map((name) => {
      const address = { account: registry, region, name };
      return repositoryCheck('DescribeRepositories', { address, repository: findRepository(tx, address) });
    });
  },
  handle: ({ input, account, region, tx }) => {
    const registry = input.registryId ?? account;
    if (input.repositoryNames !== undefined) {
      // Source: API Reference, DescribeRepositories: neither is allowed with repositoryNames.
      if (input.maxResults !== undefined) throw invalidParameter('maxResults', 'cannot be used with repositoryNames');
      if (input.nextToken !== undefined) throw invalidParameter('nextToken', 'cannot be used with repositoryNames');
      const found = input.repositoryNames.map((name) => {
        const repository = findRepository(tx, { account: registry, region, name });
        if (repository === undefined) throw repositoryNotFound({ account: registry, name });
        return shownRepository(repository);
      });
      return { repositories: found };
    }
    const all = tx.list(repositories, regional(registry, region));
    const { items, nextToken } = pageOf(all, (repository) => repository.name, input);
    return { repositories: items.map(shownRepository), ...nextToken };
  },
});

export const DeleteRepository = operation('ecr', 'DeleteRepository', {
  resolve: targetRepository,
  authorize: onRepository('DeleteRepository'),
  handle: (context) => {
    const repository = existing(context);
    const { tx, input } = context;
    if (input.force !== true && tx.count(images, repository.id) > 0) throw repositoryNotEmpty(repository);
    for (const content of [images, imageTags, layers, uploads]) tx.clear(content, repository.id);
    tx.delete(repositories, regional(repository.account, repository.region), repository.name);
    return { repository: shownRepository(repository) };
  },
});

export const PutImageTagMutability = operation('ecr', 'PutImageTagMutability', {
  resolve: targetRepository,
  authorize: onRepository('PutImageTagMutability'),
  handle: (context) => {
    const { imageTagMutability, imageTagMutabilityExclusionFilters: filters = [] } = context.input;
    const repository = { ...existing(context), ...tagMutability(imageTagMutability, filters) };
    putRepository(context.tx, repository);
    return {
      registryId: repository.account,
      repositoryName: repository.name,
      imageTagMutability,
      ...(filters.length === 0 ? {} : { imageTagMutabilityExclusionFilters: filters }),
    };
  },
});

export const PutImageScanningConfiguration = operation('ecr', 'PutImageScanningConfiguration', {
  resolve: targetRepository,
  authorize: onRepository('PutImageScanningConfiguration'),
  handle: (context) => {
    const scanOnPush = context.input.imageScanningConfiguration.scanOnPush ?? false;
    const repository = { ...existing(context), scanOnPush };
    putRepository(context.tx, repository);
    return {
      registryId: repository.account,
      repositoryName: repository.name,
      imageScanningConfiguration: { scanOnPush },
    };
  },
});
