import { expect, test } from 'vitest';
import { authorizationMessage } from './authorization-message.ts';
import { QUEUE, request, SESSION } from './testing.ts';

test('the message tells the decision, the caller and the context', () => {
  const context = { 'aws:RequestedRegion': 'eu-west-1', 'aws:TagKeys': ['a', 'b'] };
  const text = authorizationMessage(
    request({ context }),
    {
      effect: 'ExplicitlyDenied',
      deniedBy: 'identity',
      decidedBy: { kind: 'identity', policy: 'p', sid: 'Never', index: 0 },
    },
    'AROAABCDEFGHIJKLMNOPQ:0123',
  );
  expect(JSON.parse(text)).toEqual({
    allowed: false,
    explicitDeny: true,
    matchedStatements: { items: [{ statementId: 'Never', effect: 'DENY' }] },
    failures: { items: [] },
    context: {
      principal: { id: 'AROAABCDEFGHIJKLMNOPQ:0123', arn: SESSION },
      action: 'sqs:SendMessage',
      resource: QUEUE,
      conditions: {
        items: [
          { key: 'aws:RequestedRegion', values: { items: [{ value: 'eu-west-1' }] } },
          { key: 'aws:TagKeys', values: { items: [{ value: 'a' }, { value: 'b' }] } },
        ],
      },
    },
  });
});

test('without a statement that decided', () => {
  const text = authorizationMessage(
    request({ principal: { type: 'root', account: '111111111111' } }),
    { effect: 'ImplicitlyDenied', deniedBy: 'scp' },
    '111111111111',
  );
  expect(JSON.parse(text)).toMatchObject({
    allowed: false,
    explicitDeny: false,
    matchedStatements: { items: [] },
    context: { principal: { id: '111111111111', arn: 'arn:aws:iam::111111111111:root' } },
  });
});
