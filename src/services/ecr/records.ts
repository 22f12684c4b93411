import { arn } from '../../core/arn.ts';
import type { Principal } from '../../gateway/principals.ts';
import { collection } from '../../store/collections.ts';
import type { ImageTagMutability, ImageTagMutabilityExclusionFilter } from '../../wire/generated/types/ecr.ts';

export interface RepositoryRecord {
  readonly account: string;
  readonly region: string;
  readonly name: string;
  /** Partition of its images, tags and layers; never used again. */
  readonly id: string;
  readonly createdAt: number;
  readonly tagMutability: ImageTagMutability;
  readonly tagMutabilityExclusions: readonly ImageTagMutabilityExclusionFilter[];
  readonly scanOnPush: boolean;
  readonly encryption: { readonly encryptionType: 'AES256' | 'KMS' | 'KMS_DSSE'; readonly kmsKey?: string };
  readonly tags: Readonly<Record<string, string>>;
  readonly policy?: string;
  readonly lifecyclePolicy?: string;
}

export interface ImageRecord {
  readonly digest: string;
  /** The bytes of the manifest as they were put: the digest is theirs (but for an image that is stood in for by digest). */
  readonly manifest: string;
  readonly mediaType: string;
  /** Media type of the config. */
  readonly artifactMediaType?: string;
  readonly pushedAt: number;
  /** Bytes of all layers and the config. */
  readonly size: number;
  readonly pulledAt?: number;
  /** The image has no content of its own: a program of this machine stands in for it. */
  readonly standIn?: boolean;
}

export interface LayerRecord {
  readonly digest: string;
  readonly size: number;
  readonly mediaType: string;
  /** base64 */
  readonly data: string;
}

/** Who may use a token that GetAuthorizationToken gave. */
export interface TokenGrant {
  readonly principal: Principal;
  readonly region: string;
  /** Epoch milliseconds. */
  readonly expiresAt: number;
}

/** A download URL that GetDownloadUrlForLayer gave. */
export interface DownloadGrant {
  readonly repositoryId: string;
  readonly digest: string;
  readonly expiresAt: number;
}

/** Partition: `account/region`; key: the name. */
export const repositories = collection<RepositoryRecord>('ecr/repositories');
/** Partition of the next three: the repository's id. Key: digest, tag, digest. */
export const images = collection<ImageRecord>('ecr/images');
export const imageTags = collection<{ readonly tag: string; readonly digest: string }>('ecr/image-tags');
export const layers = collection<LayerRecord>('ecr/layers');
/** Partition: `account/region`; key: `policy`. */
export const registryPolicies = collection<{ readonly policy: string }>('ecr/registry-policies');
/** One partition; key: SHA-256 of the token. The token itself is not kept. */
export const tokenGrants = collection<TokenGrant>('ecr/authorization-tokens');
export const downloadGrants = collection<DownloadGrant>('ecr/downloads');

export function regional(account: string, region: string): string {
  return `${account}/${region}`;
}

export function repositoryArn({ account, region, name }: { account: string; region: string; name: string }): string {
  return arn('ecr', region, account, `repository/${name}`);
}

/** Host of a registry as image names spell it. */
export function registryHost(account: string, region: string): string {
  return `${account}.dkr.ecr.${region}.amazonaws.com`;
}
