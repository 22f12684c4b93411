import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { namespaceSupport } from '../../src/agent/runtimes/namespace/support.ts';
import { rolecall, up } from '../system/program.ts';

const { reason } = namespaceSupport();
const directory = mkdtempSync(join(tmpdir(), 'rolecall-transparent-program-'));
afterAll(() => rmSync(directory, { recursive: true, force: true }));

const definition = {
  family: 'app',
  networkMode: 'awsvpc',
  requiresCompatibilities: ['FARGATE'],
  cpu: '256',
  memory: '512',
  containerDefinitions: [
    {
      name: 'app',
      image: 'app',
      command: [
        process.execPath,
        '-e',
        "fetch('https://sts.eu-west-1.amazonaws.com/?Action=GetCallerIdentity&Version=2011-06-15').then(({ status }) => console.log('answered', status, process.env.AWS_ENDPOINT_URL))",
      ],
    },
  ],
};
const file = join(directory, 'task-definition.json');
writeFileSync(file, JSON.stringify(definition));

describe('--transparent', () => {
  it.skipIf(reason !== undefined)(
    `of \`rolecall run\`${reason === undefined ? '' : ` (skipped: ${reason})`}`,
    async () => {
      const { stdout, code } = await rolecall([
        'run',
        file,
        '--runtime',
        'namespace',
        '--transparent',
        '--stand-in',
        'app=host',
      ]);
      expect(stdout).toContain('network   transparent: ');
      expect(stdout).toContain('answered 403 undefined');
      expect(code).toBe(0);
    },
  );

  it.skipIf(reason !== undefined)('of `rolecall up`', async () => {
    const served = await up(['--ephemeral', '--runtime', 'namespace', '--transparent']);
    await expect.poll(() => served.said(), { timeout: 60_000 }).toContain('network   transparent: ');
    expect(await served.end('SIGINT')).toBe(0);
  });

  it('is refused by name where tasks use the names and the trust of this machine', async () => {
    for (const command of [
      ['run', file, '--stand-in', 'app=host'],
      ['up', '--ephemeral', '--port', '0'],
    ]) {
      const { stderr, code } = await rolecall([...command, '--runtime', 'process', '--transparent']);
      expect(stderr).toContain('error[transparent-unavailable]: --transparent cannot be had with the process runtime');
      expect(stderr).toContain('Use --runtime docker or --runtime namespace');
      expect(code).toBe(2);
    }
  });

  it('is a setting of a server, not of one that runs already', async () => {
    const { stderr, code } = await rolecall(['run', file, '--endpoint', 'http://127.0.0.1:1', '--transparent']);
    expect(stderr).toContain('error[flag-conflict]: --transparent is a setting of the server');
    expect(code).toBe(2);
  });

  it('is told of in the help', async () => {
    for (const command of ['run', 'up']) {
      const { stdout } = await rolecall(['help', command]);
      expect(stdout).toMatch(/--transparent +let endpoints of AWS/);
    }
  });
});
