import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { UserError } from '../core/errors.ts';
import { nearest, plain } from './node.ts';
import { placeOf, SourceError } from './origin.ts';
import { readWorkload } from './read-workload.ts';

const TRUST =
  '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"ecs-tasks.amazonaws.com"},"Action":"sts:AssumeRole"}]}';
const POLICY = '{"Version":"2012-10-17","Statement":[\n{"Effect":"Allow","Action":"sqs:SendMessage","Resource":"*"}]}';
const TASK = '{\n"family": "web",\n"containerDefinitions": [{"name": "a",\n"image": "i", "memory": 128}]\n}';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'workload-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function write(files: Record<string, string>): void {
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), text);
  }
}

function read(path = folder) {
  return readWorkload([path], { account: '000000000000', region: 'eu-west-1' });
}

function failing(path = folder): UserError {
  try {
    read(path);
  } catch (error) {
    if (error instanceof UserError) return error;
    throw error;
  }
  throw new Error('nothing was refused');
}

describe('a folder', () => {
  it('is read as a whole', () => {
    write({
      'task-definition.json': TASK,
      'task-definition-worker.yaml': 'family: worker\ncontainerDefinitions: [{name: a, image: i, memory: 64}]\n',
      'template.yaml': 'Resources: {Q: {Type: AWS::SQS::Queue}}',
      'images.json': '{}',
      'rolecall.json': '{"launchTypes": ["ec2"], "parameters": {"A": "b"}}',
      'roles/web/trust.json': TRUST,
      'roles/web/policies/send.json': POLICY,
      'roles/web/managed.txt':
        '# pulls\nservice-role/AmazonECSTaskExecutionRolePolicy\n\narn:aws:iam::000000000000:policy/own\n',
      'roles/web/boundary.json': POLICY,
    });
    const workload = read();
    expect(workload.taskDefinitions.map(({ family }) => family)).toEqual(['worker', 'web']);
    expect(workload.queues).toHaveLength(1);
    expect(workload.imageFiles).toEqual([join(folder, 'images.json')]);
    expect(workload.settings).toMatchObject({ launchTypes: ['EC2'], parameters: { A: 'b' } });
    expect(workload.roles.map(({ name, arn }) => `${name} ${arn}`)).toEqual(['web arn:aws:iam::000000000000:role/web']);
    expect(workload.inlinePolicies.map(({ name, document }) => `${name} ${document.text}`)).toEqual([`send ${POLICY}`]);
    expect(workload.attachments.map(({ policyArn, origin }) => `${policyArn} ${origin.line}`)).toEqual([
      'arn:aws:iam::aws:policy/service-role/AmazonECSTaskExecutionRolePolicy 2',
      'arn:aws:iam::000000000000:policy/own 4',
    ]);
  });

  it('names the line of what is wrong with an instance', () => {
    write({ 'task-definition.json': TASK, 'rolecall.json': '{"instances": [\n{"count": 2,\n"type": "m5.lagre"}]}' });
    const { origin } = failing() as SourceError;
    expect(placeOf(origin)).toBe(`${join(folder, 'rolecall.json')}:3 /instances/0/type`);
  });

  it('takes instance types of every architecture, and a zone of any Region where none is named', () => {
    const instances = [{ type: 'm7g.large', availabilityZone: 'us-east-1a' }, { type: 'm7i.large' }];
    write({ 'task-definition.json': TASK, 'rolecall.json': JSON.stringify({ instances }) });
    expect(read().settings.instances?.map(({ instanceType }) => instanceType)).toEqual(['m7g.large', 'm7i.large']);
  });

  it('of the CDK without any stack is said to have none', () => {
    write({ 'cdk.out': '{}', 'manifest.json': '{"artifacts": {"Tree": {"type": "cdk:tree"}}}' });
    expect(read().leftOut.map(({ what, why }) => `${what}: ${why}`)).toEqual([
      `${join(folder, 'manifest.json')}: this app of the CDK has no stacks`,
    ]);
  });

  it.each([
    ['aws:cloudformation:stack', 'templateFile', 'A.template.json', 'the stack `A`'],
    ['cdk:cloud-assembly', 'directoryName', 'assembly-A', 'the assembly `A`'],
  ])('of the CDK in which a file of %s is missing names both places', (type, member, name, what) => {
    const artifacts = { A: { type, properties: { [member]: name } } };
    write({ 'cdk.out': '{}', 'manifest.json': JSON.stringify({ artifacts }) });
    const error = failing() as SourceError;
    expect(error.message).toMatch(new RegExp(`^${what} is in .*${name}.*, which does not exist$`));
    expect(placeOf(error.origin)).toBe(`${join(folder, 'manifest.json')}:1 /artifacts/A/properties/${member}`);
  });

  it('keeps the place of everything in a task definition', () => {
    write({ 'task-definition.json': TASK });
    const [web] = read().taskDefinitions;
    expect(placeOf(nearest(web!.input, '/containerDefinitions/0/image').origin)).toBe(
      `${join(folder, 'task-definition.json')}:4 /containerDefinitions/0/image`,
    );
  });

  it.each<[string, Record<string, string>, string, string]>([
    ['nothing in it', { 'README.md': 'x' }, 'nothing-to-load', 'holds no workload'],
    ['a role without trust', { 'roles/r/policies/p.json': POLICY }, 'missing-file', 'trust.json'],
    [
      'a file that is no part of a role',
      { 'roles/r/trust.json': TRUST, 'roles/r/policy.json': POLICY },
      'unknown-file',
      'policy.json',
    ],
    [
      'a policy that is no JSON',
      { 'roles/r/trust.json': TRUST, 'roles/r/policies/p.txt': POLICY },
      'unknown-file',
      'p.txt',
    ],
    [
      'a managed policy that is none',
      { 'roles/r/trust.json': TRUST, 'roles/r/managed.txt': 'arn:aws:s3:::x' },
      'invalid-policy-arn',
      'arn:aws:s3:::x',
    ],
    [
      'a role declared twice',
      {
        'roles/r/trust.json': TRUST,
        'template.yaml': `Resources: {R: {Type: AWS::IAM::Role, Properties: {RoleName: r, AssumeRolePolicyDocument: ${TRUST}}}}`,
      },
      'declared-twice',
      'role `r`',
    ],
    [
      'a wrong launch type',
      { 'task-definition.json': TASK, 'rolecall.json': '{"launchTypes": ["LAMBDA"]}' },
      'invalid-setting',
      'LAMBDA',
    ],
    [
      'no launch type at all',
      { 'task-definition.json': TASK, 'rolecall.json': '{"launchTypes": []}' },
      'invalid-setting',
      'names none',
    ],
    [
      'an instance role without a name',
      { 'task-definition.json': TASK, 'rolecall.json': '{"instances": [{"role": ""}]}' },
      'invalid-setting',
      '`role` is empty',
    ],
    [
      'a mistyped instance type',
      { 'task-definition.json': TASK, 'rolecall.json': '{"instances": [{"type": "m5.lagre"}]}' },
      'instance-type-unknown',
      'there is no instance type m5.lagre here',
    ],
    [
      'a zone of another Region',
      {
        'task-definition.json': TASK,
        'rolecall.json': '{"instances": [{"availabilityZone": "us-east-1a"}], "region": "eu-west-1"}',
      },
      'availability-zone-unknown',
      'us-east-1a is no Availability Zone of eu-west-1',
    ],
    [
      'a zone that is none',
      { 'task-definition.json': TASK, 'rolecall.json': '{"instances": [{"availabilityZone": "a"}]}' },
      'availability-zone-unknown',
      'a is no Availability Zone',
    ],
    [
      'an attribute of ECS itself',
      { 'task-definition.json': TASK, 'rolecall.json': '{"instances": [{"attributes": {"ecs.ami-id": "a"}}]}' },
      'attribute-invalid',
      'the attribute ecs.ami-id is one of ECS itself',
    ],
    [
      'a manifest of the CDK without the file beside it',
      { 'task-definition.json': TASK, 'cdk.out/manifest.json': '{"artifacts": {}}' },
      'missing-file',
      'cdk.out/manifest.json is not read',
    ],
    ['a manifest alone', { 'manifest.json': '{"artifacts": {}}' }, 'missing-file', 'manifest.json is not read'],
    ['an empty manifest', { 'cdk.out': '{}', 'manifest.json': '{}' }, 'missing-member', 'has no `artifacts`'],
    [
      'a wrong setting',
      { 'task-definition.json': TASK, 'rolecall.json': '{"launchTypse": []}' },
      'unknown-member',
      'launchTypse',
    ],
  ])('with %s is refused', (_, files, code, text) => {
    write(files);
    const error = failing();
    expect(error.code).toBe(code);
    expect(error.message).toContain(text);
    expect(error.help).not.toBe('');
  });

  it.each<[string, string, string, number, string]>([
    [
      'trust.json',
      '{"Version":"2012-10-17",\n"Statement":[{"Effect":"Allow","Action":"sts:AssumeRole"}]}',
      'trust policy',
      2,
      '/Statement/0',
    ],
    [
      'policies/p.json',
      '{"Version":"2012-10-17","Statement":[\n\n{"Effect":"Allow","Action":"sqs:SendMessage","Resource":"queue"}]}',
      'AWS refuses',
      3,
      '/Statement/0/Resource',
    ],
    [
      'policies/p.json',
      '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"sqs","Resource":"*"}]}',
      'AWS refuses',
      1,
      '/Statement/0/Action',
    ],
    ['policies/p.json', '[]', 'must be an object', 1, ''],
    ['policies/p.json', '{"Version":"2012-10-17"', 'not JSON', 1, ''],
  ])('names the place of what is wrong in %s', (file, text, message, line, path) => {
    write({ 'roles/r/trust.json': TRUST, [`roles/r/${file}`]: text });
    const error = failing();
    expect(error).toBeInstanceOf(SourceError);
    expect(error.message).toContain(message);
    expect((error as SourceError).origin).toEqual({ file: join(folder, 'roles/r', file), line, path });
  });
});

describe('a task definition', () => {
  it.each([
    [
      'as described',
      '{"taskDefinition": {"family": "web", "revision": 3, "taskDefinitionArn": "arn:x", "status": "ACTIVE", "requiresAttributes": [], "compatibilities": ["EC2"], "registeredAt": "2026", "registeredBy": "arn", "containerDefinitions": [{"name": "a", "image": "i"}]}, "tags": [{"key": "k", "value": "v"}]}',
      { family: 'web', containerDefinitions: [{ name: 'a', image: 'i' }], tags: [{ key: 'k', value: 'v' }] },
    ],
    [
      'as a bare list',
      '[{"name": "a", "image": "i"}]',
      { family: 'web', containerDefinitions: [{ name: 'a', image: 'i' }] },
    ],
    [
      'with nulls',
      '{"family": "web", "cpu": null, "containerDefinitions": [{"name": "a", "image": "i", "command": null}]}',
      { family: 'web', containerDefinitions: [{ name: 'a', image: 'i' }] },
    ],
  ])('is read %s', (_, text, expected) => {
    write({ 'web.json': text });
    expect(plain(read(join(folder, 'web.json')).taskDefinitions[0]!.input)).toEqual(expected);
  });

  it.each([
    [
      '{"family": "w", "containerDefinitions": [{"name": "a", "image": "i", "memry": 1}]}',
      'no member `memry`',
      'Did you mean `memory`?',
      '/containerDefinitions/0/memry',
    ],
    [
      '{"family": "w", "containerDefinitions": [{"name": "a", "image": "i", "memory": "128"}]}',
      'must be a whole number',
      'Remove the quotes: 128.',
      '/containerDefinitions/0/memory',
    ],
    ['{"family": "w", "cpu": 256, "containerDefinitions": []}', 'must be a string', 'Put it in quotes: "256".', '/cpu'],
    ['{"Family": "w", "containerDefinitions": []}', 'no member `Family`', 'Did you mean `family`?', '/Family'],
    ['{"containerDefinitions": [{"name": "a", "image": "i"}]}', 'has no `family`', 'Add `family`', ''],
    ['{"family": "w", "containerDefinitions": {"name": "a"}}', 'must be a list', 'a list', '/containerDefinitions'],
    ['{"Statement": []}', 'neither a CloudFormation template nor a task definition', 'containerDefinitions', ''],
  ])('is refused: %s', (text, message, help, path) => {
    write({ 'web.json': text });
    const error = failing(join(folder, 'web.json'));
    expect(error.message).toContain(message);
    expect(error.help).toContain(help);
    expect((error as SourceError).origin.path).toBe(path);
  });

  it('that does not exist is named', () => {
    expect(failing(join(folder, 'nope.json')).message).toContain('nope.json does not exist');
  });
});
