import { createHash } from 'node:crypto';
import { rmSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { type Descriptor, type ImageManifest, Layout, readImageManifest, readIndex } from './layout.ts';
import { RegistryClient, RegistryRefusal, readAll } from './registry-client.ts';

export interface Platform {
  readonly os: string;
  /** As Go names it: `amd64`, `arm64`. */
  readonly architecture: string;
  readonly variant?: string;
}

export interface PullRequest {
  /** Base URL of the registry. */
  readonly endpoint: string;
  /** The repository as the registry's paths have it, e.g. `000000000000/eu-west-1/app`. */
  readonly repository: string;
  /** A tag or a digest; of an image name with both, the digest. */
  readonly reference: string;
  /** Value of the Authorization header. */
  readonly authorization?: string;
  /** Which image of an index. Default: Linux on this machine's architecture. */
  readonly platform?: Platform;
  /** Directory of an OCI image layout; made when it is missing. Blobs that are there are not fetched again. */
  readonly into: string;
  readonly signal?: AbortSignal;
}

export interface PulledImage {
  /** The layout's directory. */
  readonly directory: string;
  /** Digest of what the reference names: of the index, where it is one. */
  readonly digest: string;
  /** The image of the platform; its manifest is a blob of the layout. */
  readonly image: Descriptor;
  readonly manifest: ImageManifest;
}

const MANIFEST_TYPES = [
  'application/vnd.oci.image.manifest.v1+json',
  'application/vnd.oci.image.index.v1+json',
  'application/vnd.docker.distribution.manifest.v2+json',
  'application/vnd.docker.distribution.manifest.list.v2+json',
].join(', ');
const LARGEST_MANIFEST = 4 * 1024 * 1024;
const AT_ONCE = 3;
const ATTEMPTS = 3;

export const thisPlatform: Platform = {
  os: 'linux',
  architecture: process.arch === 'x64' ? 'amd64' : process.arch,
};

/**
 * Pulls an image into an OCI image layout. What arrives is checked against its digest and size before it counts; a layer
 * whose connection breaks goes on where it stopped.
 * @throws RegistryRefusal with the registry's own words; Error for what is no image
 */
export async function pullImage(request: PullRequest): Promise<PulledImage> {
  const { repository, reference, platform = thisPlatform } = request;
  const client = new RegistryClient(request);
  try {
    const layout = new Layout(request.into);
    const named = await fetchManifest(client, repository, reference);
    layout.put(named.descriptor.digest, named.bytes);
    let chosen = named;
    const members = readIndex(named.bytes);
    if (members !== undefined) {
      const member = chooseMember(members, platform);
      if (member === undefined) throw noPlatform(members, platform);
      chosen = await fetchManifest(client, repository, member.digest);
      layout.put(chosen.descriptor.digest, chosen.bytes);
    }
    const manifest = readImageManifest(chosen.bytes);
    const wanted = [manifest.config, ...manifest.layers].filter((blob) => !layout.has(blob));
    await fetchAll(client, repository, layout, wanted);
    layout.name(chosen.descriptor, `${repository}:${reference}`);
    return { directory: layout.directory, digest: named.descriptor.digest, image: chosen.descriptor, manifest };
  } finally {
    client.close();
  }
}

async function fetchManifest(client: RegistryClient, repository: string, reference: string) {
  const path = `/v2/${repository}/manifests/${encodeURIComponent(reference)}`;
  const answer = await client.ask('GET', path, { headers: { accept: MANIFEST_TYPES } });
  const bytes = await readAll(answer, LARGEST_MANIFEST);
  const digest = `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
  const stated = reference.startsWith('sha256:') ? reference : answer.headers['docker-content-digest'];
  if (stated !== undefined && stated !== digest)
    throw new Error(`the manifest of ${repository}:${reference} has the digest ${digest}, not ${String(stated)}`);
  const mediaType = answer.headers['content-type']?.split(';')[0]?.trim() ?? '';
  return { bytes, descriptor: { mediaType, digest, size: bytes.length } satisfies Descriptor };
}

/** The image of a platform in an index: the exact variant, else one that names none, else the first of the architecture. */
export function chooseMember(members: readonly Descriptor[], platform: Platform): Descriptor | undefined {
  const fitting = members.filter(
    ({ platform: own }) => own?.os === platform.os && own.architecture === platform.architecture,
  );
  // Source: OCI image spec, platform variants: arm64 without one is v8.
  const wanted = platform.variant ?? (platform.architecture === 'arm64' ? 'v8' : undefined);
  const exact = fitting.find(({ platform: own }) => own?.variant === wanted);
  return exact ?? fitting.find(({ platform: own }) => own?.variant === undefined) ?? fitting[0];
}

function noPlatform(members: readonly Descriptor[], { os, architecture }: Platform): RegistryRefusal {
  const have = members.map(({ platform }) => `${platform?.os ?? '?'}/${platform?.architecture ?? '?'}`).join(', ');
  // Source: containerd's text, which docker shows.
  return new RegistryRefusal(
    404,
    'MANIFEST_UNKNOWN',
    `no matching manifest for ${os}/${architecture} in the manifest list entries (it has ${have})`,
  );
}

async function fetchAll(client: RegistryClient, repository: string, layout: Layout, blobs: readonly Descriptor[]) {
  const left = [...new Map(blobs.map((blob) => [blob.digest, blob])).values()];
  const work = async () => {
    for (let blob = left.shift(); blob !== undefined; blob = left.shift()) {
      await fetchBlob(client, repository, layout, blob);
    }
  };
  const workers = await Promise.allSettled(Array.from({ length: AT_ONCE }, work));
  for (const worker of workers) if (worker.status === 'rejected') throw worker.reason;
}

async function fetchBlob(client: RegistryClient, repository: string, layout: Layout, blob: Descriptor): Promise<void> {
  const { digest, size } = blob;
  const partial = layout.partialFile(digest);
  const file = await open(partial, 'wx', 0o600);
  try {
    const hash = createHash('sha256');
    let received = 0;
    for (let attempt = 1; received < size || attempt === 1; attempt++) {
      try {
        const answer = await client.ask('GET', `/v2/${repository}/blobs/${digest}`, {
          headers: received === 0 ? {} : { range: `bytes=${received}-` },
        });
        // A registry without ranges sends what is there already once more.
        let known = answer.statusCode === 206 ? 0 : received;
        for await (const piece of answer as AsyncIterable<Buffer>) {
          const fresh = piece.subarray(Math.min(known, piece.length));
          known -= piece.length - fresh.length;
          if (received + fresh.length > size) throw tooLong(blob);
          const written = file.write(fresh);
          hash.update(fresh);
          if ((await written).bytesWritten !== fresh.length) throw new Error('the disk took only a part');
          received += fresh.length;
        }
        if (received < size) throw Object.assign(new Error(`${digest} ended early`), { code: 'ECONNRESET' });
      } catch (error) {
        if (!isBroken(error) || attempt === ATTEMPTS) throw error;
      }
    }
    const actual = `sha256:${hash.digest('hex')}`;
    if (actual !== digest) throw new Error(`a layer has the digest ${actual}, not ${digest}`);
    await file.close();
    layout.keep(partial, digest);
  } catch (error) {
    await file.close().catch(() => {});
    rmSync(partial, { force: true });
    throw error;
  }
}

function tooLong({ digest, size }: Descriptor): Error {
  return new Error(`the registry sends more than the ${size} bytes of ${digest}`);
}

function isBroken(error: unknown): boolean {
  const code = (error as NodeJS.ErrnoException | undefined)?.code;
  return code === 'ECONNRESET' || code === 'EPIPE' || code === 'ECONNREFUSED' || code === 'ERR_STREAM_PREMATURE_CLOSE';
}
