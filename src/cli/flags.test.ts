import { describe, expect, it } from 'vitest';
import { UserError } from '../core/errors.ts';
import { accountId, endpointUrl, pairs, portNumber, readArguments, regionCode } from './flags.ts';

const FLAGS = {
  port: { value: 'PORT', summary: '' },
  kind: { value: 'KIND', oneOf: ['one', 'two'], summary: '' },
  load: { value: 'PATH', repeatable: true, summary: '' },
  json: { summary: '' },
} as const;

function failing(work: () => unknown): string {
  try {
    work();
  } catch (error) {
    if (error instanceof UserError) return `${error.code}: ${error.message} | ${error.help}`;
    throw error;
  }
  throw new Error('nothing was refused');
}

describe('readArguments', () => {
  it('reads flags in every form, and positionals among them', () => {
    const { flags, positionals } = readArguments('x', FLAGS, [
      'a',
      '--port=1',
      '--load',
      'p',
      '--json',
      'b',
      '--load',
      'q',
      '--',
      '--c',
    ]);
    expect(flags).toEqual({ port: '1', load: ['p', 'q'], json: true });
    expect(positionals).toEqual(['a', 'b', '--c']);
  });

  it.each([
    [
      ['--prot', '1'],
      'flag-unknown: `rolecall x` has no option `--prot` | Did you mean `--port`? Options: --port, --kind, --load, --json.',
    ],
    [['-q'], 'flag-unknown: `rolecall x` has no option `-q` | Options: --port, --kind, --load, --json.'],
    [
      ['--__proto__', '1'],
      'flag-unknown: `rolecall x` has no option `--__proto__` | Options: --port, --kind, --load, --json.',
    ],
    [['--port'], 'flag-value: --port needs a value: --port PORT | Run `rolecall help x` for all options.'],
    [['--port', '--json'], 'flag-value: --port needs a value: --port PORT | Run `rolecall help x` for all options.'],
    [['--port', '1', '--port', '2'], 'flag-twice: --port is given twice | Give it once.'],
    [['--kind', 'three'], 'flag-value: --kind does not take `three` | Values: one, two.'],
    [['--kind', 'oen'], 'flag-value: --kind does not take `oen` | Values: one, two. Did you mean `one`?'],
    [['--json=yes'], 'flag-value: --json takes no value, and was given `yes` | Run `rolecall help x` for all options.'],
  ])('refuses %j', (args, message) => {
    expect(failing(() => readArguments('x', FLAGS, args))).toBe(message);
  });
});

describe('values', () => {
  it.each([
    [() => portNumber('4566a'), '--port 4566a is not a port'],
    [() => portNumber('65536'), '--port 65536 is not a port'],
    [() => accountId('123'), '--account 123 is not an account id'],
    [() => regionCode('Ireland'), '--region Ireland is not a Region'],
    [() => endpointUrl('localhost:4566'), '--endpoint localhost:4566 is not a URL'],
    [() => regionCode('Ireland', 'AWS_REGION'), 'AWS_REGION Ireland is not a Region | Example: AWS_REGION=eu-west-1'],
    [() => endpointUrl('x', 'AWS_ENDPOINT_URL'), 'AWS_ENDPOINT_URL x is not a URL | Example: AWS_ENDPOINT_URL=http'],
    [() => pairs('parameter', ['A']), '--parameter A is not of the form NAME=VALUE'],
    [() => pairs('switch', ['A'], 'B=true'), '| Example: --switch B=true'],
    [() => pairs('attribute', ['a=1', 'b=1', 'a=2']), 'flag-twice: --attribute a is given twice | Give it once.'],
  ])('refuses what is none: %s', (work, message) => {
    expect(failing(work)).toContain(message);
  });

  it('keeps an equals sign in a value', () => {
    expect(pairs('parameter', ['A=b=c', 'D='])).toEqual(
      new Map([
        ['A', 'b=c'],
        ['D', ''],
      ]),
    );
  });
});
