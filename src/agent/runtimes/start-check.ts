import { RuntimeFailure } from './runtime.ts';

/**
 * What the system would not take as a program's arguments and environment. Node's own refusal would quote the values, which
 * may be secrets. Throws RuntimeFailure.
 */
export function checkStart(commandLine: readonly string[], environment: Readonly<Record<string, string>>): void {
  if (commandLine.some((part) => part.includes('\0')))
    throw new RuntimeFailure('start', 'the command holds a null byte');
  for (const [name, value] of Object.entries(environment)) {
    if (name === '' || name.includes('=') || name.includes('\0')) {
      throw new RuntimeFailure('start', `${JSON.stringify(name)} is no name of an environment variable`);
    }
    if (value.includes('\0')) throw new RuntimeFailure('start', `environment variable ${name} holds a null byte`);
  }
}
