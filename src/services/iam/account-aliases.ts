import { operation } from '../../gateway/operation.ts';
import { entityExists, noSuchEntity } from './errors.ts';
import { page } from './paging.ts';
import { type AccountRecord, accounts, EVERYWHERE } from './records.ts';

function accountRecord(known: AccountRecord | undefined, account: string, now: number): AccountRecord {
  return known ?? { account, createdAt: now, rootAccessKeys: [] };
}

export const CreateAccountAlias = operation('iam', 'CreateAccountAlias', {
  authorize: () => [{ action: 'iam:CreateAccountAlias', resource: '*' }],
  handle: ({ tx, account, input, now }) => {
    // Aliases are unique among all accounts. The account's old alias is replaced. Source: IAM User Guide, console_account-alias.
    for (const other of tx.list(accounts, EVERYWHERE)) {
      if (other.alias === input.AccountAlias && other.account !== account) {
        throw entityExists(`The account alias ${input.AccountAlias} already exists.`);
      }
    }
    const before = accountRecord(tx.get(accounts, EVERYWHERE, account), account, now);
    tx.put(accounts, EVERYWHERE, account, { ...before, alias: input.AccountAlias });
    return {};
  },
});

export const DeleteAccountAlias = operation('iam', 'DeleteAccountAlias', {
  authorize: () => [{ action: 'iam:DeleteAccountAlias', resource: '*' }],
  handle: ({ tx, account, input, now }) => {
    const { alias, ...rest } = accountRecord(tx.get(accounts, EVERYWHERE, account), account, now);
    if (alias !== input.AccountAlias) {
      throw noSuchEntity(`The account alias ${input.AccountAlias} cannot be found.`); // unverified: text
    }
    tx.put(accounts, EVERYWHERE, account, rest);
    return {};
  },
});

export const ListAccountAliases = operation('iam', 'ListAccountAliases', {
  authorize: () => [{ action: 'iam:ListAccountAliases', resource: '*' }],
  handle: ({ tx, account, input }) => {
    const alias = tx.get(accounts, EVERYWHERE, account)?.alias;
    const { items, ...rest } = page(alias === undefined ? [] : [alias], (text) => text, input);
    return { AccountAliases: items, ...rest };
  },
});
