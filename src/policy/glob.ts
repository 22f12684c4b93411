/**
 * Wildcard matching: `*` is any run of characters (also none, also newlines), `?` exactly one.
 * A pattern is cut at its stars once; matching then looks for the pieces from left to right and never goes back,
 * so no pattern is slow (the first place a piece fits is always as good as a later one).
 */

export const ANY_RUN = Symbol('*');
export const ANY_ONE = Symbol('?');

/** A pattern as a row of literal texts and wildcards: a literal may itself hold `*` or `?` as plain characters. */
export type GlobToken = string | typeof ANY_RUN | typeof ANY_ONE;

/** A run of pattern between two stars. */
interface Piece {
  readonly text: string;
  /** Offsets in `text` where any character fits; undefined when it is a plain text. */
  readonly holes: readonly number[] | undefined;
}

export class Glob {
  /** The whole text when there is no wildcard. */
  readonly literal: string | undefined;
  readonly #first: Piece;
  readonly #middle: readonly Piece[];
  /** Undefined when the pattern has no star. */
  readonly #last: Piece | undefined;
  readonly #minimum: number;

  constructor(tokens: readonly GlobToken[]) {
    const pieces: Piece[] = [];
    let text = '';
    let holes: number[] | undefined;
    for (const token of tokens) {
      if (token === ANY_RUN) {
        pieces.push({ text, holes });
        text = '';
        holes = undefined;
      } else if (token === ANY_ONE) {
        holes ??= [];
        holes.push(text.length);
        text += '?';
      } else {
        text += token;
      }
    }
    pieces.push({ text, holes });
    this.#first = pieces[0]!;
    this.#last = pieces.length > 1 ? pieces[pieces.length - 1]! : undefined;
    this.#middle = pieces.slice(1, -1).filter((piece) => piece.text !== '');
    this.literal = this.#last === undefined && this.#first.holes === undefined ? this.#first.text : undefined;
    this.#minimum = pieces.reduce((sum, piece) => sum + piece.text.length, 0);
  }

  /** True for a pattern that every text fits (`*`, `**`). */
  get everything(): boolean {
    return this.#last !== undefined && this.#minimum === 0;
  }

  /** The plain text that every match begins with. */
  get prefix(): string {
    const { text, holes } = this.#first;
    return holes === undefined ? text : text.slice(0, holes[0]);
  }

  /** Whether the pattern fits the whole of `text`, or of its part from `start` up to `end`. */
  matches(text: string, start = 0, end = text.length): boolean {
    const length = end - start;
    const last = this.#last;
    if (last === undefined ? length !== this.#minimum : length < this.#minimum) return false;
    if (!fits(this.#first, text, start)) return false;
    if (last === undefined) return true;
    if (last.text !== '' && !fits(last, text, end - last.text.length)) return false;
    if (this.#middle.length === 0) return true;
    let at = start + this.#first.text.length;
    const limit = end - last.text.length;
    for (const piece of this.#middle) {
      const found = find(piece, text, at, limit);
      if (found === -1) return false;
      at = found + piece.text.length;
    }
    return true;
  }
}

/** A pattern as people write it, without variables. */
export function globOf(pattern: string): Glob {
  return new Glob(globTokens(pattern));
}

/** Cuts a text into literals and wildcards. */
export function globTokens(pattern: string): GlobToken[] {
  const tokens: GlobToken[] = [];
  let from = 0;
  for (let at = 0; at < pattern.length; at++) {
    const code = pattern.charCodeAt(at);
    if (code !== 0x2a && code !== 0x3f) continue;
    if (at > from) tokens.push(pattern.slice(from, at));
    tokens.push(code === 0x2a ? ANY_RUN : ANY_ONE);
    from = at + 1;
  }
  if (from < pattern.length) tokens.push(pattern.slice(from));
  return tokens;
}

function fits(piece: Piece, text: string, at: number): boolean {
  if (piece.holes !== undefined) return fitsWithHoles(piece.text, piece.holes, text, at);
  // From the end, because ARNs that differ begin alike; a loop, because String.startsWith costs twenty times as much.
  const wanted = piece.text;
  for (let offset = wanted.length - 1; offset >= 0; offset--) {
    if (wanted.charCodeAt(offset) !== text.charCodeAt(at + offset)) return false;
  }
  return true;
}

function fitsWithHoles(piece: string, holes: readonly number[], text: string, at: number): boolean {
  let hole = 0;
  for (let offset = 0; offset < piece.length; offset++) {
    if (holes[hole] === offset) hole++;
    else if (piece.charCodeAt(offset) !== text.charCodeAt(at + offset)) return false;
  }
  return true;
}

/** The first place at or after `from` where the piece fits and ends before `limit`; -1 when there is none. */
function find(piece: Piece, text: string, from: number, limit: number): number {
  const lastStart = limit - piece.text.length;
  if (piece.holes === undefined) {
    const found = text.indexOf(piece.text, from);
    return found > lastStart ? -1 : found;
  }
  for (let at = from; at <= lastStart; at++) {
    if (fitsWithHoles(piece.text, piece.holes, text, at)) return at;
  }
  return -1;
}
