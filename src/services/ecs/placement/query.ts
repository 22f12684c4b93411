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

/** What an expression is asked about: the values of a subject of one instance (none: the instance lacks it). */
export type Subjects = (subject: string) => readonly string[];

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

/** True when the instance fits the expression. */
export function satisfies(query: Query, subjects: Subjects): boolean {
  switch (query.kind) {
    case 'and':
      return satisfies(query.left, subjects) && satisfies(query.right, subjects);
    case 'or':
      return satisfies(query.left, subjects) || satisfies(query.right, subjects);
    case 'not':
      return !satisfies(query.operand, subjects);
    case 'test':
      return holds(query.operator, subjects(query.subject), query.values);
  }
}

function holds(operator: Operator, actual: readonly string[], wanted: readonly string[]): boolean {
  const first = wanted[0] ?? '';
  switch (operator) {
    case 'exists':
      return actual.length > 0;
    case '!exists':
      return actual.length === 0;
    case '==':
    case 'in':
      return actual.some((value) => wanted.includes(value));
    case '!=':
    case '!in':
      return !actual.some((value) => wanted.includes(value));
    case '=~':
      return actual.some((value) => resembles(value, first));
    case '!~':
      return !actual.some((value) => resembles(value, first));
    default:
      return actual.some((value) => compares(operator, compare(value, first)));
  }
}

/**
 * `g2.*` matches as the guide shows it: `*` (or `.*`) stands for any text, everything else for itself. Each part is found
 * as early as it can be, so that no pattern takes long.
 * unverified: AWS speaks of a pattern and says no more
 */
function resembles(value: string, pattern: string): boolean {
  const parts = pattern.replaceAll('.*', '*').split('*');
  const [start, end] = [parts[0] as string, parts[parts.length - 1] as string];
  if (parts.length === 1) return value === start;
  if (!value.startsWith(start) || !value.endsWith(end) || value.length < start.length + end.length) return false;
  const limit = value.length - end.length;
  let from = start.length;
  for (const part of parts.slice(1, -1)) {
    const at = value.indexOf(part, from);
    if (at < 0 || at + part.length > limit) return false;
    from = at + part.length;
  }
  return true;
}

function compares(operator: '>' | '>=' | '<' | '<=', order: number): boolean {
  switch (operator) {
    case '>':
      return order > 0;
    case '>=':
      return order >= 0;
    case '<':
      return order < 0;
    case '<=':
      return order <= 0;
  }
}

/** Numbers as numbers, dates as dates, versions part by part, anything else as text. */
function compare(left: string, right: string): number {
  const numbers = [Number(left), Number(right)] as const;
  if (left !== '' && right !== '' && !numbers.some(Number.isNaN)) return numbers[0] - numbers[1];
  if (/^\d{4}-\d\d-\d\d/.test(left) && /^\d{4}-\d\d-\d\d/.test(right)) {
    const times = Date.parse(left) - Date.parse(right);
    if (!Number.isNaN(times)) return times;
  }
  const versions = [left.split('.').map(Number), right.split('.').map(Number)] as const;
  if (versions.every((parts) => parts.length > 1 && !parts.some(Number.isNaN))) {
    for (let index = 0; index < Math.max(versions[0].length, versions[1].length); index += 1) {
      const difference = (versions[0][index] ?? 0) - (versions[1][index] ?? 0);
      if (difference !== 0) return difference;
    }
    return 0;
  }
  return left < right ? -1 : left > right ? 1 : 0;
}
