/** A policy document that AWS would refuse to store: what is wrong, in AWS's words where they are known, and where. */
export class MalformedPolicyDocument extends Error {
  /** AWS's code for it. */
  readonly code: 'MalformedPolicyDocument' | 'LimitExceeded' | 'PackedPolicyTooLarge';
  /** JSON path of the offending element, e.g. `$.Statement[0].Action`. */
  readonly path: string;
  /** Line and column of it in the text, both from 1. */
  readonly line: number;
  readonly column: number;
  /** What exactly is wrong, in our own words; the message is AWS's and often says less. */
  readonly detail: string;

  constructor(
    message: string,
    place: { path: string; line: number; column: number; detail?: string },
    code: MalformedPolicyDocument['code'] = 'MalformedPolicyDocument',
  ) {
    super(message);
    this.name = 'MalformedPolicyDocument';
    this.code = code;
    this.path = place.path;
    this.line = place.line;
    this.column = place.column;
    this.detail = place.detail ?? message;
  }
}
