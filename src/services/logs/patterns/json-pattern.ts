import { invalidParameter } from '../errors.ts';
import type { Matches } from './pattern.ts';
import { parseRegex } from './regex.ts';
import { readTokens, type Token } from './tokens.ts';

type Json = unknown;
type Test = (event: Json) => boolean;

/**
 * Reads `{ $.a.b[0] = "x" && ($.n > 3 || $.c NOT EXISTS) }`. Messages that are no JSON objects or arrays never match.
 * Source: CloudWatch Logs User Guide, FilterAndPatternSyntax, "JSON log events".
 */
export function parseJsonPattern(pattern: string): Matches {
  const test = new Parser(readTokens(pattern)).pattern();
  return (message) => {
    let event: Json;
    try {
      event = JSON.parse(message);
    } catch {
      return false;
    }
    return typeof event === 'object' && event !== null && test(event);
  };
}

class Parser {
  readonly #tokens: readonly Token[];
  #at = 0;

  constructor(tokens: readonly Token[]) {
    this.#tokens = tokens;
  }

  pattern(): Test {
    this.#expect('{');
    const test = this.#either();
    this.#expect('}');
    if (this.#peek() !== undefined) throw invalidPattern();
    return test;
  }

  /** && binds tighter than ||. */
  #either(): Test {
    const tests = [this.#all()];
    while (this.#take('||')) tests.push(this.#all());
    return (event) => tests.some((test) => test(event));
  }

  #all(): Test {
    const tests = [this.#single()];
    while (this.#take('&&')) tests.push(this.#single());
    return (event) => tests.every((test) => test(event));
  }

  #single(): Test {
    if (this.#take('(')) {
      const test = this.#either();
      this.#expect(')');
      return test;
    }
    const selector = this.#next();
    if (selector.kind !== 'selector') throw invalidPattern();
    const values = (event: Json) => select(event, selector.path);
    const operator = this.#next();
    if (operator.kind === 'word') return this.#wordTest(operator.text, values);
    if (operator.kind !== 'symbol' || !COMPARISONS.has(operator.text)) throw invalidPattern();
    return comparison(operator.text, this.#next(), values);
  }

  /** `IS TRUE`, `IS FALSE`, `IS NULL`, `EXISTS`, `NOT EXISTS`. */
  #wordTest(word: string, values: (event: Json) => Json[]): Test {
    switch (word.toUpperCase()) {
      case 'IS': {
        const wanted = this.#next();
        const literal = wanted.kind === 'word' ? LITERALS[wanted.text.toUpperCase()] : undefined;
        if (literal === undefined) throw invalidPattern();
        return (event) => values(event).some((value) => value === literal.value);
      }
      case 'EXISTS':
        return (event) => values(event).length > 0;
      case 'NOT': {
        const what = this.#next();
        if (what.kind !== 'word' || what.text.toUpperCase() !== 'EXISTS') throw invalidPattern();
        return (event) => values(event).length === 0;
      }
      default:
        throw invalidPattern();
    }
  }

  #peek(): Token | undefined {
    return this.#tokens[this.#at];
  }

  #next(): Token {
    const token = this.#tokens[this.#at++];
    if (token === undefined) throw invalidPattern();
    return token;
  }

  #take(symbol: string): boolean {
    const token = this.#peek();
    if (token?.kind !== 'symbol' || token.text !== symbol) return false;
    this.#at++;
    return true;
  }

  #expect(symbol: string): void {
    if (!this.#take(symbol)) throw invalidPattern();
  }
}

const COMPARISONS = new Set(['=', '!=', '<', '>', '<=', '>=']);
const LITERALS: Readonly<Record<string, { value: true | false | null }>> = {
  TRUE: { value: true },
  FALSE: { value: false },
  NULL: { value: null },
};

function comparison(operator: string, operand: Token, values: (event: Json) => Json[]): Test {
  const fits = equality(operand);
  if (operator === '=') return (event) => values(event).some(fits);
  // A property that is not there is not unequal either. unverified
  if (operator === '!=') return (event) => values(event).some((value) => !fits(value));
  const bound = operand.kind === 'word' ? Number(operand.text) : Number.NaN;
  if (Number.isNaN(bound)) throw invalidPattern();
  const holds = (value: number) => {
    if (operator === '<') return value < bound;
    if (operator === '>') return value > bound;
    return operator === '<=' ? value <= bound : value >= bound;
  };
  return (event) => values(event).some((value) => typeof value === 'number' && holds(value));
}

/** Texts compare with `*` as wildcard, numbers by value, `%…%` as a regular expression. */
function equality(operand: Token): (value: Json) => boolean {
  if (operand.kind === 'regex') {
    const expression = parseRegex(operand.text);
    return (value) => typeof value === 'string' && expression.test(value);
  }
  if (operand.kind !== 'word' && operand.kind !== 'text') throw invalidPattern();
  const { text } = operand;
  const number = operand.kind === 'word' && text !== '' ? Number(text) : Number.NaN;
  const like = wildcard(text);
  return (value) => {
    if (typeof value === 'number') return Number.isNaN(number) ? like(String(value)) : value === number;
    return typeof value === 'string' && like(value);
  };
}

function wildcard(pattern: string): (value: string) => boolean {
  if (!pattern.includes('*')) return (value) => value === pattern;
  const parts = pattern.split('*');
  const [first, last] = [parts[0]!, parts.at(-1)!];
  return (value) => {
    if (!value.startsWith(first) || !value.endsWith(last) || value.length < first.length + last.length) return false;
    let at = first.length;
    for (const part of parts.slice(1, -1)) {
      const found = value.indexOf(part, at);
      if (found < 0) return false;
      at = found + part.length;
    }
    return at <= value.length - last.length;
  };
}

/** The values that a selector leads to; `[*]` leads to every element. */
function select(event: Json, path: readonly (string | number | '*')[]): Json[] {
  let values: Json[] = [event];
  for (const step of path) {
    values = values.flatMap((value): Json[] => {
      if (typeof value !== 'object' || value === null) return [];
      if (step === '*') return Array.isArray(value) ? value : Object.values(value);
      if (typeof step === 'number') return Array.isArray(value) && step < value.length ? [value[step]] : [];
      return Object.hasOwn(value, step) ? [(value as Record<string, Json>)[step]] : [];
    });
  }
  return values;
}

const invalidPattern = () => invalidParameter('Invalid filter pattern');
