import { describe, expect, test } from 'vitest';
import { decide } from './decide.ts';
import { DENIAL_ORDER } from './edges.ts';
import { preparePolicies } from './prepare.ts';
import { ACCOUNT, allow, deny, policy, QUEUE, request } from './testing.ts';
import type { PolicyKind, RequestContext } from './types.ts';

/** Whether an Allow under a condition lets the request through. */
function holds(operator: string, values: unknown, context: RequestContext): boolean {
  const identity = [policy('identity', allow({ Condition: { [operator]: { 'aws:k': values } } }))];
  return decide(request({ context }), preparePolicies({ identity })).effect === 'Allowed';
}

describe('what AWS does not document', () => {
  test('NEGATED_OPERATOR_ON_UNREADABLE_VALUE: the opposite of the positive operator', () => {
    expect(holds('NumericEquals', '1', { 'aws:k': 'abc' })).toBe(false);
    expect(holds('NumericNotEquals', '1', { 'aws:k': 'abc' })).toBe(true);
    expect(holds('DateNotEquals', '2026-01-01', { 'aws:k': 'abc' })).toBe(true);
    expect(holds('NotIpAddress', '10.0.0.0/8', { 'aws:k': 'abc' })).toBe(true);
    expect(holds('ArnNotLike', 'arn:aws:s3:::*', { 'aws:k': 'abc' })).toBe(true);
  });

  test('SET_OPERATOR_IF_EXISTS_ON_ABSENT_KEY: IfExists wins', () => {
    expect(holds('ForAnyValue:StringEqualsIfExists', 'a', {})).toBe(true);
    expect(holds('ForAllValues:StringEqualsIfExists', 'a', {})).toBe(true);
    expect(holds('ForAnyValue:StringEqualsIfExists', 'a', { 'aws:k': [] })).toBe(false);
  });

  test('EMPTY_LIST_IS_NULL', () => {
    expect(holds('Null', 'true', { 'aws:k': [] })).toBe(true);
    expect(holds('Null', 'false', { 'aws:k': [] })).toBe(false);
    expect(holds('Null', 'true', { 'aws:k': '' })).toBe(false);
  });

  test('PLAIN_OPERATOR_ON_MULTIVALUED_KEY: no statement matches by it', () => {
    expect(holds('StringEquals', 'a', { 'aws:k': ['a'] })).toBe(false);
    expect(holds('StringNotEquals', 'b', { 'aws:k': ['a'] })).toBe(false);
    expect(holds('StringEqualsIfExists', 'a', { 'aws:k': ['a', 'b'] })).toBe(false);
  });

  test.each<[PolicyKind, string, boolean]>([
    ['identity', 'arn:aws:sqs', true],
    ['boundary', 'arn:aws:sqs', true],
    ['session', 'arn:aws:sqs', true],
    ['scp', 'arn:aws:sqs', false],
    ['scp', 'arn:aws:sq*', true],
    ['scp', 'arn:aws:s?s', false],
    ['resource', 'arn:aws:sqs', false],
    ['resource', 'arn:aws:s?s', true],
    ['vpce', 'arn:aws:sqs', false],
    ['rcp', 'arn:aws:sqs*', false],
  ])('SHORT_ARN: in a policy of kind %s, %s fits a queue: %s', (kind, Resource, expected) => {
    const named = kind === 'resource' || kind === 'vpce' || kind === 'rcp' ? { Principal: '*' } : {};
    const { statements } = policy(kind, allow({ Resource, ...named })).policy;
    expect(statements[0]!.matchesResource(QUEUE, {})).toBe(expected);
  });

  test('NOT_PRINCIPAL_NEEDS_WHOLE_CHAIN', () => {
    const { principal } = request();
    const spared = (AWS: string[]) =>
      policy('resource', deny({ NotPrincipal: { AWS } })).policy.statements[0]!.names(principal, false) === 'nobody';
    const role = `arn:aws:iam::${ACCOUNT}:role/app`;
    const session = `arn:aws:sts::${ACCOUNT}:assumed-role/app/0123`;
    expect(spared([ACCOUNT, role, session])).toBe(true);
    expect(spared([role, session])).toBe(false);
    expect(spared([ACCOUNT, role])).toBe(false);
    expect(spared([ACCOUNT])).toBe(false);
  });

  test('DENIAL_ORDER: the first kind in it is named when several deny', () => {
    const no = (kind: PolicyKind) =>
      policy(kind, deny(kind === 'resource' || kind === 'rcp' || kind === 'vpce' ? { Principal: '*' } : {}));
    for (let from = 0; from < DENIAL_ORDER.length; from++) {
      const kinds: readonly PolicyKind[] = DENIAL_ORDER.slice(from);
      const set = {
        identity: kinds.includes('identity') ? [no('identity')] : [],
        ...(kinds.includes('boundary') ? { boundary: [no('boundary')] } : {}),
        ...(kinds.includes('session') ? { session: [no('session')] } : {}),
        ...(kinds.includes('vpce') ? { vpce: [no('vpce')] } : {}),
        ...(kinds.includes('scp') ? { scp: [[no('scp')]] } : {}),
        ...(kinds.includes('rcp') ? { rcp: [[no('rcp')]] } : {}),
        ...(kinds.includes('resource') ? { resource: no('resource') } : {}),
      };
      expect(decide(request(), preparePolicies(set)).deniedBy).toBe(kinds[0]);
    }
  });

  test('BARE_NUMBER_IS_EPOCH: 2024 is 2024 seconds after the epoch', () => {
    expect(holds('DateEquals', '2024', { 'aws:k': '1970-01-01T00:33:44Z' })).toBe(true);
    expect(holds('DateGreaterThan', '2024', { 'aws:k': '2023-01-01T00:00:00Z' })).toBe(true);
  });

  test('UNTERMINATED_VARIABLE_IS_TEXT', () => {
    expect(holds('StringEquals', '${aws:x', { 'aws:k': '${aws:x' })).toBe(true);
  });

  test('ARN_PARTS_CASE_SENSITIVE', () => {
    expect(holds('ArnLike', 'arn:aws:sqs:EU-WEST-1:*:*', { 'aws:k': QUEUE })).toBe(false);
  });

  test('EMPTY_CONDITION_LIST_FITS: nothing fits an empty list, so its negation always holds', () => {
    expect(holds('StringEquals', [], { 'aws:k': 'a' })).toBe(false);
    expect(holds('StringNotEquals', [], { 'aws:k': 'a' })).toBe(true);
  });

  test.each(['sts:GetCallerIdentity', 'sts:GetSessionToken'])('ALWAYS_ALLOWED_ACTIONS: %s', (action) => {
    const prepared = preparePolicies({ identity: [policy('identity', deny({}))], scp: [[]] });
    expect(decide(request({ action, resource: '*' }), prepared)).toEqual({ effect: 'Allowed' });
    const stranger = request({ action, resource: '*', principal: { type: 'anonymous' } });
    expect(decide(stranger, prepared).effect).not.toBe('Allowed');
  });
});
