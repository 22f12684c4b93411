import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { afterAll, describe, expect, it, vi } from 'vitest';
import { ACCOUNT, policy, TRUST, taskDefinition, writeFiles } from '../check/testing.ts';
import type { Io } from './io.ts';
import { runProgram } from './program.ts';

const WRONG = fileURLToPath(new URL('../../examples/wrong-role', import.meta.url));
const FIXED = fileURLToPath(new URL('../../examples/my-dev-service/fixed', import.meta.url));
const CLEAN = fileURLToPath(new URL('../../tests/golden/clean', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'rolecall-cli-check-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function run(...args: string[]): Promise<{ code: number; out: string; err: string }> {
  return runOn({}, ...args);
}

async function runOn(stderr: { isTTY?: true }, ...args: string[]): Promise<{ code: number; out: string; err: string }> {
  const texts = { out: '', err: '' };
  const screen = (to: 'out' | 'err') =>
    new Writable({
      write(chunk, _, done) {
        texts[to] += String(chunk);
        done();
      },
    });
  const io: Io = {
    stdout: screen('out'),
    stderr: Object.assign(screen('err'), stderr),
    env: {},
    version: '0.0.0',
    interrupted: new AbortController().signal,
    startServer: () => Promise.reject(new Error('no server is needed')),
    logBug: () => 'bug.log',
  };
  const code = await runProgram(args, io);
  return { code, ...texts };
}

describe('rolecall check', () => {
  it('exits with 1 when something is refused, and names the rule and the fix', async () => {
    const { code, out } = await run('check', WRONG);
    expect(code).toBe(1);
    expect(out).toContain('RC102 refused  billing on FARGATE, EC2');
    expect(out).toContain('"Action": "secretsmanager:GetSecretValue"');
    expect(out).not.toContain('\u001b');
  });

  it('exits with 0 when nothing is', async () => {
    expect((await run('check', FIXED)).code).toBe(0);
  });

  it('exits as --fail-on says', async () => {
    expect((await run('check', WRONG, '--fail-on', 'never')).code).toBe(0);
    expect((await run('check', FIXED, '--fail-on', 'advice')).code).toBe(1);
    expect((await run('check', CLEAN, '--fail-on', 'advice')).code).toBe(0);
  });

  it.each([
    [['check', '/no/such/folder'], 'file-not-found'],
    [['check'], 'path-missing'],
    [['check', WRONG, '--caller', 'arn:aws:iam::000000000000:role/nobody'], 'caller-not-found'],
    [['check', WRONG, '--scp', '/no/such/file'], 'file-not-readable'],
    [['check', WRONG, '--format', 'xml'], 'flag-value'],
  ])('exits with 2 and a remedy: %j', async (args, errorCode) => {
    const { code, err } = await run(...args);
    expect(code).toBe(2);
    expect(err).toContain(`error[${errorCode}]`);
    expect(err).toMatch(/help: \S/);
  });

  it('names a damaged trail, and a folder without any', async () => {
    const damaged = join(folder, 'damaged.json.gz');
    writeFileSync(damaged, gzipSync('{"Records":[]}').subarray(0, 15));
    const empty = mkdtempSync(join(folder, 'trails-'));
    for (const [path, message] of [
      [damaged, `${damaged} is a damaged gzip file: unexpected end of file`],
      [empty, `${empty} holds no file whose name ends in .json, .jsonl or .json.gz`],
    ] as const) {
      const { code, err } = await run('check', CLEAN, '--trail', path);
      expect([code, err]).toEqual([2, expect.stringContaining(`error[not-a-trail]: ${message}\n  help: `)]);
    }
  });

  it('names the line of a trail that is broken', async () => {
    const lines = join(folder, 'lines.jsonl');
    writeFileSync(lines, '{"eventName":"GetItem"}\n{"eventName":\n');
    const file = join(folder, 'records.json');
    writeFileSync(file, '{"Records": [\n{"eventName": x}]}');
    expect((await run('check', CLEAN, '--trail', lines)).err).toContain(
      `error[not-a-trail]: this line is no record of a trail\n  at ${lines}:2\n`,
    );
    const { err } = await run('check', CLEAN, '--trail', file);
    expect(err).toContain(`error[not-a-trail]: ${file} holds no trail: this is not JSON: `);
    expect(err).toContain(`  at ${file}:2 /Records/0/eventName\n`);
  });

  it('ends with 2 for input that is of no known form, and names file and place', async () => {
    const plan = join(folder, 'plan-of-nothing.json');
    writeFileSync(plan, '{"terraform_version": "1.9.8",\n"format_version": "9.0"}');
    const { code, err } = await run('check', plan);
    expect([code, err]).toEqual([2, expect.stringContaining(`\n  at ${plan}:2 /format_version\n  help: `)]);
  });

  it('names a mistyped resource type, and only counts others', async () => {
    const template = join(folder, 'mistyped.yaml');
    writeFileSync(template, 'Resources:\n  A: {Type: "AWS::IAM::Rol"}\n  B: {Type: "AWS::IAM::AccessKey"}\n');
    const { code, out } = await run('check', template);
    expect(code).toBe(0);
    expect(out).toMatch(/^not read: AWS::IAM::Rol `A`: no such type is known.*did you mean\s+`AWS::IAM::Role`\?$/ms);
    expect(out).toContain('not read: 1 resource of types that have no part');
  });

  it('names a silence of an unknown rule, beside reports for other programs, too', async () => {
    const silencing = mkdtempSync(join(folder, 'silencing-'));
    writeFiles(silencing, {
      'task-definition.json': taskDefinition(),
      'rolecall.json': { silence: [{ id: 'RC999', reason: 'wanted' }] },
    });
    const notice = `notice: ${join(silencing, 'rolecall.json')}:3 /silence/0: RC999 silences nothing`;
    expect((await run('check', silencing, '--format', 'json')).err).toContain(notice);
  });

  it('takes an instance role that is not in the input for no other one', async () => {
    const { out } = await run('check', WRONG, '--launch-type', 'ec2', '--instance-role', 'elsewhere');
    expect(out).toMatch(/^ {2}instance +elsewhere +\?/m);
    expect(out).toMatch(/the\s+role arn:aws:iam::000000000000:role\/elsewhere is not in the input/);
  });

  it('names a parameter that nothing asks for', async () => {
    const { out } = await run('check', WRONG, '--parameter', 'Enviroment=dev');
    expect(out).toContain('not read: parameter `Enviroment`: nothing in the input needs a value of this name');
  });

  it.each(['json', 'sarif', 'junit', 'github', 'markdown'])('writes %s to --out', async (format) => {
    const file = join(folder, `report.${format}`);
    const { out } = await run('check', WRONG, '--format', format, '--out', file);
    expect(out).toBe('');
    expect(readFileSync(file, 'utf8')).toContain('RC102');
  });

  it('says on a terminal what takes over a second, and takes it away again', async () => {
    let now = 0;
    const clock = vi.spyOn(performance, 'now').mockImplementation(() => {
      now += 600;
      return now;
    });
    try {
      const { err } = await runOn({ isTTY: true }, 'check', WRONG);
      const [, first] = err.split('\r');
      expect(first?.replaceAll(/\d+/g, 'N')).toMatch(/^(reading: N files|checking: N of N task definitions)/);
      expect(err.endsWith('\r\u001b[K')).toBe(true);
      expect((await runOn({}, 'check', WRONG)).err).toBe('');
    } finally {
      clock.mockRestore();
    }
    expect((await runOn({ isTTY: true }, 'check', CLEAN)).err).toBe('');
  });

  it('names what was not read, whatever the format', async () => {
    const sam = join(folder, 'sam');
    writeFiles(sam, {
      'template.yaml':
        'Resources:\n  F: {Type: "AWS::Serverless::Function", Properties: {Handler: a.b}}\n  Q: {Type: "AWS::SQS::Queue"}\n  V: {Type: "AWS::EC2::VPC"}\n',
    });
    const said = 'not read: AWS::Serverless::Function `F`: SAM is not supported';
    const text = await run('check', sam);
    expect(text.out).toContain(said);
    expect(text.out).toContain('not read: 1 resource of types that have no part in what tasks may do');
    expect((await run('check', sam, '--format', 'markdown')).out).toContain('SAM is not supported');
    const json = await run('check', sam, '--format', 'json');
    expect(json.err).toBe(`${said}\n`);
    expect(() => JSON.parse(json.out)).not.toThrow();
  });

  it('asks about one launch type only', async () => {
    const { out } = await run('check', WRONG, '--launch-type', 'ec2', '--format', 'json');
    const types = new Set(JSON.parse(out).duties.map(({ launchType }: { launchType: string }) => launchType));
    expect([...types]).toEqual(['EC2']);
  });

  it('takes parameters from a file of either form', async () => {
    const stack = join(folder, 'stack');
    writeFiles(stack, {
      'template.yaml': `AWSTemplateFormatVersion: "2010-09-09"
Parameters: { Name: { Type: String } }
Resources:
  Definition:
    Type: AWS::ECS::TaskDefinition
    Properties:
      Family: !Ref Name
      RequiresCompatibilities: [FARGATE]
      NetworkMode: awsvpc
      Cpu: "256"
      Memory: "512"
      ContainerDefinitions: [{ Name: app, Image: nginx }]
`,
      'object.json': { Name: 'orders' },
      'list.json': [{ ParameterKey: 'Name', ParameterValue: 'billing' }],
    });
    expect((await run('check', stack, '--parameters', join(stack, 'object.json'))).out).toContain('orders on FARGATE');
    expect((await run('check', stack, '--parameters', join(stack, 'list.json'))).out).toContain('billing on FARGATE');
  });

  it('checks the levels of an organization, root first', async () => {
    const given = join(folder, 'organization');
    writeFiles(given, {
      'rolecall.json': { account: ACCOUNT, region: 'eu-west-1' },
      'task-definition.json': taskDefinition({ secrets: [{ name: 'A', valueFrom: '/app/a' }] }),
      'roles/execution/trust.json': TRUST,
      'roles/execution/policies/own.json': policy({ Effect: 'Allow', Action: 'ssm:GetParameters', Resource: '*' }),
      'full.json': policy({ Effect: 'Allow', Action: '*', Resource: '*' }),
      'narrow.json': policy({ Effect: 'Allow', Action: ['ecr:*', 'sts:*'], Resource: '*' }),
    });
    const scp = (name: string) => ['--scp', join(given, name)];
    expect((await run('check', given, ...scp('full.json'))).code).toBe(0);
    expect((await run('check', given, ...scp('full.json'), ...scp('narrow.json'))).out).toContain('RC121 refused');
    // Two policies of one level: one that allows is enough.
    const level = `${join(given, 'full.json')},${join(given, 'narrow.json')}`;
    expect((await run('check', given, '--scp', level)).code).toBe(0);
  });
});

describe('rolecall policy, plan, explain', () => {
  it('prints policies that can be parsed', async () => {
    const { code, out } = await run('policy', WRONG, '--json');
    expect(code).toBe(0);
    const { roles } = JSON.parse(out);
    expect(roles[0]).toMatchObject({ role: 'task-execution', roleName: 'billing-execution', from: 'plan' });
    expect(roles[0].documents[0].Statement.length).toBeGreaterThan(2);
  });

  it('shows the difference to what the roles have', async () => {
    const { out } = await run('policy', WRONG, '--diff');
    expect(out).toContain('- arn:aws:iam::aws:policy/service-role/AmazonECSTaskExecutionRolePolicy');
    expect(out).toContain('+ secretsmanager:GetSecretValue on ');
  });

  it('takes the caller from a text about iam:PassRole', async () => {
    const passed = fileURLToPath(new URL('../../tests/golden/RC206-one-of-two-passed', import.meta.url));
    const text =
      'User: arn:aws:sts::111122223333:assumed-role/deploy/ci is not authorized to perform: iam:PassRole on resource: arn:aws:iam::111122223333:role/app-execution because no identity-based policy allows the iam:PassRole action';
    expect((await run('explain', text, passed)).out).toContain('RC206 in your input');
    // Somebody who is not in the input is explained all the same.
    const other = await run('explain', text.replace('role/deploy/', 'role/somebody/'), passed);
    expect([other.code, other.out.startsWith('not-passed')]).toEqual([0, true]);
  });

  it('prints the plan alone', async () => {
    const { out } = await run('plan', WRONG, '--json', '--launch-type', 'fargate');
    const { duties } = JSON.parse(out);
    expect(duties[0]).not.toHaveProperty('verdict');
    expect(duties.map(({ action }: { action: string }) => action)).toContain('secretsmanager:GetSecretValue');
  });

  it('explains a text with the input that caused it', async () => {
    const text =
      'AccessDeniedException: User: arn:aws:sts::000000000000:assumed-role/billing-execution/0123456789abcdef0123456789abcdef is not authorized to perform: secretsmanager:GetSecretValue on resource: arn:aws:secretsmanager:eu-west-1:000000000000:secret:billing/database-Qw3rTy because no identity-based policy allows the secretsmanager:GetSecretValue action';
    const { code, out } = await run('explain', text, WRONG);
    expect(code).toBe(0);
    expect(out).toContain('RC102 in your input');
    expect((await run('explain', 'nothing that AWS says')).code).toBe(1);
    // The text may stand behind the path, too.
    expect((await run('explain', WRONG, text)).out).toBe(out);
  });
});
