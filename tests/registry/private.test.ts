import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { pullImage } from '../../src/services/ecr/registry/client/pull-image.ts';
import { digestOf, pushImage } from '../../src/services/ecr/registry/client/push-image.ts';
import { basicAuthorization } from '../../src/services/ecr/registry/client/registry-client.ts';
import { refusalOf } from '../../src/services/ecr/registry/testing.ts';
import { type PrivateRegistry, startPrivateRegistry } from './private.ts';

let registry: PrivateRegistry;
let scratch: string;
beforeAll(async () => {
  scratch = mkdtempSync(join(tmpdir(), 'rolecall-private-'));
  registry = await startPrivateRegistry({ user: 'somebody', password: 'their:password' });
});
afterAll(async () => {
  await registry?.stop();
  rmSync(scratch, { recursive: true, force: true });
});

it('a private registry serves whoever has its password', async () => {
  const config = Buffer.from('{"os":"linux","architecture":"amd64"}');
  const mediaType = 'application/vnd.oci.image.manifest.v1+json';
  const manifest = Buffer.from(
    JSON.stringify({
      schemaVersion: 2,
      mediaType,
      config: { mediaType: 'application/vnd.oci.image.config.v1+json', digest: digestOf(config), size: config.length },
      layers: [],
    }),
  );
  const at = { endpoint: registry.endpoint, repository: 'team/app' };
  const authorization = basicAuthorization(registry.user, registry.password);
  const push = (more: object) =>
    pushImage({
      ...at,
      ...more,
      tag: 'v1',
      image: { mediaType, digest: digestOf(manifest), size: manifest.length },
      source: {
        manifest: async () => manifest,
        blob: () => ({ size: config.length, open: () => Readable.from([config]) }),
      },
    });
  await push({ authorization });
  const pulled = await pullImage({ ...at, authorization, reference: 'v1', into: join(scratch, 'layout') });
  expect(pulled.digest).toBe(digestOf(manifest));
  const strangers = [
    undefined,
    basicAuthorization('somebody', 'guess'),
    basicAuthorization('somebody', ''),
    basicAuthorization('AWS', registry.rootToken),
    'Bearer their:password',
  ];
  for (const stranger of strangers) {
    const more = stranger === undefined ? {} : { authorization: stranger };
    const into = join(scratch, 'refused');
    await expect(pullImage({ ...at, ...more, reference: 'v1', into })).rejects.toMatchObject({ status: 401 });
    await expect(push(more)).rejects.toMatchObject({ status: 401 });
  }
  const challenge = await registry.ask('GET', '/v2/', { token: null });
  expect(challenge.headers['www-authenticate']).toMatch(/^Basic realm="http:\/\/127\.0\.0\.1:\d+\/"$/);
  const odd = await registry.ask('GET', '/v2/../x/tags/list', { token: null, headers: { authorization } });
  expect([odd.status, refusalOf(odd).code]).toEqual([400, 'NAME_INVALID']);
});
