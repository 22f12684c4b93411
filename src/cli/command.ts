import type { Flags } from './flags.ts';
import type { Io } from './io.ts';

/** A command, before it is loaded. */
export interface CommandEntry {
  readonly name: string;
  readonly summary: string;
  load(): Promise<Command>;
}

/** One command of the program. */
export interface Command {
  /** What follows the name: `PATH [options]`. */
  readonly usage: string;
  readonly flags: Flags;
  /** Paragraphs shown under the options. */
  readonly notes?: readonly string[];
  /** Gives the exit code. @throws UserError */
  run(args: readonly string[], io: Io): Promise<number>;
}
