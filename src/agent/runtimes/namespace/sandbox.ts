import type * as Ecs from '../../../wire/generated/types/ecs.ts';

/** Something of the container's file system that is laid over its root. */
export type Mount =
  | {
      readonly kind: 'bind';
      readonly source: string;
      readonly target: string;
      readonly readOnly: boolean;
      /** A volume that begins with what the image has at its place. */
      readonly fresh?: boolean;
    }
  | {
      readonly kind: 'tmpfs';
      readonly target: string;
      readonly bytes?: number;
      readonly mode: string;
      readonly readOnly: boolean;
    }
  | { readonly kind: 'directory' | 'hide'; readonly target: string }
  | { readonly kind: 'link'; readonly target: string; readonly to: string };

/** All that a container is given. */
export interface SandboxPlan {
  /** In order: what comes later lies over what came before. */
  readonly mounts: readonly Mount[];
  readonly readOnlyRoot: boolean;
  readonly uid: number;
  readonly gid: number;
  /** The container has the users of its task, and begins with the entry program; else it has this one user alone. */
  readonly severalUsers: boolean;
  readonly capabilities: readonly string[];
  readonly hostname: string;
  readonly workingDirectory: string;
  /** Whether it is made when it is missing. */
  readonly makeWorkingDirectory: boolean;
  /** A first process that looks after orphans. */
  readonly init: boolean;
  /** Share the task's IPC namespace. */
  readonly sharedIpc: boolean;
  /** No network but its own loopback. */
  readonly noNetwork: boolean;
  readonly sharedMemory: number;
}

/** Docker's default set. Source: moby, oci/caps/defaults.go. */
const DEFAULT_CAPABILITIES = [
  'CHOWN',
  'DAC_OVERRIDE',
  'FSETID',
  'FOWNER',
  'MKNOD',
  'NET_RAW',
  'SETGID',
  'SETUID',
  'SETFCAP',
  'SETPCAP',
  'NET_BIND_SERVICE',
  'SYS_CHROOT',
  'KILL',
  'AUDIT_WRITE',
];

/** Rights that work on the container's own processes and files; all others would need rights over the machine or the network. */
export const OWN_CAPABILITIES: ReadonlySet<string> = new Set([
  'CHOWN',
  'DAC_OVERRIDE',
  'DAC_READ_SEARCH',
  'FSETID',
  'FOWNER',
  'SETGID',
  'SETUID',
  'SETFCAP',
  'SETPCAP',
  'KILL',
  'SYS_CHROOT',
  'SYS_PTRACE',
  'NET_BIND_SERVICE',
  'AUDIT_WRITE',
  'MKNOD',
  'NET_RAW',
  'LEASE',
]);

/** The capabilities of a container's root. `ALL` drops or adds as many as there are. */
export function capabilitiesOf(asked: Ecs.KernelCapabilities | undefined): readonly string[] {
  const drop = new Set((asked?.drop ?? []).map(bare));
  const add = (asked?.add ?? []).map(bare);
  const kept = drop.has('ALL') ? [] : DEFAULT_CAPABILITIES.filter((name) => !drop.has(name));
  const added = add.includes('ALL') ? [...OWN_CAPABILITIES] : add.filter((name) => OWN_CAPABILITIES.has(name));
  return [...new Set([...kept, ...added])];
}

/** Their bits as the kernel numbers them. Source: linux/capability.h. */
export function capabilityBits(names: readonly string[]): bigint {
  return names.reduce((bits, name) => bits | (1n << BigInt(NUMBERS.indexOf(name))), 0n);
}

/** In the order of their numbers. */
const NUMBERS = [
  'CHOWN',
  'DAC_OVERRIDE',
  'DAC_READ_SEARCH',
  'FOWNER',
  'FSETID',
  'KILL',
  'SETGID',
  'SETUID',
  'SETPCAP',
  'LINUX_IMMUTABLE',
  'NET_BIND_SERVICE',
  'NET_BROADCAST',
  'NET_ADMIN',
  'NET_RAW',
  'IPC_LOCK',
  'IPC_OWNER',
  'SYS_MODULE',
  'SYS_RAWIO',
  'SYS_CHROOT',
  'SYS_PTRACE',
  'SYS_PACCT',
  'SYS_ADMIN',
  'SYS_BOOT',
  'SYS_NICE',
  'SYS_RESOURCE',
  'SYS_TIME',
  'SYS_TTY_CONFIG',
  'MKNOD',
  'LEASE',
  'AUDIT_WRITE',
  'AUDIT_CONTROL',
  'SETFCAP',
];

/** Descriptors that a sandbox with several users is launched with. */
export const USER_NAMESPACE_FD = 5;
export const ENTRY_FD = 6;

export function bare(capability: string): string {
  return capability.toUpperCase().replace(/^CAP_/, '');
}

/**
 * Parts of /proc that are the machine's: where the agent is root, so is a container's root as far as their permissions go.
 * Source: moby, oci/defaults.go, ReadonlyPaths.
 */
const READ_ONLY = ['bus', 'fs', 'irq', 'sys', 'sysrq-trigger'];
/** Files of /proc that tell of the machine, not of the container. Source: moby, oci/defaults.go, MaskedPaths. */
const MASKED = ['acpi', 'asound', 'kcore', 'keys', 'latency_stats', 'sched_debug', 'scsi', 'timer_list', 'timer_stats'];

/**
 * bubblewrap's arguments. `inProc` says what a name below /proc is on this machine.
 *
 * The sandbox has two user namespaces: mounts belong to the outer one, the program runs in the inner one
 * (`--disable-userns`, or with several users the task's second one). So even a program that has every capability in there
 * cannot undo a mount.
 */
export function sandboxArguments(
  plan: SandboxPlan,
  inProc: (name: string) => 'file' | 'directory' | undefined,
): readonly string[] {
  const args = [
    ...(plan.severalUsers
      ? ['--userns2', String(USER_NAMESPACE_FD)]
      : ['--unshare-user', '--disable-userns', '--uid', String(plan.uid), '--gid', String(plan.gid)]),
    '--unshare-pid',
    '--unshare-uts',
    '--unshare-cgroup-try',
    '--new-session',
    '--hostname',
    plan.hostname,
    '--cap-drop',
    'ALL',
  ];
  if (!plan.init) args.push('--as-pid-1');
  if (!plan.sharedIpc) args.push('--unshare-ipc');
  if (plan.noNetwork) args.push('--unshare-net');
  // Rights of root alone: another user has none, as in Docker.
  const own = plan.uid === 0 ? plan.capabilities : [];
  // The entry program puts down what it needs to become the container's user.
  const entry = plan.severalUsers ? ['SETUID', 'SETGID'] : [];
  for (const name of new Set([...own, ...entry])) args.push('--cap-add', `CAP_${name}`);
  const [first, ...rest] = plan.mounts;
  // What lies at / must come before /proc and /dev.
  const root = first?.target === '/' ? first : undefined;
  if (root !== undefined) args.push(...mountArguments(root));
  args.push('--proc', '/proc');
  for (const name of READ_ONLY) {
    if (inProc(name) !== undefined) args.push('--ro-bind', `/proc/${name}`, `/proc/${name}`);
  }
  for (const name of MASKED) {
    const kind = inProc(name);
    if (kind === 'file') args.push('--ro-bind', '/dev/null', `/proc/${name}`);
    if (kind === 'directory') args.push('--tmpfs', `/proc/${name}`, '--remount-ro', `/proc/${name}`);
  }
  args.push('--dev', '/dev', '--perms', '1777', '--size', String(plan.sharedMemory), '--tmpfs', '/dev/shm');
  if (!plan.sharedIpc) args.push('--mqueue', '/dev/mqueue');
  for (const mount of root === undefined ? plan.mounts : rest) args.push(...mountArguments(mount));
  if (plan.makeWorkingDirectory) args.push('--dir', plan.workingDirectory);
  if (plan.readOnlyRoot) args.push('--remount-ro', '/');
  args.push('--chdir', plan.workingDirectory);
  return args;
}

function mountArguments(mount: Mount): readonly string[] {
  const { target } = mount;
  switch (mount.kind) {
    case 'bind':
      return [mount.readOnly ? '--ro-bind' : '--bind', mount.source, target];
    case 'tmpfs': {
      const size = mount.bytes === undefined ? [] : ['--size', String(mount.bytes)];
      const closed = mount.readOnly ? ['--remount-ro', target] : [];
      return ['--perms', mount.mode, ...size, '--tmpfs', target, ...closed];
    }
    case 'directory':
      return ['--dir', target];
    case 'hide':
      return ['--perms', '0000', '--tmpfs', target, '--remount-ro', target];
    case 'link':
      return ['--symlink', mount.to, target];
  }
}
