import { parseArgs } from 'node:util';
import { UserError } from '../core/errors.ts';
import { nearestName } from '../sources/suggest.ts';

/** One option of a command. */
export interface Flag {
  /** Placeholder of its value, e.g. `DIR`; a flag without one is a switch. */
  readonly value?: string;
  readonly summary: string;
  readonly repeatable?: boolean;
  /** The values it takes, where they are few. */
  readonly oneOf?: readonly string[];
}

export type Flags = Readonly<Record<string, Flag>>;

type Parsed<F extends Flag> = F extends { readonly repeatable: true }
  ? readonly string[]
  : F extends { readonly value: string }
    ? string | undefined
    : boolean;

export interface Arguments<F extends Flags> {
  readonly flags: { readonly [N in keyof F]: Parsed<F[N]> };
  readonly positionals: readonly string[];
}

/** Reads the arguments of a command. @throws UserError that names the flag and what it takes. */
export function readArguments<const F extends Flags>(command: string, flags: F, args: readonly string[]): Arguments<F> {
  const options = Object.fromEntries(
    Object.entries(flags).map(([name, { value, repeatable }]) => [
      name,
      { type: value === undefined ? ('boolean' as const) : ('string' as const), multiple: repeatable === true },
    ]),
  );
  const { tokens } = parseArgs({ args: [...args], options, strict: false, allowPositionals: true, tokens: true });
  const values: Record<string, string | boolean | string[]> = {};
  const positionals: string[] = [];
  for (const [name, { repeatable, value }] of Object.entries(flags))
    if (repeatable === true) values[name] = [];
    else if (value === undefined) values[name] = false;
  for (const token of tokens) {
    if (token.kind === 'positional') positionals.push(token.value);
    if (token.kind !== 'option') continue;
    const flag = Object.hasOwn(flags, token.name) ? flags[token.name]! : undefined;
    if (flag === undefined) throw unknownFlag(command, flags, token.rawName);
    values[token.name] = flagValue(command, token, flag, values[token.name]);
  }
  return { flags: values as Arguments<F>['flags'], positionals };
}

interface OptionToken {
  readonly name: string;
  readonly rawName: string;
  readonly value?: string | undefined;
}

function flagValue(
  command: string,
  { name, value }: OptionToken,
  flag: Flag,
  before: unknown,
): string | boolean | string[] {
  const help = `Run \`rolecall help ${command}\` for all options.`;
  if (flag.value === undefined) {
    if (value === undefined) return true;
    throw new UserError('flag-value', `--${name} takes no value, and was given \`${value}\``, help);
  }
  // `--port --json`: the next option is not meant as the value.
  if (value === undefined || value === '' || value.startsWith('--'))
    throw new UserError(
      'flag-value',
      `--${name} needs a value: --${name} ${flag.value}`,
      flag.oneOf === undefined ? help : `Values: ${flag.oneOf.join(', ')}.`,
    );
  if (flag.oneOf !== undefined && !flag.oneOf.includes(value)) {
    const similar = nearestName(value, flag.oneOf);
    const hint = similar === undefined ? '' : ` Did you mean \`${similar}\`?`;
    throw new UserError(
      'flag-value',
      `--${name} does not take \`${value}\``,
      `Values: ${flag.oneOf.join(', ')}.${hint}`,
    );
  }
  if (flag.repeatable === true) return [...(before as string[]), value];
  if (before !== undefined) throw new UserError('flag-twice', `--${name} is given twice`, 'Give it once.');
  return value;
}

function unknownFlag(command: string, flags: Flags, given: string): UserError {
  const names = Object.keys(flags);
  const similar = nearestName(given.replace(/^-+/, ''), names);
  const list = names.map((name) => `--${name}`).join(', ');
  return new UserError(
    'flag-unknown',
    `\`rolecall ${command}\` has no option \`${given}\``,
    similar === undefined ? `Options: ${list}.` : `Did you mean \`--${similar}\`? Options: ${list}.`,
  );
}

/** `NAME=VALUE` pairs of a repeatable flag; each name once. @throws UserError */
export function pairs(flag: string, texts: readonly string[], example = 'Environment=dev'): Map<string, string> {
  const result = new Map<string, string>();
  for (const text of texts) {
    const at = text.indexOf('=');
    if (at < 1)
      throw new UserError(
        'flag-value',
        `--${flag} ${text} is not of the form NAME=VALUE`,
        `Example: --${flag} ${example}`,
      );
    const name = text.slice(0, at);
    if (result.has(name)) throw new UserError('flag-twice', `--${flag} ${name} is given twice`, 'Give it once.');
    result.set(name, text.slice(at + 1));
  }
  return result;
}

/** @throws UserError */
export function portNumber(text: string): number {
  const port = Number(text);
  if (/^\d+$/.test(text) && port <= 65535) return port;
  throw new UserError(
    'flag-value',
    `--port ${text} is not a port`,
    'Ports are whole numbers from 0 (any free one) to 65535.',
  );
}

/** @throws UserError */
export function accountId(text: string): string {
  if (/^\d{12}$/.test(text)) return text;
  throw new UserError('flag-value', `--account ${text} is not an account id`, 'Account ids are twelve digits.');
}

/** `from` says where the text stands. @throws UserError */
export function regionCode(text: string, from: '--region' | 'AWS_REGION' | 'AWS_DEFAULT_REGION' = '--region'): string {
  if (/^[a-z]{2}(-[a-z]+)+-\d$/.test(text)) return text;
  throw new UserError('flag-value', `${from} ${text} is not a Region`, `Example: ${settingOf(from, 'eu-west-1')}`);
}

/** `from` says where the text stands. @throws UserError */
export function endpointUrl(text: string, from: '--endpoint' | 'AWS_ENDPOINT_URL' = '--endpoint'): string {
  if (URL.canParse(text) && /^https?:$/.test(new URL(text).protocol)) return text.replace(/\/$/, '');
  const example = settingOf(from, 'http://127.0.0.1:4566');
  throw new UserError('flag-value', `${from} ${text} is not a URL`, `Example: ${example}`);
}

/** As a flag or a variable is written. */
function settingOf(name: string, value: string): string {
  return name.startsWith('--') ? `${name} ${value}` : `${name}=${value}`;
}
