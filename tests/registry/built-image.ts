import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import { gzipSync } from 'node:zlib';
import { type TarFile, tar } from '../../src/agent/runtimes/docker/tar.ts';
import type { Descriptor } from '../../src/services/ecr/registry/client/layout.ts';
import { thisPlatform } from '../../src/services/ecr/registry/client/pull-image.ts';
import { pushImage } from '../../src/services/ecr/registry/client/push-image.ts';
import { AwsClient } from '../../src/wire/client.ts';

/** An image (or an index) and everything that it is made of. */
export interface BuiltImage {
  readonly image: Descriptor;
  readonly manifests: ReadonlyMap<string, Buffer>;
  /** Configuration and layers. */
  readonly blobs: ReadonlyMap<string, Buffer>;
}

const MANIFEST = 'application/vnd.oci.image.manifest.v1+json';
const INDEX = 'application/vnd.oci.image.index.v1+json';

/** Makes an image without any engine. A layer is a list of files, or a tar archive. `config`: as OCI's config.md has it. */
export function buildImage(
  layers: readonly (readonly TarFile[] | Buffer)[],
  config: object,
  architecture = thisPlatform.architecture,
): BuiltImage {
  const archives = layers.map((layer) => (Buffer.isBuffer(layer) ? layer : tar(layer)));
  const blobs = new Map<string, Buffer>();
  const put = (content: Buffer, mediaType: string): Descriptor => {
    const descriptor = describe(content, mediaType);
    blobs.set(descriptor.digest, content);
    return descriptor;
  };
  const rootfs = { type: 'layers', diff_ids: archives.map((archive) => digestOf(archive)) };
  const about = Buffer.from(JSON.stringify({ architecture, os: 'linux', config, rootfs }));
  const manifest = Buffer.from(
    JSON.stringify({
      schemaVersion: 2,
      mediaType: MANIFEST,
      config: put(about, 'application/vnd.oci.image.config.v1+json'),
      layers: archives.map((archive) =>
        put(gzipSync(archive, { level: 1 }), 'application/vnd.oci.image.layer.v1.tar+gzip'),
      ),
    }),
  );
  const image = { ...describe(manifest, MANIFEST), platform: { os: 'linux', architecture } };
  return { image, manifests: new Map([[image.digest, manifest]]), blobs };
}

/** An index of images, one for each platform. */
export function buildIndex(members: readonly BuiltImage[]): BuiltImage {
  const index = Buffer.from(
    JSON.stringify({ schemaVersion: 2, mediaType: INDEX, manifests: members.map(({ image }) => image) }),
  );
  const image = describe(index, INDEX);
  return {
    image,
    manifests: new Map([[image.digest, index], ...members.flatMap(({ manifests }) => [...manifests])]),
    blobs: new Map(members.flatMap(({ blobs }) => [...blobs])),
  };
}

interface Server {
  readonly endpoint: string;
  readonly region: string;
  readonly account: string;
  readonly credentials: { readonly accessKeyId: string; readonly secretAccessKey: string };
}

/** Pushes an image into a repository of the server's account, as its root user. */
export async function push(server: Server, repository: string, tag: string, built: BuiltImage): Promise<void> {
  const client = new AwsClient(server);
  const { authorizationData } = await client.call('ecr', 'GetAuthorizationToken', {});
  client.close();
  await pushImage({
    endpoint: server.endpoint,
    authorization: `Basic ${authorizationData?.[0]?.authorizationToken}`,
    repository: `${server.account}/${server.region}/${repository}`,
    tag,
    image: built.image,
    source: {
      manifest: async (digest) => {
        const found = built.manifests.get(digest);
        if (found === undefined) throw new Error(`no manifest ${digest}`);
        return found;
      },
      blob: (digest) => {
        const found = built.blobs.get(digest);
        return found === undefined ? undefined : { size: found.length, open: () => Readable.from([found]) };
      },
    },
  });
}

function describe(content: Buffer, mediaType: string): Descriptor {
  return { mediaType, digest: digestOf(content), size: content.length };
}

function digestOf(content: Buffer): string {
  return `sha256:${createHash('sha256').update(content).digest('hex')}`;
}
