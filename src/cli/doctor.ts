import { release } from 'node:os';
import { availableRuntimes, preferredRuntime, type RuntimeAvailability } from '../agent/runtimes/available.ts';
import type { RuntimeName } from '../agent/runtimes/runtime.ts';
import { UserError } from '../core/errors.ts';
import type { Command } from './command.ts';
import { readArguments } from './flags.ts';
import { type Style, styleOf } from './output/style.ts';

const FLAGS = { json: { summary: 'print what was found as JSON' } } as const;

/** What a task of each runtime cannot see or touch, and what it can. */
const WALLS: Readonly<
  Record<RuntimeName, Readonly<Record<'files' | 'network' | 'processes' | 'credentials', string>>>
> = {
  process: {
    files: 'none: those of your user',
    network: 'none: that of this machine',
    processes: 'none: a task can read the environment of its neighbours',
    credentials: 'by loopback port and token, and the calling process (Linux)',
  },
  namespace: {
    files: 'a root of its own; of this machine only programs, read-only',
    network: 'its own, without a way out; only its endpoints and Rolecall answer',
    processes: 'its own; those of others are invisible',
    credentials: 'at 169.254.170.2, in the task’s own network only',
  },
  docker: {
    files: 'the image; of this machine what the task definition mounts',
    network: 'its own, behind the Engine’s',
    processes: 'its own; those of others are invisible, unless `pidMode` is host',
    credentials: 'at 169.254.170.2, in the task’s own network only',
  },
};

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
      const found = runtimes.map((runtime) => ({ ...runtime, walls: WALLS[runtime.name] }));
      const system = {
        node: process.version,
        platform: process.platform,
        architecture: process.arch,
        kernel: release(),
      };
      const report = { version: io.version, system, runtimes: found, auto: preferredRuntime(runtimes) };
      io.stdout.write(`${JSON.stringify(report, undefined, 2)}\n`);
      return 0;
    }
    io.stdout.write(`${report(runtimes, io.version, styleOf(io, io.stdout)).join('\n')}\n`);
    return 0;
  },
};

function report(runtimes: readonly RuntimeAvailability[], version: string, style: Style): string[] {
  const root = process.getuid?.() === 0 ? ', as root' : '';
  return [
    `${style.bold(`Rolecall ${version}`)}  Node ${process.version}, ${process.platform} ${release()} ${process.arch}${root}`,
    ...runtimes.flatMap((runtime) => ['', ...runtimeLines(runtime, style)]),
    '',
    `\`--runtime auto\` is ${preferredRuntime(runtimes)} here.`,
  ];
}

function runtimeLines({ name, available, reason }: RuntimeAvailability, style: Style): string[] {
  const verdict = available ? style.green('works here') : style.yellow(`does not work here: ${reason}`);
  const walls = Object.entries(WALLS[name]).map(([what, text]) => `  ${what.padEnd(13)}${style.dim(text)}`);
  return [`${style.bold(name)}  ${verdict}`, ...walls];
}
