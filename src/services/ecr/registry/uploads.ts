import { layers, type RepositoryRecord, regional, repositories, uploads } from '../records.ts';
import type { RepositoryAddress } from '../target.ts';
import { asRegistryError, RegistryError, send } from './answers.ts';
import { WrongOffset } from './blob-store.ts';
import { checkDigest } from './blobs.ts';
import { existingUpload, giveLayer } from './layer-uploads.ts';
import type { Visit } from './visit.ts';

/** POST: begins an upload; with `mount` and `from` the layer of another repository is taken; with `digest` the body is all. */
export async function startUpload(
  visit: Visit,
  locate: (name: string) => RepositoryAddress | undefined,
): Promise<void> {
  const { query } = visit;
  const whole = query.get('digest');
  const mount = query.get('mount');
  for (const digest of [whole, mount]) if (digest !== null) checkDigest(digest);
  const { uploadId = '' } = await visit.call('InitiateLayerUpload', {});
  const from = query.get('from');
  if (mount !== null && from !== null && (await mountLayer(visit, mount, locate(from)))) {
    await abandon(visit, uploadId);
    answerCreated(visit, mount);
    return;
  }
  if (whole !== null) {
    await receive(visit, uploadId);
    await complete(visit, uploadId, whole);
    return;
  }
  answerProgress(visit, 202, uploadId, 0);
}

/** PATCH: a chunk, or all of it as a stream. */
export async function uploadChunk(visit: Visit, uploadId: string): Promise<void> {
  const received = await receive(visit, uploadId);
  answerProgress(visit, 202, uploadId, received);
}

/** PUT: the last chunk, if there is one, and the digest of the whole. */
export async function finishUpload(visit: Visit, uploadId: string): Promise<void> {
  const digest = visit.query.get('digest');
  if (digest === null) throw new RegistryError(400, 'DIGEST_INVALID', 'The query has no digest.');
  checkDigest(digest);
  if (hasBody(visit)) await receive(visit, uploadId);
  await complete(visit, uploadId, digest);
}

/** GET: how far it is. What may add to an upload may ask. */
export async function uploadStatus(visit: Visit, uploadId: string): Promise<void> {
  await visit.authorize('UploadLayerPart', { uploadId });
  existingUpload(visit.gateway.store, visit.repository(), uploadId);
  answerProgress(visit, 204, uploadId, await visit.blobs.received(uploadId));
}

/** DELETE: gives it up. */
export async function cancelUpload(visit: Visit, uploadId: string): Promise<void> {
  await visit.authorize('UploadLayerPart', { uploadId });
  existingUpload(visit.gateway.store, visit.repository(), uploadId);
  await abandon(visit, uploadId);
  send(visit.response, 204, {});
}

async function complete(visit: Visit, uploadId: string, digest: string): Promise<void> {
  await visit.call('CompleteLayerUpload', { uploadId, layerDigests: [digest] });
  answerCreated(visit, digest);
}

/** Takes the body in, and gives the bytes of the upload so far. Authorized before the first byte is read. */
async function receive(visit: Visit, uploadId: string): Promise<number> {
  const { message, blobs, gateway } = visit;
  const at = chunkStart(message.headers['content-range']);
  const last = message.headers['content-range'] === undefined ? undefined : chunkEnd(message.headers['content-range']);
  await visit.authorize('UploadLayerPart', {
    uploadId,
    ...(at === undefined ? {} : { partFirstByte: at }),
    ...(last === undefined ? {} : { partLastByte: last }),
  });
  const repository = visit.repository();
  existingUpload(gateway.store, repository, uploadId);
  let received: number;
  try {
    received = await blobs.append(uploadId, message.iterator({ destroyOnReturn: false }), at);
  } catch (error) {
    if (!(error instanceof WrongOffset)) throw error;
    throw new RegistryError(416, 'RANGE_INVALID', `The upload has ${error.received} bytes, and goes on from there.`, {
      location: uploadPath(visit, uploadId),
      range: rangeOf(error.received),
    });
  } finally {
    touch(visit, repository, uploadId);
  }
  return received;
}

function touch(visit: Visit, repository: RepositoryRecord, uploadId: string): void {
  visit.gateway.store.transact((tx) => {
    const upload = tx.get(uploads, repository.id, uploadId);
    if (upload !== undefined) tx.put(uploads, repository.id, uploadId, { ...upload, touchedAt: visit.now });
  });
}

/** `0-99`: the form of the distribution spec, without a unit. */
function chunkStart(header: string | undefined): number | undefined {
  if (header === undefined) return undefined;
  const found = /^(?:bytes[ =])?(\d{1,15})-(\d{1,15})(?:\/.*)?$/.exec(header);
  if (found === null || Number(found[2]) < Number(found[1])) {
    throw new RegistryError(400, 'BLOB_UPLOAD_INVALID', 'The Content-Range is not of the form START-END.');
  }
  return Number(found[1]);
}

function chunkEnd(header: string): number {
  return Number(/-(\d+)/.exec(header)?.[1]);
}

function hasBody({ message }: Visit): boolean {
  const { 'content-length': length, 'transfer-encoding': encoding } = message.headers;
  return encoding !== undefined || (length !== undefined && length !== '0');
}

/**
 * Takes a layer from another repository of the same registry. False: the client uploads it.
 * Source: ECR User Guide, blob mounting: same account and Region, the same encryption, and ecr:GetDownloadUrlForLayer on
 * the repository that it comes from. unverified: what it takes on the other side; here, all that an upload would take.
 */
async function mountLayer(visit: Visit, digest: string, from: RepositoryAddress | undefined): Promise<boolean> {
  const { address, gateway } = visit;
  if (from === undefined || from.account !== address.account || from.region !== address.region) return false;
  try {
    await visit.authorize('GetDownloadUrlForLayer', { layerDigest: digest }, from);
  } catch (error) {
    if (asRegistryError(error)?.status !== 403) throw error;
    // Recorded as refused; the push goes on with an upload.
    return false;
  }
  const { store } = gateway;
  const source = store.get(repositories, regional(from.account, from.region), from.name);
  const layer = source === undefined ? undefined : store.get(layers, source.id, digest);
  if (source === undefined || layer === undefined || layer.data !== undefined) return false;
  const { encryption } = visit.repository();
  if (source.encryption.encryptionType !== encryption.encryptionType) return false;
  if (source.encryption.kmsKey !== encryption.kmsKey) return false;
  await visit.authorize('UploadLayerPart', {});
  await visit.authorize('CompleteLayerUpload', { layerDigests: [digest] });
  store.transact((tx) => giveLayer(tx, visit.repository(), layer, visit.now));
  await store.committed();
  return true;
}

async function abandon(visit: Visit, uploadId: string): Promise<void> {
  const { store } = visit.gateway;
  const { id } = visit.repository();
  store.transact((tx) => tx.delete(uploads, id, uploadId));
  await visit.blobs.discard(uploadId);
  await store.committed();
}

function answerCreated(visit: Visit, digest: string): void {
  send(visit.response, 201, { location: `${visit.base}/blobs/${digest}`, 'docker-content-digest': digest });
}

function answerProgress(visit: Visit, status: number, uploadId: string, received: number): void {
  send(visit.response, status, {
    location: uploadPath(visit, uploadId),
    range: rangeOf(received),
    'docker-upload-uuid': uploadId,
  });
}

function uploadPath(visit: Visit, uploadId: string): string {
  return `${visit.base}/blobs/uploads/${uploadId}`;
}

/** `0-N`, both ends included; nothing at all is `0-0` too, as docker's registry has it. */
function rangeOf(received: number): string {
  return `0-${Math.max(received - 1, 0)}`;
}
