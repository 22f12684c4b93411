import { execFile, spawn } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { userInfo } from 'node:os';
import { promisify } from 'node:util';
import { TOOL_ENVIRONMENT } from '../tool-environment.ts';
import { findOptional, findTools } from './tools.ts';

/** Users and groups that a task has besides its root: 1, 2, … inside are these outside. */
export interface IdentityRange {
  readonly firstUid: number;
  readonly firstGid: number;
  /** How many, at most 65535. */
  readonly count: number;
}

/** Who the users of a task are outside: its root is this process’s own user, with no right over anything of this machine. */
export interface Identities {
  readonly uid: number;
  readonly gid: number;
  /** Undefined: there is this user alone. */
  readonly range?: IdentityRange;
  /** Why there is no range, and what would help. */
  readonly alone?: string;
}

const MOST = 65_535;
/**
 * What root takes where /etc/subuid gives it nothing: numbers that nobody else uses. Source: systemd, UIDS-GIDS.md:
 * 1879048192 to 2147352575 are not assigned.
 */
const UNUSED: IdentityRange = { firstUid: 0x70000000, firstGid: 0x70000000, count: MOST };

/** What is looked at; another is there for tests. */
export interface IdentitySystem {
  readonly uid: number;
  /** Undefined for a user without an entry in the system's tables. */
  readonly name: string | undefined;
  /** Text of a file; empty when it is not there. */
  readonly read: (file: string) => string;
  /** Whether newuidmap and newgidmap are there. */
  readonly tools: boolean;
}

/** The range that the system has for this user, not tried yet. */
export function findRange({ uid, name, read, tools }: IdentitySystem): IdentityRange | { readonly alone: string } {
  const users = subordinate(read('/etc/subuid'), uid, name);
  const groups = subordinate(read('/etc/subgid'), uid, name);
  const given = users !== undefined && groups !== undefined ? joined(users, groups) : undefined;
  if (uid === 0) {
    const range = given ?? UNUSED;
    if (
      covers(read('/proc/self/uid_map'), range.firstUid, range.count) &&
      covers(read('/proc/self/gid_map'), range.firstGid, range.count)
    )
      return range;
    return { alone: 'the user namespace of this process has too few users itself' };
  }
  if (!tools) return { alone: 'newuidmap and newgidmap are not installed (package uidmap)' };
  if (given === undefined) {
    return {
      alone: `/etc/subuid and /etc/subgid give no numbers to ${name ?? uid}; where nobody else has these: usermod --add-subuids 100000-165535 --add-subgids 100000-165535 ${name ?? uid}`,
    };
  }
  return given;
}

interface Numbers {
  readonly first: number;
  readonly count: number;
}

/** Source: subuid(5): `NAME-OR-NUMBER:FIRST:COUNT`. */
function subordinate(text: string, uid: number, name: string | undefined): Numbers | undefined {
  for (const line of text.split('\n')) {
    const [who = '', first = '', count = ''] = line.trim().split(':');
    if (who !== String(uid) && (name === undefined || who !== name)) continue;
    if (/^\d+$/.test(first) && /^[1-9]\d*$/.test(count)) return { first: Number(first), count: Number(count) };
  }
  return undefined;
}

function joined(users: Numbers, groups: Numbers): IdentityRange {
  return { firstUid: users.first, firstGid: groups.first, count: Math.min(users.count, groups.count, MOST) };
}

/** Source: user_namespaces(7), /proc/PID/uid_map: first inside, first outside, how many. */
function covers(map: string, first: number, count: number): boolean {
  return map.split('\n').some((line) => {
    const [inside = Number.NaN, , length = 0] = line.trim().split(/\s+/).map(Number);
    return inside <= first && first + count <= inside + length;
  });
}

/** Lines of a map for a namespace below this process’s own. */
export function mapLines(own: number, first: number | undefined, count = 0): string {
  return first === undefined ? `0 ${own} 1\n` : `0 ${own} 1\n1 ${first} ${count}\n`;
}

/** The number outside that a number inside stands for; undefined when it has none. */
export function outside(inside: number, own: number, first: number | undefined, count: number): number | undefined {
  if (inside === 0) return own;
  return first === undefined || inside > count ? undefined : first + inside - 1;
}

/** Gives a new user namespace its users and groups; nobody else has written its maps. Throws Error. */
export async function mapIdentities(pid: number, { uid, gid, range }: Identities): Promise<void> {
  if (range !== undefined && uid !== 0) {
    const both = [
      ['newuidmap', String(uid), String(range.firstUid)],
      ['newgidmap', String(gid), String(range.firstGid)],
    ] as const;
    for (const [tool, own, first] of both) {
      const program = findOptional(tool);
      if (program === undefined) throw new Error(`${tool} is not there any more`);
      const lines = ['0', own, '1', '1', first, String(range.count)];
      await promisify(execFile)(program, [String(pid), ...lines], { cwd: '/', env: TOOL_ENVIRONMENT });
    }
    return;
  }
  // Without a right over the parent namespace the group list must be given up first. Source: user_namespaces(7).
  if (range === undefined && readFileSync(`/proc/${pid}/setgroups`, 'utf8').trim() === 'allow')
    writeFileSync(`/proc/${pid}/setgroups`, 'deny');
  writeFileSync(`/proc/${pid}/uid_map`, mapLines(uid, range?.firstUid, range?.count));
  writeFileSync(`/proc/${pid}/gid_map`, mapLines(gid, range?.firstGid, range?.count));
}

let known: Promise<Identities> | undefined;

/** This user's, found and tried once. */
export function ownIdentities(): Promise<Identities> {
  known ??= find();
  return known;
}

async function find(): Promise<Identities> {
  const uid = process.geteuid?.() ?? 0;
  const gid = process.getegid?.() ?? 0;
  const tools = findOptional('newuidmap') !== undefined && findOptional('newgidmap') !== undefined;
  const range = findRange({ uid, name: nameOfUser(), read: readText, tools });
  if ('alone' in range) return { uid, gid, alone: range.alone };
  try {
    await runAsRoot({ uid, gid, range }, ['true']);
    return { uid, gid, range };
  } catch (error) {
    return { uid, gid, alone: `the numbers of /etc/subuid cannot be used: ${(error as Error).message}` };
  }
}

/**
 * Runs a program as root of a user namespace that has these users: what belongs to any of them is its own. `input` is
 * its standard input. Throws Error with what it said.
 */
export async function runAsRoot(identities: Identities, command: readonly string[], input = ''): Promise<void> {
  const found = findTools();
  if ('missing' in found) throw new Error(`not installed: ${found.missing.join(', ')}`);
  const { unshare, sh } = found.tools;
  const child = spawn(unshare, ['--user', sh, '-c', 'echo; read mapped && exec "$@"', 'sh', ...command], {
    cwd: '/',
    env: TOOL_ENVIRONMENT,
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  let said = '';
  child.stderr.on('data', (chunk: Buffer) => {
    said += chunk;
  });
  child.stdin.on('error', () => {});
  const ended = new Promise<void>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) =>
      code === 0 ? resolve() : reject(new Error(said.trim() || `${command[0]} ended with ${code}`)),
    );
  });
  const ready = new Promise<void>((resolve) => child.stdout.once('data', () => resolve()));
  await Promise.race([ready, ended]);
  try {
    await mapIdentities(child.pid ?? 0, identities);
  } catch (error) {
    child.kill('SIGKILL');
    await ended.catch(() => {});
    throw error;
  }
  child.stdin.end(`\n${input}`);
  await ended;
}

function nameOfUser(): string | undefined {
  try {
    return userInfo().username;
  } catch {
    return undefined;
  }
}

function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}
