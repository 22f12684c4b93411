import { arn } from '../../core/arn.ts';
import { collection } from '../../store/collections.ts';
import type { KeySchemaElement, Projection } from '../../wire/generated/types/dynamodb.ts';
import type { Item } from './values.ts';

export interface Throughput {
  readonly ReadCapacityUnits: number;
  readonly WriteCapacityUnits: number;
}

export interface IndexRecord {
  readonly name: string;
  readonly global: boolean;
  readonly keySchema: readonly KeySchemaElement[];
  readonly projection: Projection;
  readonly throughput?: Throughput;
}

export interface TableRecord {
  readonly account: string;
  readonly region: string;
  readonly name: string;
  /** TableId, and the partition of its items. */
  readonly id: string;
  readonly createdAt: number;
  readonly attributes: readonly { readonly AttributeName: string; readonly AttributeType: 'S' | 'N' | 'B' }[];
  readonly keySchema: readonly KeySchemaElement[];
  readonly indexes: readonly IndexRecord[];
  readonly billingMode: 'PROVISIONED' | 'PAY_PER_REQUEST';
  readonly throughput: Throughput;
  readonly tableClass?: 'STANDARD' | 'STANDARD_INFREQUENT_ACCESS';
  readonly tags: Readonly<Record<string, string>>;
  /** Attribute of TTL. It is kept; items do not expire here. */
  readonly timeToLive?: string;
}

/** Partition: `account/region`; key: the name. */
export const tables = collection<TableRecord>('dynamodb/tables');
/** Partition: the table's id; key: the item's primary key (keys.ts). */
export const items = collection<Item>('dynamodb/items');

export function regional(account: string, region: string): string {
  return `${account}/${region}`;
}

export function tableArn({ account, region, name }: { account: string; region: string; name: string }): string {
  return arn('dynamodb', region, account, `table/${name}`);
}
