import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { close } from '../../../core/listening.ts';
import { Engine, EngineError, isTooOld } from './engine.ts';

let directory: string;
let server: Server;
let asked: string[];
let version: object;

// Not an Engine, but its manner of saying which versions of the API it speaks.
beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'rolecall-engine-'));
  asked = [];
  server = createServer((request, response) => {
    asked.push(request.url ?? '');
    response.setHeader('content-type', 'application/json');
    if (request.url === '/version') response.end(JSON.stringify(version));
    else if (request.url?.endsWith('/info') === true) response.end('{"NCPU":2}');
    else response.writeHead(400).end('{"message":"client version 1.41 is too old"}');
  });
  await new Promise<void>((resolve) => server.listen(join(directory, 'socket'), resolve));
});
afterEach(async () => {
  await close(server);
  rmSync(directory, { recursive: true });
});

const engine = () => new Engine(join(directory, 'socket'));

test.each([
  ['20.10', '1.41', '1.12', '/v1.41/info'],
  ['28', '1.48', '1.24', '/v1.41/info'],
  // Source: Docker Engine 29, release notes: the oldest version of the API is 1.44.
  ['29', '1.52', '1.44', '/v1.44/info'],
  ['19.03', '1.40', '1.12', '/v1.40/info'],
])('Engine %s, which speaks up to %s and no less than %s', async (Version, ApiVersion, MinAPIVersion, path) => {
  version = { Version, ApiVersion, MinAPIVersion, Os: 'linux', Arch: 'amd64' };
  const client = engine();
  expect(isTooOld(await client.negotiate())).toBe(false);
  expect(await client.get('/info')).toEqual({ NCPU: 2 });
  expect(asked).toEqual(['/version', path]);
  client.close();
});

test('an Engine that cannot do what is needed is told apart', () => {
  const of = (ApiVersion: string) => isTooOld({ Version: '', ApiVersion, Os: 'linux', Arch: 'amd64' });
  expect(['1.31', '1.32', '1.9', '2.0'].map(of)).toEqual([true, false, true, false]);
});

test('errors carry the status and the Engine’s own words', async () => {
  const client = engine();
  await expect(client.get('/containers/json')).rejects.toEqual(new EngineError(400, 'client version 1.41 is too old'));
  client.close();
});
