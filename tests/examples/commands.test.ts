import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { rolecall, type Served, up } from '../system/program.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

describe('a running server', () => {
  let server: Served;
  beforeAll(async () => {
    server = await up(['--ephemeral', '--load', `${ROOT}examples/orders`]);
  });
  afterAll(async () => {
    await server.end('SIGKILL');
  });

  it('says where it is, how to point clients at it, and that policies are enforced', async () => {
    await expect.poll(() => server.said()).toContain('ready');
    const said = server.said();
    expect(said).toContain(`export AWS_ENDPOINT_URL=${server.endpoint} AWS_REGION=eu-west-1`);
    expect(said).toContain('export AWS_ACCESS_KEY_ID=test AWS_SECRET_ACCESS_KEY=test');
    expect(said).toContain('policies  enforced');
    expect(said).toMatch(/^runtime {3}process: .+/m);
    expect(said).toMatch(/^loaded {4}2 roles, 1 key, .*1 task definition$/m);
    expect(said).toMatch(/^\d\d:\d\d:\d\d\.\d{3} - +root +iam:CreateRole +role\/orders-task +allowed$/m);
  });

  it('runs a workload that is brought to it, twice', async () => {
    for (const revision of [2, 3]) {
      const { code, stdout, stderr } = await rolecall(
        ['run', 'examples/orders', '--launch-type', 'fargate', '--endpoint', server.endpoint],
        { cwd: ROOT },
      );
      expect(stderr).toBe('');
      expect(stdout).toContain(`orders:${revision} on FARGATE  stopped`);
      expect(code).toBe(0);
    }
  });

  it('refuses a workload of another account', async () => {
    const args = ['run', 'examples/orders', '--account', '111111111111', '--endpoint', server.endpoint];
    const { code, stderr } = await rolecall(args, { cwd: ROOT });
    expect(code).toBe(2);
    expect(stderr).toBe(
      "error[account-mismatch]: the workload is for account 111111111111, and the server's account is 000000000000\n" +
        '  help: Start the server with --account 111111111111, or give --account 000000000000.\n',
    );
  });

  it('shows its trail: all, refusals, one task', async () => {
    const trail = (...args: string[]) => rolecall(['trail', '--endpoint', server.endpoint, ...args]);
    const denied = await trail('--denied');
    expect(denied.code).toBe(0);
    const lines = denied.stdout.trimEnd().split('\n').slice(1);
    expect(lines.length).toBeGreaterThan(0);
    for (const line of lines) expect(line).toMatch(/^running +task +sqs:DeleteQueue +orders-pending +DENIED/);
    const all = (await trail('--json')).stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as { value: { taskArn?: string; stage?: string } });
    const taskArn = all.find(({ value }) => value.stage === 'running')?.value.taskArn ?? '';
    const own = (await trail('--json', '--task', taskArn.slice(-32))).stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as (typeof all)[number]);
    expect(own).toEqual(all.filter(({ value }) => value.taskArn === taskArn));
    expect(own.length).toBeGreaterThan(5);
  });

  it('takes a container instance with the switches of its agent', async () => {
    const { code, stdout } = await rolecall([
      'instance',
      'add',
      '--endpoint',
      server.endpoint,
      '--switch',
      'ECS_AWSVPC_BLOCK_IMDS=true',
    ]);
    expect(code).toBe(0);
    expect(stdout).toMatch(
      /^arn:aws:ecs:eu-west-1:000000000000:container-instance\/default\/[0-9a-f]{32} {2}i-[0-9a-f]{17}\n$/,
    );
  });

  it('does not show its trail to other keys', async () => {
    const env = { AWS_ACCESS_KEY_ID: 'AKIAIOSFODNN7EXAMPLE', AWS_SECRET_ACCESS_KEY: 'wrong' };
    const { code, stderr } = await rolecall(['trail', '--endpoint', server.endpoint], { env });
    expect(code).toBe(2);
    expect(stderr).toContain('root user');
  });

  it('keeps others from its port', async () => {
    const port = new URL(server.endpoint).port;
    const { code, stderr } = await rolecall(['up', '--ephemeral', '--port', port]);
    expect(code).toBe(2);
    expect(stderr).toBe(
      `error[port-in-use]: port ${port} on 127.0.0.1 is taken\n  help: Stop what listens there, or choose another with --port (0 takes any free one).\n`,
    );
  });
});

it.each(['SIGINT', 'SIGTERM'] as const)('a server stops cleanly on %s', async (signal) => {
  const server = await up();
  await expect.poll(() => server.said()).toContain('ready');
  expect(await server.end(signal)).toBe(0);
  expect(server.said()).toMatch(/stopped\n$/);
});
