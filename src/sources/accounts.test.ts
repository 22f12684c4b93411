import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { SourceError } from './origin.ts';
import { readWorkload, settingsOf } from './read-workload.ts';

const OURS = '111122223333';
const OTHER = '444455556666';
const TRUST = {
  Version: '2012-10-17',
  Statement: [{ Effect: 'Allow', Principal: { Service: 'ecs-tasks.amazonaws.com' }, Action: 'sts:AssumeRole' }],
};
const POLICY = { Version: '2012-10-17', Statement: [{ Effect: 'Allow', Action: 'sqs:SendMessage', Resource: '*' }] };
const QUEUE = { Resources: { Queue: { Type: 'AWS::SQS::Queue', Properties: { QueueName: 'shared' } } } };
const TASK = {
  family: 'app',
  executionRoleArn: `arn:aws:iam::${OURS}:role/app`,
  containerDefinitions: [{ name: 'app', image: 'busybox', memory: 64 }],
};

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'rolecall-accounts-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function put(files: Readonly<Record<string, object>>): void {
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), JSON.stringify(content));
  }
}

const read = (paths = [folder], account = OURS) => readWorkload(paths, { account, region: 'eu-west-1' });
const inFolder = (...names: string[]) => names.map((name) => join(folder, name));

/** A role of the export of an account, with one inline policy. */
const exported = (account: string, policy: string) => ({
  RoleDetailList: [
    {
      RoleName: 'app',
      Path: '/',
      Arn: `arn:aws:iam::${account}:role/app`,
      AssumeRolePolicyDocument: TRUST,
      InstanceProfileList: [],
      RolePolicyList: [{ PolicyName: policy, PolicyDocument: POLICY }],
      AttachedManagedPolicies: [],
    },
  ],
});

function refused(work: () => unknown): SourceError {
  try {
    work();
  } catch (error) {
    if (error instanceof SourceError) return error;
    throw error;
  }
  throw new Error('it was read');
}

describe('`accounts` of rolecall.json', () => {
  it('gives folders and files to other accounts', () => {
    put({
      'rolecall.json': { account: OURS, accounts: { 'shared/': OTHER, 'keys.json': '777788889999' } },
      'template.json': { Resources: { Own: { Type: 'AWS::SQS::Queue', Properties: { QueueName: 'own' } } } },
      'shared/template.json': QUEUE,
      'shared/roles/reader/trust.json': TRUST,
      'keys.json': { Resources: { Key: { Type: 'AWS::KMS::Key', Properties: {} } } },
    });
    const { queues, roles, keys, otherAccounts } = read();
    expect([queues.map(({ arn }) => arn), roles, keys]).toEqual([[`arn:aws:sqs:eu-west-1:${OURS}:own`], [], []]);
    expect(otherAccounts.map(({ account, region }) => [account, region])).toEqual([
      [OTHER, 'eu-west-1'],
      ['777788889999', 'eu-west-1'],
    ]);
    expect(otherAccounts[0]!.queues.map(({ arn }) => arn)).toEqual([`arn:aws:sqs:eu-west-1:${OTHER}:shared`]);
    expect(otherAccounts[0]!.roles.map(({ arn }) => arn)).toEqual([`arn:aws:iam::${OTHER}:role/reader`]);
    expect(otherAccounts[1]!.keys).toHaveLength(1);
  });

  it('reads what is named as a path, too, once only', () => {
    put({
      'rolecall.json': { account: OURS, accounts: { 'shared/': OTHER } },
      'task-definition.json': TASK,
      'shared/template.json': QUEUE,
    });
    for (const paths of [inFolder('', 'shared'), inFolder('shared/', '.'), inFolder('', 'shared/template.json')])
      expect(read(paths).otherAccounts.map(({ queues }) => queues.length)).toEqual([1]);
  });

  it('makes ours what is of the account that the input is read for', () => {
    put({
      'rolecall.json': { accounts: { 'shared/': OTHER } },
      'task-definition.json': TASK,
      'shared/template.json': QUEUE,
    });
    const { queues, otherAccounts } = read([folder], OTHER);
    expect([queues.length, otherAccounts]).toEqual([1, []]);
  });

  it('keeps ids apart where stacks of two accounts have the same name', () => {
    put({
      'rolecall.json': { account: OURS, accounts: { 'other/web': OTHER } },
      'web/template.json': {
        Resources: { Secret: { Type: 'AWS::SecretsManager::Secret', Properties: { Name: 'a' } } },
      },
      'other/web/template.json': {
        Resources: { Secret: { Type: 'AWS::SecretsManager::Secret', Properties: { Name: 'a' } } },
      },
      'task-definition.json': TASK,
    });
    const { secrets, otherAccounts } = read(inFolder('', 'web'));
    expect(secrets.map(({ id }) => id)).toEqual(['web/Secret']);
    expect(otherAccounts[0]!.secrets.map(({ id }) => id)).toEqual([`${OTHER}.eu-west-1.web/Secret`]);
  });

  it('names what is wrong with an entry', () => {
    put({ 'rolecall.json': { accounts: { 'shared/': OTHER } }, 'task-definition.json': TASK });
    expect(refused(read).message).toBe('`shared/` of `accounts` does not exist');
    put({ 'rolecall.json': { accounts: { 'shared/': 444455556666 } } });
    expect(refused(read)).toMatchObject({ code: 'wrong-type', origin: { path: '/accounts/shared~1' } });
    put({ 'rolecall.json': { accounts: { 'shared/': '44' } } });
    expect(refused(read).message).toBe(
      'the account of `shared/` must be twelve digits in quotes, and is the string "44"',
    );
    put({ 'rolecall.json': { accounts: { '/etc': OTHER } } });
    expect(refused(read).message).toContain('from the folder of rolecall.json');
    put({ 'rolecall.json': { accounts: { 'b.json': '777788889999' } }, 'b.json': exported(OTHER, 'x') });
    expect(refused(read)).toMatchObject({
      code: 'account-mismatch',
      message: `\`b.json\` is of account ${OTHER}, by the ARNs in it`,
    });
  });
});

describe('what says its account itself', () => {
  it('is an account’s export: roles of the same name keep their own policies', () => {
    put({
      'task-definition.json': TASK,
      'other.json': exported(OTHER, 'theirs'),
      'account.json': exported(OURS, 'ours'),
    });
    const { inlinePolicies, otherAccounts } = read(inFolder('', 'other.json'));
    expect(inlinePolicies.map(({ name }) => name)).toEqual(['ours']);
    expect(otherAccounts.map(({ account, inlinePolicies: held }) => [account, held.map(({ name }) => name)])).toEqual([
      [OTHER, ['theirs']],
    ]);
  });

  it('does not make an account ours that the roles of the task definitions are not of', () => {
    put({ 'task-definition.json': TASK, 'account.json': exported(OTHER, 'theirs') });
    expect(settingsOf([folder])).toEqual({ account: OURS });
  });

  it('leaves out what other accounts run, and says so', () => {
    put({
      'rolecall.json': { account: OURS, accounts: { 'staging/': OTHER } },
      'task-definition.json': TASK,
      'staging/task-definition.json': TASK,
    });
    const { taskDefinitions, leftOut } = read();
    expect(taskDefinitions).toHaveLength(1);
    expect(leftOut.map(({ what, why }) => `${what}: ${why}`)).toEqual([
      `task definition \`app\`: it is of account ${OTHER}; read it with --account ${OTHER} --region eu-west-1`,
    ]);
  });

  it('refuses an input whose task definitions are all of another account', () => {
    put({
      'rolecall.json': { account: OURS, accounts: { 'staging/': OTHER } },
      'template.json': QUEUE,
      'staging/task-definition.json': TASK,
    });
    expect(refused(read)).toMatchObject({ code: 'account-mismatch', help: `Give --account ${OTHER}.` });
  });
});
