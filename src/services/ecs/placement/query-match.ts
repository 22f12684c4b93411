import type { Operator, Query } from './query.ts';

/** What an expression is asked about: the values of a subject of one instance (none: the instance lacks it). */
export type Subjects = (subject: string) => readonly string[];

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
