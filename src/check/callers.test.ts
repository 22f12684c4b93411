import { describe, expect, it } from 'vitest';
import { check } from './check.ts';
import { ACCOUNT, workloadOf } from './testing.ts';

const TASK = `
  Execution:
    Type: AWS::IAM::Role
    Properties:
      RoleName: execution
      AssumeRolePolicyDocument: {Version: "2012-10-17", Statement: [{Effect: Allow, Principal: {Service: ecs-tasks.amazonaws.com}, Action: sts:AssumeRole}]}
  Task:
    Type: AWS::IAM::Role
    Properties:
      RoleName: task
      AssumeRolePolicyDocument: {Version: "2012-10-17", Statement: [{Effect: Allow, Principal: {Service: ecs-tasks.amazonaws.com}, Action: sts:AssumeRole}]}
  Definition:
    Type: AWS::ECS::TaskDefinition
    Properties:
      Family: app
      RequiresCompatibilities: [FARGATE]
      NetworkMode: awsvpc
      Cpu: "256"
      Memory: "512"
      ExecutionRoleArn: !GetAtt Execution.Arn
      TaskRoleArn: !GetAtt Task.Arn
      ContainerDefinitions: [{Name: app, Image: public.ecr.aws/nginx/nginx:1}]
`;
const pass = (role: string) =>
  `{Version: "2012-10-17", Statement: [{Effect: Allow, Action: iam:PassRole, Resource: "arn:aws:iam::${ACCOUNT}:role/${role}"}]}`;

/** Which roles the user of the template may not pass. */
function refusedTo(user: string, resources: string): (string | null)[] {
  const workload = workloadOf({ 'template.yaml': `Resources:${TASK}${resources}` });
  const { findings } = check(workload, { caller: `arn:aws:iam::${ACCOUNT}:user/${user}` });
  return findings.filter(({ id }) => id === 'RC206').map(({ resource }) => resource);
}

describe('a user who deploys, of a template', () => {
  const USER = '\n  User: {Type: AWS::IAM::User, Properties: {UserName: ada, Groups: [!Ref Group]}}';
  const GROUP = '\n  Group: {Type: AWS::IAM::Group, Properties: {GroupName: deployers}}';

  it('has nothing of a group without policies', () => {
    expect(refusedTo('ada', USER + GROUP)).toEqual([
      `arn:aws:iam::${ACCOUNT}:role/execution`,
      `arn:aws:iam::${ACCOUNT}:role/task`,
    ]);
  });

  it.each([
    [
      'written inside the group',
      `\n  Group: {Type: AWS::IAM::Group, Properties: {GroupName: deployers, Policies: [{PolicyName: p, PolicyDocument: ${pass('*')}}]}}`,
    ],
    [
      'put into the group by AWS::IAM::Policy',
      `${GROUP}\n  P: {Type: AWS::IAM::Policy, Properties: {PolicyName: p, Groups: [!Ref Group], PolicyDocument: ${pass('*')}}}`,
    ],
    [
      'put into the group by AWS::IAM::GroupPolicy',
      `${GROUP}\n  P: {Type: AWS::IAM::GroupPolicy, Properties: {PolicyName: p, GroupName: !Ref Group, PolicyDocument: ${pass('*')}}}`,
    ],
    [
      'attached to the group by AWS::IAM::ManagedPolicy',
      `${GROUP}\n  P: {Type: AWS::IAM::ManagedPolicy, Properties: {Groups: [!Ref Group], PolicyDocument: ${pass('*')}}}`,
    ],
  ])('has the policies %s', (_, group) => {
    expect(refusedTo('ada', USER + group)).toEqual([]);
  });

  it('may be put into the group by a resource of its own', () => {
    const apart = `${GROUP}
  User: {Type: AWS::IAM::User, Properties: {UserName: ada}}
  In: {Type: AWS::IAM::UserToGroupAddition, Properties: {GroupName: !Ref Group, Users: [!Ref User]}}
  P: {Type: AWS::IAM::Policy, Properties: {PolicyName: p, Groups: [!Ref Group], PolicyDocument: ${pass('execution')}}}`;
    expect(refusedTo('ada', apart)).toEqual([`arn:aws:iam::${ACCOUNT}:role/task`]);
  });
});

describe('a user who deploys, of a Terraform state', () => {
  const resource = (type: string, name: string, values: object) => ({
    address: `${type}.${name}`,
    mode: 'managed',
    type,
    name,
    values,
  });
  const trust = JSON.stringify({
    Version: '2012-10-17',
    Statement: [{ Effect: 'Allow', Principal: { Service: 'ecs-tasks.amazonaws.com' }, Action: 'sts:AssumeRole' }],
  });
  const arn = (name: string) => `arn:aws:iam::${ACCOUNT}:role/${name}`;
  const roles = ['execution', 'task'].map((name) =>
    resource('aws_iam_role', name, { name, arn: arn(name), path: '/', assume_role_policy: trust }),
  );
  const definition = resource('aws_ecs_task_definition', 'app', {
    family: 'app',
    requires_compatibilities: ['FARGATE'],
    network_mode: 'awsvpc',
    cpu: '256',
    memory: '512',
    execution_role_arn: arn('execution'),
    task_role_arn: arn('task'),
    container_definitions: JSON.stringify([{ name: 'app', image: 'public.ecr.aws/nginx/nginx:1' }]),
  });
  const user = resource('aws_iam_user', 'ada', { name: 'ada', arn: `arn:aws:iam::${ACCOUNT}:user/ada`, path: '/' });
  const group = resource('aws_iam_group', 'deployers', {
    name: 'deployers',
    arn: `arn:aws:iam::${ACCOUNT}:group/deployers`,
    path: '/',
  });
  const document = JSON.stringify({
    Version: '2012-10-17',
    Statement: [{ Effect: 'Allow', Action: 'iam:PassRole', Resource: arn('*') }],
  });
  const managed = resource('aws_iam_policy', 'pass', {
    name: 'pass',
    arn: `arn:aws:iam::${ACCOUNT}:policy/pass`,
    path: '/',
    policy: document,
  });

  function refused(...resources: object[]): number {
    const state = {
      format_version: '1.0',
      terraform_version: '1.9.0',
      values: { root_module: { resources: [...roles, definition, user, group, ...resources] } },
    };
    const { findings } = check(workloadOf({ 'state.json': state }), { caller: 'ada' });
    return findings.filter(({ id }) => id === 'RC206').length;
  }
  const ofGroup = resource('aws_iam_group_membership', 'm', { name: 'm', group: 'deployers', users: ['ada'] });
  const ofUser = resource('aws_iam_user_group_membership', 'm', { user: 'ada', groups: ['deployers'] });
  const inline = resource('aws_iam_group_policy', 'p', { name: 'p', group: 'deployers', policy: document });
  const attached = resource('aws_iam_group_policy_attachment', 'p', {
    group: 'deployers',
    policy_arn: `arn:aws:iam::${ACCOUNT}:policy/pass`,
  });
  const attachedToMany = resource('aws_iam_policy_attachment', 'p', {
    name: 'p',
    groups: ['deployers'],
    policy_arn: `arn:aws:iam::${ACCOUNT}:policy/pass`,
  });

  it('has the policies of its groups, whichever side says that it is in them', () => {
    expect(refused(inline)).toBe(2);
    expect(refused(inline, ofGroup)).toBe(0);
    expect(refused(inline, ofUser)).toBe(0);
    expect(refused(managed, attached, ofUser)).toBe(0);
    expect(refused(managed, attachedToMany, ofGroup)).toBe(0);
  });
});
