import { arn } from '../../core/arn.ts';
import type { Principal } from '../../gateway/principals.ts';
import type { Stage } from '../../roles/duty.ts';
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
  /** base64; only stand-ins have their bytes here, all others are in the blob store. */
  readonly data?: string;
  /** When the repository got it; absent for a stand-in's. */
  readonly pushedAt?: number;
}

/** An upload in progress. Its bytes are in the blob store. */
export interface UploadRecord {
  readonly uploadId: string;
  readonly startedAt: number;
  /** When something was last received. */
  readonly touchedAt: number;
  /** Bytes of the last part; undefined before the first. Only parts of UploadLayerPart count. */
  readonly lastPart?: number;
  /** Whether a part that was not the last is smaller than parts must be. */
  readonly tooSmall?: boolean;
}

/** Who may use a token that GetAuthorizationToken gave. */
export interface TokenGrant {
  readonly principal: Principal;
  readonly region: string;
  /** At which stage of a task it was asked for: what is done with it belongs there too. */
  readonly stage?: Stage;
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
/** Partition of the next four: the repository's id. Key: digest, tag, digest, upload id. */
export const images = collection<ImageRecord>('ecr/images');
export const imageTags = collection<{ readonly tag: string; readonly digest: string }>('ecr/image-tags');
export const layers = collection<LayerRecord>('ecr/layers');
export const uploads = collection<UploadRecord>('ecr/uploads');
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

/** Set in a call's context when it was made through the image registry, not the API. No condition key of AWS. */
export const THROUGH_REGISTRY = 'rolecall:ecr-registry';
