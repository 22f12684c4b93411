import { lstatSync, readFileSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';

/** As many links as Linux follows. Source: path_resolution(7). */
const MOST_LINKS = 40;

/**
 * Where `path` leads below `root`, every link on the way read as if `root` were `/`. The result lies in `root` whatever
 * the links say. The last part is not followed with `follow: false`. Undefined for a circle of links.
 */
export function resolveInside(root: string, path: string, follow = true): string | undefined {
  const done: string[] = [];
  let todo = path.split('/');
  let links = 0;
  while (todo.length > 0) {
    const [part = '', ...rest] = todo;
    todo = rest;
    if (part === '' || part === '.') continue;
    if (part === '..') {
      done.pop();
      continue;
    }
    const last = todo.every((each) => each === '' || each === '.');
    const target = last && !follow ? undefined : linkAt(join(root, ...done, part));
    if (target === undefined) {
      done.push(part);
      continue;
    }
    links += 1;
    if (links > MOST_LINKS) return undefined;
    if (target.startsWith('/')) done.length = 0;
    todo = [...target.split('/'), ...todo];
  }
  return join(root, ...done);
}

/** A text file of a root; undefined when there is none. */
export function readInside(root: string, path: string): string | undefined {
  const file = resolveInside(root, path);
  try {
    return file === undefined || !lstatSync(file).isFile() ? undefined : readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
}

function linkAt(path: string): string | undefined {
  try {
    return lstatSync(path).isSymbolicLink() ? readlinkSync(path) : undefined;
  } catch {
    return undefined;
  }
}
