import { operation } from '../../../gateway/operation.ts';
import type { ImageReferrer } from '../../../wire/generated/types/ecr.ts';
import { pageOf } from '../pages.ts';
import { type ImageRecord, images } from '../records.ts';
import { existing, onRepository, targetRepository } from '../target.ts';

interface References {
  /** Digest of the image that this one belongs to (a signature, an SBOM). */
  readonly subject: string | undefined;
  readonly artifactType: string | undefined;
  readonly annotations: Readonly<Record<string, string>> | undefined;
}

const read = new WeakMap<ImageRecord, References>();

/** The same, once for each image. */
function referencesOf(image: ImageRecord): References {
  let found = read.get(image);
  if (found === undefined) {
    found = readReferences(image.manifest);
    read.set(image, found);
  }
  return found;
}

/** What a manifest says of its subject. Source: OCI image spec 1.1, manifest and index. */
export function readReferences(manifest: string): References {
  const { subject, artifactType, config, annotations } = JSON.parse(manifest) as Record<string, unknown>;
  const text = (holder: unknown, member: string): string | undefined => {
    const value = (holder as Record<string, unknown> | null | undefined)?.[member];
    return typeof value === 'string' ? value : undefined;
  };
  const noted = Object.entries((annotations ?? {}) as object).filter(([, value]) => typeof value === 'string');
  return {
    subject: text(subject, 'digest'),
    // Source: OCI distribution spec, listing referrers: without artifactType the config's media type stands for it.
    artifactType: typeof artifactType === 'string' && artifactType !== '' ? artifactType : text(config, 'mediaType'),
    annotations: noted.length === 0 ? undefined : (Object.fromEntries(noted) as Record<string, string>),
  };
}

export const ListImageReferrers = operation('ecr', 'ListImageReferrers', {
  resolve: targetRepository,
  authorize: onRepository('ListImageReferrers'),
  handle: (context) => {
    const repository = existing(context);
    const { input, tx } = context;
    const { artifactTypes = [], artifactStatus = 'ACTIVE' } = input.filter ?? {};
    const all: ImageReferrer[] = [];
    // No image is ever archived here.
    if (artifactStatus === 'ACTIVE' || artifactStatus === 'ANY') {
      for (const image of tx.list(images, repository.id)) {
        const { subject, artifactType, annotations } = referencesOf(image);
        if (subject !== input.subjectId.imageDigest) continue;
        if (artifactTypes.length > 0 && !artifactTypes.includes(artifactType ?? '')) continue;
        all.push({
          digest: image.digest,
          mediaType: image.mediaType,
          size: Buffer.byteLength(image.manifest, 'utf8'),
          ...(artifactType === undefined ? {} : { artifactType }),
          ...(annotations === undefined ? {} : { annotations }),
          artifactStatus: 'ACTIVE',
        });
      }
    }
    const { items, nextToken } = pageOf(all, ({ digest }) => digest, input);
    return { referrers: items, ...nextToken };
  },
});
