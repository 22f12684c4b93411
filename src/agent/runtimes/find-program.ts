import { accessSync, constants } from 'node:fs';
import { join } from 'node:path';

/** The path of a program in the first of some directories that has it; undefined where none has. */
export function findProgram(name: string, directories: readonly string[]): string | undefined {
  return directories.map((directory) => join(directory, name)).find(isExecutable);
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
