import { describe, expect, it } from 'vitest';
import { check } from '../check.ts';
import { TRUST, workloadOf } from '../testing.ts';

const advice = (files: Record<string, object | string>) =>
  check(workloadOf(files)).findings.filter(({ id }) => id === 'RC209');

const CONTAINERS = JSON.stringify([
  { name: 'app', image: 'public.ecr.aws/nginx/nginx:1', secrets: [{ name: 'T', valueFrom: '/app/token' }] },
]);

/** A plan of a service in a module, whose role and policy are made outside of it. */
function plan(more: {
  readonly depends?: string[];
  readonly callDepends?: string[];
  readonly argument?: string[];
}): object {
  const resource = (address: string, values: object) => {
    const [type = '', name = ''] = address.split('.').slice(-2);
    return { address, mode: 'managed', type, name, values };
  };
  const configured = (address: string, expressions: object, depends?: string[]) => {
    const [type, name] = address.split('.');
    return { address, mode: 'managed', type, name, expressions, ...(depends ? { depends_on: depends } : {}) };
  };
  const refs = (...references: string[]) => ({ references });
  const known = (address: string, after: object) => ({
    address,
    change: { actions: ['create'], after: {}, after_unknown: after },
  });
  const family = {
    family: 'app',
    requires_compatibilities: ['FARGATE'],
    network_mode: 'awsvpc',
    cpu: '256',
    memory: '512',
    container_definitions: CONTAINERS,
  };
  return {
    format_version: '1.2',
    terraform_version: '1.9.0',
    planned_values: {
      root_module: {
        resources: [
          resource('aws_iam_role.execution', {
            name: 'execution',
            path: '/',
            assume_role_policy: JSON.stringify(TRUST),
          }),
          resource('aws_iam_role_policy.start', {
            name: 'start',
            role: 'execution',
            policy: JSON.stringify({
              Version: '2012-10-17',
              Statement: [{ Effect: 'Allow', Action: 'ssm:GetParameters', Resource: '*' }],
            }),
          }),
          resource('aws_iam_role_policy_attachment.managed', {
            role: 'execution',
            policy_arn: 'arn:aws:iam::aws:policy/service-role/AmazonECSTaskExecutionRolePolicy',
          }),
        ],
        child_modules: [
          {
            address: 'module.web',
            resources: [
              resource('module.web.aws_ecs_task_definition.app', family),
              resource('module.web.aws_ecs_service.app', { name: 'app', launch_type: 'FARGATE' }),
            ],
          },
        ],
      },
    },
    resource_changes: [
      known('module.web.aws_ecs_task_definition.app', { execution_role_arn: true, arn: true }),
      known('module.web.aws_ecs_service.app', { task_definition: true }),
    ],
    configuration: {
      root_module: {
        resources: [
          configured('aws_iam_role.execution', { name: { constant_value: 'execution' } }),
          configured('aws_iam_role_policy.start', {
            role: refs('aws_iam_role.execution.id', 'aws_iam_role.execution'),
          }),
          configured('aws_iam_role_policy_attachment.managed', { role: refs('aws_iam_role.execution.name') }),
        ],
        module_calls: {
          web: {
            expressions: {
              role: refs('aws_iam_role.execution.arn', 'aws_iam_role.execution'),
              ready: refs(...(more.argument ?? [])),
            },
            ...(more.callDepends ? { depends_on: more.callDepends } : {}),
            module: {
              resources: [
                configured('aws_ecs_task_definition.app', { execution_role_arn: refs('var.role') }),
                configured(
                  'aws_ecs_service.app',
                  {
                    task_definition: refs('aws_ecs_task_definition.app.arn', 'aws_ecs_task_definition.app'),
                    tags: refs('var.ready'),
                  },
                  more.depends,
                ),
              ],
            },
          },
        },
      },
    },
  };
}

describe('the order of a Terraform plan', () => {
  it('makes a service before policies that nothing leads to', () => {
    const [found, second] = advice({ 'plan.json': plan({}) });
    expect(second).toBeUndefined();
    expect(found?.why).toBe(
      'Terraform may make the service before aws_iam_role_policy.start, aws_iam_role_policy_attachment.managed: its first tasks then start with roles that have no permissions yet, and fail.',
    );
    expect(found?.remedy).toBe(
      'Add depends_on = [aws_iam_role_policy.start, aws_iam_role_policy_attachment.managed] to the service.',
    );
  });

  it('is kept by depends_on of the call of its module', () => {
    const callDepends = ['aws_iam_role_policy.start', 'aws_iam_role_policy_attachment.managed'];
    expect(advice({ 'plan.json': plan({ callDepends }) })).toEqual([]);
  });

  it('is kept by what an argument of the module refers to', () => {
    const argument = ['aws_iam_role_policy.start.id', 'aws_iam_role_policy.start'];
    const [found] = advice({ 'plan.json': plan({ argument }) });
    expect(found?.remedy).toBe('Add depends_on = [aws_iam_role_policy_attachment.managed] to the service.');
  });

  it('says what a plan does not show', () => {
    expect(advice({ 'plan.json': plan({ argument: ['local.ready'] }) })[0]?.why).toContain(
      'Local values may lead there',
    );
  });

  it('is over in a state', () => {
    const { configuration: _, resource_changes: __, planned_values, ...rest } = plan({}) as Record<string, unknown>;
    expect(advice({ 'state.json': { ...rest, values: planned_values } })).toEqual([]);
  });
});

describe('the order of a template', () => {
  const trust = JSON.stringify(TRUST);
  const stack = (dependsOn: string) => `Resources:
  Role: {Type: AWS::IAM::Role, Properties: {AssumeRolePolicyDocument: ${trust}}}
  Policy:
    Type: AWS::IAM::Policy
    Properties:
      PolicyName: start
      Roles: [!Ref Role]
      PolicyDocument: {Version: "2012-10-17", Statement: [{Effect: Allow, Action: "ssm:GetParameters", Resource: "*"}]}
  Definition:
    Type: AWS::ECS::TaskDefinition
    Properties: {Family: app, RequiresCompatibilities: [FARGATE], NetworkMode: awsvpc, Cpu: "256", Memory: "512", ExecutionRoleArn: !GetAtt Role.Arn, ContainerDefinitions: [{Name: app, Image: nginx}]}
  Service: {Type: AWS::ECS::Service, ${dependsOn}Properties: {LaunchType: FARGATE, TaskDefinition: !Ref Definition}}
`;

  it('is the same in a nested stack', () => {
    const around = 'Resources:\n  Inner: {Type: AWS::CloudFormation::Stack, Properties: {TemplateURL: inner.yaml}}\n';
    const found = advice({ 'template.yaml': around, 'inner.yaml': stack('') });
    expect(found.map(({ remedy }) => remedy)).toEqual(['Add DependsOn: [Policy] to the service.']);
    expect(advice({ 'template.yaml': around, 'inner.yaml': stack('DependsOn: Policy, ') })).toEqual([]);
  });

  it('is the same in the output of the CDK', () => {
    const manifest = {
      version: '36.0.0',
      artifacts: {
        Shop: {
          type: 'aws:cloudformation:stack',
          environment: 'aws://111122223333/eu-west-1',
          properties: { templateFile: 'Shop.template.json', stackName: 'Shop' },
        },
      },
    };
    const template = {
      Resources: {
        Role: { Type: 'AWS::IAM::Role', Properties: { AssumeRolePolicyDocument: TRUST } },
        RoleDefaultPolicy: {
          Type: 'AWS::IAM::Policy',
          Properties: {
            PolicyName: 'default',
            Roles: [{ Ref: 'Role' }],
            PolicyDocument: {
              Version: '2012-10-17',
              Statement: [{ Effect: 'Allow', Action: 'ssm:GetParameters', Resource: '*' }],
            },
          },
        },
        Definition: {
          Type: 'AWS::ECS::TaskDefinition',
          Properties: {
            Family: 'app',
            RequiresCompatibilities: ['FARGATE'],
            NetworkMode: 'awsvpc',
            Cpu: '256',
            Memory: '512',
            ExecutionRoleArn: { 'Fn::GetAtt': ['Role', 'Arn'] },
            ContainerDefinitions: [{ Name: 'app', Image: 'nginx' }],
          },
        },
        Service: {
          Type: 'AWS::ECS::Service',
          Properties: { LaunchType: 'FARGATE', TaskDefinition: { Ref: 'Definition' } },
        },
      },
    };
    const found = advice({
      'cdk.out/cdk.out': { version: '36.0.0' },
      'cdk.out/manifest.json': manifest,
      'cdk.out/Shop.template.json': template,
    });
    expect(found.map(({ remedy }) => remedy)).toEqual(['Add DependsOn: [RoleDefaultPolicy] to the service.']);
  });
});
