import { lchownSync } from 'node:fs';
import { type Identities, outside, runAsRoot } from '../identities.ts';
import { LayerError, type OwnedPath } from './unpack.ts';

/** Plain JavaScript, since it runs in a bare Node. */
const GIVE = `
const { lchownSync, readFileSync } = require('node:fs');
for (const { path, uid, gid } of JSON.parse(readFileSync(0, 'utf8'))) lchownSync(path, uid, gid);
`;

/**
 * Gives files of an image to the users that they belong to. Root can do it itself; an ordinary user only as root of a
 * namespace with these users. Throws LayerError for a user that is not among them, or Error.
 */
export async function giveAway(paths: readonly OwnedPath[], identities: Identities): Promise<void> {
  const { uid, gid, range } = identities;
  if (paths.length === 0 || range === undefined) return;
  for (const { path, ...owner } of paths) {
    const number = Math.max(owner.uid, owner.gid);
    if (number > range.count) {
      throw new LayerError(
        `${JSON.stringify(path)} belongs to ${number}: the numbers of users and groups go to ${range.count} here`,
      );
    }
  }
  if (uid !== 0) {
    await runAsRoot(identities, [process.execPath, '-e', GIVE], JSON.stringify(paths));
    return;
  }
  for (const { path, ...owner } of paths) {
    const [user, group] = [
      outside(owner.uid, uid, range.firstUid, range.count),
      outside(owner.gid, gid, range.firstGid, range.count),
    ];
    if (user !== undefined && group !== undefined) lchownSync(path, user, group);
  }
}
