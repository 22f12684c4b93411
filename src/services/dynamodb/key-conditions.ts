import { validation } from './errors.ts';
import { begins, type Condition, compared, type Operand } from './expressions/conditions.ts';
import type { KeyNames } from './keys.ts';
import { typeOf, type Value } from './values.ts';

/** What a KeyConditionExpression says: one hash key, and a test of the range key. */
export interface KeyCondition {
  readonly hash: Value;
  readonly matches: (range: Value | undefined) => boolean;
}

/** Reads the key from a condition. Texts observed. */
export function readKeyCondition(
  condition: Condition,
  names: KeyNames,
  typeOfKey: (name: string) => string | undefined,
): KeyCondition {
  let hash: Value | undefined;
  let range: ((value: Value | undefined) => boolean) | undefined;
  for (const part of parts(condition)) {
    const name = nameOf(part);
    for (const value of literals(part)) {
      const expected = typeOfKey(name);
      if (name === names.hash || name === names.range) {
        if (typeOf(value) !== expected) {
          throw validation(
            `One or more parameter values were invalid: Condition parameter type does not match schema type`,
          );
        }
      }
    }
    if (name === names.hash) {
      if (part.kind !== 'compare' || part.comparator !== '=') throw validation('Query key condition not supported');
      if (hash !== undefined) throw twice();
      [hash] = literals(part);
    } else if (name === names.range) {
      if (range !== undefined) throw twice();
      range = rangeTest(part);
    } else {
      // Observed: the element that is missing is named, not the one too many.
      const missing = hash === undefined && names.hash !== name ? names.hash : (names.range ?? names.hash);
      throw validation(`Query condition missed key schema element: ${missing}`);
    }
  }
  if (hash === undefined) throw validation(`Query condition missed key schema element: ${names.hash}`);
  return { hash, matches: range ?? (() => true) };
}

function twice(): Error {
  return validation('Invalid KeyConditionExpression: KeyConditionExpressions must only contain one condition per key');
}

function notAllowed(operator: string): Error {
  return validation(`Invalid operator used in KeyConditionExpression: ${operator}`);
}

function parts(condition: Condition): Condition[] {
  if (condition.kind === 'and') return [...parts(condition.left), ...parts(condition.right)];
  if (condition.kind === 'or') throw notAllowed('OR');
  if (condition.kind === 'not') throw notAllowed('NOT');
  if (condition.kind === 'in') throw notAllowed('IN');
  if (condition.kind === 'compare' && condition.comparator === '<>') throw notAllowed('<>');
  if (condition.kind === 'exists') throw notAllowed(condition.wanted ? 'attribute_exists' : 'attribute_not_exists');
  if (condition.kind === 'type') throw notAllowed('attribute_type');
  if (condition.kind === 'contains') throw notAllowed('contains');
  return [condition];
}

function operands(condition: Condition): Operand[] {
  if (condition.kind === 'compare') return [condition.left, condition.right];
  if (condition.kind === 'between') return [condition.operand, condition.low, condition.high];
  if (condition.kind === 'begins') return [{ kind: 'path', path: condition.path }, condition.operand];
  return [];
}

function nameOf(condition: Condition): string {
  const paths = operands(condition).filter((one) => one.kind !== 'value');
  const [first] = paths;
  if (paths.some(({ kind }) => kind === 'size')) throw notAllowed('size');
  if (first === undefined || paths.length > 1) throw validation('Query key condition not supported');
  if (first.path.length > 1) {
    throw validation(
      'Invalid KeyConditionExpression: KeyConditionExpressions cannot have conditions on nested attributes',
    );
  }
  return first.path[0];
}

function literals(condition: Condition): Value[] {
  return operands(condition).flatMap((one) => (one.kind === 'value' ? [one.value] : []));
}

const TURNED = { '=': '=', '<>': '<>', '<': '>', '<=': '>=', '>': '<', '>=': '<=' } as const;

function rangeTest(condition: Condition): (value: Value | undefined) => boolean {
  const [first, second] = literals(condition);
  if (condition.kind === 'compare') {
    const { comparator, left } = condition;
    return (value) => compared(left.kind === 'value' ? TURNED[comparator] : comparator, value, first);
  }
  if (condition.kind === 'between' && condition.operand.kind !== 'value') {
    return (value) => compared('>=', value, first) && compared('<=', value, second);
  }
  if (condition.kind === 'begins') return (value) => begins(value, first);
  throw validation('Query key condition not supported');
}
