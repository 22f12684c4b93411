import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import type { Io } from './io.ts';
import { runProgram } from './program.ts';

class Captured extends Writable {
  text = '';
  override _write(chunk: Buffer, _: string, done: () => void): void {
    this.text += chunk.toString('utf8');
    done();
  }
}

interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
  readonly bugs: unknown[];
  /** What a server was asked for. */
  readonly asked: unknown;
}

async function program(...args: string[]): Promise<Ended> {
  const stdout = new Captured();
  const stderr = new Captured();
  const bugs: unknown[] = [];
  let asked: unknown;
  const io: Io = {
    stdout,
    stderr,
    env: {},
    version: '1.2.3',
    interrupted: new AbortController().signal,
    startServer: (options) => {
      asked = options;
      return Promise.reject(new Error('out of luck'));
    },
    logBug: (error) => {
      bugs.push(error);
      return '/tmp/log';
    },
  };
  const code = await runProgram(args, io);
  return { code, stdout: stdout.text, stderr: stderr.text, bugs, asked };
}

describe('the program', () => {
  it('says its version', async () => {
    expect(await program('--version')).toMatchObject({ code: 0, stdout: '1.2.3\n' });
  });

  it.each([['--help'], ['help'], ['-h']])('shows all commands: %s', async (...args) => {
    const { code, stdout } = await program(...args);
    expect(code).toBe(0);
    for (const name of ['run', 'up', 'trail', 'instance', 'test', 'help']) expect(stdout).toContain(`\n  ${name} `);
  });

  it('shows them with exit code 2 when it is told nothing', async () => {
    expect(await program()).toMatchObject({ code: 2, stdout: expect.stringContaining('Usage: rolecall COMMAND') });
  });

  it.each([
    ['help', 'run'],
    ['run', '--help'],
    ['run', 'x', '-h'],
  ])('shows every option of a command: %s %s', async (...args) => {
    const { code, stdout } = await program(...args);
    expect(code).toBe(0);
    for (const flag of [
      '--launch-type fargate|ec2|external',
      '--task-role ARN|NAME',
      '--stand-in IMAGE=DIR|host',
      '--json',
      '--keep',
      '--endpoint URL',
    ])
      expect(stdout).toContain(flag);
  });

  it.each([
    [['rnu'], 'error[command-unknown]: there is no command `rnu`\n  help: Did you mean `run`?\n'],
    [
      ['--jsno'],
      'error[command-unknown]: there is no option `--jsno` before a command\n  help: Commands: run, check, policy, plan, explain, up, trail, instance, images, doctor, test, help.\n',
    ],
    [['run'], 'error[path-missing]: nothing to run: no PATH is given\n  help: Example: rolecall run examples/orders\n'],
    [['run', 'nowhere'], 'error[file-not-found]: nowhere does not exist\n  help: Check the path.\n'],
    [
      ['up', '--data', 'd', '--ephemeral'],
      'error[flag-conflict]: --data and --ephemeral exclude each other\n  help: Give one of them.\n',
    ],
    [['up', 'x'], 'error[argument-unexpected]: `rolecall up` takes no `x`\n  help: To load a workload: --load x\n'],
    [
      ['trail', '--task', 'x'],
      "error[flag-value]: --task x is neither a task's ARN nor its id\n  help: Ids are 32 hex digits.\n",
    ],
    [
      ['trail', '--endpoint', 'http://127.0.0.1:1'],
      'error[server-unreachable]: there is no server at http://127.0.0.1:1 (ECONNREFUSED)\n  help: Start one with `rolecall up`, or check --endpoint.\n',
    ],
    [
      ['instance', 'remove'],
      'error[argument-unexpected]: `rolecall instance` cannot `remove`\n  help: Write `rolecall instance add`.\n',
    ],
    [
      ['instance', 'add', '--metadata-options', 'HttpTokens=v1'],
      'error[flag-value]: --metadata-options: HttpTokens does not take `v1`\n  help: Values: required, optional.\n',
    ],
    [
      ['instance', 'add', '--metadata-options', 'HttpTokens=required,HttpPutResponseHopLimit=0'],
      'error[flag-value]: --metadata-options: HttpPutResponseHopLimit does not take `0`\n  help: Give a number from 1 to 64.\n',
    ],
    [
      ['instance', 'add', '--metadata-options', 'InstanceMetadataTags=enabled'],
      'error[flag-value]: --metadata-options: there is no metadata option `InstanceMetadataTags` here\n  help: Metadata options: HttpTokens, HttpPutResponseHopLimit, HttpEndpoint.\n',
    ],
    [
      ['instance', 'add', '--metadata-options', 'required'],
      'error[flag-value]: --metadata-options: `required` is not of the form NAME=VALUE\n  help: Example: --metadata-options HttpTokens=required,HttpPutResponseHopLimit=1\n',
    ],
    [
      ['instance', 'add', '--metadata-options', 'HttpTokens=required,HttpTokens=optional'],
      'error[flag-value]: --metadata-options: HttpTokens is given twice\n  help: Give it once.\n',
    ],
    [
      ['instance', 'add', '--switch', 'ECS_AWSVPC_BLOCK_IMDS=maybe'],
      'error[flag-value]: --switch ECS_AWSVPC_BLOCK_IMDS does not take `maybe`\n  help: Values: true, false.\n',
    ],
  ])('refuses %j with exit code 2', async (args, stderr) => {
    expect(await program(...args)).toMatchObject({ code: 2, stderr, stdout: '' });
  });

  it('serves the account and the Region that a loaded workload is written for', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'rolecall-cli-up-'));
    try {
      const role = 'arn:aws:iam::111122223333:role/task';
      const secrets = [{ name: 'S', valueFrom: 'arn:aws:ssm:eu-central-1:111122223333:parameter/p' }];
      const containerDefinitions = [{ name: 'a', image: 'i', memory: 64, secrets }];
      const definition = { family: 'web', taskRoleArn: role, containerDefinitions };
      writeFileSync(join(folder, 'task-definition.json'), JSON.stringify(definition));
      const { asked } = await program('up', '--ephemeral', '--load', folder);
      expect(asked).toMatchObject({ account: '111122223333', region: 'eu-central-1' });
      const { code, stderr } = await program('up', '--ephemeral', '--load', folder, '--account', '000000000000');
      expect(code).toBe(2);
      expect(stderr).toContain('error[account-mismatch]: this role is in account 111122223333');
      expect((await program('up', '--ephemeral')).asked).toMatchObject({
        account: '000000000000',
        region: 'eu-west-1',
      });
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });

  it('says that an unforeseen error is a bug, without its stack', async () => {
    const { code, stderr, bugs } = await program('up', '--ephemeral');
    expect(code).toBe(70);
    expect(stderr).toBe(
      'error: this is a bug in Rolecall: out of luck\n  help: /tmp/log says more; please report it\n',
    );
    expect(bugs).toHaveLength(1);
  });
});
