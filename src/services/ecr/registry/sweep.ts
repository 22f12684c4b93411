import type { Store } from '../../../store/store.ts';
import { readManifest } from '../manifests.ts';
import { type ImageRecord, images, layers, uploads } from '../records.ts';
import type { BlobStore } from './blob-store.ts';

/** How long an upload may rest, and a layer be without an image that names it, in milliseconds. */
const ABANDONED_AFTER = 24 * 3_600_000;

/**
 * Removes what nobody needs: uploads that nobody goes on with, layers that no image of their repository names, and the
 * files of both. What was pushed within a day stays, for its manifest comes last.
 */
export function sweep(store: Store, blobs: BlobStore, now: number): void {
  const abandoned = now - ABANDONED_AFTER;
  store.transact((tx) => {
    for (const repository of tx.partitions(uploads)) {
      for (const upload of tx.list(uploads, repository)) {
        if (upload.touchedAt <= abandoned) tx.delete(uploads, repository, upload.uploadId);
      }
    }
    for (const repository of tx.partitions(layers)) {
      const named = new Set(tx.list(images, repository).flatMap(blobsOf));
      for (const { digest, pushedAt } of tx.list(layers, repository)) {
        if (pushedAt !== undefined && pushedAt <= abandoned && !named.has(digest))
          tx.delete(layers, repository, digest);
      }
    }
  });
  const kept = new Set(store.partitions(layers).flatMap((id) => store.list(layers, id).map(({ digest }) => digest)));
  const going = new Set(
    store.partitions(uploads).flatMap((id) => store.list(uploads, id).map(({ uploadId }) => uploadId)),
  );
  blobs.sweep({ blob: (digest) => kept.has(digest), upload: (uploadId) => going.has(uploadId) });
}

function blobsOf({ manifest, mediaType }: ImageRecord): string[] {
  return readManifest(manifest, mediaType).blobs.map(({ digest }) => digest);
}
