import { readlinkSync, realpathSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';

/** As many links as Linux follows. Source: path_resolution(7). */
const MOST_LINKS = 40;

/**
 * Where an absolute path leads when every link on the way is followed, whether or not all of it is there: what is missing
 * lies where it would be made. A circle of links leads nowhere and is answered as it is.
 */
export function realPath(path: string, links = MOST_LINKS): string {
  const absolute = resolve('/', path);
  try {
    return realpathSync(absolute);
  } catch {
    // Something on the way is missing.
  }
  const parent = dirname(absolute);
  if (parent === absolute || links === 0) return absolute;
  const place = join(realPath(parent, links - 1), basename(absolute));
  const target = linkAt(place);
  return target === undefined ? place : realPath(resolve(dirname(place), target), links - 1);
}

function linkAt(path: string): string | undefined {
  try {
    return readlinkSync(path);
  } catch {
    return undefined;
  }
}
