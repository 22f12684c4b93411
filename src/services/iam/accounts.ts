import type { Tx } from '../../store/collections.ts';
import { accessKeys, accounts, EVERYWHERE } from './records.ts';

/** Makes sure that the account is known. Does nothing when it is. @param now epoch milliseconds. */
export function ensureAccount(tx: Tx, account: string, now: number): void {
  if (tx.get(accounts, EVERYWHERE, account) === undefined) {
    tx.put(accounts, EVERYWHERE, account, { account, createdAt: now, rootAccessKeys: [] });
  }
}

/**
 * Gives the account's root user a key pair (the one clients begin with). The same id again replaces its secret.
 * @param now epoch milliseconds.
 */
export function createRootAccessKey(
  tx: Tx,
  account: string,
  key: { readonly accessKeyId: string; readonly secretAccessKey: string },
  now: number,
): void {
  ensureAccount(tx, account, now);
  const record = tx.get(accounts, EVERYWHERE, account)!;
  tx.put(accessKeys, EVERYWHERE, key.accessKeyId, {
    id: key.accessKeyId,
    secret: key.secretAccessKey,
    account,
    status: 'Active',
    createdAt: now,
  });
  if (!record.rootAccessKeys.includes(key.accessKeyId)) {
    tx.put(accounts, EVERYWHERE, account, { ...record, rootAccessKeys: [...record.rootAccessKeys, key.accessKeyId] });
  }
}
