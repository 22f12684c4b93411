import { UserError } from '../core/errors.ts';
import { placeOf, SourceError } from '../sources/origin.ts';
import { nearestName } from '../sources/suggest.ts';
import type { CommandEntry } from './command.ts';
import { commandHelp, overview } from './help.ts';
import type { Io } from './io.ts';
import { harmless, styleOf } from './output/style.ts';

/** What is known of a command before it is loaded: a command that is not asked for costs nothing. */
const COMMANDS: readonly CommandEntry[] = [
  {
    name: 'run',
    summary: 'run the task definitions of a workload, and show every call their roles make',
    load: async () => (await import('./run.ts')).runCommand,
  },
  {
    name: 'check',
    summary: 'say before a deployment what each role will be refused, and the smallest fix',
    load: async () => (await import('./check.ts')).checkCommand,
  },
  {
    name: 'policy',
    summary: 'print the least policies that the roles of a workload need',
    load: async () => (await import('./policy.ts')).policyCommand,
  },
  {
    name: 'plan',
    summary: 'print every AWS call that ECS will make for a task, and with which role',
    load: async () => (await import('./plan.ts')).planCommand,
  },
  {
    name: 'explain',
    summary: 'say what an error text of AWS means, and what in a workload caused it',
    load: async () => (await import('./explain.ts')).explainCommand,
  },
  {
    name: 'up',
    summary: 'serve the AWS APIs to any client until Ctrl-C',
    load: async () => (await import('./up.ts')).upCommand,
  },
  {
    name: 'trail',
    summary: 'show every call that a running server has answered, and what decided it',
    load: async () => (await import('./trail.ts')).trailCommand,
  },
  {
    name: 'instance',
    summary: 'add a container instance to a cluster of a running server',
    load: async () => (await import('./instance.ts')).instanceCommand,
  },
  {
    name: 'images',
    summary: 'put images into the registry of a running server',
    load: async () => (await import('./images.ts')).imagesCommand,
  },
  {
    name: 'doctor',
    summary: 'say what this machine can do, and what each runtime isolates',
    load: async () => (await import('./doctor.ts')).doctorCommand,
  },
  {
    name: 'test',
    summary: 'run policy tests kept as data',
    load: async () => {
      const { testCommand } = await import('./test.ts');
      return {
        usage: 'FILE... [options]',
        flags: {
          json: { summary: 'print the results as JSON' },
          junit: { value: 'FILE', summary: 'write the results as JUnit XML to FILE' },
        },
        run: (args, io) => testCommand([...args], io),
      };
    },
  },
];

/** Bad input. */
const BAD_INPUT = 2;
/** A bug in Rolecall itself. */
const BUG = 70;

/** Carries out a command line; gives the exit code and never throws. */
export async function runProgram(argv: readonly string[], io: Io): Promise<number> {
  try {
    return await dispatch(argv, io);
  } catch (error) {
    if (error instanceof UserError) {
      io.stderr.write(errorText(error, io));
      return BAD_INPUT;
    }
    const message = error instanceof Error ? error.message : String(error);
    io.stderr.write(
      `error: this is a bug in Rolecall: ${message}\n  help: ${io.logBug(error)} says more; please report it\n`,
    );
    return BUG;
  }
}

async function dispatch(argv: readonly string[], io: Io): Promise<number> {
  const [first, ...rest] = argv;
  if (first === undefined || first === '--help' || first === '-h' || (first === 'help' && rest.length === 0)) {
    io.stdout.write(overview(COMMANDS, io.version));
    return first === undefined ? BAD_INPUT : 0;
  }
  if (first === '--version' || first === '-v') {
    io.stdout.write(`${io.version}\n`);
    return 0;
  }
  if (first === 'help') {
    io.stdout.write(await helpFor(named(rest[0]!)));
    return 0;
  }
  const command = named(first);
  const options = rest.includes('--') ? rest.slice(0, rest.indexOf('--')) : rest;
  if (options.includes('--help') || options.includes('-h')) {
    io.stdout.write(await helpFor(command));
    return 0;
  }
  return (await command.load()).run(rest, io);
}

async function helpFor(entry: CommandEntry): Promise<string> {
  return commandHelp(entry, await entry.load());
}

/** @throws UserError */
function named(name: string): CommandEntry {
  const command = COMMANDS.find((each) => each.name === name);
  if (command !== undefined) return command;
  const names = COMMANDS.map((each) => each.name);
  const similar = nearestName(name, names);
  const what = name.startsWith('-')
    ? `there is no option \`${name}\` before a command`
    : `there is no command \`${name}\``;
  throw new UserError(
    'command-unknown',
    what,
    similar === undefined ? `Commands: ${names.join(', ')}, help.` : `Did you mean \`${similar}\`?`,
  );
}

/** `error[code]: what happened`, where, and what to do. */
export function errorText(error: UserError, io: Io): string {
  const style = styleOf(io, io.stderr);
  const place = error instanceof SourceError ? `  at ${placeOf(error.origin)}\n` : '';
  // Names in a message come from files of others.
  return `${style.red(`error[${error.code}]`)}: ${harmless(error.message)}\n${harmless(place)}  help: ${harmless(error.help)}\n`;
}
