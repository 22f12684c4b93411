import { UserError } from '../core/errors.ts';

/** Where a thing was written. */
export interface Origin {
  /** The file as the user named it. */
  readonly file: string;
  /** JSON pointer into the file (RFC 6901); empty for the whole document. */
  readonly path: string;
  /** From 1. */
  readonly line: number;
}

/** An error in an input file. `origin` says where; the command line prints it under the message. */
export class SourceError extends UserError {
  readonly origin: Origin;

  constructor(code: string, origin: Origin, message: string, help: string) {
    super(code, message, help);
    this.name = 'SourceError';
    this.origin = origin;
  }
}

/** `file:line /json/path`, as errors and summaries show it. */
export function placeOf(origin: Origin): string {
  return origin.path === '' ? `${origin.file}:${origin.line}` : `${origin.file}:${origin.line} ${origin.path}`;
}

/** A JSON pointer with one more step. */
export function pointer(path: string, step: string | number): string {
  return `${path}/${String(step).replaceAll('~', '~0').replaceAll('/', '~1')}`;
}

/** The steps of a JSON pointer. */
export function pointerSteps(path: string): string[] {
  if (path === '') return [];
  return path
    .slice(1)
    .split('/')
    .map((step) => step.replaceAll('~1', '/').replaceAll('~0', '~'));
}
