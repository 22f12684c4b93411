import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { rolecall } from '../system/program.ts';

const TRUST = JSON.stringify({
  Version: '2012-10-17',
  Statement: [{ Effect: 'Allow', Principal: { Service: 'ecs-tasks.amazonaws.com' }, Action: 'sts:AssumeRole' }],
});

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'bad-input-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** Runs a folder with these files; gives the error with the folder's own path taken out. */
async function refused(files: Record<string, string>): Promise<string> {
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), text);
  }
  const { code, stdout, stderr } = await rolecall(['run', folder]);
  expect(code).toBe(2);
  // What can be known from the files is said before a server starts.
  if (!stderr.startsWith('error[load-failed]')) expect(stdout).toBe('');
  expect(stderr).not.toMatch(/\n\s+at .*\.[jt]s:\d+/); // no stack trace
  return stderr.replaceAll(`${folder}/`, '');
}

const TASK = { family: 'web', containerDefinitions: [{ name: 'a', image: 'i', memory: 64 }] };
const task = (parts: object) => JSON.stringify({ ...TASK, ...parts }, undefined, 1);

describe('a task definition', () => {
  it.each<[string, string, string]>([
    [
      'that is cut off',
      '{"family": "web",\n "containerDefinitions": [',
      `error[malformed-json]: this is not JSON: the text ends where a value is expected
  at task-definition.json:2 /containerDefinitions/0
  help: The text ends too early: close what was opened.
`,
    ],
    [
      'with a member twice',
      '{"family": "web",\n "family": "x"}',
      `error[malformed-json]: this is not JSON: the member "family" is given twice
  at task-definition.json:2 /family
  help: Correct the JSON at this place.
`,
    ],
    [
      'with a misspelt member',
      task({ containerDefinitions: [{ name: 'a', image: 'i', memroy: 64 }] }),
      `error[unknown-member]: the task definition.containerDefinitions[0] has no member \`memroy\`
  at task-definition.json:7 /containerDefinitions/0/memroy
  help: Did you mean \`memory\`?
`,
    ],
    [
      'with a number as text',
      task({ containerDefinitions: [{ name: 'a', image: 'i', memory: '64' }] }),
      `error[wrong-type]: the task definition.containerDefinitions[0].memory must be a whole number, and is the string "64"
  at task-definition.json:7 /containerDefinitions/0/memory
  help: Remove the quotes: 64.
`,
    ],
    [
      'without containers',
      '{"family": "web"}',
      `error[missing-member]: a task definition has no \`containerDefinitions\`
  at task-definition.json:1
  help: Add \`containerDefinitions\`.
`,
    ],
    [
      'of another account than the settings say',
      task({ taskRoleArn: 'arn:aws:iam::111111111111:role/r', executionRoleArn: 'arn:aws:iam::222222222222:role/r' }),
      `error[account-mismatch]: this role is in account 111111111111, and the server's account is 000000000000
  at task-definition.json:10 /taskRoleArn
  help: Run with --account 111111111111.
`,
    ],
  ])('%s', async (_, text, expected) => {
    expect(await refused({ 'task-definition.json': text })).toBe(expected);
  });

  it('that ECS itself refuses is named with its place', async () => {
    const error = await refused({
      'task-definition.json': task({ requiresCompatibilities: ['FARGATE'], networkMode: 'bridge' }),
    });
    expect(error).toMatch(/^error\[load-failed\]: task definition web was refused: ClientException: /);
    expect(error).toContain('\n  at task-definition.json:1\n');
  });
});

describe('a template', () => {
  it.each<[string, string, string]>([
    ['that is no YAML', 'Resources:\n  Q: [\n', 'error[malformed-yaml]: this is not YAML: '],
    [
      'with an unknown tag',
      'Resources:\n  Q:\n    Type: !Reff x\n',
      'error[unknown-tag]: the tag `!Reff` is not known\n  at template.yaml:3 /Resources/Q/Type\n',
    ],
    [
      'with a reference to nothing',
      'Resources:\n  Q:\n    Type: AWS::SQS::Queue\n    Properties:\n      QueueName: !Ref Nmae\nParameters:\n  Name: {Type: String}\n',
      'error[undefined-reference]: the template has no parameter or resource `Nmae`\n  at template.yaml:5 /Resources/Q/Properties/QueueName\n  help: Did you mean `Name`?\n',
    ],
    [
      'with a parameter that has no value',
      'Resources:\n  Q:\n    Type: AWS::SQS::Queue\n    Properties:\n      QueueName: !Ref Name\nParameters:\n  Name: {Type: String}\n',
      'error[unknown-value]: this value cannot be known: the parameter `Name` has no default\n  at template.yaml:7 /Parameters/Name\n  help: Supply it: --parameter Name=VALUE\n',
    ],
    [
      'with a misspelt property',
      'Resources:\n  Q:\n    Type: AWS::SQS::Queue\n    Properties:\n      QueuName: x\n',
      'error[unknown-property]: AWS::SQS::Queue has no property `QueuName`\n  at template.yaml:5 /Resources/Q/Properties/QueuName\n  help: Did you mean `QueueName`?\n',
    ],
    [
      'with a value that the service refuses',
      'Resources:\n  Q:\n    Type: AWS::SQS::Queue\n    Properties:\n      QueueName: "a b"\n',
      'error[load-failed]: queue a b was refused: ',
    ],
  ])('%s', async (_, text, expected) => {
    expect(await refused({ 'task-definition.json': task({}), 'template.yaml': text })).toContain(expected);
  });
});

describe('a policy', () => {
  it.each<[string, string, string]>([
    [
      'that is no JSON',
      "{'Version': '2012-10-17'}",
      'at roles/r/policies/p.json:1\n  help: Use double quotes: JSON has no others.\n',
    ],
    ['without statement', '{"Version": "2012-10-17"}', 'error[malformed-policy]: AWS refuses this policy: '],
    [
      'with a misspelt effect',
      '{"Version": "2012-10-17",\n"Statement": [{"Effect": "Alow", "Action": "s3:GetObject", "Resource": "*"}]}',
      'at roles/r/policies/p.json:2 /Statement/0/Effect\n',
    ],
    [
      'with a principal where none may be',
      '{"Version": "2012-10-17",\n"Statement": [{"Effect": "Allow",\n"Principal": "*", "Action": "s3:GetObject", "Resource": "*"}]}',
      'at roles/r/policies/p.json:',
    ],
    [
      'with an unknown condition operator',
      '{"Version": "2012-10-17",\n"Statement": [{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*",\n"Condition": {"StringEqual": {"aws:RequestedRegion": "eu-west-1"}}}]}',
      'at roles/r/policies/p.json:3 /Statement/0/Condition',
    ],
  ])('%s', async (_, text, expected) => {
    expect(
      await refused({ 'task-definition.json': task({}), 'roles/r/trust.json': TRUST, 'roles/r/policies/p.json': text }),
    ).toContain(expected);
  });

  it('that trusts nobody', async () => {
    const trust = '{"Version": "2012-10-17", "Statement": [\n{"Effect": "Allow", "Action": "sts:AssumeRole"}]}';
    const error = await refused({ 'task-definition.json': task({}), 'roles/r/trust.json': trust });
    expect(error).toContain('AWS refuses this trust policy: ');
    expect(error).toContain('at roles/r/trust.json:2 /Statement/0');
  });
});

it('images.json', async () => {
  const error = await refused({ 'task-definition.json': task({}), 'images.json': '{"i": {"comand": ["x"]}}' });
  expect(error).toContain('expected one of command, workingDirectory, environment');
  expect(error).toContain('images.json:1 /i/comand');
});
