import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { TOOL_ENVIRONMENT } from '../tool-environment.ts';
import { type Identities, ownIdentities } from './identities.ts';
import { aboutLimits } from './limits/about.ts';
import { type Enforcement, findEnforcement } from './limits/limiter.ts';
import { findTools } from './tools.ts';

export interface NamespaceSupport {
  readonly available: boolean;
  /** Why not, and what would help; absent when available. */
  readonly reason?: string;
}

/** Milliseconds; a machine that takes longer for an empty sandbox is not refusing it. */
const PROBE_TIMEOUT = 20_000;

/**
 * Whether this user may make the namespaces that the runtime is built of. It tries: nothing that the system says of
 * itself is as sure as that. The reason names what stands in the way.
 */
export function namespaceSupport(): NamespaceSupport {
  if (process.platform !== 'linux') {
    return { available: false, reason: `namespaces are Linux’s own; this is ${process.platform}` };
  }
  const found = findTools();
  if ('missing' in found) {
    return { available: false, reason: `not installed: ${found.missing.join(', ')}` };
  }
  const { unshare, bwrap, sh, ip } = found.tools;
  const first = run(unshare, [
    '--user',
    '--map-root-user',
    '--net',
    '--mount',
    '--pid',
    '--ipc',
    '--uts',
    '--fork',
    sh,
    '-c',
    ':',
  ]);
  if (first !== undefined) return { available: false, reason: whyRefused(first) };
  const sandbox = [
    '--user',
    '--map-root-user',
    '--net',
    '--mount',
    '--pid',
    '--fork',
    bwrap,
    '--unshare-user',
    '--disable-userns',
    '--unshare-pid',
    '--ro-bind',
    '/',
    '/',
    '--proc',
    '/proc',
    '--dev',
    '/dev',
    sh,
    '-c',
    ':',
  ];
  const second = run(unshare, sandbox);
  if (second !== undefined) {
    const old = second.includes('Unknown option') ? ' (bubblewrap 0.8 or later is needed)' : '';
    return { available: false, reason: `bubblewrap cannot build a sandbox here: ${second}${old}` };
  }
  const cable = [
    '--user',
    '--map-root-user',
    '--net',
    ip,
    'link',
    'add',
    'aws',
    'type',
    'veth',
    'peer',
    'name',
    'task',
  ];
  const third = run(unshare, cable);
  if (third === undefined) return { available: true };
  return { available: false, reason: `no pair of virtual Ethernet devices (veth) can be made here: ${third}` };
}

/** What limits and which users containers can have here; nothing is changed. */
export async function namespaceDetails(
  enforcement: Enforcement = findEnforcement(),
  identities: Identities | undefined = undefined,
): Promise<Readonly<Record<'limits' | 'users', string>>> {
  const { range, alone } = identities ?? (await ownIdentities());
  return {
    limits: aboutLimits(enforcement),
    users:
      range === undefined
        ? `one in each container, to whom all files belong: ${alone}`
        : `0 to ${range.count}; outside they are ${range.firstUid} to ${range.firstUid + range.count - 1}, but for root, who is your user`,
  };
}

/** Undefined when it went well, else what was said. */
function run(program: string, args: readonly string[]): string | undefined {
  const { status, stderr, error } = spawnSync(program, args, {
    env: TOOL_ENVIRONMENT,
    stdio: ['ignore', 'ignore', 'pipe'],
    encoding: 'utf8',
    timeout: PROBE_TIMEOUT,
    cwd: '/',
  });
  if (status === 0) return undefined;
  return error?.message ?? (stderr.trim().split('\n')[0] || `${program} ended with ${status}`);
}

/** What of the system's settings explains a refusal. `read` is there for tests. */
export function whyRefused(said: string, read: (file: string) => string | undefined = readSetting): string {
  const uid = process.getuid?.() ?? 0;
  if (read('/proc/sys/user/max_user_namespaces') === '0') {
    return `user namespaces are switched off: sysctl user.max_user_namespaces is 0 (${said})`;
  }
  if (uid !== 0 && read('/proc/sys/kernel/unprivileged_userns_clone') === '0') {
    return `user namespaces are switched off for ordinary users: set sysctl kernel.unprivileged_userns_clone=1 (${said})`;
  }
  // Source: Ubuntu 23.10 release notes, restricted unprivileged user namespaces.
  if (uid !== 0 && read('/proc/sys/kernel/apparmor_restrict_unprivileged_userns') === '1') {
    return `AppArmor refuses user namespaces to ordinary users (as on Ubuntu 24.04): set sysctl kernel.apparmor_restrict_unprivileged_userns=0, or allow /usr/bin/unshare by a profile (${said})`;
  }
  if (/^Seccomp:\s*2$/m.test(read('/proc/self/status') ?? '')) {
    return `a seccomp filter is at work, as in a container with its engine's default profile: it refuses namespaces (${said})`;
  }
  return `the system refuses namespaces: ${said}`;
}

function readSetting(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8').trim();
  } catch {
    return undefined;
  }
}
