import { beforeEach, describe, expect, it } from 'vitest';
import { TEST_ACCOUNT } from '../../gateway/testing.ts';
import { allow, createIamBench, type IamBench, policy } from './testing.ts';

let bench: IamBench;
const queue = `arn:aws:sqs:eu-west-1:${TEST_ACCOUNT}:orders`;

beforeEach(() => {
  bench = createIamBench();
});

describe('SimulateCustomPolicy', () => {
  it('gives a result for each action on each resource, with the statements that decided', async () => {
    const document = `{
  "Version": "2012-10-17",
  "Statement": [
    {"Effect": "Allow", "Action": "sqs:*", "Resource": "${queue}"},
    {"Effect": "Deny", "Action": "sqs:DeleteQueue", "Resource": "*"}
  ]
}`;
    const { EvaluationResults } = await bench.call('iam', 'SimulateCustomPolicy', {
      PolicyInputList: [document],
      ActionNames: ['sqs:SendMessage', 'sqs:DeleteQueue'],
      ResourceArns: [queue, `${queue}-2`],
    });
    expect(EvaluationResults).toMatchObject([
      {
        EvalActionName: 'sqs:SendMessage',
        EvalResourceName: queue,
        EvalDecision: 'allowed',
        MatchedStatements: [
          {
            SourcePolicyId: 'PolicyInputList.1',
            StartPosition: { Line: 4, Column: 5 },
            EndPosition: { Line: 4 },
          },
        ],
        MissingContextValues: [],
      },
      { EvalResourceName: `${queue}-2`, EvalDecision: 'implicitDeny', MatchedStatements: [] },
      {
        EvalActionName: 'sqs:DeleteQueue',
        EvalDecision: 'explicitDeny',
        MatchedStatements: [{ StartPosition: { Line: 5 } }],
      },
      { EvalDecision: 'explicitDeny' },
    ]);
  });

  it('uses the context it is given and says which keys are missing', async () => {
    const input = {
      PolicyInputList: [
        policy({
          Effect: 'Allow',
          Action: 'sqs:*',
          Resource: '*',
          Condition: {
            StringEquals: { 'aws:RequestedRegion': 'eu-west-1' },
            'ForAllValues:StringEquals': { 'aws:TagKeys': ['a'] },
          },
        }),
      ],
      ActionNames: ['sqs:CreateQueue'],
    };
    const without = await bench.call('iam', 'SimulateCustomPolicy', input);
    expect(without.EvaluationResults).toMatchObject([
      {
        EvalResourceName: '*',
        EvalDecision: 'implicitDeny',
        MissingContextValues: ['aws:RequestedRegion', 'aws:TagKeys'],
      },
    ]);
    const given = await bench.call('iam', 'SimulateCustomPolicy', {
      ...input,
      ContextEntries: [
        { ContextKeyName: 'aws:RequestedRegion', ContextKeyType: 'string', ContextKeyValues: ['eu-west-1'] },
        { ContextKeyName: 'aws:tagkeys', ContextKeyType: 'stringList', ContextKeyValues: ['a'] },
      ],
    });
    expect(given.EvaluationResults).toMatchObject([{ EvalDecision: 'allowed', MissingContextValues: [] }]);
  });

  it('takes boundary, organization and resource policy into account', async () => {
    const input = { PolicyInputList: [allow('s3:*', 'sqs:*')], ActionNames: ['s3:GetObject', 'sqs:SendMessage'] };
    const bounded = await bench.call('iam', 'SimulateCustomPolicy', {
      ...input,
      PermissionsBoundaryPolicyInputList: [allow('s3:*')],
    });
    expect(bounded.EvaluationResults).toMatchObject([
      { EvalDecision: 'allowed', PermissionsBoundaryDecisionDetail: { AllowedByPermissionsBoundary: true } },
      { EvalDecision: 'implicitDeny', PermissionsBoundaryDecisionDetail: { AllowedByPermissionsBoundary: false } },
    ]);
    const organized = await bench.call('iam', 'SimulateCustomPolicy', {
      ...input,
      OrderedOrganizationPolicyInputList: [
        { ServiceControlPolicyInputList: [allow('*')] },
        { ServiceControlPolicyInputList: [allow('sqs:*')] },
      ],
    });
    expect(organized.EvaluationResults).toMatchObject([
      { EvalDecision: 'implicitDeny', OrganizationsDecisionDetail: { AllowedByOrganizations: false } },
      { EvalDecision: 'allowed', OrganizationsDecisionDetail: { AllowedByOrganizations: true } },
    ]);
    const CallerArn = `arn:aws:iam::${TEST_ACCOUNT}:user/ann`;
    const ResourcePolicy = policy({
      Effect: 'Allow',
      Principal: { AWS: CallerArn },
      Action: 'sqs:SendMessage',
      Resource: queue,
    });
    const byResource = {
      PolicyInputList: [allow('s3:*')],
      ActionNames: ['sqs:SendMessage'],
      ResourceArns: [queue],
      ResourcePolicy,
    };
    expect(
      (await bench.call('iam', 'SimulateCustomPolicy', { ...byResource, CallerArn })).EvaluationResults,
    ).toMatchObject([{ EvalDecision: 'allowed', MatchedStatements: [{ SourcePolicyType: 'resource' }] }]);
    expect(await bench.refused(bench.call('iam', 'SimulateCustomPolicy', byResource))).toMatchObject({
      code: 'InvalidInputException',
    });
  });

  it('refuses what it cannot simulate', async () => {
    const refused = (input: object) =>
      bench.refused(
        bench.call('iam', 'SimulateCustomPolicy', {
          PolicyInputList: [allow('s3:*')],
          ActionNames: ['s3:GetObject'],
          ...input,
        }),
      );
    for (const input of [
      { PolicyInputList: ['{'] },
      { ActionNames: ['GetObject'] },
      { CallerArn: `arn:aws:iam::${TEST_ACCOUNT}:role/r` },
      { ResourceHandlingOption: 'EC2-VPC-EBS' },
      { ContextEntries: [{ ContextKeyName: 'a', ContextKeyType: 'string', ContextKeyValues: ['1', '2'] }] },
    ]) {
      expect(await refused(input)).toMatchObject({ code: 'InvalidInputException' });
    }
  });
});

describe('SimulatePrincipalPolicy', () => {
  it('of a role: inline and attached policies within the boundary', async () => {
    const PolicySourceArn = await bench.role('app');
    await bench.call('iam', 'PutRolePolicy', { RoleName: 'app', PolicyName: 'send', PolicyDocument: allow('sqs:*') });
    await bench.call('iam', 'AttachRolePolicy', {
      RoleName: 'app',
      PolicyArn: 'arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess',
    });
    const ask = (ActionName: string, more: object = {}) =>
      bench
        .call('iam', 'SimulatePrincipalPolicy', { PolicySourceArn, ActionNames: [ActionName], ...more })
        .then(({ EvaluationResults }) => EvaluationResults![0]!);
    expect(await ask('sqs:SendMessage')).toMatchObject({
      EvalDecision: 'allowed',
      MatchedStatements: [{ SourcePolicyId: 'role_app_send', SourcePolicyType: 'role' }],
    });
    expect(await ask('s3:GetObject')).toMatchObject({
      EvalDecision: 'allowed',
      MatchedStatements: [{ SourcePolicyId: 'AmazonS3ReadOnlyAccess', SourcePolicyType: 'aws-managed' }],
    });
    expect(await ask('s3:PutObject')).toMatchObject({ EvalDecision: 'implicitDeny' });
    expect(await ask('s3:PutObject', { PolicyInputList: [allow('s3:*')] })).toMatchObject({ EvalDecision: 'allowed' });
    const excluded = { PolicyExclusionList: [{ PolicyArn: 'arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess' }] };
    expect(await ask('s3:GetObject', excluded)).toMatchObject({ EvalDecision: 'implicitDeny' });
    await bench.call('iam', 'PutRolePermissionsBoundary', {
      RoleName: 'app',
      PermissionsBoundary: 'arn:aws:iam::aws:policy/AmazonS3FullAccess',
    });
    expect(await ask('sqs:SendMessage')).toMatchObject({
      EvalDecision: 'implicitDeny',
      PermissionsBoundaryDecisionDetail: { AllowedByPermissionsBoundary: false },
    });
  });

  it('of a user with its groups, and of a group', async () => {
    await bench.user('ann', allow('s3:*'));
    await bench.call('iam', 'CreateGroup', { GroupName: 'g' });
    await bench.call('iam', 'PutGroupPolicy', { GroupName: 'g', PolicyName: 'p', PolicyDocument: allow('sqs:*') });
    await bench.call('iam', 'AddUserToGroup', { GroupName: 'g', UserName: 'ann' });
    const decisions = async (PolicySourceArn: string) =>
      (
        await bench.call('iam', 'SimulatePrincipalPolicy', {
          PolicySourceArn,
          ActionNames: ['s3:GetObject', 'sqs:SendMessage'],
        })
      ).EvaluationResults!.map(({ EvalDecision }) => EvalDecision);
    expect(await decisions(`arn:aws:iam::${TEST_ACCOUNT}:user/ann`)).toEqual(['allowed', 'allowed']);
    expect(await decisions(`arn:aws:iam::${TEST_ACCOUNT}:group/g`)).toEqual(['implicitDeny', 'allowed']);
    expect(await bench.refused(decisions(`arn:aws:iam::${TEST_ACCOUNT}:role/none`))).toMatchObject({
      code: 'NoSuchEntityException',
    });
  });

  it('pages', async () => {
    const PolicySourceArn = await bench.role('app');
    const input = { PolicySourceArn, ActionNames: ['s3:GetObject', 's3:PutObject', 's3:DeleteObject'], MaxItems: 2 };
    const first = await bench.call('iam', 'SimulatePrincipalPolicy', input);
    expect(first.EvaluationResults).toHaveLength(2);
    const second = await bench.call('iam', 'SimulatePrincipalPolicy', { ...input, Marker: first.Marker });
    expect(second.EvaluationResults).toMatchObject([{ EvalActionName: 's3:DeleteObject' }]);
    expect(second.IsTruncated).toBe(false);
  });
});

describe('GetContextKeysFor…', () => {
  it('list the keys that conditions and variables ask for', async () => {
    const document = policy({
      Effect: 'Allow',
      Action: 's3:GetObject',
      Resource: 'arn:aws:s3:::home/${aws:username}/*',
      Condition: { Bool: { 'aws:SecureTransport': 'true' } },
    });
    expect(await bench.call('iam', 'GetContextKeysForCustomPolicy', { PolicyInputList: [document] })).toEqual({
      ContextKeyNames: ['aws:SecureTransport', 'aws:username'],
    });
    await bench.user('ann', document);
    const keys = await bench.call('iam', 'GetContextKeysForPrincipalPolicy', {
      PolicySourceArn: `arn:aws:iam::${TEST_ACCOUNT}:user/ann`,
    });
    expect(keys.ContextKeyNames).toEqual(['aws:SecureTransport', 'aws:username']);
  });
});
