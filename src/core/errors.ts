/** What a client of the AWS API sees. Only `wire/` knows how it looks in JSON, XML or query form. */
export class AwsError extends Error {
  /** The code as AWS spells it, e.g. `ResourceNotFoundException`. */
  readonly code: string;
  /** HTTP status where the family's default (400 client, 500 server) is not right. */
  readonly status: number | undefined;
  readonly fault: 'client' | 'server';
  /** Further members of a modelled error (e.g. `{ Type: 'User' }`). */
  readonly members: Readonly<Record<string, unknown>>;

  constructor(
    code: string,
    message: string,
    options: { status?: number; fault?: 'client' | 'server'; members?: Record<string, unknown>; cause?: unknown } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'AwsError';
    this.code = code;
    this.status = options.status;
    this.fault = options.fault ?? 'client';
    this.members = options.members ?? {};
  }
}

/** What a user of the command line sees: what happened, where, and what to do. Codes are listed in docs/errors.md. */
export class UserError extends Error {
  readonly code: string;
  /** The remedy, one or more sentences. */
  readonly help: string;

  constructor(code: string, message: string, help: string) {
    super(message);
    this.name = 'UserError';
    this.code = code;
    this.help = help;
  }
}
