import { describe, expect, it } from 'vitest';
import { jsonDocument } from '../sources/json-document.ts';
import { mapNode } from '../sources/node.ts';
import { policyNode } from '../sources/policy-source.ts';
import type { Workload } from '../sources/workload.ts';
import { check } from './check.ts';
import { policy, REGION, TRUST, taskDefinition, workloadOf } from './testing.ts';

const OTHER = '444455556666';
const REPOSITORY = `arn:aws:ecr:${REGION}:${OTHER}:repository/base`;
const SECRET = `arn:aws:secretsmanager:${REGION}:${OTHER}:secret:shared-AbCdEf`;
const origin = { file: 'other-account.json', path: '', line: 1 };

const base = workloadOf({
  'task-definition.json': taskDefinition({
    image: `${OTHER}.dkr.ecr.${REGION}.amazonaws.com/base:1`,
    secrets: [{ name: 'SHARED', valueFrom: SECRET }],
  }),
  'roles/execution/trust.json': TRUST,
  'roles/execution/policies/own.json': policy(
    { Effect: 'Allow', Action: 'ecr:GetAuthorizationToken', Resource: '*' },
    { Effect: 'Allow', Action: ['ecr:BatchGetImage', 'ecr:GetDownloadUrlForLayer'], Resource: REPOSITORY },
    { Effect: 'Allow', Action: 'secretsmanager:GetSecretValue', Resource: SECRET },
  ),
});

/** The same with the repository of the other account, whose policy lets this principal pull. */
function withRepository(principal: string): Workload {
  const document = policy({ Effect: 'Allow', Principal: { AWS: principal }, Action: 'ecr:*' });
  const repository = {
    origin,
    name: 'base',
    arn: REPOSITORY,
    policy: policyNode(jsonDocument('other-account.json', JSON.stringify(document)), 'resource'),
    input: mapNode([], origin),
    tags: [],
  };
  return { ...base, repositories: [repository] };
}

const found = (workload: Workload) => check(workload).findings.map(({ id, action }) => `${id} ${action}`);

describe('resources of another account', () => {
  it('are unknown while their policy is not in the input', () => {
    expect(found(base).filter((line) => line.startsWith('RC902'))).toHaveLength(3);
  });

  it('refuse whom their policy does not name, whatever the role is allowed', () => {
    const lines = found(withRepository('arn:aws:iam::777788889999:root'));
    expect(lines).toContain('RC109 ecr:BatchGetImage');
    expect(lines).toContain('RC109 ecr:GetDownloadUrlForLayer');
    const finding = check(withRepository('arn:aws:iam::777788889999:root')).findings[0];
    expect(finding?.fix[0]?.role).toBe(REPOSITORY);
    expect(finding?.why).toContain('both sides');
  });

  it('let in whom both sides allow', () => {
    const lines = found(withRepository('arn:aws:iam::111122223333:root'));
    expect(lines.filter((line) => line.includes('ecr:'))).toEqual([]);
  });

  it('refuse on the role’s own side too', () => {
    const narrow = workloadOf({
      'task-definition.json': taskDefinition({ secrets: [{ name: 'SHARED', valueFrom: SECRET }] }),
      'roles/execution/trust.json': TRUST,
    });
    expect(found(narrow)).toContain('RC101 secretsmanager:GetSecretValue');
  });

  it('know registries that AWS opens to everybody', () => {
    const workload = workloadOf({
      'task-definition.json': taskDefinition({
        image: `906394416424.dkr.ecr.${REGION}.amazonaws.com/aws-for-fluent-bit:stable`,
      }),
      'roles/execution/trust.json': TRUST,
      'roles/execution/managed.txt': 'service-role/AmazonECSTaskExecutionRolePolicy',
    });
    expect(check(workload).duties.map(({ verdict }) => verdict)).toEqual(['allowed', 'allowed', 'allowed', 'allowed']);
  });
});

/** Our side allows everything; the other account's template says the rest. */
function withTheirs(task: object, resources: object): Workload {
  return workloadOf({
    'rolecall.json': { accounts: { 'theirs/': OTHER } },
    'task-definition.json': task,
    'roles/execution/trust.json': TRUST,
    'roles/execution/policies/own.json': policy({ Effect: 'Allow', Action: '*', Resource: '*' }),
    'theirs/template.json': { Resources: resources },
  });
}

const ours = { AWS: 'arn:aws:iam::111122223333:root' };
const named = (Type: string, Properties: object) => ({ Type, Properties });
const secretTask = taskDefinition({ secrets: [{ name: 'SHARED', valueFrom: SECRET }] });
const readers = named('AWS::SecretsManager::ResourcePolicy', {
  SecretId: { Ref: 'Secret' },
  ResourcePolicy: policy({ Effect: 'Allow', Principal: ours, Action: 'secretsmanager:GetSecretValue', Resource: '*' }),
});
const verdicts = (workload: Workload) =>
  check(workload)
    .duties.filter(({ stage }) => stage !== 'launch')
    .map(({ action, verdict }) => `${action} ${verdict}`);

describe('resources that the input gives to another account', () => {
  it('refuse where they have no policy of their own', () => {
    const workload = withTheirs(secretTask, { Secret: named('AWS::SecretsManager::Secret', { Name: 'shared' }) });
    expect(found(workload)).toContain('RC126 secretsmanager:GetSecretValue');
  });

  it('never decrypt with aws/secretsmanager for us', () => {
    const workload = withTheirs(secretTask, {
      Secret: named('AWS::SecretsManager::Secret', { Name: 'shared', KmsKeyId: 'alias/aws/secretsmanager' }),
      Readers: readers,
    });
    expect(verdicts(workload)).toEqual(['secretsmanager:GetSecretValue allowed', 'kms:Decrypt refused']);
    const finding = check(workload).findings.find(({ id }) => id === 'RC106');
    expect(finding?.why).toContain(`aws/secretsmanager of account ${OTHER}`);
    expect(finding?.resource).toBe(`arn:aws:kms:${REGION}:${OTHER}:key/{aws-secretsmanager.KeyId}`);
  });

  it('decrypt by an alias of their account, and not where the key has the policy that AWS gives it', () => {
    const key = (KeyPolicy?: object) => ({
      Secret: named('AWS::SecretsManager::Secret', { Name: 'shared', KmsKeyId: 'alias/shared' }),
      Readers: readers,
      Key: named('AWS::KMS::Key', KeyPolicy === undefined ? {} : { KeyPolicy }),
      Alias: named('AWS::KMS::Alias', { AliasName: 'alias/shared', TargetKeyId: { Ref: 'Key' } }),
    });
    const open = policy(
      { Effect: 'Allow', Principal: { AWS: `arn:aws:iam::${OTHER}:root` }, Action: 'kms:*', Resource: '*' },
      { Effect: 'Allow', Principal: ours, Action: 'kms:Decrypt', Resource: '*' },
    );
    expect(verdicts(withTheirs(secretTask, key(open))).at(-1)).toBe('kms:Decrypt allowed');
    expect(found(withTheirs(secretTask, key()))).toContain('RC106 kms:Decrypt');
  });

  it('are buckets, whose ARN does not say so', () => {
    const task = taskDefinition({ environmentFiles: [{ type: 's3', value: 'arn:aws:s3:::theirs/app.env' }] });
    const bucket = named('AWS::S3::Bucket', { BucketName: 'theirs' });
    const bucketPolicy = (Resource: string[]) =>
      named('AWS::S3::BucketPolicy', {
        Bucket: { Ref: 'Bucket' },
        PolicyDocument: policy({ Effect: 'Allow', Principal: ours, Action: 's3:Get*', Resource }),
      });
    const all = ['arn:aws:s3:::theirs', 'arn:aws:s3:::theirs/*'];
    expect(verdicts(withTheirs(task, { Bucket: bucket, Policy: bucketPolicy(all) }))).toEqual([
      's3:GetBucketLocation allowed',
      's3:GetObject allowed',
    ]);
    expect(verdicts(withTheirs(task, { Bucket: bucket, Policy: bucketPolicy(all.slice(0, 1)) }))).toEqual([
      's3:GetBucketLocation allowed',
      's3:GetObject refused',
    ]);
    expect(found(withTheirs(task, { Bucket: bucket }))).toContain('RC126 s3:GetObject');
  });

  it('are queues, asked about by what an application does', () => {
    const queue = (principal: object) => ({
      Queue: named('AWS::SQS::Queue', { QueueName: 'jobs' }),
      Policy: named('AWS::SQS::QueuePolicy', {
        Queues: [{ Ref: 'Queue' }],
        PolicyDocument: policy({ Effect: 'Allow', Principal: principal, Action: 'sqs:SendMessage', Resource: '*' }),
      }),
    });
    const answer = (principal: object) => {
      const { world, tasks } = check(withTheirs(taskDefinition(), queue(principal)));
      return world.decider.answer({
        role: tasks[0]!.execution!,
        action: 'sqs:SendMessage',
        resource: `arn:aws:sqs:${REGION}:${OTHER}:jobs`,
        context: {},
      }).verdict;
    };
    expect(answer(ours)).toBe('allowed');
    expect(answer({ AWS: 'arn:aws:iam::777788889999:root' })).toBe('refused');
  });

  it('are parameters, which only AWS RAM shares: not known', () => {
    const parameter = `arn:aws:ssm:${REGION}:${OTHER}:parameter/shared`;
    const task = taskDefinition({ secrets: [{ name: 'P', valueFrom: parameter }] });
    const workload = withTheirs(task, {
      Parameter: named('AWS::SSM::Parameter', { Name: '/shared', Type: 'String', Value: 'x' }),
    });
    expect(verdicts(workload)).toEqual(['ssm:GetParameters unknown']);
    expect(check(workload).findings.find(({ id }) => id === 'RC902')?.why).toContain('a share of AWS RAM');
  });

  it('are roles, found by their ARN and not looked at by the rules about ours', () => {
    const role = (account: string, name: string) => ({
      [name]: named('AWS::IAM::Role', {
        RoleName: 'deploy',
        AssumeRolePolicyDocument: policy({ Effect: 'Allow', Principal: { AWS: account }, Action: 'sts:AssumeRole' }),
      }),
    });
    const { world } = check(withTheirs(taskDefinition(), role(OTHER, 'Deploy')));
    expect(world.roles.find(`arn:aws:iam::${OTHER}:role/deploy`).state).toBe('known');
    expect(world.roles.find('arn:aws:iam::111122223333:role/deploy').state).toBe('absent');
    expect(world.roles.all().map(({ name }) => name)).toEqual(['execution']);
  });
});

describe('a secret named without the six characters at its end', () => {
  const task = taskDefinition({
    secrets: [{ name: 'S', valueFrom: `arn:aws:secretsmanager:${REGION}:111122223333:secret:db:password::` }],
  });
  const files = {
    'task-definition.json': task,
    'roles/execution/trust.json': TRUST,
    'roles/execution/policies/own.json': policy({
      Effect: 'Allow',
      Action: 'secretsmanager:GetSecretValue',
      Resource: `arn:aws:secretsmanager:${REGION}:111122223333:secret:db-??????`,
    }),
  };

  it('is asked about by its own ARN where it is in the input', () => {
    const template = { Resources: { Secret: named('AWS::SecretsManager::Secret', { Name: 'db' }) } };
    const { duties } = check(workloadOf({ ...files, 'template.json': template }));
    expect(duties.map(({ action, resource, verdict }) => `${action} ${resource} ${verdict}`)).toContain(
      `secretsmanager:GetSecretValue arn:aws:secretsmanager:${REGION}:111122223333:secret:db-?????? allowed`,
    );
  });

  it('is asked about as it was named where it is not', () => {
    expect(found(workloadOf(files))).toContain('RC107 secretsmanager:GetSecretValue');
  });
});
