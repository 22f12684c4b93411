import { execFile, spawnSync } from 'node:child_process';
import { chmodSync, cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ECR } from '@aws-sdk/client-ecr';
import { ECS } from '@aws-sdk/client-ecs';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { ImageInspection } from '../../src/agent/runtimes/docker/engine-types.ts';
import type { TrailEntry } from '../../src/gateway/trail.ts';
import { distinctLines } from '../examples/normalised.ts';
import { namespaceRuntime } from '../runtime/subjects.ts';
import { rolecall, type Served, up } from '../system/program.ts';
import { removeImages } from './images.ts';
import { image as base, engine, noDocker } from './subject.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const EXAMPLE = `${ROOT}examples/orders`;
const REGISTRY = '000000000000.dkr.ecr.eu-west-1.amazonaws.com';
const has = (program: string) => spawnSync(program, ['--version'], { stdio: 'ignore' }).status === 0;
const noPrograms = has('docker') && has('aws') ? undefined : 'the programs docker and aws are needed';

/** The commands of the README's section on real images: how the server is started, and everything after that. */
function commands(): { server: string; rest: string } {
  const section =
    readFileSync(`${EXAMPLE}/README.md`, 'utf8').split('\n## As real images\n')[1]?.split('\n## ')[0] ?? '';
  const [server = '', rest = ''] = [...section.matchAll(/^```sh\n(.*?)^```$/gms)].map(([, block]) => block as string);
  return { server: server.trim(), rest };
}

const RUNTIMES = [
  { runtime: 'docker', unavailable: noDocker ?? noPrograms },
  // Docker builds and pushes the images here, too; they run without it.
  { runtime: 'namespace', unavailable: noDocker ?? noPrograms ?? namespaceRuntime.unavailable },
] as const;

describe.each(RUNTIMES)('examples/orders as two real images, $runtime runtime', ({ runtime, unavailable }) => {
  describe.skipIf(unavailable !== undefined)(
    unavailable === undefined ? 'as its README says' : `skipped: ${unavailable}`,
    () => {
      let scratch: string;
      let server: Served;
      let port: string;

      beforeAll(async () => {
        scratch = mkdtempSync(join(tmpdir(), 'rolecall-orders-'));
        // The commands write into the example's folder: they get one of their own.
        cpSync(EXAMPLE, join(scratch, 'examples/orders'), { recursive: true });
        symlinkSync(`${ROOT}node_modules`, join(scratch, 'node_modules'));
        const bin = join(scratch, 'bin');
        for (const folder of [bin, join(scratch, 'docker-config')]) mkdirSync(folder);
        const npx = `#!/bin/sh\nname=$1; shift\ncase $name in\nrolecall) exec ${process.execPath} ${ROOT}bin/rolecall.js "$@" ;;\n*) exec ${ROOT}node_modules/.bin/$name "$@" ;;\nesac\n`;
        writeFileSync(join(bin, 'npx'), npx);
        chmodSync(join(bin, 'npx'), 0o755);
        const line = commands().server.replace('--runtime docker', `--runtime ${runtime}`);
        expect(line).toMatch(/^npx rolecall up --load examples\/orders --runtime \w+ --no-stand-ins$/);
        const args = line
          .split(' ')
          .slice(3)
          .map((word) => word.replace(/^examples\//, `${scratch}/examples/`));
        server = await up(['--ephemeral', ...args]);
        port = new URL(server.endpoint).port;
        await vi.waitFor(() => expect(server.said()).toContain('ready'), { timeout: 60_000 });
      });
      afterAll(async () => {
        await server?.end('SIGINT');
        await removeImages(
          engine,
          (name) => name.startsWith(`localhost:${port}/`) || name.startsWith(`${REGISTRY}/orders`),
        );
        rmSync(scratch, { recursive: true, force: true });
      });

      /** Runs commands of the README with this server's port; nothing can be pulled here, so the base is a local image. */
      function run(script: string): Promise<{ code: number; stdout: string; stderr: string }> {
        const text = script
          .replaceAll('4566', port)
          .replaceAll('docker build ', `docker build --build-arg BASE=${base} `);
        const env = {
          ...process.env,
          PATH: `${join(scratch, 'bin')}:${process.env.PATH}`,
          DOCKER_CONFIG: join(scratch, 'docker-config'),
          NO_COLOR: '1',
        };
        return new Promise((resolve) => {
          execFile('sh', ['-e', '-c', text], { cwd: scratch, env, maxBuffer: 1 << 26 }, (error, stdout, stderr) =>
            resolve({ code: error === null ? 0 : Number(error.code ?? 1), stdout, stderr }),
          );
        });
      }

      it('is built, pushed, and runs on both launch types as it does with stand-ins', async () => {
        const lines = commands().rest.split('\n');
        const last = lines.findIndex((line) => line.startsWith('npx rolecall run '));
        expect(last).toBeGreaterThan(0);
        // Variables are the same shell's in the README.
        const setting = lines.filter((line) => /^(export )?[A-Z_]+=/.test(line));
        const made = await run(lines.slice(0, last).join('\n'));
        expect(made.code, `${made.stdout}\n${made.stderr}`).toBe(0);
        expect(made.stdout).toContain('Login Succeeded');
        expect(made.stdout.match(/digest: sha256:[0-9a-f]{64}/g)).toHaveLength(2);
        // The engine forgets what it built: it has to pull.
        await removeImages(
          engine,
          (name) => name.startsWith(`localhost:${port}/`) || name.startsWith(`${REGISTRY}/orders`),
        );

        const ran = await run([...setting, ...lines.slice(last)].join('\n'));
        expect(ran.code, `${ran.stdout}\n${ran.stderr}`).toBe(0);
        expect(ran.stderr).toBe('');
        const tasks = (output: string) =>
          distinctLines(
            output
              .slice(output.search(/^orders:\d+ on FARGATE$/m))
              .replace(/^trail .*$/m, '')
              .replace(/\borders:\d+ on/g, 'orders:N on'),
          );
        expect(tasks(ran.stdout)).toEqual(tasks(readFileSync(`${EXAMPLE}/expected-output.txt`, 'utf8')));
      });

      it('was pulled: each fetch of a manifest and of a layer is one call of the execution role, and no more', async () => {
        const credentials = { accessKeyId: 'test', secretAccessKey: 'test' };
        const config = { endpoint: server.endpoint, region: 'eu-west-1', credentials };
        const tags = ['writer-1.0', 'reader-1.0'];
        const { images = [] } = await new ECR(config).batchGetImage({
          repositoryName: 'orders',
          imageIds: tags.map((imageTag) => ({ imageTag })),
        });
        const layers = images.map(({ imageManifest }) => {
          const { layers: own } = JSON.parse(imageManifest!) as { layers: object[] };
          return Array.from({ length: own.length + 1 }, () => 'GetDownloadUrlForLayer allowed');
        });
        const ecs = new ECS(config);
        const stopped = await ecs.listTasks({ desiredStatus: 'STOPPED' });
        const { tasks = [] } = await ecs.describeTasks({ tasks: stopped.taskArns! });
        expect(tasks.map(({ launchType }) => launchType).sort()).toEqual(['EC2', 'FARGATE']);
        for (const task of tasks) {
          const digests = ['writer', 'reader'].map(
            (name) => task.containers?.find((container) => container.name === name)?.imageDigest,
          );
          expect(digests).toEqual(images.map(({ imageId }) => imageId?.imageDigest));
        }
        const { stdout } = await rolecall(['trail', '--endpoint', server.endpoint, '--json']);
        const trail = stdout
          .trimEnd()
          .split('\n')
          .map((line) => (JSON.parse(line) as { value: TrailEntry }).value);
        // By the token or by the agent, for a task or for none: everything that the role asked of ECR.
        const asked = trail.filter(
          ({ service, principalName }) => service === 'ecr' && principalName === 'orders-execution',
        );
        for (const call of asked) expect(call).toMatchObject({ stage: 'pull', role: 'task-execution' });
        const each = ['GetAuthorizationToken allowed', ...layers.flatMap((own) => ['BatchGetImage allowed', ...own])];
        expect(asked.map(({ operation, outcome }) => `${operation} ${outcome}`)).toEqual([...each, ...each]);
        if (runtime !== 'docker') return;
        for (const [index, tag] of tags.entries()) {
          const { RepoTags, Config } = await engine.get<ImageInspection & { RepoTags: string[]; Config: object }>(
            `/images/${REGISTRY}/orders:${tag}/json`,
          );
          expect(RepoTags).toEqual([`${REGISTRY}/orders:${tag}`]);
          expect(Config).toMatchObject({
            Entrypoint: ['node'],
            User: '1000',
            Cmd: [`${['writer', 'reader'][index]}.mjs`],
          });
        }
      });
    },
  );
});
