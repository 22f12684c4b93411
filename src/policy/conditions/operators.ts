import { arnOperators } from './arn.ts';
import { binaryOperators } from './binary.ts';
import { boolOperators } from './bool.ts';
import { dateOperators } from './date.ts';
import { ipAddressOperators } from './ip-address.ts';
import { nullOperators } from './null.ts';
import { numericOperators } from './numeric.ts';
import type { Operator } from './operator.ts';
import { stringOperators } from './string.ts';

const operators: ReadonlyMap<string, Operator> = new Map(
  [
    ...stringOperators,
    ...numericOperators,
    ...dateOperators,
    ...boolOperators,
    ...binaryOperators,
    ...ipAddressOperators,
    ...arnOperators,
    ...nullOperators,
  ].map((operator) => [operator.name.toLowerCase(), operator]),
);

/** Names of all operators without prefix and suffix, as AWS writes them. */
export const operatorNames: readonly string[] = [...operators.values()].map((operator) => operator.name);

/** How the values of a multivalued key are weighed. */
export type Quantifier = 'one' | 'all' | 'any';

export interface OperatorUse {
  readonly operator: Operator;
  readonly quantifier: Quantifier;
  readonly ifExists: boolean;
}

/**
 * Reads `ForAnyValue:StringLikeIfExists`; undefined for an unknown operator. Operator names are case-insensitive in
 * practice (unverified: the pages always write them in one way).
 */
export function readOperator(text: string): OperatorUse | undefined {
  const found = /^(?:(forallvalues|foranyvalue):)?([a-z]+?)(ifexists)?$/.exec(text.toLowerCase());
  if (found === null) return undefined;
  const operator = operators.get(found[2]!);
  if (operator === undefined) return undefined;
  const ifExists = found[3] !== undefined;
  // "You can add IfExists to the end of any condition operator name except the Null condition."
  if (operator.name === 'Null' && ifExists) return undefined;
  const quantifier = found[1] === undefined ? 'one' : found[1] === 'forallvalues' ? 'all' : 'any';
  return { operator, quantifier, ifExists };
}
