import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { UnpackedImage } from '../../src/agent/runtimes/namespace/image.ts';
import { ImageStore } from '../../src/agent/runtimes/namespace/images/image-store.ts';
import { layer, storeImage } from '../../src/agent/runtimes/namespace/images/testing.ts';
import { NamespaceRuntime } from '../../src/agent/runtimes/namespace/namespace.ts';
import { Transparent } from '../../src/agent/transparent/transparent.ts';
import { baseLayer } from '../runtime/base-layer.ts';
import { ContractBench } from '../runtime/contract.ts';
import { namespaceRuntime } from '../runtime/subjects.ts';

const { unavailable } = namespaceRuntime;

describe.skipIf(unavailable !== undefined)(
  `images in transparent mode without Docker${unavailable === undefined ? '' : ` (skipped: ${unavailable})`}`,
  () => {
    const directory = mkdtempSync(join(tmpdir(), 'rolecall-transparent-images-'));
    let image: UnpackedImage;
    let bench: ContractBench;
    beforeAll(async () => {
      const store = new ImageStore(directory);
      // As Fedora has it: what programs look at is a link to the place where the system keeps it.
      const bundle = layer([
        { path: 'etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem', content: '# trusted by this image\n' },
        {
          path: 'etc/pki/tls/certs/ca-bundle.crt',
          type: '2',
          link: '/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem',
        },
      ]);
      const config = { Env: ['PATH=/bin', 'JAVA_TOOL_OPTIONS=-Xmx1g'], User: 'app' };
      image = await store.unpack(storeImage(store.layout, config, [layer(baseLayer(['grep', 'head'])), bundle]));
      bench = new ContractBench({
        ...namespaceRuntime,
        image: 'image',
        create: (records, place) =>
          NamespaceRuntime.open({
            standIns: [],
            store: records,
            server: {
              endpoint: () => 'http://127.0.0.1:4566',
              accept: (socket) => socket.destroy(),
              transparent: Transparent.open({
                home: join(place, 'home'),
                durable: false,
                region: 'eu-west-1',
                accept: (socket) => socket.destroy(),
                now: Date.now,
              }),
            },
            keep: false,
            sharedVolumes: join(place, 'volumes'),
            hidden: [place],
            knows: () => true,
            images: { fetch: async () => image },
          }),
      });
    });
    afterAll(async () => {
      await bench.close();
      rmSync(directory, { recursive: true, force: true });
    });

    it('the image’s own authorities stay trusted, wherever it keeps them, and its settings stay', async () => {
      const task = await bench.task();
      const script =
        'for file in /etc/pki/tls/certs/ca-bundle.crt /etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem $SSL_CERT_FILE; do head -n 1 $file; grep -c BEGIN $file; done; ' +
        'ls /etc/rolecall; echo $JAVA_TOOL_OPTIONS; cat /etc/resolv.conf; touch /etc/rolecall/x 2>/dev/null || echo kept';
      const { out } = await task.run(['sh', '-c', script]);
      expect(out).toEqual([
        ...Array.from({ length: 3 }, () => ['# trusted by this image', '1']).flat(),
        'ca-bundle.pem',
        'ca.pem',
        'truststore.jks',
        expect.stringMatching(/^-Xmx1g -Djavax\.net\.ssl\.trustStore=/),
        'nameserver 169.254.169.253',
        'kept',
      ]);
    });

    it('an image that keeps none is given what the variables name, and nothing else', async () => {
      const task = await bench.task();
      const { out } = await task.run([
        'sh',
        '-c',
        'ls /etc/ssl 2>/dev/null; head -n 1 $NODE_EXTRA_CA_CERTS; echo $AWS_CA_BUNDLE',
      ]);
      expect(out).toEqual(['-----BEGIN CERTIFICATE-----', '/etc/rolecall/ca-bundle.pem']);
    });
  },
);
