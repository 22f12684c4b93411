import type { Ids } from '../../core/ids.ts';
import type { Tx } from '../../store/collections.ts';
import { type KeyMaterial, type KeyRecord, putKey } from './records.ts';

export const DAY = 86_400_000;

export function newMaterial(ids: Ids, now: number, rotation?: KeyMaterial['rotation']): KeyMaterial {
  return {
    id: ids.hex(64),
    bytes: ids.bytes(32).toString('base64'),
    since: now,
    ...(rotation === undefined ? {} : { rotation }),
  };
}

/** The generation that encrypts now. */
export function currentMaterial(key: KeyRecord): KeyMaterial {
  return key.materials.at(-1)!;
}

/**
 * The key with the generation of material that is due. Automatic rotation happens when the key is next used to encrypt:
 * nobody can tell that from a rotation on the day itself.
 */
export function withDueRotation(tx: Tx, key: KeyRecord, ids: Ids, now: number): KeyRecord {
  if (key.rotation === undefined || key.rotation.next > now || key.state !== 'Enabled') return key;
  const period = key.rotation.periodInDays * DAY;
  const missed = Math.floor((now - key.rotation.next) / period);
  const due = key.rotation.next + missed * period;
  const rotated: KeyRecord = {
    ...key,
    materials: [...key.materials, newMaterial(ids, due, 'AUTOMATIC')],
    rotation: { ...key.rotation, next: due + period },
  };
  putKey(tx, rotated);
  return rotated;
}
