import { createHash } from 'node:crypto';
import { operation } from '../../gateway/operation.ts';
import type { Read, Tx } from '../../store/collections.ts';
import type { Layer, LayerFailure } from '../../wire/generated/types/ecr.ts';
import { layersNotFound } from './errors.ts';
import { isDigest } from './manifests.ts';
import { downloadGrants, type LayerRecord, layers } from './records.ts';
import { existing, onRepository, targetRepository } from './target.ts';

export const BatchCheckLayerAvailability = operation('ecr', 'BatchCheckLayerAvailability', {
  resolve: targetRepository,
  authorize: onRepository('BatchCheckLayerAvailability'),
  handle: (context) => {
    const repository = existing(context);
    const found: Layer[] = [];
    const failures: LayerFailure[] = [];
    for (const layerDigest of context.input.layerDigests) {
      if (!isDigest(layerDigest)) {
        failures.push({
          layerDigest,
          failureCode: 'InvalidLayerDigest',
          failureReason: `Invalid layer digest '${layerDigest}'`,
        });
        continue;
      }
      const layer = context.tx.get(layers, repository.id, layerDigest);
      found.push(
        layer === undefined
          ? { layerDigest, layerAvailability: 'UNAVAILABLE' }
          : { layerDigest, layerAvailability: 'AVAILABLE', layerSize: layer.size, mediaType: layer.mediaType },
      );
    }
    return { layers: found, failures };
  },
});

/** Source: ECR's download URLs are presigned for one hour (observed, X-Amz-Expires=3600). */
const URL_VALID_FOR = 3_600_000;
const PARTITION = '';

export interface LayerContent {
  readonly digest: string;
  readonly mediaType: string;
  readonly size: number;
  /** Undefined: the bytes are in the blob store. */
  readonly content: Uint8Array | undefined;
}

/** Where layers are fetched. The rest of the path is a secret that stands for the permission. */
export const LAYER_PATH = '/_rolecall/ecr/layers/';

export const GetDownloadUrlForLayer = operation('ecr', 'GetDownloadUrlForLayer', {
  resolve: targetRepository,
  authorize: onRepository('GetDownloadUrlForLayer'),
  handle: (context) => {
    const repository = existing(context);
    const { input, tx, now, ids, endpoint } = context;
    if (tx.get(layers, repository.id, input.layerDigest) === undefined) {
      throw layersNotFound(repository, [input.layerDigest]);
    }
    forgetExpired(tx, now);
    const secret = ids.bytes(32).toString('base64url');
    tx.put(downloadGrants, PARTITION, digestOf(secret), {
      repositoryId: repository.id,
      digest: input.layerDigest,
      expiresAt: now + URL_VALID_FOR,
    });
    return { downloadUrl: `${endpoint}${LAYER_PATH}${secret}`, layerDigest: input.layerDigest };
  },
});

/** What is behind a download URL, by its last path segment; undefined when it was never given or its hour is over. */
export function findLayerContent(read: Read, secret: string, now: number): LayerContent | undefined {
  const grant = read.get(downloadGrants, PARTITION, digestOf(secret));
  if (grant === undefined || grant.expiresAt <= now) return undefined;
  const layer = read.get(layers, grant.repositoryId, grant.digest);
  return layer === undefined ? undefined : layerContent(layer);
}

export function layerContent({ digest, mediaType, size, data }: LayerRecord): LayerContent {
  return { digest, mediaType, size, content: data === undefined ? undefined : Buffer.from(data, 'base64') };
}

function forgetExpired(tx: Tx, now: number): void {
  const expired: string[] = [];
  for (const [key, grant] of tx.entries(downloadGrants, PARTITION)) {
    // In order of their making, so the first that is valid ends the search.
    if (grant.expiresAt > now) break;
    expired.push(key);
  }
  for (const key of expired) tx.delete(downloadGrants, PARTITION, key);
}

function digestOf(secret: string): string {
  return createHash('sha256').update(secret, 'utf8').digest('hex');
}
