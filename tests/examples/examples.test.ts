import { spawn, spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { rolecall, up } from '../system/program.ts';
import { distinctLines } from './normalised.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const hasBoto3 = spawnSync('python3', ['-c', 'import boto3']).status === 0;

interface Example {
  readonly path: string;
  readonly exitCode: number;
  /** Values of its secrets: they must not be seen anywhere. */
  readonly secrets: readonly string[];
  readonly needsBoto3?: true;
}

const EXAMPLES: readonly Example[] = [
  { path: 'examples/orders', exitCode: 0, secrets: ['not-the-real-password', 'not-the-real-key'] },
  { path: 'examples/my-dev-service', exitCode: 3, secrets: ['not-the-real-token'] },
  { path: 'examples/my-dev-service/fixed', exitCode: 0, secrets: ['not-the-real-token'], needsBoto3: true },
  { path: 'examples/wrong-role', exitCode: 3, secrets: ['not-the-real-password'] },
];

describe.each(EXAMPLES)('$path', ({ path, exitCode, secrets, needsBoto3 }) => {
  // Without python3 and boto3 the application cannot run; the refused start above needs neither.
  it.skipIf(needsBoto3 === true && !hasBoto3)('prints what its expected-output.txt says', async () => {
    const { code, stdout, stderr } = await rolecall(['run', path], { cwd: ROOT });
    expect(stderr).toBe('');
    expect(distinctLines(stdout)).toEqual(distinctLines(readFileSync(`${ROOT}${path}/expected-output.txt`, 'utf8')));
    expect(code).toBe(exitCode);
  });

  it('gives the same as one JSON document, without any secret', async () => {
    const { code, stdout } = await rolecall(['run', path, '--json'], { cwd: ROOT });
    const document = JSON.parse(stdout) as {
      version: number;
      exitCode: number;
      tasks: { started: boolean; calls: object[] }[];
    };
    expect(document.version).toBe(1);
    expect(document.exitCode).toBe(code);
    for (const { started, calls } of document.tasks) {
      expect(started).toBe(exitCode !== 3);
      expect(calls.length).toBeGreaterThan(3);
    }
    for (const secret of secrets) expect(stdout).not.toContain(secret);
  });
});

describe('examples/orders', () => {
  it('runs on one launch type alone', async () => {
    const { code, stdout } = await rolecall(['run', 'examples/orders', '--launch-type', 'ec2'], { cwd: ROOT });
    expect(code).toBe(0);
    expect(stdout).toContain('orders:1 on EC2');
    expect(stdout).not.toContain('FARGATE');
  });

  it('is refused its secrets when another execution role takes the place of its own', async () => {
    const { code, stdout } = await rolecall(
      ['run', 'examples/orders', '--launch-type', 'fargate', '--execution-role', 'orders-task'],
      { cwd: ROOT },
    );
    expect(code).toBe(3);
    expect(stdout).toMatch(
      /^ {2}ResourceInitializationError: .* not authorized to perform: ecr:GetAuthorizationToken/m,
    );
    expect(stdout).toMatch(/^ {4}fix {3}task execution role orders-task: /m);
  });

  it('loses its calls when the task role is another one', async () => {
    const { code, stdout } = await rolecall(
      [
        'run',
        'examples/orders',
        '--launch-type',
        'fargate',
        '--task-role',
        'arn:aws:iam::000000000000:role/orders-execution',
      ],
      { cwd: ROOT },
    );
    expect(code).not.toBe(0);
    expect(stdout).toMatch(/^running +task +sqs:GetQueueUrl +orders-pending +DENIED/m);
  });

  it('without its roles is not run, and says which are missing', async () => {
    const { code, stdout } = await rolecall(
      ['run', 'examples/orders/task-definition.json', 'examples/orders/template.yaml'],
      { cwd: ROOT },
    );
    expect(code).toBe(3);
    expect(stdout).toMatch(
      /^missing {3}role orders-execution \(examples\/orders\/task-definition\.json:\d+ \/executionRoleArn\)/m,
    );
    expect(stdout).toMatch(/ClientException: ECS was unable to assume the role/);
  });
});

describe('examples/wrong-role', () => {
  it('runs once the grant is moved to the execution role, as its README says', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'moved-grant-'));
    try {
      cpSync(`${ROOT}examples/wrong-role`, folder, { recursive: true });
      mkdirSync(join(folder, 'roles/billing-execution/policies'));
      renameSync(
        join(folder, 'roles/billing-task/policies/billing-task.json'),
        join(folder, 'roles/billing-execution/policies/billing-task.json'),
      );
      const { code, stdout } = await rolecall(['run', folder]);
      expect(stdout).toContain('billing | the password has 21 characters');
      expect(code).toBe(0);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
});

describe('a task of its own', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'own-task-'));
    const definition = {
      family: 'own',
      containerDefinitions: [{ name: 'c', image: 'own:1', memory: 64, command: ['sleep', '60'] }],
    };
    writeFileSync(join(folder, 'task-definition.json'), JSON.stringify(definition));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  it('is not run where nothing stands in for its image, and says how to go on', async () => {
    const { code, stdout } = await rolecall(['run', folder, '--launch-type', 'ec2']);
    expect(code).toBe(3);
    expect(stdout).toContain('CannotPullContainerError: ');
    expect(stdout).toContain('--stand-in own:1=DIR');
  });

  it('is stopped when the user interrupts it', async () => {
    const program = fileURLToPath(new URL('../../bin/rolecall.js', import.meta.url));
    const args = [program, 'run', folder, '--launch-type', 'ec2', '--stand-in', 'own:1=host'];
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
    let said = '';
    child.stdout.on('data', (chunk: Buffer) => {
      said += chunk;
    });
    const ended = new Promise((resolve) => child.once('exit', resolve));
    await expect.poll(() => said).toContain('ecs:SubmitTaskStateChange');
    child.kill('SIGINT');
    expect(await ended).toBe(130);
    expect(said).toContain('own:1 on EC2  stopped  UserInitiated');
    expect(said).toMatch(/container c: exit code (143|137)/);
  });

  it('is kept with its data when that is asked for', async () => {
    writeFileSync(
      join(folder, 'task-definition.json'),
      JSON.stringify({
        family: 'own',
        containerDefinitions: [{ name: 'c', image: 'own:1', memory: 64, command: ['true'] }],
      }),
    );
    const { code, stdout } = await rolecall([
      'run',
      folder,
      '--launch-type',
      'ec2',
      '--stand-in',
      'own:1=host',
      '--keep',
    ]);
    expect(code).toBe(0);
    const data = /^data {6}(\S+) \(kept\)$/m.exec(stdout)?.[1] ?? '';
    try {
      const server = await up(['--data', data]);
      const trail = await rolecall(['trail', '--endpoint', server.endpoint]);
      await server.end('SIGINT');
      expect(trail.stdout).toMatch(/ecs:RegisterContainerInstance/);
    } finally {
      rmSync(data, { recursive: true, force: true });
    }
  });
});
