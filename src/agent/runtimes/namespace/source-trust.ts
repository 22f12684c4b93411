import { realpathSync } from 'node:fs';
import { BUNDLE_PATHS, type ImageTrust } from '../../transparent/trust.ts';
import type { RootSource } from './container-plan.ts';
import { contains, hostRoot } from './host-root.ts';
import { readInside } from './inside.ts';

/** What programs of a container's root trust: those of an image, or of this machine where a local program stands in. */
export function trustOf(source: RootSource): ImageTrust {
  if (source.kind === 'image') {
    const { root, config } = source.image;
    return { bundles: found(BUNDLE_PATHS, (path) => readInside(root, path)), environment: config.environment };
  }
  return { bundles: found(shownHere(), (path) => readInside('/', path)), environment: {} };
}

/** Bundles of this machine as far as stand-ins see them, at their real places: links lead elsewhere in a sandbox. */
function shownHere(): readonly string[] {
  const shown = hostRoot().flatMap((mount) => (mount.kind === 'bind' ? [mount.target] : []));
  const real = BUNDLE_PATHS.flatMap((path) => {
    try {
      return [realpathSync(path)];
    } catch {
      return [];
    }
  });
  return [...new Set(real)].filter((path) => shown.some((target) => contains(target, path)));
}

function found(paths: readonly string[], read: (path: string) => string | undefined): Map<string, string> {
  const bundles = new Map<string, string>();
  for (const path of paths) {
    const text = read(path);
    if (text !== undefined) bundles.set(path, text);
  }
  return bundles;
}
