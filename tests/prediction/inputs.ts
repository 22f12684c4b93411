import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { UserError } from '../../src/core/errors.ts';
import { folderFiles } from '../../src/sources/folder.ts';

/** What of a folder may be read by itself: folders that hold a workload as a whole, and single JSON and YAML files. */
export function inputsOf(folder: string): string[] {
  if (holdsWorkload(folder)) return [folder];
  return readdirSync(folder, { withFileTypes: true })
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .flatMap((entry) => {
      const path = join(folder, entry.name);
      if (entry.isDirectory()) return entry.name.startsWith('.') || entry.name === 'node_modules' ? [] : inputsOf(path);
      return /\.(json|ya?ml)$/.test(entry.name) ? [path] : [];
    });
}

function holdsWorkload(folder: string): boolean {
  try {
    folderFiles(folder);
    return true;
  } catch (error) {
    if (error instanceof UserError) return false;
    throw error;
  }
}
