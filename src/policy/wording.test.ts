import { expect, test } from 'vitest';
import type { Decision, PolicyKind } from './types.ts';
import { refusal } from './wording.ts';

const ARN = 'arn:aws:sts::111111111111:assumed-role/app/0123';
const no = (deniedBy: PolicyKind): Decision => ({ effect: 'ImplicitlyDenied', deniedBy });
const never = (kind: PolicyKind, policy = 'p'): Decision => ({
  effect: 'ExplicitlyDenied',
  deniedBy: kind,
  decidedBy: { kind, policy, index: 0 },
});
const ssm = { action: 'ssm:GetParameters', resource: 'arn:aws:ssm:eu-west-1:111111111111:parameter/x' };
const start = `User: ${ARN} is not authorized to perform: ${ssm.action} on resource: ${ssm.resource}`;

test.each<[PolicyKind, string]>([
  ['identity', 'because no identity-based policy allows the ssm:GetParameters action'],
  ['resource', 'because no resource-based policy allows the ssm:GetParameters action'],
  ['key', 'because no resource-based policy allows the ssm:GetParameters action'],
  ['boundary', 'because no permissions boundary allows the ssm:GetParameters action'],
  ['session', 'because no session policy allows the ssm:GetParameters action'],
  ['scp', 'because no service control policy allows the ssm:GetParameters action'],
  ['vpce', 'because no VPC endpoint policy allows the ssm:GetParameters action'],
  ['trust', 'because no role trust policy allows the ssm:GetParameters action'],
])('nothing in the %s policies allows', (kind, reason) => {
  expect(refusal('ssm', ARN, ssm, no(kind))).toEqual({
    code: 'AccessDeniedException',
    status: 400,
    message: `${start} ${reason}`,
  });
});

test.each<[PolicyKind, string]>([
  ['identity', 'with an explicit deny in an identity-based policy'],
  ['resource', 'with an explicit deny in a resource-based policy'],
  ['key', 'with an explicit deny in a resource-based policy'],
  ['boundary', 'with an explicit deny in a permissions boundary'],
  ['session', 'with an explicit deny in a session policy'],
  ['scp', 'with an explicit deny in a service control policy'],
  ['rcp', 'with an explicit deny in a resource control policy'],
  ['vpce', 'with an explicit deny in a VPC endpoint policy'],
  ['trust', 'with an explicit deny in the role trust policy'],
])('a Deny in the %s policy', (kind, reason) => {
  expect(refusal('ssm', ARN, ssm, never(kind)).message).toBe(`${start} ${reason}`);
});

test('a managed policy that denies is named by its ARN', () => {
  const policy = 'arn:aws:iam::111111111111:policy/guard';
  expect(refusal('ssm', ARN, ssm, never('identity', policy)).message).toBe(
    `${start} with an explicit deny in an identity-based policy: ${policy}`,
  );
  const queue = 'arn:aws:sqs:eu-west-1:111111111111:orders';
  expect(refusal('ssm', ARN, ssm, never('resource', queue)).message).not.toContain(queue);
});

test('SQS writes the action in lower case', () => {
  const sqs = { action: 'sqs:SendMessage', resource: 'arn:aws:sqs:eu-west-1:111111111111:orders' };
  const { code, message } = refusal('sqs', ARN, sqs, no('identity'));
  expect(code).toBe('AccessDenied');
  expect(message).toBe(
    `User: ${ARN} is not authorized to perform: sqs:sendmessage on resource: ${sqs.resource} because no identity-based policy allows the sqs:sendmessage action`,
  );
});

test('S3 puts the resource in quotes', () => {
  const s3 = { action: 's3:GetObject', resource: 'arn:aws:s3:::b/k' };
  expect(refusal('s3', ARN, s3, no('identity'))).toEqual({
    code: 'AccessDenied',
    status: 403,
    message: `User: ${ARN} is not authorized to perform: s3:GetObject on resource: "arn:aws:s3:::b/k" because no identity-based policy allows the s3:GetObject action`,
  });
});

test('STS gives no reason', () => {
  const sts = { action: 'sts:AssumeRole', resource: 'arn:aws:iam::111111111111:role/x' };
  expect(refusal('sts', ARN, sts, no('trust'))).toEqual({
    code: 'AccessDenied',
    status: 403,
    message: `User: ${ARN} is not authorized to perform: sts:AssumeRole on resource: arn:aws:iam::111111111111:role/x`,
  });
});

test('EC2 adds its encoded message', () => {
  const ec2 = { action: 'ec2:RunInstances', resource: 'arn:aws:ec2:eu-west-1:111111111111:instance/*' };
  const { code, status, message } = refusal('ec2', ARN, ec2, no('identity'), { encoded: 'BLOB' });
  expect([code, status]).toEqual(['UnauthorizedOperation', 403]);
  expect(message).toBe(
    `You are not authorized to perform this operation. User: ${ARN} is not authorized to perform: ec2:RunInstances on resource: ${ec2.resource} because no identity-based policy allows the ec2:RunInstances action. Encoded authorization failure message: BLOB`,
  );
});

test('an action without a resource may be worded without one', () => {
  const { message } = refusal('ecs', ARN, { action: 'ecs:ListClusters', resource: '*' }, no('identity'), {
    withoutResource: true,
  });
  expect(message).toBe(
    `User: ${ARN} is not authorized to perform: ecs:ListClusters because no identity-based policy allows the ecs:ListClusters action`,
  );
});
