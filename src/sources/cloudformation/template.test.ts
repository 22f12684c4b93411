import { describe, expect, it } from 'vitest';
import { plain } from '../node.ts';
import { placeOf, SourceError } from '../origin.ts';
import { parseDocument } from '../read-document.ts';
import { Unknown } from '../unknown.ts';
import { emptyWorkload, type OpenWorkload } from '../workload.ts';
import { readTemplate } from './template.ts';

function read(text: string, given: Record<string, string> = {}): OpenWorkload {
  const workload = emptyWorkload('123456789012', 'eu-west-1');
  readTemplate(parseDocument('t.yaml', text), { stackName: 'shop', given: new Map(Object.entries(given)) }, workload);
  return workload;
}

function failing(text: string, given: Record<string, string> = {}): SourceError {
  try {
    read(text, given);
  } catch (error) {
    if (error instanceof SourceError) return error;
    throw error;
  }
  throw new Error('nothing was refused');
}

/** The value of an expression, seen through a parameter's value. */
function value(expression: string, given: Record<string, string> = {}): unknown {
  const text = `
Parameters:
  Stage: {Type: String, Default: dev}
  Zones: {Type: CommaDelimitedList, Default: 'a, b,c'}
  Missing: {Type: String}
Mappings:
  Sizes: {dev: {cpu: 256}, prod: {cpu: 1024}}
Conditions:
  IsProd: !Equals [!Ref Stage, prod]
  IsNotProd: !Not [!Condition IsProd]
  Either: !Or [!Condition IsProd, !Equals [1, 1]]
  Both: !And [!Condition IsProd, !Equals [!Ref Missing, x]]
  Open: !And [!Condition IsNotProd, !Equals [!Ref Missing, x]]
Resources:
  Vpc: {Type: AWS::EC2::VPC}
  Queue: {Type: AWS::SQS::Queue, Properties: {QueueName: orders}}
  Role:
    Type: AWS::IAM::Role
    Properties: {RoleName: r, Path: /team/, AssumeRolePolicyDocument: {Version: 2012-10-17, Statement: {Effect: Allow, Principal: {Service: ecs-tasks.amazonaws.com}, Action: sts:AssumeRole}}}
  P:
    Type: AWS::SSM::Parameter
    Properties:
      Type: String
      Value: ${expression}
`;
  const node = read(text, given).parameters[0]!.input.members.get('Value');
  return node === undefined ? undefined : plain(node);
}

describe('functions', () => {
  it.each([
    ['!Ref Stage', 'dev'],
    ['!Ref AWS::Region', 'eu-west-1'],
    ['!Ref AWS::AccountId', '123456789012'],
    ['!Ref AWS::StackName', 'shop'],
    ['!Sub "${Stage}-${AWS::Partition}-${!Literal}"', 'dev-aws-${Literal}'],
    ['!Sub ["${X}/${Stage}", {X: !Ref AWS::URLSuffix}]', 'amazonaws.com/dev'],
    ['!Sub "${Queue.Arn}"', 'arn:aws:sqs:eu-west-1:123456789012:orders'],
    ['!GetAtt [Role, Arn]', 'arn:aws:iam::123456789012:role/team/r'],
    ['!GetAtt Role.Arn', 'arn:aws:iam::123456789012:role/team/r'],
    ['!Join ["-", [a, !Ref Stage, 3]]', 'a-dev-3'],
    ['!Join ["/", !Ref Zones]', 'a/b/c'],
    ['!Select [1, !Ref Zones]', 'b'],
    ['!Select [2, !Split ["|", "a|b|c"]]', 'c'],
    ['!FindInMap [Sizes, !Ref Stage, cpu]', '256'],
    ['!If [IsProd, yes, no]', 'no'],
    ['!If [IsNotProd, yes, no]', 'yes'],
    ['!If [Either, yes, no]', 'yes'],
    ['!If [Both, yes, no]', 'no'],
    ['!Base64 hello', 'aGVsbG8='],
    ['!Sub "a${AWS::NoValue}b"', 'ab'],
    ['!Join ["", [x, !If [IsProd, y, !Ref AWS::NoValue]]]', 'x'],
  ])('%s', (expression, expected) => {
    expect(value(expression)).toBe(expected);
  });

  it('takes given parameters', () => {
    expect(value('!FindInMap [Sizes, !Ref Stage, cpu]', { Stage: 'prod' })).toBe('1024');
    expect(value('!Ref Vpc', { Vpc: 'vpc-1' })).toBe('vpc-1');
    expect(value('!GetAtt Vpc.CidrBlock', { 'Vpc.CidrBlock': '10.0.0.0/16' })).toBe('10.0.0.0/16');
    expect(value('!ImportValue net', { 'import:net': 'vpc-2' })).toBe('vpc-2');
  });

  it.each([
    ['!Ref Missing', 'the parameter `Missing` has no default', '--parameter Missing=VALUE'],
    ['!Ref Vpc', 'the physical id of AWS::EC2::VPC `Vpc` is only known in AWS', '--parameter Vpc=VALUE'],
    ['!ImportValue net', '`net` is exported by another stack', '--parameter import:net=VALUE'],
    ['!If [Open, a, b]', 'the parameter `Missing` has no default', '--parameter Missing=VALUE'],
    ['!GetAZs ""', 'the Availability Zones of a Region are the account’s own', 'parameter'],
  ])('%s is unknown, never guessed', (expression, why, help) => {
    const unknown = value(expression);
    expect(unknown).toBeInstanceOf(Unknown);
    const [missing] = (unknown as Unknown).missing;
    expect(missing?.why).toBe(why);
    expect(missing?.help).toContain(help);
    expect(missing?.origin.file).toBe('t.yaml');
  });

  it('keeps the known parts of a text', () => {
    expect(String(value('!Sub "arn:aws:s3:::${Vpc}/x/${Stage}"'))).toBe('arn:aws:s3:::{…}/x/dev');
  });

  it('knows which values exist only once a resource is made', () => {
    const url = value('!Ref Queue') as Unknown;
    expect(url.missing[0]?.deferred).toEqual({ resource: 'shop/Queue', attribute: 'Ref' });
  });

  it.each([
    ['!Ref Stge', 'the template has no parameter or resource `Stge`', 'Did you mean `Stage`?'],
    ['!Ref AWS::Regon', 'there is no pseudo parameter `AWS::Regon`', 'AWS::Region'],
    ['{"Fn::Jion": [",", []]}', 'the function `Fn::Jion` is not supported', 'Did you mean `Fn::Join`?'],
    ['!GetAtt Queue', '`Fn::GetAtt` of `Queue` names no attribute', 'Queue.ATTRIBUTE'],
    ['!If [IsPrd, a, b]', 'the template has no condition `IsPrd`', 'Conditions'],
    ['!FindInMap [Sizes, test, cpu]', 'the template has no mapping Sizes / test', 'Mappings'],
    ['!Select [7, !Ref Zones]', '`Fn::Select` asks for value 7 of 3', 'from 0'],
    ['!Sub [a]\n      Extra: {"Fn::Sub": "a", "b": 1}', 'must be the only member', 'Move'],
  ])('refuses %s', (expression, message, help) => {
    const text = `Parameters: {Stage: {Type: String, Default: dev}, Zones: {Type: CommaDelimitedList, Default: 'a,b,c'}}
Mappings: {Sizes: {dev: {cpu: 1}}}
Resources:
  Queue: {Type: AWS::SQS::Queue}
  P:
    Type: AWS::SSM::Parameter
    Properties:
      Type: String
      Value: ${expression}`;
    const error = failing(text);
    expect(error.message).toContain(message);
    expect(error.help).toContain(help);
    expect(placeOf(error.origin)).toMatch(/^t\.yaml:\d+ \/Resources\/P\/Properties\//);
  });
});

describe('resources', () => {
  it('makes up the names that are not given, the same each time', () => {
    const text = 'Resources: {Queue: {Type: AWS::SQS::Queue}, Logs: {Type: AWS::Logs::LogGroup}}';
    const [queue] = read(text).queues;
    expect(queue?.name).toMatch(/^shop-Queue-[A-Z0-9]{12}$/);
    expect(read(text).queues[0]?.name).toBe(queue?.name);
    expect(read(text).logGroups[0]?.name).not.toBe(queue?.name);
  });

  it('keeps them as short as the service takes them', () => {
    const long = 'L'.repeat(70);
    const trust =
      '{Version: 2012-10-17, Statement: {Effect: Allow, Principal: {Service: ecs-tasks.amazonaws.com}, Action: sts:AssumeRole}}';
    const workload = read(
      `Resources: {${long}: {Type: AWS::IAM::Role, Properties: {AssumeRolePolicyDocument: ${trust}}}, ${long}Q: {Type: AWS::SQS::Queue, Properties: {FifoQueue: true}}, ${long}B: {Type: AWS::S3::Bucket}}`,
    );
    expect(workload.roles[0]?.name).toMatch(/^shop-L{46}-[A-Z0-9]{12}$/);
    expect(workload.queues[0]?.name).toMatch(/^shop-L{57}-[A-Z0-9]{12}\.fifo$/);
    expect(workload.buckets[0]?.name).toMatch(/^shop-l{45}-[a-z0-9]{12}$/);
  });

  it('names what it leaves out, with the reason', () => {
    const workload = read(`
Conditions: {Never: !Equals [a, b]}
Resources:
  Vpc: {Type: AWS::EC2::VPC}
  Q: {Type: AWS::SQS::Queue, Condition: Never}
  B: {Type: AWS::S3::Bucket, Properties: {VersioningConfiguration: {Status: Enabled}}}
`);
    expect(workload.queues).toEqual([]);
    expect(workload.leftOut.map(({ what, origin }) => `${what} ${origin.line}`)).toEqual([
      'AWS::EC2::VPC `Vpc` 4',
      'AWS::SQS::Queue `Q` 5',
      '`VersioningConfiguration` of AWS::S3::Bucket `B` 6',
    ]);
  });

  it('keeps a resource whose condition is not known, and says so', () => {
    const workload = read(`
Parameters: {Make: {Type: String}}
Conditions: {Maybe: !Equals [!Ref Make, yes]}
Resources: {Q: {Type: AWS::SQS::Queue, Condition: Maybe}}
`);
    expect(workload.queues).toHaveLength(1);
    expect(workload.uncertain.map(({ what, missing }) => `${what}: ${missing.help}`)).toEqual([
      'AWS::SQS::Queue `Q`: Supply it: --parameter Make=VALUE',
    ]);
  });

  it('converts a task definition to the API’s names and types, and keeps the keys of maps', () => {
    const [source] = read(`
Resources:
  Task:
    Type: AWS::ECS::TaskDefinition
    Properties:
      Family: web
      Cpu: 256
      RequiresCompatibilities: [FARGATE]
      Volumes: [{Name: v, EFSVolumeConfiguration: {FilesystemId: fs-1, AuthorizationConfig: {IAM: ENABLED}}}]
      ProxyConfiguration: {ContainerName: c, ProxyConfigurationProperties: [{Name: AppPorts, Value: '80'}]}
      ContainerDefinitions:
        - Name: c
          Image: i
          Essential: 'true'
          PortMappings: [{ContainerPort: '80'}]
          DockerLabels: {Some.Label: x}
          LogConfiguration: {LogDriver: awslogs, Options: {awslogs-create-group: true, Mode: y}}
          Environment: [{Name: N, Value: 1}]
`).taskDefinitions;
    expect(plain(source!.input)).toEqual({
      family: 'web',
      cpu: '256',
      requiresCompatibilities: ['FARGATE'],
      volumes: [
        { name: 'v', efsVolumeConfiguration: { fileSystemId: 'fs-1', authorizationConfig: { iam: 'ENABLED' } } },
      ],
      proxyConfiguration: { containerName: 'c', properties: [{ name: 'AppPorts', value: '80' }] },
      containerDefinitions: [
        {
          name: 'c',
          image: 'i',
          essential: true,
          portMappings: [{ containerPort: 80 }],
          dockerLabels: { 'Some.Label': 'x' },
          logConfiguration: { logDriver: 'awslogs', options: { 'awslogs-create-group': 'true', Mode: 'y' } },
          environment: [{ name: 'N', value: '1' }],
        },
      ],
    });
  });

  it('gathers policies wherever they are written', () => {
    const document = '{Version: 2012-10-17, Statement: {Effect: Allow, Action: sqs:SendMessage, Resource: "*"}}';
    const workload = read(`
Resources:
  R:
    Type: AWS::IAM::Role
    Properties:
      RoleName: r
      AssumeRolePolicyDocument: {Version: 2012-10-17, Statement: {Effect: Allow, Principal: {Service: ecs-tasks.amazonaws.com}, Action: sts:AssumeRole}}
      Policies: [{PolicyName: inside, PolicyDocument: ${document}}]
      ManagedPolicyArns: ['arn:aws:iam::aws:policy/ReadOnlyAccess']
  P: {Type: AWS::IAM::Policy, Properties: {PolicyName: beside, Roles: [!Ref R], PolicyDocument: ${document}}}
  M: {Type: AWS::IAM::ManagedPolicy, Properties: {ManagedPolicyName: m, Roles: [!Ref R], PolicyDocument: ${document}}}
`);
    expect(workload.inlinePolicies.map(({ name, holder }) => `${name} of ${holder.name}`)).toEqual([
      'inside of r',
      'beside of r',
    ]);
    expect(workload.attachments.map(({ policyArn }) => policyArn)).toEqual([
      'arn:aws:iam::aws:policy/ReadOnlyAccess',
      'arn:aws:iam::123456789012:policy/m',
    ]);
  });

  it.each([
    [
      'Resources: {Q: {Type: AWS::SQS::Queue, Properties: {QueueNam: x}}}',
      'AWS::SQS::Queue has no property `QueueNam`',
      '/Resources/Q/Properties/QueueNam',
    ],
    ['Resources: {Q: {Properties: {}}}', 'the resource `Q` has no `Type`', '/Resources/Q'],
    [
      'Resources: {Q: {Type: AWS::SQS::Queue, Propertys: {}}}',
      'the resource `Q` has no member `Propertys`',
      '/Resources/Q/Propertys',
    ],
    ['Resource: {}', 'a template has no section `Resource`', '/Resource'],
    [
      'Resources: {Q: {Type: AWS::SQS::Queue, DependsOn: R}}',
      'the template has no resource `R`',
      '/Resources/Q/DependsOn',
    ],
    ['Resources: {R: {Type: AWS::IAM::Role}}', 'AWS::IAM::Role `R` has no `AssumeRolePolicyDocument`', '/Resources/R'],
    [
      'Resources: {T: {Type: AWS::ECS::TaskDefinition, Properties: {Famly: x}}}',
      'AWS::ECS::TaskDefinition has no property `Famly`',
      '/Resources/T/Properties/Famly',
    ],
    [
      'Resources: {T: {Type: AWS::ECS::TaskDefinition, Properties: {ContainerDefinitions: [{Name: a, Memory: lots}]}}}',
      'must be a whole number',
      '/Resources/T/Properties/ContainerDefinitions/0/Memory',
    ],
    [
      'Resources: {P: {Type: AWS::IAM::Policy, Properties: {PolicyName: p, Roles: [r], PolicyDocument: {Version: 2012-10-17, Statement: [{Effect: Alow, Action: "*", Resource: "*"}]}}}}',
      'AWS refuses this policy',
      '/Resources/P/Properties/PolicyDocument/Statement/0',
    ],
    [
      'Parameters: {P: {Type: String, Default: x, AllowedValues: [a]}}\nResources: {}',
      'does not allow its default `x`',
      '/Parameters/P/AllowedValues',
    ],
    [
      'Resources: {A: {Type: AWS::SQS::Queue, Properties: {QueueName: !GetAtt A.QueueName}}}',
      'depends on itself',
      '/Resources/A/Properties/QueueName',
    ],
  ])('refuses %s', (text, message, path) => {
    const error = failing(text);
    expect(error.message).toContain(message);
    expect(error.origin.path.startsWith(path)).toBe(true);
    expect(error.origin.line).toBeGreaterThan(0);
    expect(error.help).not.toBe('');
  });
});
