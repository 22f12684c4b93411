import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { chmodSync, closeSync, openSync, rmSync, writeFileSync } from 'node:fs';
import { constants } from 'node:os';
import { join } from 'node:path';
import { signalGroup } from '../process-table.ts';
import type { ExecResult } from '../runtime.ts';
import { TOOL_ENVIRONMENT } from '../tool-environment.ts';
import { candidates, type Entry, entryError, entryProgram } from './entry-program.ts';
import type { Limiter } from './limits/limiter.ts';
import type { TaskNamespaces } from './namespaces.ts';
import { withoutInherited } from './processes.ts';
import { capabilityBits } from './sandbox.ts';
import { besideReason } from './start-reason.ts';
import type { Tools } from './tools.ts';

const OUTPUT_LIMIT = 4096;
/** Descriptor that the entry program is run by; it closes it. */
const ENTRY_FD = 3;

export interface Execution {
  readonly command: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  readonly timeoutMilliseconds: number;
  /** Undefined: the container has one user alone. */
  readonly user: { readonly uid: number; readonly gid: number; readonly groups: readonly number[] } | undefined;
  /** Of the container's program. */
  readonly capabilities: readonly string[];
  /** A directory of the container's that nothing in it sees. */
  readonly directory: string;
  readonly limiter: Pick<Limiter, 'around'>;
}

/**
 * Runs a command beside a container's program. It enters the task first, whose root may join the namespaces of its
 * containers, and then the program's own; the user namespace comes last, and with it goes every right over the sandbox.
 * In there it would have every right that a user namespace knows: the entry program puts down all but the container's own.
 */
export async function executeInside(
  tools: Tools,
  namespaces: TaskNamespaces,
  pid: number,
  { command, environment, timeoutMilliseconds, user, capabilities, directory, limiter }: Execution,
): Promise<ExecResult> {
  const { outside, inside } = divide(environment);
  const line = inside.length === 0 ? command : ['env', ...inside, ...command];
  const join = [
    tools.nsenter,
    '--target',
    String(pid),
    '--mount',
    '--pid',
    '--net',
    '--ipc',
    '--uts',
    '--user',
    '--wd',
    ...(user === undefined ? ['--preserve-credentials'] : ['--setuid', '0', '--setgid', '0']),
    '--',
    `/proc/self/fd/${ENTRY_FD}`,
    ...line,
  ];
  const path = environment.PATH ?? (TOOL_ENVIRONMENT.PATH as string);
  const entry = openEntry(directory, {
    ...(user ?? { keepsUser: true, uid: 0, gid: 0, groups: [] }),
    capabilities: capabilityBits(capabilities),
    programs: candidates(line[0] ?? '', path),
  });
  const [program, ...args] = limiter.around(namespaces.enter(['user'], join));
  const nothing = openSync('/dev/null', 'r');
  const child = spawn(program, args, {
    cwd: '/',
    env: { ...outside, PATH: path },
    detached: true,
    stdio: withoutInherited(['ignore', 'pipe' as const, 'pipe' as const, entry], nothing),
  });
  closeSync(nothing);
  closeSync(entry);
  let output = Buffer.alloc(0);
  const collect = (chunk: Buffer) => {
    if (output.length < OUTPUT_LIMIT) output = Buffer.concat([output, chunk]);
  };
  child.stdout?.on('data', collect);
  child.stderr?.on('data', collect);
  const end = () => {
    if (child.pid !== undefined) signalGroup({ pid: child.pid, started: '' }, 'SIGKILL');
  };
  let timedOut = false;
  const timer = setTimeout(() => {
    timedOut = true;
    end();
  }, timeoutMilliseconds);
  try {
    const code = await new Promise<number>((resolve) => {
      child.once('error', () => resolve(127));
      child.once('exit', (status, signal) =>
        resolve(status ?? 128 + (signal === null ? 0 : (constants.signals[signal] ?? 0))),
      );
    });
    const error = code === 127 ? entryError(output) : undefined;
    const said = error === undefined ? output.toString('utf8') : besideReason(command[0] ?? '', error);
    return { code, output: said.slice(0, OUTPUT_LIMIT), timedOut };
  } finally {
    clearTimeout(timer);
    end();
  }
}

/** An entry program without a name: nothing of it is left once it has run. */
function openEntry(directory: string, entry: Entry): number {
  const file = join(directory, `${randomUUID()}.entry`);
  // Executable for all: it is the container's user's when it is looked at.
  writeFileSync(file, entryProgram(process.arch, entry), { mode: 0o755 });
  try {
    chmodSync(file, 0o755);
    return openSync(file, 'r');
  } finally {
    rmSync(file);
  }
}

/** Variables that change how a program is loaded or speaks: they would act on the programs that enter the container. */
const ACTS_OUTSIDE =
  /^(LD_.*|GLIBC_TUNABLES|GCONV_PATH|LOCPATH|NLSPATH|LANGUAGE|MALLOC_.*|TMPDIR|RES_OPTIONS|HOSTALIASES)$/;

/** Those are set by `env` once inside; they hold paths and switches, so that standing in its arguments tells nobody a secret. */
export function divide(environment: Readonly<Record<string, string>>): {
  readonly outside: Record<string, string>;
  readonly inside: readonly string[];
} {
  const outside: Record<string, string> = {};
  const inside: string[] = [];
  for (const [name, value] of Object.entries(environment)) {
    if (ACTS_OUTSIDE.test(name)) inside.push(`${name}=${value}`);
    else outside[name] = value;
  }
  return { outside, inside };
}
