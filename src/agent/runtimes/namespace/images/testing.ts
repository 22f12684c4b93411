import { createHash } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import type { Descriptor } from '../../../../services/ecr/registry/client/layout.ts';
import type { StoredImage } from './image-store.ts';

/** An entry of a layer as anybody may write it: names and links may be hostile. */
export interface LayerEntry {
  readonly path: string;
  /** Type flag of ustar; default: a file. */
  readonly type?: '0' | '1' | '2' | '3' | '4' | '5' | '6';
  readonly content?: string | Buffer;
  readonly link?: string;
  readonly mode?: number;
  /** Default: root. */
  readonly uid?: number;
  readonly gid?: number;
}

/** A tar archive, entry by entry. Source: POSIX ustar. */
export function layer(entries: readonly LayerEntry[]): Buffer {
  const parts = entries.flatMap(
    ({ path, type = '0', content = '', link = '', mode = type === '5' ? 0o755 : 0o644, uid = 0, gid = 0 }) => {
      const data = Buffer.from(content);
      const header = Buffer.alloc(512);
      header.write(path, 0, 100);
      header.write([mode, uid, gid].map((number) => `${number.toString(8).padStart(7, '0')}\0`).join(''), 100);
      header.write(`${data.length.toString(8).padStart(11, '0')}\0${'0'.repeat(11)}\0`, 124);
      header.write(' '.repeat(8), 148);
      header.write(type, 156);
      header.write(link, 157, 100);
      header.write('ustar\x0000', 257);
      const sum = header.reduce((total, byte) => total + byte, 0);
      header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
      return [header, data, Buffer.alloc((512 - (data.length % 512)) % 512)];
    },
  );
  return Buffer.concat([...parts, Buffer.alloc(1024)]);
}

/** Writes an image into an OCI image layout, as a pull leaves it there. */
export function storeImage(layout: string, config: object, layers: readonly Buffer[]): StoredImage {
  const blobs = join(layout, 'blobs', 'sha256');
  mkdirSync(blobs, { recursive: true });
  const put = (content: Buffer, mediaType: string): Descriptor => {
    const hex = createHash('sha256').update(content).digest('hex');
    writeFileSync(join(blobs, hex), content);
    return { mediaType, digest: `sha256:${hex}`, size: content.length };
  };
  const manifest = {
    config: put(Buffer.from(JSON.stringify({ os: 'linux', config })), 'application/vnd.oci.image.config.v1+json'),
    layers: layers.map((each) => put(gzipSync(each), 'application/vnd.oci.image.layer.v1.tar+gzip')),
  };
  const image = put(
    Buffer.from(JSON.stringify({ schemaVersion: 2, ...manifest })),
    'application/vnd.oci.image.manifest.v1+json',
  );
  return { image, manifest, digest: image.digest };
}
