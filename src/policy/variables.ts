import { ContextKey } from './context.ts';
import { UNTERMINATED_VARIABLE_IS_TEXT } from './edges.ts';
import { ANY_ONE, ANY_RUN, Glob, type GlobToken, globTokens } from './glob.ts';
import type { PolicyVersion, RequestContext } from './types.ts';

/** `${aws:username}` or `${aws:PrincipalTag/team, 'none'}` in a policy's text. */
interface Variable {
  readonly key: ContextKey;
  /** Used only when the key is absent. */
  readonly otherwise: string | undefined;
}

type TemplateToken = GlobToken | Variable;

/**
 * A text of a policy in which wildcards and variables may stand. Substituted text is always literal: a tag with the
 * value `*` widens nothing. Source: IAM User Guide, reference_policies_variables.
 */
export class Template {
  /** As written. */
  readonly text: string;
  readonly #tokens: readonly TemplateToken[];
  readonly #variables: readonly Variable[];
  /** The pattern when no variable stands in it, else the one for the values last seen. */
  #glob: Glob | undefined;
  #values: readonly string[] = [];

  /**
   * Under version 2008-10-17 `${…}` is plain text.
   * @param wildcards whether `*` and `?` are wildcards (StringLike, Resource) or themselves (StringEquals).
   */
  constructor(text: string, version: PolicyVersion, wildcards: boolean) {
    this.text = text;
    this.#tokens = version === '2012-10-17' ? tokensOf(text, wildcards) : wildcards ? globTokens(text) : [text];
    this.#variables = this.#tokens.filter((token) => typeof token === 'object');
    if (this.#variables.length === 0) this.#glob = new Glob(this.#tokens as GlobToken[]);
  }

  get hasVariables(): boolean {
    return this.#variables.length > 0;
  }

  /** The pattern without variables; undefined when it has some. */
  get fixed(): Glob | undefined {
    return this.#variables.length === 0 ? this.#glob : undefined;
  }

  /** The pattern for a request; undefined when a variable has no value (or several) and no default. */
  glob(context: RequestContext): Glob | undefined {
    if (this.#variables.length === 0) return this.#glob;
    const values: string[] = [];
    let same = this.#glob !== undefined;
    for (let index = 0; index < this.#variables.length; index++) {
      const variable = this.#variables[index]!;
      // A key with a list of values cannot be a variable. Source: reference_policies_condition-single-vs-multi-valued-context-keys.
      const found = variable.key.in(context) ?? variable.otherwise;
      if (typeof found !== 'string') return undefined;
      values.push(found);
      if (same && this.#values[index] !== found) same = false;
    }
    if (same) return this.#glob;
    let next = 0;
    this.#glob = new Glob(
      this.#tokens.map((token): GlobToken => (typeof token === 'object' ? values[next++]! : token)),
    );
    this.#values = values;
    return this.#glob;
  }

  /** Names of the keys used as variables. */
  keys(): string[] {
    return this.#variables.map((variable) => variable.key.name);
  }
}

/** Where a variable that starts at `at` ends (the offset after its `}`); -1 when it is not closed. */
function variableEnd(text: string, at: number, lastClose: number): number {
  if (at > lastClose) return -1;
  let quoted = false;
  for (let offset = at + 2; offset < text.length; offset++) {
    const character = text[offset];
    if (character === "'") quoted = !quoted;
    else if (character === '}' && !quoted) return offset + 1;
  }
  const plain = text.indexOf('}', at);
  return plain === -1 ? -1 : plain + 1;
}

function tokensOf(text: string, wildcards: boolean): TemplateToken[] {
  const tokens: TemplateToken[] = [];
  const lastClose = text.lastIndexOf('}');
  let literal = '';
  const push = (token: TemplateToken) => {
    if (literal !== '') tokens.push(literal);
    literal = '';
    tokens.push(token);
  };
  for (let at = 0; at < text.length; ) {
    const character = text[at]!;
    const opens = character === '$' && text[at + 1] === '{';
    const end = opens ? variableEnd(text, at, lastClose) : -1;
    if (opens && end === -1 && !UNTERMINATED_VARIABLE_IS_TEXT) {
      push(variableOf(''));
      return tokens;
    }
    if (end !== -1) {
      const inner = text.slice(at + 2, end - 1);
      if (inner === '*' || inner === '?' || inner === '$') literal += inner;
      else push(variableOf(inner));
      at = end;
      continue;
    }
    if (wildcards && character === '*') push(ANY_RUN);
    else if (wildcards && character === '?') push(ANY_ONE);
    else literal += character;
    at++;
  }
  if (literal !== '') tokens.push(literal);
  return tokens;
}

/** `key` or `key, 'default'`: comma, any spaces, single quotes. */
function variableOf(inner: string): Variable {
  const comma = inner.indexOf(',');
  const rest = comma === -1 ? '' : inner.slice(comma + 1).trim();
  const hasDefault = rest.length >= 2 && rest.startsWith("'") && rest.endsWith("'");
  if (!hasDefault) return { key: new ContextKey(inner.trim()), otherwise: undefined };
  return { key: new ContextKey(inner.slice(0, comma).trim()), otherwise: rest.slice(1, -1) };
}

/** Cuts a text at its colons, but not inside `${…}`. */
export function splitAtColons(text: string, version: PolicyVersion): string[] {
  const parts: string[] = [];
  const lastClose = text.lastIndexOf('}');
  let from = 0;
  for (let at = 0; at < text.length; at++) {
    if (version === '2012-10-17' && text[at] === '$' && text[at + 1] === '{') {
      const end = variableEnd(text, at, lastClose);
      if (end !== -1) at = end - 1;
    } else if (text[at] === ':') {
      parts.push(text.slice(from, at));
      from = at + 1;
    }
  }
  parts.push(text.slice(from));
  return parts;
}
