import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { CompiledPolicy } from './compiled.ts';
import { decide } from './decide.ts';
import { explain } from './explain.ts';
import { parsePolicy } from './parse.ts';
import { preparePolicies } from './prepare.ts';
import { ACCOUNT, allow, policy, QUEUE, ROLE, SESSION } from './testing.ts';
import type { AccessRequest, NamedPolicy, PolicyKind, PolicySet, RequestPrincipal } from './types.ts';

type Policies = PolicySet<CompiledPolicy>;
type Named = NamedPolicy<CompiledPolicy>;

const OTHER = '222222222222';
const USER = `arn:aws:iam::${ACCOUNT}:user/ana`;
const FEDERATED = `arn:aws:sts::${ACCOUNT}:federated-user/fay`;

const principal: fc.Arbitrary<RequestPrincipal> = fc.constantFrom<RequestPrincipal[]>(
  { type: 'role-session', account: ACCOUNT, arn: SESSION, roleArn: ROLE },
  {
    type: 'role-session',
    account: OTHER,
    arn: `arn:aws:sts::${OTHER}:assumed-role/x/y`,
    roleArn: `arn:aws:iam::${OTHER}:role/x`,
  },
  { type: 'role-session', account: ACCOUNT, arn: SESSION, roleArn: ROLE, serviceLinked: true },
  { type: 'user', account: ACCOUNT, arn: USER },
  { type: 'federated-user', account: ACCOUNT, arn: FEDERATED, userArn: USER },
  { type: 'root', account: ACCOUNT },
  { type: 'service', service: 'sns.amazonaws.com' },
  { type: 'federated', provider: 'accounts.google.com' },
  { type: 'anonymous' },
);
const KEY = `arn:aws:kms:eu-west-1:${ACCOUNT}:key/1`;
const TARGET = `arn:aws:iam::${ACCOUNT}:role/target`;

const request: fc.Arbitrary<AccessRequest> = fc.record({
  principal,
  action: fc.constantFrom(
    'sqs:SendMessage',
    'SQS:sendMessage',
    'sqs:DeleteQueue',
    'kms:Decrypt',
    'sts:AssumeRole',
    'sts:GetCallerIdentity',
    'ssm:GetParameter',
  ),
  resource: fc.constantFrom(QUEUE, KEY, TARGET, '*', `arn:aws:ssm:eu-west-1:${ACCOUNT}:parameter/a`),
  resourceAccount: fc.constantFrom(ACCOUNT, ACCOUNT, ACCOUNT, OTHER),
  context: fc.dictionary(
    fc.constantFrom(
      'aws:username',
      'aws:PrincipalTag/team',
      'AWS:principaltag/TEAM',
      'aws:TagKeys',
      'aws:SourceIp',
      'aws:CurrentTime',
    ),
    fc.oneof(
      fc.constantFrom('a', 'b', '*', '', '10.0.0.1', '2026-01-01', '5'),
      fc.array(fc.constantFrom('a', 'b', ''), { maxLength: 3 }),
    ),
    { maxKeys: 4 },
  ),
});

const some = <T>(...values: T[]) => fc.oneof(fc.constantFrom(...values), fc.subarray(values, { minLength: 1 }));
const operator = fc.constantFrom(
  'StringEquals',
  'StringNotEquals',
  'StringLike',
  'StringNotLikeIfExists',
  'ForAllValues:StringEquals',
  'ForAnyValue:StringNotEquals',
  'Null',
  'NumericLessThan',
  'DateGreaterThan',
  'IpAddress',
  'NotIpAddress',
  'ArnNotLike',
);
const key = fc.constantFrom('aws:username', 'aws:PrincipalTag/team', 'aws:TagKeys', 'aws:SourceIp', 'aws:CurrentTime');
const values = some('a', 'b*', '${aws:username}', '5', '10.0.0.0/8', 'true', '2026-01-01', "${aws:username, 'a'}");
const action = some(
  '*',
  'sqs:*',
  'sqs:Send*',
  'sqs:DeleteQueue',
  'kms:*',
  'sts:AssumeRole',
  '*:*',
  'ssm:GetParameter?',
);
const resource = some(
  '*',
  QUEUE,
  `arn:aws:sqs:*:${ACCOUNT}:*`,
  'arn:aws:sqs:*',
  `arn:aws:ssm:*:*:parameter/\${aws:username}`,
  KEY,
  TARGET,
);
const principalElement = fc.oneof(
  fc.constant('*' as const),
  some('*', ACCOUNT, OTHER, ROLE, SESSION, USER, FEDERATED).map((AWS) => ({ AWS })),
  fc.constant({ Service: 'sns.amazonaws.com' }),
  fc.constant({ Federated: 'accounts.google.com' }),
);

function statement(kind: PolicyKind, effect: fc.Arbitrary<'Allow' | 'Deny'>): fc.Arbitrary<object> {
  const named = kind === 'resource' || kind === 'key' || kind === 'trust' || kind === 'vpce' || kind === 'rcp';
  return fc
    .record({
      effect,
      not: fc.record({ action: fc.boolean(), resource: fc.boolean(), principal: fc.boolean() }),
      action,
      resource,
      principalElement,
      condition: fc.option(
        fc.dictionary(operator, fc.dictionary(key, values, { minKeys: 1, maxKeys: 2 }), { maxKeys: 2 }),
        { freq: 1 },
      ),
    })
    .map((parts) => ({
      Effect: parts.effect,
      [parts.not.action ? 'NotAction' : 'Action']: parts.action,
      ...(kind === 'trust' ? {} : { [parts.not.resource ? 'NotResource' : 'Resource']: parts.resource }),
      ...(named ? { [parts.not.principal ? 'NotPrincipal' : 'Principal']: parts.principalElement } : {}),
      ...(parts.condition === null ? {} : { Condition: parts.condition }),
    }));
}

const effects = fc.constantFrom<('Allow' | 'Deny')[]>('Allow', 'Allow', 'Allow', 'Deny');

function document(kind: PolicyKind): fc.Arbitrary<Named> {
  return fc
    .record({
      statements: fc.array(statement(kind, effects), { minLength: 1, maxLength: 4 }),
      version: fc.constantFrom('2012-10-17', '2012-10-17', '2008-10-17'),
      number: fc.nat(1000),
    })
    .map(({ statements, version, number }) => ({
      name: `${kind}-${number}`,
      policy: parsePolicy(JSON.stringify({ Version: version, Statement: statements }), kind, { purpose: 'evaluate' }),
    }));
}

/** A list that is mostly absent or lets everything through, so that other kinds get a say. */
const gate = (kind: PolicyKind) => {
  const everything = policy(kind, allow(kind === 'vpce' ? { Principal: '*' } : {}));
  return fc.oneof(fc.array(document(kind), { maxLength: 2 }), fc.constant([everything]));
};

const policies: fc.Arbitrary<Policies> = fc
  .record(
    {
      identity: fc.array(document('identity'), { maxLength: 3 }),
      resource: fc.oneof(document('resource'), document('key'), document('trust')),
      boundary: gate('boundary'),
      session: gate('session'),
      vpce: gate('vpce'),
      scp: fc.array(gate('scp'), { maxLength: 2 }),
      rcp: fc.array(fc.array(document('rcp'), { maxLength: 1 }), { maxLength: 2 }),
    },
    { requiredKeys: ['identity'] },
  )
  .map((set) => set as Policies);

const runs = { numRuns: 600 };
const decideOn = (ask: AccessRequest, set: Policies) => decide(ask, preparePolicies(set));

describe('for any request and any policies', () => {
  test('explain and decide never differ, and the deciding statement is one that applies', () => {
    fc.assert(
      fc.property(request, policies, (ask, set) => {
        const prepared = preparePolicies(set);
        const explanation = explain(ask, prepared);
        expect(explanation.decision).toEqual(decide(ask, prepared));
        const { decidedBy, effect } = explanation.decision;
        expect(explanation.missing === undefined).toBe(effect === 'Allowed');
        if (decidedBy === undefined) return;
        const verdicts = explanation.policies.filter(
          ({ kind, name }) => kind === decidedBy.kind && name === decidedBy.policy,
        );
        const said = verdicts.map(({ statements }) => statements[decidedBy.index]);
        expect(said.some((each) => each?.applies && each.effect === (effect === 'Allowed' ? 'Allow' : 'Deny'))).toBe(
          true,
        );
      }),
      runs,
    );
  });

  test('a Deny more never turns a refusal into an allow', () => {
    const where = fc.constantFrom<('identity' | 'boundary' | 'session' | 'vpce' | 'resource')[]>(
      'identity',
      'boundary',
      'session',
      'vpce',
      'resource',
    );
    const denyOf = (kind: PolicyKind) =>
      statement(kind, fc.constant('Deny' as const)).map((each) => policy(kind, each));
    const addition = where.chain((kind) => denyOf(kind).map((extra) => ({ kind, extra })));
    fc.assert(
      fc.property(request, policies, addition, (ask, set, { kind, extra }) => {
        if (decideOn(ask, set).effect === 'Allowed') return;
        if (kind === 'resource') {
          const merged = set.resource === undefined ? extra : withStatements(set.resource, extra);
          expect(decideOn(ask, { ...set, resource: merged }).effect).not.toBe('Allowed');
        } else {
          expect(decideOn(ask, { ...set, [kind]: [...(set[kind] ?? []), extra] }).effect).not.toBe('Allowed');
        }
      }),
      runs,
    );
  });

  test('an Allow more in identity policies never turns an allow into a refusal', () => {
    const extra = statement('identity', fc.constant('Allow' as const)).map((each) => policy('identity', each));
    fc.assert(
      fc.property(request, policies, extra, (ask, set, more) => {
        if (decideOn(ask, set).effect !== 'Allowed') return;
        expect(decideOn(ask, { ...set, identity: [...set.identity, more] }).effect).toBe('Allowed');
      }),
      runs,
    );
  });

  test('the order of policies and statements does not matter', () => {
    const turned = (list: readonly Named[] | undefined) => list && [...list].reverse().map(turnedStatements);
    fc.assert(
      fc.property(request, policies, (ask, set) => {
        const other: Record<string, unknown> = { identity: turned(set.identity) };
        if (set.resource) other.resource = turnedStatements(set.resource);
        for (const kind of ['boundary', 'session', 'vpce'] as const) if (set[kind]) other[kind] = turned(set[kind]);
        for (const kind of ['scp', 'rcp'] as const) if (set[kind]) other[kind] = set[kind].map(turned).reverse();
        const { effect, deniedBy } = decideOn(ask, set);
        expect(decideOn(ask, other as unknown as Policies)).toMatchObject(
          deniedBy === undefined ? { effect } : { effect, deniedBy },
        );
      }),
      runs,
    );
  });

  test('the case of actions and of the names of keys does not matter', () => {
    const turn = (text: string) =>
      text.replace(/[a-z]/gi, (letter) =>
        letter === letter.toLowerCase() ? letter.toUpperCase() : letter.toLowerCase(),
      );
    fc.assert(
      fc.property(request, policies, (ask, set) => {
        // Two spellings of one key in a request have no order that survives turning them.
        const names = Object.keys(ask.context).map((name) => name.toLowerCase());
        if (new Set(names).size < names.length) return;
        const context = Object.fromEntries(Object.entries(ask.context).map(([name, value]) => [turn(name), value]));
        expect(decideOn({ ...ask, action: turn(ask.action), context }, set)).toEqual(decideOn(ask, set));
      }),
      runs,
    );
  });

  test('the statement said to be missing does turn the refusal into an allow', () => {
    fc.assert(
      fc.property(request, policies, (ask, set) => {
        const { missing } = explain(ask, preparePolicies(set));
        if (missing === undefined || missing.kind === 'not-by-identity' || missing.then !== undefined) return;
        const added = { ...set, identity: [...set.identity, policy('identity', missing.statement)] };
        expect(decideOn(ask, added).effect).toBe('Allowed');
      }),
      runs,
    );
  });
});

function rebuilt(source: Named, change: (statements: unknown[]) => unknown[]): Named {
  const { Version, Statement } = JSON.parse(source.policy.text) as { Version: string; Statement: unknown[] };
  const text = JSON.stringify({ Version, Statement: change(Statement) });
  return { name: source.name, policy: parsePolicy(text, source.policy.kind, { purpose: 'evaluate' }) };
}

function turnedStatements(source: Named): Named {
  return rebuilt(source, (statements) => [...statements].reverse());
}

function withStatements(source: Named, extra: Named): Named {
  const more = (JSON.parse(extra.policy.text) as { Statement: object[] }).Statement;
  return rebuilt(source, (statements) => [...statements, ...more]);
}
