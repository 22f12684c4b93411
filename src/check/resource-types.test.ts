import { expect, it } from 'vitest';
import { type CheckResult, check } from './check.ts';
import type { CheckOptions } from './model/world.ts';
import { ACCOUNT, workloadOf } from './testing.ts';

const trust = (service: string) =>
  `{Version: "2012-10-17", Statement: [{Effect: Allow, Principal: {Service: ${service}}, Action: "sts:AssumeRole"}]}`;
const statement = (text: string) => `{Version: "2012-10-17", Statement: [{${text}}]}`;
const role = (name: string, service: string, more = '') =>
  `  ${name}: {Type: AWS::IAM::Role, Properties: {RoleName: ${name}, AssumeRolePolicyDocument: ${trust(service)}${more}}}\n`;
const may = (actions: string, resource = '"*"') =>
  `, Policies: [{PolicyName: own, PolicyDocument: ${statement(`Effect: Allow, Action: [${actions}], Resource: ${resource}`)}}]`;
const task = (container: string, more = '') => `  Definition:
    Type: AWS::ECS::TaskDefinition
    Properties:
      Family: app
      RequiresCompatibilities: [FARGATE]
      NetworkMode: awsvpc
      Cpu: "256"
      Memory: "512"
      ExecutionRoleArn: !GetAtt Execution.Arn
      TaskRoleArn: !GetAtt Task.Arn
      ContainerDefinitions: [{Name: app, Image: public.ecr.aws/nginx/nginx:1${container}}]
${more}`;
const ec2 = task('').replace('[FARGATE]', '[EC2]').replace('awsvpc', 'bridge');
const TASK = role('Task', 'ecs-tasks.amazonaws.com');
const BARE = role('Execution', 'ecs-tasks.amazonaws.com') + TASK;
const READER = role('Execution', 'ecs-tasks.amazonaws.com', may('"secretsmanager:*", "ssm:*", "s3:*", "ecr:*"')) + TASK;
const NODE = role('Node', 'ec2.amazonaws.com', may('"ecs:*"'));
const TWO_NODES = role('Other', 'ec2.amazonaws.com', may('"ecs:*"')) + NODE;
const PROFILE = '  Profile: {Type: AWS::IAM::InstanceProfile, Properties: {Roles: [!Ref Node]}}\n';
const OTHER_PROFILE = '  OtherProfile: {Type: AWS::IAM::InstanceProfile, Properties: {Roles: [!Ref Other]}}\n';
const SECRET = ', Secrets: [{Name: S, ValueFrom: !Ref Secret}]';
const KEY = (policy = '') => `  Key: {Type: AWS::KMS::Key, Properties: {${policy}}}\n`;

const ids = ({ findings }: CheckResult) => findings.map(({ id }) => id);
const instance = ({ tasks }: CheckResult) => {
  const found = tasks[0]?.instance;
  return found !== undefined && 'view' in found ? found.view.name : undefined;
};
const verdictOf = (action: string) => (result: CheckResult) =>
  result.duties.find((duty) => duty.action === action)?.verdict;

interface Case {
  readonly with: string;
  readonly without: string;
  readonly options?: CheckOptions;
  readonly look: (result: CheckResult) => unknown;
  /** What is seen with, and without, the resource (or its property). */
  readonly sees: readonly [unknown, unknown];
}

const DENY = 'Effect: Deny, Principal: "*"';
const secret = (more = '') => `  Secret: {Type: AWS::SecretsManager::Secret, Properties: {Name: db${more}}}\n`;
const envFile = ', EnvironmentFiles: [{Type: s3, Value: !Sub "${Bucket.Arn}/app.env"}]';
const bucket = '  Bucket: {Type: AWS::S3::Bucket, Properties: {BucketName: files}}\n';
const repository = (more = '') =>
  `  Repository: {Type: AWS::ECR::Repository, Properties: {RepositoryName: app${more}}}\n`;
const ownImage = task('').replace('public.ecr.aws/nginx/nginx:1', '!Sub "${Repository.RepositoryUri}:1"');
const volume =
  '      Volumes: [{Name: data, EFSVolumeConfiguration: {FilesystemId: !Ref Files, TransitEncryption: ENABLED, AuthorizationConfig: {IAM: ENABLED}}}]\n';
const service = (more: string) =>
  `  Service: {Type: AWS::ECS::Service, Properties: {LaunchType: FARGATE, TaskDefinition: !Ref Definition${more}}}\n`;
const STARTER = 'RoleArn: !GetAtt Task.Arn, EcsParameters: {TaskDefinitionArn: !Ref Definition}';
const queue = '  Queue: {Type: AWS::SQS::Queue, Properties: {}}\n';
const balanced = ', LoadBalancers: [{TargetGroupArn: !Ref Group, ContainerName: app, ContainerPort: 80}]';

const CASES: Readonly<Record<string, Case>> = {
  'AWS::IAM::Role': {
    with: READER + task(SECRET) + secret(),
    without: BARE + task(SECRET) + secret(),
    look: verdictOf('secretsmanager:GetSecretValue'),
    sees: ['allowed', 'refused'],
  },
  'AWS::IAM::Policy': {
    with: `${BARE + task(SECRET) + secret()}  P: {Type: AWS::IAM::Policy, Properties: {PolicyName: p, Roles: [!Ref Execution], PolicyDocument: ${statement('Effect: Allow, Action: "secretsmanager:*", Resource: !Ref Secret')}}}\n`,
    without: BARE + task(SECRET) + secret(),
    look: verdictOf('secretsmanager:GetSecretValue'),
    sees: ['allowed', 'refused'],
  },
  'AWS::IAM::ManagedPolicy': {
    with: `${BARE + task(SECRET) + secret()}  P: {Type: AWS::IAM::ManagedPolicy, Properties: {Roles: [!Ref Execution], PolicyDocument: ${statement('Effect: Allow, Action: "secretsmanager:*", Resource: !Ref Secret')}}}\n`,
    without: BARE + task(SECRET) + secret(),
    look: verdictOf('secretsmanager:GetSecretValue'),
    sees: ['allowed', 'refused'],
  },
  'AWS::IAM::InstanceProfile': {
    with: BARE + TWO_NODES + PROFILE + ec2,
    without: BARE + TWO_NODES + ec2,
    look: instance,
    sees: ['Node', undefined],
  },
  'AWS::IAM::ServiceLinkedRole': {
    with: `${BARE + task('')}  Linked: {Type: AWS::IAM::ServiceLinkedRole, Properties: {AWSServiceName: ecs.amazonaws.com}}\n`,
    without: BARE + task(''),
    options: { caller: 'Task' },
    look: (result) => ids(result).includes('RC208'),
    sees: [false, true],
  },
  'AWS::ECS::Cluster': {
    with: `${BARE + task('')}  Cluster: {Type: AWS::ECS::Cluster, Properties: {ClusterName: main, Configuration: {ExecuteCommandConfiguration: {Logging: OVERRIDE, LogConfiguration: {CloudWatchLogGroupName: sessions}}}}}\n`,
    without: BARE + task(''),
    options: { exec: true },
    look: (result) => ids(result).includes('RC116'),
    sees: [true, false],
  },
  'AWS::ECS::Cluster, its default strategy': {
    with: `${BARE + task('').replace('[FARGATE]', '[FARGATE, EC2]')}  Cluster: {Type: AWS::ECS::Cluster, Properties: {ClusterName: main, CapacityProviders: [FARGATE], DefaultCapacityProviderStrategy: [{CapacityProvider: FARGATE}]}}\n${service(', Cluster: !Ref Cluster').replace('LaunchType: FARGATE, ', '')}`,
    without: BARE + task('').replace('[FARGATE]', '[FARGATE, EC2]'),
    look: ({ tasks }) => tasks.map(({ launchType }) => launchType),
    sees: [['FARGATE'], ['FARGATE', 'EC2']],
  },
  'AWS::ECS::TaskDefinition': {
    with: BARE + task(''),
    without: BARE,
    look: ({ tasks }) => tasks.map(({ family }) => family),
    sees: [['app'], []],
  },
  'AWS::ECS::Service': {
    with: BARE + task('') + service(', EnableExecuteCommand: true'),
    without: BARE + task('') + service(''),
    look: (result) => ids(result).includes('RC115'),
    sees: [true, false],
  },
  'AWS::EC2::Instance': {
    with: `${BARE + TWO_NODES + PROFILE + OTHER_PROFILE + ec2}  Host: {Type: AWS::EC2::Instance, Properties: {ImageId: ami-1, IamInstanceProfile: !Ref OtherProfile}}\n`,
    without: BARE + TWO_NODES + PROFILE + OTHER_PROFILE + ec2,
    look: instance,
    sees: ['Other', undefined],
  },
  'AWS::EC2::LaunchTemplate': {
    with: `${BARE + NODE + PROFILE + ec2}  T: {Type: AWS::EC2::LaunchTemplate, Properties: {LaunchTemplateData: {IamInstanceProfile: {Arn: !GetAtt Profile.Arn}, MetadataOptions: {HttpTokens: required, HttpPutResponseHopLimit: 1}}}}\n`,
    without: BARE + NODE + PROFILE + ec2,
    look: (result) => ids(result).includes('RC306'),
    sees: [false, true],
  },
  'AWS::AutoScaling::LaunchConfiguration and AutoScalingGroup': {
    with: `${BARE + TWO_NODES + PROFILE + OTHER_PROFILE + ec2}  C: {Type: AWS::AutoScaling::LaunchConfiguration, Properties: {ImageId: ami-1, IamInstanceProfile: !Ref Profile}}\n  G: {Type: AWS::AutoScaling::AutoScalingGroup, Properties: {LaunchConfigurationName: !Ref C, MinSize: "1", MaxSize: "1"}}\n`,
    without: BARE + TWO_NODES + PROFILE + OTHER_PROFILE + ec2,
    look: instance,
    sees: ['Node', undefined],
  },
  'AWS::Logs::LogGroup': {
    with: `${BARE + task(', LogConfiguration: {LogDriver: awslogs, Options: {awslogs-group: !Ref Logs, awslogs-region: eu-west-1, awslogs-stream-prefix: a, awslogs-create-group: "true"}}')}  Logs: {Type: AWS::Logs::LogGroup, Properties: {LogGroupName: /app}}\n`,
    without:
      BARE +
      task(
        ', LogConfiguration: {LogDriver: awslogs, Options: {awslogs-group: /app, awslogs-region: eu-west-1, awslogs-stream-prefix: a, awslogs-create-group: "true"}}',
      ),
    look: (result) => ids(result).includes('RC112'),
    sees: [false, true],
  },
  'AWS::SSM::Parameter': {
    with: `${READER + task(', Secrets: [{Name: P, ValueFrom: /app/p}]') + KEY()}  P: {Type: AWS::SSM::Parameter, Properties: {Name: /app/p, Type: SecureString, KeyId: !Ref Key, Value: v}}\n`,
    without: READER + task(', Secrets: [{Name: P, ValueFrom: /app/p}]') + KEY(),
    look: (result) => ids(result).includes('RC105'),
    sees: [true, false],
  },
  'AWS::SecretsManager::Secret': {
    with: READER + task(SECRET) + KEY() + secret(', KmsKeyId: !Ref Key'),
    without: READER + task(SECRET) + KEY() + secret(),
    look: (result) => ids(result).includes('RC105'),
    sees: [true, false],
  },
  'AWS::SecretsManager::ResourcePolicy': {
    with: `${READER + task(SECRET) + secret()}  P: {Type: AWS::SecretsManager::ResourcePolicy, Properties: {SecretId: !Ref Secret, ResourcePolicy: ${statement(`${DENY}, Action: "secretsmanager:GetSecretValue", Resource: "*"`)}}}\n`,
    without: READER + task(SECRET) + secret(),
    look: verdictOf('secretsmanager:GetSecretValue'),
    sees: ['refused', 'allowed'],
  },
  'AWS::KMS::Key': {
    with: `${role('Execution', 'ecs-tasks.amazonaws.com', may('"secretsmanager:*", "kms:*"')) + TASK + task(SECRET) + secret(', KmsKeyId: !Ref Key')}${KEY(`KeyPolicy: ${statement(`Effect: Allow, Principal: {AWS: !Sub "arn:aws:iam::\${AWS::AccountId}:root"}, Action: "kms:PutKeyPolicy", Resource: "*"`)}`)}`,
    without:
      role('Execution', 'ecs-tasks.amazonaws.com', may('"secretsmanager:*", "kms:*"')) +
      TASK +
      task(SECRET) +
      secret(', KmsKeyId: !Ref Key') +
      KEY(),
    look: verdictOf('kms:Decrypt'),
    sees: ['refused', 'allowed'],
  },
  'AWS::KMS::Alias': {
    with: `${READER + task(SECRET) + secret(', KmsKeyId: alias/app') + KEY()}  A: {Type: AWS::KMS::Alias, Properties: {AliasName: alias/app, TargetKeyId: !Ref Key}}\n`,
    without: READER + task(SECRET) + secret(', KmsKeyId: alias/app') + KEY(),
    look: ({ duties }) => duties.find(({ action }) => action === 'kms:Decrypt')?.resource,
    sees: [`arn:aws:kms:eu-west-1:${ACCOUNT}:key/{Key.Ref}`, `arn:aws:kms:eu-west-1:${ACCOUNT}:key/{…}`],
  },
  'AWS::ECR::Repository': {
    with:
      READER + ownImage + repository(`, RepositoryPolicyText: ${statement(`${DENY}, Action: "ecr:BatchGetImage"`)}`),
    without: READER + ownImage + repository(),
    look: verdictOf('ecr:BatchGetImage'),
    sees: ['refused', 'allowed'],
  },
  'AWS::SQS::Queue and QueuePolicy, by Ref': {
    with: `${BARE + task('') + queue}  P: {Type: AWS::SQS::QueuePolicy, Properties: {Queues: [!Ref Queue], PolicyDocument: ${statement(`${DENY}, Action: "sqs:*", Resource: "*"`)}}}\n`,
    without: BARE + task('') + queue,
    look: ({ world }) => {
      const view = world.resources.of('sqs:SendMessage', world.tokens.text(world.workload.queues[0]!.arn));
      return [view.declared, view.policy !== undefined];
    },
    sees: [
      [true, true],
      [true, false],
    ],
  },
  'AWS::S3::Bucket and BucketPolicy, by Ref': {
    with: `${READER + task(envFile) + bucket}  P: {Type: AWS::S3::BucketPolicy, Properties: {Bucket: !Ref Bucket, PolicyDocument: ${statement(`${DENY}, Action: "s3:GetObject", Resource: !Sub "\${Bucket.Arn}/*"`)}}}\n`,
    without: READER + task(envFile) + bucket,
    look: verdictOf('s3:GetObject'),
    sees: ['refused', 'allowed'],
  },
  'AWS::DynamoDB::Table': {
    with: `${role('Execution', 'ecs-tasks.amazonaws.com') + role('Task', 'ecs-tasks.amazonaws.com', may('"dynamodb:GetItem"', '!GetAtt Table.Arn')) + task('')}  Table: {Type: AWS::DynamoDB::Table, Properties: {TableName: orders, AttributeDefinitions: [{AttributeName: id, AttributeType: S}], KeySchema: [{AttributeName: id, KeyType: HASH}], BillingMode: PAY_PER_REQUEST}}\n`,
    without: BARE + task(''),
    look: ({ world }) =>
      world.roles
        .named('Task')
        ?.least.set.identity.flatMap(({ policy }) => policy.statements.flatMap(({ resources }) => resources ?? []))
        .map(({ text }) => text),
    sees: [[`arn:aws:dynamodb:eu-west-1:${ACCOUNT}:table/orders`], []],
  },
  'AWS::EFS::FileSystem': {
    with: `${BARE + task('', volume)}  Files: {Type: AWS::EFS::FileSystem, Properties: {FileSystemPolicy: ${statement(`Effect: Allow, Principal: {AWS: "arn:aws:iam::${ACCOUNT}:role/somebody"}, Action: "elasticfilesystem:ClientMount"`)}}}\n`,
    without: `${BARE + task('', volume)}  Files: {Type: AWS::EFS::FileSystem}\n`,
    look: verdictOf('elasticfilesystem:ClientMount'),
    sees: ['refused', 'allowed'],
  },
  'AWS::Events::Rule': {
    with: `${BARE + task('')}  R: {Type: AWS::Events::Rule, Properties: {ScheduleExpression: rate(1 hour), Targets: [{Id: a, Arn: !Sub "arn:aws:ecs:\${AWS::Region}:\${AWS::AccountId}:cluster/main", ${STARTER}}]}}\n`,
    without: BARE + task(''),
    look: (result) => ids(result).includes('RC207'),
    sees: [true, false],
  },
  'AWS::Events::Rule, a target without a role': {
    with: `${BARE + task('')}  R: {Type: AWS::Events::Rule, Properties: {ScheduleExpression: rate(1 hour), Targets: [{Id: a, Arn: !Sub "arn:aws:ecs:\${AWS::Region}:\${AWS::AccountId}:cluster/main", EcsParameters: {TaskDefinitionArn: !Ref Definition}}]}}\n`,
    without: BARE + task(''),
    look: (result) => ids(result).includes('RC207'),
    sees: [true, false],
  },
  'AWS::Scheduler::Schedule': {
    with: `${BARE + task('')}  R: {Type: AWS::Scheduler::Schedule, Properties: {ScheduleExpression: rate(1 hour), FlexibleTimeWindow: {Mode: "OFF"}, Target: {Arn: !Sub "arn:aws:ecs:\${AWS::Region}:\${AWS::AccountId}:cluster/main", ${STARTER}}}}\n`,
    without: BARE + task(''),
    look: (result) => ids(result).includes('RC207'),
    sees: [true, false],
  },
  'AWS::ElasticLoadBalancingV2::TargetGroup': {
    with: `${BARE + task(', PortMappings: [{ContainerPort: 80}]') + service(balanced)}  Group: {Type: AWS::ElasticLoadBalancingV2::TargetGroup, Properties: {TargetType: instance}}\n`,
    without: `${BARE + task(', PortMappings: [{ContainerPort: 80}]') + service(balanced)}  Group: {Type: AWS::ElasticLoadBalancingV2::TargetGroup, Properties: {TargetType: ip}}\n`,
    look: (result) => ids(result).includes('RC407'),
    sees: [true, false],
  },
};

it.each(Object.entries(CASES))('%s has its part in the answer', (_, { options, look, sees, ...texts }) => {
  const result = (resources: string) => check(workloadOf({ 'template.yaml': `Resources:\n${resources}` }), options);
  expect([look(result(texts.with)), look(result(texts.without))]).toEqual(sees);
});

it('says that SAM is left out', () => {
  const { leftOut } = workloadOf({
    'template.yaml': `Resources:\n${BARE}  F: {Type: "AWS::Serverless::Function", Properties: {Handler: a.b}}\n`,
  });
  expect(leftOut.map(({ what, why }) => `${what}: ${why}`)).toEqual([
    'AWS::Serverless::Function `F`: SAM is not supported',
  ]);
});
