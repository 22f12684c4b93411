import { operation } from '../../gateway/operation.ts';
import { keyChecks } from './authorization.ts';
import { notPendingDeletion, validation } from './errors.ts';
import { existing, findKey, notPending } from './key-ids.ts';
import { DAY } from './material.ts';
import { type KeyRecord, putKey } from './records.ts';

export const EnableKey = operation('kms', 'EnableKey', {
  resolve: (context) => ({ found: findKey(context, context.input.KeyId, { aliases: false }) }),
  authorize: (context) => keyChecks(context, 'EnableKey', context.found),
  handle: ({ tx, found }) => {
    putKey(tx, { ...notPending(found), state: 'Enabled' });
    return {};
  },
});

export const DisableKey = operation('kms', 'DisableKey', {
  resolve: (context) => ({ found: findKey(context, context.input.KeyId, { aliases: false }) }),
  authorize: (context) => keyChecks(context, 'DisableKey', context.found),
  handle: ({ tx, found }) => {
    putKey(tx, { ...notPending(found), state: 'Disabled' });
    return {};
  },
});

export const ScheduleKeyDeletion = operation('kms', 'ScheduleKeyDeletion', {
  resolve: (context) => ({ found: findKey(context, context.input.KeyId, { aliases: false }) }),
  authorize: (context) =>
    keyChecks(context, 'ScheduleKeyDeletion', context.found, {
      context: { 'kms:ScheduleKeyDeletionPendingWindowInDays': String(context.input.PendingWindowInDays ?? 30) },
    }),
  handle: ({ input, now, tx, found }) => {
    const key = notPending(found);
    const days = input.PendingWindowInDays ?? 30;
    if (days < 7 || days > 30) throw windowOutOfRange(days);
    const deletionDate = now + days * DAY;
    putKey(tx, { ...key, state: 'PendingDeletion', deletionDate });
    return {
      KeyId: key.arn,
      DeletionDate: deletionDate,
      KeyState: 'PendingDeletion' as const,
      PendingWindowInDays: days,
    };
  },
});

/** Source: ScheduleKeyDeletion, PendingWindowInDays: "a value between 7 and 30, inclusive" (the model allows 1 to 365). */
function windowOutOfRange(days: number): Error {
  const bound = days < 7 ? 'greater than or equal to 7' : 'less than or equal to 30';
  return validation(
    `1 validation error detected: Value '${days}' at 'pendingWindowInDays' failed to satisfy constraint: Member must have value ${bound}`,
  );
}

export const CancelKeyDeletion = operation('kms', 'CancelKeyDeletion', {
  resolve: (context) => ({ found: findKey(context, context.input.KeyId, { aliases: false }) }),
  authorize: (context) => keyChecks(context, 'CancelKeyDeletion', context.found),
  handle: ({ tx, found }) => {
    const key = existing(found);
    if (key.state !== 'PendingDeletion') throw notPendingDeletion(key.arn);
    const { deletionDate: _gone, ...kept } = key;
    // "When a key's deletion is canceled, the key is disabled." (API Reference)
    const restored: KeyRecord = { ...kept, state: 'Disabled' };
    putKey(tx, restored);
    return { KeyId: key.arn };
  },
});
