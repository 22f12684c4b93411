import { operation } from '../../gateway/operation.ts';
import { existing, findGroup, groupCheck } from './authorization.ts';
import { invalidParameter } from './errors.ts';
import { putGroup } from './records.ts';

/** Source: API Reference, PutRetentionPolicy, retentionInDays. */
const DAYS = [1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653];

export const PutRetentionPolicy = operation('logs', 'PutRetentionPolicy', {
  resolve: (context) => ({ found: findGroup(context, context.input.logGroupName) }),
  authorize: (context) => [groupCheck(context, 'PutRetentionPolicy', context.found)],
  handle: ({ input, tx, found }) => {
    if (!DAYS.includes(input.retentionInDays)) {
      // unverified: text
      throw invalidParameter(
        `1 validation error detected: Value '${input.retentionInDays}' at 'retentionInDays' failed to satisfy constraint: Member must satisfy enum value set: [${DAYS.join(', ')}]`,
      );
    }
    putGroup(tx, { ...existing(found), retentionInDays: input.retentionInDays });
    return {};
  },
});

export const DeleteRetentionPolicy = operation('logs', 'DeleteRetentionPolicy', {
  resolve: (context) => ({ found: findGroup(context, context.input.logGroupName) }),
  authorize: (context) => [groupCheck(context, 'DeleteRetentionPolicy', context.found)],
  handle: ({ tx, found }) => {
    const { retentionInDays: _forever, ...group } = existing(found);
    putGroup(tx, group);
    return {};
  },
});
