import { expect, test } from 'vitest';
import { matchAction } from './action-pattern.ts';
import { matchArn, ResourcePattern } from './arn-pattern.ts';

test.each([
  ['ssm:GetParameter*', 'ssm:GetParameters', true],
  ['SSM:getparameters', 'ssm:GetParameters', true],
  ['*', 'ssm:GetParameters', true],
  ['*:*', 'ssm:GetParameters', true],
  ['ssm:GetParameter', 'ssm:GetParameters', false],
])('action %s on %s', (pattern, action, expected) => {
  expect(matchAction(pattern, action)).toBe(expected);
});

const QUEUE = 'arn:aws:sqs:eu-west-1:111111111111:orders';

test.each([
  ['*', QUEUE, true],
  ['*', '*', true],
  [QUEUE, QUEUE, true],
  ['arn:aws:sqs:*:*:*', QUEUE, true],
  ['arn:aws:sqs:*:orders', QUEUE, false],
  ['arn:aws:sqs:*', QUEUE, true],
  ['arn:aws:sqs:*', '*', false],
  ['arn:aws:s*', QUEUE, true],
  ['arn:aws:logs:*:*:log-group:/ecs/*', 'arn:aws:logs:eu-west-1:1:log-group:/ecs/a:log-stream:b', true],
  ['arn:aws:s3:::b/*', 'arn:aws:s3:::b/x:y', true],
  [QUEUE, 'arn:aws:sqs:EU-WEST-1:111111111111:orders', false],
  ['orders', QUEUE, false],
  ['arn:*', 'not an arn', false],
])('ARN %s on %s', (pattern, arn, expected) => {
  expect(matchArn(pattern, arn)).toBe(expected);
});

test('a short ARN may mean nothing', () => {
  expect(new ResourcePattern('arn:aws:sqs', '2012-10-17', 'nothing').matches(QUEUE, {})).toBe(false);
});

test('the parts of another resource are not taken for those of this one', () => {
  const pattern = new ResourcePattern('arn:aws:sqs:*:111111111111:orders', '2012-10-17', 'fill');
  expect(pattern.matches(QUEUE, {})).toBe(true);
  expect(pattern.matches('*', {})).toBe(false);
  expect(pattern.matches('arn:aws:sqs', {})).toBe(false);
  expect(pattern.matches(QUEUE, {})).toBe(true);
  expect(pattern.matches('arn:aws:sqs:x:222222222222:orders', {})).toBe(false);
});

test('a variable may change from request to request', () => {
  const pattern = new ResourcePattern('arn:aws:s3:::b/${aws:username}/*', '2012-10-17', 'fill');
  expect(pattern.matches('arn:aws:s3:::b/ana/x', { 'aws:username': 'ana' })).toBe(true);
  expect(pattern.matches('arn:aws:s3:::b/ana/x', { 'aws:username': 'bob' })).toBe(false);
  expect(pattern.matches('arn:aws:s3:::b/ana/x', {})).toBe(false);
  expect(pattern.matches('arn:aws:s3:::b/ana/x', { 'aws:username': 'ana' })).toBe(true);
});
