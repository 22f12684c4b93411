import { parseArn } from '../../core/arn.ts';
import type { AuthorizationCheck, ReadContext } from '../../gateway/operation.ts';
import type { RequestContext } from '../../policy/types.ts';
import type { Read } from '../../store/collections.ts';
import { resourceNotFound, tableNotFound, validation } from './errors.ts';
import { regional, type TableRecord, tableArn, tables } from './records.ts';

export interface TableAddress {
  readonly account: string;
  readonly region: string;
  readonly name: string;
}

export interface TableTarget {
  readonly address: TableAddress;
  readonly table: TableRecord | undefined;
}

export function findTable(read: Read, { account, region, name }: TableAddress): TableRecord | undefined {
  return read.get(tables, regional(account, region), name);
}

/** A table by its name or ARN. */
export function addressOf(text: string, account: string, region: string): TableAddress {
  if (!text.startsWith('arn:')) return { account, region, name: text };
  const arn = parseArn(text);
  const name = /^table\/([A-Za-z0-9_.-]+)/.exec(arn?.resource ?? '')?.[1];
  if (arn === undefined || arn.service !== 'dynamodb' || name === undefined) {
    // unverified: the text.
    throw validation(`Invalid table ARN: ${text}`);
  }
  return { account: arn.account, region: arn.region, name };
}

/** `resolve` of every operation that names one table. */
export function targetTable({ input, account, region, tx }: ReadContext<{ readonly TableName: string }>): TableTarget {
  const address = addressOf(input.TableName, account, region);
  return { address, table: findTable(tx, address) };
}

export function targetByArn({
  input,
  account,
  region,
  tx,
}: ReadContext<{ readonly ResourceArn: string }>): TableTarget {
  const address = addressOf(input.ResourceArn, account, region);
  return { address, table: findTable(tx, address) };
}

export function existingTable({ address, table }: TableTarget): TableRecord {
  if (table === undefined) throw tableNotFound(address.name);
  return table;
}

/** For operations on items, which word it shorter. */
export function tableOfItems({ table }: TableTarget): TableRecord {
  if (table === undefined) throw resourceNotFound();
  return table;
}

/** The check for an action on a table, or on one of its indexes. */
export function tableCheck(
  action: string,
  { address, table }: TableTarget,
  context?: RequestContext,
  index?: string,
): AuthorizationCheck {
  return {
    action: `dynamodb:${action}`,
    resource: tableArn(address) + (index === undefined ? '' : `/index/${index}`),
    ...(table === undefined ? {} : { resourceTags: table.tags }),
    ...(context === undefined ? {} : { context }),
  };
}

export function onTable(action: string) {
  return (context: ReadContext<unknown> & TableTarget): readonly AuthorizationCheck[] => [tableCheck(action, context)];
}
