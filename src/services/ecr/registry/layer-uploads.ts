import type { Input, Operation, Output } from '../../../gateway/operation.ts';
import { operation } from '../../../gateway/operation.ts';
import type { Read, Tx } from '../../../store/collections.ts';
import {
  emptyUpload,
  invalidLayerPart,
  invalidParameter,
  layerAlreadyExists,
  layerPartTooSmall,
  repositoryNotFound,
  uploadNotFound,
  wrongLayerDigest,
} from '../errors.ts';
import { isDigest } from '../manifests.ts';
import { layers, type RepositoryRecord, THROUGH_REGISTRY, type UploadRecord, uploads } from '../records.ts';
import { existing, findRepository, onRepository, type RepositoryTarget, targetRepository } from '../target.ts';
import { type BlobStore, WrongDigest, WrongOffset } from './blob-store.ts';

/** Source: API Reference, InitiateLayerUpload: the size that clients should send parts of. */
const PART_SIZE = 10 * 1024 * 1024;
/** Source: API Reference, LayerPartTooSmallException. */
const SMALLEST_PART = 5 * 1024 * 1024;
/** What a layer is until a manifest names its type. */
const UNNAMED = 'application/vnd.docker.image.rootfs.diff.tar.gzip';

type EcrOperation<O extends 'InitiateLayerUpload' | 'UploadLayerPart' | 'CompleteLayerUpload'> = Operation<
  Input<'ecr', O>,
  Output<'ecr', O>,
  RepositoryTarget
>;

/** The upload of this repository. @throws UploadNotFoundException */
export function existingUpload(read: Read, repository: RepositoryRecord, uploadId: string): UploadRecord {
  const upload = read.get(uploads, repository.id, uploadId);
  if (upload === undefined) throw uploadNotFound(repository, uploadId);
  return upload;
}

export const InitiateLayerUpload: EcrOperation<'InitiateLayerUpload'> = operation('ecr', 'InitiateLayerUpload', {
  resolve: targetRepository,
  authorize: onRepository('InitiateLayerUpload'),
  handle: (context) => {
    const repository = existing(context);
    const { tx, now, ids } = context;
    const uploadId = ids.uuid();
    tx.put(uploads, repository.id, uploadId, { uploadId, startedAt: now, touchedAt: now });
    return { uploadId, partSize: PART_SIZE };
  },
});

/** The operations that need a place for bytes. */
export function createLayerUploads(blobs: BlobStore): {
  readonly UploadLayerPart: EcrOperation<'UploadLayerPart'>;
  readonly CompleteLayerUpload: EcrOperation<'CompleteLayerUpload'>;
} {
  return {
    UploadLayerPart: operation('ecr', 'UploadLayerPart', {
      resolve: targetRepository,
      authorize: onRepository('UploadLayerPart'),
      handle: (context) => {
        const repository = existing(context);
        const { input, tx, now, transact } = context;
        const { uploadId, layerPartBlob: part, partFirstByte: first, partLastByte: last } = input;
        existingUpload(tx, repository, uploadId);
        return (async () => {
          if (part.length === 0 || last - first + 1 !== part.length) {
            throw invalidLayerPart(repository, uploadId, await blobs.received(uploadId));
          }
          const received = await blobs.append(uploadId, part, first).catch((error: unknown) => {
            throw error instanceof WrongOffset ? invalidLayerPart(repository, uploadId, error.received) : error;
          });
          transact((later) => {
            const upload = existingUpload(later, repository, uploadId);
            const tooSmall = upload.tooSmall === true || (upload.lastPart ?? SMALLEST_PART) < SMALLEST_PART;
            later.put(uploads, repository.id, uploadId, { ...upload, touchedAt: now, lastPart: part.length, tooSmall });
          });
          return {
            registryId: repository.account,
            repositoryName: repository.name,
            uploadId,
            lastByteReceived: received - 1,
          };
        })();
      },
    }),

    CompleteLayerUpload: operation('ecr', 'CompleteLayerUpload', {
      resolve: targetRepository,
      authorize: onRepository('CompleteLayerUpload'),
      handle: (context) => {
        const repository = existing(context);
        const { input, tx, now, transact, callerContext } = context;
        const { uploadId, layerDigests } = input;
        const digest = layerDigests[0];
        if (layerDigests.length !== 1 || digest === undefined || !isDigest(digest)) {
          // unverified: the text. Clients send one; what further ones mean is not documented.
          throw invalidParameter('layerDigests', 'must have one digest of the form sha256:HEX');
        }
        const upload = existingUpload(tx, repository, uploadId);
        if (callerContext[THROUGH_REGISTRY] === undefined) {
          // docker checks for itself which layers are there, and sends chunks of any size.
          if (upload.lastPart === undefined) throw emptyUpload();
          if (upload.tooSmall === true) throw layerPartTooSmall();
          if (tx.get(layers, repository.id, digest) !== undefined) throw layerAlreadyExists(repository, digest);
        }
        return finish(blobs, { repository, uploadId, digest, now, transact });
      },
    }),
  };
}

interface Finished {
  readonly repository: RepositoryRecord;
  readonly uploadId: string;
  readonly digest: string;
  readonly now: number;
  readonly transact: <R>(work: (tx: Tx) => R) => R;
}

async function finish(blobs: BlobStore, { repository, uploadId, digest, now, transact }: Finished) {
  let size: number;
  try {
    ({ size } = await blobs.finish(uploadId, digest));
  } catch (error) {
    if (!(error instanceof WrongDigest)) throw error;
    transact((tx) => tx.delete(uploads, repository.id, uploadId));
    throw wrongLayerDigest(digest, error.actual);
  }
  try {
    transact((tx) => {
      // The repository may have gone, and another of its name have come, while the content was checked.
      if (findRepository(tx, repository)?.id !== repository.id) throw repositoryNotFound(repository);
      giveLayer(tx, repository, { digest, size }, now);
      tx.delete(uploads, repository.id, uploadId);
    });
  } finally {
    blobs.release(digest);
  }
  return { registryId: repository.account, repositoryName: repository.name, uploadId, layerDigest: digest };
}

/** The repository has the blob from now on. */
export function giveLayer(
  tx: Tx,
  repository: RepositoryRecord,
  blob: { readonly digest: string; readonly size: number; readonly mediaType?: string },
  now: number,
): void {
  const mediaType = blob.mediaType ?? tx.get(layers, repository.id, blob.digest)?.mediaType ?? UNNAMED;
  tx.put(layers, repository.id, blob.digest, { digest: blob.digest, size: blob.size, mediaType, pushedAt: now });
}
