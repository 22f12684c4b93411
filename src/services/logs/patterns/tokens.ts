import { invalidParameter } from '../errors.ts';

/** A part of a JSON filter pattern. */
export type Token =
  | { readonly kind: 'symbol'; readonly text: string }
  | { readonly kind: 'selector'; readonly path: readonly (string | number)[] }
  /** Without quotes: an operator in letters, a number, or a text. */
  | { readonly kind: 'word'; readonly text: string }
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'regex'; readonly text: string };

const SPACE = /\s+/y;
const SYMBOL = /\|\||&&|!=|<=|>=|[{}()=<>]/y;
const SELECTOR = /\$(?:\.[\p{L}\p{N}_@\-:/#*]+|\[(?:\d+|\*)\])+/uy;
const TEXT = /"((?:[^"\\]|\\.)*)"/y;
const REGEX = /%((?:[^%\\]|\\.)*)%/y;
const WORD = /[\p{L}\p{N}_.+\-*:/@#]+/uy;

export function readTokens(pattern: string): Token[] {
  const tokens: Token[] = [];
  let at = 0;
  while (at < pattern.length) {
    const match = (expression: RegExp) => {
      expression.lastIndex = at;
      return expression.exec(pattern);
    };
    const space = match(SPACE);
    if (space !== null) {
      at += space[0].length;
      continue;
    }
    const { token, length } = readToken(match, pattern[at]!);
    tokens.push(token);
    at += length;
  }
  return tokens;
}

function readToken(
  match: (expression: RegExp) => RegExpExecArray | null,
  character: string,
): { token: Token; length: number } {
  const selector = match(SELECTOR);
  if (selector !== null) return { token: { kind: 'selector', path: pathOf(selector[0]) }, length: selector[0].length };
  const symbol = match(SYMBOL);
  if (symbol !== null) return { token: { kind: 'symbol', text: symbol[0] }, length: symbol[0].length };
  const text = match(TEXT);
  if (text !== null) {
    return { token: { kind: 'text', text: text[1]!.replace(/\\(.)/g, '$1') }, length: text[0].length };
  }
  const regex = match(REGEX);
  if (regex !== null) return { token: { kind: 'regex', text: regex[1]! }, length: regex[0].length };
  const word = match(WORD);
  if (word !== null) return { token: { kind: 'word', text: word[0] }, length: word[0].length };
  throw invalidParameter(`Invalid character(s) in term '${character}'`);
}

/** `$.a.b[0]` → `['a', 'b', 0]`; a number between brackets is an index, `*` everything. */
function pathOf(selector: string): (string | number)[] {
  return [...selector.matchAll(/\.([^.[]+)|\[(\d+|\*)\]/g)].map(([, name, index]) => {
    if (name !== undefined) return name;
    return index === '*' ? '*' : Number(index);
  });
}
