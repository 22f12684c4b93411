import { afterAll, beforeAll, expect, it } from 'vitest';
import type { RunningServer } from '../../src/server.ts';
import { readTemplate } from '../../src/sources/cloudformation/template.ts';
import { load } from '../../src/sources/load/load.ts';
import { parseDocument } from '../../src/sources/read-document.ts';
import { emptyWorkload, type Workload } from '../../src/sources/workload.ts';
import { AwsClient } from '../../src/wire/client.ts';
import { startTestServer } from '../wire/server.ts';

/** One of everything that a template may declare. */
const TEMPLATE = `
Resources:
  Key: {Type: AWS::KMS::Key, Properties: {Description: own, EnableKeyRotation: true, Tags: [{Key: team, Value: a}]}}
  Alias: {Type: AWS::KMS::Alias, Properties: {AliasName: alias/own, TargetKeyId: !Ref Key}}
  Role:
    Type: AWS::IAM::Role
    Properties:
      RoleName: app
      Description: what it is
      MaxSessionDuration: 7200
      Tags: [{Key: team, Value: a}]
      PermissionsBoundary: !Ref Boundary
      ManagedPolicyArns: [arn:aws:iam::aws:policy/service-role/AmazonECSTaskExecutionRolePolicy]
      AssumeRolePolicyDocument: {Version: 2012-10-17, Statement: {Effect: Allow, Principal: {Service: [ecs-tasks.amazonaws.com, ec2.amazonaws.com]}, Action: sts:AssumeRole}}
  Inline: {Type: AWS::IAM::Policy, Properties: {PolicyName: inline, Roles: [!Ref Role], PolicyDocument: {Version: 2012-10-17, Statement: {Effect: Allow, Action: 's3:*', Resource: !Sub '\${Bucket.Arn}/*'}}}}
  Boundary: {Type: AWS::IAM::ManagedPolicy, Properties: {ManagedPolicyName: boundary, PolicyDocument: {Version: 2012-10-17, Statement: {Effect: Allow, Action: '*', Resource: '*'}}}}
  Profile: {Type: AWS::IAM::InstanceProfile, Properties: {InstanceProfileName: app, Roles: [!Ref Role]}}
  User: {Type: AWS::IAM::User, Properties: {UserName: deployer, ManagedPolicyArns: [arn:aws:iam::aws:policy/ReadOnlyAccess]}}
  Fifo: {Type: AWS::SQS::Queue, Properties: {QueueName: work.fifo, FifoQueue: true, Tags: [{Key: team, Value: a}]}}
  QueuePolicy: {Type: AWS::SQS::QueuePolicy, Properties: {Queues: [!Ref Fifo], PolicyDocument: {Version: 2012-10-17, Statement: {Effect: Allow, Principal: {AWS: !GetAtt Role.Arn}, Action: sqs:SendMessage, Resource: !GetAtt Fifo.Arn}}}}
  Text: {Type: AWS::SSM::Parameter, Properties: {Name: /app/text, Type: String, Value: a, Tags: {team: a}}}
  Hidden: {Type: AWS::SSM::Parameter, Properties: {Name: /app/hidden, Type: SecureString, KeyId: alias/own, Value: hush}, DependsOn: Alias}
  Secret: {Type: AWS::SecretsManager::Secret, Properties: {Name: app, SecretString: x, KmsKeyId: !Ref Key, Tags: [{Key: team, Value: a}]}}
  SecretPolicy: {Type: AWS::SecretsManager::ResourcePolicy, Properties: {SecretId: !Ref Secret, ResourcePolicy: {Version: 2012-10-17, Statement: {Effect: Allow, Principal: {AWS: !GetAtt Role.Arn}, Action: secretsmanager:GetSecretValue, Resource: '*'}}}}
  Logs: {Type: AWS::Logs::LogGroup, Properties: {LogGroupName: /app, RetentionInDays: 30, Tags: [{Key: team, Value: a}]}}
  Stream: {Type: AWS::Logs::LogStream, Properties: {LogGroupName: !Ref Logs, LogStreamName: own}}
  Images: {Type: AWS::ECR::Repository, Properties: {RepositoryName: app, ImageTagMutability: IMMUTABLE, RepositoryPolicyText: {Version: 2012-10-17, Statement: {Effect: Allow, Principal: {AWS: !GetAtt Role.Arn}, Action: ecr:BatchGetImage}}}}
  Bucket: {Type: AWS::S3::Bucket, Properties: {BucketName: app-files, Tags: [{Key: team, Value: a & b}]}}
  BucketPolicy: {Type: AWS::S3::BucketPolicy, Properties: {Bucket: !Ref Bucket, PolicyDocument: {Version: 2012-10-17, Statement: {Effect: Allow, Principal: {AWS: !GetAtt Role.Arn}, Action: s3:GetObject, Resource: !Sub '\${Bucket.Arn}/*'}}}}
  Cluster: {Type: AWS::ECS::Cluster, Properties: {ClusterName: main, Tags: [{Key: team, Value: a}]}}
  Task: {Type: AWS::ECS::TaskDefinition, Properties: {Family: app, TaskRoleArn: !Ref Role, ContainerDefinitions: [{Name: c, Image: !Sub '\${Images.RepositoryUri}:1', Memory: 64}]}}
`;

let server: RunningServer;
let client: AwsClient;
beforeAll(async () => {
  server = await startTestServer();
  client = new AwsClient(server);
});
afterAll(async () => {
  client.close();
  await server.stop();
});

function workload(text: string): Workload {
  const open = emptyWorkload(server.account, server.region);
  readTemplate(parseDocument('t.yaml', text), { stackName: 'app', given: new Map() }, open);
  return open;
}

it('a workload with one of everything is loaded over the wire, and loaded again', async () => {
  const first = await load(workload(TEMPLATE), client, server);
  expect(first.leftOut).toEqual([]);
  expect(first.loaded.filter(({ outcome }) => outcome === 'unchanged')).toEqual([]);
  const { InstanceProfile } = await client.call('iam', 'GetInstanceProfile', { InstanceProfileName: 'app' });
  expect(InstanceProfile.Roles.map(({ RoleName }) => RoleName)).toEqual(['app']);
  const { repositories } = await client.call('ecr', 'DescribeRepositories', {});
  expect(
    repositories?.map(({ repositoryName, imageTagMutability }) => `${repositoryName} ${imageTagMutability}`),
  ).toEqual(['app IMMUTABLE']);
  const { ResourcePolicy } = await client.call('secretsmanager', 'GetResourcePolicy', { SecretId: 'app' });
  expect(ResourcePolicy).toContain('role/app');

  const again = await load(
    workload(TEMPLATE.replace('MaxSessionDuration: 7200', 'MaxSessionDuration: 3600').replace('hush', 'hush2')),
    client,
    server,
  );
  expect(again.loaded.filter(({ outcome }) => outcome === 'created').map(({ what }) => what)).toEqual([
    'cluster main',
    'task definition app',
  ]);
  expect((await client.call('iam', 'GetRole', { RoleName: 'app' })).Role.MaxSessionDuration).toBe(3600);
  expect(
    (await client.call('iam', 'ListPolicyVersions', { PolicyArn: 'arn:aws:iam::000000000000:policy/boundary' }))
      .Versions,
  ).toHaveLength(1);
  const { Parameter } = await client.call('ssm', 'GetParameter', { Name: '/app/hidden', WithDecryption: true });
  expect(Parameter?.Value).toBe('hush2');
});

it('a role that IAM does not let in is named with its place', async () => {
  const text = 'Resources:\n  B:\n    Type: AWS::S3::Bucket\n    Properties: {BucketName: Not_A_Bucket}\n';
  await expect(load(workload(text), client, server)).rejects.toMatchObject({
    code: 'load-failed',
    message: expect.stringMatching(/^bucket Not_A_Bucket was refused: InvalidBucketName: /),
    origin: { line: 2, path: '/Resources/B' },
  });
});
