import { createHash } from 'node:crypto';
import type { ImageIdentifier } from '../../../wire/generated/types/ecr.ts';
import { findImage } from '../images.ts';
import { isDigest, OCI_INDEX } from '../manifests.ts';
import { type ImageRecord, images } from '../records.ts';
import { findRepository } from '../target.ts';
import { RegistryError, send } from './answers.ts';
import { checkDigest } from './blobs.ts';
import { isTag } from './names.ts';
import { readReferences } from './referrers.ts';
import type { Visit } from './visit.ts';

/** Source: API Reference, PutImage, imageManifest: at most 4194304 characters. */
const LARGEST_MANIFEST = 4 * 1024 * 1024;

/** GET and HEAD: the manifest under a tag or digest, if its type is among those that the client accepts. */
export async function getManifest(visit: Visit, reference: string): Promise<void> {
  const id = imageId(reference);
  const accepted = acceptedTypes(visit.message.headers.accept);
  const record = calledFor(visit, id, accepted) ?? (await calledForNow(visit, id, accepted));
  if (hasForeignDigest(record)) {
    throw manifestUnknown('A program of this machine stands in for this image: it has no content of its own.');
  }
  const { digest, mediaType, manifest } = record;
  send(
    visit.response,
    200,
    { 'content-type': mediaType, 'docker-content-digest': digest, etag: `"${digest}"` },
    Buffer.from(manifest, 'utf8'),
  );
}

/** The image, if it belongs to a pull whose calls were made. */
function calledFor(visit: Visit, id: ImageIdentifier, accepted: readonly string[]): ImageRecord | undefined {
  const { store } = visit.gateway;
  const repository = findRepository(store, visit.address);
  const image = repository === undefined ? undefined : findImage(store, repository, id);
  if (image === undefined || !visit.isCalledFor(image.digest)) return undefined;
  return accepted.length === 0 || accepted.includes(image.mediaType) ? image : undefined;
}

async function calledForNow(visit: Visit, id: ImageIdentifier, accepted: string[]): Promise<ImageRecord> {
  const { images: found = [], failures = [] } = await visit.call('BatchGetImage', {
    imageIds: [id],
    ...(accepted.length === 0 ? {} : { acceptedMediaTypes: accepted }),
  });
  const digest = found[0]?.imageId?.imageDigest;
  const image = digest === undefined ? undefined : visit.gateway.store.get(images, visit.repository().id, digest);
  if (image === undefined) throw manifestUnknown(failures[0]?.failureReason ?? 'Requested image not found');
  return image;
}

/** PUT: an image or index. Its layers or images must be there already. */
export async function putManifest(visit: Visit, reference: string): Promise<void> {
  const { imageTag, imageDigest } = imageId(reference);
  const body = await readBody(visit);
  const text = body.toString('utf8');
  if (!Buffer.from(text, 'utf8').equals(body)) throw manifestInvalid('The manifest is not UTF-8.');
  const type = visit.message.headers['content-type']?.split(';')[0]?.trim();
  const declared =
    type === undefined || type === '' || type === 'application/json' ? {} : { imageManifestMediaType: type };
  const { image } = await visit.call('PutImage', {
    imageManifest: text,
    ...declared,
    ...(imageTag === undefined ? {} : { imageTag }),
    ...(imageDigest === undefined ? {} : { imageDigest }),
  });
  const digest = image?.imageId?.imageDigest ?? '';
  const subject = subjectOf(text);
  send(visit.response, 201, {
    location: `${visit.base}/manifests/${digest}`,
    'docker-content-digest': digest,
    // Source: OCI distribution spec 1.1, pushing manifests with subject.
    ...(subject === undefined ? {} : { 'oci-subject': subject }),
  });
}

/** DELETE. As ECR does it: by tag the tag goes, and the image with its last one; by digest the image and all its tags. */
export async function deleteManifest(visit: Visit, reference: string): Promise<void> {
  const { failures = [] } = await visit.call('BatchDeleteImage', { imageIds: [imageId(reference)] });
  const [failure] = failures;
  if (failure === undefined) return send(visit.response, 202, {});
  const reason = failure.failureReason ?? 'Requested image not found';
  if (failure.failureCode === 'ImageReferencedByManifestList') throw new RegistryError(405, 'UNSUPPORTED', reason);
  throw manifestUnknown(reason);
}

/** GET tags/list: `n` at a time after `last`, in order of their characters. */
export async function listTags(visit: Visit): Promise<void> {
  const { query } = visit;
  const asked = query.get('n');
  if (asked !== null && !/^\d{1,9}$/.test(asked)) {
    throw new RegistryError(400, 'UNSUPPORTED', 'n is not a whole number.');
  }
  const tags: string[] = [];
  let nextToken: string | undefined;
  do {
    const page = await visit.call('ListImages', {
      filter: { tagStatus: 'TAGGED' },
      maxResults: 1000,
      ...(nextToken === undefined ? {} : { nextToken }),
    });
    for (const { imageTag } of page.imageIds ?? []) if (imageTag !== undefined) tags.push(imageTag);
    nextToken = page.nextToken;
  } while (nextToken !== undefined);
  tags.sort();
  const last = query.get('last');
  const rest = last === null ? tags : tags.filter((tag) => tag > last);
  const shown = asked === null ? rest : rest.slice(0, Number(asked));
  const end = shown.at(-1);
  const more = end !== undefined && shown.length < rest.length;
  const link = `<${visit.base}/tags/list?n=${asked}&last=${encodeURIComponent(end ?? '')}>; rel="next"`;
  const name = visit.base.slice('/v2/'.length);
  send(
    visit.response,
    200,
    { 'content-type': 'application/json; charset=utf-8', ...(more ? { link } : {}) },
    `${JSON.stringify({ name, tags: shown })}\n`,
  );
}

/** GET referrers: the images whose subject is this one, as an index. */
export async function listReferrers(visit: Visit, digest: string): Promise<void> {
  checkDigest(digest);
  const type = visit.query.get('artifactType');
  const manifests: object[] = [];
  let nextToken: string | undefined;
  do {
    const page = await visit.call('ListImageReferrers', {
      subjectId: { imageDigest: digest },
      ...(type === null ? {} : { filter: { artifactTypes: [type] } }),
      ...(nextToken === undefined ? {} : { nextToken }),
    });
    for (const { artifactStatus: _, ...descriptor } of page.referrers ?? []) manifests.push(descriptor);
    nextToken = page.nextToken;
  } while (nextToken !== undefined);
  send(
    visit.response,
    200,
    { 'content-type': OCI_INDEX, ...(type === null ? {} : { 'oci-filters-applied': 'artifactType' }) },
    JSON.stringify({ schemaVersion: 2, mediaType: OCI_INDEX, manifests }),
  );
}

/** @throws RegistryError for what is neither a tag nor a digest */
function imageId(reference: string): ImageIdentifier {
  if (isDigest(reference)) return { imageDigest: reference };
  if (isTag(reference)) return { imageTag: reference };
  throw new RegistryError(400, 'TAG_INVALID', 'This is neither a tag nor a digest of the form sha256:HEX.');
}

/** Types of the Accept header; none when any will do. */
function acceptedTypes(header: string | undefined): string[] {
  const types = (header ?? '').split(',').map((one) => one.split(';')[0]!.trim());
  return types.includes('*/*') || types.includes('application/*')
    ? []
    : types.filter((type) => type !== '').slice(0, 100);
}

/** A stand-in under a digest that an image name asked for: its manifest cannot be the one that has it. */
function hasForeignDigest({ standIn, digest, manifest }: ImageRecord): boolean {
  return standIn === true && `sha256:${createHash('sha256').update(manifest, 'utf8').digest('hex')}` !== digest;
}

function manifestUnknown(reason: string): RegistryError {
  return new RegistryError(404, 'MANIFEST_UNKNOWN', reason);
}

function manifestInvalid(reason: string): RegistryError {
  return new RegistryError(400, 'MANIFEST_INVALID', reason);
}

async function readBody({ message }: Visit): Promise<Buffer> {
  const pieces: Buffer[] = [];
  let length = 0;
  // A body that is too long is read no further, but its connection stays for the answer.
  for await (const piece of message.iterator({ destroyOnReturn: false })) {
    length += (piece as Buffer).length;
    if (length > LARGEST_MANIFEST) {
      throw new RegistryError(413, 'SIZE_INVALID', `Manifests have at most ${LARGEST_MANIFEST} bytes.`);
    }
    pieces.push(piece as Buffer);
  }
  return Buffer.concat(pieces, length);
}

function subjectOf(manifest: string): string | undefined {
  const { subject } = readReferences(manifest);
  return subject !== undefined && isDigest(subject) ? subject : undefined;
}
