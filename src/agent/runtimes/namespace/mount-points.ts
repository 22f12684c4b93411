import { existsSync, lstatSync, mkdirSync, realpathSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { RuntimeFailure } from '../runtime.ts';
import { contains } from './host-root.ts';
import { resolveInside } from './inside.ts';
import type { Mount } from './sandbox.ts';

/**
 * Where things are mounted in the root of an image. bubblewrap would follow the image's links while it can still see the
 * whole machine, and make what is missing wherever they lead. So each target is resolved as inside of the root first,
 * and what is missing is made in the container's own layer: what bubblewrap is told has no link in it.
 */
export class MountPoints {
  readonly #root: string;
  readonly #missing = new Map<string, 'directory' | 'file'>();

  constructor(root: string) {
    this.#root = root;
  }

  /** The same mount at its real place. Throws RuntimeFailure where it cannot be mounted. */
  place(mount: Mount): Mount {
    const file = mount.kind === 'bind' && !statSync(mount.source).isDirectory();
    return { ...mount, target: this.#find(mount.target, file ? 'file' : 'directory') };
  }

  directory(target: string): string {
    return this.#find(target, 'directory');
  }

  /** A directory at exactly this place, below the root itself, whatever the image has there. */
  own(name: string): void {
    if (!isDirectory(join(this.#root, name))) this.#missing.set(`/${name}`, 'directory');
  }

  /** Makes what is missing in a layer that will lie over the root, or in a copy of it. */
  makeIn(layer: string): void {
    for (const [path, kind] of this.#missing) {
      this.#makeParents(layer, path);
      const target = join(layer, path);
      if (lstatSync(target, { throwIfNoEntry: false })?.isSymbolicLink() === true) {
        throw new RuntimeFailure('create', `${path} is a link in the image, where a directory is needed`);
      }
      if (kind === 'directory') mkdirSync(target, { recursive: true, mode: 0o755 });
      else if (!existsSync(target)) writeFileSync(target, '', { mode: 0o644 });
    }
  }

  #find(target: string, kind: 'directory' | 'file'): string {
    const real = resolveInside(this.#root, target);
    if (real === undefined)
      throw new RuntimeFailure('create', `${target} leads through a circle of links in the image`);
    const path = real.slice(this.#root.length) || '/';
    const found = statInside(real);
    if (found === undefined) {
      this.#missing.set(path, kind);
      for (let parent = dirname(real); parent !== this.#root; parent = dirname(parent)) {
        if (existsSync(parent) && !isDirectory(parent)) {
          throw new RuntimeFailure(
            'create',
            `${target} cannot be mounted: in the image ${parent.slice(this.#root.length)} is no directory`,
          );
        }
      }
    } else if (found !== kind) {
      throw new RuntimeFailure('create', `${target} cannot be mounted: it is no ${kind} in the image`);
    }
    return path;
  }

  /** With the permissions that they have in the image. */
  #makeParents(layer: string, path: string): void {
    const parents: string[] = [];
    for (let each = dirname(path); each !== '/'; each = dirname(each)) parents.unshift(each);
    for (const parent of parents) {
      const lower = join(this.#root, parent);
      if (isDirectory(join(layer, parent))) continue;
      mkdirSync(join(layer, parent), { mode: isDirectory(lower) ? lstatSync(lower).mode & 0o7777 : 0o755 });
    }
  }
}

/** A target in a volume that other containers may write to could be moved by them while it is mounted. */
export function refuseNested(mounts: readonly Mount[]): void {
  for (const outer of mounts) {
    if (outer.kind !== 'bind') continue;
    for (const inner of mounts) {
      if (inner === outer || !contains(outer.target, inner.target)) continue;
      throw new RuntimeFailure('create', `${inner.target} cannot be mounted into the volume at ${outer.target}`);
    }
  }
}

/** Covers the directories that no container may see wherever a mount would show them. */
export function hideInside(mounts: readonly Mount[], hidden: readonly string[]): Mount[] {
  const covers: Mount[] = [];
  for (const directory of hidden) {
    if (!existsSync(directory)) continue;
    const real = realpathSync(directory);
    for (const mount of mounts) {
      if (mount.kind !== 'bind' || !contains(mount.source, real)) continue;
      covers.push({ kind: 'hide', target: join(mount.target, real.slice(mount.source.length)) });
    }
  }
  return covers;
}

function statInside(path: string): 'directory' | 'file' | undefined {
  const found = lstatSync(path, { throwIfNoEntry: false });
  if (found === undefined) return undefined;
  return found.isDirectory() ? 'directory' : 'file';
}

function isDirectory(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
}
