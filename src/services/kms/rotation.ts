import { operation } from '../../gateway/operation.ts';
import { keyChecks } from './authorization.ts';
import { keyDisabled } from './errors.ts';
import { existing, findKey, notPending, usable } from './key-ids.ts';
import { DAY, newMaterial, withDueRotation } from './material.ts';
import { page } from './pages.ts';
import { type KeyRecord, putKey } from './records.ts';

/** A year. Source: API Reference, EnableKeyRotation, RotationPeriodInDays. */
const DEFAULT_PERIOD = 365;

export const EnableKeyRotation = operation('kms', 'EnableKeyRotation', {
  resolve: (context) => ({ found: findKey(context, context.input.KeyId, { aliases: false }) }),
  authorize: (context) =>
    keyChecks(context, 'EnableKeyRotation', context.found, {
      context: { 'kms:RotationPeriodInDays': String(context.input.RotationPeriodInDays ?? DEFAULT_PERIOD) },
    }),
  handle: ({ input, now, tx, found }) => {
    const key = usable(found);
    const periodInDays = input.RotationPeriodInDays ?? DEFAULT_PERIOD;
    // Enabling anew with the same period leaves the date of the next rotation.
    const next = key.rotation?.periodInDays === periodInDays ? key.rotation.next : now + periodInDays * DAY;
    putKey(tx, { ...key, rotation: { periodInDays, next } });
    return {};
  },
});

export const DisableKeyRotation = operation('kms', 'DisableKeyRotation', {
  resolve: (context) => ({ found: findKey(context, context.input.KeyId, { aliases: false }) }),
  authorize: (context) => keyChecks(context, 'DisableKeyRotation', context.found),
  handle: ({ tx, found }) => {
    const { rotation: _off, ...key } = usable(found);
    putKey(tx, key satisfies KeyRecord);
    return {};
  },
});

export const GetKeyRotationStatus = operation('kms', 'GetKeyRotationStatus', {
  resolve: (context) => ({ found: findKey(context, context.input.KeyId, { aliases: false }) }),
  authorize: (context) => keyChecks(context, 'GetKeyRotationStatus', context.found),
  handle: ({ ids, now, tx, found }) => {
    const key = withDueRotation(tx, existing(found), ids, now);
    // A key pending deletion shows rotation as off: it is not rotated. Source: API Reference, GetKeyRotationStatus.
    if (key.rotation === undefined || key.state === 'PendingDeletion') {
      return { KeyId: key.arn, KeyRotationEnabled: false };
    }
    return {
      KeyId: key.arn,
      KeyRotationEnabled: true,
      RotationPeriodInDays: key.rotation.periodInDays,
      NextRotationDate: key.rotation.next,
    };
  },
});

export const RotateKeyOnDemand = operation('kms', 'RotateKeyOnDemand', {
  resolve: (context) => ({ found: findKey(context, context.input.KeyId, { aliases: false }) }),
  authorize: (context) => keyChecks(context, 'RotateKeyOnDemand', context.found),
  handle: ({ ids, now, tx, found }) => {
    const key = notPending(found);
    if (key.state === 'Disabled') throw keyDisabled(key.arn);
    putKey(tx, { ...key, materials: [...key.materials, newMaterial(ids, now, 'ON_DEMAND')] });
    return { KeyId: key.arn };
  },
});

export const ListKeyRotations = operation('kms', 'ListKeyRotations', {
  resolve: (context) => ({ found: findKey(context, context.input.KeyId, { aliases: false }) }),
  authorize: (context) => keyChecks(context, 'ListKeyRotations', context.found),
  handle: ({ input, ids, now, tx, found }) => {
    const key = withDueRotation(tx, existing(found), ids, now);
    const generations = key.materials.map((material, index) => ({
      order: String(index).padStart(6, '0'),
      entry: {
        KeyId: key.arn,
        KeyMaterialId: material.id,
        KeyMaterialState: index === key.materials.length - 1 ? ('CURRENT' as const) : ('NON_CURRENT' as const),
        ...(material.rotation === undefined ? {} : { RotationDate: material.since, RotationType: material.rotation }),
      },
    }));
    const shown = input.IncludeKeyMaterial === 'ALL_KEY_MATERIAL' ? generations : generations.slice(1);
    const { items, ...more } = page(shown, ({ order }) => order, input, 100);
    return { Rotations: items.map(({ entry }) => entry), ...more };
  },
});
