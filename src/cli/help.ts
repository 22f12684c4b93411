import type { Command, CommandEntry } from './command.ts';

/** `rolecall --help`. */
export function overview(commands: readonly CommandEntry[], version: string): string {
  const width = Math.max(...commands.map(({ name }) => name.length)) + 2;
  return [
    `rolecall ${version}`,
    'Run Amazon ECS task definitions on your own machine with the IAM roles they will have in AWS.',
    '',
    'Usage: rolecall COMMAND [options]',
    '',
    ...commands.map(({ name, summary }) => `  ${name.padEnd(width)}${summary}`),
    `  ${'help'.padEnd(width)}rolecall help COMMAND shows all options of a command`,
    '',
    'Options: --help, --version',
    'Example: rolecall run examples/orders',
    '',
  ].join('\n');
}

/** `rolecall help COMMAND`. */
export function commandHelp({ name, summary }: CommandEntry, { usage, flags, notes }: Command): string {
  const entries = Object.entries(flags).map(([flag, { value, oneOf, summary: text }]) => {
    const values = oneOf === undefined ? (value ?? '') : oneOf.join('|');
    return [`--${flag}${values === '' ? '' : ` ${values}`}`, text] as const;
  });
  const width = Math.max(0, ...entries.map(([left]) => left.length)) + 2;
  return [
    `Usage: rolecall ${name} ${usage}`,
    '',
    `${summary.charAt(0).toUpperCase()}${summary.slice(1)}.`,
    '',
    ...entries.map(([left, text]) => `  ${left.padEnd(width)}${text}`),
    ...(notes ?? []).flatMap((note) => ['', note]),
    '',
  ].join('\n');
}
