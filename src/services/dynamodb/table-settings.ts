import { operation } from '../../gateway/operation.ts';
import { validation } from './errors.ts';
import { regional, tables } from './records.ts';
import { existingTable, onTable, targetTable } from './target.ts';

/** The setting is kept and shown; items do not expire here. */
export const UpdateTimeToLive = operation('dynamodb', 'UpdateTimeToLive', {
  resolve: targetTable,
  authorize: onTable('UpdateTimeToLive'),
  handle: (context) => {
    const table = existingTable(context);
    const { AttributeName, Enabled } = context.input.TimeToLiveSpecification;
    const { timeToLive, ...others } = table;
    if (Enabled && timeToLive !== undefined) throw validation('TimeToLive is already enabled');
    if (!Enabled && timeToLive === undefined) throw validation('TimeToLive is already disabled');
    if (!Enabled && timeToLive !== AttributeName) {
      throw validation(`TimeToLive is active on a different AttributeName: current AttributeName is ${timeToLive}`);
    }
    const changed = Enabled ? { ...others, timeToLive: AttributeName } : others;
    context.tx.put(tables, regional(table.account, table.region), table.name, changed);
    return { TimeToLiveSpecification: { AttributeName, Enabled } };
  },
});

export const DescribeTimeToLive = operation('dynamodb', 'DescribeTimeToLive', {
  resolve: targetTable,
  authorize: onTable('DescribeTimeToLive'),
  handle: (context) => {
    const { timeToLive } = existingTable(context);
    return {
      TimeToLiveDescription:
        timeToLive === undefined
          ? { TimeToLiveStatus: 'DISABLED' as const }
          : { TimeToLiveStatus: 'ENABLED' as const, AttributeName: timeToLive },
    };
  },
});

/** Backups are not served, so point-in-time recovery is off: what clients and Terraform ask to know. */
export const DescribeContinuousBackups = operation('dynamodb', 'DescribeContinuousBackups', {
  resolve: targetTable,
  authorize: onTable('DescribeContinuousBackups'),
  handle: (context) => {
    existingTable(context);
    return {
      ContinuousBackupsDescription: {
        ContinuousBackupsStatus: 'ENABLED' as const,
        PointInTimeRecoveryDescription: { PointInTimeRecoveryStatus: 'DISABLED' as const },
      },
    };
  },
});
