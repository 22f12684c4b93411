/**
 * The cluster query language: expressions over container instances.
 * Source: ECS Developer Guide, "Create expressions to define container instances for Amazon ECS tasks".
 */
export type Query =
  | { readonly kind: 'and' | 'or'; readonly left: Query; readonly right: Query }
  | { readonly kind: 'not'; readonly operand: Query }
  | {
      readonly kind: 'test';
      readonly subject: string;
      readonly operator: Operator;
      readonly values: readonly string[];
    };

export type Operator = '==' | '!=' | '>' | '>=' | '<' | '<=' | 'exists' | '!exists' | 'in' | '!in' | '=~' | '!~';

/** A text that is no expression. `message` says where. */
export class QueryError extends Error {}

const WORDS: Readonly<Record<string, Operator>> = {
  equals: '==',
  not_equals: '!=',
  greater_than: '>',
  greater_than_equal: '>=',
  less_than: '<',
  less_than_equal: '<=',
  exists: 'exists',
  not_exists: '!exists',
  in: 'in',
  not_in: '!in',
  matches: '=~',
  not_matches: '!~',
};
const SIGNS: ReadonlySet<string> = new Set(['==', '!=', '>', '>=', '<', '<=', '!exists', '!in', '=~', '!~']);

const SUBJECT =
  /^(?:agentConnected|agentVersion|ec2InstanceId|registeredAt|runningTasksCount|task:group|attribute:[\w./\\-]{1,128})$/;

const TOKEN =
  /\s*(?:(&&|\|\||==|!=|>=|<=|=~|!~|!exists\b|!in\b|[()[\],!<>])|"([^"]*)"|'([^']*)'|([^\s()[\],!=<>&|"'~]+(?:=(?![=~])[^\s()[\],!=<>&|"'~]*)*))/y;

interface Token {
  readonly text: string;
  readonly quoted: boolean;
  readonly at: number;
}

/** Parses an expression. Errors: QueryError with the place. */
export function parseQuery(text: string): Query {
  const tokens = tokensOf(text);
  let next = 0;
  const peek = (): Token | undefined => tokens[next];
  const fail = (what: string): never => {
    const token = peek();
    throw new QueryError(
      `expected ${what} at ${token === undefined ? 'the end' : `position ${token.at}: ${token.text}`}`,
    );
  };
  const take = (...texts: string[]): boolean => {
    const token = peek();
    if (token === undefined || token.quoted || !texts.includes(token.text)) return false;
    next += 1;
    return true;
  };
  const either = (): Query => {
    let left = both();
    while (take('||', 'or')) left = { kind: 'or', left, right: both() };
    return left;
  };
  const both = (): Query => {
    let left = one();
    while (take('&&', 'and')) left = { kind: 'and', left, right: one() };
    return left;
  };
  const one = (): Query => {
    if (take('!', 'not')) return { kind: 'not', operand: one() };
    if (take('(')) {
      const inner = either();
      if (!take(')')) fail('`)`');
      return inner;
    }
    return test();
  };
  const value = (): string => {
    const token = peek();
    if (token === undefined || (!token.quoted && /^[()[\],!]$/.test(token.text))) return fail('a value');
    next += 1;
    return token.text;
  };
  const test = (): Query => {
    const subject = peek();
    if (subject === undefined || subject.quoted || !SUBJECT.test(subject.text)) return fail('a subject');
    next += 1;
    const sign = peek();
    const operator =
      sign === undefined || sign.quoted ? undefined : SIGNS.has(sign.text) ? (sign.text as Operator) : WORDS[sign.text];
    if (operator === undefined) return fail('an operator');
    next += 1;
    if (operator === 'exists' || operator === '!exists') {
      return { kind: 'test', subject: subject.text, operator, values: [] };
    }
    if (operator !== 'in' && operator !== '!in') {
      return { kind: 'test', subject: subject.text, operator, values: [value()] };
    }
    const values: string[] = [];
    if (!take('[')) fail('`[`');
    do values.push(value());
    while (take(','));
    if (!take(']')) fail('`]`');
    return { kind: 'test', subject: subject.text, operator, values };
  };
  const query = either();
  if (next < tokens.length) fail('`and`, `or` or the end');
  return query;
}

function tokensOf(text: string): Token[] {
  const tokens: Token[] = [];
  TOKEN.lastIndex = 0;
  while (TOKEN.lastIndex < text.length) {
    const at = TOKEN.lastIndex;
    const match = TOKEN.exec(text);
    if (match === null) {
      if (text.slice(at).trim() === '') break;
      throw new QueryError(`unexpected text at position ${at}: ${text.slice(at, at + 20)}`);
    }
    const quoted = match[2] ?? match[3];
    tokens.push({ text: quoted ?? ((match[1] ?? match[4]) as string), quoted: quoted !== undefined, at });
  }
  return tokens;
}
