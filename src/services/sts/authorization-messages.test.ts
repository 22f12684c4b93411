import { beforeEach, describe, expect, it } from 'vitest';
import { TEST_ACCOUNT } from '../../gateway/testing.ts';
import { allow, createIamBench, type IamBench } from '../iam/testing.ts';
import { authorizationMessage, encodeAuthorizationMessage } from './authorization-messages.ts';

let bench: IamBench;

beforeEach(() => {
  bench = createIamBench();
});

const message = authorizationMessage(
  { id: 'AIDAEXAMPLE', arn: `arn:aws:iam::${TEST_ACCOUNT}:user/ann` },
  {
    principal: { type: 'user', account: TEST_ACCOUNT, arn: `arn:aws:iam::${TEST_ACCOUNT}:user/ann` },
    action: 'ec2:RunInstances',
    resource: '*',
    resourceAccount: TEST_ACCOUNT,
    context: { 'aws:RequestedRegion': 'eu-west-1', 'aws:TagKeys': ['a', 'b'] },
  },
  {
    effect: 'ExplicitlyDenied',
    decidedBy: { kind: 'identity', policy: 'guard', sid: 'NoInstances', index: 0 },
    deniedBy: 'identity',
  },
);

const seal = (account: string) =>
  bench.store.transact((tx) => encodeAuthorizationMessage(tx, bench.gateway.environment.ids, account, message));

describe('DecodeAuthorizationMessage', () => {
  it('opens what was sealed for the account', async () => {
    const EncodedMessage = seal(TEST_ACCOUNT);
    expect(EncodedMessage).toMatch(/^[\w-]+$/);
    const { DecodedMessage } = await bench.call('sts', 'DecodeAuthorizationMessage', { EncodedMessage });
    expect(JSON.parse(DecodedMessage!)).toEqual({
      allowed: false,
      explicitDeny: true,
      matchedStatements: { items: [{ statementId: 'NoInstances', effect: 'DENY', sourcePolicyId: 'guard' }] },
      failures: { items: [] },
      context: {
        principal: { id: 'AIDAEXAMPLE', arn: `arn:aws:iam::${TEST_ACCOUNT}:user/ann` },
        action: 'ec2:RunInstances',
        resource: '*',
        conditions: {
          items: [
            { key: 'aws:RequestedRegion', values: { items: [{ value: 'eu-west-1' }] } },
            { key: 'aws:TagKeys', values: { items: [{ value: 'a' }, { value: 'b' }] } },
          ],
        },
      },
    });
  });

  it('refuses what is foreign, changed, or not a message', async () => {
    const sealed = seal(TEST_ACCOUNT);
    const changed = `${sealed.slice(0, 60)}${sealed[60] === 'A' ? 'B' : 'A'}${sealed.slice(61)}`;
    for (const EncodedMessage of [seal('111122223333'), changed, 'short', `${sealed}=`]) {
      expect(await bench.refused(bench.call('sts', 'DecodeAuthorizationMessage', { EncodedMessage }))).toMatchObject({
        code: 'InvalidAuthorizationMessageException',
        status: 400,
      });
    }
  });

  it('needs its permission', async () => {
    const EncodedMessage = seal(TEST_ACCOUNT);
    const decode = (...actions: string[]) =>
      bench.call(
        'sts',
        'DecodeAuthorizationMessage',
        { EncodedMessage },
        { as: bench.roleSession('c', [allow(...actions)]) },
      );
    expect(await bench.refused(decode('ec2:*'))).toMatchObject({ code: 'AccessDenied' });
    await decode('sts:DecodeAuthorizationMessage');
  });
});
