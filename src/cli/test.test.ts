import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { testCommand } from './test.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'rolecall-test-'));
});
afterEach(() => {
  rmSync(folder, { recursive: true });
});

function file(name: string, content: unknown): string {
  const path = join(folder, name);
  writeFileSync(path, typeof content === 'string' ? content : JSON.stringify(content, undefined, 2));
  return path;
}

class Text extends Writable {
  text = '';
  override _write(chunk: Buffer, _encoding: BufferEncoding, done: () => void): void {
    this.text += chunk.toString();
    done();
  }
}

async function run(...args: string[]): Promise<{ status: number; out: string; err: string }> {
  const stdout = new Text();
  const stderr = new Text();
  const status = await testCommand(args, { stdout, stderr });
  return { status, out: stdout.text, err: stderr.text };
}

const parameter = 'arn:aws:ssm:eu-west-1:111111111111:parameter/my-service/dev/db';
const read = {
  Version: '2012-10-17',
  Statement: [{ Sid: 'Read', Effect: 'Allow', Action: 'ssm:GetParameters', Resource: parameter }],
};
const none = { resource: null, boundary: null, session: null, scp: [], rcp: [], vpce: null };

function oneCase(identity: unknown[], response: string, more: object = {}): object {
  return {
    name: 'reads its own parameter',
    request: {
      principal: 'arn:aws:sts::111111111111:assumed-role/app/0123',
      action: 'ssm:GetParameters',
      resource: parameter,
      resourceAccount: '111111111111',
      context: { 'aws:SourceIp': '203.0.113.9', 'aws:TagKeys': ['a', 'b'] },
    },
    policies: { identity, ...none },
    expected: { response },
    ...more,
  };
}

test('a case that passes', async () => {
  const { status, out } = await run(file('a.json', oneCase([read], 'Allowed')));
  expect([status, out]).toEqual([0, '1 passed, 0 failed\n']);
});

test('a case that fails shows the explanation', async () => {
  const denied = { ...read, Statement: { ...read.Statement[0], Action: 'ssm:GetParameter' } };
  const path = file('a.json', [
    oneCase([denied], 'Allowed'),
    oneCase([denied], 'Denied'),
    oneCase([denied], 'ExplicitlyDenied'),
  ]);
  const { status, out } = await run(path);
  expect(status).toBe(1);
  expect(out).toContain(`FAILED ${path}: reads its own parameter\n  expected Allowed, got ImplicitlyDenied`);
  expect(out).toContain('no identity policy of app allows it');
  expect(out).toContain('statement 1 (Read), Allow: does not apply, it speaks about other actions');
  expect(out).toContain('allows ssm:GetParameter; ssm:GetParameters is asked');
  expect(out.endsWith('1 passed, 2 failed\n')).toBe(true);
});

test('documents by path and by the ARN of an AWS managed policy', async () => {
  file('read.json', read);
  const managed = 'arn:aws:iam::aws:policy/service-role/AmazonECSTaskExecutionRolePolicy';
  const path = file('a.json', [oneCase(['read.json'], 'Allowed'), oneCase([managed], 'ImplicitlyDenied')]);
  const { status, out } = await run(path, '--json');
  expect(status).toBe(0);
  expect(JSON.parse(out)).toEqual({
    passed: 2,
    failed: 0,
    cases: [
      {
        name: 'reads its own parameter',
        expected: 'Allowed',
        actual: 'Allowed',
        decidedBy: { kind: 'identity', policy: 'read.json', sid: 'Read', index: 0 },
        why: 'statement Read of identity policy read.json allows it',
      },
      {
        name: 'reads its own parameter',
        expected: 'ImplicitlyDenied',
        actual: 'ImplicitlyDenied',
        decidedBy: null,
        why: 'no identity policy of app allows it',
      },
    ],
  });
});

test('levels, and members of a case that are not known', async () => {
  const all = { Version: '2012-10-17', Statement: { Effect: 'Allow', Action: '*', Resource: '*' } };
  const policies = { identity: [read], ...none, scp: [[all], []], rcp: [[]] };
  const path = file('a.json', oneCase([], 'ImplicitlyDenied', { id: 7, comment: 'ours', policies }));
  const { status, out } = await run(path, '--json');
  expect(status).toBe(0);
  expect(JSON.parse(out).cases[0]).toMatchObject({
    id: '7',
    why: 'no service control policy allows it on every level',
  });
});

test('JUnit', async () => {
  const report = join(folder, 'report.xml');
  const path = file('a.json', [oneCase([read], 'Allowed'), oneCase([], 'Allowed', { name: 'a <b> & "c"' })]);
  expect((await run(path, '--junit', report)).status).toBe(1);
  const xml = readFileSync(report, 'utf8');
  expect(xml).toContain(`<testsuite name="${path}" tests="2" failures="1">`);
  expect(xml).toContain('name="reads its own parameter"/>');
  expect(xml).toContain('name="a &#60;b&#62; &#38; &#34;c&#34;"');
  expect(xml).toContain(
    '<failure message="expected Allowed, got ImplicitlyDenied: no identity policy of app allows it">',
  );
});

test.each<[string, unknown, RegExp]>([
  ['no JSON', '[1,', /test-file-not-json\]: .*a\.json:1:4: \$\[1\]: the text ends/],
  ['no request', [{ name: 'x' }], /test-case-unusable\]: .*a\.json:2:3: \$\[0\]: `request` is missing/],
  [
    'nobody asks',
    oneCase([], 'Allowed', { request: { principal: 'ana', action: 'a:b' } }),
    /\$\.request\.principal: "ana" is not/,
  ],
  [
    'no action',
    oneCase([], 'Allowed', { request: { principal: '*', action: 'read' } }),
    /\$\.request\.action: "read" is not/,
  ],
  ['an answer there is not', oneCase([], 'Maybe'), /\$\.expected\.response: the response is one of/],
  [
    'a kind there is not',
    oneCase([], 'Allowed', { policies: { identities: [] } }),
    /there is no policy kind `identities`/,
  ],
  [
    'a document with a mistake',
    oneCase([{ ...read, Statement: { Effect: 'allow' } }], 'Allowed'),
    /a\.json:21:21: \$\.policies\.identity\[0\]\.Statement\.Effect: The policy failed legacy parsing/,
  ],
  [
    'a path to nowhere',
    oneCase(['nowhere.json'], 'Allowed'),
    /\$\.policies\.identity\[0\]: .*nowhere\.json cannot be read: there is no such file/,
  ],
  [
    'an unknown managed policy',
    oneCase(['arn:aws:iam::aws:policy/Nope'], 'Allowed'),
    /is not an AWS managed policy that Rolecall knows/,
  ],
])('a file that cannot be used: %s', async (_name, content, message) => {
  const { status, out, err } = await run(file('a.json', content));
  expect([status, out]).toEqual([2, '']);
  expect(err).toMatch(message);
  expect(err).toMatch(/\n {2}help: /);
});

test('a document in a file of its own shows its own place', async () => {
  file('bad.json', '{ "Version": "2012-10-17",\n  "Statement": 1 }');
  const { err } = await run(file('a.json', oneCase(['bad.json'], 'Allowed')));
  expect(err).toContain('bad.json:2:16: $.Statement: Syntax errors in policy.');
});

test.each([[[]], [['--what']], [['--junit']], [['/nowhere/at/all.json']]])('usage: %j', async (args) => {
  const { status, err } = await run(...args);
  expect(status).toBe(2);
  expect(err).toMatch(/^error\[test-(usage|file-unreadable)\]/);
});

test('a report that cannot be written', async () => {
  const { status, err } = await run(
    file('a.json', oneCase([read], 'Allowed')),
    '--junit',
    join(folder, 'no', 'report.xml'),
  );
  expect([status, err]).toEqual([2, expect.stringContaining('test-report-unwritable')]);
});

test('help', async () => {
  const { status, out } = await run('--help');
  expect([status, out]).toEqual([0, expect.stringContaining('Usage: rolecall test')]);
});
