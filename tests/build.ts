import { execFileSync } from 'node:child_process';

/** The system tests run the program as users do: built. */
export function setup(): void {
  execFileSync(process.execPath, ['scripts/build.mjs'], { stdio: 'inherit' });
}
