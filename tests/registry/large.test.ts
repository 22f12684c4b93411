import { createHash } from 'node:crypto';
import { createReadStream, createWriteStream, mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { pullImage } from '../../src/services/ecr/registry/client/pull-image.ts';
import { digestOf, pushImage } from '../../src/services/ecr/registry/client/push-image.ts';
import { basicAuthorization } from '../../src/services/ecr/registry/client/registry-client.ts';
import { HOME, startTestRegistry, type TestRegistry } from '../../src/services/ecr/registry/testing.ts';

const SIZE = 200 * 1024 * 1024;
const PIECE = 1024 * 1024;

let scratch: string;
let registry: TestRegistry;
beforeAll(async () => {
  scratch = mkdtempSync(join(tmpdir(), 'rolecall-large-'));
  registry = await startTestRegistry();
  await registry.bench.call('ecr', 'CreateRepository', { repositoryName: 'large' });
});
afterAll(async () => {
  await registry?.stop();
  rmSync(scratch, { recursive: true, force: true });
});

function* pieces(): Generator<Buffer> {
  const piece = Buffer.alloc(PIECE);
  for (let at = 0; at < SIZE; at += PIECE) {
    piece.writeUInt32BE(at, 0);
    yield Buffer.from(piece);
  }
}

it('a layer of 200 MiB streams there and back', async () => {
  const file = join(scratch, 'layer');
  await pipeline(Readable.from(pieces()), createWriteStream(file));
  const hash = createHash('sha256');
  for await (const piece of createReadStream(file)) hash.update(piece as Buffer);
  const layer = {
    mediaType: 'application/vnd.oci.image.layer.v1.tar',
    digest: `sha256:${hash.digest('hex')}`,
    size: SIZE,
  };
  const config = Buffer.from('{"os":"linux","architecture":"amd64"}');
  const described = {
    mediaType: 'application/vnd.oci.image.config.v1+json',
    digest: digestOf(config),
    size: config.length,
  };
  const mediaType = 'application/vnd.oci.image.manifest.v1+json';
  const manifest = Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType, config: described, layers: [layer] }));
  const at = {
    endpoint: registry.endpoint,
    repository: `${HOME}/large`,
    authorization: basicAuthorization('AWS', registry.rootToken),
  };
  const resident = () => Math.round(process.memoryUsage().rss / PIECE);
  const before = resident();
  const started = performance.now();
  await pushImage({
    ...at,
    tag: 'v1',
    image: { mediaType, digest: digestOf(manifest), size: manifest.length },
    source: {
      manifest: async () => manifest,
      blob: (digest) =>
        digest === layer.digest
          ? { size: SIZE, open: () => createReadStream(file, { highWaterMark: PIECE }) }
          : { size: config.length, open: () => Readable.from([config]) },
    },
  });
  const pushed = performance.now();
  const between = resident();
  const { directory } = await pullImage({ ...at, reference: 'v1', into: join(scratch, 'layout') });
  const pulled = performance.now();
  expect(statSync(join(directory, 'blobs', 'sha256', layer.digest.slice(7))).size).toBe(SIZE);
  const speed = (milliseconds: number) => `${Math.round(SIZE / PIECE / (milliseconds / 1000))} MiB/s`;
  process.stdout.write(
    `200 MiB pushed at ${speed(pushed - started)} and pulled at ${speed(pulled - pushed)}, client and server in one process; resident memory ${before} → ${between} → ${resident()} MiB\n`,
  );
});
