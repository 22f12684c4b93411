import { expect, test } from 'vitest';
import { principalOf } from './principal-of.ts';

test.each([
  ['*', { type: 'anonymous' }],
  ['ecs-tasks.amazonaws.com', { type: 'service', service: 'ecs-tasks.amazonaws.com' }],
  ['logs.eu-west-1.amazonaws.com', { type: 'service', service: 'logs.eu-west-1.amazonaws.com' }],
  ['arn:aws:iam::111111111111:root', { type: 'root', account: '111111111111' }],
  ['arn:aws:iam::111111111111:user/team/ana', { type: 'user', arn: 'arn:aws:iam::111111111111:user/team/ana' }],
  [
    'arn:aws:iam::111111111111:role/team/app',
    { type: 'role-session', roleArn: 'arn:aws:iam::111111111111:role/team/app', serviceLinked: false },
  ],
  [
    'arn:aws:sts::111111111111:assumed-role/app/s',
    { type: 'role-session', roleArn: 'arn:aws:iam::111111111111:role/app' },
  ],
  ['arn:aws:sts::111111111111:assumed-role/AWSServiceRoleForECS/s', { type: 'role-session', serviceLinked: true }],
  ['arn:aws:sts::111111111111:federated-user/fay', { type: 'federated-user', account: '111111111111' }],
  [
    'arn:aws:iam::111111111111:oidc-provider/x.example',
    { type: 'federated', provider: 'arn:aws:iam::111111111111:oidc-provider/x.example' },
  ],
])('%s', (text, expected) => {
  expect(principalOf(text, {})).toMatchObject(expected);
});

test.each([
  '',
  'ana',
  'arn:aws:iam::111111111111:group/g',
  'arn:aws:sts::111111111111:assumed-role/app',
  'arn:aws:s3:::b',
])('%j is nobody', (text) => {
  expect(principalOf(text, {})).toBeUndefined();
});

test('aws:PrincipalArn tells the path of a role, but not another role', () => {
  const session = 'arn:aws:sts::111111111111:assumed-role/app/s';
  const roleArn = (arn: string) => principalOf(session, { 'aws:PrincipalArn': arn });
  expect(roleArn('arn:aws:iam::111111111111:role/team/app')).toMatchObject({
    roleArn: 'arn:aws:iam::111111111111:role/team/app',
  });
  expect(roleArn('arn:aws:iam::111111111111:role/team/other')).toMatchObject({
    roleArn: 'arn:aws:iam::111111111111:role/app',
  });
});
