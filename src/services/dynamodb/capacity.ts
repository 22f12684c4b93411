import type { ConsumedCapacity } from '../../wire/generated/types/dynamodb.ts';
import type { IndexRecord, TableRecord } from './records.ts';

type Wanted = 'INDEXES' | 'TOTAL' | 'NONE' | undefined;

/** Units of a read of so many bytes. Source: DynamoDB Developer Guide, read and write operations. */
export function readUnits(bytes: number, consistent: boolean | undefined): number {
  return Math.max(1, Math.ceil(bytes / 4096)) * (consistent === true ? 1 : 0.5);
}

export function writeUnits(bytes: number): number {
  return Math.max(1, Math.ceil(bytes / 1024));
}

/** ConsumedCapacity as it was asked for. */
export function consumed(
  wanted: Wanted,
  table: TableRecord,
  units: number,
  index?: IndexRecord,
): { ConsumedCapacity?: ConsumedCapacity } {
  if (wanted === undefined || wanted === 'NONE') return {};
  const total: ConsumedCapacity = { TableName: table.name, CapacityUnits: units };
  if (wanted === 'TOTAL') return { ConsumedCapacity: total };
  if (index === undefined) return { ConsumedCapacity: { ...total, Table: { CapacityUnits: units } } };
  const byIndex = { [index.name]: { CapacityUnits: units } };
  return {
    ConsumedCapacity: {
      ...total,
      Table: { CapacityUnits: 0 },
      ...(index.global ? { GlobalSecondaryIndexes: byIndex } : { LocalSecondaryIndexes: byIndex }),
    },
  };
}
