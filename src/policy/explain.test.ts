import { describe, expect, test } from 'vitest';
import { explain, whySentence } from './explain.ts';
import { explanationLines } from './explanation-text.ts';
import { preparePolicies } from './prepare.ts';
import { ACCOUNT, allow, deny, policy, QUEUE, ROLE, request } from './testing.ts';
import type { AccessRequest } from './types.ts';

const PARAMETER = `arn:aws:ssm:eu-west-1:${ACCOUNT}:parameter/orders/db`;

function why(set: Parameters<typeof preparePolicies>[0], changes: Partial<AccessRequest> = {}) {
  return explain(request(changes), preparePolicies(set));
}

test('each statement says the first reason it does not apply', () => {
  const resource = policy('resource', allow({ Principal: { AWS: '222222222222' } }));
  const identity = policy(
    'identity',
    allow({ Sid: 'Other', Action: 's3:*' }),
    allow({ Resource: `${QUEUE}2` }),
    allow({
      Condition: {
        Bool: { 'aws:SecureTransport': 'true' },
        StringEquals: { 'aws:RequestedRegion': ['eu-west-1', 'eu-west-2'] },
      },
    }),
    allow({ Condition: { Null: { 'aws:TokenIssueTime': 'false' } } }),
    deny({ Condition: { IpAddress: { 'aws:SourceIp': '10.0.0.0/8' } } }),
  );
  const context = { 'aws:SecureTransport': 'true', 'aws:requestedregion': 'us-east-1', 'aws:SourceIp': '203.0.113.9' };
  const { policies, decision } = why({ identity: [identity], resource }, { context });
  expect(decision).toEqual({ effect: 'ImplicitlyDenied', deniedBy: 'identity' });
  expect(policies.map(({ kind, name }) => [kind, name])).toEqual([
    ['resource', 'the-resource'],
    ['identity', 'the-identity'],
  ]);
  expect(policies[0]!.statements[0]!.reason).toEqual({ because: 'principal' });
  expect(policies[1]!.statements.map(({ reason }) => reason)).toEqual([
    { because: 'action' },
    { because: 'resource' },
    {
      because: 'condition',
      operator: 'StringEquals',
      key: 'aws:RequestedRegion',
      asked: ['eu-west-1', 'eu-west-2'],
      found: 'us-east-1',
    },
    { because: 'condition', operator: 'Null', key: 'aws:TokenIssueTime', asked: ['false'] },
    { because: 'condition', operator: 'IpAddress', key: 'aws:SourceIp', asked: ['10.0.0.0/8'], found: '203.0.113.9' },
  ]);
});

test('policies that do not bind the caller say so', () => {
  const scp = [[policy('scp', deny({}))]];
  const resource = policy('resource', allow({ Principal: { Service: 'sns.amazonaws.com' } }));
  const { policies, decision } = why(
    { identity: [policy('identity', deny({}))], scp, resource },
    { principal: { type: 'service', service: 'sns.amazonaws.com' } },
  );
  expect(decision.effect).toBe('Allowed');
  expect(policies.map(({ kind, level, notInForce }) => [kind, level, notInForce])).toEqual([
    ['scp', 0, 'service control policies do not bind this caller'],
    ['resource', undefined, undefined],
    ['identity', undefined, 'this caller has no policies of its own'],
  ]);
});

describe('what is missing', () => {
  const ask = { action: 'ssm:GetParameters', resource: PARAMETER };

  test('a statement, when nothing comes near', () => {
    expect(why({ identity: [] }, ask).missing).toEqual({
      kind: 'add-statement',
      policyKind: 'identity',
      statement: { Effect: 'Allow', Action: 'ssm:GetParameters', Resource: PARAMETER },
    });
  });

  test('a narrow one for passing roles and for keys used through a service', () => {
    const pass = {
      action: 'iam:PassRole',
      resource: ROLE,
      context: { 'iam:PassedToService': 'ecs-tasks.amazonaws.com' },
    };
    expect(why({ identity: [] }, pass).missing).toMatchObject({
      statement: { Condition: { StringEquals: { 'iam:PassedToService': 'ecs-tasks.amazonaws.com' } } },
    });
    const key = `arn:aws:kms:eu-west-1:${ACCOUNT}:key/1`;
    const decrypt = {
      action: 'kms:Decrypt',
      resource: key,
      context: { 'kms:ViaService': 'ssm.eu-west-1.amazonaws.com' },
    };
    const resource = policy('key', allow({ Principal: { AWS: ACCOUNT } }));
    expect(why({ identity: [], resource }, decrypt).missing).toMatchObject({
      kind: 'add-statement',
      statement: { Condition: { StringEquals: { 'kms:ViaService': 'ssm.eu-west-1.amazonaws.com' } } },
    });
  });

  test('the singular action where the plural is asked', () => {
    const identity = [
      policy(
        'identity',
        allow({ Action: 'ssm:DescribeParameters' }),
        allow({ Sid: 'Read', Action: ['ssm:PutParameter', 'ssm:GetParameter'], Resource: PARAMETER }),
      ),
    ];
    const explanation = why({ identity }, ask);
    expect(explanation.missing).toMatchObject({
      kind: 'change-action',
      statementRef: { policy: 'the-identity', sid: 'Read', index: 1 },
      from: 'ssm:GetParameter',
      to: 'ssm:GetParameters',
    });
    expect(explanationLines(explanation).at(-1)).toBe(
      'near: statement Read of identity policy the-identity allows ssm:GetParameter; ssm:GetParameters is asked',
    );
  });

  test('a neighbouring resource', () => {
    const other = `arn:aws:ssm:eu-west-1:${ACCOUNT}:parameter/billing/*`;
    const near = `arn:aws:ssm:eu-west-1:${ACCOUNT}:parameter/orders/cache`;
    const identity = [policy('identity', allow({ Action: 'ssm:GetParameters', Resource: [other, near] }))];
    expect(why({ identity }, ask).missing).toMatchObject({ kind: 'change-resource', from: near, to: PARAMETER });
  });

  test('a resource of another type is not near', () => {
    const identity = [
      policy('identity', allow({ Action: 'ssm:*', Resource: `arn:aws:ssm:eu-west-1:${ACCOUNT}:document/orders/db` })),
    ];
    expect(why({ identity }, ask).missing?.kind).toBe('add-statement');
  });

  test('a condition', () => {
    const identity = [
      policy(
        'identity',
        allow({ Action: 'ssm:GetParameters', Condition: { StringEquals: { 'aws:RequestedRegion': 'eu-west-1' } } }),
      ),
    ];
    const explanation = why({ identity }, { ...ask, context: { 'aws:RequestedRegion': 'us-east-1' } });
    expect(explanation.missing).toMatchObject({
      kind: 'meet-condition',
      condition: { key: 'aws:RequestedRegion', found: 'us-east-1' },
    });
    expect(explanationLines(explanation).at(-1)).toBe(
      'near: statement 1 of identity policy the-identity would allow it, but aws:RequestedRegion is "us-east-1" and StringEquals asks for "eu-west-1"',
    );
  });

  test('an explicit deny cannot be helped', () => {
    const identity = [policy('identity', allow({}), deny({ Sid: 'Never' }))];
    const explanation = why({ identity }, ask);
    expect(explanation.missing).toEqual({
      kind: 'not-by-identity',
      because: 'explicit-deny',
      policyKind: 'identity',
      statementRef: { kind: 'identity', policy: 'the-identity', sid: 'Never', index: 1 },
    });
  });

  test.each([
    ['boundary', { identity: [policy('identity', allow({}))], boundary: [] }],
    ['session', { identity: [policy('identity', allow({}))], session: [] }],
    ['scp', { identity: [policy('identity', allow({}))], scp: [[]] }],
    ['vpce', { identity: [policy('identity', allow({}))], vpce: [] }],
  ] as const)('a %s that does not allow', (because, set) => {
    expect(why(set, ask).missing).toMatchObject({ kind: 'not-by-identity', because, policyKind: because });
  });

  test('a trust policy: the statement names the role and has no resource', () => {
    const target = `arn:aws:iam::${ACCOUNT}:role/target`;
    const resource = policy('trust', {
      Effect: 'Allow',
      Principal: { Service: 'ec2.amazonaws.com' },
      Action: 'sts:AssumeRole',
    });
    expect(
      why({ identity: [policy('identity', allow({}))], resource }, { action: 'sts:AssumeRole', resource: target })
        .missing,
    ).toEqual({
      kind: 'not-by-identity',
      because: 'trust',
      policyKind: 'trust',
      statement: { Effect: 'Allow', Principal: { AWS: ROLE }, Action: 'sts:AssumeRole' },
    });
  });

  test('a second gate behind the first', () => {
    const { missing } = why({ identity: [], boundary: [] }, ask);
    expect(missing?.kind).toBe('add-statement');
    expect(missing !== undefined && 'then' in missing && missing.then).toMatchObject({
      kind: 'not-by-identity',
      because: 'boundary',
    });
  });
});

describe('one line for a ledger', () => {
  const sentence = (set: Parameters<typeof preparePolicies>[0], changes: Partial<AccessRequest> = {}) =>
    whySentence(why(set, changes));
  const all = policy('identity', allow({}));

  test.each<[string, string]>([
    [sentence({ identity: [] }), 'no identity policy of app allows it'],
    [sentence({ identity: [all] }), 'statement 1 of identity policy the-identity allows it'],
    [
      sentence({ identity: [policy('identity', deny({ Sid: 'No' }))] }),
      'statement No of identity policy the-identity denies it',
    ],
    [sentence({ identity: [all], boundary: [] }), 'the permissions boundary of app does not allow it'],
    [sentence({ identity: [all], session: [] }), 'no session policy of app allows it'],
    [sentence({ identity: [all], scp: [[]] }), 'no service control policy allows it on every level'],
    [sentence({ identity: [all], vpce: [] }), 'the VPC endpoint policy does not allow it'],
    [sentence({ identity: [all] }, { resourceAccount: '222222222222' }), 'no resource policy lets app in'],
    [
      sentence({ identity: [] }, { principal: { type: 'root', account: ACCOUNT } }),
      `the root user of ${ACCOUNT} may do this without a policy`,
    ],
    [
      sentence({ identity: [all] }, { action: 'sts:AssumeRole', resource: `arn:aws:iam::${ACCOUNT}:role/x/target` }),
      'the trust policy of target does not let app in',
    ],
  ])('%s', (said, expected) => {
    expect(said).toBe(expected);
  });
});
