import { spawn } from 'node:child_process';
import { constants } from 'node:os';
import { signalGroup } from '../process-table.ts';
import type { ExecResult } from '../runtime.ts';
import { TOOL_ENVIRONMENT } from '../socket-handover.ts';
import type { TaskNamespaces } from './namespaces.ts';
import type { Tools } from './tools.ts';

const OUTPUT_LIMIT = 4096;

export interface Execution {
  readonly command: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  readonly timeoutMilliseconds: number;
}

/**
 * Runs a command beside a container's program. It enters the task first, whose root may join the namespaces of its
 * containers, and then the program's own; the user namespace comes last, and with it goes every right over the sandbox.
 */
export async function executeInside(
  tools: Tools,
  namespaces: TaskNamespaces,
  pid: number,
  { command, environment, timeoutMilliseconds }: Execution,
): Promise<ExecResult> {
  const { outside, inside } = divide(environment);
  const line = inside.length === 0 ? command : ['env', ...inside, ...command];
  // biome-ignore format: one option after the other
  const join = [
    tools.nsenter, '--target', String(pid), '--mount', '--pid', '--net', '--ipc', '--uts', '--user', '--wd',
    '--preserve-credentials', '--', ...line,
  ];
  const [program, ...args] = namespaces.enter(['user'], join);
  const child = spawn(program, args, {
    cwd: '/',
    env: { ...outside, PATH: outside.PATH ?? (TOOL_ENVIRONMENT.PATH as string) },
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  const collect = (chunk: Buffer) => {
    if (output.length < OUTPUT_LIMIT) output += chunk.toString('utf8');
  };
  child.stdout.on('data', collect);
  child.stderr.on('data', collect);
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
    return { code, output: output.slice(0, OUTPUT_LIMIT), timedOut };
  } finally {
    clearTimeout(timer);
    end();
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
