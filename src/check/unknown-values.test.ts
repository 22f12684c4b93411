import { describe, expect, it } from 'vitest';
import { check } from './check.ts';
import { workloadOf } from './testing.ts';

/** A stack whose execution role has these statements, and whose container asks for these secrets. */
function template(statements: string, secrets: string, more = ''): string {
  return `AWSTemplateFormatVersion: "2010-09-09"
Parameters:
  Name: { Type: String }
Resources:
  Role:
    Type: AWS::IAM::Role
    Properties:
      RoleName: execution
      AssumeRolePolicyDocument:
        Version: "2012-10-17"
        Statement:
          - { Effect: Allow, Principal: { Service: ecs-tasks.amazonaws.com }, Action: sts:AssumeRole, Condition: { StringEquals: { "aws:SourceAccount": !Ref AWS::AccountId } } }
      Policies:
        - PolicyName: own
          PolicyDocument:
            Version: "2012-10-17"
            Statement:
${statements}
  Definition:
    Type: AWS::ECS::TaskDefinition
    Properties:
      Family: app
      RequiresCompatibilities: [FARGATE]
      NetworkMode: awsvpc
      Cpu: "256"
      Memory: "512"
      ExecutionRoleArn: !GetAtt Role.Arn
      ContainerDefinitions:
        - Name: app
          Image: public.ecr.aws/nginx/nginx:1
          Secrets:
${secrets}
${more}`;
}

function verdicts(text: string): Record<string, string> {
  const { duties } = check(workloadOf({ 'template.yaml': text }));
  return Object.fromEntries(duties.map(({ action, resource, verdict }) => [`${action} ${resource}`, verdict]));
}

const PARAMETER =
  '            - { Name: A, ValueFrom: !Sub "arn:aws:ssm:${AWS::Region}:${AWS::AccountId}:parameter/app/a" }';
const ASKED = 'ssm:GetParameters arn:aws:ssm:eu-west-1:111122223333:parameter/app/a';
const allow = (action: string, resource: string, more = '') =>
  `              - { Effect: Allow, Action: ${action}, Resource: ${resource}${more} }`;
const deny = (action: string, resource: string) =>
  `              - { Effect: Deny, Action: ${action}, Resource: ${resource} }`;

describe('values that are not in the input', () => {
  it('leave a call open that depends on them, and say which', () => {
    const text = template(allow('ssm:GetParameters', '!Sub "arn:aws:ssm:*:*:parameter/${Name}/a"'), PARAMETER);
    expect(verdicts(text)[ASKED]).toBe('unknown');
    const { findings } = check(workloadOf({ 'template.yaml': text }));
    const finding = findings.find(({ id }) => id === 'RC901');
    expect(finding?.why).toContain('the parameter `Name` has no default');
    expect(finding?.remedy).toContain('--parameter Name=VALUE');
    expect(finding?.source).toMatchObject({ line: 3, path: '/Parameters/Name' });
  });

  it('do not keep a call open that another statement allows', () => {
    const statements = [
      allow('ssm:GetParameters', '!Sub "arn:aws:ssm:*:*:parameter/${Name}/a"'),
      allow('ssm:GetParameters', '"arn:aws:ssm:*:*:parameter/app/*"'),
    ].join('\n');
    expect(verdicts(template(statements, PARAMETER))[ASKED]).toBe('allowed');
  });

  it('do not keep a call open that no value of them could allow', () => {
    const text = template(allow('ssm:GetParameters', '!Sub "arn:aws:ssm:*:*:document/${Name}"'), PARAMETER);
    expect(verdicts(text)[ASKED]).toBe('refused');
  });

  it('in a Deny leave open what it may deny', () => {
    const statements = [
      allow('ssm:GetParameters', '"*"'),
      deny('ssm:*', '!Sub "arn:aws:ssm:*:*:parameter/${Name}/*"'),
    ].join('\n');
    expect(verdicts(template(statements, PARAMETER))[ASKED]).toBe('unknown');
  });

  it('in a condition leave the statement open', () => {
    const condition = ', Condition: { StringEquals: { "aws:RequestedRegion": !Ref Name } }';
    const text = template(allow('ssm:GetParameters', '"*"', condition), PARAMETER);
    expect(verdicts(text)[ASKED]).toBe('unknown');
  });

  it('are the same value wherever the same thing is meant', () => {
    const secret = `
  Secret:
    Type: AWS::SecretsManager::Secret
    Properties: { Name: db, SecretString: x }
`;
    const text = template(
      allow('secretsmanager:GetSecretValue', '!Ref Secret'),
      '            - { Name: A, ValueFrom: !Ref Secret }',
      secret,
    );
    expect(
      verdicts(text)['secretsmanager:GetSecretValue arn:aws:secretsmanager:eu-west-1:111122223333:secret:db-??????'],
    ).toBe('allowed');
  });

  it('make a reference to no known service no call at all', () => {
    const { duties, findings } = check(
      workloadOf({
        'template.yaml': template(allow('ssm:*', '"*"'), '            - { Name: A, ValueFrom: !Ref Name }'),
      }),
    );
    expect(duties.map(({ action }) => action)).toEqual(['sts:AssumeRole']);
    expect(findings.map(({ id }) => id)).toContain('RC901');
  });

  it('are the keys that exist only when the call is made', () => {
    const condition = ', Condition: { StringEquals: { "aws:SourceVpce": vpce-1 } }';
    const text = template(allow('ssm:GetParameters', '"*"', condition), PARAMETER);
    expect(verdicts(text)[ASKED]).toBe('unknown');
    expect(check(workloadOf({ 'template.yaml': text })).findings.find(({ id }) => id === 'RC901')?.why).toContain(
      'aws:SourceVpce',
    );
  });

  it('are tags of a resource that the input does not declare', () => {
    const condition = ', Condition: { StringEquals: { "aws:ResourceTag/team": orders } }';
    const text = template(allow('ssm:GetParameters', '"*"', condition), PARAMETER);
    expect(verdicts(text)[ASKED]).toBe('unknown');
    const declared = `
  Parameter:
    Type: AWS::SSM::Parameter
    Properties: { Name: /app/a, Type: String, Value: x, Tags: { team: billing } }
`;
    expect(verdicts(template(allow('ssm:GetParameters', '"*"', condition), PARAMETER, declared))[ASKED]).toBe(
      'refused',
    );
  });

  it('are what a condition of the template depends on: a policy that may not be made', () => {
    const policy = `
  More:
    Type: AWS::IAM::Policy
    Condition: Wanted
    Properties:
      PolicyName: more
      Roles: [!Ref Role]
      PolicyDocument:
        Version: "2012-10-17"
        Statement: [{ Effect: Allow, Action: ssm:GetParameters, Resource: "*" }]
Conditions:
  Wanted: !Equals [!Ref Name, orders]
`;
    expect(verdicts(template(allow('s3:GetObject', '"*"'), PARAMETER, policy))[ASKED]).toBe('unknown');
    const statements = allow('ssm:GetParameters', '"*"');
    expect(verdicts(template(statements, PARAMETER, policy))[ASKED]).toBe('allowed');
  });
});
