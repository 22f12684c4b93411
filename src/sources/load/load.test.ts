import { beforeEach, describe, expect, it } from 'vitest';
import { createTestBench, type TestBench } from '../../gateway/testing.ts';
import { ecrService } from '../../services/ecr/index.ts';
import { ecsService } from '../../services/ecs/index.ts';
import { iamService } from '../../services/iam/index.ts';
import { kmsService } from '../../services/kms/index.ts';
import { logsService } from '../../services/logs/index.ts';
import { secretsmanagerService } from '../../services/secretsmanager/index.ts';
import { sqsService } from '../../services/sqs/index.ts';
import { ssmService } from '../../services/ssm/index.ts';
import type { AwsClient } from '../../wire/client.ts';
import { readTemplate } from '../cloudformation/template.ts';
import { placeOf, SourceError } from '../origin.ts';
import { parseDocument } from '../read-document.ts';
import { readTaskDefinition } from '../task-definition.ts';
import { emptyWorkload, type OpenWorkload } from '../workload.ts';
import { load } from './load.ts';

const TEMPLATE = `
Resources:
  Boundary:
    Type: AWS::IAM::ManagedPolicy
    Properties:
      ManagedPolicyName: boundary
      PolicyDocument: {Version: 2012-10-17, Statement: {Effect: Allow, Action: '*', Resource: '*'}}
  Second:
    Type: AWS::IAM::Role
    Properties:
      RoleName: second
      AssumeRolePolicyDocument: {Version: 2012-10-17, Statement: {Effect: Allow, Principal: {AWS: !GetAtt Execution.Arn}, Action: sts:AssumeRole}}
  Execution:
    Type: AWS::IAM::Role
    Properties:
      RoleName: execution
      PermissionsBoundary: !Ref Boundary
      AssumeRolePolicyDocument: {Version: 2012-10-17, Statement: {Effect: Allow, Principal: {Service: ecs-tasks.amazonaws.com}, Action: sts:AssumeRole}}
      Policies:
        - PolicyName: decrypt
          PolicyDocument: {Version: 2012-10-17, Statement: {Effect: Allow, Action: kms:Decrypt, Resource: !GetAtt Key.Arn}}
        - PolicyName: secret
          PolicyDocument: {Version: 2012-10-17, Statement: {Effect: Allow, Action: secretsmanager:GetSecretValue, Resource: !Ref Secret}}
  Key:
    Type: AWS::KMS::Key
    Properties:
      KeyPolicy: {Version: 2012-10-17, Statement: [{Effect: Allow, Principal: {AWS: !Sub 'arn:aws:iam::\${AWS::AccountId}:root'}, Action: 'kms:*', Resource: '*'}, {Effect: Allow, Principal: {AWS: !GetAtt Execution.Arn}, Action: kms:Decrypt, Resource: '*'}]}
  Alias: {Type: AWS::KMS::Alias, Properties: {AliasName: alias/own, TargetKeyId: !Ref Key}}
  Url: {Type: AWS::SSM::Parameter, Properties: {Name: /queue/url, Type: String, Value: !Ref Queue}}
  Password: {Type: AWS::SSM::Parameter, Properties: {Name: /password, Type: SecureString, KeyId: !Ref Key, Value: hush}}
  Queue:
    Type: AWS::SQS::Queue
    Properties:
      QueueName: work
      RedrivePolicy: {deadLetterTargetArn: !GetAtt Dead.Arn, maxReceiveCount: 2}
  Dead: {Type: AWS::SQS::Queue, Properties: {QueueName: dead}}
  QueuePolicy:
    Type: AWS::SQS::QueuePolicy
    Properties:
      Queues: [!Ref Queue]
      PolicyDocument: {Version: 2012-10-17, Statement: {Effect: Allow, Principal: {AWS: !GetAtt Execution.Arn}, Action: sqs:SendMessage, Resource: !GetAtt Queue.Arn}}
  Secret: {Type: AWS::SecretsManager::Secret, Properties: {Name: api, SecretString: '{"k":"v"}', KmsKeyId: !GetAtt Key.Arn}}
  Generated: {Type: AWS::SecretsManager::Secret, Properties: {Name: generated, GenerateSecretString: {SecretStringTemplate: '{"user":"u"}', GenerateStringKey: password, PasswordLength: 20}}}
  Logs: {Type: AWS::Logs::LogGroup, Properties: {LogGroupName: /app, RetentionInDays: 7}}
  Images: {Type: AWS::ECR::Repository, Properties: {RepositoryName: app}}
  Cluster: {Type: AWS::ECS::Cluster, Properties: {ClusterName: main}}
  Task:
    Type: AWS::ECS::TaskDefinition
    Properties:
      Family: app
      ExecutionRoleArn: !GetAtt Execution.Arn
      ContainerDefinitions: [{Name: c, Image: i, Memory: 64, Secrets: [{Name: API, ValueFrom: !Sub '\${Secret}:k::'}], Environment: [{Name: QUEUE, Value: !Ref Queue}]}]
`;

/** Nothing listens there: no workload of these tests has a bucket. */
const ADDRESS = {
  endpoint: 'http://127.0.0.1:1',
  region: 'eu-west-1',
  credentials: { accessKeyId: 'a', secretAccessKey: 'b' },
};

let bench: TestBench;
let client: AwsClient;
let calls: string[];
beforeEach(() => {
  bench = createTestBench([
    ecrService,
    ecsService,
    iamService,
    kmsService,
    logsService,
    secretsmanagerService,
    sqsService,
    ssmService,
  ]);
  calls = [];
  const call = (service: never, operation: never, input: never) => {
    calls.push(`${service}:${operation}`);
    return bench.call(service, operation, input);
  };
  client = { call } as unknown as AwsClient;
});

function workload(template = TEMPLATE): OpenWorkload {
  const open = emptyWorkload('000000000000', 'eu-west-1');
  readTemplate(parseDocument('t.yaml', template), { stackName: 'app', given: new Map() }, open);
  return open;
}

async function failing(template: string): Promise<SourceError> {
  const error = await load(workload(template), client, ADDRESS).then(
    () => new Error('it was loaded'),
    (caught: unknown) => caught,
  );
  if (error instanceof SourceError) return error;
  throw error;
}

describe('load', () => {
  it('makes everything, each after what it needs, and fills in what only then exists', async () => {
    const report = await load(workload(), client, ADDRESS);
    expect(report.leftOut).toEqual([]);
    expect(new Set(report.loaded.map(({ outcome }) => outcome))).toContain('created');
    const { Aliases } = await bench.call('kms', 'ListAliases', {});
    const key = Aliases?.find(({ AliasName }) => AliasName === 'alias/own')?.TargetKeyId;
    const { PolicyDocument } = await bench.call('iam', 'GetRolePolicy', {
      RoleName: 'execution',
      PolicyName: 'decrypt',
    });
    expect(JSON.parse(decodeURIComponent(PolicyDocument))).toMatchObject({
      Statement: { Resource: `arn:aws:kms:eu-west-1:000000000000:key/${key}` },
    });
    const { Role } = await bench.call('iam', 'GetRole', { RoleName: 'execution' });
    expect(Role.PermissionsBoundary?.PermissionsBoundaryArn).toBe('arn:aws:iam::000000000000:policy/boundary');
    const { QueueUrl } = await bench.call('sqs', 'GetQueueUrl', { QueueName: 'work' });
    const url = await bench.call('ssm', 'GetParameter', { Name: '/queue/url' });
    expect(url.Parameter?.Value).toBe(QueueUrl);
    const password = await bench.call('ssm', 'GetParameter', { Name: '/password', WithDecryption: true });
    expect(password.Parameter).toMatchObject({ Type: 'SecureString', Value: 'hush' });
    const { Attributes } = await bench.call('sqs', 'GetQueueAttributes', {
      QueueUrl: QueueUrl ?? '',
      AttributeNames: ['All'],
    });
    expect(JSON.parse(Attributes?.RedrivePolicy ?? '')).toMatchObject({
      deadLetterTargetArn: 'arn:aws:sqs:eu-west-1:000000000000:dead',
    });
    expect(Attributes?.Policy).toContain('role/execution');
    const { ARN } = await bench.call('secretsmanager', 'DescribeSecret', { SecretId: 'api' });
    const { taskDefinition } = await bench.call('ecs', 'DescribeTaskDefinition', {
      taskDefinition: report.taskDefinitions[0]?.arn ?? '',
    });
    expect(taskDefinition?.containerDefinitions?.[0]).toMatchObject({
      secrets: [{ name: 'API', valueFrom: `${ARN}:k::` }],
      environment: [{ name: 'QUEUE', value: QueueUrl }],
    });
    const generated = await bench.call('secretsmanager', 'GetSecretValue', { SecretId: 'generated' });
    const value = JSON.parse(generated.SecretString ?? '') as Record<string, string>;
    expect(value.user).toBe('u');
    expect(value.password).toHaveLength(20);
  });

  it('brings what is there up to date when it is loaded again', async () => {
    await load(workload(), client, ADDRESS);
    const { Keys } = await bench.call('kms', 'ListKeys', {});
    const before = await bench.call('secretsmanager', 'GetSecretValue', { SecretId: 'generated' });
    const changed = TEMPLATE.replace('Value: hush', 'Value: hush2')
      .replace(`'{"k":"v"}'`, `'{"k":"w"}'`)
      .replace('RetentionInDays: 7', 'RetentionInDays: 14')
      .replace(/ {8}- PolicyName: decrypt\n.*\n/, '');
    const report = await load(workload(changed), client, ADDRESS);
    expect(report.loaded.filter(({ outcome }) => outcome === 'created').map(({ what }) => what)).toEqual([
      'cluster main',
      'task definition app',
    ]);
    expect((await bench.call('kms', 'ListKeys', {})).Keys).toEqual(Keys);
    expect((await bench.call('iam', 'ListRolePolicies', { RoleName: 'execution' })).PolicyNames).toEqual(['secret']);
    expect(
      (await bench.call('ssm', 'GetParameter', { Name: '/password', WithDecryption: true })).Parameter?.Value,
    ).toBe('hush2');
    expect((await bench.call('secretsmanager', 'GetSecretValue', { SecretId: 'api' })).SecretString).toBe('{"k":"w"}');
    expect((await bench.call('secretsmanager', 'GetSecretValue', { SecretId: 'generated' })).SecretString).toBe(
      before.SecretString,
    );
    expect((await bench.call('logs', 'DescribeLogGroups', {})).logGroups?.[0]?.retentionInDays).toBe(14);
  });

  it('makes no call for a workload that cannot be loaded as a whole', async () => {
    const error = await failing(`${TEMPLATE}
  Late: {Type: AWS::SSM::Parameter, Properties: {Type: String, Value: !GetAtt Vpc.CidrBlock}}
  Vpc: {Type: AWS::EC2::VPC}
`);
    expect(error.message).toContain('AWS::EC2::VPC `Vpc` is only known in AWS');
    expect(error.help).toBe('Supply it: --parameter Vpc.CidrBlock=VALUE');
    expect(error.origin.path).toBe('/Resources/Late/Properties/Value');
    expect(calls).toEqual([]);
  });

  it('says when it cannot be known whether a resource is made', async () => {
    const error = await failing(`
Parameters: {Make: {Type: String}}
Conditions: {Maybe: !Equals [!Ref Make, yes]}
Resources: {Q: {Type: AWS::SQS::Queue, Condition: Maybe}}
`);
    expect(error.message).toContain('whether AWS::SQS::Queue `Q` is made cannot be known');
    expect(calls).toEqual([]);
  });

  it('refuses resources that need each other', async () => {
    const error = await failing(`
Resources:
  A: {Type: AWS::SSM::Parameter, Properties: {Type: String, Value: !Ref S}}
  S: {Type: AWS::SecretsManager::Secret, Properties: {Name: s, SecretString: !Ref Q}}
  Q: {Type: AWS::SQS::Queue, Properties: {QueueName: q, KmsMasterKeyId: !Ref S}}
`);
    expect(error.message).toBe('queue q needs secret s needs queue q');
    expect(calls).toEqual([]);
  });

  it('names the resource of a call that was refused, and what was loaded before', async () => {
    const error = await failing(`
Resources:
  Q: {Type: AWS::SQS::Queue, Properties: {QueueName: q}}
  L: {Type: AWS::Logs::LogGroup, Properties: {LogGroupName: /app, RetentionInDays: 8}}
`);
    expect(error.code).toBe('load-failed');
    expect(error.message).toMatch(/^log group \/app was refused: \w+: /);
    expect(error.help).toContain('Loaded before it: queue q.');
    expect(placeOf(error.origin)).toBe('t.yaml:4 /Resources/L');
  });

  it('names the policy of a role that was refused at its own place', async () => {
    const error = await failing(`
Resources:
  R:
    Type: AWS::IAM::Role
    Properties:
      RoleName: r
      AssumeRolePolicyDocument: {Version: 2012-10-17, Statement: {Effect: Allow, Principal: {Service: ecs-tasks.amazonaws.com}, Action: sts:AssumeRole}}
      ManagedPolicyArns:
        - arn:aws:iam::aws:policy/service-role/AmazonECSTaskExecutionRolePolicy
        - arn:aws:iam::aws:policy/NoSuchPolicy
`);
    expect(error.code).toBe('load-failed');
    expect(error.message).toMatch(
      /^policy arn:aws:iam::aws:policy\/NoSuchPolicy of role r was refused: NoSuchEntity\w*: /,
    );
    expect(placeOf(error.origin)).toBe('t.yaml:10 /Resources/R/Properties/ManagedPolicyArns/1');
  });

  it('takes a secret of an account for the one that the workload makes', async () => {
    const open = workload(`
Resources:
  Secret: {Type: AWS::SecretsManager::Secret, Properties: {Name: orders/api, SecretString: x}}
  Other: {Type: AWS::SecretsManager::Secret, Properties: {Name: orders, SecretString: x}}
  R:
    Type: AWS::IAM::Role
    Properties:
      RoleName: r
      AssumeRolePolicyDocument: {Version: 2012-10-17, Statement: {Effect: Allow, Principal: {Service: ecs-tasks.amazonaws.com}, Action: sts:AssumeRole}}
      Policies:
        - PolicyName: p
          PolicyDocument: {Version: 2012-10-17, Statement: {Effect: Allow, Action: secretsmanager:GetSecretValue, Resource: ['arn:aws:secretsmanager:eu-west-1:000000000000:secret:orders/api-AbCdEf', 'arn:aws:secretsmanager:eu-west-1:000000000000:secret:orders/api-??????', 'arn:aws:secretsmanager:eu-west-1:000000000000:secret:elsewhere-AbCdEf']}}
`);
    const arn = 'arn:aws:secretsmanager:eu-west-1:000000000000:secret:orders/api';
    const definition = {
      family: 'app',
      executionRoleArn: 'arn:aws:iam::000000000000:role/r',
      containerDefinitions: [
        {
          name: 'c',
          image: 'i',
          memory: 64,
          secrets: [
            { name: 'A', valueFrom: `${arn}-AbCdEf:key::` },
            { name: 'B', valueFrom: `${arn}-AbCdEf` },
          ],
        },
      ],
    };
    open.taskDefinitions.push(readTaskDefinition(parseDocument('td.json', JSON.stringify(definition))));
    const report = await load(open, client, ADDRESS);
    const { ARN } = await bench.call('secretsmanager', 'DescribeSecret', { SecretId: 'orders/api' });
    const { taskDefinition } = await bench.call('ecs', 'DescribeTaskDefinition', {
      taskDefinition: report.taskDefinitions[0]?.arn ?? '',
    });
    expect(taskDefinition?.containerDefinitions?.[0]?.secrets?.map(({ valueFrom }) => valueFrom)).toEqual([
      `${ARN}:key::`,
      ARN,
    ]);
    const { PolicyDocument } = await bench.call('iam', 'GetRolePolicy', { RoleName: 'r', PolicyName: 'p' });
    expect(JSON.parse(decodeURIComponent(PolicyDocument)).Statement.Resource).toEqual([
      ARN,
      `${arn}-??????`,
      'arn:aws:secretsmanager:eu-west-1:000000000000:secret:elsewhere-AbCdEf',
    ]);
  });
});
