import { parseArn } from '../../core/arn.ts';
import type { AuthorizationCheck, ReadContext } from '../../gateway/operation.ts';
import { type CompiledPolicy, parsePolicy } from '../../policy/parse.ts';
import type { NamedPolicy } from '../../policy/types.ts';
import type { Read, Tx } from '../../store/collections.ts';
import { invalidParameter, repositoryNotFound } from './errors.ts';
import { type RepositoryRecord, regional, repositories, repositoryArn } from './records.ts';

export interface RepositoryAddress {
  readonly account: string;
  readonly region: string;
  readonly name: string;
}

export interface RepositoryTarget {
  readonly address: RepositoryAddress;
  readonly repository: RepositoryRecord | undefined;
}

export function findRepository(read: Read, { account, region, name }: RepositoryAddress): RepositoryRecord | undefined {
  return read.get(repositories, regional(account, region), name);
}

/** `resolve` of every operation on one repository: `registryId` may name another account's registry. */
export function targetRepository({
  input,
  account,
  region,
  tx,
}: ReadContext<{ readonly repositoryName: string; readonly registryId?: string | undefined }>): RepositoryTarget {
  const address = { account: input.registryId ?? account, region, name: input.repositoryName };
  return { address, repository: findRepository(tx, address) };
}

/** `resolve` of the tag operations. */
export function targetByArn({ input, tx }: ReadContext<{ readonly resourceArn: string }>): RepositoryTarget {
  const arn = parseArn(input.resourceArn);
  const name = /^repository\/(.+)$/.exec(arn?.resource ?? '')?.[1];
  if (arn === undefined || arn.service !== 'ecr' || name === undefined) {
    // unverified: the text.
    throw invalidParameter('resourceArn', 'Invalid ARN');
  }
  const address = { account: arn.account, region: arn.region, name };
  return { address, repository: findRepository(tx, address) };
}

/** The repository, or AWS's refusal: after authorization. */
export function existing({ address, repository }: RepositoryTarget): RepositoryRecord {
  if (repository === undefined) throw repositoryNotFound(address);
  return repository;
}

export function putRepository(tx: Tx, repository: RepositoryRecord): void {
  tx.put(repositories, regional(repository.account, repository.region), repository.name, repository);
}

const compiled = new WeakMap<RepositoryRecord, NamedPolicy<CompiledPolicy>>();

function repositoryPolicy(repository: RepositoryRecord | undefined): NamedPolicy<CompiledPolicy> | undefined {
  if (repository?.policy === undefined) return undefined;
  let policy = compiled.get(repository);
  if (policy === undefined) {
    const name = repositoryArn(repository);
    policy = { name, source: 'resource', policy: parsePolicy(repository.policy, 'resource') };
    compiled.set(repository, policy);
  }
  return policy;
}

/** The check for an action on a repository. */
export function repositoryCheck(action: string, { address, repository }: RepositoryTarget): AuthorizationCheck {
  const policy = repositoryPolicy(repository);
  return {
    action: `ecr:${action}`,
    resource: repositoryArn(address),
    ...(policy === undefined ? {} : { resourcePolicy: policy }),
    ...(repository === undefined
      ? {}
      : {
          resourceTags: repository.tags,
          context: Object.fromEntries(
            Object.entries(repository.tags).map(([key, value]) => [`ecr:ResourceTag/${key}`, value]),
          ),
        }),
  };
}

/** `authorize` of an operation whose only check is its own action on the repository. */
export function onRepository(action: string) {
  return (context: ReadContext<unknown> & RepositoryTarget): readonly AuthorizationCheck[] => [
    repositoryCheck(action, context),
  ];
}
