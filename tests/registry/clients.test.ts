import { type ChildProcess, execFile, spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { HOME, startTestRegistry, type TestRegistry } from '../../src/services/ecr/registry/testing.ts';
import { type PrivateRegistry, startPrivateRegistry } from './private.ts';
import { sampleArchive } from './sample-image.ts';

const runFile = promisify(execFile);
const has = (program: string) => spawnSync(program, ['--version'], { stdio: 'ignore' }).status === 0;
const withSkopeo = has('skopeo');
/** The name of a network interface has 15 characters at most. */
const BRIDGE = `rc-${process.pid}`;
const withDocker =
  has('docker') &&
  has('dockerd') &&
  process.getuid?.() === 0 &&
  // For the bridge of its own.
  spawnSync('ip', ['-V'], { stdio: 'ignore' }).status === 0;

let scratch: string;
let registry: TestRegistry;
let port: string;
beforeAll(async () => {
  scratch = mkdtempSync(join(tmpdir(), 'rolecall-clients-'));
  registry = await startTestRegistry();
  port = new URL(registry.endpoint).port;
  for (const repositoryName of ['app', 'team/other']) {
    await registry.bench.call('ecr', 'CreateRepository', { repositoryName });
  }
});
afterAll(async () => {
  await registry?.stop();
  rmSync(scratch, { recursive: true, force: true });
});

/** Output of a program that ends well; the rejection of one that does not has its `stderr`. */
async function run(program: string, args: readonly string[], input?: string, env: object = {}): Promise<string> {
  const running = runFile(program, args, { env: { ...process.env, ...env }, maxBuffer: 16 * 1024 * 1024 });
  running.child.stdin?.end(input);
  return (await running).stdout;
}

const puller = (...actions: string[]) =>
  registry.bench.roleSession('client', [
    {
      Version: '2012-10-17',
      Statement: [{ Effect: 'Allow', Action: ['ecr:GetAuthorizationToken', ...actions], Resource: '*' }],
    },
  ]);

const operationsSince = (from: number) => [
  ...new Set(
    registry.bench
      .trail()
      .slice(from)
      .map(({ operation }) => operation),
  ),
];

describe.skipIf(!withSkopeo)('skopeo', () => {
  const copy = (from: string, to: string, ...more: string[]) =>
    run('skopeo', [
      'copy',
      '--insecure-policy',
      '--src-tls-verify=false',
      '--dest-tls-verify=false',
      ...more,
      from,
      to,
    ]);

  it('pushes, inspects, lists, pulls and deletes', async () => {
    const archive = sampleArchive(scratch, 'skopeo', { greeting: 'hello from skopeo' });
    const to = `docker://localhost:${port}/${HOME}/app:skopeo`;
    const creds = `AWS:${registry.rootToken}`;
    const before = registry.bench.trail().length;
    await copy(`docker-archive:${archive}`, to, `--dest-creds=${creds}`);
    expect(operationsSince(before)).toEqual(
      expect.arrayContaining([
        'BatchCheckLayerAvailability',
        'InitiateLayerUpload',
        'UploadLayerPart',
        'CompleteLayerUpload',
        'PutImage',
      ]),
    );
    const inspected = await run('skopeo', ['inspect', '--tls-verify=false', `--creds=${creds}`, to]);
    expect(JSON.parse(inspected)).toMatchObject({ RepoTags: ['skopeo'], Env: ['SAMPLE=1'] });
    const layout = join(scratch, 'skopeo-layout');
    await copy(to, `oci:${layout}:v1`, `--src-creds=${creds}`);
    expect(existsSync(join(layout, 'index.json'))).toBe(true);
    // To another repository: what is there already is mounted.
    const other = `docker://localhost:${port}/${HOME}/team/other:v1`;
    await copy(to, other, `--src-creds=${creds}`, `--dest-creds=${creds}`);
    await run('skopeo', ['delete', '--tls-verify=false', `--creds=${creds}`, other]);
    const { imageDetails } = await registry.bench.call('ecr', 'DescribeImages', { repositoryName: 'team/other' });
    expect(imageDetails).toEqual([]);
  });

  it('shows the refusal of the principal whose password it has', async () => {
    const as = puller('ecr:BatchGetImage');
    const creds = `AWS:${await registry.tokenOf(as)}`;
    const from = `docker://localhost:${port}/${HOME}/app:skopeo`;
    const refused = await copy(from, `oci:${join(scratch, 'refused')}:v1`, `--src-creds=${creds}`).catch(
      (error: { stderr: string }) => error.stderr,
    );
    // skopeo shows what a registry says of manifests; of layers it shows the status only.
    expect(refused).toContain('403 (Forbidden)');
    const last = registry.bench.trail().at(-1);
    expect(last).toMatchObject({ operation: 'GetDownloadUrlForLayer', outcome: 'denied', principalArn: as.arn });
    const blind = puller();
    const nothing = await copy(
      from,
      `oci:${join(scratch, 'refused')}:v1`,
      `--src-creds=AWS:${await registry.tokenOf(blind)}`,
    ).catch((error: { stderr: string }) => error.stderr);
    expect(nothing).toContain(`denied: User: ${blind.arn} is not authorized to perform: ecr:BatchGetImage`);
    const none = await copy(from, `oci:${join(scratch, 'refused')}:v1`).catch(
      (error: { stderr: string }) => error.stderr,
    );
    expect(none).toContain('unauthorized: Not Authorized');
  });
});

describe.skipIf(!withDocker)('docker', () => {
  let daemon: ChildProcess;
  let host: string;
  let config: string;
  const docker = (args: readonly string[], input?: string) =>
    run('docker', ['--host', host, '--config', config, ...args], input);

  beforeAll(async () => {
    const home = join(scratch, 'docker');
    config = join(scratch, 'docker-config');
    for (const folder of [home, config]) mkdirSync(folder);
    host = `unix://${join(home, 'docker.sock')}`;
    // A daemon of its own, on a bridge of its own: one without any would take the machine's `docker0` away.
    await run('ip', ['link', 'add', BRIDGE, 'type', 'bridge']);
    await run('ip', ['address', 'add', '172.31.253.1/30', 'dev', BRIDGE]);
    daemon = spawn(
      'dockerd',
      [
        `--host=${host}`,
        `--data-root=${join(home, 'data')}`,
        `--exec-root=${join(home, 'exec')}`,
        `--pidfile=${join(home, 'pid')}`,
        `--bridge=${BRIDGE}`,
        '--iptables=false',
        '--ip6tables=false',
      ],
      { stdio: ['ignore', 'ignore', 'pipe'] },
    );
    let log = '';
    daemon.stderr?.on('data', (text: Buffer) => {
      log += text.toString();
    });
    for (let attempt = 0; ; attempt++) {
      const ready = await docker(['info']).then(
        () => true,
        () => false,
      );
      if (ready) break;
      if (attempt === 500 || daemon.exitCode !== null) throw new Error(`dockerd did not start: ${log.slice(-3000)}`);
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
  });
  afterAll(async () => {
    if (daemon !== undefined && daemon.exitCode === null) {
      const ended = new Promise((resolve) => daemon.once('exit', resolve));
      daemon.kill('SIGTERM');
      await ended;
    }
    await run('ip', ['link', 'delete', BRIDGE]);
  });

  it('logs in, pushes, and pulls what it pushed', async () => {
    const image = `localhost:${port}/${HOME}/app:docker`;
    const login = await docker(
      ['login', '--username', 'AWS', '--password-stdin', `localhost:${port}`],
      registry.rootToken,
    );
    expect(login).toContain('Login Succeeded');
    const root = join(scratch, 'import.tar');
    const content = join(scratch, 'import-root');
    mkdirSync(content);
    writeFileSync(join(content, 'file'), 'from docker');
    await run('tar', ['-cf', root, '-C', content, '.']);
    await docker(['import', root, image]);
    expect(await docker(['push', image])).toMatch(/docker: digest: sha256:[0-9a-f]{64}/);
    const again = await docker(['push', image]);
    expect(again).toContain('Layer already exists');
    await docker(['rmi', image]);
    const { imageDetails = [] } = await registry.bench.call('ecr', 'DescribeImages', {
      repositoryName: 'app',
      imageIds: [{ imageTag: 'docker' }],
    });
    const digest = imageDetails[0]?.imageDigest;
    const before = registry.bench.trail().length;
    expect(await docker(['pull', `${image}@${digest}`])).toContain(`Digest: ${digest}`);
    expect(operationsSince(before)).toEqual(['BatchGetImage', 'GetDownloadUrlForLayer']);
    // A second repository gets the layers without sending them.
    const other = `localhost:${port}/${HOME}/team/other:docker`;
    await docker(['tag', `localhost:${port}/${HOME}/app@${digest}`, other]);
    expect(await docker(['push', other])).toContain(`Mounted from ${HOME}/app`);
    await docker(['save', '--output', join(scratch, 'saved.tar'), other]);
    const { readArchive } = await import('../../src/services/ecr/registry/client/archive.ts');
    expect((await readArchive(join(scratch, 'saved.tar'), scratch)).images).toHaveLength(1);
  });

  it('shows what ECR says', async () => {
    const refusal = (args: readonly string[]) =>
      docker(args).then(
        () => 'no refusal',
        (error: { stderr: string }) => error.stderr,
      );
    const missing = await refusal(['pull', `localhost:${port}/${HOME}/app:none`]);
    expect(missing).toContain('manifest unknown: Requested image not found');
    const nowhere = await refusal(['pull', `localhost:${port}/${HOME}/nowhere:v1`]);
    expect(nowhere).toContain(
      "name unknown: The repository with name 'nowhere' does not exist in the registry with id",
    );
    await registry.bench.call('ecr', 'PutImageTagMutability', {
      repositoryName: 'app',
      imageTagMutability: 'IMMUTABLE',
    });
    const image = `localhost:${port}/${HOME}/app:docker`;
    const root = join(scratch, 'import.tar');
    await docker(['import', '--message', 'another', root, image]);
    expect(await refusal(['push', image])).toContain("tag invalid: The image tag 'docker' already exists in the 'app'");
    const as = puller();
    await docker(['login', '--username', 'AWS', '--password-stdin', `localhost:${port}`], await registry.tokenOf(as));
    const denied = await refusal(['pull', image]);
    expect(denied).toContain(`denied: User: ${as.arn} is not authorized to perform: ecr:BatchGetImage on resource`);
    const wrong = await docker(['login', '--username', 'AWS', '--password-stdin', `localhost:${port}`], 'wrong').catch(
      (error: { stderr: string }) => error.stderr,
    );
    expect(wrong).toContain('403 Forbidden');
  });

  it('uses a private registry with its password, and not without', async () => {
    const own: PrivateRegistry = await startPrivateRegistry({ user: 'somebody', password: 'their password' });
    try {
      const address = `localhost:${new URL(own.endpoint).port}`;
      const image = `${address}/team/private:v1`;
      await docker(['import', join(scratch, 'import.tar'), image]);
      const refused = await docker(['push', image]).catch((error: { stderr: string }) => error.stderr);
      expect(refused).toMatch(/no basic auth credentials|unauthorized/);
      await docker(['login', '--username', own.user, '--password-stdin', address], own.password);
      await docker(['push', image]);
      await docker(['rmi', image]);
      await docker(['pull', image]);
      await docker(['logout', address]);
      const out = await docker(['pull', image]).catch((error: { stderr: string }) => error.stderr);
      expect(out).toMatch(/no basic auth credentials|unauthorized/);
      expect(readFileSync(join(config, 'config.json'), 'utf8')).not.toContain(address);
    } finally {
      await own.stop();
    }
  });
});
