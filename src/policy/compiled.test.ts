import { expect, test } from 'vitest';
import { contextKeysOf } from './compiled.ts';
import { allow, policy } from './testing.ts';

test('the keys of conditions and of variables, each once, whatever their case', () => {
  const one = policy(
    'identity',
    allow({
      Resource: 'arn:aws:s3:::b/${aws:PrincipalTag/team}/*',
      Condition: { StringLike: { 's3:prefix': ["${aws:username, 'x'}/*"] } },
    }),
    allow({
      Resource: 'arn:aws:s3:::b/${aws:userid}',
      Condition: { Bool: { 'aws:SecureTransport': 'true' }, Null: { 'AWS:username': 'true' } },
    }),
  );
  const two = policy(
    'identity',
    allow({ Condition: { ArnLike: { 'aws:SourceArn': 'arn:aws:sns:*:${aws:PrincipalAccount}:*' } } }),
  );
  expect(contextKeysOf([one.policy, two.policy])).toEqual([
    'aws:PrincipalAccount',
    'aws:PrincipalTag/team',
    'aws:SecureTransport',
    'aws:SourceArn',
    'aws:userid',
    'aws:username',
    's3:prefix',
  ]);
});
