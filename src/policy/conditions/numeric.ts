import type { Operator, ValueTest } from './operator.ts';

/** Source for the family: IAM User Guide, reference_policies_elements_condition_operators, "Numeric condition operators". */

/** A decimal number; undefined when the text is none. `10` and `10.0` are the same number. */
export function parseNumber(text: string): number | undefined {
  if (!/^[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?$/.test(text)) return undefined;
  return Number(text);
}

type Comparison = (asked: number, written: number) => boolean;

function compare(comparison: Comparison) {
  return (values: readonly string[]): ValueTest => {
    const numbers = values.map(parseNumber).filter((value) => value !== undefined);
    return (value) => {
      const asked = parseNumber(value);
      return asked === undefined ? undefined : numbers.some((written) => comparison(asked, written));
    };
  };
}

function problem(value: string): string | undefined {
  return parseNumber(value) === undefined ? `"${value}" is not a number` : undefined;
}

const equal: Comparison = (asked, written) => asked === written;

export const numericOperators: readonly Operator[] = [
  { name: 'NumericEquals', negated: false, problem, compile: compare(equal) },
  { name: 'NumericNotEquals', negated: true, problem, compile: compare(equal) },
  { name: 'NumericLessThan', negated: false, problem, compile: compare((asked, written) => asked < written) },
  { name: 'NumericLessThanEquals', negated: false, problem, compile: compare((asked, written) => asked <= written) },
  { name: 'NumericGreaterThan', negated: false, problem, compile: compare((asked, written) => asked > written) },
  { name: 'NumericGreaterThanEquals', negated: false, problem, compile: compare((asked, written) => asked >= written) },
];
