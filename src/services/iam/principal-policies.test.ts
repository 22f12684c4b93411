import fc from 'fast-check';
import { expect, it } from 'vitest';
import { type Principal, requestPrincipal } from '../../gateway/principals.ts';
import { TEST_ACCOUNT } from '../../gateway/testing.ts';
import { decide } from '../../policy/decide.ts';
import { preparePolicies } from '../../policy/prepare.ts';
import { boundaryOf, policiesOf, policySource } from './simulation-input.ts';
import { allow, createIamBench, type IamBench, policy } from './testing.ts';

const ACTIONS = ['s3:GetObject', 'sqs:SendMessage', 'kms:Decrypt'] as const;
const DOCUMENTS = [
  allow('s3:*'),
  allow('sqs:*', 'kms:*'),
  allow('*'),
  policy({ Effect: 'Deny', Action: 'kms:*', Resource: '*' }, { Effect: 'Allow', Action: 's3:*', Resource: '*' }),
];
const policyArn = (n: number) => `arn:aws:iam::${TEST_ACCOUNT}:policy/p${n}`;

/** A change of some policy, or of what is attached to what. Those that IAM refuses change nothing. */
type Change = (bench: IamBench) => Promise<unknown>;

const document = fc.constantFrom(...DOCUMENTS);
const number = fc.constantFrom(0, 1);
const entity = fc.constantFrom('User' as const, 'Group' as const, 'Role' as const);
const NAMES = { User: { UserName: 'ann' }, Group: { GroupName: 'g' }, Role: { RoleName: 'app' } } as const;

const change: fc.Arbitrary<Change> = fc.oneof(
  fc.tuple(entity, number, document).map(
    ([kind, n, PolicyDocument]): Change =>
      (bench) =>
        bench.call('iam', `Put${kind}Policy`, { ...NAMES[kind], PolicyName: `i${n}`, PolicyDocument } as never),
  ),
  fc.tuple(entity, number).map(
    ([kind, n]): Change =>
      (bench) =>
        bench.call('iam', `Delete${kind}Policy`, { ...NAMES[kind], PolicyName: `i${n}` } as never),
  ),
  fc.tuple(entity, fc.constantFrom('Attach', 'Detach'), number).map(
    ([kind, verb, n]): Change =>
      (bench) =>
        bench.call('iam', `${verb as 'Attach'}${kind}Policy`, { ...NAMES[kind], PolicyArn: policyArn(n) } as never),
  ),
  fc.tuple(number, document).map(
    ([n, PolicyDocument]): Change =>
      async (bench) => {
        await bench.call('iam', 'CreatePolicyVersion', { PolicyArn: policyArn(n), PolicyDocument, SetAsDefault: true });
        const { Versions } = await bench.call('iam', 'ListPolicyVersions', { PolicyArn: policyArn(n) });
        const VersionId = Versions!.at(-1)!.VersionId!;
        await bench.call('iam', 'DeletePolicyVersion', { PolicyArn: policyArn(n), VersionId });
      },
  ),
  fc.tuple(fc.constantFrom('User' as const, 'Role' as const), number).map(
    ([kind, n]): Change =>
      (bench) =>
        bench.call('iam', `Put${kind}PermissionsBoundary`, {
          ...NAMES[kind],
          PermissionsBoundary: policyArn(n),
        } as never),
  ),
  fc.constantFrom('User' as const, 'Role' as const).map(
    (kind): Change =>
      (bench) =>
        bench.call('iam', `Delete${kind}PermissionsBoundary`, NAMES[kind] as never),
  ),
  fc.constantFrom('AddUserToGroup' as const, 'RemoveUserFromGroup' as const).map(
    (operation): Change =>
      (bench) =>
        bench.call('iam', operation, { UserName: 'ann', GroupName: 'g' }),
  ),
);

function decisions(principal: Principal, prepared: ReturnType<typeof preparePolicies>): string[] {
  return ACTIONS.map((action) => {
    const request = {
      principal: requestPrincipal(principal),
      action,
      resource: '*',
      resourceAccount: TEST_ACCOUNT,
      context: {},
    };
    return decide(request, prepared).effect;
  });
}

/** The policies read anew, by the code that the simulation uses. */
function readAnew(bench: IamBench, arn: string) {
  const source = policySource(bench.store, TEST_ACCOUNT, arn);
  const named = (list: ReturnType<typeof policiesOf>) =>
    list.map(({ id, policy: compiled }) => ({ name: id, policy: compiled }));
  const boundary = boundaryOf(bench.store, TEST_ACCOUNT, source);
  return preparePolicies({
    identity: named(policiesOf(bench.store, TEST_ACCOUNT, source)),
    ...(boundary === undefined ? {} : { boundary: named(boundary) }),
  });
}

it('cached policies say what the policies of today say, after any changes', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(change, { minLength: 1, maxLength: 12 }), async (changes) => {
      const bench = createIamBench();
      const ann = await bench.user('ann');
      await bench.call('iam', 'CreateGroup', { GroupName: 'g' });
      for (const n of [0, 1]) {
        await bench.call('iam', 'CreatePolicy', { PolicyName: `p${n}`, PolicyDocument: DOCUMENTS[n]! });
      }
      const role = await bench.role('app');
      const { Credentials } = await bench.call(
        'sts',
        'AssumeRole',
        { RoleArn: role, RoleSessionName: 'session' },
        { as: { type: 'service', service: 'ecs-tasks.amazonaws.com', account: TEST_ACCOUNT } },
      );
      const session = bench.principalOf(Credentials!.AccessKeyId);
      for (const apply of changes) {
        await apply(bench).catch((error: Error) => {
          if (error.name !== 'AwsError') throw error;
        });
        for (const [principal, arn] of [
          [ann, `arn:aws:iam::${TEST_ACCOUNT}:user/ann`],
          [session, role],
        ] as const) {
          expect(decisions(principal, bench.identities.policies(bench.store, principal))).toEqual(
            decisions(principal, readAnew(bench, arn)),
          );
        }
      }
    }),
    { numRuns: 60 },
  );
});

it('a change that is undone leaves what was', async () => {
  const bench = createIamBench();
  const ann = await bench.user('ann', allow('s3:*'));
  const before = bench.identities.policies(bench.store, ann);
  const record = bench.store.get({ name: 'iam/users' }, TEST_ACCOUNT, 'ann') as { inline: object };
  const undone = () =>
    bench.store.transact((tx) => {
      tx.put({ name: 'iam/users' }, TEST_ACCOUNT, 'ann', { ...record, inline: { all: allow('*') } });
      expect(decisions(ann, bench.identities.policies(tx, ann))).toEqual(['Allowed', 'Allowed', 'Allowed']);
      throw new Error('undo');
    });
  expect(undone).toThrow('undo');
  expect(bench.identities.policies(bench.store, ann)).toBe(before);
  expect(decisions(ann, before)).toEqual(['Allowed', 'ImplicitlyDenied', 'ImplicitlyDenied']);
});

it('costs no more in an account with thousands of policies', async () => {
  const bench = createIamBench();
  const ann = await bench.user('ann', allow('s3:*'));
  const before = bench.identities.policies(bench.store, ann);
  for (let n = 0; n < 1000; n++) {
    await bench.call('iam', 'CreatePolicy', { PolicyName: `many${n}`, PolicyDocument: allow('s3:*') });
  }
  // Nothing of ann's has changed, so nothing is read or compiled again.
  expect(bench.identities.policies(bench.store, ann)).toBe(before);
});
