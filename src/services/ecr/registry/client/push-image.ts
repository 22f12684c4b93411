import { createHash } from 'node:crypto';
import type { Readable } from 'node:stream';
import { type Descriptor, readImageManifest, readIndex } from './layout.ts';
import { RegistryClient, type RegistryClientOptions } from './registry-client.ts';

/** Where the parts of an image come from. */
export interface ImageSource {
  /** Undefined: the source has no such blob. */
  blob(digest: string): { readonly size: number; open(): Readable } | undefined;
  /** A manifest, whole. @throws Error when the source has none of this digest */
  manifest(digest: string): Promise<Buffer>;
}

export interface PushRequest extends RegistryClientOptions {
  /** The repository as the registry's paths have it. */
  readonly repository: string;
  /** Undefined: pushed by digest only. */
  readonly tag: string | undefined;
  /** What is pushed: an image or an index with its images. */
  readonly image: Descriptor;
  readonly source: ImageSource;
}

/** Pushes an image, layers that are there already left out. @throws RegistryRefusal; Error for a source that lacks a part */
export async function pushImage(request: PushRequest): Promise<{ readonly digest: string }> {
  const client = new RegistryClient(request);
  try {
    await pushManifest(client, request, request.image, request.tag ?? request.image.digest);
    return { digest: request.image.digest };
  } finally {
    client.close();
  }
}

async function pushManifest(
  client: RegistryClient,
  request: PushRequest,
  { digest, mediaType }: Descriptor,
  reference: string,
): Promise<void> {
  const { repository, source } = request;
  const bytes = await source.manifest(digest);
  const members = readIndex(bytes);
  if (members === undefined) {
    const { config, layers } = readImageManifest(bytes);
    for (const blob of new Map([config, ...layers].map((one) => [one.digest, one])).values()) {
      await pushBlob(client, repository, source, blob);
    }
  } else {
    for (const member of members) await pushManifest(client, request, member, member.digest);
  }
  const { mediaType: own } = JSON.parse(bytes.toString('utf8')) as { mediaType?: string };
  const answer = await client.ask('PUT', `/v2/${repository}/manifests/${encodeURIComponent(reference)}`, {
    headers: { 'content-type': own ?? mediaType },
    body: bytes,
  });
  answer.resume();
}

async function pushBlob(
  client: RegistryClient,
  repository: string,
  source: ImageSource,
  { digest }: Descriptor,
): Promise<void> {
  const there = await client.tryOut('HEAD', `/v2/${repository}/blobs/${digest}`);
  there.resume();
  if (there.statusCode === 200) return;
  const blob = source.blob(digest);
  if (blob === undefined) throw new Error(`the image lacks its blob ${digest}`);
  const started = await client.ask('POST', `/v2/${repository}/blobs/uploads/`);
  started.resume();
  const location = started.headers.location ?? '';
  const joint = location.includes('?') ? '&' : '?';
  const done = await client.ask('PUT', `${location}${joint}digest=${encodeURIComponent(digest)}`, {
    headers: { 'content-type': 'application/octet-stream' },
    body: { stream: blob.open(), length: blob.size },
  });
  done.resume();
}

export function digestOf(bytes: Buffer): string {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
}
