import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createTestBench, type TestBench } from '../../gateway/testing.ts';
import { iamService } from '../../services/iam/index.ts';
import { kmsService } from '../../services/kms/index.ts';
import { secretsmanagerService } from '../../services/secretsmanager/index.ts';
import { ssmService } from '../../services/ssm/index.ts';
import type { AwsClient } from '../../wire/client.ts';
import { readWorkload } from '../read-workload.ts';
import type { Workload } from '../workload.ts';
import { load } from './load.ts';

const ADDRESS = {
  endpoint: 'http://127.0.0.1:1',
  region: 'eu-west-1',
  credentials: { accessKeyId: '', secretAccessKey: '' },
};
const OURS = '000000000000';
const OTHER = '444455556666';
const SECRET = `arn:aws:secretsmanager:eu-west-1:${OTHER}:secret:shared-AbCdEf`;

let bench: TestBench;
let folder: string;

beforeEach(() => {
  bench = createTestBench([iamService, kmsService, secretsmanagerService, ssmService]);
  folder = mkdtempSync(join(tmpdir(), 'rolecall-load-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function read(files: Readonly<Record<string, object>>): Workload {
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), JSON.stringify(content));
  }
  return readWorkload([folder], { account: OURS, region: 'eu-west-1' });
}

/** A client with the keys of an account's root user. */
function clientOf(account: string): AwsClient {
  const as = { type: 'root', account } as const;
  const call = (service: never, operation: never, input: never) => bench.call(service, operation, input, { as });
  return { call } as unknown as AwsClient;
}

const policy = (Statement: object) => ({ Version: '2012-10-17', Statement });
const files = {
  'rolecall.json': { accounts: { 'shared/': OTHER } },
  'roles/app/trust.json': policy({
    Effect: 'Allow',
    Principal: { Service: 'ecs-tasks.amazonaws.com' },
    Action: 'sts:AssumeRole',
  }),
  'roles/app/policies/read.json': policy({
    Effect: 'Allow',
    Action: 'secretsmanager:GetSecretValue',
    Resource: SECRET,
  }),
  'shared/template.json': {
    Resources: {
      Secret: { Type: 'AWS::SecretsManager::Secret', Properties: { Name: 'shared', SecretString: 'x' } },
      Readers: {
        Type: 'AWS::SecretsManager::ResourcePolicy',
        Properties: {
          SecretId: { Ref: 'Secret' },
          ResourcePolicy: policy({
            Effect: 'Allow',
            Principal: { AWS: `arn:aws:iam::${OURS}:role/app` },
            Action: 'secretsmanager:GetSecretValue',
            Resource: '*',
          }),
        },
      },
    },
  },
};

describe('loading a workload of two accounts', () => {
  it('makes each account’s things with its own keys, and our policies mean the secret that was made there', async () => {
    const report = await load(read(files), clientOf(OURS), ADDRESS, ({ account }) => ({
      client: clientOf(account),
      address: ADDRESS,
    }));
    expect(report.leftOut).toEqual([]);
    const as = { type: 'root', account: OTHER } as const;
    const { ARN } = await bench.call('secretsmanager', 'DescribeSecret', { SecretId: 'shared' }, { as });
    expect(ARN).toMatch(new RegExp(`^arn:aws:secretsmanager:eu-west-1:${OTHER}:secret:shared-\\w{6}$`));
    expect(ARN).not.toBe(SECRET);
    const held = await bench.call('iam', 'GetRolePolicy', { RoleName: 'app', PolicyName: 'read' });
    expect(JSON.parse(decodeURIComponent(held.PolicyDocument))).toMatchObject({ Statement: { Resource: ARN } });
    const { ResourcePolicy } = await bench.call('secretsmanager', 'GetResourcePolicy', { SecretId: 'shared' }, { as });
    expect(ResourcePolicy).toContain(`arn:aws:iam::${OURS}:role/app`);
  });

  it('leaves out what it has no keys for, where nothing of ours needs it', async () => {
    const { 'roles/app/policies/read.json': _, ...rest } = files;
    const report = await load(read(rest), clientOf(OURS), ADDRESS);
    expect(report.leftOut.map(({ what, why }) => `${what}: ${why}`)).toEqual([
      `what the input declares for account ${OTHER}: this server gives us the keys of one account only`,
    ]);
    expect(report.loaded.map(({ what }) => what)).toEqual(['role app', '0 policies of role app']);
  });
});

describe('loading a state', () => {
  it('makes a key anew, and everything that names it by its id means the new one', async () => {
    const id = '0a1b2c3d-0000-4000-8000-000000000001';
    const resource = (type: string, name: string, values: object) => ({
      address: `${type}.${name}`,
      mode: 'managed',
      type,
      name,
      values,
    });
    const state = {
      format_version: '1.0',
      terraform_version: '1.11.4',
      values: {
        root_module: {
          resources: [
            resource('aws_kms_key', 'k', { arn: `arn:aws:kms:eu-west-1:${OURS}:key/${id}`, key_id: id }),
            resource('aws_kms_alias', 'a', { name: 'alias/k', target_key_id: id }),
            resource('aws_ssm_parameter', 'p', { name: '/p', type: 'SecureString', value: 'v', key_id: id }),
            resource('aws_iam_role', 'r', {
              name: 'r',
              arn: `arn:aws:iam::${OURS}:role/r`,
              assume_role_policy: JSON.stringify(files['roles/app/trust.json']),
            }),
            resource('aws_iam_role_policy', 'rp', {
              name: 'decrypt',
              role: 'r',
              policy: JSON.stringify(
                policy({ Effect: 'Allow', Action: 'kms:Decrypt', Resource: `arn:aws:kms:eu-west-1:${OURS}:key/${id}` }),
              ),
            }),
          ],
        },
      },
    };
    await load(read({ 'state.json': state }), clientOf(OURS), ADDRESS);
    const { Aliases } = await bench.call('kms', 'ListAliases', {});
    const made = Aliases?.find(({ AliasName }) => AliasName === 'alias/k')?.TargetKeyId;
    expect(made).toMatch(/^[0-9a-f-]{36}$/);
    expect(made).not.toBe(id);
    const { PolicyDocument } = await bench.call('iam', 'GetRolePolicy', { RoleName: 'r', PolicyName: 'decrypt' });
    expect(decodeURIComponent(PolicyDocument)).toContain(`key/${made}`);
    const { Parameters } = await bench.call('ssm', 'DescribeParameters', {});
    expect(Parameters?.[0]?.KeyId).toBe(made);
  });
});
