import type { IncomingMessage, ServerResponse } from 'node:http';
import { pipeline } from 'node:stream/promises';
import { AwsError } from '../../../core/errors.ts';
import type { LayerContent } from '../layers.ts';
import { layerContent } from '../layers.ts';
import { isDigest } from '../manifests.ts';
import { layers } from '../records.ts';
import { RegistryError, send } from './answers.ts';
import type { BlobStore, ByteRange } from './blob-store.ts';
import type { Visit } from './visit.ts';

/** HEAD: is the layer there? What docker asks before it pushes one. */
export async function headBlob(visit: Visit, digest: string): Promise<void> {
  checkDigest(digest);
  const { layers: found } = await visit.call('BatchCheckLayerAvailability', { layerDigests: [digest] });
  const layer = visit.gateway.store.get(layers, visit.repository().id, digest);
  if (found?.[0]?.layerAvailability !== 'AVAILABLE' || layer === undefined) throw blobUnknown(digest);
  // A layer whose file somebody took is pushed again.
  if (layer.data === undefined && !visit.blobs.has(digest)) throw blobUnknown(digest);
  send(visit.response, 200, { ...blobHeaders(digest), 'content-length': layer.size });
}

/** GET: the layer. ECR leads to a download URL here; we have the bytes. */
export async function getBlob(visit: Visit, digest: string): Promise<void> {
  checkDigest(digest);
  try {
    if (!visit.isCalledFor(digest)) await visit.call('GetDownloadUrlForLayer', { layerDigest: digest });
  } catch (error) {
    if (error instanceof AwsError && error.code === 'LayersNotFoundException') throw blobUnknown(digest);
    throw error;
  }
  const layer = visit.gateway.store.get(layers, visit.repository().id, digest);
  if (layer === undefined) throw blobUnknown(digest);
  await sendLayer(visit.blobs, layerContent(layer), visit.message, visit.response);
}

/** ECR has no call for it: layers go when no image names them any more. */
export function deleteBlob(): never {
  throw new RegistryError(
    405,
    'UNSUPPORTED',
    'Layers cannot be deleted by themselves: they go once no image of the repository names them.',
    { allow: 'GET, HEAD' },
  );
}

export function checkDigest(text: string): void {
  if (!isDigest(text)) {
    throw new RegistryError(400, 'DIGEST_INVALID', 'A digest is `sha256:` and 64 lower-case hexadecimal digits.');
  }
}

export function blobUnknown(digest: string): RegistryError {
  return new RegistryError(404, 'BLOB_UNKNOWN', `The layer with digest ${digest} does not exist in the repository.`);
}

function blobHeaders(digest: string): Record<string, string> {
  return {
    'content-type': 'application/octet-stream',
    'docker-content-digest': digest,
    'accept-ranges': 'bytes',
    etag: `"${digest}"`,
  };
}

/** Sends a layer, or the range of it that is asked for, as the disk gives it. */
export async function sendLayer(
  blobs: BlobStore,
  { digest, size, content }: LayerContent,
  message: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const headers = blobHeaders(digest);
  const range = readRange(message.headers.range, size);
  if (range === 'unsatisfiable') {
    throw new RegistryError(416, 'RANGE_INVALID', `The layer has ${size} bytes.`, {
      'content-range': `bytes */${size}`,
    });
  }
  if (content === undefined && !blobs.has(digest)) {
    // The record says that the layer was pushed, but somebody took the file.
    throw new RegistryError(
      404,
      'BLOB_UNKNOWN',
      `The content of the layer with digest ${digest} is lost; push it again.`,
    );
  }
  const { start, end } = range ?? { start: 0, end: size - 1 };
  response.writeHead(range === undefined ? 200 : 206, {
    'docker-distribution-api-version': 'registry/2.0',
    ...headers,
    'content-length': end - start + 1,
    ...(range === undefined ? {} : { 'content-range': `bytes ${start}-${end}/${size}` }),
  });
  if (message.method === 'HEAD' || size === 0) {
    response.end();
    return;
  }
  if (content !== undefined) {
    response.end(content.subarray(start, end + 1));
    return;
  }
  await pipeline(blobs.read(digest, { start, end }), response);
}

/** One range of bytes. Several, or what is no range, are answered with the whole. Source: RFC 9110, 14.2. */
export function readRange(header: string | undefined, size: number): ByteRange | undefined | 'unsatisfiable' {
  const found = /^bytes=(\d*)-(\d*)$/.exec(header?.trim() ?? '');
  if (found === null) return undefined;
  const [, first = '', last = ''] = found;
  if (first === '' && last === '') return undefined;
  if (first === '') {
    const length = Math.min(Number(last), size);
    return length === 0 ? 'unsatisfiable' : { start: size - length, end: size - 1 };
  }
  const start = Number(first);
  if (start >= size) return 'unsatisfiable';
  if (last !== '' && Number(last) < start) return undefined;
  return { start, end: last === '' ? size - 1 : Math.min(Number(last), size - 1) };
}
