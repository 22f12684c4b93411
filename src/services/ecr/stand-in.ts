import { createHash } from 'node:crypto';
import type { Tx } from '../../store/collections.ts';
import { findImage, storeImage } from './images.ts';
import { OCI_CONFIG, OCI_LAYER, OCI_MANIFEST } from './manifests.ts';
import { type LayerRecord, layers, type RepositoryRecord } from './records.ts';
import { findRepository, putRepository } from './target.ts';

/** Marks a manifest that stands for no content. */
export const STAND_IN_ANNOTATION = 'rolecall.stand-in';

/** An empty tar archive under gzip: the layer that Docker itself writes for "nothing". */
const EMPTY_LAYER = Buffer.from('H4sIAAAJbogA/2IYBaNgFIxYAAgAAP//Lq+17wAEAAA=', 'base64');
/** Digest of the unpacked archive, 1024 zero bytes. */
const EMPTY_DIFF_ID = 'sha256:5f70bf18a086007016e948b04aed3b82103a36bea41755b6cddfaf10ace3c6ef';

export interface StandInImage {
  readonly account: string;
  readonly region: string;
  readonly repository: string;
  /** One of the two, as the image name has it; neither means `latest`. */
  readonly tag?: string;
  readonly digest?: string;
}

/**
 * Makes the calls of a pull work for an image that a program of this machine stands in for: the repository is made if it
 * is missing, and a smallest valid OCI image, marked by an annotation, is put under the tag or digest. An image that is
 * there already stays as it is.
 */
export function putStandInImage(tx: Tx, image: StandInImage, now: number): void {
  const repository = repositoryFor(tx, image, now);
  const { digest } = image;
  const tag = image.tag ?? (digest === undefined ? 'latest' : undefined);
  if (findImage(tx, repository, digest === undefined ? { imageTag: tag } : { imageDigest: digest }) !== undefined)
    return;
  const layer = blob(EMPTY_LAYER, OCI_LAYER);
  const config = blob(
    Buffer.from(
      JSON.stringify({
        architecture: process.arch === 'arm64' ? 'arm64' : 'amd64',
        os: 'linux',
        config: {},
        rootfs: { type: 'layers', diff_ids: [EMPTY_DIFF_ID] },
      }),
      'utf8',
    ),
    OCI_CONFIG,
  );
  for (const one of [layer, config]) tx.put(layers, repository.id, one.digest, one);
  const manifest = JSON.stringify({
    schemaVersion: 2,
    mediaType: OCI_MANIFEST,
    config: descriptor(config),
    layers: [descriptor(layer)],
    annotations: { [STAND_IN_ANNOTATION]: `${image.repository}${digest === undefined ? `:${tag}` : `@${digest}`}` },
  });
  storeImage(
    tx,
    repository,
    {
      // Under a digest that the image name asks for, the manifest cannot be the one that has it.
      digest: digest ?? digestOf(Buffer.from(manifest, 'utf8')),
      manifest,
      mediaType: OCI_MANIFEST,
      artifactMediaType: OCI_CONFIG,
      pushedAt: now,
      size: layer.size + config.size,
      standIn: true,
    },
    // A tag that leads to another image is left alone.
    tag !== undefined && findImage(tx, repository, { imageTag: tag }) === undefined ? tag : undefined,
  );
}

function repositoryFor(tx: Tx, { account, region, repository: name }: StandInImage, now: number): RepositoryRecord {
  const found = findRepository(tx, { account, region, name });
  if (found !== undefined) return found;
  const made: RepositoryRecord = {
    account,
    region,
    name,
    // Not random, and unlike the 32 hex digits of those that CreateRepository makes.
    id: `stand-in ${account}/${region}/${name} ${now}`,
    createdAt: now,
    tagMutability: 'MUTABLE',
    tagMutabilityExclusions: [],
    scanOnPush: false,
    encryption: { encryptionType: 'AES256' },
    tags: {},
  };
  putRepository(tx, made);
  return made;
}

function blob(content: Buffer, mediaType: string): LayerRecord {
  return { digest: digestOf(content), size: content.length, mediaType, data: content.toString('base64') };
}

function descriptor({ mediaType, digest, size }: LayerRecord): object {
  return { mediaType, digest, size };
}

function digestOf(content: Buffer): string {
  return `sha256:${createHash('sha256').update(content).digest('hex')}`;
}
