import { operation } from '../../gateway/operation.ts';
import { principalArn, userIdOf } from '../../gateway/principals.ts';
import { accessKeys, EVERYWHERE } from '../iam/records.ts';
import { validationError } from './errors.ts';
import { findSession } from './sessions.ts';

export const GetCallerIdentity = operation('sts', 'GetCallerIdentity', {
  // "No permissions are required… even if an administrator adds a policy that explicitly denies". Source: AWS STS API reference.
  authorize: 'always-allowed',
  handle: ({ principal }) => ({
    UserId: userIdOf(principal),
    Account: principal.account,
    Arn: principalArn(principal),
  }),
});

export const GetAccessKeyInfo = operation('sts', 'GetAccessKeyInfo', {
  authorize: () => [{ action: 'sts:GetAccessKeyInfo', resource: '*' }],
  handle: ({ tx, input }) => {
    const id = input.AccessKeyId;
    const account = tx.get(accessKeys, EVERYWHERE, id)?.account ?? findSession(tx, id)?.account;
    // AWS reads the account out of the id itself; ids made here do not hold it.
    if (account === undefined) throw validationError(`The Access Key with id ${id} is not known to Rolecall.`);
    return { Account: account };
  },
});
