import type { ContextValue } from '../context.ts';
import { EMPTY_LIST_IS_NULL } from '../edges.ts';
import type { Operator } from './operator.ts';

/**
 * `Null` asks whether a key is absent ("true") or there ("false"); it never looks at values, so it has no test of its own.
 * Source: IAM User Guide, reference_policies_elements_condition_operators, "Condition operator to check existence of condition keys".
 */
export const nullOperators: readonly Operator[] = [
  {
    name: 'Null',
    negated: false,
    problem: (value) => (/^(?:true|false)$/i.test(value) ? undefined : `"${value}" is neither true nor false`),
    compile: (values) => {
      const written = new Set(values.map((value) => value.toLowerCase()));
      return (value) => written.has(value);
    },
  },
];

/** The answer that Null compares with: `"true"` for an absent key. */
export function nullness(value: ContextValue | undefined): 'true' | 'false' {
  return value === undefined || (EMPTY_LIST_IS_NULL && typeof value !== 'string' && value.length === 0)
    ? 'true'
    : 'false';
}
