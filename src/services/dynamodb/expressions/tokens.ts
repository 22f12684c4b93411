import { validation } from '../errors.ts';

export interface Token {
  readonly kind: 'name' | 'placeholder-name' | 'placeholder-value' | 'number' | 'symbol' | 'end';
  readonly text: string;
  readonly from: number;
  readonly to: number;
}

const TOKEN = /\s*(?:(#[A-Za-z0-9_]+)|(:[A-Za-z0-9_]+)|([A-Za-z_][A-Za-z0-9_]*)|(\d+)|(<>|<=|>=|[=<>()[\],.+-]))/y;
const KINDS = ['placeholder-name', 'placeholder-value', 'name', 'number', 'symbol'] as const;

/** Reads an expression token by token, with the errors that DynamoDB words. `label` is the parameter: `FilterExpression`. */
export class TokenReader {
  readonly label: string;
  readonly #text: string;
  readonly #tokens: Token[] = [];
  #next = 0;

  constructor(label: string, text: string) {
    this.label = label;
    this.#text = text;
    if (text.trim() === '') throw validation(`Invalid ${label}: The expression can not be empty;`);
    let at = 0;
    for (;;) {
      TOKEN.lastIndex = at;
      const match = TOKEN.exec(text);
      if (match === null) break;
      const group = [1, 2, 3, 4, 5].find((index) => match[index] !== undefined)!;
      const word = match[group]!;
      this.#tokens.push({
        kind: KINDS[group - 1]!,
        text: word,
        from: TOKEN.lastIndex - word.length,
        to: TOKEN.lastIndex,
      });
      at = TOKEN.lastIndex;
    }
    const rest = text.slice(at).trimStart();
    if (rest !== '') {
      const from = text.length - rest.length;
      this.#tokens.push({ kind: 'symbol', text: rest.charAt(0), from, to: from + 1 });
      this.#next = this.#tokens.length - 1;
      throw this.syntaxError();
    }
    this.#tokens.push({ kind: 'end', text: '<EOF>', from: text.length, to: text.length });
  }

  /** All tokens but the end. */
  all(): readonly Token[] {
    return this.#tokens.slice(0, -1);
  }

  peek(ahead = 0): Token {
    return this.#tokens[Math.min(this.#next + ahead, this.#tokens.length - 1)]!;
  }

  take(): Token {
    const token = this.peek();
    if (token.kind !== 'end') this.#next++;
    return token;
  }

  /** Whether the next token is this symbol or keyword (in any case); takes it then. */
  skip(word: string): boolean {
    if (!this.sees(word)) return false;
    this.take();
    return true;
  }

  sees(word: string): boolean {
    const { kind, text } = this.peek();
    return (kind === 'symbol' || kind === 'name') && text.toUpperCase() === word;
  }

  expect(word: string): void {
    if (!this.skip(word)) throw this.syntaxError();
  }

  /** Observed: the token that is wrong, and it with its neighbours. */
  syntaxError(): Error {
    const token = this.peek();
    const before = this.#tokens[this.#next - 1] ?? token;
    const after = this.peek(1);
    const near = this.#text.slice(before.from, after.to);
    return validation(`Invalid ${this.label}: Syntax error; token: "${token.text}", near: "${near}"`);
  }
}
