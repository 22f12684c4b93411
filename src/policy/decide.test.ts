import { describe, expect, test } from 'vitest';
import { decide, NOT_CONSIDERED } from './decide.ts';
import { explain } from './explain.ts';
import { SAME_ACCOUNT } from './named-principals.ts';
import { preparePolicies } from './prepare.ts';
import type { NamedAs } from './principal.ts';
import { ACCOUNT, allow, deny, policy, QUEUE, ROLE, request, SESSION } from './testing.ts';
import type { AccessRequest, Decision, RequestPrincipal } from './types.ts';

describe('every row of the table: who asks, how the resource policy names them, which implicit denies count', () => {
  const user = `arn:aws:iam::${ACCOUNT}:user/ana`;
  const federated = `arn:aws:sts::${ACCOUNT}:federated-user/fay`;
  const callers: Readonly<Record<RequestPrincipal['type'], RequestPrincipal>> = {
    'role-session': { type: 'role-session', account: ACCOUNT, arn: SESSION, roleArn: ROLE },
    user: { type: 'user', account: ACCOUNT, arn: user },
    'federated-user': { type: 'federated-user', account: ACCOUNT, arn: federated, userArn: user },
    root: { type: 'root', account: ACCOUNT },
    service: { type: 'service', service: 'sns.amazonaws.com' },
    federated: { type: 'federated', provider: 'accounts.google.com' },
    anonymous: { type: 'anonymous' },
  };
  const elements: Readonly<Record<Exclude<NamedAs, 'nobody'>, unknown>> = {
    account: { AWS: ACCOUNT },
    role: { AWS: ROLE },
    session: { AWS: SESSION },
    user: { AWS: user },
    'federated-user': { AWS: federated },
    everyone: '*',
    service: { Service: 'sns.amazonaws.com' },
    federated: { Federated: 'accounts.google.com' },
  };
  const rows = Object.entries(SAME_ACCOUNT).flatMap(([caller, named]) =>
    Object.entries(named).map(([as, counts]) => ({ caller, as, ...counts })),
  );
  const silent = (kind: 'boundary' | 'session' | 'identity') => policy(kind, allow({ Action: 's3:*' }));
  const open = (kind: 'boundary' | 'session' | 'identity') => policy(kind, allow({}));

  test.each(rows)('$caller named as $as', ({ caller, as, identity, boundary, session }) => {
    const principal = callers[caller as RequestPrincipal['type']];
    const resource = policy(
      'resource',
      allow({ Principal: elements[as as Exclude<NamedAs, 'nobody'>], Resource: QUEUE }),
    );
    const effect = (which: 'identity' | 'boundary' | 'session' | 'none') => {
      const set = {
        identity: [which === 'identity' ? silent('identity') : open('identity')],
        boundary: [which === 'boundary' ? silent('boundary') : open('boundary')],
        session: [which === 'session' ? silent('session') : open('session')],
        resource,
      };
      return decide(request({ principal }), preparePolicies(set));
    };
    expect(effect('none').effect).toBe('Allowed');
    const denial = (kind: 'identity' | 'boundary' | 'session') => ({ effect: 'ImplicitlyDenied', deniedBy: kind });
    for (const [kind, counts] of [
      ['identity', identity],
      ['boundary', boundary],
      ['session', session],
    ] as const) {
      if (counts) expect(effect(kind)).toEqual(denial(kind));
      else expect(effect(kind).effect).toBe('Allowed');
    }
  });
});

describe('the statement and the kind that decided', () => {
  const check = (set: Parameters<typeof preparePolicies>[0], changes: Partial<AccessRequest>, expected: Decision) =>
    expect(decide(request(changes), preparePolicies(set))).toEqual(expected);
  const open = policy('identity', allow({ Action: 's3:*' }), allow({ Sid: 'Send', Action: 'sqs:Send*' }));

  test('an identity policy that allows', () => {
    check(
      { identity: [open] },
      {},
      { effect: 'Allowed', decidedBy: { kind: 'identity', policy: 'the-identity', sid: 'Send', index: 1 } },
    );
  });

  test('a resource policy that allows', () => {
    const resource = policy('resource', allow({ Principal: { AWS: ROLE } }));
    check(
      { identity: [], resource },
      {},
      { effect: 'Allowed', decidedBy: { kind: 'resource', policy: 'the-resource', index: 0 } },
    );
  });

  test('the root user of the account', () => {
    check({ identity: [] }, { principal: { type: 'root', account: ACCOUNT } }, { effect: 'Allowed' });
  });

  test('a Deny', () => {
    const boundary = policy('boundary', allow({}), deny({ Sid: 'Never' }));
    check(
      { identity: [open], boundary: [boundary] },
      {},
      {
        effect: 'ExplicitlyDenied',
        deniedBy: 'boundary',
        decidedBy: { kind: 'boundary', policy: 'the-boundary', sid: 'Never', index: 1 },
      },
    );
  });

  test.each([
    ['identity', { identity: [] }],
    ['boundary', { identity: [open], boundary: [] }],
    ['session', { identity: [open], session: [] }],
    ['scp', { identity: [open], scp: [[]] }],
    ['vpce', { identity: [open], vpce: [] }],
  ] as const)('an empty %s allows nothing', (deniedBy, set) => {
    check(set, {}, { effect: 'ImplicitlyDenied', deniedBy });
  });

  test('a queue of another account without a policy', () => {
    check(
      { identity: [open] },
      { resourceAccount: '222222222222' },
      { effect: 'ImplicitlyDenied', deniedBy: 'resource' },
    );
  });

  test('a managed policy keeps the part it plays, whatever it was compiled as', () => {
    const boundary = policy('identity', deny({}));
    const { deniedBy } = decide(request(), preparePolicies({ identity: [open], boundary: [boundary] }));
    expect(deniedBy).toBe('boundary');
  });

  test('a role or key without a policy of its own lets nobody in', () => {
    const all = policy('identity', allow({}));
    const key = `arn:aws:kms:eu-west-1:${ACCOUNT}:key/1`;
    check(
      { identity: [all] },
      { action: 'sts:AssumeRole', resource: ROLE },
      { effect: 'ImplicitlyDenied', deniedBy: 'trust' },
    );
    check(
      { identity: [all] },
      { action: 'kms:Decrypt', resource: key },
      { effect: 'ImplicitlyDenied', deniedBy: 'key' },
    );
  });
});

test('a policy passed with the request stands in for that of the set', () => {
  const prepared = preparePolicies({ identity: [], resource: policy('resource', deny({ Principal: '*' })) });
  const named = { ...policy('resource', allow({ Principal: '*' })), name: QUEUE };
  expect(decide(request(), prepared).effect).toBe('ExplicitlyDenied');
  expect(decide(request(), prepared, named)).toMatchObject({ effect: 'Allowed', decidedBy: { policy: QUEUE } });
});

test("what the principal's policies say alone", () => {
  const identity = [policy('identity', allow({}))];
  const key = `arn:aws:kms:eu-west-1:${ACCOUNT}:key/1`;
  const ask = request({ action: 'kms:Decrypt', resource: key });
  expect(decide(ask, preparePolicies({ identity }), NOT_CONSIDERED).effect).toBe('Allowed');
  expect(explain(ask, preparePolicies({ identity }), NOT_CONSIDERED).decision.effect).toBe('Allowed');
  expect(decide(ask, preparePolicies({ identity: [] }), NOT_CONSIDERED).deniedBy).toBe('identity');
});

test('more actions than are kept are still decided', () => {
  const prepared = preparePolicies({ identity: [policy('identity', allow({ Action: 'sqs:Send*' }))] });
  for (let index = 0; index < 5000; index++) {
    const action = index % 2 === 0 ? `sqs:Send${index}` : `sqs:Get${index}`;
    expect(decide(request({ action }), prepared).effect).toBe(index % 2 === 0 ? 'Allowed' : 'ImplicitlyDenied');
  }
});

test('an action that is no action is denied, not an error', () => {
  const prepared = preparePolicies({ identity: [policy('identity', allow({ Action: 'sqs:*' }))] });
  expect(decide(request({ action: 'nonsense' }), prepared).effect).toBe('ImplicitlyDenied');
  expect(decide(request({ action: '' }), prepared).effect).toBe('ImplicitlyDenied');
});
