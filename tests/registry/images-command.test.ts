import { execFileSync } from 'node:child_process';
import { createReadStream, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { ECRClient, GetDownloadUrlForLayerCommand, ListImagesCommand } from '@aws-sdk/client-ecr';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Io } from '../../src/cli/io.ts';
import { runProgram } from '../../src/cli/program.ts';
import type { RunningServer } from '../../src/server.ts';
import { startTestServer } from '../wire/server.ts';
import { sampleArchive } from './sample-image.ts';

let server: RunningServer;
let scratch: string;
let archive: string;
let docker: Server;
beforeAll(async () => {
  scratch = mkdtempSync(join(tmpdir(), 'rolecall-images-test-'));
  archive = sampleArchive(scratch, 'sample', { greeting: 'hello' });
  server = await startTestServer();
  // The one endpoint of Docker's Engine API that an import asks, on a real socket.
  docker = createServer((message, response) => {
    if (message.url !== '/images/sample%3Av1/get') return response.writeHead(404).end('{}');
    response.writeHead(200, { 'content-type': 'application/x-tar' });
    return createReadStream(archive).pipe(response);
  });
  await new Promise<void>((resolve) => docker.listen(join(scratch, 'docker.sock'), resolve));
});
afterAll(async () => {
  await server?.stop();
  docker?.close();
  rmSync(scratch, { recursive: true, force: true });
});

async function images(args: readonly string[], env: Readonly<Record<string, string>> = {}) {
  const output = { stdout: '', stderr: '' };
  const stream = (name: 'stdout' | 'stderr') => {
    const through = new PassThrough();
    through.on('data', (text: Buffer) => {
      output[name] += text.toString();
    });
    return through as Io['stdout'];
  };
  const io: Io = {
    stdout: stream('stdout'),
    stderr: stream('stderr'),
    env: { AWS_ENDPOINT_URL: server.endpoint, ...env },
    version: '0.0.0-test',
    interrupted: new AbortController().signal,
    startServer: () => Promise.reject(new Error('no server is to be started')),
    logBug: (error) => String(error instanceof Error ? error.stack : error),
  };
  const code = await runProgram(['images', ...args], io);
  await new Promise((resolve) => setImmediate(resolve));
  return { code, ...output };
}

const client = () =>
  new ECRClient({
    endpoint: server.endpoint,
    region: server.region,
    credentials: server.credentials,
  });

describe('rolecall images import', () => {
  it('puts an archive into the registry, and its layers can be downloaded', async () => {
    const { code, stdout } = await images(['import', archive]);
    const registry = '000000000000.dkr.ecr.eu-west-1.amazonaws.com';
    expect([code, stdout]).toEqual([
      0,
      expect.stringMatching(new RegExp(`^${registry}/sample:v1 {2}sha256:[0-9a-f]{64}\n$`)),
    ]);
    const { imageIds } = await client().send(new ListImagesCommand({ repositoryName: 'sample' }));
    expect(imageIds).toMatchObject([{ imageTag: 'v1' }]);
    const layer = execFileSync('tar', ['-xOf', archive, 'manifest.json']).toString();
    expect(JSON.parse(layer)[0].RepoTags).toEqual(['sample:v1']);
    const config = execFileSync('tar', ['-xOf', archive, 'config.json']).toString();
    const [layerDigest] = JSON.parse(config).rootfs.diff_ids as string[];
    const { downloadUrl = '' } = await client().send(
      new GetDownloadUrlForLayerCommand({ repositoryName: 'sample', layerDigest }),
    );
    const content = await fetch(downloadUrl);
    const bytes = Buffer.from(await content.arrayBuffer());
    expect([content.status, bytes.equals(execFileSync('tar', ['-xOf', archive, 'layer.tar']))]).toEqual([200, true]);
  });

  it('takes an image from Docker, under another name', async () => {
    const env = { DOCKER_HOST: `unix://${join(scratch, 'docker.sock')}` };
    const more = ['--docker', '--repository', 'team/renamed', '--tag', 'v2'];
    const { code, stdout } = await images(['import', 'sample:v1', ...more], env);
    expect([code, stdout]).toEqual([0, expect.stringContaining('amazonaws.com/team/renamed:v2  sha256:')]);
    const missing = await images(['import', 'none:v1', '--docker'], env);
    expect([missing.code, missing.stderr]).toEqual([2, expect.stringContaining('error[docker-image-missing]')]);
    const gone = await images(['import', 'a', '--docker'], { DOCKER_HOST: `unix://${join(scratch, 'none.sock')}` });
    expect([gone.code, gone.stderr]).toEqual([2, expect.stringContaining('error[docker-unreachable]')]);
    const remote = await images(['import', 'a', '--docker'], { DOCKER_HOST: 'tcp://example.test:2375' });
    expect([remote.code, remote.stderr]).toEqual([2, expect.stringContaining('error[docker-host]')]);
  });

  it('says what it cannot take', async () => {
    const text = join(scratch, 'text.tar');
    writeFileSync(text, 'x'.repeat(2000));
    for (const [args, message] of [
      [['import', text], 'error[archive-invalid]'],
      [['import', join(scratch, 'none.tar')], 'error[file-not-found]'],
      [['import'], 'needs one file or image'],
      [['export', archive], 'can only `import`'],
      [['import', archive, '--repository', 'NOT A NAME'], 'no name that ECR allows'],
      [['import', archive, '--tag', '/'], 'is not a tag'],
      [['import', archive, '--force'], 'has no option `--force`'],
    ] as const) {
      const { code, stderr } = await images(args);
      expect([args, code, stderr]).toEqual([args, 2, expect.stringContaining(message)]);
    }
    const stranger = await images(['import', archive], { AWS_ACCESS_KEY_ID: 'x', AWS_SECRET_ACCESS_KEY: 'y' });
    expect([stranger.code, stranger.stderr]).toEqual([2, expect.stringContaining('error[call-refused]')]);
  });
});
