import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { close, listen } from '../../../../core/listening.ts';
import { RegistryImages } from './registry-images.ts';
import { layer, storeImage } from './testing.ts';

const PASSWORD = 'secret';
let directory: string;
let registry: Server;
let port: number;
let asked: string[];
let images: RegistryImages;

/** A registry with one image, under any name, for who has the password. */
beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'rolecall-registry-'));
  const { image } = storeImage(join(directory, 'served'), { Cmd: ['/run'] }, [layer([{ path: 'run', content: 'v1' }])]);
  const blob = (digest: string) =>
    readFileSync(join(directory, 'served', 'blobs', 'sha256', digest.slice('sha256:'.length)));
  asked = [];
  registry = createServer((request, response) => {
    const url = request.url ?? '';
    asked.push(url);
    const [, password] = Buffer.from((request.headers.authorization ?? '').slice('Basic '.length), 'base64')
      .toString()
      .split(':');
    if (password !== PASSWORD) {
      response
        .writeHead(401, { 'content-type': 'application/json' })
        .end('{"errors":[{"code":"DENIED","message":"not for you"}]}');
    } else if (url.includes('/manifests/')) {
      response.writeHead(200, { 'content-type': image.mediaType }).end(blob(image.digest));
    } else response.end(blob(decodeURIComponent(url.slice(url.lastIndexOf('/') + 1))));
  });
  port = await listen(registry, 0, '127.0.0.1');
  images = new RegistryImages({ directory: join(directory, 'images'), endpoint: () => `http://127.0.0.1:${port}` });
});
afterEach(async () => {
  await close(registry);
  rmSync(directory, { recursive: true, force: true });
});

const AWS = { username: 'AWS', password: PASSWORD };

test('pulls an image of ECR from the server’s own registry, and unpacks it once', async () => {
  const name = '000000000000.dkr.ecr.eu-west-1.amazonaws.com/team/app:1';
  const [first, second] = await Promise.all([images.fetch(name, AWS), images.fetch(name, AWS)]);
  expect(asked[0]).toBe('/v2/000000000000/eu-west-1/team/app/manifests/1');
  expect(readFileSync(join(first.root, 'run'), 'utf8')).toBe('v1');
  expect(second).toEqual(first);
  expect(first.config.command).toEqual(['/run']);
  expect(readdirSync(join(directory, 'images', 'roots'))).toEqual([basename(first.root)]);
});

test('pulls from the registry that an image names, with the credentials that are given', async () => {
  const { root } = await images.fetch(`127.0.0.1:${port}/private/app:2`, AWS);
  expect(asked[0]).toBe('/v2/private/app/manifests/2');
  expect(readFileSync(join(root, 'run'), 'utf8')).toBe('v1');
});

test('a refusal is told in the registry’s words, and leaves nothing', async () => {
  await expect(images.fetch(`127.0.0.1:${port}/private/app:2`, undefined)).rejects.toMatchObject({
    step: 'pull',
    message: expect.stringContaining('not for you'),
  });
  expect(readdirSync(join(directory, 'images', 'roots'))).toEqual([]);
});

test('Docker Hub is not asked', async () => {
  await expect(images.fetch('nginx:1.27', undefined)).rejects.toThrow(
    'nginx:1.27 would come from Docker Hub, which is not asked',
  );
  await expect(images.fetch('library/nginx', undefined)).rejects.toThrow('would come from Docker Hub');
});
