import { invalidParameter } from '../errors.ts';

/** Source: CloudWatch Logs User Guide, regex-expressions: no parentheses, no other symbols, no multi-byte characters. */
const ALLOWED = /^[A-Za-z0-9:_#=@/;,\- ^$?[\]{}|\\*+.]*$/;

/** Reads the expression between two `%`. Without groups repetitions cannot be nested, so none takes exponential time. */
export function parseRegex(source: string): RegExp {
  const plain = source.replace(/\\[^A-Za-z0-9]/g, '');
  const odd = ALLOWED.test(plain) ? undefined : [...plain].find((character) => !ALLOWED.test(character));
  if (odd !== undefined) throw invalidParameter(`Invalid character(s) in term '${odd}'`);
  try {
    return new RegExp(source);
  } catch {
    // unverified: text
    throw invalidParameter(`Invalid regular expression in filter pattern: %${source}%`);
  }
}
