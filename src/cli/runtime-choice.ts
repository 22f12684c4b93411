import { UserError } from '../core/errors.ts';
import type { Io, RuntimeChoice } from './io.ts';

const CHOICES = ['process', 'namespace', 'docker', 'auto'] as const;

/** The option that `run` and `up` share. */
export const RUNTIME_FLAG = {
  value: 'NAME',
  oneOf: CHOICES,
  summary: 'how containers are run (default: ROLECALL_RUNTIME, else process); see `rolecall doctor`',
} as const;

/** The switch that `run` and `up` share. */
export const TRANSPARENT_FLAG = {
  summary:
    'let endpoints of AWS in the code of containers lead here (runtimes docker and namespace); see docs/transparent.md',
} as const;

/** What people are told of a server in that mode. */
export const TRANSPARENT_LINE =
  'network   transparent: inside of tasks the names of AWS lead here, by HTTPS, and no other name leads anywhere';

/** The runtime asked for: the option, else the environment, else `process`. @throws UserError for an unknown name. */
export function runtimeChoice(flag: string | undefined, io: Io): RuntimeChoice {
  const asked = flag ?? io.env.ROLECALL_RUNTIME;
  if (asked === undefined || asked === '') return 'process';
  const known = CHOICES.find((choice) => choice === asked);
  if (known !== undefined) return known;
  throw new UserError(
    'runtime-unknown',
    `ROLECALL_RUNTIME is \`${asked}\`, which is no runtime`,
    `Values: ${CHOICES.join(', ')}.`,
  );
}
