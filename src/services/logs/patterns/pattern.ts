import { invalidParameter, unsupported } from '../errors.ts';
import { parseJsonPattern } from './json-pattern.ts';
import { parseRegex } from './regex.ts';

/** Whether a message fits a filter pattern. */
export type Matches = (message: string) => boolean;

/**
 * Reads a filter pattern. Source: CloudWatch Logs User Guide, FilterAndPatternSyntax: terms (`a b`, `?a ?b`, `-a`,
 * `"a phrase"`), `%regular expression%`, and JSON (`{ $.a = "b" }`). Space-delimited patterns (`[a, b]`) are refused.
 */
export function parsePattern(pattern: string): Matches {
  const text = pattern.trim();
  if (text === '') return () => true;
  if (text.startsWith('{')) return parseJsonPattern(text);
  if (text.startsWith('[')) throw unsupported('A space-delimited filter pattern');
  return allTerms(readTerms(text));
}

interface Term {
  readonly kind: 'required' | 'optional' | 'excluded';
  readonly matches: Matches;
}

function allTerms(terms: readonly Term[]): Matches {
  const required = terms.filter((term) => term.kind === 'required');
  const excluded = terms.filter((term) => term.kind === 'excluded');
  const optional = terms.filter((term) => term.kind === 'optional');
  // "If you combine ? with other filter patterns, such as include and exclude terms, it is ignored."
  const anyOf = required.length + excluded.length > 0 ? [] : optional;
  return (message) =>
    required.every((term) => term.matches(message)) &&
    !excluded.some((term) => term.matches(message)) &&
    (anyOf.length === 0 || anyOf.some((term) => term.matches(message)));
}

const QUOTED = /"((?:[^"\\]|\\.)*)"/y;
const REGEX = /%((?:[^%\\]|\\.)*)%/y;
const WORD = /[\p{L}\p{N}_]+/uy;

function readTerms(text: string): Term[] {
  const terms: Term[] = [];
  let at = 0;
  while (at < text.length) {
    if (/\s/.test(text[at]!)) {
      at++;
      continue;
    }
    const mark = text[at];
    const kind = mark === '?' ? 'optional' : mark === '-' ? 'excluded' : 'required';
    if (kind !== 'required') at++;
    const term = readTerm(text, at);
    terms.push({ kind, matches: term.matches });
    at = term.end;
  }
  return terms;
}

function readTerm(text: string, at: number): { matches: Matches; end: number } {
  const quoted = matchAt(QUOTED, text, at);
  if (quoted !== undefined) {
    const phrase = quoted[1]!.replace(/\\(.)/g, '$1');
    return { matches: (message) => message.includes(phrase), end: at + quoted[0].length };
  }
  const regex = matchAt(REGEX, text, at);
  if (regex !== undefined) {
    const expression = parseRegex(regex[1]!);
    return { matches: (message) => expression.test(message), end: at + regex[0].length };
  }
  const word = matchAt(WORD, text, at);
  const end = at + (word?.[0].length ?? 0);
  const next = text[end];
  // Observed: only letters, digits and underscores stand without quotes; the text names the character.
  if (next !== undefined && !/\s/.test(next)) throw invalidParameter(`Invalid character(s) in term '${next}'`);
  if (word === undefined) throw invalidParameter(`Invalid character(s) in term '${text[at - 1] ?? ''}'`);
  return { matches: (message) => message.includes(word[0]), end };
}

function matchAt(expression: RegExp, text: string, at: number): RegExpExecArray | undefined {
  expression.lastIndex = at;
  return expression.exec(text) ?? undefined;
}
