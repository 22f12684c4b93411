import { findProgram } from '../find-program.ts';

/**
 * Programs of the system that make the walls: util-linux (unshare, nsenter, mount, prlimit), bubblewrap and iproute2.
 * They are looked for in the system's own directories alone: what a PATH names first must not be run in their stead.
 */
const DIRECTORIES = ['/usr/bin', '/usr/sbin', '/bin', '/sbin', '/usr/local/bin', '/run/current-system/sw/bin'];
const PACKAGES = {
  sh: 'a POSIX shell',
  unshare: 'util-linux',
  nsenter: 'util-linux',
  mount: 'util-linux',
  prlimit: 'util-linux',
  bwrap: 'bubblewrap',
  ip: 'iproute2',
} as const;

export type Tool = keyof typeof PACKAGES;
export type Tools = Readonly<Record<Tool, string>>;

/** Paths of all tools, or the packages of those that are missing. */
export function findTools(): { readonly tools: Tools } | { readonly missing: readonly string[] } {
  const found: Partial<Record<Tool, string>> = {};
  const missing = new Set<string>();
  for (const name of Object.keys(PACKAGES) as Tool[]) {
    const path = findProgram(name, DIRECTORIES);
    if (path === undefined) missing.add(`${name} (${PACKAGES[name]})`);
    else found[name] = path;
  }
  return missing.size > 0 ? { missing: [...missing] } : { tools: found as Tools };
}

/** A program that is used where it is there. */
export function findOptional(name: 'newuidmap' | 'newgidmap'): string | undefined {
  return findProgram(name, DIRECTORIES);
}
