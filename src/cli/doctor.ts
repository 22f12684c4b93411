import { release } from 'node:os';
import { availableRuntimes, preferredRuntime, type RuntimeAvailability } from '../agent/runtimes/available.ts';
import type { RuntimeName } from '../agent/runtimes/runtime.ts';
import { UserError } from '../core/errors.ts';
import type { Command } from './command.ts';
import { readArguments } from './flags.ts';
import type { Io } from './io.ts';
import { type Style, styleOf } from './output/style.ts';
import { runtimeChoice } from './runtime-choice.ts';

const FLAGS = { json: { summary: 'print what was found as JSON' } } as const;

type Walls = Readonly<Record<'files' | 'network' | 'processes' | 'credentials' | 'limits' | 'users', string>>;

/** What a task of each runtime cannot see or touch, and what it can. */
const WALLS: Readonly<Record<RuntimeName, Walls>> = {
  process: {
    files: 'none: those of your user',
    network: 'none: that of this machine',
    processes: 'none: a task can read the environment of its neighbours',
    credentials: 'by loopback port and token, and the calling process (Linux)',
    limits: 'none: a task uses what your user can',
    users: 'yours alone',
  },
  namespace: {
    files: 'a root of its own; of this machine only programs, read-only',
    network: 'its own, without a way out; only its endpoints and Rolecall answer',
    processes: 'its own; those of others are invisible',
    credentials: 'at 169.254.170.2, in the task’s own network only',
    limits: 'of CPU and memory',
    users: 'those of the image',
  },
  docker: {
    files: 'the image; of this machine what the task definition mounts',
    network: 'its own, behind the Engine’s',
    processes: 'its own; those of others are invisible, unless `pidMode` is host',
    credentials: 'at 169.254.170.2, in the task’s own network only',
    limits: 'CPU and memory are limited by the Engine',
    users: 'those of the image, as the Engine maps them',
  },
};

/** Some walls stand on what this machine and this user can do. */
function wallsOf({ name, details }: RuntimeAvailability): Walls {
  return { ...WALLS[name], ...details };
}

export const doctorCommand: Command = {
  usage: '[options]',
  flags: FLAGS,
  notes: ['It ends with 0 whatever it finds: the process runtime works everywhere.'],
  async run(args, io) {
    const { flags, positionals } = readArguments('doctor', FLAGS, args);
    if (positionals.length > 0)
      throw new UserError(
        'argument-unexpected',
        `\`rolecall doctor\` takes no argument, and there is \`${positionals[0]}\``,
        'Write `rolecall doctor`.',
      );
    const runtimes = await availableRuntimes();
    if (flags.json) {
      const found = runtimes.map(({ details, ...runtime }) => ({
        ...runtime,
        walls: wallsOf({ ...runtime, ...(details === undefined ? {} : { details }) }),
      }));
      const system = {
        node: process.version,
        platform: process.platform,
        architecture: process.arch,
        kernel: release(),
      };
      const transparent = transparentRuntimes(runtimes);
      const problem = environmentProblem(io);
      const report = {
        version: io.version,
        system,
        runtimes: found,
        auto: preferredRuntime(runtimes),
        transparent,
        problems: problem === undefined ? [] : [problem],
      };
      io.stdout.write(`${JSON.stringify(report, undefined, 2)}\n`);
      return 0;
    }
    const style = styleOf(io, io.stdout);
    const problem = environmentProblem(io);
    const lines = [...report(runtimes, io.version, style), ...(problem === undefined ? [] : [style.yellow(problem)])];
    io.stdout.write(`${lines.join('\n')}\n`);
    return 0;
  },
};

/** What `run` and `up` would refuse in the environment. */
function environmentProblem(io: Io): string | undefined {
  try {
    runtimeChoice(undefined, io);
  } catch (error) {
    if (error instanceof UserError) return `${error.message}: \`run\` and \`up\` refuse it. ${error.help}`;
    throw error;
  }
  return undefined;
}

function report(runtimes: readonly RuntimeAvailability[], version: string, style: Style): string[] {
  const root = process.getuid?.() === 0 ? ', as root' : '';
  return [
    `${style.bold(`Rolecall ${version}`)}  Node ${process.version}, ${process.platform} ${release()} ${process.arch}${root}`,
    ...runtimes.flatMap((runtime) => ['', ...runtimeLines(runtime, style)]),
    '',
    `\`--runtime auto\` is ${preferredRuntime(runtimes)} here.`,
    transparentLine(transparentRuntimes(runtimes)),
  ];
}

/** The runtimes that can be had here and whose tasks have a network of their own. */
function transparentRuntimes(runtimes: readonly RuntimeAvailability[]): readonly RuntimeName[] {
  return runtimes.filter(({ available, name }) => available && name !== 'process').map(({ name }) => name);
}

function transparentLine(names: readonly RuntimeName[]): string {
  if (names.length > 0) return `\`--transparent\` works here with ${names.join(' and ')}.`;
  return '`--transparent` does not work here: it needs the runtime namespace or docker.';
}

function runtimeLines(runtime: RuntimeAvailability, style: Style): string[] {
  const { name, available, reason } = runtime;
  const verdict = available ? style.green('works here') : style.yellow(`does not work here: ${reason}`);
  const walls = Object.entries(wallsOf(runtime)).map(([what, text]) => `  ${what.padEnd(13)}${style.dim(text)}`);
  return [`${style.bold(name)}  ${verdict}`, ...walls];
}
